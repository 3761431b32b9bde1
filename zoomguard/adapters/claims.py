"""Claims that die with their process: a file lock on one machine, an advisory lock on PostgreSQL."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa

from zoomguard.domain.errors import Busy

PAUSE_S = 0.1


class FileClaims:
    """flock on a file of ours for each name: the kernel lets it go when the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def claim(self, name: str, wait_s: float = 0) -> Iterator[bool]:
        """Tries for up to `wait_s` seconds; the claim is let go at the end of the block."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / hashlib.sha256(name.encode()).hexdigest()[:32]
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield _until(lambda: _locked(handle), wait_s)
        finally:
            os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class PostgresClaims:
    """A session advisory lock on a connection of its own: the server lets it go when the connection ends."""

    def __init__(self, url: sa.URL) -> None:
        self.engine = sa.create_engine(
            url,
            poolclass=sa.NullPool,
            hide_parameters=True,
            isolation_level="AUTOCOMMIT",
            connect_args={"connect_timeout": 5},
        )

    @contextmanager
    def claim(self, name: str, wait_s: float = 0) -> Iterator[bool]:
        """Tries for up to `wait_s` seconds; the claim is let go at the end of the block."""
        key = advisory_key(name)
        with self._connected() as connection:
            had = _until(lambda: _advised(connection, key), wait_s)
            try:
                yield had
            finally:
                if had:
                    _let_go(connection, key)

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        try:
            connection = self.engine.connect()
        except sa.exc.OperationalError:
            raise _away() from None
        with connection:
            yield connection


def advisory_key(name: str) -> int:
    """The signed 64 bits by which PostgreSQL knows a claim."""
    return int.from_bytes(hashlib.sha256(f"zoomguard/{name}".encode()).digest()[:8], "big", signed=True)


def _advised(connection: sa.Connection, key: int) -> bool:
    try:
        return bool(connection.execute(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar_one())
    except sa.exc.OperationalError:
        raise _away() from None


def _let_go(connection: sa.Connection, key: int) -> None:
    """At once: after a connection is closed the server takes a moment to notice, and the next one would be told that
    somebody is at work. A connection that broke has let go already."""
    with suppress(sa.exc.DBAPIError):
        connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": key})


def _away() -> Busy:
    return Busy("The database could not be reached for a claim.", "Try again.", code="DATABASE_BUSY")


def _until(attempt: Callable[[], bool], wait_s: float) -> bool:
    ends = time.monotonic() + wait_s
    while not attempt():
        if time.monotonic() >= ends:
            return False
        time.sleep(PAUSE_S)
    return True
