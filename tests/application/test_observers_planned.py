"""A planned lesson whose observer was left to us gets another one on the day its meeting is made, where it must."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.application.lessons import audited, change_file, meetings, object_to, only_session, state_of
from tests.application.observing import OLU, PRIYA, answer, asks, email_of, id_of, mails, observers_of, quiet
from tests.house import COORDINATOR, DSL, TEACHER, Home
from zoomguard.domain.people import Role
from zoomguard.domain.sessions import POOL, SessionState

FAR = "2027-01-20 16:00"


def plan(home: Home, **change: Any) -> str:
    """A lesson far ahead, with an observer of the pool; who was picked."""
    home.schedule(**{"start": FAR, "observer": POOL, **change})
    assert state_of(home) is SessionState.PLANNED
    return picked(home)


def picked(home: Home) -> str:
    return email_of(home, only_session(home).observer_id)


def make(home: Home) -> None:
    """The day comes on which its meeting is made."""
    home.clock.move_to(only_session(home).starts_at - timedelta(days=14))
    quiet(home)


def leaves(home: Home, email: str) -> None:
    home.app.staffing.deactivate(home.who(DSL), email)


def training_ends(home: Home, email: str) -> None:
    change_file(home, "staff", lambda row: row["email"] == email and not row.update(training_until="2027-01-01"))


def loses_the_role(home: Home, email: str) -> None:
    home.app.people.end_role(email, Role.OBSERVER, until_on=date(2027, 1, 1))


def loses_the_licence(home: Home, email: str) -> None:
    home.sandbox._zoom.state.user(email).licensed = False


@pytest.mark.parametrize("happens", [leaves, training_ends, loses_the_role, loses_the_licence])
def test_another_observer_is_picked_where_the_first_may_no_longer(home: Home, happens: object) -> None:
    before = plan(home)
    happens(home, before)  # type: ignore[operator]
    make(home)
    assert state_of(home) is SessionState.SCHEDULED
    (other,) = {PRIYA, OLU} - {before}
    assert picked(home) == other
    assert meetings(home)[0].settings["alternative_hosts"] == other
    assert asks(home) == [(other, "assigned", "open")]
    assert (audited(home, "observer.replaced"), audited(home, "session.refused")) == (1, 0)
    assert not mails(home, before)
    assert not mails(home, TEACHER, "Not set up")


def test_the_rules_that_allow_the_lesson_were_asked_about_the_new_observer(either_home: Home) -> None:
    before = plan(either_home)
    leaves(either_home, before)
    make(either_home)
    assert state_of(either_home) is SessionState.SCHEDULED
    assert picked(either_home) != before
    shown = either_home.app.sessions.show(either_home.who(DSL), only_session(either_home).short_id)
    about = {r["subject"] for why in shown.why for r in why.rules if r["rule"] == "VC-OBSERVER"}
    assert picked(either_home) in about
    assert all(why.verdict == "pass" for why in shown.why)


def test_who_had_said_yes_and_may_no_longer_is_told_and_the_new_one_is_asked(home: Home) -> None:
    before = plan(home)
    observers_of(home).accept(home.who(before), only_session(home).short_id)
    loses_the_role(home, before)
    make(home)
    (other,) = {PRIYA, OLU} - {before}
    assert (picked(home), only_session(home).accepted_at) == (other, None)
    assert len(mails(home, before, "No longer yours")) == 1
    assert sorted(asks(home)) == sorted([(before, "assigned", "ended"), (other, "assigned", "open")])
    assert answer(home, other, True) == "accepted"


def test_with_nobody_left_it_is_refused(home: Home) -> None:
    plan(home)
    for email in (PRIYA, OLU):
        loses_the_role(home, email)
    make(home)
    assert state_of(home) is SessionState.REFUSED
    assert meetings(home) == []
    assert len(mails(home, TEACHER, "Not set up")) == 1
    assert (audited(home, "observer.replaced"), audited(home, "session.refused")) == (0, 1)


def test_who_is_taken_then_is_not_picked(home: Home) -> None:
    before = plan(home, children=("C-0101", "C-0102"))
    (other,) = {PRIYA, OLU} - {before}
    taken = {"teacher": "h.lindqvist@northmoor.example", "children": ("C-0120",), "course": "ART"}
    home.schedule(COORDINATOR, start=FAR, observer=other, **taken)
    leaves(home, before)
    session = home.app.sessions.list(home.who(TEACHER))[0].id
    home.clock.move_to(home.clock.now() + timedelta(days=45))
    quiet(home)
    assert home.app.sessions.show(home.who(DSL), session).session.state is SessionState.REFUSED


def test_an_observer_who_was_named_is_not_replaced(home: Home) -> None:
    assert plan(home, observer=PRIYA) == PRIYA
    loses_the_role(home, PRIYA)
    make(home)
    assert (state_of(home), picked(home)) == (SessionState.REFUSED, PRIYA)


def test_where_something_else_is_in_the_way_too_nobody_is_picked(home: Home) -> None:
    before = plan(home)
    loses_the_role(home, before)
    object_to(home, "C-0101", "refused")
    make(home)
    assert (state_of(home), picked(home)) == (SessionState.REFUSED, before)


def test_who_said_no_to_the_lesson_is_not_picked_for_it(home: Home) -> None:
    before = plan(home)
    (other,) = {PRIYA, OLU} - {before}
    topic, session = observers_of(home), only_session(home)
    topic.replacing.replace(home.who(DSL), session.short_id, POOL)
    topic.decline(home.who(other), session.short_id)
    home.app.people.end_role(before, Role.OBSERVER, until_on=date(2027, 1, 1))
    make(home)
    assert state_of(home) is SessionState.REFUSED
    assert id_of(home, before) == only_session(home).observer_id
