"""CSV files as a school sends them, read with suspicion: from bytes to lines, or to lines with a reason.

No message repeats a cell: a cell that stands in the wrong column may be a child's name.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Generic, Protocol, TypeVar

from zoomguard.domain.errors import BadInput
from zoomguard.domain.people import address
from zoomguard.domain.times import printable

MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 5000
MOST_COLUMNS = 64
MOST_CHARACTERS = 1000
ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# No "@": a reference is never taken for an address.
REFERENCE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:/#-]{0,63}")
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Two format characters that names are written with (Persian, Hindi).
JOINERS = "\u200c\u200d"


@dataclass(frozen=True)
class BadLine:
    """A line that cannot be taken in, and what to do about it."""

    line: int
    code: str
    message: str
    remedy: str

    def as_json(self) -> dict[str, object]:
        """The parts by name."""
        return {"line": self.line, "code": self.code, "message": self.message, "remedy": self.remedy}


class Numbered(Protocol):
    """What was read from a line knows which line that was."""

    @property
    def line(self) -> int: ...


R = TypeVar("R", bound=Numbered)


@dataclass(frozen=True)
class FileRows(Generic[R]):
    """What a file says, and the lines that cannot be taken in, each in order."""

    rows: tuple[R, ...]
    bad: tuple[BadLine, ...]

    def without_repeats(self, key_of: Callable[[R], Hashable], code: str, what: str) -> FileRows[R]:
        """Keeps the first row of each key (None: not compared); later ones become bad lines naming it."""
        first: dict[Hashable, int] = {}
        rows, bad = [], list(self.bad)
        for row in self.rows:
            key = key_of(row)
            if key is None or first.setdefault(key, row.line) == row.line:
                rows.append(row)
            else:
                bad.append(BadLine(row.line, code, f"{what} is also on line {first[key]}.", "Keep one of the two."))
        return FileRows(tuple(rows), tuple(sorted(bad, key=lambda b: b.line)))


@dataclass(frozen=True)
class Line:
    """One row by column, in NFC without blanks around. Its readers raise BadInput."""

    number: int
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """The cell as it is; it may be empty."""
        return self.cells[column]

    def needed(self, column: str, code: str) -> str:
        """The cell, which must not be empty."""
        if not self.cells[column]:
            raise BadInput(f"{column} is empty.", f"Fill in {column}.", code=code)
        return self.cells[column]

    def many(self, column: str) -> tuple[str, ...]:
        """The parts of a list by |, each once."""
        parts = (p.strip() for p in self.cells[column].split("|"))
        return tuple(dict.fromkeys(p for p in parts if p))

    def reference(self, column: str) -> str:
        """A reference of the school's own; BAD_REFERENCE for anything else."""
        return as_reference(self.cells[column], column)

    def references(self, column: str) -> tuple[str, ...]:
        """A list of references."""
        return tuple(as_reference(part, column) for part in self.many(column))

    def day(self, column: str) -> date | None:
        """An ISO date or nothing; BAD_DATE for any other form."""
        text = self.cells[column]
        if not text:
            return None
        try:
            if ISO_DATE.fullmatch(text) is None:
                raise ValueError
            return date.fromisoformat(text)
        except ValueError:
            raise BadInput(f"{column} is not a date.", "Write it as 2026-12-01.", code="BAD_DATE") from None

    def yes_no(self, column: str) -> bool:
        """yes or no; YES_NO for anything else, nothing included."""
        text = self.cells[column].lower()
        if text not in ("yes", "no"):
            raise BadInput(f"{column} is neither yes nor no.", "Write yes or no.", code="YES_NO")
        return text == "yes"

    def mail(self, column: str) -> str:
        """An e-mail address in lower case, or nothing; EMAIL for anything else."""
        text = self.cells[column]
        try:
            return address(text) if text else ""
        except ValueError:
            look_alike = "" if text.isascii() else ": it has letters that only look plain"
            raise BadInput(
                f"{column} is not an e-mail address{look_alike}.",
                "Write it as name@college.example, in plain letters.",
                code="EMAIL",
            ) from None


def as_reference(text: str, column: str) -> str:
    """The text, which must have the form of a reference."""
    if REFERENCE.fullmatch(text) is None:
        raise BadInput(
            f"{column} is not a reference.",
            "Use up to 64 plain letters, digits and . _ : / # -",
            code="BAD_REFERENCE",
        )
    return text


def read_rows(
    content: bytes, columns: tuple[str, ...], row_of: Callable[[Line], R], ignored: tuple[str, ...] = ()
) -> FileRows[R]:
    """Reads a whole file. BadInput where it cannot be read at all, a bad line where one row cannot be.

    Columns that are `ignored` may be there, and nobody looks at what they hold.
    """
    numbered = _rows(_text(content), ignored)
    _, header = next(numbered, (1, []))
    names = _columns(header, columns)
    rows, bad = [], []
    for number, cells in numbered:
        try:
            rows.append(row_of(_line(number, names, cells)))
        except BadInput as error:
            bad.append(BadLine(number, error.code, error.message, error.remedy))
    return FileRows(tuple(rows), tuple(bad))


def _text(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise BadInput("The file is larger than 5 MiB.", "Split the file.", code="CSV_TOO_LARGE")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(
            "The file is not UTF-8.", 'Save it as "CSV UTF-8 (comma delimited)".', code="CSV_ENCODING"
        ) from None


def _rows(text: str, ignored: tuple[str, ...] = ()) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, with the line each begins on, without ignored columns; the first is the header."""
    top = text.lstrip().partition("\n")[0]
    delimiter = ";" if top.count(";") > top.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    count, begins = 0, 1
    left_out: frozenset[int] = frozenset()
    try:
        for cells in reader:
            if any(c and not c.isspace() for c in cells):
                if not count:
                    left_out = frozenset(n for n, name in enumerate(cells) if name.strip() in ignored)
                cells = [c for n, c in enumerate(cells) if n not in left_out]
                _check_size(count, begins, cells)
                yield begins, cells
                count += 1
            begins = reader.line_num + 1
    except csv.Error:
        raise BadInput(
            f"The file cannot be read from line {begins} on.",
            "Look for a quotation mark that is not closed.",
            code="CSV_FORM",
        ) from None


def _check_size(rows_before: int, line: int, cells: list[str]) -> None:
    if rows_before > MOST_ROWS:
        raise BadInput(f"The file has more than {MOST_ROWS} rows.", "Split the file.", code="CSV_TOO_MANY_ROWS")
    if len(cells) > MOST_COLUMNS:
        raise BadInput(
            f"Line {line} has more than {MOST_COLUMNS} columns.",
            "Leave other columns out.",
            code="CSV_TOO_MANY_COLUMNS",
        )
    if any(len(c) > MOST_CHARACTERS for c in cells):
        raise BadInput(
            f"A cell on line {line} is longer than {MOST_CHARACTERS} characters.",
            "Shorten it, or look for a quotation mark that is not closed.",
            code="CSV_CELL_TOO_LONG",
        )


def _columns(header: list[str], columns: tuple[str, ...]) -> list[str]:
    names = [h.strip() for h in header]
    found = set(names)
    reasons = []
    if missing := [c for c in columns if c not in found]:
        reasons.append("missing: " + ", ".join(missing))
    # Without any name of ours the first row is no header but somebody's data, and is not repeated.
    if (unknown := sorted(found.difference(columns))) and found.intersection(columns):
        reasons.append("unknown: " + ", ".join(printable(u)[:40] for u in unknown))
    if twice := sorted(n for n in found.intersection(columns) if names.count(n) > 1):
        reasons.append("twice: " + ", ".join(twice))
    if reasons:
        raise BadInput(
            f"The columns are not as they must be ({'; '.join(reasons)}).",
            f"Let the first row be: {','.join(columns)}",
            code="CSV_HEADER",
        )
    return names


def _line(number: int, names: list[str], cells: list[str]) -> Line:
    if len(cells) != len(names):
        raise BadInput(
            f"The line has {len(cells)} cells and the header {len(names)}.",
            "Put cells that hold the delimiter in quotation marks.",
            code="CSV_CELLS",
        )
    return Line(number, {n: _cell(n, c) for n, c in zip(names, cells, strict=True)})


def _cell(column: str, cell: str) -> str:
    if not cell.isprintable() and _hides(cell):
        raise BadInput(
            f"{column} holds a control character or a line break.",
            "Type the cell anew.",
            code="CONTROL_CHARACTER",
        )
    start = cell.lstrip().lstrip("'\"").lstrip()[:1]
    if start and unicodedata.normalize("NFKC", start)[0] in "=+-@":
        raise BadInput(
            f"{column} begins like a formula of a spreadsheet.",
            "Leave out = + - @ at the beginning.",
            code="CSV_FORMULA",
        )
    return unicodedata.normalize("NFC", cell).strip()


def _hides(cell: Iterable[str]) -> bool:
    return any(unicodedata.category(c) in HIDDEN and c not in JOINERS for c in cell)
