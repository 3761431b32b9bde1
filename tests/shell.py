"""A shell on a terminal, at which keys are pressed one by one."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PROMPT = "ready$ "
BYTES = {"Enter": "\r", "Up": "\x1b[A", "Left": "\x1b[D", "Backspace": "\x7f", "think": ""}
COLUMNS = "200"  # Wide enough for a command, so that readline does not fold it.


class Shell:
    """`press` sends keys and gives what was shown until the next prompt."""

    def __init__(self, terminal: int) -> None:
        self.terminal = terminal

    def press(self, keys: Iterable[str], within_s: float = 60) -> str:
        """Keys by name, anything else as it is; the last one is Enter."""
        os.write(self.terminal, "".join(BYTES.get(key, key) for key in keys).encode())
        return self.until_prompt(within_s)

    def until_prompt(self, within_s: float = 60) -> str:
        """What is shown until the shell is ready."""
        shown, ends_s = "", time.monotonic() + within_s
        while not shown.endswith(PROMPT):
            readable, _, _ = select.select([self.terminal], [], [], max(0.0, ends_s - time.monotonic()))
            if not readable:
                raise AssertionError(f"The shell is not ready: {shown[-500:]}")
            shown += os.read(self.terminal, 65536).decode(errors="replace")
        return shown


@contextmanager
def a_shell(home: Path, environ: Mapping[str, str]) -> Iterator[Shell]:
    """bash without anybody's habits, until the end of the block."""
    bash = shutil.which("bash")
    assert bash is not None
    ours, theirs = pty.openpty()
    said = {"PS1": PROMPT, "TERM": "dumb", "COLUMNS": COLUMNS, "HISTFILE": "/dev/null", "HOME": str(home), **environ}
    running = subprocess.Popen(
        [bash, "--norc", "--noprofile", "-i"],
        stdin=theirs, stdout=theirs, stderr=theirs, env=said, cwd=home, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        shell = Shell(ours)
        shell.until_prompt()
        yield shell
    finally:
        running.terminate()
        os.close(ours)
        running.wait(20)
