"""Runs one server for as long as the test run that asked for it lives.

A test run that is killed leaves no server behind, and none of its files: a process of its own watches for
the end of the owner, then ends the server and removes its directory.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOG = "server.log"


@dataclass(frozen=True)
class Kept:
    """A running server: the process that keeps it, and the directory that ends with it."""

    keeper: subprocess.Popen[bytes]
    directory: Path

    def wait_until(self, ready: Callable[[], bool], limit_s: float) -> None:
        """Return once the server answers; RuntimeError with its last words if it ends or stays silent."""
        give_up = time.monotonic() + limit_s
        while not ready():
            if self.keeper.poll() is not None or time.monotonic() > give_up:
                last_words = (self.directory / LOG).read_text(errors="replace")[-2000:]
                stop(self.keeper.pid, self.directory)
                raise RuntimeError(f"The server did not start: {self.keeper.args!r}\n{last_words}")
            time.sleep(0.05)


def keep(
    command: Sequence[str],
    directory: Path,
    owner: int,
    environment: Mapping[str, str],
    user: str | None = None,
) -> Kept:
    """Run `command` in `directory`, as `user` where given, until the process `owner` ends or `stop` comes."""
    keeper = subprocess.Popen(
        [sys.executable, __file__, str(owner), str(directory), user or "", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(environment),
        start_new_session=True,
    )
    return Kept(keeper, directory)


def stop(keeper: int, directory: Path, limit_s: float = 10) -> None:
    """End a kept server by its keeper's process id; its directory is gone on return."""
    if directory.exists() and is_alive(keeper):
        os.kill(keeper, signal.SIGTERM)
    give_up = time.monotonic() + limit_s
    while directory.exists() and is_alive(keeper) and time.monotonic() < give_up:
        time.sleep(0.02)
    shutil.rmtree(directory, ignore_errors=True)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def identity(user: str) -> dict[str, Any]:
    """What makes subprocess run something as `user`; nothing for an empty name."""
    if not user:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def main(owner: int, directory: Path, user: str, command: Sequence[str]) -> None:
    told_to_stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: told_to_stop.append(number))
    with (directory / LOG).open("wb") as log:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=directory, **identity(user)
        )
    while server.poll() is None and is_alive(owner) and not told_to_stop:
        time.sleep(0.1)
    if server.poll() is not None:
        return  # the owner reads the log, then removes the directory
    server.send_signal(signal.SIGINT)  # PostgreSQL waits for its clients on SIGTERM, not on SIGINT
    try:
        server.wait(timeout=5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4:])
