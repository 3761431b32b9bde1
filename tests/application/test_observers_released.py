"""An observer who is let go, because somebody else is wanted: on record as that, told, and out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.application.lessons import audited, only_session, row_counts, state_of, writes
from tests.application.observing import (
    COLIN,
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
)
from tests.house import DSL, TEACHER, Home, a_home
from zoomguard.application.session_changes import NewTime
from zoomguard.domain.errors import Conflict, NotThere
from zoomguard.domain.people import Role
from zoomguard.domain.sessions import POOL, ChangeAnswer, SessionState
from zoomguard.tables import observers as table


@pytest.fixture
def lesson(home: Home) -> Home:
    """Priya said yes; three more observers at the college."""
    more_observers(home)
    home.schedule()
    answer(home, PRIYA, True)
    return home


@pytest.fixture
def either_lesson(database_url: str, tmp_path: Path) -> Iterator[Home]:
    """The same on SQLite and on PostgreSQL."""
    with a_home(tmp_path / "home", database_url=database_url) as home:
        more_observers(home)
        home.schedule()
        answer(home, PRIYA, True)
        yield home


def replace(home: Home, observer: str = POOL, **how: bool) -> ChangeAnswer:
    return observers_of(home).replacing.replace(home.who(DSL), only_session(home).short_id, observer, **how)


def observer(home: Home) -> str:
    return email_of(home, only_session(home).observer_id)


def test_it_stands_on_record_as_a_release_by_whoever_asked(either_lesson: Home) -> None:
    replace(either_lesson)
    assert asks(either_lesson)[0] == (PRIYA, "assigned", "ended")
    with either_lesson.house.database.reading() as tx:
        (hers,) = [
            a for a in table.asks_of(tx, only_session(either_lesson).id) if a.person_id == id_of(either_lesson, PRIYA)
        ]
    assert (hers.released, hers.answered_by) == (True, id_of(either_lesson, DSL))
    assert (audited(either_lesson, "observer.released"), audited(either_lesson, "observer.declined")) == (1, 0)


def test_whoever_is_let_go_is_told_at_once_and_once(lesson: Home) -> None:
    for _ in range(2):
        replace(lesson)
        assert len(mails(lesson, PRIYA, "No longer yours")) == 1
    assert audited(lesson, "observer.released") == 1


def test_whoever_is_let_go_hears_nothing_more_of_the_lesson(lesson: Home) -> None:
    lesson.do_due()
    replace(lesson)
    heard = mails(lesson, PRIYA)
    lesson.app.sessions.changes.reschedule(lesson.who(TEACHER), only_session(lesson).id, NewTime("2026-12-02 16:00"))
    lesson.do_due()
    answer(lesson, asked(lesson)[-1], True)
    lesson.app.sessions.cancel(lesson.who(TEACHER), only_session(lesson).id)
    assert mails(lesson, PRIYA) == heard


def test_a_lesson_called_off_while_nobody_observes_is_not_told_to_whoever_was_let_go(lesson: Home) -> None:
    lesson.do_due()
    replace(lesson)
    lesson.app.sessions.cancel(lesson.who(TEACHER), only_session(lesson).id)
    assert mails(lesson, PRIYA, "Called off") == [] and mails(lesson, TEACHER, "Called off")


def test_the_old_link_and_signing_in_lead_back_no_more(either_lesson: Home) -> None:
    home, topic, short_id = either_lesson, observers_of(either_lesson), only_session(either_lesson).short_id
    token, priya, lead = link_of(home, PRIYA), home.who(PRIYA), home.who(DSL)
    replace(home)
    before = row_counts(home)
    assert topic.look(token).state.value == "ended"
    assert [topic.answer(token, yes).state.value for yes in (True, False)] == ["ended", "ended"]
    for who, whose in ((priya, ""), (lead, PRIYA)):
        with pytest.raises(Conflict) as refused:
            topic.accept(who, short_id, whose)
        assert refused.value.code == "RELEASED"
    assert topic.decline(priya, short_id)[0] == "unchanged"
    assert only_session(home).accepted_at is None
    assert row_counts(home) == before
    for closed in (home.app.session_choices.of, home.app.sessions.show, home.app.staff_doors.open):
        with pytest.raises(NotThere):
            closed(priya, short_id)
    assert home.app.sessions.list(priya) == () and home.app.my_days.show(priya).later == ()


def test_after_somebody_elses_yes_it_is_covered(lesson: Home) -> None:
    replace(lesson)
    answer(lesson, COLIN, True)
    assert observers_of(lesson).accept(lesson.who(PRIYA), only_session(lesson).short_id)[0] == "covered"
    assert observer(lesson) == COLIN


def test_nobody_observes_until_somebody_says_yes(lesson: Home) -> None:
    view = replace(lesson).session
    assert (view.observer_answer, view.ready) == ("none", False)
    shown = lesson.app.sessions.list(lesson.who(TEACHER))[0]
    assert (shown.observer_answer, shown.ready) == ("none", False)


def test_whoever_was_let_go_is_not_called_again(lesson: Home) -> None:
    replace(lesson)
    for email in asked(lesson):
        answer(lesson, email, False)
    call(lesson, hours=24)
    call(lesson, hours=4)
    assert [ask for ask in asks(lesson) if ask[0] == PRIYA] == [(PRIYA, "assigned", "ended")]


def test_another_time_asks_others_and_not_whoever_was_let_go(lesson: Home) -> None:
    replace(lesson)
    moved = NewTime("2026-12-02 16:00")
    lesson.app.sessions.changes.reschedule(lesson.who(TEACHER), only_session(lesson).short_id, moved)
    lesson.do_due("call_observers")
    assert {state for email, _, state in asks(lesson) if email == PRIYA} == {"ended"}
    assert {email for email, _, state in asks(lesson) if state == "open"} >= {COLIN, OLU}


def test_a_planned_lesson_lets_go_as_well_and_its_meeting_asks_somebody_else(home: Home) -> None:
    home.schedule(start="2027-01-20 16:00")
    sent = len(writes(home))
    replace(home)
    assert not mails(home, PRIYA)
    with pytest.raises(Conflict):
        observers_of(home).accept(home.who(PRIYA), only_session(home).short_id)
    home.clock.move_to(only_session(home).starts_at - timedelta(days=14))
    home.do_due("create_planned", "call_observers")
    assert (state_of(home), len(writes(home)) > sent) == (SessionState.SCHEDULED, True)
    assert [ask for ask in asks(home) if ask[2] == "open"] == [(OLU, "pool", "open")]


def test_whoever_said_no_has_said_no(lesson: Home) -> None:
    answer(lesson, PRIYA, False)
    assert replace(lesson, dry_run=True).warnings == ()
    replace(lesson)
    assert asks(lesson)[0] == (PRIYA, "assigned", "declined")
    assert audited(lesson, "observer.released") == 0


def test_an_observer_who_asks_for_another_one_says_no(lesson: Home) -> None:
    lesson.app.people.give_role(PRIYA, Role.COORDINATOR)
    observers_of(lesson).replacing.replace(lesson.who(PRIYA), only_session(lesson).short_id, POOL)
    assert asks(lesson)[0] == (PRIYA, "assigned", "declined")
    assert (audited(lesson, "observer.released"), audited(lesson, "observer.declined")) == (0, 1)


def test_who_said_yes_to_the_old_time_may_say_it_to_the_new_one(lesson: Home) -> None:
    for by in (PRIYA, DSL):
        moved = NewTime("2026-12-02 16:00" if by == PRIYA else "2026-12-03 16:00")
        lesson.app.sessions.changes.reschedule(lesson.who(TEACHER), only_session(lesson).short_id, moved)
        assert not only_session(lesson).accepted_at
        said = observers_of(lesson).accept(lesson.who(by), only_session(lesson).short_id, "" if by == PRIYA else PRIYA)
        assert said[0] == "accepted"
    moved = NewTime("2026-12-04 16:00")
    lesson.app.sessions.changes.reschedule(lesson.who(TEACHER), only_session(lesson).short_id, moved)
    assert answer(lesson, PRIYA, True) == "accepted"


@pytest.mark.parametrize("start", ["2026-12-01 16:00", "2027-01-20 16:00"])
def test_named_again_that_person_is_the_observer_after_all(home: Home, start: str) -> None:
    more_observers(home)
    home.schedule(start=start)
    replace(home)
    planned = state_of(home) is SessionState.PLANNED
    assert replace(home, PRIYA, dry_run=True).outcome == "possible"
    assert replace(home, PRIYA).outcome == "changed"
    assert [ask for ask in asks(home) if ask[2] == "open"] == ([] if planned else [(PRIYA, "assigned", "open")])
    assert observers_of(home).accept(home.who(PRIYA), only_session(home).short_id)[0] == "accepted"
    assert replace(home, PRIYA).outcome == "unchanged"


@pytest.mark.parametrize("start", ["2026-12-01 16:00", "2027-01-20 16:00"])
def test_named_again_after_another_that_person_is_asked(home: Home, start: str) -> None:
    home.schedule(start=start)
    replace(home)
    assert observers_of(home).accept(home.who(OLU), only_session(home).short_id)[0] == "accepted"
    assert replace(home, PRIYA).outcome == "changed"
    assert observers_of(home).accept(home.who(PRIYA), only_session(home).short_id)[0] == "accepted"


def test_the_rehearsal_says_that_the_present_observer_is_let_go_at_once(lesson: Home) -> None:
    observers_of(lesson).free(lesson.who(DSL), "2026-12-01 16:00", 50, "Europe/London")
    who, before = lesson.who(DSL), row_counts(lesson)
    tried = observers_of(lesson).replacing.replace(who, only_session(lesson).short_id, POOL, dry_run=True)
    assert [(f.rule, f.subject) for f in tried.warnings] == [("OBSERVER-RELEASED", PRIYA)]
    assert "at once" in tried.warnings[0].reason
    assert row_counts(lesson) == before
    assert [f.rule for f in replace(lesson).warnings] == ["OBSERVER-RELEASED"]
    assert replace(lesson, dry_run=True).warnings == ()
