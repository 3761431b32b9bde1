"""`schedule` asks for what is really missing and for nothing else, and says when a meeting is made."""

from __future__ import annotations

import pytest

from tests.adapters.scripted_server import answer, scripted
from tests.cli.caller import Terminal
from tests.cli.documents import a_session, finding, scheduled

CLASS = ("schedule", "--group", "MATHS-7B", "--start", "2026-12-01 16:00", "--minutes", "50")


def test_a_known_class_needs_a_start_and_a_length_and_no_question(terminal: Terminal) -> None:
    with scripted(lambda asked: answer(scheduled(), 201)) as service:
        said = terminal.types().points_to(service.url).run(*CLASS)
    assert said.code == 0 and service.asked[0].document == {
        "group": "MATHS-7B", "children": [], "course": "", "start": "2026-12-01 16:00", "minutes": 50,
        "timezone": "Europe/London", "dry_run": False,
    }  # fmt: skip
    assert said.err == ""


def test_everything_that_can_be_said_is_sent(terminal: Terminal) -> None:
    more = ("--except", "C-0412", "--except", "C-0413", "--like", "S-7K2M", "--observer", "pool",
            "--reserve", "a@x.example", "--reserve", "b@x.example")  # fmt: skip
    with scripted(lambda asked: answer(scheduled(), 201)) as service:
        terminal.points_to(service.url).run(*CLASS, *more)
    document = service.asked[0].document
    assert (document["without"], document["like"]) == (["C-0412", "C-0413"], "S-7K2M")
    assert (document["observer"], document["reserves"]) == ("pool", ["a@x.example", "b@x.example"])


def test_as_another_session_only_the_start_is_asked_for(terminal: Terminal) -> None:
    with scripted(lambda asked: answer(scheduled(), 201)) as service:
        said = terminal.types("2026-12-08 16:00").points_to(service.url).run("schedule", "--like", "S-7K2M")
    assert said.code == 0 and said.err.count(":") == 1 + said.err.count("16:00")
    document = service.asked[0].document
    assert (document["start"], document["course"], "minutes" in document) == ("2026-12-08 16:00", "", False)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        (("MATHS-7B", "1", "Dec", "16:00"), {"group": "MATHS-7B", "start": "1 Dec 16:00"}),
        (("maths-7b", "tue 16:00"), {"group": "maths-7b", "start": "tue 16:00"}),
        (("s-7k2m", "tue", "16:00"), {"like": "s-7k2m", "start": "tue 16:00"}),
        (("MATHS-7B", "--start", "2026-12-01 16:00"), {"group": "MATHS-7B", "start": "2026-12-01 16:00"}),
        (("tue", "16:00", "--group", "G"), {"group": "G", "start": "tue 16:00"}),
        (("tue", "16:00", "--like", "S-7K2M"), {"like": "S-7K2M", "start": "tue 16:00"}),
    ],
)
def test_class_and_start_need_no_option(typed: tuple[str, ...], sent: dict[str, str], terminal: Terminal) -> None:
    with scripted(lambda asked: answer(scheduled(), 201)) as service:
        said = terminal.points_to(service.url).run("schedule", *typed)
    rest = {"children": [], "course": "", "timezone": "Europe/London", "dry_run": False}
    assert (said.code, said.err, service.asked[0].document) == (0, "", rest | sent)


def test_a_class_that_is_typed_is_asked_for_no_children_and_no_course(terminal: Terminal) -> None:
    with scripted(lambda asked: answer(scheduled(), 201)) as service:
        said = terminal.types("MATHS-7B", "2026-12-01 16:00", "50").points_to(service.url).run("schedule")
    document = service.asked[0].document
    assert (document["group"], document["children"], document["minutes"]) == ("MATHS-7B", [], 50)
    assert "Children" not in said.err and "Course" not in said.err and "Observer" not in said.err


def test_without_a_class_children_and_course_are_asked_for(terminal: Terminal) -> None:
    typed = ("", "C-0101 C-0102", "MATHS-7B", "2026-12-01 16:00", "50")
    with scripted(lambda asked: answer(scheduled(), 201)) as service:
        terminal.types(*typed).points_to(service.url).run("schedule")
    document = service.asked[0].document
    assert (document["children"], document["course"]) == (["C-0101", "C-0102"], "MATHS-7B")
    assert "group" not in document


@pytest.mark.parametrize(
    ("typed", "missing"),
    [
        ((), "Missing --group or --child, --start, --minutes."),
        (("--child", "C-0101"), "Missing --course, --start, --minutes."),
        (("--like", "S-7K2M"), "Missing --start."),
        (("--group", "G", "--start", "x", "--minutes", "1", "--weekly"), "Missing --until."),
        (("--group", "G", "--start", "x", "--until", "2027-03-26"), "--until is the last day of a series"),
        (("--csv", "a.csv", "--group", "G", "--minutes", "5"), "--csv says it all: leave out --group, --minutes."),
        (("--batch", "01KB", "--dry-run"), "--batch says it all: leave out --dry-run."),
        (("MATHS-7B",), "Missing --start."),
        (("G", "tue", "16:00", "--start", "x"), 'The start is said twice: leave out --start, or "tue 16:00".'),
        (("G", "tue", "16:00", "--csv", "a.csv"), "--csv says it all: leave out class and start."),
    ],
)
def test_where_nobody_can_answer_a_usage_error_says_what_is_wrong(
    typed: tuple[str, ...], missing: str, terminal: Terminal
) -> None:
    with scripted(lambda asked: answer(scheduled())) as service:
        said = terminal.points_to(service.url).run("schedule", *typed)
        assert terminal.types("x", "x", "x", "x", "x").run("schedule", *typed, "--json").code == 2
    assert (said.code, service.asked) == (2, [])
    assert missing in " ".join(said.err.split())


def test_a_planned_session_says_first_when_its_meeting_is_made(terminal: Terminal) -> None:
    session = a_session(state="planned", meeting_number=None, waits_until="2026-11-24T00:00:00Z")
    document = scheduled(outcome="planned", session=session, waits_until="2026-11-24", zoom_writes=0, invitations=0)
    with scripted(lambda asked: answer(document, 201)) as service:
        lines = terminal.points_to(service.url).run(*CLASS).out.splitlines()
    assert lines[0] == "Planned S-7K2M: the meeting is made on Tue 24 Nov 2026."
    assert lines[1] == "S-7K2M  MATHS-7B  Tue 1 Dec 2026 16:00-16:50 Europe/London"
    assert any(line.endswith("go out when the meeting is made") for line in lines)
    assert lines[-1] == "Next: zoomguard sessions show S-7K2M"


@pytest.mark.parametrize("session", [None, a_session()])
def test_a_dry_run_says_when_the_meeting_would_be_made(session: dict[str, object] | None, terminal: Terminal) -> None:
    document = scheduled(outcome="possible", session=session, waits_until="2026-11-24", zoom_writes=0)
    with scripted(lambda asked: answer(document)) as service:
        said = terminal.points_to(service.url).run(*CLASS, "--dry-run")
    words = " ".join(said.out.split())
    assert words.startswith("Possible: all rules allow it. The meeting would be made on Tue 24 Nov 2026. Nothing was")


def test_warnings_are_shown_and_stop_nothing(terminal: Terminal) -> None:
    late = finding("TZ-NIGHT", reason="For C-0102 it is 23:00 in Asia/Ho_Chi_Minh.", subject="C-0102")
    with scripted(lambda asked: answer(scheduled(warnings=[late]), 201)) as service:
        said = terminal.points_to(service.url).run(*CLASS)
    assert said.code == 0
    assert "To note:\n  TZ-NIGHT  For C-0102 it is 23:00 in Asia/Ho_Chi_Minh." in said.out


@pytest.mark.parametrize(
    ("reply", "words"),
    [("asked", "asked; answer wanted"), ("yes", "said yes"), ("no", "said no"), ("none", "not asked")],
)
def test_the_observer_is_shown_with_what_they_answered(reply: str, words: str, terminal: Terminal) -> None:
    document = scheduled(session=a_session(observer_answer=reply))
    with scripted(lambda asked: answer(document, 201)) as service:
        said = terminal.points_to(service.url).run(*CLASS)
    assert f"Priya Nandakumar (p.nandakumar@northmoor.example); {words}" in " ".join(said.out.split())
