"""Found by attacking: who is let go, who hears of it, who reads what, and what a lesson that is tried anew rests on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.application.lessons import meetings, object_to, only_session, state_of
from tests.application.observing import (
    COLIN,
    OLU,
    PRIYA,
    answer,
    asked,
    asks,
    call,
    email_of,
    mails,
    more_observers,
    observers_of,
    quiet,
)
from tests.application.rechecking import put
from tests.house import COORDINATOR, DSL, SAFE_ASK, TEACHER, Home
from zoomguard.application.session_changes import NewTime
from zoomguard.domain.errors import BadInput, Conflict, OutsideFailed, Refused
from zoomguard.domain.people import Role
from zoomguard.domain.sessions import POOL, ChangeAnswer, Risk, SessionState

OTHER_TEACHER = "h.lindqvist@northmoor.example"
NEXT_TERM = "2027-01-20 16:00"
FORTNIGHT = timedelta(days=14)


@pytest.fixture
def lesson(home: Home) -> Home:
    """Priya said yes; three more observers at the college."""
    more_observers(home)
    home.schedule()
    answer(home, PRIYA, True)
    return home


@pytest.fixture
def called(home: Home) -> Home:
    """Priya has not answered; four hours before, everybody who is free was called."""
    more_observers(home)
    home.schedule()
    home.do_due()
    call(home, hours=4)
    home.do_due("send_message")
    return home


def pool(home: Home, observer: str = POOL, **how: bool) -> ChangeAnswer:
    return observers_of(home).replacing.replace(home.who(DSL), only_session(home).short_id, observer, **how)


# Letting go -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [8, 3])
def test_nobody_is_let_go_when_nobody_can_follow_in_time(lesson: Home, minutes: int) -> None:
    lesson.do_due()
    lesson.clock.move_to(only_session(lesson).starts_at - timedelta(minutes=minutes))
    with pytest.raises(Conflict) as refused:
        pool(lesson)
    assert refused.value.code == "LATE" and only_session(lesson).accepted_at is not None
    assert mails(lesson, PRIYA, "No longer yours") == []


def test_a_yes_that_came_while_the_pool_was_about_to_be_asked_stands(called: Home, monkeypatch: Any) -> None:
    who, changes = asked(called)[0], observers_of(called).replacing.changes
    read = changes.changeable
    said: list[str] = []

    def read_late(*words: Any) -> Any:
        row = read(*words)
        if not said:
            said.append(answer(called, who, True))
        return row

    monkeypatch.setattr(changes, "changeable", read_late)
    with pytest.raises(Conflict) as refused:
        pool(called)
    assert (said, refused.value.code) == (["accepted"], "CHANGED_MEANWHILE")
    assert only_session(called).accepted_at is not None and mails(called, who, "No longer yours") == []


def test_where_everybody_was_called_already_the_present_observer_is_let_go_and_no_alarm_is_raised(called: Home) -> None:
    said = pool(called)
    assert (said.outcome, set(said.told.staff)) == ("asked", set(asked(called)))
    assert (PRIYA, "assigned", "ended") in asks(called) and mails(called, PRIYA, "No longer yours")
    assert mails(called, DSL, "No observer") == []
    assert set(pool(called, dry_run=True).told.staff) == set(asked(called))


def test_a_yes_that_came_before_somebody_is_named_again_is_told(lesson: Home, monkeypatch: Any) -> None:
    lesson.do_due()
    pool(lesson)
    replacing = observers_of(lesson).replacing
    claimed = replacing._claimed

    def claimed_late(session_id: str) -> Any:
        assert answer(lesson, COLIN, True) == "accepted"
        return claimed(session_id)

    monkeypatch.setattr(replacing, "_claimed", claimed_late)
    with pytest.raises(Conflict) as refused:
        pool(lesson, PRIYA)
    assert refused.value.code == "CHANGED_MEANWHILE"
    assert email_of(lesson, only_session(lesson).observer_id) == COLIN


def test_who_said_no_may_be_named_again_and_is_asked(home: Home) -> None:
    home.schedule()
    home.do_due()
    answer(home, PRIYA, False)
    before = len(mails(home, PRIYA, "Can you observe"))
    assert pool(home, PRIYA).outcome == "changed"
    assert len(mails(home, PRIYA, "Can you observe")) == before + 1
    assert answer(home, PRIYA, True) == "accepted"


def test_named_again_for_a_planned_lesson_is_told_on_its_day_and_not_before(home: Home) -> None:
    home.schedule(start=NEXT_TERM)
    pool(home)
    had = mails(home, PRIYA)
    assert pool(home, PRIYA).told.staff == () and mails(home, PRIYA) == had
    home.clock.move_to(only_session(home).starts_at - FORTNIGHT)
    quiet(home)
    assert mails(home, PRIYA, "Can you observe")


def test_a_planned_lesson_whose_observer_was_let_go_is_made_with_another(home: Home) -> None:
    more_observers(home)
    home.schedule(start=NEXT_TERM)
    pool(home)
    home.clock.move_to(only_session(home).starts_at - FORTNIGHT)
    quiet(home)
    assert state_of(home) is SessionState.SCHEDULED
    assert PRIYA not in meetings(home)[0].settings["alternative_hosts"]
    assert not [m for m in home.sandbox.mail() if "Nandakumar" in m["text"]]


def test_who_was_named_for_a_pool_lesson_is_not_replaced_unasked(home: Home) -> None:
    more_observers(home)
    home.schedule(start=NEXT_TERM, observer=POOL)
    other = OLU if email_of(home, only_session(home).observer_id) != OLU else PRIYA
    pool(home, other)
    observers_of(home).accept(home.who(other), only_session(home).short_id)
    home.sandbox._zoom.state.user(other).licensed = False
    home.clock.move_to(only_session(home).starts_at - FORTNIGHT)
    home.do_due()
    assert state_of(home) is SessionState.REFUSED


def test_who_was_let_go_and_leaves_needs_no_other_observer(lesson: Home) -> None:
    pool(lesson)
    assert lesson.app.staffing.deactivate(lesson.who(DSL), PRIYA, dry_run=True).sessions == ()


# Hearing of it --------------------------------------------------------------------------------------------------


def test_who_was_let_go_and_then_teaches_it_hears_of_a_new_time(lesson: Home) -> None:
    lesson.app.people.give_role(PRIYA, Role.TEACHER)
    lesson.do_due()
    pool(lesson)
    assert answer(lesson, COLIN, True) == "accepted"
    changes, office = lesson.app.sessions.changes, lesson.who(COORDINATOR)
    changes.reassign(office, only_session(lesson).short_id, PRIYA)
    lesson.do_due()
    before = len(mails(lesson, PRIYA))
    changes.reschedule(office, only_session(lesson).short_id, NewTime("2026-12-02 16:00"))
    assert len(mails(lesson, PRIYA)) > before


def test_who_said_yes_while_zoom_was_away_hears_of_a_cancellation(called: Home, monkeypatch: Any) -> None:
    def away(session_id: str) -> None:
        raise OutsideFailed("Zoom is away.", code="ZOOM_AWAY")

    who = asked(called)[0]
    with monkeypatch.context() as patch:
        patch.setattr(observers_of(called).answers.changes, "go_on", away)
        answer(called, who, True)
    assert state_of(called) is SessionState.MOVING
    called.app.sessions.cancel(called.who(COORDINATOR), only_session(called).short_id)
    assert mails(called, who, "Called off")


@pytest.mark.parametrize("why", ["child", "late"])
def test_who_said_yes_to_a_planned_lesson_hears_that_it_is_not_made(home: Home, why: str) -> None:
    home.schedule(start=NEXT_TERM, children=("C-0101", "C-0102"))
    observers_of(home).accept(home.who(PRIYA), only_session(home).short_id)
    if why == "child":
        object_to(home, "C-0101", "refused")
    ahead = FORTNIGHT if why == "child" else timedelta(minutes=1)
    home.clock.move_to(only_session(home).starts_at - ahead)
    quiet(home)
    assert state_of(home) is SessionState.REFUSED
    assert mails(home, TEACHER, "Not set up") and mails(home, PRIYA, "No longer yours")


def test_who_said_no_hears_nothing_more(home: Home) -> None:
    home.schedule()
    home.do_due()
    answer(home, PRIYA, False)
    had = mails(home, PRIYA)
    home.do_due()
    answer(home, OLU, True)
    home.app.sessions.cancel(home.who(TEACHER), only_session(home).short_id)
    assert mails(home, PRIYA) == had


def test_the_answer_to_a_cancellation_names_those_who_are_told(lesson: Home) -> None:
    lesson.do_due()
    pool(lesson)
    lesson.do_due("send_message")
    office, short_id = lesson.who(COORDINATOR), only_session(lesson).short_id
    tried = lesson.app.sessions.cancel(office, short_id, dry_run=True).told
    told = lesson.app.sessions.cancel(office, short_id).told
    assert tried == told
    lesson.do_due("send_message")
    cancelled = [m["to"] for m in lesson.sandbox.mail() if m["subject"].startswith(("Called off", "Cancelled"))]
    staff = {to for to in cancelled if to.endswith("@northmoor.example")}
    assert set(told.staff) == staff and told.guardians == len(cancelled) - len(staff)
    assert PRIYA not in staff


def test_a_planned_lesson_that_is_cancelled_tells_no_family_and_says_so(home: Home) -> None:
    home.schedule(start=NEXT_TERM)
    assert home.app.sessions.cancel(home.who(TEACHER), only_session(home).short_id, dry_run=True).told.staff == ()
    told = home.app.sessions.cancel(home.who(TEACHER), only_session(home).short_id).told
    assert (told.guardians, told.children, told.staff) == (0, 0, ())


def test_a_note_to_a_child_is_held_and_the_answer_says_so(home: Home) -> None:
    home.schedule()
    quiet(home)
    home.clock.move_to(home.clock.now() + timedelta(days=1))
    quiet(home)
    told = home.app.sessions.cancel(home.who(TEACHER), only_session(home).short_id, note="The hall is taken.").told
    assert (told.children, told.held) == (0, 1)


# Reading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["declines", "released"])
def test_an_answer_shows_no_more_than_the_question_did(lesson: Home, how: str) -> None:
    short_id = only_session(lesson).short_id
    pool(lesson)
    who = OLU if how == "declines" else PRIYA
    _, view = observers_of(lesson).decline(lesson.who(who), short_id)
    assert (view.children, view.meeting_number, view.observer) == ((), None, "")


def test_who_was_only_asked_does_not_see_why_a_lesson_is_at_risk(lesson: Home) -> None:
    pool(lesson)
    put(lesson, state=SessionState.AT_RISK, risk=Risk.CONSENT_UNKNOWN)
    (mine,) = lesson.app.sessions.list(lesson.who(OLU))
    assert (mine.asked, mine.risk, mine.state) == (True, "", SessionState.SCHEDULED)


def test_ones_own_address_as_teacher_tells_no_length_of_anothers_lesson(home: Home) -> None:
    home.schedule(course="", children=(), group="MATHS-7B", start="2026-11-24 10:00", minutes=35)
    ask = replace(SAFE_ASK, course="", children=(), group="MATHS-7B", minutes=None, teacher=OTHER_TEACHER)
    with pytest.raises(BadInput) as refused:
        home.app.sessions.schedule(home.who(OTHER_TEACHER), ask)
    assert refused.value.code == "NO_LENGTH"


def test_a_lesson_that_was_called_off_does_not_say_how_long_the_next_one_is(home: Home) -> None:
    of_class: dict[str, Any] = {"course": "", "children": (), "group": "MATHS-7B"}
    home.schedule(**of_class, start="2026-11-25 10:00", minutes=50)
    wrong = home.schedule(**of_class, start="2026-11-26 10:00", minutes=5).session
    home.app.sessions.cancel(home.who(TEACHER), wrong.short_id)
    assert home.schedule(**of_class, start="2026-11-27 10:00", minutes=None).session.minutes == 50


def test_a_change_that_was_refused_is_not_taken_for_what_stands(lesson: Home) -> None:
    short_id, teacher = only_session(lesson).short_id, lesson.who(TEACHER)
    with pytest.raises(Refused):
        lesson.app.sessions.rosters.change(teacher, short_id, ("C-0140",), ())
    why = lesson.app.sessions.show(teacher, short_id).why
    *standing, tried = [(w.occasion, w.verdict) for w in why]
    assert tried == ("refused_change", "fail") and set(standing) == {("schedule", "pass")}
