"""Staff hear of a lesson that falls away or changes: why, and whoever need not answer or teach any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.application.lessons import only_session
from tests.application.observing import OLU, PRIYA, answer, asked, call, more_observers
from tests.house import COORDINATOR, DSL, TEACHER, Home
from zoomguard.application.session_changes import NewTime
from zoomguard.domain.sessions import SessionState

DEPUTY = "b.noor@northmoor.example"
LATER = "2026-12-22 16:00"


def letters(home: Home, subject: str) -> dict[str, str]:
    """The words of the mails to staff with such a subject, by address, with their lines joined."""
    home.do_due("send_message")
    found = [m for m in home.sandbox.mail() if m["subject"].startswith(subject)]
    assert len({m["to"] for m in found}) == len(found)
    return {m["to"]: " ".join(m["text"].split()) for m in found}


def planned(home: Home, **change: object) -> str:
    """A lesson whose meeting is not made yet, to which Priya has said yes."""
    home.schedule(start=LATER, **change)
    session = only_session(home)
    assert session.state is SessionState.PLANNED
    home.app.observers.accept(home.who(PRIYA), session.short_id)
    return session.short_id


def test_a_lesson_without_a_yes_is_called_off_with_its_reason_and_the_office_and_the_leads_hear(home: Home) -> None:
    more_observers(home)
    home.schedule()
    home.do_due()
    call(home, hours=4)
    home.do_due("send_message")
    colleagues = asked(home)
    assert colleagues
    call(home, minutes=15)
    told = letters(home, "Called off: MATHS-7B")
    assert set(told) == {TEACHER, PRIYA, DSL, DEPUTY, COORDINATOR, *colleagues}
    for email, words in told.items():
        assert "Nobody had agreed to observe it 15 minutes before its start." in words
        # A colleague who was only asked may not look at it.
        assert (f"/s/{only_session(home).short_id}" in words) == (email not in colleagues), email


def test_a_lesson_that_a_person_cancels_is_told_without_a_reason_of_ours_and_not_to_the_leads(home: Home) -> None:
    home.schedule()
    home.do_due()
    home.app.sessions.cancel(home.who(TEACHER), only_session(home).short_id, note="The hall is taken.")
    told = letters(home, "Called off: MATHS-7B")
    assert set(told) == {TEACHER, PRIYA}
    assert all("The hall is taken." in words and "agreed" not in words for words in told.values())


def test_who_was_asked_and_has_not_answered_hears_that_there_is_no_need(home: Home) -> None:
    more_observers(home)
    home.schedule()
    home.do_due()
    call(home, hours=4)
    home.do_due("send_message")
    colleagues = set(asked(home))
    home.app.sessions.cancel(home.who(TEACHER), only_session(home).short_id)
    assert set(letters(home, "Called off")) == {TEACHER, PRIYA, *colleagues}


def test_who_said_no_hears_nothing_more(home: Home) -> None:
    more_observers(home)
    home.schedule()
    home.do_due()
    call(home, hours=4)
    home.do_due("send_message")
    answer(home, OLU, False)
    home.app.sessions.cancel(home.who(TEACHER), only_session(home).short_id)
    assert OLU not in letters(home, "Called off")


def test_a_teacher_hears_of_a_cancellation_by_the_office_even_before_any_mail_left(home: Home) -> None:
    home.schedule()
    home.app.sessions.cancel(home.who(COORDINATOR), only_session(home).short_id)
    assert set(letters(home, "Called off")) == {TEACHER}
    assert letters(home, "Cancelled") == {}


def test_who_said_yes_to_a_planned_lesson_hears_that_it_is_cancelled(home: Home) -> None:
    home.app.sessions.cancel(home.who(TEACHER), planned(home))
    assert set(letters(home, "Called off")) == {PRIYA}
    assert letters(home, "Cancelled") == {}


def test_teacher_and_observer_hear_of_a_planned_lesson_that_the_office_cancels(home: Home) -> None:
    home.app.sessions.cancel(home.who(COORDINATOR), planned(home))
    assert set(letters(home, "Called off")) == {TEACHER, PRIYA}


def test_who_said_yes_to_a_planned_lesson_hears_that_it_is_moved_and_asked_anew(home: Home) -> None:
    short = planned(home)
    home.app.sessions.changes.reschedule(home.who(TEACHER), short, NewTime("2026-12-23 15:00"))
    (told,) = letters(home, "Lesson changed: MATHS-7B").items()
    assert told[0] == PRIYA
    assert "No family knows of it yet." in told[1] and "It was on Tue 22 Dec 2026 16:00" in told[1]
    assert "A yes to observing it was for that time, and is asked for again." in told[1]
    assert only_session(home).accepted_at is None


def test_who_said_yes_to_a_planned_lesson_hears_that_somebody_else_observes(home: Home) -> None:
    short = planned(home)
    home.app.sessions.changes.replace_observer(home.who(TEACHER), short, OLU)
    assert set(letters(home, "No longer yours: MATHS-7B")) == {PRIYA}


def test_a_teacher_hears_that_the_office_gave_a_planned_lesson_to_another(home: Home) -> None:
    short = planned(home)
    home.app.sessions.changes.reassign(home.who(COORDINATOR), short, "h.lindqvist@northmoor.example")
    assert set(letters(home, "Another teacher: MATHS-7B")) == {TEACHER}
    assert set(letters(home, "Lesson changed: MATHS-7B")) == {PRIYA}


@pytest.mark.parametrize("reason", ["no_child", "not_allowed", "deleted_at_zoom", "not_confirmed", "not_made_anew"])
def test_every_reason_of_the_service_has_words_for_the_teacher(home: Home, reason: str) -> None:
    home.schedule()
    home.do_due()
    home.clock.move_to(only_session(home).starts_at - timedelta(hours=1))
    home.app.sessions.removal.begin(only_session(home).id, reason)
    words = letters(home, "Called off")[TEACHER]
    assert words.index("will not take place.") < words.index("Families who knew") - 40
