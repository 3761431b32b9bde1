"""A start as people say it: "tue 16:00", "1 Dec 16:00", "tomorrow 9:30"; or in full, "2026-12-01 16:00".

A day alone may be said likewise: "tue", "1 Dec", "tomorrow", "2026-12-01".
"""

from __future__ import annotations

import re
from calendar import isleap
from datetime import date, datetime, time, timedelta

from zoomguard.domain import times
from zoomguard.domain.errors import BadInput

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
NEAR = {"today": 0, "tomorrow": 1}
CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})")
SHORTEST_NAME = 3


def wall_start(text: str, zone_name: str, now: datetime) -> datetime:
    """The naive wall time that is meant, in that zone.

    A week day alone is the next one whose time is still to come; a date without its year is the next such date, today
    included. BadInput BAD_TIME for anything else, and where week day and date do not belong together.
    """
    here = now.astimezone(times.zone(zone_name)).replace(tzinfo=None)
    try:
        if times.LOCAL.fullmatch(text.strip()):
            return datetime.fromisoformat(text.strip())
        *said, clock = _words(text) or [""]
        matched = CLOCK.fullmatch(clock)
        if matched is None:
            raise ValueError
        at = time(int(matched[1]), int(matched[2]))
        return datetime.combine(_day(said, at, here, "BAD_TIME"), at)
    except (ValueError, OverflowError):
        raise BadInput(
            f'"{times.printable(text)[:40]}" is not a day and time.',
            'Write it as "2026-12-01 16:00", "1 Dec 16:00" or "tue 16:00".',
            code="BAD_TIME",
        ) from None


def day_said(text: str, zone_name: str, now: datetime) -> date:
    """The day that is meant, in that zone: a week day alone is the next one, today included.

    BadInput BAD_DATE for anything else, and where week day and date do not belong together.
    """
    here = now.astimezone(times.zone(zone_name)).replace(tzinfo=None)
    try:
        if times.DAY.fullmatch(text.strip()):
            return date.fromisoformat(text.strip())
        return _day(_words(text), time.max, here, "BAD_DATE")
    except (ValueError, OverflowError):
        raise BadInput(
            f'"{times.printable(text)[:40]}" is not a date.',
            'Write it as 2026-12-01, "1 Dec", tue or tomorrow.',
            code="BAD_DATE",
        ) from None


def _words(text: str) -> list[str]:
    return text.lower().replace(",", " ").split()


def _day(said: list[str], at: time, here: datetime, code: str) -> date:
    """ValueError for words that make no day; BadInput with that code for a week day that is not the date's."""
    if not said:
        raise ValueError
    if len(said) == 1:
        return _near_day(said[0], at, here)
    weekday = None if said[0].isdigit() else _index(WEEKDAYS, said[0])
    day, month, *year = said if weekday is None else said[1:]
    found = _dated(int(day), _index(MONTHS, month) + 1, year, here.date())
    if weekday not in (None, found.weekday()):
        raise BadInput(
            f"{found:%-d %b %Y} is a {WEEKDAYS[found.weekday()].capitalize()}.",
            "Correct the day of the week, or leave it out.",
            code=code,
        )
    return found


def _near_day(word: str, at: time, here: datetime) -> date:
    if word in NEAR:
        return here.date() + timedelta(days=NEAR[word])
    days = (_index(WEEKDAYS, word) - here.weekday()) % 7
    over = days == 0 and at <= here.time()
    return here.date() + timedelta(days=7 if over else days)


def _dated(day: int, month: int, year: list[str], today: date) -> date:
    if year:
        (digits,) = year
        return date(int(digits), month, day)
    # 29 February is not in every year; a start more than a year away is refused anyway.
    years = [y for y in (today.year, today.year + 1) if (month, day) != (2, 29) or isleap(y)]
    found = [date(y, month, day) for y in years]
    if coming := [d for d in found if d >= today]:
        return coming[0]
    raise ValueError


def _index(names: tuple[str, ...], word: str) -> int:
    """Which of the names is meant by it or by its first letters, at least three."""
    if len(word) < SHORTEST_NAME:
        raise ValueError
    found = [n for n, name in enumerate(names) if name.startswith(word)]
    if not found:
        raise ValueError
    return found[0]
