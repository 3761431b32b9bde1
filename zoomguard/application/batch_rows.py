"""From a file or a series to rows: each an ask of its own with a stable key, or a reason why not."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

from zoomguard.domain import series, times, timetable_files
from zoomguard.domain.batches import RowView
from zoomguard.domain.errors import BadInput
from zoomguard.domain.sessions import ScheduleAsk
from zoomguard.domain.timetable_files import TimetableRow, read_timetable, row_key
from zoomguard.rules.terms import Terms


@dataclass(frozen=True)
class Unit:
    """One lesson to be scheduled, or why it is not: skipped (a closure) or refused by its form."""

    line: int
    ask: ScheduleAsk | None
    label: str = ""
    starts_at: datetime | None = None
    outcome: str = "waiting"
    code: str = ""
    remedy: str = ""

    @property
    def key(self) -> str:
        """The same row has the same key in every run."""
        return row_key(self.ask) if self.ask else ""


def of_timetable(content: bytes, terms: Terms) -> tuple[Unit, ...]:
    """The units of a file, in its order; BadInput where it cannot be read at all."""
    found = read_timetable(content)
    units = [
        Unit(b.line, None, f"line {b.line}", None, "refused", b.code, f"{b.message} {b.remedy}") for b in found.bad
    ]
    for row in found.rows:
        units += _of_row(row, terms)
    return tuple(sorted(units, key=lambda u: u.line))


def of_series(ask: ScheduleAsk, until_on: date, terms: Terms) -> tuple[Unit, ...]:
    """The units of a weekly series; closures are named. BadInput where the series itself is wrong."""
    found = series.occurrences(ask.start, ask.zone, until_on, ask.fold, terms.closures, terms.term_dates)
    return tuple(_of_occurrence(n, ask, o) for n, o in enumerate(found, 1))


def in_columns(row: RowView) -> RowView:
    """What came of a row of a file, with remedies that name its columns."""
    findings = tuple(replace(f, remedy=timetable_files.in_columns(f.remedy)) for f in row.findings)
    return replace(row, remedy=timetable_files.in_columns(row.remedy), findings=findings)


def _of_row(row: TimetableRow, terms: Terms) -> list[Unit]:
    if row.weekly_until_on is None:
        return [_unit(row.line, row.ask)]
    try:
        units = of_series(row.ask, row.weekly_until_on, terms)
    except BadInput as error:
        return [
            Unit(row.line, row.ask, f"line {row.line}", None, "refused", error.code, f"{error.message} {error.remedy}")
        ]
    return [replace(u, line=row.line) for u in units]


def _of_occurrence(number: int, ask: ScheduleAsk, occurrence: series.Occurrence) -> Unit:
    unit = _unit(number, replace(ask, start=occurrence.local))
    if occurrence.skipped:
        return replace(unit, outcome="skipped", code="CLOSED", remedy=occurrence.skipped)
    return unit


def _unit(line: int, ask: ScheduleAsk) -> Unit:
    """What cannot be a time is refused here, so that the rest of the file is not kept waiting for it."""
    label = f"{ask.course or ask.group} {ask.start}".strip()
    try:
        wall = times.local_start(ask.start)
        label = f"{ask.course or ask.group} {wall:%a %-d %b %Y %H:%M}".strip()
        return Unit(line, ask, label, times.to_utc(wall, ask.zone, ask.fold))
    except BadInput as error:
        return Unit(
            line, ask, times.printable(label)[:80], None, "refused", error.code, f"{error.message} {error.remedy}"
        )


def as_text(ask: ScheduleAsk) -> str:
    """An ask as it is kept with its row."""
    return json.dumps(asdict(ask), sort_keys=True)


def of_text(text: str) -> ScheduleAsk:
    """The same read again."""
    said = json.loads(text)
    lists = {name: tuple(said[name]) for name in ("children", "without", "reserves")}
    return ScheduleAsk(**{**said, **lists})
