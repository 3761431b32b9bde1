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

MIB = 1024 * 1024


def content_of(name: str, most_bytes: int = MOST_BYTES) -> bytes:
    """The bytes of a file, "-" for standard input. BadInput where it is too large or cannot be read."""
    try:
        if name == "-":
            return _within(sys.stdin.buffer.read(most_bytes + 1), most_bytes)
        with open(name, "rb") as file:
            found = os.fstat(file.fileno())
            if stat.S_ISREG(found.st_mode) and found.st_size > most_bytes:
                raise _too_large(most_bytes)
            return _within(file.read(most_bytes + 1), most_bytes)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a name"
        raise BadInput(f"{printable(name)[:80]} cannot be read ({why}).", "Check the name.", code="NO_FILE") from None


def _within(content: bytes, most_bytes: int) -> bytes:
    if len(content) > most_bytes:
        raise _too_large(most_bytes)
    return content


def _too_large(most_bytes: int) -> BadInput:
    words = f"The file is larger than {most_bytes // MIB} MiB."
    return BadInput(words, "Split the file.", code="CSV_TOO_LARGE")


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
