"""The office's chase list: whose permission lessons to come still want, whom to ask, and until when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.application.lessons import change_file, object_to, only_session, until_quiet
from tests.bench.classes import statements
from tests.house import COORDINATOR, DSL, TEACHER, Home
from zoomguard.application.session_changes import NewTime
from zoomguard.domain.audit import Event
from zoomguard.domain.chase import Wanted
from zoomguard.domain.errors import NotAllowed, Refused
from zoomguard.domain.people import Kind
from zoomguard.domain.sessions import SessionState
from zoomguard.tables import people as people_table

OSKAR, IVY, NOOR, ADA, MINH = "C-0140", "C-0150", "C-0130", "C-0120", "C-0110"
NEXT_WEEK = "2026-12-08 16:00"
OTHER_TEACHER = "h.lindqvist@northmoor.example"
NO_ANSWER = "lessons by video: no answer yet; recording: no answer yet"


def chase(home: Home, email: str = COORDINATOR) -> tuple[Wanted, ...]:
    found: tuple[Wanted, ...] = home.app.chase.show(home.who(email))
    return found


def refused(home: Home, *more: str, email: str = TEACHER, **change: Any) -> None:
    """A lesson of Lena's and of these, which is refused."""
    with pytest.raises(Refused):
        home.schedule(email, children=("C-0101", *more), **change)


def allow(home: Home, **more: str) -> None:
    """Oskar's father's yes is taken in, in the form of another one's."""

    def change(row: dict[str, str]) -> bool:
        chosen = row["child"] == MINH
        row.update(child=OSKAR, guardian="G-40", evidence_ref="F-9", **more)
        return chosen

    change_file(home, "consents", change)


def test_who_is_refused_for_want_of_a_permission_is_on_the_list_with_whom_to_ask(home: Home) -> None:
    assert chase(home) == ()
    refused(home, OSKAR)
    (one,) = chase(home)
    assert (one.child, one.words, one.ask) == (OSKAR, NO_ANSWER, ("G-40",))
    assert home.clock.now() - one.since < timedelta(minutes=1)
    said = one.as_json()
    assert said["missing"] == {"video_live": "missing", "video_record": "missing"}
    assert said["lessons"] == [
        {"course": "MATHS-7B", "teacher": TEACHER, "starts_at": "2026-12-01T16:00:00Z", "zone": "Europe/London"}
    ]
    assert chase(home, DSL) == (one,)


@pytest.mark.parametrize("email", [TEACHER, "p.nandakumar@northmoor.example", "c.baptiste@northmoor.example"])
def test_the_list_is_for_the_office_and_the_leads(home: Home, email: str) -> None:
    refused(home, OSKAR)
    with pytest.raises(NotAllowed):
        chase(home, email)


def test_a_rehearsal_leaves_nothing_on_the_list(home: Home) -> None:
    refused(home, OSKAR, dry_run=True)
    assert chase(home) == ()


def test_the_same_ask_again_is_one_lesson_and_other_lessons_stand_under_the_same_learner(home: Home) -> None:
    refused(home, OSKAR, start=NEXT_WEEK)
    refused(home, OSKAR)
    refused(home, OSKAR)
    refused(home, OSKAR, email=OTHER_TEACHER)
    (one,) = chase(home)
    assert [(lesson.starts_at.day, lesson.teacher) for lesson in one.lessons] == [
        (1, TEACHER),
        (1, OTHER_TEACHER),
        (8, TEACHER),
    ]


def test_the_soonest_lesson_comes_first(home: Home) -> None:
    object_to(home, IVY, "refused")
    refused(home, IVY, start=NEXT_WEEK)
    refused(home, OSKAR)
    assert [one.child for one in chase(home)] == [OSKAR, IVY]


def test_other_reasons_put_nobody_on_the_list(home: Home) -> None:
    refused(home, observer=TEACHER)
    assert chase(home) == ()


def test_a_line_goes_when_the_permission_is_there(home: Home) -> None:
    refused(home, OSKAR)
    allow(home)
    assert chase(home) == ()


def test_a_yes_that_the_lessons_own_teacher_verified_is_still_wanted(home: Home) -> None:
    refused(home, OSKAR, email=OTHER_TEACHER)
    allow(home, verified_by=OTHER_TEACHER)
    (one,) = chase(home)
    assert {state.value for _, state in one.missing} == {"pending"}


def test_a_line_goes_when_the_lesson_has_begun(home: Home) -> None:
    refused(home, OSKAR)
    home.clock.move_to(chase(home)[0].lessons[0].starts_at)
    assert chase(home) == ()


def test_from_eighteen_on_the_learner_alone_is_asked(home: Home) -> None:
    refused(home, NOOR)
    (one,) = chase(home)
    assert (one.child, one.ask) == (NOOR, (NOOR,))


def test_whoever_is_not_to_be_contacted_is_not_named_to_be_asked(home: Home) -> None:
    object_to(home, ADA, "withdrawn")
    refused(home, ADA)
    (one,) = chase(home)
    assert one.ask == ("G-20",) and "withdrawn" in one.words
    home.app.contacts.change(home.who(DSL), "G-20", ADA, "ORDER-12", may_contact=False)
    assert chase(home)[0].ask == ()


def test_a_learner_who_leaves_a_lesson_since_the_permission_was_withdrawn_is_on_the_list(home: Home) -> None:
    home.schedule(children=("C-0101", IVY))
    until_quiet(home)
    object_to(home, IVY, "withdrawn")
    home.clock.move_to(only_session(home).starts_at - timedelta(hours=24))
    home.do_due("recheck")
    (one,) = chase(home)
    assert (one.child, one.missing[0][1].value) == (IVY, "withdrawn")
    assert one.lessons[0].course == "MATHS-7B"


def test_a_lesson_that_is_called_off_wants_no_permission_any_more(home: Home) -> None:
    home.schedule(children=("C-0101", IVY))
    until_quiet(home)
    object_to(home, IVY, "withdrawn")
    home.clock.move_to(only_session(home).starts_at - timedelta(hours=24))
    home.do_due("recheck")
    assert len(chase(home)) == 1
    home.app.sessions.cancel(home.who(TEACHER), only_session(home).short_id)
    until_quiet(home)
    assert chase(home) == ()
    refused(home, IVY)
    assert len(chase(home)[0].lessons) == 1


def test_a_lesson_that_was_moved_wants_a_permission_for_its_new_time_alone(home: Home) -> None:
    home.schedule(children=("C-0101",))
    until_quiet(home)
    change, short = home.app.sessions, only_session(home).short_id
    with pytest.raises(Refused):
        change.rosters.change(home.who(TEACHER), short, (OSKAR,), ())
    change.changes.reschedule(home.who(TEACHER), short, NewTime("2026-12-02 17:00"))
    until_quiet(home)
    assert chase(home) == ()
    with pytest.raises(Refused):
        change.rosters.change(home.who(TEACHER), short, (OSKAR,), ())
    assert [lesson.starts_at.day for lesson in chase(home)[0].lessons] == [2]


def test_a_learner_who_left_and_is_asked_for_again_wants_one_permission(home: Home) -> None:
    home.schedule(children=("C-0101", IVY))
    until_quiet(home)
    object_to(home, IVY, "withdrawn")
    home.clock.move_to(only_session(home).starts_at - timedelta(hours=24))
    home.do_due("recheck")
    refused(home, IVY)
    assert len(chase(home)[0].lessons) == 1


def test_a_new_time_that_is_refused_is_what_the_permission_is_wanted_for(home: Home) -> None:
    home.schedule(children=("C-0101", IVY))
    late = NewTime("2027-11-17 16:00")
    with pytest.raises(Refused):
        home.app.sessions.changes.reschedule(home.who(TEACHER), only_session(home).short_id, late)
    assert {one.child for one in chase(home)} == {"C-0101", IVY}
    for one in chase(home):
        assert one.words == "lessons by video: ends before the lesson; recording: ends before the lesson"
        assert one.lessons[0].starts_at.isoformat() == "2027-11-17T16:00:00+00:00"


def test_who_may_not_come_into_a_lesson_that_stands_is_on_the_list(home: Home) -> None:
    home.schedule(children=("C-0101",))
    with pytest.raises(Refused):
        home.app.sessions.rosters.change(home.who(TEACHER), only_session(home).short_id, (OSKAR,), ())
    assert [one.child for one in chase(home)] == [OSKAR]


def test_a_planned_lesson_that_is_refused_on_its_day_puts_its_learners_on_the_list(home: Home) -> None:
    home.schedule(children=("C-0101", IVY), start="2027-01-20 16:00")
    object_to(home, IVY, "withdrawn")
    assert chase(home) == ()
    home.clock.move_to(only_session(home).starts_at - timedelta(days=14))
    home.do_due("create_planned")
    assert only_session(home).state is SessionState.REFUSED
    assert [one.child for one in chase(home)] == [IVY]


def test_who_has_left_the_college_is_not_chased(home: Home) -> None:
    refused(home, OSKAR)
    (one,) = chase(home)
    with home.house.database.deciding() as tx:
        people_table.by_references(tx, Kind.CHILD, (OSKAR,))[OSKAR].active = False
        tx.commit(audit=Event("people.left", "person", one.child, "operator"))
    assert chase(home) == ()


def test_a_long_list_takes_as_many_statements_as_a_short_one(home: Home) -> None:
    refused(home, OSKAR)
    with statements(home) as short:
        chase(home)
    object_to(home, IVY, "refused")
    for child in (OSKAR, IVY, NOOR):
        for start in (NEXT_WEEK, "2026-12-09 16:00", "2026-12-10 16:00"):
            refused(home, child, start=start)
    with statements(home) as long:
        assert len(chase(home)) == 3
    assert len(short) == len(long)
