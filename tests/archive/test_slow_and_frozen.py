"""An S3 that crawls, and a process that is frozen in the middle of a copy: one outcome, and everybody can see it."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.archive import rows
from tests.archive.lessons import TWO_PARTS, held, wait
from tests.archive.operations import a_film, bucket_of, check_that_all_is_whole
from tests.archive.s3_proxy import S3Proxy, proxied_moto
from tests.e2e.town import PROGRAM, ROOT, wait_for
from tests.house import Home, a_home
from zoomguard.adapters.claims import advisory_key
from zoomguard.application import archive_bag, archive_copy, archive_flow, archive_one
from zoomguard.application.archive_copy import TakenOver
from zoomguard.application.archive_one import OneRecording
from zoomguard.domain.archive import ArchiveTally

DEEP = os.environ.get("ZOOMGUARD_TEST_DEEP") == "1"
SEED = 7
CRAWL = 20_000.0  # bytes a second: nothing of a film comes to its end


BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.needs_postgres)]


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("postgres_url")) if request.param == "postgres" else ""


@contextmanager
def crawling(path: Path, database_url: str) -> Iterator[tuple[Home, S3Proxy]]:
    """A lesson with a film, before an S3 to which parts crawl."""
    with ExitStack() as stack:
        proxy = stack.enter_context(proxied_moto())
        beside = {"database_url": database_url, "ZOOMGUARD_S3_ENDPOINT_URL": proxy.url}
        home = stack.enter_context(a_home(path / "home", **beside))
        held(home, size_bytes=TWO_PARTS)
        proxy.most_bytes_per_s = CRAWL
        yield home, proxy


@contextmanager
def archiving(home: Home, proxy: S3Proxy) -> Iterator[subprocess.Popen[str]]:
    """`zoomguard archive` as a process of its own, in the middle of a film."""
    with begin(home) as process:
        try:
            wait_for(lambda: [a for a in proxy.asked if "partNumber=" in a], 60, 0.05)
            yield process
        finally:
            process.kill()


def begin(home: Home) -> subprocess.Popen[str]:
    environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **home.environ}
    pipe = subprocess.PIPE
    # Tests that run in the background of a shell ignore Ctrl-C, and so would what they begin.
    argv = ["env", "--default-signal=INT", *PROGRAM, "archive"]
    return subprocess.Popen(argv, env=environ, cwd=ROOT, stdout=pipe, stderr=pipe, text=True)


def freeze(process: subprocess.Popen[str], home: Home) -> None:
    """Stops it between two transactions: in the middle of one it would hold up every other writer, not its copy."""
    for _ in range(50):
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        if not is_written(home):
            return
        process.send_signal(signal.SIGCONT)
        time.sleep(0.1)
    raise AssertionError("It was never between two transactions.")


def is_written(home: Home) -> bool:
    """Whether anybody is in the middle of a transaction that writes."""
    url = home.house.database.url
    if url.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(url.database), timeout=0, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            return False
    others = "datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False)) as connection:
        return connection.execute(f"SELECT 1 FROM pg_stat_activity WHERE {others}").fetchone() is not None


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, errors = process.communicate(timeout=120)
    return process.returncode, said + errors


def must_be_left_to_it(home: Home) -> None:
    """A night later nobody else is at work on the recording, and whoever asks is told so."""
    wait(home, hours=9)
    with begin(home) as other:
        code, said = ended(other)
    assert code == 0, said
    assert "1 recording in the hands of another run" in said
    assert "1 recording not whole in the archive yet, found up to" in said
    tally = home.app.archive.run()
    assert (tally.elsewhere, tally.copied) == (1, 0)
    assert tally.as_json()["waiting"] == 1 and tally.as_json()["longest_wait_s"] >= 9 * 3600
    again_at = home.app.archive.archive_recording(rows.recordings(home)[0].id)
    assert again_at is not None and bucket_of(home).versions() == []


def must_be_one_bag(home: Home, tmp_path: Path) -> None:
    check_that_all_is_whole(home, tmp_path)
    assert len(bucket_of(home).sealed()) == 1
    assert home.app.archive.run().as_json()["waiting"] == 0


@pytest.mark.deep
@pytest.mark.parametrize("database_url", BOTH if DEEP else BOTH[:1], indirect=True)
def test_fault_48_a_copy_to_a_slow_s3_keeps_its_claim_and_one_that_is_cut_off_goes_on_in_the_next_run(
    tmp_path: Path, database_url: str
) -> None:
    """How a claim is kept on PostgreSQL the frozen ones below try every time."""
    with crawling(tmp_path, database_url) as (home, proxy):
        with archiving(home, proxy) as first:
            must_be_left_to_it(home)
            proxy.lose_all(r"PUT .*/data/.*partNumber=.*")
            proxy.most_bytes_per_s = None
            code, said = ended(first)
        short = rows.recordings(home)[0].short_id
        assert code == 4 and f"postponed  {short}" in said, said
        assert "1 recording not whole in the archive" in said
        assert bucket_of(home).unfinished() == []
        proxy.lose_all("")
        with begin(home) as next_run:
            code, said = ended(next_run)
        assert code == 0 and "not whole" not in said, said
        must_be_one_bag(home, tmp_path)


def test_fault_62_a_frozen_process_keeps_its_claim_and_ends_well_once_it_is_thawed(
    tmp_path: Path, database_url: str
) -> None:
    """Its lock lives as long as it does: SIGSTOP lets go of no file lock, and of no connection to PostgreSQL."""
    with crawling(tmp_path, database_url) as (home, proxy), archiving(home, proxy) as frozen:
        freeze(frozen, home)
        must_be_left_to_it(home)
        proxy.most_bytes_per_s = None
        frozen.send_signal(signal.SIGCONT)
        code, said = ended(frozen)
        assert code == 0, said
        must_be_one_bag(home, tmp_path)


@pytest.mark.needs_postgres
def test_fault_62_a_frozen_process_whose_claim_was_lost_gives_way_to_who_took_over(
    tmp_path: Path, postgres_url: str
) -> None:
    """PostgreSQL ends the connection of a machine that is silent for too long, and with it the claim."""
    with crawling(tmp_path, postgres_url) as (home, proxy), archiving(home, proxy) as frozen:
        freeze(frozen, home)
        assert end_claim(postgres_url, rows.recordings(home)[0].id) == [(True,)]
        proxy.most_bytes_per_s = None
        tally = home.app.archive.run()
        assert (tally.exit, tally.copied, tally.sealed) == ("done", 4, 1), tally
        before = bucket_of(home).versions()
        frozen.send_signal(signal.SIGCONT)
        code, said = ended(frozen)
        assert code in (0, 4), said
        assert "fault" not in said.lower(), said
        assert bucket_of(home).versions() == before
        must_be_one_bag(home, tmp_path)


def end_claim(postgres_url: str, name: str) -> list[tuple[Any, ...]]:
    """Ends the connection that holds a claim. (pg_locks has the two halves of an advisory lock's 64 bits.)"""
    halves = divmod(advisory_key(name) % 2**64, 2**32)
    locks = "pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = %s"
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        return connection.execute(f"SELECT pg_terminate_backend(pid) FROM {locks}", halves).fetchall()


def test_an_interrupted_archive_ends_at_once_and_leaves_nothing_after_the_next_run(tmp_path: Path) -> None:
    """The part that is on its way would take a quarter of an hour."""
    with crawling(tmp_path, "") as (home, proxy):
        with archiving(home, proxy) as process:
            process.send_signal(signal.SIGINT)
            code, said = ended(process)
        assert (code, "Traceback" in said) == (130, False), said
        assert bucket_of(home).sealed() == []
        assert "video.mp4" not in [f.name for f in rows.files(home) if f.s3_version_id]
        proxy.most_bytes_per_s = None
        assert home.app.archive.run().exit == "done"
        assert bucket_of(home).unfinished() == []
        must_be_one_bag(home, tmp_path)


# Held up at any step, with its claim gone ------------------------------------------------------------------------

STEPS = {
    archive_one: ("archive.listed", "archive.finished"),
    archive_flow: ("archive.upload_begun", "archive.part_sent"),
    archive_copy: ("archive.copying", "archive.read", "archive.completed", "archive.copied", "archive.verified"),
    archive_bag: ("archive.bag_prepared", "archive.tag_put", "archive.tag_noted", "archive.sealed"),
}


OVERTAKEN_AT = [(module, point) for module, points in STEPS.items() for point in points]


@pytest.mark.deep
@pytest.mark.parametrize(("module", "point"), OVERTAKEN_AT if DEEP else random.Random(SEED).sample(OVERTAKEN_AT, 4))
def test_fault_62_a_run_that_is_overtaken_at_any_step_changes_nothing_of_what_the_other_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any, point: str
) -> None:
    with a_home(tmp_path / "home") as home:
        a_film(home, bucket_of(home))
        home.app.archive.discover()
        (recording,) = rows.recordings(home)
        overtaken = Overtaken(home, point)
        monkeypatch.setattr(module, "crash_point", overtaken)
        with suppress(TakenOver):
            OneRecording(home.app.archive.parts, recording.id, ArchiveTally()).archive()
        assert overtaken.tally is not None and overtaken.tally.exit == "done", overtaken.tally
        tally = home.app.archive.run()
        assert (tally.exit, tally.elsewhere, tally.copied) == ("done", 0, 0)
        assert {f.last_error_code for f in rows.files(home)} == {""}
        must_be_one_bag(home, tmp_path)


class Overtaken:
    """At a step, once, another run does all of it, as if the claim had been lost."""

    def __init__(self, home: Home, point: str) -> None:
        self.home, self.point = home, point
        self.tally: ArchiveTally | None = None

    def __call__(self, name: str) -> None:
        if name == self.point and self.tally is None:
            self.tally = ArchiveTally()
            self.tally = self.home.app.archive.run()
