"""Files that a school sends: read in within limits, and told line by line how they fared."""

from __future__ import annotations

import os
import stat
import sys

from zoomguard.cli import layout, show
from zoomguard.domain.csv_files import MOST_BYTES, BadLine
from zoomguard.domain.errors import BadInput
from zoomguard.domain.people_files import ImportAnswer
from zoomguard.domain.times import printable


def content_of(name: str) -> bytes:
    """The bytes of a file, "-" for standard input. BadInput where it is too large or cannot be read."""
    try:
        if name == "-":
            return _within(sys.stdin.buffer.read(MOST_BYTES + 1))
        with open(name, "rb") as file:
            found = os.fstat(file.fileno())
            if stat.S_ISREG(found.st_mode) and found.st_size > MOST_BYTES:
                raise _too_large()
            return _within(file.read(MOST_BYTES + 1))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a name"
        raise BadInput(f"{printable(name)[:80]} cannot be read ({why}).", "Check the name.", code="NO_FILE") from None


def _within(content: bytes) -> bytes:
    if len(content) > MOST_BYTES:
        raise _too_large()
    return content


def _too_large() -> BadInput:
    return BadInput("The file is larger than 5 MiB.", "Split the file.", code="CSV_TOO_LARGE")


def tell(answer: ImportAnswer, again: str, *, dry_run: bool, skip_bad: bool, as_json: bool) -> int:
    """Says how a file fared; `again` is the command to repeat. Exit 1 where any line was refused."""
    show.out(_lines(answer, again, dry_run, skip_bad), as_json)
    if as_json:
        show.document(answer.as_json())
    return show.REFUSED if answer.refused else show.DONE


def _lines(answer: ImportAnswer, again: str, dry_run: bool, skip_bad: bool) -> list[str]:
    counts = f"{answer.new} new  {answer.changed} changed  {answer.same} same  {len(answer.refused)} refused"
    lines = [f"{answer.kind}  {counts}"]
    if answer.pending:
        have = "1 permission has" if answer.pending == 1 else f"{answer.pending} permissions have"
        lines += layout.wrap(f"{have} not been verified and will not pass.")
    lines += [line for bad in answer.refused for line in _bad(bad)]
    return [*lines, *layout.wrap(_end(answer, again, dry_run, skip_bad))]


def _bad(bad: BadLine) -> list[str]:
    text = f"{bad.message.rstrip('.')}; {bad.remedy}" if bad.remedy else bad.message
    return layout.wrap(printable(text), f"line {bad.line}  {bad.code}  ", "    ")


def _end(answer: ImportAnswer, again: str, dry_run: bool, skip_bad: bool) -> str:
    if dry_run:
        return "Nothing was written. Run again without --dry-run."
    if answer.written:
        left = layout.counted(len(answer.refused), "line was", "lines were")
        return f"Written; {left} left out." if answer.refused else "Written."
    count = layout.counted(len(answer.refused), "line", "lines")
    return f"Nothing was written. Correct the {count}, or go on without: {again} --skip-bad"
