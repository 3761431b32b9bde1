"""Refusals: one thing wrong gives one finding, nothing is written at Zoom, and it is on record."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tests.application.lessons import (
    all_at_once,
    audited,
    change_file,
    import_rows,
    mail,
    meetings,
    object_to,
    sessions,
    until_quiet,
    writes,
)
from tests.house import COORDINATOR, DSL, OBSERVER, SAFE_ASK, TEACHER, Home, a_home
from zoomguard.domain.errors import BadInput, NotAllowed, OutsideFailed, Refused, UnknownReference
from zoomguard.domain.findings import Finding
from zoomguard.domain.sessions import ScheduleAnswer
from zoomguard.sandbox.zoom_state import User
from zoomguard.tables.sessions import HostBudget

SPARE = "o.mbeki@northmoor.example"
UNLICENSED = "s.rao@northmoor.example"
CROWD = 20
WHY = ("withdrawn", "withdrew", "refus", "missing", "guardian", "expired", "parent", "disputed")


def ends(name: str, subject: str, column: str, last_day: str) -> Callable[[Home], None]:
    """Imports one line of a file again, with something that ends before the session."""

    def change(row: dict[str, str]) -> bool:
        row[column] = last_day
        return subject in (row.get("reference"), row.get("child"))

    return lambda home: change_file(home, name, change)


def no_licence(email: str) -> Callable[[Home], None]:
    return lambda home: setattr(home.sandbox._zoom.state.user(email), "licensed", False)


def book_observer(home: Home) -> None:
    home.schedule("h.lindqvist@northmoor.example", children=("C-0120",), start="2026-12-01 16:20", minutes=30)


def consent_ends(home: Home) -> None:
    """Permission for one child ends on the day before the session, by every answer on file."""
    object_to(home, "C-0150", "withdrawn")
    home.clock.advance(1)

    def again(row: dict[str, str]) -> bool:
        row.update(valid_until_on="2026-11-30", evidence_ref="FORM-2", effective_on=row["verified_on"])
        return (row["child"], row["scope"]) == ("C-0150", "video_live")

    change_file(home, "consents", again)


def nothing(home: Home) -> None:
    """The ask alone is what is wrong."""


REFUSALS: dict[str, tuple[str, str, Callable[[Home], None], dict[str, Any]]] = {
    "no permission is on file": ("CON-CHANNEL", "C-0140", nothing, {"children": (*SAFE_ASK.children, "C-0140")}),
    "permission was withdrawn": ("CON-CHANNEL", "C-0120", lambda h: object_to(h, "C-0120", "withdrawn"), {}),
    "the other guardian refused": ("CON-CHANNEL", "C-0101", lambda h: object_to(h, "C-0101", "refused", "G-02"), {}),
    "permission ends the day before": ("CON-CHANNEL", "C-0150", consent_ends, {}),
    "recording is not allowed": (
        "CON-RECORD", "C-0110", lambda h: object_to(h, "C-0110", "withdrawn", scope="video_record"), {},
    ),
    "the observer's training ends the day before": (
        "TRAIN-ONLINE", OBSERVER, ends("staff", "O1", "training_until", "2026-11-30"), {},
    ),
    "the teacher's suitability check ends the day before": (
        "STAFF-SUITABLE", TEACHER, ends("staff", "T1", "dbs_until", "2026-11-30"), {},
    ),
    "the observer is the teacher by a second address": (
        "VC-OBSERVER", TEACHER, nothing, {"observer": "t.wren+obs@northmoor.example"},
    ),
    "the observer is in another session": ("VC-OBSERVER", OBSERVER, book_observer, {"children": ("C-0101",)}),
    "the observer has no licence at Zoom": ("VC-OBSERVER", UNLICENSED, nothing, {"observer": UNLICENSED}),
    "the observer gives a private address": (
        "ACC-NO-PERSONAL", "observer", nothing, {"observer": "p.nandakumar@gmail.com"},
    ),
    "the observer's domain only begins like ours": (
        "ACC-NO-PERSONAL", "observer", nothing, {"observer": "p.nandakumar@northmoor.example.org"},
    ),
    "the teacher has no licence at Zoom": ("ZOOM-LICENCE", TEACHER, no_licence(TEACHER), {}),
    "nobody on the roster is a child": ("SESSION_HAS_NO_CHILD", "", nothing, {"children": ("C-0130",)}),
    "the course says a child's name": ("ID-NOPUBLISH", "topic", nothing, {"course": "MATHS-Okafor"}),
}  # fmt: skip


def refusal(home: Home, email: str = TEACHER, **change: Any) -> Finding:
    """The one finding of a refused ask, of which nothing reached Zoom and which is on record."""
    before, on_record = writes(home), audited(home, "session.refused")
    with pytest.raises(Refused) as refused:
        home.schedule(email, **change)
    assert (refused.value.zoom_writes, refused.value.session) == (0, None)
    assert writes(home) == before
    assert audited(home, "session.refused") == on_record + 1
    (finding,) = refused.value.findings
    assert finding.remedy and finding.reason
    return finding


@pytest.mark.parametrize("why", [why for why, row in REFUSALS.items() if row[2] is not nothing])
def test_one_thing_wrong_on_record_is_refused_with_one_finding(home: Home, why: str) -> None:
    check_refusal(home, why)


@pytest.mark.parametrize("why", [why for why, row in REFUSALS.items() if row[2] is nothing])
def test_one_thing_wrong_in_the_ask_is_refused_with_one_finding(untouched: Home, why: str) -> None:
    check_refusal(untouched, why)


def check_refusal(home: Home, why: str) -> None:
    rule, subject, prepare, change = REFUSALS[why]
    prepare(home)
    finding = refusal(home, **change)
    assert (finding.rule, finding.subject) == (rule, subject)
    if rule.startswith("CON-"):
        check_that_the_reason_is_for_the_office(home, finding, change)


def check_that_the_reason_is_for_the_office(home: Home, told: Finding, change: dict[str, Any]) -> None:
    office = refusal(home, COORDINATOR, teacher=TEACHER, **change)
    said = " ".join(str(value) for value in told.as_json().values()).lower()
    assert not [word for word in WHY if word in said]
    assert told.reason == f"{told.subject} cannot attend yet. The enrolment office knows."
    assert any(word in office.reason for word in WHY)
    assert office.who == "you: import the permission, once it is given"
    assert office.remedy == told.remedy == f"Go on without: add --except {told.subject}"
    dsl = refusal(home, DSL, teacher=TEACHER, **change)
    assert (dsl.reason, dsl.who, told.who) == (office.reason, "the enrolment office", "the enrolment office")


MALFORMED = {
    "START_IN_PAST": {"start": "2026-11-23 08:59"},
    "DST_GAP": {"start": "2027-03-28 01:30"},
    "DST_AMBIGUOUS": {"start": "2027-10-31 01:30"},
    "BAD_EMAIL": {"observer": "p.nandakumar@n\u043erthmoor.example"},
    "UNKNOWN_REF": {"children": ("C-0101", "C-9999")},
    "REPEATED_REF": {"children": ("C-0101", "C-0101")},
    "NO_CHILD": {"children": ()},
    "BAD_TIMEZONE": {"zone": "../etc/passwd"},
    "BAD_LENGTH": {"minutes": 181},
    "BAD_COURSE": {"course": "maths\x1b[2J"},
}


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """An installation in which nothing may be scheduled."""
    with a_home(tmp_path_factory.mktemp("refusals")) as opened:
        yield opened
        assert (sessions(opened), writes(opened), meetings(opened)) == ([], [], [])


@pytest.mark.parametrize("code", MALFORMED)
def test_a_malformed_ask_is_told_by_its_code(untouched: Home, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        untouched.schedule(**MALFORMED[code])
    assert refused.value.code == code
    assert refused.value.remedy
    assert "\x1b" not in refused.value.message


def test_who_is_not_on_record_cannot_be_named(untouched: Home) -> None:
    with pytest.raises(UnknownReference):
        untouched.schedule(observer="nobody@northmoor.example")
    with pytest.raises(UnknownReference):
        untouched.schedule(COORDINATOR, teacher="eva.kral@families.example")


def test_a_teacher_schedules_for_nobody_else_and_a_reviewer_not_at_all(untouched: Home) -> None:
    with pytest.raises(NotAllowed):
        untouched.schedule(teacher="h.lindqvist@northmoor.example")
    with pytest.raises(NotAllowed):
        untouched.schedule("c.baptiste@northmoor.example")


def test_two_teachers_learn_the_same_of_a_child_whatever_the_reason(home: Home) -> None:
    object_to(home, "C-0120", "withdrawn")
    asked = [refusal(home, children=("C-0101", child)) for child in ("C-0120", "C-0140")]
    told = {str(replace(f, subject="").as_json()).replace(f.subject, "X") for f in asked}
    assert len(told) == 1


def test_several_things_wrong_are_all_named(home: Home) -> None:
    object_to(home, "C-0120", "withdrawn")
    with pytest.raises(Refused) as refused:
        home.schedule(observer=UNLICENSED, children=("C-0120", "C-0140", "C-0101"))
    found = {(f.rule, f.subject) for f in refused.value.findings}
    assert found == {("VC-OBSERVER", UNLICENSED), ("CON-CHANNEL", "C-0120"), ("CON-CHANNEL", "C-0140")}


def a_crowd(home: Home) -> list[str]:
    """Twenty more teachers, each with a licence at Zoom and a child of their own class."""
    today, in_a_year = "2026-11-01", "2027-11-01"
    emails = [f"t{n:02}.extra@northmoor.example" for n in range(CROWD)]
    staff = [
        {
            "reference": f"X{n:02}", "email": email, "known_as": "Extra", "family_name": "Teacher",
            "roles": "teacher", "training_until": in_a_year, "dbs_until": in_a_year,
            "policy_ack_on": today, "relatives": "",
        }
        for n, email in enumerate(emails)
    ]  # fmt: skip
    import_rows(home, "staff", staff)
    state = home.sandbox._zoom.state
    for n, email in enumerate(emails):
        user = User(f"extra{n}", email, "Extra", "Teacher", True, 6_000_000_000 + n, state.clock.now())
        state.users[user.id] = user
    children = [{"reference": f"C-1{n:03}", "known_as": "Kim", "family_name": f"Pupil{n}", "born_on": "2014-10-01",
                 "country": "GB", "timezone": "Europe/London", "email": ""} for n in range(CROWD)]  # fmt: skip
    import_rows(home, "children", children)
    import_rows(home, "guardians", [
        {"reference": f"G-1{n:03}", "email": f"g{n}@families.example", "known_as": "Gail", "family_name": f"Pupil{n}",
         "language": "en", "child": f"C-1{n:03}", "relation": "mother", "parental_responsibility": "yes",
         "may_contact": "yes"} for n in range(CROWD)
    ])  # fmt: skip
    import_rows(home, "consents", [
        {"child": f"C-1{n:03}", "guardian": f"G-1{n:03}", "scope": scope, "answer": "given",
         "effective_on": "2026-11-16", "valid_until_on": "2027-11-16", "method": "paper_signed",
         "form_version": "2026-1", "evidence_ref": f"FORM-X{n}", "verified_by": "c.pugh@northmoor.example",
         "verified_on": "2026-11-20"} for n in range(CROWD) for scope in ("video_live", "video_record")
    ])  # fmt: skip
    return emails


def test_twenty_teachers_at_once_get_one_observer_once(either_home: Home) -> None:
    home = either_home
    asks = {
        home.who(email): replace(
            SAFE_ASK, children=(f"C-1{n:03}",), course=f"ART-{n}", start=f"2026-12-01 16:{n:02}", minutes=40
        )
        for n, email in enumerate(a_crowd(home))
    }
    answers = all_at_once([partial(home.app.sessions.schedule, who, ask) for who, ask in asks.items()])
    refused = [a for a in answers if isinstance(a, Refused)]
    assert [a.outcome for a in answers if isinstance(a, ScheduleAnswer)] == ["scheduled"], answers
    assert len(refused) == CROWD - 1, answers
    assert {(len(r.findings), r.findings[0].rule, r.findings[0].subject) for r in refused} == {
        (1, "VC-OBSERVER", OBSERVER)
    }
    assert len(meetings(home)) == len(sessions(home)) == 1
    assert writes(home) == ["POST meetings", "POST batch_registrants"]
    assert home.app.audit.verify().broken is None


def test_two_classes_at_once_do_not_get_one_child_twice(either_home: Home) -> None:
    home = either_home
    asks = {
        home.who(TEACHER): SAFE_ASK,
        home.who("h.lindqvist@northmoor.example"): replace(SAFE_ASK, observer=SPARE, children=("C-0150", "C-0101")),
    }
    answers = all_at_once([partial(home.app.sessions.schedule, who, ask) for who, ask in asks.items()])
    (refused,) = [a for a in answers if isinstance(a, Refused)]
    assert [(f.rule, f.subject) for f in refused.findings] in (
        [("OVERLAP", "C-0150"), ("OVERLAP", "C-0101")], [("OVERLAP", "C-0101"), ("OVERLAP", "C-0150")],
    )  # fmt: skip
    assert len(meetings(home)) == 1


def use_up(home: Home, used: int) -> None:
    """So many of the teacher's creates and updates of today are used."""
    now = home.clock.now()
    with home.house.database.deciding() as tx:
        tx.insert_new(HostBudget(host=home.sandbox._zoom.state.user(TEACHER).id, utc_day=now.date(), used=used))
        tx.commit()


def test_after_ninety_meetings_of_a_day_the_next_must_wait_for_midnight(home: Home) -> None:
    use_up(home, 89)
    assert home.schedule().outcome == "scheduled"
    tomorrow = {"start": "2026-12-02 16:00"}
    waiting = home.schedule(**tomorrow)
    assert waiting.outcome == "planned"
    until_quiet(home)
    assert len(meetings(home)) == 1
    home.clock.move_to(home.clock.now().replace(hour=0, minute=0) + timedelta(days=1))
    until_quiet(home)
    assert len(meetings(home)) == 2
    assert {s.state.value for s in sessions(home)} == {"scheduled"}


def test_a_lesson_before_midnight_that_has_no_meeting_left_is_refused(home: Home) -> None:
    use_up(home, 90)
    finding = refusal(home, start="2026-11-23 17:00")
    assert finding.rule == "ZOOM-BUDGET"
    assert "00:00 UTC" in finding.remedy


def test_two_asks_at_once_for_the_last_meeting_of_a_day_send_one(home: Home) -> None:
    use_up(home, 89)
    who = home.who(TEACHER)
    asks = [replace(SAFE_ASK, start=f"2026-12-0{n} 16:00") for n in (1, 2, 3)]
    answers = all_at_once([partial(home.app.sessions.schedule, who, ask) for ask in asks])
    assert writes(home).count("POST meetings") == 1
    assert all(isinstance(a, ScheduleAnswer | Refused | OutsideFailed) for a in answers)
    until_quiet(home, timedelta(hours=16))
    assert {s.state.value for s in sessions(home)} == {"scheduled"}
    assert len(meetings(home)) == len(sessions(home))
    assert len(mail(home)) == 5 * len(sessions(home))


def test_the_observer_who_was_refused_is_free_for_another_time(home: Home) -> None:
    book_observer(home)
    assert refusal(home, children=("C-0101",)).rule == "VC-OBSERVER"
    assert home.schedule(start="2026-12-01 16:50").outcome == "scheduled"
    assert home.schedule("h.lindqvist@northmoor.example", start="2026-12-01 15:30", observer=OBSERVER)
