import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from zoomguard.adapters.clock import ASK_EVERY_S
from zoomguard.sandbox.clock import TOLD_AGAIN_WITHIN_S, SandboxClock

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def seconds_since(start: datetime, clock: SandboxClock) -> float:
    return (clock.now() - start).total_seconds()


def test_a_clock_starts_where_it_is_told_and_runs_on() -> None:
    clock = SandboxClock(START)
    first, second = clock.now(), clock.now()
    assert START <= first < second < START + timedelta(seconds=5)


def test_a_clock_without_a_start_shows_the_machines_time_in_utc() -> None:
    now = SandboxClock().now()
    assert abs((now - datetime.now(UTC)).total_seconds()) < 5
    assert now.utcoffset() == timedelta(0)


def test_advancing_adds_up() -> None:
    clock = SandboxClock(START)
    clock.advance(90)
    clock.advance(0)
    clock.advance(3600)
    assert 3690 <= seconds_since(START, clock) < 3695


def test_a_leap_takes_a_moment_to_be_seen_by_those_who_were_told_the_time_and_nobody_else() -> None:
    clock = SandboxClock(START)
    clock.advance(3600)
    assert clock.unseen_s() == 0
    clock.tell()
    assert 0 <= clock.unseen_s() <= TOLD_AGAIN_WITHIN_S
    time.sleep(TOLD_AGAIN_WITHIN_S)
    clock.advance(0.5)
    assert clock.unseen_s() == 0, "so little is no leap"
    for leap in (lambda: clock.advance(3600), lambda: clock.move_to(START + timedelta(days=1))):
        leap()
        assert clock.unseen_s() > 0
    assert ASK_EVERY_S < TOLD_AGAIN_WITHIN_S


def test_moving_to_a_time_in_another_zone_shows_utc_and_the_clock_runs_on_from_there() -> None:
    clock = SandboxClock(START)
    clock.advance(600)
    clock.move_to(datetime(2026, 12, 1, 23, 0, tzinfo=timezone(timedelta(hours=7))))
    assert 0 <= seconds_since(datetime(2026, 12, 1, 16, 0, tzinfo=UTC), clock) < 5
    assert clock.now().utcoffset() == timedelta(0)


@pytest.mark.parametrize("seconds", [-1, -0.001, float("nan"), float("-inf")])
def test_a_clock_does_not_advance_backwards(seconds: float) -> None:
    clock = SandboxClock(START)
    with pytest.raises(ValueError):
        clock.advance(seconds)
    assert clock.now() >= START


def test_a_clock_does_not_move_to_the_past() -> None:
    clock = SandboxClock(START)
    with pytest.raises(ValueError):
        clock.move_to(START - timedelta(seconds=1))
    assert clock.now() >= START


def test_a_time_without_a_zone_is_refused() -> None:
    naive = START.replace(tzinfo=None)
    with pytest.raises(ValueError):
        SandboxClock(naive)
    with pytest.raises(ValueError):
        SandboxClock(START).move_to(naive + timedelta(days=1))


@pytest.mark.parametrize("seconds", [float("inf"), 1e12])
def test_a_clock_does_not_run_past_the_end_of_the_calendar(seconds: float) -> None:
    clock = SandboxClock(START)
    with pytest.raises(ValueError):
        clock.advance(seconds)
    assert clock.now() < START + timedelta(seconds=5)
