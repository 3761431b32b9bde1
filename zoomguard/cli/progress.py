"""Progress on standard error: one line that changes on a terminal, one line in all elsewhere."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import TextIO

from zoomguard.cli.layout import WIDEST
from zoomguard.domain.times import printable


class Progress:
    """Says how far something is. With `quiet` it says nothing."""

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self._stream, self._quiet, self._terminal = stream, quiet, stream.isatty()
        self._said = ""

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._said and self._terminal:
            self._write(f"\r{'':{len(self._said)}}\r")

    def say(self, text: str) -> None:
        """Shows a text in place of the last one; off a terminal only the first is written."""
        line = printable(text)[: WIDEST - 1]
        if self._quiet or (self._said and not self._terminal):
            return
        self._write(f"\r{line:<{len(self._said)}}" if self._terminal else f"{line}\n")
        self._said = line

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):  # Nobody watches any more: no reason to stop.
            self._stream.write(text)
            self._stream.flush()
