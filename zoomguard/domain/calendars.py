"""The college's calendar: when its office is open, when it is closed, and what people's own calendars are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

PUBLISH, CANCEL = "PUBLISH", "CANCEL"
OUTSIDE_TERM = "outside term"
MONDAY_TO_FRIDAY = frozenset(range(5))


@dataclass(frozen=True)
class OfficeHours:
    """When the office writes to children, in the organisation's zone; `days` from 0 (Monday) to 6.

    The hours begin at `from_at` and are over at `until_at`; on `holidays` there are none.
    """

    days: frozenset[int] = MONDAY_TO_FRIDAY
    from_at: time = time(9)
    until_at: time = time(17)
    holidays: frozenset[date] = frozenset()

    def open_on(self, day: date) -> bool:
        """Whether there are office hours on that day."""
        return day.weekday() in self.days and day not in self.holidays


@dataclass(frozen=True)
class Closure:
    """Days with a name, the first and the last included: a closure, or a term."""

    name: str
    from_on: date
    until_on: date

    def includes(self, day: date) -> bool:
        """Whether the day is one of them."""
        return self.from_on <= day <= self.until_on


@dataclass(frozen=True)
class CalendarEntry:
    """What somebody's calendar is told of a session: no name, no link of one's own (RFC 5545).

    The same `uid` with a higher `sequence` replaces what was told before; `method` is "PUBLISH" or "CANCEL".
    """

    uid: str
    sequence: int
    method: str
    starts_at: datetime
    minutes: int
    summary: str
    description: str
    url: str
    made_at: datetime


def closed_on(day: date, closures: Sequence[Closure], term_dates: Sequence[Closure]) -> str:
    """The name of the closure that a day falls in, "outside term" where terms are given and it is in none, or ""."""
    for closure in closures:
        if closure.includes(day):
            return closure.name
    if term_dates and not any(term.includes(day) for term in term_dates):
        return OUTSIDE_TERM
    return ""
