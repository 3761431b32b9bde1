"""A start as people say it: "tue 16:00", "1 Dec 16:00", "tomorrow 9:30"; or in full, "2026-12-01 16:00"."""

from __future__ import annotations

import re
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
    *said, clock = text.lower().replace(",", " ").split() or [""]
    matched = CLOCK.fullmatch(clock)
    if not said or matched is None or times.LOCAL.fullmatch(text.strip()):
        return times.local_start(text)
    here = now.astimezone(times.zone(zone_name)).replace(tzinfo=None)
    try:
        at = time(int(matched[1]), int(matched[2]))
        return datetime.combine(_day(said, at, here), at)
    except (ValueError, OverflowError):
        return times.local_start(text)  # Its refusal says how to write it.


def _day(said: list[str], at: time, here: datetime) -> date:
    """ValueError for words that make no day."""
    if len(said) == 1:
        return _near_day(said[0], at, here)
    weekday = None if said[0].isdigit() else _index(WEEKDAYS, said[0])
    day, month, *year = said if weekday is None else said[1:]
    found = _dated(int(day), _index(MONTHS, month) + 1, year, here.date())
    if weekday not in (None, found.weekday()):
        raise BadInput(
            f"{found:%-d %b %Y} is a {WEEKDAYS[found.weekday()].capitalize()}.",
            "Correct the day of the week, or leave it out.",
            code="BAD_TIME",
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
    this_year = date(today.year, month, day)
    return this_year if this_year >= today else date(today.year + 1, month, day)


def _index(names: tuple[str, ...], word: str) -> int:
    """Which of the names is meant by it or by its first letters, at least three."""
    if len(word) < SHORTEST_NAME:
        raise ValueError
    found = [n for n, name in enumerate(names) if name.startswith(word)]
    if not found:
        raise ValueError
    return found[0]
