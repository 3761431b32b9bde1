"""How fast copies go: the cap of the terms by day, shared by all, and none at night."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from zoomguard.application.archive_pace import ASK_AGAIN_S, Pace
from zoomguard.domain.bandwidth import Bandwidth
from zoomguard.rules.terms import Terms

MB = 1_000_000
MORNING, EVENING = datetime(2026, 12, 1, 9, tzinfo=UTC), datetime(2026, 12, 1, 21, tzinfo=UTC)


@dataclass
class Time:
    """Time that goes by only where somebody sleeps, or lets it."""

    at: datetime
    passed_s: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.at + timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        return self.passed_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed_s += seconds


def pace_at(time: Time, megabits: int = 8) -> Pace:
    """One megabyte a second by day."""
    terms = Terms("test", bandwidth=Bandwidth(megabits))
    return Pace(time, terms, time.monotonic, time.sleep)


def read(pace: Pace, *counts: int) -> None:
    for count in counts:
        pace.wait()
        pace.used(count)


def test_by_day_all_copies_together_take_no_more_than_the_cap() -> None:
    time = Time(MORNING)
    pace = pace_at(time)
    read(pace, *[MB // 4] * 40)  # whoever reads asks the same pace
    pace.wait()
    assert time.passed_s == pytest.approx(10)


def test_the_first_bytes_and_those_after_a_pause_wait_for_nobody_and_a_pause_is_not_saved_up() -> None:
    time = Time(MORNING)
    pace = pace_at(time)
    read(pace, MB)
    assert time.slept == []
    time.passed_s = 100
    read(pace, MB)
    assert time.slept == []
    read(pace, MB)
    assert time.slept == [pytest.approx(1)]


def test_at_night_nobody_waits_and_by_day_nobody_where_there_is_no_cap() -> None:
    for time, megabits in ((Time(EVENING), 8), (Time(MORNING), 0)):
        read(pace_at(time, megabits), *[100 * MB] * 10)
        assert time.slept == []


def test_a_copy_that_runs_into_the_night_gets_faster_and_slower_again_in_the_morning() -> None:
    time = Time(datetime(2026, 12, 1, 19, 59, 50, tzinfo=UTC))
    pace = pace_at(time)
    while time.now() < EVENING.replace(hour=20):
        read(pace, MB)
    time.passed_s += ASK_AGAIN_S + 1
    read(pace, MB)
    slept = len(time.slept)
    read(pace, *[MB] * 100)
    assert len(time.slept) == slept
    time.passed_s += 11 * 3600
    read(pace, MB, MB)
    assert len(time.slept) == slept + 1
