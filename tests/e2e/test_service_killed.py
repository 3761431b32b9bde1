"""The service is killed while Zoom's answer to a new meeting is lost: once at Zoom and once by mail, or nothing."""

from __future__ import annotations

import subprocess
import time

import pytest

from tests.e2e.town import INVITED, PROGRAM, ROOT, TEACHER, Town, wait_for

FAULTS = ("answer_lost", "cut_connection")
TWO_DAYS_AWAY, TEN_MINUTES_AWAY = "2026-11-25 09:00", "2026-11-23 09:10"
ENDS = ("scheduled", "failed", "cancelled")


@pytest.fixture(params=["town", pytest.param("postgres_town", marks=pytest.mark.needs_postgres)])
def any_town(request: pytest.FixtureRequest) -> Town:
    """The same town over SQLite and over PostgreSQL."""
    made: Town = request.getfixturevalue(request.param)
    return made


def ask_and_kill(town: Town, fault: str, start: str) -> None:
    """Schedules with Zoom's answer lost; a second later the service is gone, and comes back."""
    environ = town.environ | {"ZOOMGUARD_TOKEN": town.token(TEACHER)}
    town.fault(fault, times=1)
    argv = [*PROGRAM, *town.ask("--json", start=start)]
    with subprocess.Popen(argv, env=environ, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as asking:
        wait_for(lambda: "POST meetings" in town.zoom_calls(), 20, 0.02)
        time.sleep(1)
        town.kill_service()
        asking.communicate(timeout=30)
    town.start_service()


def settled(town: Town) -> str:
    """The session's last state; time is moved on as long as the service waits for it."""

    def look() -> str:
        (state,) = town.states()
        if state not in ENDS:
            town.pass_time(40)
            time.sleep(0.4)
        return state if state in ENDS else ""

    return str(wait_for(look, 40))


def let_the_sweep_run(town: Town) -> None:
    """Passes the moment at which a meeting that came late would be looked for."""
    before = town.call_count()
    town.pass_time(700)
    wait_for(lambda: "GET meetings" in town.zoom_calls(before))


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_01_a_session_two_days_away_is_scheduled_once(any_town: Town, fault: str) -> None:
    ask_and_kill(any_town, fault, TWO_DAYS_AWAY)
    assert settled(any_town) == "scheduled"
    assert len(any_town.meetings()) == 1
    wait_for(lambda: len(any_town.letters()) >= len(INVITED))
    let_the_sweep_run(any_town)
    assert any_town.states() == ["scheduled"] and len(any_town.meetings()) == 1
    assert any_town.letters() == sorted(INVITED)


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_01_a_session_ten_minutes_away_fails_closed(any_town: Town, fault: str) -> None:
    ask_and_kill(any_town, fault, TEN_MINUTES_AWAY)
    assert settled(any_town) == "failed"
    let_the_sweep_run(any_town)
    assert any_town.states() == ["failed"]
    assert any_town.meetings() == [] and any_town.mails() == []
