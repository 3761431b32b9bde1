"""What an attack on changes found, as sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.application.lessons import mail, meetings, only_session, until_quiet
from tests.house import COORDINATOR, DSL, OBSERVER, TEACHER, Home, a_home
from zoomguard.application.session_changes import NewTime
from zoomguard.application.session_facts import Cast, Postures
from zoomguard.domain.errors import BadInput, Conflict
from zoomguard.domain.sessions import SessionState

OTHER_OBSERVER, OTHER_TEACHER = "o.mbeki@northmoor.example", "h.lindqvist@northmoor.example"
STARTS_AT = datetime(2026, 12, 1, 16, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with a_home(tmp_path / "home") as home:
        home.schedule()
        until_quiet(home)
        yield home


def overtaken(home: Home, monkeypatch: pytest.MonkeyPatch, by: Iterator[Callable[[], object]]) -> None:
    """Each time a change has read the session and asks Zoom, the next of these comes first."""
    changes = home.app.sessions.changes
    ask_zoom, under_way = changes._postures, []

    def another_first(cast: Cast) -> Postures:
        if not under_way:
            under_way.append(True)
            next(by, lambda: None)()
            under_way.clear()
        return ask_zoom(cast)

    monkeypatch.setattr(changes, "_postures", another_first)


def test_a_change_that_was_judged_before_another_one_is_looked_at_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes, who, session = home.app.sessions.changes, home.who(TEACHER), only_session(home).id
    overtaken(home, monkeypatch, iter([lambda: changes.replace_observer(who, session, OTHER_OBSERVER)]))
    answer = changes.reschedule(who, session, NewTime("2026-12-02 17:00"))
    assert answer.session.observer == OTHER_OBSERVER
    assert only_session(home).starts_at == datetime(2026, 12, 2, 17, tzinfo=UTC)


def test_a_change_that_others_are_ahead_of_each_time_is_given_back(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    changes, who, session = home.app.sessions.changes, home.who(TEACHER), only_session(home).id
    turns = [lambda o=o: changes.replace_observer(who, session, o) for o in (OTHER_OBSERVER, OBSERVER) * 2]
    overtaken(home, monkeypatch, iter(turns))
    with pytest.raises(Conflict):
        changes.reschedule(who, session, NewTime("2026-12-02 17:00"))
    assert only_session(home).starts_at == STARTS_AT


def test_a_roster_that_changed_meanwhile_is_judged_by_a_change(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions, who, session = home.app.sessions, home.who(TEACHER), only_session(home).id
    overtaken(home, monkeypatch, iter([lambda: sessions.rosters.change(who, session, (), ("C-0101",))]))
    answer = sessions.changes.reschedule(who, session, NewTime("2026-12-02 17:00"))
    assert "C-0101" not in answer.session.children


@pytest.mark.parametrize("minutes_before", [7, 1])
def test_a_change_shortly_before_the_start_is_refused_and_costs_no_lesson(home: Home, minutes_before: int) -> None:
    home.app.observers.accept(home.who(OBSERVER), only_session(home).id)
    home.clock.move_to(STARTS_AT - timedelta(minutes=minutes_before))
    before = len(home.sandbox.mail())
    with pytest.raises(Conflict) as late:
        home.app.sessions.changes.replace_observer(home.who(TEACHER), only_session(home).id, OTHER_OBSERVER)
    assert late.value.code == "LATE"
    assert only_session(home).state is SessionState.SCHEDULED
    assert len(home.sandbox.mail()) == before and len(meetings(home)) == 1


def test_another_teacher_half_an_hour_before_is_too_late(home: Home) -> None:
    home.clock.move_to(STARTS_AT - timedelta(minutes=25))
    with pytest.raises(Conflict) as late:
        home.app.sessions.changes.reassign(home.who(COORDINATOR), only_session(home).id, OTHER_TEACHER)
    assert late.value.code == "LATE"
    assert len(meetings(home)) == 1


def test_a_lesson_that_has_begun_early_is_not_moved(home: Home) -> None:
    home.clock.move_to(STARTS_AT - timedelta(minutes=20))
    home.control("POST", "host", {"session": only_session(home).id, "act": "start"})
    with pytest.raises(Conflict) as late:
        home.app.sessions.changes.reschedule(home.who(TEACHER), only_session(home).id, NewTime("2026-12-02 17:00"))
    assert late.value.code == "LATE"


def test_a_lesson_that_cannot_be_made_anew_is_called_off_and_everybody_is_told(home: Home) -> None:
    home.app.staffing.deactivate(home.who(DSL), OBSERVER)
    home.control("POST", "host", {"session": only_session(home).id, "act": "delete"})
    for _ in range(4):
        home.do_due()
        home.clock.advance(30)
    until_quiet(home)
    assert only_session(home).state is SessionState.CANCELLED
    assert len(mail(home, "Cancelled")) == 5


def test_nobody_is_said_to_be_told_who_was_shut_out(home: Home) -> None:
    short = only_session(home).short_id
    home.app.staffing.deactivate(home.who(DSL), TEACHER)
    would = home.app.sessions.changes.reassign(home.who(COORDINATOR), short, OTHER_TEACHER, dry_run=True).told.staff
    told = home.app.sessions.changes.reassign(home.who(COORDINATOR), short, OTHER_TEACHER).told.staff
    assert OTHER_TEACHER in told and TEACHER not in (*would, *told)


def test_when_somebody_leaves_their_lessons_are_looked_at_at_once(home: Home) -> None:
    left = home.app.staffing.deactivate(home.who(DSL), TEACHER)
    assert [s.short_id for s in left.sessions] == [only_session(home).short_id]
    home.do_due()
    assert (only_session(home).state, only_session(home).risk) == (SessionState.AT_RISK, "STAFF")


@pytest.mark.parametrize("who", [DSL])
def test_nobody_shuts_out_the_last_safeguarding_lead(home: Home, who: str) -> None:
    with pytest.raises(Conflict) as kept:
        home.app.staffing.deactivate(home.who(who), DSL)
    assert kept.value.code == "LAST_LEAD"
    assert home.who(DSL)


@pytest.mark.parametrize("note", ["Ada is ill, so we move.", "About OKAFOR: see you later."])
def test_a_note_that_names_a_child_goes_to_nobody(home: Home, note: str) -> None:
    changes, session = home.app.sessions.changes, only_session(home).id
    with pytest.raises(BadInput) as named:
        changes.reschedule(home.who(TEACHER), session, NewTime("2026-12-02 17:00", note=note))
    assert named.value.code == "NAME_IN_NOTE" and "Ada" not in str(named.value)
    with pytest.raises(BadInput):
        home.app.sessions.cancel(home.who(TEACHER), session, note=note)
    assert only_session(home).starts_at == STARTS_AT


def test_an_observer_who_said_no_is_shown_as_such(home: Home) -> None:
    assert home.app.sessions.list(home.who(TEACHER))[0].observer_answer == "asked"
    home.app.observers.decline(home.who(OBSERVER), only_session(home).id)
    assert home.app.sessions.list(home.who(TEACHER))[0].observer_answer == "no"
