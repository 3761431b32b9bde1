"""Where our copy spends processor time: each call across a port, by the thread that made it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

WHOLE = "this thread as a whole"
ATTACHING_S = 0.5


@contextmanager
def sampled(file: str | None) -> Iterator[None]:
    """Has perf look at this process and its threads for as long as the block runs."""
    if file is None:
        yield
        return
    command = ["perf", "record", "-q", "-F", "997", "-o", file, "-p", str(os.getpid())]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as perf:
        time.sleep(ATTACHING_S)
        try:
            yield
        finally:
            perf.send_signal(signal.SIGINT)


class Stages:
    """Seconds of thread time by (thread, stage). What no port is asked for (SHA-256 above all) is the difference
    between a thread as a whole and its stages. Calls across a port cost a microsecond more."""

    def __init__(self) -> None:
        self._spent: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def named(self, stage: str) -> Iterator[None]:
        """Takes the time of a block."""
        began = time.thread_time()
        try:
            yield
        finally:
            with self._lock:
                self._spent[threading.current_thread().name, stage] += time.thread_time() - began

    def watching(self, recordings: Any, vault: Any) -> tuple[Any, Any]:
        """Both ports, with every call timed that the flow makes for bytes."""
        return _Recordings(self, recordings), _Vault(self, vault)

    def spent(self) -> list[tuple[str, str, float]]:
        """Thread, stage, seconds; most first."""
        return [(*key, seconds) for key, seconds in self._spent.most_common()]

    def timed(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call, on that stage's account."""

        def measured(*args: Any, **named: Any) -> Any:
            with self.named(stage):
                return call(*args, **named)

        return measured


class _Watched:
    """Stands before something; what is not timed goes straight through."""

    def __init__(self, stages: Stages, inner: Any) -> None:
        self._stages, self._inner = stages, inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def _timed(self, stage: str, name: str) -> Callable[..., Any]:
        return self._stages.timed(stage, getattr(self._inner, name))


class _Recordings(_Watched):
    @contextmanager
    def open(self, *args: Any) -> Iterator[Any]:
        with self._inner.open(*args) as download:
            yield _Download(self._stages, download)


class _Download(_Watched):
    def __init__(self, stages: Stages, inner: Any) -> None:
        super().__init__(stages, inner)
        self.read_into = self._timed("download: read_into", "read_into")


class _Vault(_Watched):
    def begin(self, *args: Any) -> Any:
        return _Upload(self._stages, self._inner.begin(*args))

    def put(self, *args: Any) -> Any:
        return self._timed("upload: put", "put")(*args)

    def checksum(self) -> Any:
        return _Checksum(self._stages, self._inner.checksum())


class _Upload(_Watched):
    def __init__(self, stages: Stages, inner: Any) -> None:
        super().__init__(stages, inner)
        self.part = self._timed("upload: part", "part")
        self.complete = self._timed("upload: complete", "complete")


class _Checksum(_Watched):
    def __init__(self, stages: Stages, inner: Any) -> None:
        super().__init__(stages, inner)
        self.update = self._timed("CRC-64/NVME", "update")
