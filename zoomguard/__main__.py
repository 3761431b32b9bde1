"""The program `zoomguard`."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from zoomguard.cli.commands import run
from zoomguard.cli.show import INTERRUPTED


def main() -> None:
    """Runs the command line and exits with its code."""
    code = run(sys.argv[1:])
    if code == INTERRUPTED:
        _leave_at_once(code)
    sys.exit(code)


def _leave_at_once(code: int) -> None:
    """Waits for no thread: a copy on a slow line could go on for minutes, and is made to be cut off anywhere."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
