"""Asking for lessons at the page: two presses, all that stands in the way at once, nothing done by looking."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from tests.house import COORDINATOR, OBSERVER, REVIEWER, TEACHER, Home, a_home
from tests.web.browsing import send, words
from tests.web.desk import Desk, at_desk, everything, second_press
from tests.web.serving import Reply, Site, served
from zoomguard.domain.errors import BadInput, NotThere, OutcomeUnknown, Refused
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.domain.sessions import ScheduleAsk
from zoomguard.web.pages import commands, staff
from zoomguard.web.pages.notices import gathered, notice_of, on_page

SAFE = {"group": "MATHS-7B", "date": "2026-12-01", "time": "16:00", "minutes": "50", "observer": "pool"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with a_home(tmp_path_factory.mktemp("schedule")) as running:
        yield running


@pytest.fixture(scope="module")
def site(home: Home) -> Iterator[Site]:
    with served(home.app) as running:
        yield running


@pytest.fixture(scope="module")
def teacher(home: Home, site: Site) -> Desk:
    return at_desk(home, site, TEACHER)


def check(desk: Desk, **change: str) -> Reply:
    """The first press."""
    return desk.send("/schedule", **{**SAFE, "step": "check", **change})


def schedule(desk: Desk, checked: Reply, button: str = "Schedule") -> Reply:
    """The second press, with what the first one gave."""
    return desk.send("/schedule", step="schedule", **second_press(checked, button))


def test_a_known_class_needs_four_fields_and_two_presses(home: Home, teacher: Desk) -> None:
    before = everything(home)
    checked = check(teacher, date="2026-12-04")
    said = words(checked)
    assert checked.status == 200 and "It can be scheduled" in said and "13 checks passed" in said
    assert "For C-0110 that is 23:00 , Fri 4 Dec 2026 (Ho Chi Minh)." in said
    assert "who will be asked" in said and everything(home) == before
    assert "Once its meeting is made, at once or some days before the lesson, the families are invited" in said
    made = schedule(teacher, checked)
    assert made.status == 303 and made.headers["Location"].startswith("/s/S-")
    assert "Scheduled. The families are being invited." in teacher.read(made.headers["Location"])


def test_pressing_twice_makes_one_lesson(home: Home, teacher: Desk) -> None:
    checked = check(teacher, date="2026-12-07")
    first, second = schedule(teacher, checked), schedule(teacher, checked)
    assert first.headers["Location"] == second.headers["Location"]
    assert len([s for s in home.app.sessions.list(home.who(TEACHER)) if s.starts_at.day == 7]) == 1


class Lost:
    """A use case whose answer never comes."""

    def schedule(self, *_: object) -> None:
        raise OutcomeUnknown("Zoom did not answer.", "Look again.")


def test_an_ask_whose_answer_was_lost_is_sent_again_under_its_key(home: Home, teacher: Desk) -> None:
    checked = check(teacher, date="2026-12-08")
    asked = second_press(checked, "Schedule")
    with served(replace(home.app, sessions=Lost())) as cut_off:
        lost = schedule(Desk(cut_off, teacher.cookie, teacher.csrf), checked)
    assert lost.status == 502 and "We cannot say whether it was done" in words(lost)
    assert second_press(lost, "Schedule once more") == asked
    assert schedule(teacher, lost, "Schedule once more").headers["Location"].startswith("/s/S-")
    assert (
        schedule(teacher, checked).headers["Location"]
        == schedule(teacher, lost, "Schedule once more").headers["Location"]
    )


def test_all_that_stands_in_the_way_is_told_at_once_and_keeps_what_was_typed(home: Home, teacher: Desk) -> None:
    home.schedule(start="2026-12-02 16:00")
    before = everything(home)
    refused = check(teacher, children="C-0140", date="2026-12-02", time="16:10", observer=OBSERVER)
    body, said = refused.body.decode(), words(refused)
    assert refused.status == 422 and "3 things stand in the way." in said
    assert 'role="alert" tabindex="-1" autofocus' in body and "<title>Error: " in body
    for told in ("VC-OBSERVER", "OVERLAP", "CON-CHANNEL", "Who can help: the safeguarding lead.", "checks passed"):
        assert told in said
    assert "C-0140 cannot attend yet" in said and "withdrawn" not in said
    assert 'value="C-0140"' in body and 'value="16:10"' in body and ">Schedule</button>" not in body
    assert everything(home) == before


def test_a_refused_child_is_left_out_and_a_busy_observer_replaced_by_a_button(teacher: Desk, home: Home) -> None:
    home.schedule(start="2026-12-03 09:00", children=("C-0150",), course="ART-1")
    refused = check(teacher, children="C-0140", date="2026-12-03", time="09:50", observer=OBSERVER)
    assert "Leave C-0140 out and check again" in words(refused)
    assert "It can be scheduled" in words(
        check(teacher, children="C-0140", date="2026-12-03", time="09:50", also_without="C-0140")
    )
    busy = check(teacher, date="2026-12-03", time="09:30", observer=OBSERVER, group="", children="C-0101", course="A")
    (instead,) = set(re.findall(r'name="instead" value="(o.mbeki[^"]*)"', busy.body.decode()))
    again = check(teacher, date="2026-12-03", time="09:30", observer=OBSERVER, instead=instead)
    assert "Olu Mbeki" in words(again) and 'value="o.mbeki@northmoor.example" selected' in again.body.decode()


@pytest.mark.parametrize(
    ("change", "code", "do"),
    [
        ({"date": "2026-11-01"}, "START_IN_PAST", "Give a start that is still to come."),
        ({"minutes": "fifty"}, "BAD_NUMBER", "Give a number such as 50."),
        ({"group": ""}, "NO_CHILD", "Choose a class, or name the children."),
        ({"group": "NO-SUCH"}, "UNKNOWN_GROUP", "Check its name; the enrolment office imports classes."),
        ({"date": "2027-03-28", "time": "01:30"}, "DST_GAP", "Use 00:30 or 02:30."),
        ({"date": "2027-10-31", "time": "01:30"}, "DST_AMBIGUOUS", "Say which under “More”."),
        ({"without": "C-9999"}, "NOT_IN_ROSTER", "Take it out of “Leave out”."),
        ({"until": "soon"}, "BAD_DATE", "Write it as 2026-12-01."),
        ({"timezone": "Mars"}, "BAD_TIMEZONE", "Use a name such as"),
        ({"teacher": "h.lindqvist@northmoor.example"}, "NOT_ALLOWED", ""),
    ],
)
def test_what_cannot_be_asked_is_told_on_the_same_page(
    home: Home, teacher: Desk, change: dict[str, str], code: str, do: str
) -> None:
    before = everything(home)
    for step in ("check", "schedule"):
        told = check(teacher, **change, step=step, key="a-key-of-tests")
        assert 400 <= told.status < 500 and code in words(told) and unescape(words(told)).count(do)
        assert "Nothing was changed" in words(told) and everything(home) == before


def test_a_series_is_checked_date_by_date_and_then_watched(home: Home, teacher: Desk) -> None:
    checked = check(teacher, date="2027-01-05", until="2027-01-19", time="11:00")
    said = words(checked)
    assert "Every week: 3 dates" in said and said.count("Possible:") == 3 and "The meeting is made on" in said
    taken = schedule(teacher, checked, "Schedule 3 lessons")
    assert taken.status == 303 and taken.headers["Location"].startswith("/batches/")
    page = teacher.look(taken.headers["Location"])
    assert "0 of 3 lessons are decided" in words(page)
    assert b'<noscript><meta http-equiv="refresh" content="3"></noscript>' in page.body
    assert schedule(teacher, checked, "Schedule 3 lessons").headers["Location"] == taken.headers["Location"]
    still = teacher.look(f"{taken.headers['Location']}?still=1")
    assert b'http-equiv="refresh"' not in still.body and "Look again" in words(still)
    home.do_due("schedule_batch")
    ended = teacher.look(taken.headers["Location"])
    assert "3 of 3 lessons are decided : 3 scheduled or planned" in words(ended).replace("decided:", "decided :")
    assert b"refresh" not in ended.body.replace(b"data-refresh", b"")


def test_a_batch_of_somebody_else_is_not_there(home: Home, site: Site, teacher: Desk) -> None:
    taken = schedule(teacher, check(teacher, date="2027-02-01", until="2027-02-01"), "Schedule 1 lesson")
    other = at_desk(home, site, "h.lindqvist@northmoor.example")
    absent, foreign = other.look("/batches/01ABC"), other.look(taken.headers["Location"])
    assert (absent.status, foreign.status) == (404, 404) and words(absent) == words(foreign)
    assert at_desk(home, site, COORDINATOR).look(taken.headers["Location"]).status == 200


def test_same_again_is_filled_in_and_asks_for_the_same_people(home: Home, teacher: Desk) -> None:
    like = home.schedule(start="2026-12-10 14:00", minutes=45, observer=OBSERVER).session.short_id
    form = teacher.look(f"/schedule?like={like}&start=2026-12-17%2014:00")
    body = form.body.decode()
    assert f"The same pupils as {like}" in words(form) and 'value="2026-12-17"' in body and 'value="45"' in body
    checked = check(teacher, group="", like=like, observer="", date="2026-12-17", time="14:00", minutes="45")
    assert "Priya Nandakumar, who will be asked" in words(checked)
    assert f"--like {like}" in words(checked)


def test_the_length_and_hour_of_a_class_are_those_of_its_last_lesson(home: Home, teacher: Desk) -> None:
    home.schedule(start="2027-03-01 13:15", minutes=35)
    assert b'data-minutes="35" data-time="13:15"' in teacher.look("/schedule").body


def test_the_office_chooses_the_teacher_and_a_teacher_does_not(home: Home, site: Site, teacher: Desk) -> None:
    office = at_desk(home, site, COORDINATOR)
    assert b'name="teacher"' in office.look("/schedule").body
    assert b'name="teacher"' not in teacher.look("/schedule").body
    assert "Teacher Tomasz Wren" in words(check(office, teacher=TEACHER, date="2026-12-14"))
    nobody = words(check(office, date="2026-12-14"))
    assert "Who teaches is not said." in nobody and "Choose who teaches." in nobody and "NO_TEACHER" in nobody


def test_who_may_not_schedule_is_told_so_and_is_not_led_there(home: Home, site: Site) -> None:
    for email in (OBSERVER, REVIEWER):
        desk = at_desk(home, site, email)
        assert desk.look("/schedule").status == 403 and check(desk).status == 403
        assert b'href="/schedule"' not in desk.look("/").body


def test_a_forged_form_does_nothing(home: Home, site: Site, teacher: Desk) -> None:
    before = everything(home)
    hidden = second_press(check(teacher, date="2026-12-15"), "Schedule")
    forged = send(site, "/schedule", {**hidden, "step": "schedule", "csrf": "0" * 64}, teacher.cookie)
    elsewhere = send(
        site,
        "/schedule",
        {**hidden, "step": "schedule", "csrf": teacher.csrf},
        teacher.cookie,
        Sec_Fetch_Site="cross-site",
    )
    assert (forged.status, elsewhere.status) == (403, 403) and everything(home) == before
    assert schedule(teacher, check(teacher, date="2026-12-15")).status == 303  # The very same, from our page.


def test_nonsense_in_fields_is_an_answer_and_never_a_defect(home: Home, teacher: Desk) -> None:
    before = everything(home)
    for field in (*SAFE, "until", "children", "without", "course", "teacher", "timezone", "fold", "like"):
        for value in ("\x00", "x" * 5000, "<script>alert(1)</script>", "é" * 50, "-1", " "):
            told = check(teacher, **{field: value})
            assert told.status < 500, (field, value)
            assert b"<script>alert" not in told.body
    assert everything(home) == before


@pytest.mark.parametrize("name", ["", "S-1\x00", "a/b", "a.b", "x" * 65, "é"])
def test_what_cannot_be_an_id_is_not_there(name: str) -> None:
    with pytest.raises(NotThere):
        staff.named(name)


def test_the_command_of_the_page_is_the_one_that_does_the_same() -> None:
    ask = ScheduleAsk(
        "", "pool", ("C-0101",), "MATHS-7B", "2026-12-01 16:00", 50, group="G 7", without=("C-0102",), like="S-1"
    )
    text = commands.schedule(ask, "2027-03-26")
    assert text.replace("\\\n    ", "") == (
        "zoomguard schedule --weekly --observer pool --group 'G 7' --child C-0101 --except C-0102 --like S-1 "
        "--course MATHS-7B --start '2026-12-01 16:00' --minutes 50 --until 2027-03-26"
    )
    assert all(len(line) <= 80 for line in text.splitlines())


def test_findings_that_ask_for_the_same_are_one() -> None:
    def busy(who: str) -> Finding:
        return Finding("OVERLAP", Outcome.FAIL, who, "Already in S-1 at that time.", remedy="Choose another time.")

    consent = Finding("CON-CHANNEL", Outcome.FAIL, "C-1", "C-1 cannot attend yet.", remedy="Leave out C-1")
    (first, second) = gathered((busy("C-1"), consent, busy("C-2")))
    assert first.lines == ("C-1, C-2: Already in S-1 at that time.",) and second.lines == ("C-1 cannot attend yet.",)


def test_errors_say_what_is_certain() -> None:
    assert notice_of(BadInput("a", "b"), "t").not_done == "Nothing was changed, and nobody was told."
    lost = notice_of(OutcomeUnknown("a", "b"), "t")
    assert "cannot say whether" in lost.not_done and lost.again
    refused = notice_of(Refused((Finding("X", Outcome.FAIL),)), "t")
    assert refused.happened == "One thing stands in the way." and not refused.again


@pytest.mark.parametrize(
    ("remedy", "told"),
    [
        ('Write it as "2026-12-01 16:00", "1 Dec 16:00" or "tue 16:00".', "Fill in the date and the start."),
        ("Add --minutes, such as --minutes 50.", "Fill in the minutes, such as 50."),
        ("Add --teacher EMAIL.", "Choose who teaches."),
    ],
)
def test_what_is_missing_is_told_by_the_fields_of_the_page(remedy: str, told: str) -> None:
    assert on_page(remedy) == told


def test_no_remedy_on_a_page_names_an_option_of_the_command_line(request: pytest.FixtureRequest) -> None:
    """What a page can meet: the words of scheduling, changing, answering."""
    root = Path(str(request.config.rootpath)) / "zoomguard"
    topics = (
        "ask_completion",
        "casting",
        "observers",
        "observer_replacing",
        "refusals",
        "roster_changes",
        "session_ask",
    )
    files = [root / f"application/{name}.py" for name in topics] + [root / "domain/times.py", root / "domain/series.py"]
    said = [text for file in files for text in re.findall(r'"((?:[^"\\]|\\.)*)"', file.read_text())]
    with_options = [text for text in said if re.search(r" --[a-z]|zoomguard sessions", text)]
    assert len(with_options) >= 8
    filled = [re.sub(r"\{[^}]*\}", "X", text) for text in with_options]
    assert [text for text in filled if re.search(r"--[a-z]|zoomguard sessions", on_page(text))] == []
