"""Who is named instead of an observer who cannot: only those whom the next ask would not refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.application.lessons import only_session, writes
from tests.application.observing import OLU, PRIYA, RAO, more_observers
from tests.house import DSL, SAFE_ASK, TEACHER, Home
from zoomguard.application.lesson_offers import Rehearsal
from zoomguard.domain.errors import Refused
from zoomguard.domain.people import Role
from zoomguard.domain.sessions import POOL

COLIN_NO_ROLE = "c.baptiste@northmoor.example"


def remedies(ask: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        ask()
    return " ".join(f.remedy for f in refused.value.findings)


def rehearsed(home: Home, observer: str) -> Rehearsal:
    ask = replace(SAFE_ASK, observer=observer)
    found: Rehearsal = home.app.lesson_offers.rehearse(home.who(TEACHER), ask)
    return found


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_refusal_names_those_who_can_open_a_meeting(either_home: Home, dry_run: bool) -> None:
    said = remedies(lambda: either_home.schedule(observer=COLIN_NO_ROLE, dry_run=dry_run))
    assert PRIYA in said
    assert OLU in said
    assert RAO not in said


def test_the_page_offers_instead_those_who_can_open_a_meeting(home: Home) -> None:
    found = rehearsed(home, COLIN_NO_ROLE)
    assert sorted(one.email for one in found.instead) == [OLU, PRIYA]
    assert RAO not in " ".join(f.remedy for f in found.findings)


def test_whoever_is_suggested_is_taken(home: Home) -> None:
    for one in rehearsed(home, COLIN_NO_ROLE).instead:
        assert home.schedule(observer=one.email, dry_run=True).outcome == "possible"


def test_a_refused_change_names_those_who_can_open_a_meeting(home: Home) -> None:
    home.schedule()
    changes, short_id, sent = home.app.sessions.changes, only_session(home).short_id, len(writes(home))
    for dry_run in (True, False):
        said = remedies(
            lambda dry=dry_run: changes.replace_observer(home.who(DSL), short_id, COLIN_NO_ROLE, dry_run=dry)
        )
        assert OLU in said
        assert RAO not in said
    assert len(writes(home)) == sent


def test_with_nobody_but_the_unlicensed_nobody_is_named(home: Home) -> None:
    for email in (PRIYA, OLU):
        home.app.people.end_role(email, Role.OBSERVER)
    for observer in (PRIYA, POOL):
        assert "Nobody of the pool" in remedies(lambda who=observer: home.schedule(observer=who))


def test_where_zoom_cannot_tell_of_somebody_that_person_is_named(home: Home) -> None:
    home.app.people.end_role(OLU, Role.OBSERVER)
    home.sandbox.faults.switch("cut_connection", on=f"GET /v2/users/{RAO}")
    assert RAO in remedies(lambda: home.schedule(observer=COLIN_NO_ROLE))


def looked_up(home: Home, ask: Callable[[], object]) -> int:
    """How often Zoom is asked about somebody for it."""
    before = len(home.zoom_calls("users"))
    ask()
    return len(home.zoom_calls("users")) - before


def test_zoom_is_asked_of_nobody_more_where_the_observer_is_not_in_question(home: Home) -> None:
    more_observers(home)
    allowed = looked_up(home, lambda: home.schedule(dry_run=True))
    refused = looked_up(home, lambda: remedies(lambda: home.schedule(children=("C-0130",))))
    assert refused == allowed > 0


def test_zooms_word_of_a_moment_ago_will_do_for_a_suggestion(home: Home) -> None:
    def ask() -> int:
        return looked_up(home, lambda: remedies(lambda: home.schedule(observer=COLIN_NO_ROLE)))

    first, second = ask(), ask()
    home.clock.advance(61)
    assert (second < first, ask()) == (True, first)
