"""No room on the disk: what is there is read, nothing is changed by halves, and all goes on once there is room.

A limit on the size of files (RLIMIT_FSIZE) stands for a full disk: every write that would go beyond it fails.
"""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from sqlmodel import select

from tests.archive import rows
from tests.archive.lessons import MB, held
from tests.archive.operations import bucket_of, check_that_all_is_whole
from tests.archive.reviewing import Reviewing, reviewing
from tests.archive.test_few_files import ask, deliver, events
from tests.e2e.town import PROGRAM, ROOT
from tests.house import Home, a_home
from zoomguard.tables.recordings import Viewing

FILM_BYTES, ROOM_BYTES = 8 * MB, 3 * MB
UNLIMITED = resource.RLIM_INFINITY


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with a_home(tmp_path / "home") as opened:
        held(opened, size_bytes=FILM_BYTES)
        yield opened


@contextmanager
def no_room(process: int, left: int = 1) -> Iterator[None]:
    """A running process writes to no place of a file beyond this one."""
    resource.prlimit(process, resource.RLIMIT_FSIZE, (left, UNLIMITED))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))


def zoomguard(home: Home, *argv: str, room: bool) -> tuple[int, str]:
    """A command as a process of its own, with or without room on the disk."""

    def full() -> None:
        if not room:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1, UNLIMITED))

    environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **home.environ}
    ran = subprocess.run(
        [*PROGRAM, *argv], env=environ, cwd=ROOT, capture_output=True, text=True, preexec_fn=full, timeout=120
    )
    return ran.returncode, ran.stdout + ran.stderr


def test_fault_64_an_archive_without_room_for_its_database_says_so_and_the_next_run_ends_well(
    home: Home, tmp_path: Path
) -> None:
    before = home.app.audit.verify().entries
    code, said = zoomguard(home, "archive", room=False)
    assert code == 4 and "disk is full" in said and "[DISK_FULL]" in said, said
    assert bucket_of(home).versions() == [] and home.app.audit.verify().entries == before
    assert zoomguard(home, "audit", "verify", room=False)[0] == 0, "what is there is read"
    code, said = zoomguard(home, "archive", room=True)
    assert code == 0, said
    check_that_all_is_whole(home, tmp_path)
    assert intact(home)


def test_fault_64_a_service_without_room_reads_refuses_changes_and_lets_zoom_come_again(
    home: Home, tmp_path: Path
) -> None:
    assert home.app.archive.run().exit == "done"
    short = rows.recordings(home)[0].short_id
    with serving(home) as service:
        assert service.service is not None
        known = events(home)
        with no_room(service.service.pid):
            assert ask(service, "GET", "/recordings").status == 200
            refused = ask(service, "POST", f"/recordings/{short}/plays", purpose="qa_review", reason="Weekly sample")
            assert (refused.status, refused.json()["error"]["code"]) == (503, "DISK_FULL")
            assert [deliver(service, number) for number in range(3)] == [503] * 3
        assert (viewings(home), events(home)) == (0, known), "nothing by halves"
        assert [deliver(service, number) for number in range(3)] == [200] * 3
        assert events(home) == known + 3
        opened = ask(service, "POST", f"/recordings/{short}/plays", purpose="qa_review", reason="Weekly sample")
        assert (opened.status // 100, viewings(home)) == (2, 1), opened.data
    assert home.app.audit.verify().broken is None and intact(home)


def test_fault_64_a_fetch_to_a_full_disk_says_so_and_goes_on_once_there_is_room(home: Home, tmp_path: Path) -> None:
    assert home.app.archive.run().exit == "done"
    short = rows.recordings(home)[0].short_id
    film = next(f for f in rows.files(home) if f.size == FILM_BYTES)
    to = tmp_path / "qa"
    with serving(home) as service:
        fetched = service.fetch(short, to, "/bin/bash", "-c", f'ulimit -f {ROOM_BYTES // 1024}; exec "$@"', "full")
        assert fetched.code == 4 and "Your disk is full" in fetched.err and "[DISK_FULL]" in fetched.err, fetched
        copy = to / short / "data" / film.name
        assert not copy.exists()
        assert copy.with_name(f"{film.name}.part").stat().st_size <= ROOM_BYTES
        fetched = service.fetch(short, to)
        assert fetched.code == 0, fetched.err
        assert copy.stat().st_size == FILM_BYTES and not list(to.rglob("*.part"))


def serving(home: Home) -> AbstractContextManager[Reviewing]:
    """The service, before the bucket of the sandbox."""
    return reviewing(home, home.sandbox.settings()["ZOOMGUARD_S3_ENDPOINT_URL"])


def viewings(home: Home) -> int:
    """How many plays are on record."""
    with home.house.database.reading() as tx:
        return len(tx.all(select(Viewing)))


def intact(home: Home) -> bool:
    """Whether SQLite finds its file whole."""
    with sqlite3.connect(home.path / "zoomguard.db") as connection:
        said: list[tuple[str]] = connection.execute("PRAGMA integrity_check").fetchall()
    return said == [("ok",)]
