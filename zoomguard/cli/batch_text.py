"""A series or a timetable as people read it: counts first, then every row that was not done, then what to do."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoomguard.cli.answers import Said
from zoomguard.cli.errors_file import RefusedRow
from zoomguard.cli.gathering import about, gathered
from zoomguard.cli.layout import counted, facts, local_time, moment, short_day, table, wrap
from zoomguard.cli.session_text import findings
from zoomguard.domain.times import printable

WORDS = {
    "created": "scheduled",
    "planned": "planned",
    "unchanged": "already there, the same; left alone",
    "skipped": "skipped: the college is closed",
    "waiting": "not reached yet",
    "refused": "refused",
    "failed": "failed at an outside service",
}
# A dry run makes nothing: whatever would be made is one thing.
OPEN = frozenset({"created", "planned", "possible", "waiting", "scheduled"})
POSSIBLE = "can be scheduled"
NOT_DONE = ("refused", "failed", "skipped")
KINDS = {"csv": ("Timetable", "row", "rows"), "series": ("Series", "lesson", "lessons")}
BAR = 16


@dataclass(frozen=True)
class File:
    """What was sent: a timetable, with where its refused rows were left, or a series in its zone; each may be ""."""

    name: str = ""
    errors: str = ""
    zone: str = ""


class Counter:
    """The one line that says how far a batch is, with a guess when it ends from how fast it went so far."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._first: tuple[float, int] | None = None

    def line(self, answer: Said) -> str:
        """The counter for what the service says now."""
        batch = answer.needed("batch")
        total, done = batch.number("total"), batch.number("done")
        full = BAR * done // total if total else 0
        bar = f"[{'#' * full:-<{BAR}}] {done}/{total}"
        return "  ".join(filter(None, (bar, _newest(answer.parts("rows")), self._left(total, done))))

    def _left(self, total: int, done: int) -> str:
        now = self._seconds()
        begun, before = self._first = self._first or (now, done)
        if done <= before or now <= begun:
            return ""
        return f"{(total - done) * (now - begun) / (done - before):.0f} s left"


def _newest(rows: Sequence[Said]) -> str:
    made = (r.text("session_id") for r in reversed(rows) if r.text("outcome") != "waiting")
    return next(filter(None, made), "")


def result(answer: Said, file: File, dry_run: bool) -> list[str]:
    """What came of each row."""
    rows = answer.parts("rows")
    lines = [*wrap(_headline(answer, rows, file, dry_run)), "", *facts(_counts(rows, dry_run))]
    if answer.needed("batch").text("kind") == "series":
        lines += _lessons(rows, file.zone)
    for outcome in NOT_DONE:
        for alike in _alike(answer, outcome):
            lines += ["", *_row(alike, file.zone)]
    if any(r.text("waits_until") for r in rows):
        lines += ["", *wrap("Meetings that wait are made by themselves, on the days above.")]
    return [*lines, "", *wrap(f"Next: {_next(rows, file, dry_run)}")]


def _headline(answer: Said, rows: Sequence[Said], file: File, dry_run: bool) -> str:
    kind, one, many = KINDS.get(answer.needed("batch").text("kind"), KINDS["csv"])
    count = counted(len(rows), one, many)
    name = printable(Path(file.name).name) if file.name not in ("", "-") else kind
    if dry_run:
        return f"{name}: {count} looked at. Nothing was created, nothing was kept."
    done = sum(r.text("outcome") in ("created", "planned", "unchanged") for r in rows)
    return f"{name}: {done} of {count} stand."


def _counts(rows: Sequence[Said], dry_run: bool) -> list[tuple[str, str]]:
    groups: dict[str, list[Said]] = {}
    for row in rows:
        outcome = row.text("outcome")
        words = POSSIBLE if dry_run and outcome in OPEN else WORDS.get(outcome, outcome)
        groups.setdefault(words, []).append(row)
    ordered = sorted(groups, key=lambda words: [POSSIBLE, *WORDS.values(), words].index(words))
    widest = max((len(str(len(g))) for g in groups.values()), default=0)
    return [(f"{len(groups[w]):>{widest}}  {w}", _days(groups[w]) or " ") for w in ordered]


def _days(rows: Sequence[Said]) -> str:
    """How many meetings are made on which day: "90 today, 90 on Tue 24 Nov 2026"."""
    waits = Tally(r.text("waits_until") for r in rows)
    if set(waits) == {""}:
        return ""
    return ", ".join(
        f"{count} on {short_day(until, 'UTC')}" if until else f"{count} today" for until, count in sorted(waits.items())
    )


def _lessons(rows: Sequence[Said], zone: str) -> list[str]:
    made = [r for r in rows if r.text("session_id")]
    cells = [(r.text("session_id"), _when(r, zone), WORDS.get(r.text("outcome"), "")) for r in made]
    return ["", *table(("SESSION", "STARTS", ""), cells)] if made else []


def _when(row: Said, zone: str) -> str:
    """When a row's lesson starts; without a zone as its label says, which has the wall time of the file."""
    starts = row.text("starts")
    return moment(starts, zone) if zone and starts else row.text("label") or local_time(starts)


def _dates(rows: Sequence[Said], zone: str) -> str:
    """When the lesson of a row is; of many the number, the first and the last."""
    whens = list(dict.fromkeys(_when(row, zone) for row in rows))
    return whens[0] if len(whens) == 1 else f"{len(whens)} dates, {whens[0]} to {whens[-1]}"


def _alike(answer: Said, outcome: str) -> list[list[Said]]:
    """The rows with an outcome: those of one line of a file, or of a series, that have the same reason together."""
    a_file = answer.needed("batch").text("kind") != "series"
    groups: dict[tuple[object, ...], list[Said]] = {}
    for row in (r for r in answer.parts("rows") if r.text("outcome") == outcome):
        groups.setdefault((a_file and row.number("line"), row.text("code"), _reason(row)), []).append(row)
    return list(groups.values())


def _row(alike: Sequence[Said], zone: str) -> list[str]:
    """Rows that were not done for the same reason: where they stand, their code, what to do."""
    row = alike[0]
    line = row.number("line")
    lines_of = {r.number("line") for r in alike}
    parts = (f"line {line}" if line and len(lines_of) == 1 else "", row.text("code"), _dates(alike, zone))
    lines = wrap("  ".join(dict.fromkeys(filter(None, parts))), "  ", "    ")
    found = gathered(row.parts("findings"))
    if found:
        return lines + findings(found, "    ")
    return lines + (wrap(row.text("remedy"), "    ") if row.text("remedy") else [])


def refused_rows(answer: Said) -> list[RefusedRow]:
    """What the errors file needs of every refused row: each reason once, with its dates where a line has several."""
    of_line = Tally(row.number("line") for row in answer.parts("rows"))
    return [_refused(alike, of_line[alike[0].number("line")] > 1) for alike in _alike(answer, "refused")]


def _refused(alike: Sequence[Said], several: bool) -> RefusedRow:
    row = alike[0]
    dates = f"{_dates(alike, '')}: " if several else ""
    return RefusedRow(row.number("line"), row.text("code"), f"{dates}{_reason(row)}")


def _reason(row: Said) -> str:
    return " / ".join(_said(f) for f in gathered(row.parts("findings"))) or row.text("remedy")


def _said(finding: Said) -> str:
    return f"{finding.text('rule')}: {about(finding)}{finding.text('reason')} {finding.text('remedy')}".strip()


def _next(rows: Sequence[Said], file: File, dry_run: bool) -> str:
    outcomes = {r.text("outcome") for r in rows}
    again = "run it again without --dry-run" if dry_run else "run it again"
    reasons = f" ({printable(file.errors)} has them with their reasons)" if file.errors else ""
    if "refused" in outcomes:
        return f"correct the refused rows{reasons} and {again}; what is done is left alone."
    if dry_run:
        return f"{again}."
    return "run it again; what is done is left alone." if "failed" in outcomes else "zoomguard sessions list"
