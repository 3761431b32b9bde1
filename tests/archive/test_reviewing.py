"""A reviewer's fetch through the real service: resumed where it was cut, never a film that the bag does not have."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.archive import rows
from tests.archive.bucket import Bucket
from tests.archive.lessons import MB, held
from tests.archive.reviewing import Reviewing, reviewing
from tests.e2e.town import wait_for
from tests.house import Home, a_home
from tests.servers import plain_s3
from tests.servers.plain_s3 import PlainS3
from zoomguard.tables.recordings import RecordingFile

FILM_BYTES = 12 * MB
BUCKET = "zoomguard-sandbox"


@dataclass
class Desk:
    """A reviewer with a service, the S3 that it reads from, and one film."""

    service: Reviewing
    s3: PlainS3
    short: str
    film: RecordingFile
    to: Path

    @property
    def kept(self) -> Path:
        """The film in the bucket."""
        return self.s3.place(BUCKET, self.film.place, self.film.s3_version_id)

    @property
    def copy(self) -> Path:
        """The film at the reviewer's."""
        return self.to / self.short / "data" / self.film.name

    @property
    def part(self) -> Path:
        """What is there of it before it is whole."""
        return self.copy.with_name(f"{self.film.name}.part")

    def agrees(self) -> bool:
        """Whether the copy is what the bag says."""
        return hashlib.sha256(self.copy.read_bytes()).hexdigest() == self.film.sha256

    def starts(self) -> list[int]:
        """Where each reading of the film in the bucket began."""
        asked = [a.removeprefix("bytes=").split("-") for a in self.s3.asked]
        return [int(start) for start, last in asked if int(last) == FILM_BYTES - 1]


@pytest.fixture(scope="module")
def college(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with a_home(tmp_path_factory.mktemp("reviewed") / "home") as home:
        held(home, size_bytes=FILM_BYTES)
        assert home.app.archive.run().exit == "done"
        yield home


@pytest.fixture(scope="module")
def bucket(college: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bucket laid out as files."""
    folder = tmp_path_factory.mktemp("bucket")
    found = Bucket(college.sandbox.settings()["ZOOMGUARD_S3_ENDPOINT_URL"])
    plain_s3.keep(found.s3, found.name, folder)
    return folder


@pytest.fixture(scope="module")
def running(college: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PlainS3, Reviewing]]:
    """The service, and an S3 whose folder each test fills."""
    with plain_s3.serving(tmp_path_factory.mktemp("s3")) as s3, reviewing(college, s3.url) as service:
        yield s3, service


@pytest.fixture
def desk(college: Home, bucket: Path, running: tuple[PlainS3, Reviewing], tmp_path: Path) -> Iterator[Desk]:
    """A desk of this test's own, whose bucket it may spoil."""
    s3, service = running
    shutil.copytree(bucket, s3.folder, dirs_exist_ok=True)
    s3.asked.clear()
    film = next(f for f in rows.files(college) if f.size == FILM_BYTES)
    yield Desk(service, s3, rows.recordings(college)[0].short_id, film, tmp_path / "qa")
    if "OBJECT_DIFFERS" in service.log:
        service.kill()  # It would remember.
        service.forget()
        service.start()


def test_a_fetch_cut_at_60_percent_goes_on_by_range_to_the_same_film(desk: Desk) -> None:
    desk.s3.cut_at = FILM_BYTES * 6 // 10
    fetched = desk.service.fetch(desk.short, desk.to)
    assert fetched.code == 0, fetched.err
    first, second = desk.starts()
    assert (first, desk.agrees()) == (0, True)
    assert FILM_BYTES // 4 < second <= FILM_BYTES * 6 // 10


def test_a_service_killed_at_60_percent_and_started_again_gives_the_rest(desk: Desk) -> None:
    desk.s3.hold_at = FILM_BYTES * 6 // 10
    fetch = desk.service.begin(desk.short, desk.to)
    assert desk.s3.held.acquire(timeout=30)
    wait_for(lambda: desk.part.exists() and desk.part.stat().st_size > FILM_BYTES // 4, 20, 0.05)
    desk.service.kill()
    assert desk.service.ended(fetch).code == 4
    had = desk.part.stat().st_size
    assert 0 < had <= FILM_BYTES * 6 // 10 and not desk.copy.exists()
    desk.s3.hold_at = None
    desk.service.start()
    fetched = desk.service.fetch(desk.short, desk.to)
    assert fetched.code == 0, fetched.err
    assert desk.starts() == [0, had] and desk.agrees() and not desk.part.exists()


def test_a_film_with_one_other_byte_is_never_completed_until_it_agrees_again(desk: Desk) -> None:
    for place in (0, FILM_BYTES // 2, FILM_BYTES - 1):
        flip(desk.kept, place)
        fetched = desk.service.fetch(desk.short, desk.to)
        assert fetched.code == 5 and "OBJECT_DIFFERS" in fetched.err, fetched
        assert not desk.copy.exists() and not desk.part.exists()
        flip(desk.kept, place)
    assert desk.starts() == [0, 0, 0], "no range of it was read"
    assert desk.service.log.count("ERROR zoomguard.recordings OBJECT_DIFFERS: data/") == 3
    assert desk.service.fetch(desk.short, desk.to).code == 0
    assert desk.agrees()


def test_nobody_else_gets_the_whole_of_another_film_either(desk: Desk) -> None:
    flip(desk.kept, FILM_BYTES // 2)
    path = play_of(desk)
    head, body = raw(desk.service, path)
    assert head.startswith(b"HTTP/1.1 200 ") and 0 < len(body) < FILM_BYTES
    head, body = raw(desk.service, path, f"bytes={len(body)}-")
    assert head.startswith(b"HTTP/1.1 500 ") and json.loads(body)["error"]["code"] == "OBJECT_DIFFERS"


def test_a_small_object_that_differs_is_an_error_without_a_byte_of_it(desk: Desk, college: Home) -> None:
    chat = next(f for f in rows.files(college) if f.name == "chat.txt")
    flip(desk.s3.place(BUCKET, chat.place, chat.s3_version_id), 3)
    assert desk.service.fetch(desk.short, desk.to).code == 5
    assert not list(desk.to.rglob("chat.txt*"))


@pytest.mark.parametrize("change", ["shorter", "empty", "other bytes before it"])
def test_a_film_of_another_length_is_never_completed(desk: Desk, change: str) -> None:
    film = desk.kept.read_bytes()
    desk.kept.write_bytes({"shorter": film[:-1], "empty": b"", "other bytes before it": b"x" + film}[change])
    fetched = desk.service.fetch(desk.short, desk.to)
    assert fetched.code == 5, fetched
    assert not desk.copy.exists() and not desk.part.exists()


def test_of_a_film_that_grew_only_what_the_bag_has_is_given(desk: Desk) -> None:
    with desk.kept.open("ab") as file:
        file.write(b"more" * 1_000_000)
    assert desk.service.fetch(desk.short, desk.to).code == 0
    assert desk.agrees()


@pytest.mark.deep
def test_a_large_film_takes_as_much_memory_as_a_small_one(tmp_path: Path, deep: bool) -> None:
    peaks_mb = []
    with a_home(tmp_path / "home") as home:
        for day, size_bytes in enumerate((30 * MB, 300 * MB) if deep else (15 * MB, 50 * MB), 1):
            held(home, f"2026-12-0{day} 16:00", size_bytes=size_bytes)
            assert home.app.archive.run().exit == "done"
        bucket = Bucket(home.sandbox.settings()["ZOOMGUARD_S3_ENDPOINT_URL"])
        plain_s3.keep(bucket.s3, bucket.name, tmp_path / "s3")
        with plain_s3.serving(tmp_path / "s3") as s3, reviewing(home, s3.url) as service:
            for recording in rows.recordings(home):
                service.forget_peak()
                fetched = service.fetch(recording.short_id, tmp_path / "qa")
                assert fetched.code == 0, fetched.err
                peaks_mb.append((service.peak_kb / 1000, fetched.peak_kb / 1000))
    print(f"service and client, peaks in MB: {peaks_mb}")
    for small, large in zip(*peaks_mb, strict=True):
        assert large - small < 8, peaks_mb


def flip(path: Path, place: int) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1]))


def play_of(desk: Desk) -> str:
    """The path of the film in a new play."""
    url = f"{desk.service.url}/api/v1/recordings/{desk.short}/plays"
    why = {"purpose": "qa_review", "reason": "Weekly sample, week 49"}
    play: Any = urllib3.request("POST", url, json=why, headers=desk.service.bearer).json()["play"]
    number = next(o["number"] for o in play["objects"] if o["size"] == FILM_BYTES)
    return f"/api/v1/plays/{play['id']}/objects/{number}"


def raw(service: Reviewing, path: str, ranged: str = "") -> tuple[bytes, bytes]:
    """All that comes until the service closes: head and body."""
    headers = {"Host": "x", "Connection": "close", **service.bearer} | ({"Range": ranged} if ranged else {})
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items())]
    with socket.create_connection(service.address, timeout=30) as connection:
        connection.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        head, _, body = b"".join(iter(lambda: connection.recv(65536), b"")).partition(b"\r\n\r\n")
    return head, body
