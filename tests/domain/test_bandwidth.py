"""When copies have a cap."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from zoomguard.domain.bandwidth import Bandwidth

LONDON = "Europe/London"


def is_capped(bandwidth: Bandwidth, *when: int, zone: str = LONDON) -> bool:
    """Whether there is a cap at a UTC date and time."""
    rate = bandwidth.bytes_per_second(datetime(*when, tzinfo=UTC), zone)  # type: ignore[arg-type,misc]
    assert rate in (None, bandwidth.megabits_per_second * 125_000)
    return rate is not None


@pytest.mark.parametrize(
    ("when", "capped"),
    [
        ((2026, 12, 1, 19, 59, 59), True),
        ((2026, 12, 1, 20), False),
        ((2026, 12, 1, 23, 59, 59), False),
        ((2026, 12, 2, 0), False),
        ((2026, 12, 2, 6, 59, 59), False),
        ((2026, 12, 2, 7), True),
    ],
)
def test_the_night_goes_over_midnight(when: tuple[int, ...], capped: bool) -> None:
    assert is_capped(Bandwidth(), *when) is capped


@pytest.mark.parametrize(
    ("when", "capped"),
    [
        ((2026, 10, 24, 19), False),  # 20:00, summer time
        ((2026, 10, 25, 6, 30), False),  # 06:30, an hour after the clocks went back
        ((2026, 10, 25, 19, 30), True),  # 19:30
        ((2027, 3, 27, 19, 30), True),
        ((2027, 3, 28, 5, 59), False),  # 06:59, summer time
        ((2027, 3, 28, 6), True),
        ((2027, 3, 28, 19), False),
    ],
)
def test_the_hours_are_those_on_the_colleges_wall_when_clocks_change(when: tuple[int, ...], capped: bool) -> None:
    assert is_capped(Bandwidth(), *when) is capped


def test_an_hour_that_comes_twice_counts_twice_and_one_that_never_comes_does_not() -> None:
    hour = Bandwidth(100, time(1), time(2))
    assert [is_capped(hour, 2026, 10, 25, h, 30) for h in (23, 0, 1, 2)] == [True, False, False, True]
    assert [is_capped(hour, 2027, 3, 28, h, 30) for h in (0, 1)] == [True, True]


def test_the_hours_may_lie_within_one_day() -> None:
    noon = Bandwidth(100, time(12), time(13))
    assert [is_capped(noon, 2026, 12, 1, h) for h in (11, 12, 13, 23)] == [True, False, True, True]


def test_the_same_hour_twice_means_always_and_zero_means_never() -> None:
    for hour in range(24):
        assert is_capped(Bandwidth(100, time(7), time(7)), 2026, 12, 1, hour)
        assert not is_capped(Bandwidth(0), 2026, 12, 1, hour)
