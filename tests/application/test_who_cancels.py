"""Roles that let somebody look do not let them cancel."""

from dataclasses import replace

import pytest

from tests.application.lessons import state_of
from tests.house import TEACHER, Home
from zoomguard.domain.errors import NotAllowed
from zoomguard.domain.people import Role
from zoomguard.domain.sessions import SessionState


@pytest.mark.parametrize("role", [Role.MONITOR, Role.AUDITOR, Role.LEADER])
def test_a_teacher_who_may_look_at_all_sessions_cancels_only_their_own(home: Home, role: Role) -> None:
    short_id = home.schedule().session.short_id
    other = replace(home.who("h.lindqvist@northmoor.example"), roles=frozenset({Role.TEACHER, role}))
    with pytest.raises(NotAllowed):
        home.app.sessions.cancel(other, short_id)
    assert state_of(home) is SessionState.SCHEDULED


def test_who_holds_no_role_any_more_reads_no_roster(home: Home) -> None:
    short_id = home.schedule().session.short_id
    with pytest.raises(NotAllowed):
        home.app.sessions.show(replace(home.who(TEACHER), roles=frozenset()), short_id)
