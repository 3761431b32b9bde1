"""Sessions that are scheduled and held in the sandbox."""

from __future__ import annotations

from datetime import timedelta

from tests.house import Home

MB = 1_000_000
# A copy goes in parts of 16 MiB: one full part and a rest; two full parts and a rest.
TWO_PARTS, THREE_PARTS = 18 * MB, 40 * MB


def held(home: Home, start: str = "2026-12-01 16:00", **script: object) -> str:
    """A session that was scheduled and held; its short id."""
    short = schedule(home, start)
    home.hold(short, **script)
    return short


def schedule(home: Home, start: str = "2026-12-01 16:00") -> str:
    """A session that was scheduled; its short id."""
    answer = home.schedule(start=start)
    assert answer.session is not None, answer
    return answer.session.short_id


def wait(home: Home, **time: float) -> None:
    """Lets the sandbox's time go by."""
    home.clock.advance(timedelta(**time).total_seconds())
