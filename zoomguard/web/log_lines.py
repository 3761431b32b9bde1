"""Log lines without secrets: an error's class and place, never its words, which can hold values."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


class QuietFormatter(logging.Formatter):
    """Says of an exception what it is and where it came from; messages, arguments and source are left out."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with nothing that another formatter has made of the exception."""
        record.exc_text = None
        return super().format(record)

    def formatException(  # noqa: N802
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        """`Class at file:line in function < ...`, innermost first, causes after it."""
        return in_short(ei[1]) if ei[1] is not None else ""


def in_short(error: BaseException) -> str:
    """An exception, its causes and members, each by class and the places it passed."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    places = " < ".join(f"{f.filename.rpartition('zoomguard/')[2]}:{f.lineno} in {f.name}" for f in frames)
    inner = [e for e in (error.__cause__, error.__context__) if e is not None][:1]
    members = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return "\n".join([f"{type(error).__name__} at {places}", *(in_short(e) for e in (*inner, *members))])


def quieten() -> None:
    """Gives every handler of the root this format; makes one on stderr where there is none."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler(sys.stderr))
    for handler in root.handlers:
        handler.setFormatter(QuietFormatter(FORMAT))
    # Below a warning uvicorn writes about itself, not about the service.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
