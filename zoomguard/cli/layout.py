"""Text for people: at most 80 columns, wrapped by words, with week day and zone on every time."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Container, Sequence
from datetime import UTC, date, datetime, timedelta

from zoomguard.domain.errors import BadInput
from zoomguard.domain.times import local_start, parse_iso, spoken, zone

WIDEST, NARROWEST = 80, 40


def width() -> int:
    """The columns to use: the terminal's, between 40 and 80."""
    if not sys.stdout.isatty():
        return WIDEST
    return min(WIDEST, max(NARROWEST, shutil.get_terminal_size().columns))


def wrap(text: str, first: str = "", rest: str | None = None) -> list[str]:
    """The text in lines; `first` begins the first line, `rest` the others (blanks as long as `first`)."""
    return textwrap.wrap(
        text,
        width(),
        initial_indent=first,
        subsequent_indent=" " * len(first) if rest is None else rest,
        break_on_hyphens=False,
    ) or [first.rstrip()]


def facts(rows: Sequence[tuple[str, str]], indent: str = "  ", whole: Container[str] = ()) -> list[str]:
    """Lines of a label and what there is to say, the latter in one column; empty ones are left out. What stands under
    the labels `whole` is never broken: too long for its column, it has a line of its own."""
    rows = [(label, text) for label, text in rows if text]
    longest = max((len(label) for label, _ in rows), default=0)
    lines = []
    for label, text in rows:
        first = f"{indent}{label:<{longest}}  "
        if label not in whole:
            lines += wrap(text, first)
        elif len(first + text) <= width():
            lines.append(first + text)
        else:
            lines += [f"{indent}{label}", f"{indent}  {text}"]
    return lines


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows in columns. Where they are too wide, the last column goes to a line of its own."""
    columns = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    if sum(columns) + 2 * (len(columns) - 1) <= width():
        return [_row(row, columns) for row in (head, *rows)]
    lines = []
    for row in (head, *rows):
        lines += wrap(_row(row[:-1], columns[:-1]), rest="    ")
        lines += wrap(row[-1], "    ") if row[-1] else []
    return lines


def _row(cells: Sequence[str], columns: Sequence[int]) -> str:
    return "  ".join(f"{cell:<{size}}" for cell, size in zip(cells, columns, strict=True)).rstrip()


def moment(text: str, zone_name: str = "UTC") -> str:
    """An ISO moment as "Tue 1 Dec 2026 16:00 Europe/London"; the text itself where it is none."""
    try:
        return spoken(parse_iso(text), zone_name)
    except (ValueError, BadInput):
        return text


def short_day(text: str, zone_name: str) -> str:
    """An ISO date, or the local day of an ISO moment, as "Tue 1 Dec 2026"; the text itself where it is neither."""
    begins = _local(text, zone_name)
    try:
        return f"{begins or date.fromisoformat(text):%a %-d %b %Y}"
    except ValueError:
        return text


def local_time(text: str) -> str:
    """A wall time such as "2026-12-01 16:00 Europe/London" with its week day; an ISO moment in UTC."""
    wall, zone_name = text[:16], text[16:]
    try:
        return f"{local_start(wall):%a %-d %b %Y %H:%M}{zone_name}" if zone_name[:1] in ("", " ") else moment(text)
    except BadInput:
        return text


def day(text: str, zone_name: str) -> str:
    """The local day of an ISO moment with its zone: "Tuesday 1 December 2026, Europe/London"."""
    begins = _local(text, zone_name)
    return f"{begins:%A %-d %B %Y}, {zone_name}" if begins else text


def hours(text: str, minutes: int, zone_name: str) -> str:
    """The local times of a slot: "16:00-16:50", with the week day where it ends on another."""
    begins = _local(text, zone_name)
    if begins is None:
        return "?"
    # In UTC: the clocks may change within a lesson.
    ends = (begins.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(zone(zone_name))
    return f"{begins:%H:%M}-{ends:%H:%M}" if ends.date() == begins.date() else f"{begins:%H:%M}-{ends:%a %H:%M}"


def slot(text: str, minutes: int, zone_name: str) -> str:
    """A slot with day, times and zone: "Tue 1 Dec 2026 16:00-16:50 Europe/London"."""
    begins = _local(text, zone_name)
    return f"{begins:%a %-d %b %Y} {hours(text, minutes, zone_name)} {zone_name}" if begins else text


def _local(text: str, zone_name: str) -> datetime | None:
    try:
        return parse_iso(text).astimezone(zone(zone_name))
    except (ValueError, OverflowError, BadInput):
        return None


def size(count: int) -> str:
    """Bytes as people read them."""
    for unit, least in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= least:
            return f"{count / least:.1f} {unit}"
    return f"{count} B"


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun: "1 thing", "3 things"."""
    return f"{number} {one if number == 1 else many}"
