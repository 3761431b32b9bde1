"""Migrates one SQLite file in a child that kills itself at a moment; run as `python -m tests.tables.migrating`.

Each line of standard input is "FILE REVISION MOMENT"; the answer is how the child ended, how many lines of
zoomguard's migration code it ran, and how many before it began to put the copy in its place. A moment is the
number of such a line; 0 is never. One process serves all
moments, because starting Python takes longer than a migration.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Any

import sqlalchemy as sa

from zoomguard.tables import migrations

WATCHED = ("migrations.py", "0001_main_job.py", "env.py")


def migrate(path: str, revision: str, moment: int) -> str:
    counted = placing = 0

    def on_line(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal counted
        if event == "line":
            counted += 1
            if counted == moment:
                os.kill(os.getpid(), signal.SIGKILL)
        return on_line

    def on_call(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal placing
        if frame.f_code.co_name == "_put_in_place":
            placing = counted
        return on_line if os.path.basename(frame.f_code.co_filename) in WATCHED else None

    sys.settrace(on_call)
    migrations.migrate(sa.URL.create("sqlite", database=path), revision)
    sys.settrace(None)
    return f"{counted} {placing}"


def in_child(path: str, revision: str, moment: int) -> tuple[int, str]:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, migrate(path, revision, moment).encode())
        os._exit(0)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    said = os.read(reader, 32)
    os.close(reader)
    return os.waitstatus_to_exitcode(status), said.decode()


if __name__ == "__main__":
    for line in sys.stdin:
        path, revision, moment = line.split()
        print(*in_child(path, revision, int(moment)), flush=True)
