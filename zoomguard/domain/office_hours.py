"""When a message to a child may leave: in office hours at the college, and by day where the child lives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile

from zoomguard.domain.calendars import OfficeHours
from zoomguard.domain.times import day_in, zone

MORNING, EVENING = time(7), time(21)
SEARCHED = timedelta(hours=72)
# Who wakes a moment late must still find the office open, or the message waits day after day.
BEFORE_CLOSING = timedelta(minutes=30)
ONE_DAY = timedelta(days=1)
OUTSIDE_HOURS, TZ_EXCEPTION = "MSG-HOURS", "tz_exception"


@dataclass(frozen=True)
class Sendable:
    """The first moment at which a message may leave (aware UTC), and why it waits or goes at an odd hour.

    `reason` is "" (now), "MSG-HOURS" (it waits), or "tz_exception" (never office hours by day at the child's).
    """

    at: datetime
    reason: str = ""


@dataclass(frozen=True)
class _Span:
    """From a moment to another that is no longer in it."""

    from_at: datetime
    until_at: datetime

    def common(self, other: _Span) -> _Span | None:
        both = _Span(max(self.from_at, other.from_at), min(self.until_at, other.until_at))
        return both if both.from_at < both.until_at else None


def earliest(now: datetime, office: OfficeHours, college_zone: str, home_zone: str) -> Sendable:
    """When a message to a child may leave: in office hours (of the college's zone) and from 07:00 to 21:00 at home.

    Looked for in the 72 hours from the next office hours on, and at least on one whole day of them. Where there is
    no such moment, it leaves in the office hours nearest to the child's morning.
    BadInput BAD_TIMEZONE where a zone is none.
    """
    now = now.astimezone(UTC)
    slots = _slots(now, office, college_zone)
    for slot in slots:
        for day in _daytimes(slot, home_zone):
            if common := slot.common(day):
                return Sendable(common.from_at, OUTSIDE_HOURS if common.from_at > now else "")
    return Sendable(_nearest_to_morning(slots, home_zone), TZ_EXCEPTION)


def _slots(now: datetime, office: OfficeHours, college_zone: str) -> tuple[_Span, ...]:
    """What is left of the first office hours, the next ones whole, and all that begin 72 hours from the first."""
    hours = _office_hours(now, office, college_zone)
    first, second = next(hours), next(hours)
    return (first, second, *takewhile(lambda slot: slot.from_at < first.from_at + SEARCHED, hours))


def _office_hours(now: datetime, office: OfficeHours, college_zone: str) -> Iterator[_Span]:
    day = day_in(now, college_zone)
    while True:
        if office.open_on(day):
            hours = _Span(_at(day, office.from_at, college_zone), _at(day, office.until_at, college_zone))
            if hours.until_at > now:
                yield _Span(max(hours.from_at, now), hours.until_at)
        day += ONE_DAY


def _daytimes(slot: _Span, home_zone: str) -> Iterator[_Span]:
    day, last = day_in(slot.from_at, home_zone), day_in(slot.until_at, home_zone)
    while day <= last:
        yield _Span(_at(day, MORNING, home_zone), _at(day, EVENING, home_zone))
        day += ONE_DAY


def _nearest_to_morning(slots: tuple[_Span, ...], home_zone: str) -> datetime:
    """The office hours are all at night there: their ends are what is nearest to seven."""
    moments = [max(slot.from_at, slot.until_at - BEFORE_CLOSING) for slot in slots]
    return min(moments, key=lambda at: (_from_morning(at, home_zone), at))


def _from_morning(moment: datetime, home_zone: str) -> timedelta:
    day = day_in(moment, home_zone)
    return min(abs(moment - _at(d, MORNING, home_zone)) for d in (day, day + ONE_DAY))


def _at(day: date, wall: time, zone_name: str) -> datetime:
    return datetime.combine(day, wall, zone(zone_name)).astimezone(UTC)
