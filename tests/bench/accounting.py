"""What a command costs with everything it starts: user and system time of each process, as the kernel tells it.

Linux only: processes that outlive their parent (`tee >(sha256sum)` leaves one) come to us as their subreaper.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from tests.bench.serving import ROOT

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
LIMIT_S = 900.0


@dataclass(frozen=True)
class Spent:
    """Seconds of processor and of the clock; `processes` are those that were waited for here."""

    cpu_s: float
    wall_s: float
    processes: int
    output: str


class CommandFailed(Exception):
    """A command ended with something else than 0."""


def run(command: list[str], env: Mapping[str, str]) -> Spent:
    """Runs a command to the end of the last process it started. CommandFailed with the end of its stderr."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, _subreaper():
        began = time.perf_counter()
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        with _limit(child.pid):
            statuses, cpu_s = _reaped(child.pid)
        wall_s = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(statuses[child.pid])
        if child.returncode:
            raise CommandFailed(f"{' '.join(command)}\nended with {child.returncode}: {_text(err)[-2000:]}")
        return Spent(cpu_s, wall_s, len(statuses), _text(out))


def _reaped(group: int) -> tuple[dict[int, int], float]:
    """Waits for all of a process group: pid -> status, and CPU seconds together with what each had waited for."""
    statuses, cpu_s = {}, 0.0
    while True:
        try:
            pid, status, usage = os.wait4(-group, 0)
        except ChildProcessError:
            return statuses, cpu_s
        statuses[pid] = status
        cpu_s += usage.ru_utime + usage.ru_stime


@contextmanager
def _subreaper() -> Iterator[None]:
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")
    try:
        yield
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@contextmanager
def _limit(group: int) -> Iterator[None]:
    timer = threading.Timer(LIMIT_S, os.killpg, (group, signal.SIGKILL))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _text(file: object) -> str:
    file.seek(0)  # type: ignore[attr-defined]
    return str(file.read(), "utf-8", "replace")  # type: ignore[attr-defined]
