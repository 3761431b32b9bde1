"""The file by which a teacher says what a term's lessons are; each line is a unit."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import date

from zoomguard.domain.csv_files import FileRows, Line, read_rows
from zoomguard.domain.errors import BadInput
from zoomguard.domain.sessions import POOL, ScheduleAsk

TIMETABLE_COLUMNS = (
    "teacher",
    "observer",
    "group",
    "children",
    "course",
    "start",
    "timezone",
    "minutes",
    "weekly_until",
)
# What is added where refused rows are left beside a timetable: such a file is corrected and read again as it is.
ADDED_COLUMNS = ("code", "reason")
# Remedies name options of the command line; whoever wrote a file looks for its columns.
IN_COLUMNS = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"Take the first: add --observer (\S+)", r"Take the first: write \1 in the column observer."),
        (
            r"Go on without: add --except (\S+)",
            r"Go on without \1: name the others in the column children, and leave the column group empty.",
        ),
        (r"Leave out --teacher, or ask", "Leave the column teacher empty, or ask"),
        (r"Add --group CLASS, or --child REF once for each child\.", "Fill in the column group, or children."),
        (r"Add --minutes, such as --minutes 50\.", "Fill in the column minutes, such as 50."),
        (r"Add --teacher EMAIL\.", "Fill in the column teacher."),
        (r"and give the zone with --timezone\.", "and give the zone in the column timezone."),
        (
            r"Say which with --fold earlier or --fold later\.",
            "Write another time in the column start, or schedule this lesson outside the file.",
        ),
    )
)


@dataclass(frozen=True)
class TimetableRow:
    """One line: an ask, and until when it comes again each week (None: once)."""

    line: int
    ask: ScheduleAsk
    weekly_until_on: date | None = None


def read_timetable(content: bytes) -> FileRows[TimetableRow]:
    """The lines of a timetable, each different one once. BadInput where the file cannot be read at all."""
    found = read_rows(content, TIMETABLE_COLUMNS, _row, ignored=ADDED_COLUMNS)
    return found.without_repeats(lambda r: _key_of(r.ask), "REPEATED_ROW", "This lesson")


def row_key(ask: ScheduleAsk) -> str:
    """What makes a row the same row again in a later run: who teaches what to whom and when, as written."""
    return "row-" + hashlib.sha256(_key_of(ask).encode()).hexdigest()[:32]


def in_columns(remedy: str) -> str:
    """What to do about a row, by the columns of the file."""
    for pattern, words in IN_COLUMNS:
        remedy = pattern.sub(words, remedy)
    return remedy


def _key_of(ask: ScheduleAsk) -> str:
    said = {**asdict(ask), "children": sorted(ask.children), "key": "", "dry_run": False}
    return json.dumps(said, sort_keys=True)


def _row(line: Line) -> TimetableRow:
    ask = ScheduleAsk(
        teacher=line.text("teacher"),
        observer=line.text("observer") or POOL,
        children=line.many("children"),
        course=line.text("course"),
        start=line.needed("start", "BAD_TIME"),
        minutes=_minutes(line),
        zone=line.text("timezone") or "Europe/London",
        group=line.text("group"),
    )
    return TimetableRow(line.number, ask, line.day("weekly_until"))


def _minutes(line: Line) -> int:
    text = line.text("minutes")
    if not text.isascii() or not text.isdigit() or not int(text[:6]):
        raise BadInput("minutes is not a whole number above 0.", "Write it as 50.", code="BAD_LENGTH")
    return int(text[:6])
