"""How many meetings a host may still make, and when those that wait are made.

Zoom takes 100 requests to create or change meetings a day for each user, and its day is that of UTC
(developers.zoom.us/docs/api/rate-limits); ten are kept for repairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

A_DAY = 90
ONE_DAY = timedelta(days=1)


def waits_until(used_today: int, now: datetime, wanted: Sequence[datetime], a_day: int = A_DAY) -> tuple[date, ...]:
    """The UTC day on which each meeting is made, in the order of `wanted` (the moment from which it is wanted).

    Who has waited longest comes first; a day that is full hands on to the next. `a_day` is at least 1.
    """
    if a_day < 1:
        raise ValueError("with nothing to spend on any day, nothing is ever made")
    day, used = now.astimezone(UTC).date(), used_today
    made_on = [day] * len(wanted)
    for index in sorted(range(len(wanted)), key=lambda i: wanted[i]):
        due_on = wanted[index].astimezone(UTC).date()
        if due_on > day:
            day, used = due_on, 0
        if used >= a_day:
            day, used = day + ONE_DAY, 0
        made_on[index], used = day, used + 1
    return tuple(made_on)
