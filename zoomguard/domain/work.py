"""What falls due, and how long to wait after a failed try."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

LONGEST_PAUSE = timedelta(minutes=15)


@dataclass(frozen=True)
class DueWork:
    """An open piece of work: its kind, the id of what it is about, how often it was tried and asked for."""

    id: str
    kind: str
    subject: str
    attempts: int
    asked: int = 1


def pause_after(attempts: int) -> timedelta:
    """5 s after the first failed try, doubling, at most 15 minutes."""
    return min(timedelta(seconds=5 * 2 ** min(attempts - 1, 10)), LONGEST_PAUSE)
