"""How long a recording is kept."""

from __future__ import annotations

from datetime import datetime, timedelta


def retain_until(last_recording_end_at: datetime, days: int) -> datetime:
    """The end of retention: whole days after the last recording end, in whole seconds UTC, rounded up.

    ValueError for fewer than one day: a recording is never due on the day it was made.
    """
    if days < 1:
        raise ValueError("a recording is kept for at least one day")
    until = last_recording_end_at + timedelta(days=days)
    return until if until.microsecond == 0 else until.replace(microsecond=0) + timedelta(seconds=1)
