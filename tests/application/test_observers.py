"""Observers are asked and answer: the first yes wins, a no is followed up, and silence has its moments."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from tests.application.lessons import (
    INVITED,
    all_at_once,
    audited,
    mail,
    meetings,
    only_session,
    row_counts,
    state_of,
    writes,
)
from tests.application.observing import (
    COLIN,
    EWA,
    OLU,
    PRIYA,
    answer,
    asked,
    asks,
    call,
    email_of,
    id_of,
    link_of,
    mails,
    more_observers,
    observers_of,
    parts_of,
)
from tests.application.rechecking import hear
from tests.house import COORDINATOR, DSL, TEACHER, Home, a_home
from zoomguard.application import observer_asks
from zoomguard.application.session_changes import NewTime
from zoomguard.domain.errors import Conflict, NotAllowed, NotThere, OutsideFailed, Refused
from zoomguard.domain.people import Role
from zoomguard.domain.sessions import SessionState
from zoomguard.tables.observers import AskKind
from zoomguard.tables.sessions import VideoSession


@pytest.fixture
def lesson(home: Home) -> Home:
    """A session tomorrow week with Priya assigned and asked; three more observers at the college."""
    more_observers(home)
    home.schedule()
    return home


@pytest.fixture
def either_lesson(database_url: str, tmp_path: Path) -> Iterator[Home]:
    """The same on SQLite and on PostgreSQL."""
    with a_home(tmp_path / "home", database_url=database_url) as home:
        more_observers(home)
        home.schedule()
        yield home


def observer(home: Home) -> str:
    """Who observes the one session; with a "?" where that person has not said yes."""
    session = only_session(home)
    return email_of(home, session.observer_id) + ("" if session.accepted_at else "?")


def at_zoom(home: Home) -> str:
    (meeting,) = meetings(home)
    return str(meeting.settings["alternative_hosts"])


def leave_to_the_lead(home: Home) -> None:
    object.__setattr__(parts_of(home).terms, "without_observer", "dsl")


def ready(home: Home) -> bool:
    session = only_session(home)
    return home.app.sessions.show(home.who(DSL), session.short_id).session.ready


# The page -------------------------------------------------------------------------------------------------------


def test_the_page_says_what_is_asked_and_changes_nothing(lesson: Home) -> None:
    token, topic = link_of(lesson, PRIYA), observers_of(lesson)
    before = row_counts(lesson)
    seen = topic.look(token)
    assert (seen.session, seen.course, seen.minutes) == (only_session(lesson).short_id, "MATHS-7B", 50)
    assert (seen.teacher, seen.person) == ("Tomasz Wren", "Priya Nandakumar")
    assert (seen.children, seen.kind, seen.state) == (5, "assigned", "open")
    assert topic.look(token) == seen
    assert row_counts(lesson) == before
    assert observer(lesson) == f"{PRIYA}?"


@pytest.mark.parametrize("token", ["", "zgo_nobody", "x" * 300])
def test_an_unknown_link_opens_nothing(lesson: Home, token: str) -> None:
    with pytest.raises(NotThere):
        observers_of(lesson).look(token)
    with pytest.raises(NotThere):
        observers_of(lesson).answer(token, True)


def test_the_link_is_kept_nowhere_in_the_table(lesson: Home) -> None:
    token = link_of(lesson, PRIYA)
    assert len(token) >= 43
    with lesson.house.database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM observer_ask").all()
    assert token not in str(rows)


# Yes ------------------------------------------------------------------------------------------------------------


def test_assigned_is_not_accepted_and_a_session_is_ready_only_after_a_yes(lesson: Home) -> None:
    assert not ready(lesson)
    assert answer(lesson, PRIYA, True) == "accepted"
    assert ready(lesson)
    assert observer(lesson) == PRIYA
    assert state_of(lesson) is SessionState.SCHEDULED
    assert audited(lesson, "observer.accepted") == 1


def test_a_yes_said_twice_counts_once(lesson: Home) -> None:
    answer(lesson, PRIYA, True)
    first = only_session(lesson).accepted_at
    assert answer(lesson, PRIYA, True) == "accepted"
    assert observers_of(lesson).accept(lesson.who(PRIYA), only_session(lesson).short_id)[0] == "unchanged"
    assert (only_session(lesson).accepted_at, audited(lesson, "observer.accepted")) == (first, 1)


def test_once_the_assigned_said_yes_the_others_are_told_and_come_too_late(lesson: Home) -> None:
    call(lesson, hours=4)
    others = asked(lesson)
    assert answer(lesson, PRIYA, True) == "accepted"
    assert [state for email, _, state in asks(lesson) if email in others] == ["covered"] * len(others)
    assert all(mails(lesson, other, "Covered") for other in others)
    assert not mails(lesson, PRIYA, "Covered")
    assert answer(lesson, others[0], True) == "covered"
    assert observer(lesson) == PRIYA
    assert audited(lesson, "observer.covered") == len(others)


def test_a_yes_of_the_pool_makes_that_person_observer_once_zoom_has_confirmed(lesson: Home) -> None:
    call(lesson, hours=4)
    first = asked(lesson)[0]
    assert answer(lesson, first, True) == "accepted"
    assert (observer(lesson), at_zoom(lesson)) == (first, first)
    assert state_of(lesson) is SessionState.SCHEDULED
    assert ready(lesson)
    assert answer(lesson, PRIYA, True) == "covered"
    assert observer(lesson) == first


def test_of_two_yeses_at_once_exactly_one_counts(either_lesson: Home) -> None:
    call(either_lesson, hours=4)
    others = asked(either_lesson)
    assert len(others) == 4
    tokens = {email: link_of(either_lesson, email) for email in (*others, PRIYA)}
    topic = observers_of(either_lesson)
    said = all_at_once([lambda t=t: topic.answer(t, True).state.value for t in tokens.values()])
    assert sorted(said) == ["accepted", *["covered"] * 4]
    winner = next(email for email, came in zip(tokens, said, strict=True) if came == "accepted")
    assert (observer(either_lesson), at_zoom(either_lesson)) == (winner, winner)
    assert audited(either_lesson, "observer.accepted") == 1


def test_one_person_cannot_say_yes_to_two_lessons_at_the_same_time(home: Home) -> None:
    more_observers(home)
    home.schedule(children=("C-0101",))
    home.schedule("h.lindqvist@northmoor.example", children=("C-0120",), observer=OLU, course="ART")
    topic = observers_of(home)
    home.clock.move_to(datetime.fromisoformat("2026-12-01T12:00:00+00:00"))
    with home.house.database.reading() as tx:
        rows = tx.all(select(VideoSession))
    for row in rows:
        topic.call_observers(row.id)
    home.do_due("send_message")
    said = all_at_once([lambda r=r: topic.accept(home.who(COLIN), r.short_id)[0] for r in rows])
    assert [str(s) for s in said].count("accepted") == 1
    assert [type(s) for s in said].count(Refused) == 1


def test_who_may_no_longer_observe_is_refused_with_the_reason(lesson: Home) -> None:
    call(lesson, hours=4)
    lesson.app.people.end_role(COLIN, Role.OBSERVER)
    with pytest.raises(Refused) as refused:
        observers_of(lesson).answer(link_of(lesson, COLIN), True)
    assert [(f.rule, f.subject) for f in refused.value.findings] == [("VC-OBSERVER", COLIN)]
    assert observer(lesson) == f"{PRIYA}?"
    assert (COLIN, "pool", "open") in asks(lesson)


def test_where_zoom_does_not_obey_the_question_stays_open_and_the_session_is_at_risk(lesson: Home) -> None:
    call(lesson, hours=4)
    lesson.sandbox.faults.switch("update_ignored")
    with pytest.raises(Refused):
        observers_of(lesson).answer(link_of(lesson, COLIN), True)
    assert (observer(lesson), at_zoom(lesson)) == (f"{PRIYA}?", PRIYA)
    assert state_of(lesson) is SessionState.AT_RISK
    assert (COLIN, "pool", "open") in asks(lesson)
    lesson.sandbox.faults.clear()
    assert answer(lesson, COLIN, True) == "accepted"
    assert (observer(lesson), at_zoom(lesson)) == (COLIN, COLIN)
    assert state_of(lesson) is SessionState.SCHEDULED


def test_where_zooms_answer_is_lost_the_worker_makes_the_yes_good(lesson: Home) -> None:
    call(lesson, hours=4)
    token = link_of(lesson, COLIN)
    lesson.sandbox.faults.switch("daily_limit", on="PATCH /meetings/{}")
    with pytest.raises(OutsideFailed):
        observers_of(lesson).answer(token, True)
    assert observers_of(lesson).look(token).state.value == "open"
    lesson.sandbox.faults.clear()
    lesson.clock.advance(3600)
    lesson.do_due("change_meeting")
    assert (observer(lesson), at_zoom(lesson)) == (COLIN, COLIN)
    assert observers_of(lesson).look(token).state.value == "accepted"


# No -------------------------------------------------------------------------------------------------------------


def test_after_a_no_the_next_reserve_is_asked_and_after_the_last_the_pool(home: Home) -> None:
    more_observers(home)
    home.schedule(reserves=(EWA, OLU))
    assert answer(home, PRIYA, False) == "declined"
    assert asks(home)[1:] == [(EWA, "reserve", "open")]
    assert answer(home, EWA, False) == "declined"
    assert asks(home)[2:] == [(OLU, "reserve", "open")]
    assert answer(home, OLU, False) == "declined"
    assert {kind for _, kind, state in asks(home) if state == "open"} == {"pool"}
    assert PRIYA not in [email for email, _, state in asks(home) if state == "open"]
    assert audited(home, "observer.declined") == 3


def test_a_reserve_who_may_not_observe_is_passed_over(home: Home) -> None:
    more_observers(home)
    home.schedule(reserves=(EWA, OLU))
    home.app.people.end_role(EWA, Role.OBSERVER)
    answer(home, PRIYA, False)
    assert asked(home) == [OLU]


def test_a_yes_can_be_taken_back_and_others_are_asked_again(lesson: Home) -> None:
    call(lesson, hours=4)
    others = asked(lesson)
    answer(lesson, PRIYA, True)
    assert answer(lesson, PRIYA, False) == "declined"
    assert observer(lesson) == f"{PRIYA}?"
    assert sorted(e for e, _, state in asks(lesson) if state == "open") == others
    assert answer(lesson, others[1], True) == "accepted"


def test_where_nobody_is_left_the_leads_are_told_at_once_and_not_again_and_again(home: Home) -> None:
    home.schedule()
    home.app.people.end_role(OLU, Role.OBSERVER)
    answer(home, PRIYA, False)
    for lead in (DSL, "b.noor@northmoor.example", COORDINATOR):
        assert len(mails(home, lead, "No observer")) == 1
    topic = observers_of(home)
    for _ in range(3):
        topic.call_observers(only_session(home).id)
    assert len(mails(home, DSL, "No observer")) == 1


def test_no_said_twice_is_followed_up_once(lesson: Home) -> None:
    token, topic = link_of(lesson, PRIYA), observers_of(lesson)
    topic.answer(token, False)
    before = row_counts(lesson)
    assert topic.answer(token, False).state == "declined"
    assert row_counts(lesson) == before


def test_who_replaces_an_observer_by_the_pool_asks_others_and_the_first_yes_counts(lesson: Home) -> None:
    answer(lesson, PRIYA, True)
    changed = observers_of(lesson).replacing.replace(lesson.who(DSL), only_session(lesson).short_id, "pool")
    assert (changed.outcome, sorted(changed.told.staff)) == ("asked", asked(lesson))
    assert observer(lesson) == f"{PRIYA}?"
    assert answer(lesson, COLIN, True) == "accepted"
    assert (observer(lesson), at_zoom(lesson)) == (COLIN, COLIN)


def test_where_nobody_else_is_free_the_observer_stays(home: Home) -> None:
    home.schedule()
    answer(home, PRIYA, True)
    home.app.people.end_role(OLU, Role.OBSERVER)
    with pytest.raises(Conflict):
        observers_of(home).replacing.replace(home.who(DSL), only_session(home).short_id, "pool")
    assert observer(home) == PRIYA
    assert len(mails(home, DSL, "No observer")) == 1


# Signed in, and for others --------------------------------------------------------------------------------------


def test_the_assigned_and_the_asked_answer_signed_in_and_nobody_else(lesson: Home) -> None:
    topic, short_id = observers_of(lesson), only_session(lesson).short_id
    for other in (OLU, TEACHER, "f.doyle@northmoor.example"):
        with pytest.raises(NotThere):
            topic.accept(lesson.who(other), short_id)
        with pytest.raises(NotThere):
            topic.decline(lesson.who(other), short_id)
    outcome, view = topic.accept(lesson.who(PRIYA), short_id.lower())
    assert (outcome, view.observer_answer, view.ready) == ("accepted", "yes", True)


@pytest.mark.parametrize("lead", [DSL, "b.noor@northmoor.example", COORDINATOR])
def test_the_office_and_the_leads_record_an_answer_given_by_telephone(lesson: Home, lead: str) -> None:
    topic, short_id = observers_of(lesson), only_session(lesson).short_id
    assert topic.accept(lesson.who(lead), short_id, PRIYA)[0] == "accepted"
    assert topic.decline(lesson.who(lead), short_id, PRIYA)[0] == "declined"
    with lesson.house.database.engine.connect() as connection:
        by = connection.exec_driver_sql("SELECT actor FROM audit WHERE action LIKE 'observer.%cepted'").scalar_one()
    assert by == id_of(lesson, lead)


def test_nobody_else_answers_for_another(lesson: Home) -> None:
    topic, short_id = observers_of(lesson), only_session(lesson).short_id
    for other in (TEACHER, OLU, "f.doyle@northmoor.example"):
        with pytest.raises(NotAllowed):
            topic.accept(lesson.who(other), short_id, PRIYA)
    lesson.app.people.give_role(TEACHER, Role.COORDINATOR)
    with pytest.raises(NotAllowed):
        topic.accept(lesson.who(TEACHER), short_id, PRIYA)
    assert observer(lesson) == f"{PRIYA}?"


def test_an_answer_for_somebody_who_was_never_asked_is_refused(lesson: Home) -> None:
    with pytest.raises(Conflict) as refused:
        observers_of(lesson).accept(lesson.who(DSL), only_session(lesson).short_id, OLU)
    assert refused.value.code == "NOT_ASKED"


# Changes --------------------------------------------------------------------------------------------------------


def test_another_time_wants_a_new_yes_and_the_old_link_gives_none(lesson: Home) -> None:
    token, topic = link_of(lesson, PRIYA), observers_of(lesson)
    topic.answer(token, True)
    moved = NewTime("2026-12-02 16:00")
    lesson.app.sessions.changes.reschedule(lesson.who(TEACHER), only_session(lesson).short_id, moved)
    assert observer(lesson) == f"{PRIYA}?"
    assert topic.answer(token, True).state == "ended"
    assert observer(lesson) == f"{PRIYA}?"
    assert answer(lesson, PRIYA, True) == "accepted"
    assert observer(lesson) == PRIYA


def test_a_planned_lesson_gets_another_observer_without_a_word_to_zoom(home: Home) -> None:
    home.schedule(start="2027-01-20 16:00")
    short_id, sent = only_session(home).short_id, len(writes(home))
    observers_of(home).replacing.replace(home.who(DSL), short_id, "pool")
    assert answer(home, OLU, True) == "accepted"
    assert observer(home) == OLU
    assert (state_of(home), len(writes(home))) == (SessionState.PLANNED, sent)


def test_an_open_question_is_not_asked_twice(lesson: Home) -> None:
    before, now = asks(lesson), lesson.clock.now()
    with lesson.house.database.deciding() as tx:
        session = tx.hold(VideoSession, only_session(lesson).id)
        assert observer_asks.ask(tx, parts_of(lesson), session, session.observer_id, AskKind.POOL, now) == ()
    assert asks(lesson) == before


# Silence --------------------------------------------------------------------------------------------------------


def test_the_assigned_is_reminded_a_day_before_once_and_both_links_hold(lesson: Home) -> None:
    first = link_of(lesson, PRIYA)
    assert call(lesson, hours=25) == only_session(lesson).starts_at - timedelta(hours=24)
    assert len(mails(lesson, PRIYA)) == 1
    call(lesson, hours=24)
    assert len(mails(lesson, PRIYA)) == 2
    call(lesson, hours=23)
    assert len(mails(lesson, PRIYA)) == 2
    second = link_of(lesson, PRIYA)
    topic = observers_of(lesson)
    assert first != second
    assert topic.answer(first, True).state == topic.look(second).state == "accepted"


def test_four_hours_before_reserves_are_called_first_and_then_the_best_of_the_pool(home: Home) -> None:
    more_observers(home)
    home.schedule(reserves=(EWA,))
    call(home, hours=4)
    assert asks(home)[1] == (EWA, "reserve", "open")
    assert [kind for _, kind, _ in asks(home)] == ["assigned", "reserve", "pool", "pool", "pool"]
    before = asks(home)
    call(home, hours=3)
    assert asks(home) == before


def test_nobody_without_a_licence_at_zoom_is_called(lesson: Home) -> None:
    lesson.sandbox._zoom.state.user(OLU).licensed = False
    call(lesson, hours=4)
    assert OLU not in asked(lesson)
    assert len(asked(lesson)) == 3


def test_the_worker_does_all_this_when_it_falls_due(lesson: Home) -> None:
    lesson.do_due("call_observers")
    for hours in (24, 4, 1):
        lesson.clock.move_to(only_session(lesson).starts_at - timedelta(hours=hours))
        lesson.do_due("call_observers")
    assert [kind for _, kind, _ in asks(lesson)] == ["assigned", "assigned", *["pool"] * 4]
    assert len(mails(lesson, DSL, "No observer")) == 1
    lesson.clock.move_to(only_session(lesson).starts_at - timedelta(minutes=15))
    lesson.do_due("call_observers")
    assert state_of(lesson) is SessionState.CANCELLED


def test_an_hour_before_the_leads_are_told_to_decide(lesson: Home) -> None:
    call(lesson, hours=4)
    assert not mails(lesson, DSL)
    call(lesson, hours=1)
    assert len(mails(lesson, DSL, "No observer")) == 1
    call(lesson, minutes=30)
    assert len(mails(lesson, DSL, "No observer")) == 1


def test_without_a_yes_a_quarter_of_an_hour_before_it_is_cancelled_and_guardians_are_told(lesson: Home) -> None:
    lesson.do_due("send_message")
    assert call(lesson, minutes=16) == only_session(lesson).starts_at - timedelta(minutes=15)
    assert state_of(lesson) is SessionState.SCHEDULED
    assert call(lesson, minutes=15) is None
    assert state_of(lesson) is SessionState.CANCELLED
    assert only_session(lesson).removal_reason == "no_observer"
    assert meetings(lesson) == []
    lesson.do_due("send_message")
    assert set(INVITED) <= set(mail(lesson, "Cancelled"))
    assert {state for _, _, state in asks(lesson)} == {"ended"}


def test_with_the_lead_deciding_the_session_stays_and_is_at_risk(lesson: Home) -> None:
    leave_to_the_lead(lesson)
    assert call(lesson, minutes=15) is None
    assert state_of(lesson) is SessionState.AT_RISK
    assert only_session(lesson).risk == "OBSERVER_MISSING"
    assert len(meetings(lesson)) == 1
    assert len(mails(lesson, DSL, "At risk")) == 1
    call(lesson, minutes=14)
    assert len(mails(lesson, DSL, "At risk")) == 1
    assert answer(lesson, PRIYA, True) == "accepted"
    assert state_of(lesson) is SessionState.SCHEDULED
    assert only_session(lesson).risk == ""


def test_a_yes_a_moment_before_keeps_the_session(lesson: Home) -> None:
    call(lesson, minutes=16)
    answer(lesson, PRIYA, True)
    assert call(lesson, minutes=15) is None
    assert state_of(lesson) is SessionState.SCHEDULED


def test_who_is_asked_ten_minutes_before_has_until_the_start(home: Home) -> None:
    more_observers(home)
    home.clock.move_to(datetime.fromisoformat("2026-12-01T15:49:00+00:00"))
    home.schedule()
    assert call(home, minutes=10) is not None
    assert state_of(home) is SessionState.SCHEDULED
    call(home, minutes=0)
    assert state_of(home) is SessionState.CANCELLED


def test_a_lesson_that_runs_already_is_left_to_the_lead(lesson: Home) -> None:
    lesson.hold(only_session(lesson).short_id, events=[{"at_s": -60, "kind": "joined", "who": "host"}])
    call(lesson, minutes=-1)
    assert state_of(lesson) is SessionState.AT_RISK


def test_a_lesson_that_was_held_and_is_over_already_is_not_called_off(lesson: Home) -> None:
    """The service was away from a quarter of an hour before until the lesson was over, sooner than it was to be."""
    lesson.clock.move_to(only_session(lesson).starts_at - timedelta(minutes=2))
    hear(lesson, "meeting.started")
    hear(lesson, "meeting.ended")
    call(lesson, minutes=-20)
    assert state_of(lesson) is SessionState.AT_RISK
    assert len(meetings(lesson)) == 1 and mail(lesson, "Cancelled") == []


@pytest.mark.parametrize("before", [timedelta(days=1), timedelta(minutes=50), timedelta(minutes=16)])
@pytest.mark.parametrize("decided", [15, 5, -20])
def test_a_meeting_that_was_started_and_ended_early_does_not_keep_the_lesson(
    lesson: Home, before: timedelta, decided: int
) -> None:
    """A teacher could otherwise be alone with children by that."""
    lesson.clock.move_to(only_session(lesson).starts_at - before)
    hear(lesson, "meeting.started")
    hear(lesson, "meeting.ended")
    call(lesson, minutes=decided)
    assert state_of(lesson) is SessionState.CANCELLED


def test_it_is_too_late_for_the_pool_when_zoom_could_not_confirm_any_more(lesson: Home) -> None:
    leave_to_the_lead(lesson)
    call(lesson, minutes=15)
    sent = writes(lesson)
    lesson.clock.move_to(only_session(lesson).starts_at - timedelta(minutes=8, seconds=30))
    assert answer(lesson, asked(lesson)[0] if asked(lesson) else PRIYA, True) in ("LATE", "accepted")
    assert writes(lesson) == sent


def test_after_the_start_no_answer_counts(lesson: Home) -> None:
    leave_to_the_lead(lesson)
    token = link_of(lesson, PRIYA)
    call(lesson, minutes=15)
    lesson.clock.move_to(only_session(lesson).starts_at)
    assert observers_of(lesson).answer(token, True).state == "over"
    with pytest.raises(Conflict):
        observers_of(lesson).accept(lesson.who(PRIYA), only_session(lesson).short_id)


def test_the_link_of_a_cancelled_lesson_has_ended(lesson: Home) -> None:
    token = link_of(lesson, PRIYA)
    lesson.app.sessions.cancel(lesson.who(TEACHER), only_session(lesson).short_id)
    assert observers_of(lesson).answer(token, True).state == "ended"


def test_the_duty_repeated_at_any_moment_asks_nobody_twice(lesson: Home) -> None:
    for hours in (48, 24, 12, 4, 2, 1, 0.5):
        call(lesson, hours=hours)
        before = row_counts(lesson)
        for _ in range(2):
            observers_of(lesson).call_observers(only_session(lesson).id)
        assert row_counts(lesson) == before, hours
