"""The refused rows of a timetable beside it: the cells as they were, a code and a reason; safe in a spreadsheet."""

from __future__ import annotations

import csv
import io
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoomguard.cli import show
from zoomguard.domain.timetable_files import ADDED_COLUMNS

# A spreadsheet takes a cell that begins so for a formula (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class RefusedRow:
    """The line that a row begins on, and why it was refused."""

    line: int
    code: str
    reason: str


def written(name: str, text: str, refused: Sequence[RefusedRow]) -> str:
    """The path of the new NAME.errors.csv (0600); "" where nothing was refused or it cannot be written.

    Where nothing was refused, rows that an earlier run left there are taken out, and that is said.
    """
    if name == "-":
        return ""
    path = Path(name).with_suffix(".errors.csv")
    try:
        if not refused and not _has_rows_of_ours(path):
            return ""
        _keep(path, _content(text, refused))
    except OSError as error:
        show.note(f"{path} could not be written ({error.strerror}).")
        return ""
    if refused:
        return str(path)
    show.note(f"{path}: nothing is refused any more; the rows of an earlier run are taken out.")
    return ""


def _has_rows_of_ours(path: Path) -> bool:
    """Whether refused rows of an earlier run stand there; another's file is left alone, and no link is followed."""
    if path.is_symlink() or not path.is_file():
        return False
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    rows = _rows(text, _delimiter(text))
    try:
        _, header = next(rows, (1, []))
        return tuple(header[-len(ADDED_COLUMNS) :]) == ADDED_COLUMNS and next(rows, None) is not None
    except csv.Error:
        return False


def _content(text: str, refused: Sequence[RefusedRow]) -> str:
    target = io.StringIO()
    delimiter = _delimiter(text)
    writer = csv.writer(target, delimiter=delimiter, lineterminator="\r\n")
    rows = _without_added(_rows(text, delimiter))
    _, header = next(rows, (1, []))
    writer.writerow(_harmless((*header, *ADDED_COLUMNS)))
    by_line = dict(rows)
    for line in dict.fromkeys(row.line for row in refused):
        reasons = [row for row in refused if row.line == line]
        cells = by_line.get(line, [])
        blanks = [""] * (len(header) - len(cells))
        said = (reasons[0].code, " / ".join(dict.fromkeys(row.reason for row in reasons)))
        writer.writerow(_harmless((*cells, *blanks, *said)))
    return target.getvalue()


def _without_added(rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """The rows without the columns of an earlier run: such a file is sent again as it is."""
    added: frozenset[int] | None = None
    for line, cells in rows:
        if added is None:
            added = frozenset(n for n, name in enumerate(cells) if name.strip() in ADDED_COLUMNS)
        yield line, [cell for n, cell in enumerate(cells) if n not in added]


def _harmless(cells: Sequence[str]) -> list[str]:
    return [f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells]


def _delimiter(text: str) -> str:
    """As the service tells it: whichever the first line holds more of."""
    top = text.lstrip().partition("\n")[0]
    return ";" if top.count(";") > top.count(",") else ","


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, with the line each begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    begins = 1
    for cells in reader:
        if any(c and not c.isspace() for c in cells):
            yield begins, cells
        begins = reader.line_num + 1


def _keep(path: Path, content: str) -> None:
    """Whole or not at all, in place of an older one; a link there is replaced and not followed."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(content)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
