"""A weekly series: the same wall time on the same day of the week, without the days on which the college is closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from zoomguard.domain import times
from zoomguard.domain.calendars import Closure, closed_on
from zoomguard.domain.errors import BadInput

MOST_OCCURRENCES = 60
WEEK = timedelta(days=7)
FOLDS = ("earlier", "later")


@dataclass(frozen=True)
class Occurrence:
    """One lesson of a series: `local` is its wall time "2027-03-21 10:00"; `skipped` names the closure, if any."""

    local: str
    skipped: str = ""


def occurrences(
    start: str,
    zone: str,
    until_on: date,
    fold: str | None,
    closures: Sequence[Closure],
    term_dates: Sequence[Closure],
) -> tuple[Occurrence, ...]:
    """Every occurrence from `start` to `until_on`, skipped ones included.

    Wall times that do not exist or come twice are given as they are: `times.to_utc` says so of each.
    BadInput BAD_TIME, BAD_TIMEZONE, BAD_FOLD, SERIES_ENDS_EARLY and SERIES_TOO_LONG (more than 60).
    """
    first = times.local_start(start)
    times.zone(zone)
    _check_fold(fold)
    days = _days(first.date(), until_on)
    return tuple(Occurrence(f"{day} {first:%H:%M}", closed_on(day, closures, term_dates)) for day in days)


def _check_fold(fold: str | None) -> None:
    if fold and fold not in FOLDS:
        raise BadInput(
            f'"{times.printable(fold)[:40]}" is neither earlier nor later.',
            "Say --fold earlier or --fold later, or leave it out.",
            code="BAD_FOLD",
        )


def _days(first: date, until_on: date) -> tuple[date, ...]:
    if until_on < first:
        raise BadInput(
            f"The series ends on {until_on}, before its first lesson on {first}.",
            "Give a later last day.",
            code="SERIES_ENDS_EARLY",
        )
    count = (until_on - first).days // WEEK.days + 1
    if count > MOST_OCCURRENCES:
        raise BadInput(
            f"A series of {count} lessons is too long.",
            f"Give a last day that makes at most {MOST_OCCURRENCES}.",
            code="SERIES_TOO_LONG",
        )
    return tuple(first + n * WEEK for n in range(count))
