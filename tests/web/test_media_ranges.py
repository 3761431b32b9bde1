"""Recordings over HTTP: one range at a time, whole or cut, never a part for the whole."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace

import pytest

from tests.web.serving import NOW, Site, everything, served
from zoomguard.application.watch import Watch
from zoomguard.domain.errors import NotThere, OutsideFailed
from zoomguard.domain.people import Who
from zoomguard.domain.recordings import Play, PlayObject, RecordingState, RecordingView
from zoomguard.web.bulkheads import MEDIA_MOST
from zoomguard.web.ranges import NotSatisfiable, Span, span_of

CONTENT = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATH = "/api/v1/plays/P1/objects/1"


class Shelf:
    """Recordings in memory with one play of one object; counts what is open, and fails as it is told."""

    def __init__(self) -> None:
        self.read_spans: list[tuple[int, int | None]] = []
        self.closed = threading.Semaphore(0)
        self.noted = 0
        self.fails_at: int | None = None
        self.more = 0
        self.finished: list[str] = []

    def show(self, who: Who, name: str) -> RecordingView:
        return RecordingView("R1", name, "01S", "S-7K2M", "MATHS-7B", RecordingState.ARCHIVED, NOW, None)

    def list(self, who: Who) -> tuple[RecordingView, ...]:
        return (self.show(who, "R-0001"),)

    def open(self, who: Who, name: str, purpose: str, reason: str) -> Play:
        return Play("P1", self.show(who, name), NOW + timedelta(hours=4), (self.object(who, "P1", 1),))

    def object(self, who: Who, play: str, number: int) -> PlayObject:
        if (play, number) == ("P1", 2):
            return PlayObject(2, "data/empty.txt", 0, hashlib.sha256(b"").hexdigest())
        if (play, number) != ("P1", 1):
            raise NotThere("There is no such recording for you.")
        return PlayObject(1, "data/video.mp4", len(CONTENT), SHA256)

    @contextmanager
    def read(self, who: Who, play: str, number: int, start: int, stop: int | None) -> Iterator[Iterator[bytes]]:
        self.read_spans.append((start, stop))
        if self.fails_at == 0:
            raise OutsideFailed("S3 does not answer.")
        content = CONTENT if number == 1 else b""
        try:
            yield self._chunks(content[start:stop])
        finally:
            self.noted += 1
            self.closed.release()

    def _chunks(self, content: bytes) -> Iterator[bytes]:
        for at in range(0, len(content), 65536):
            if self.fails_at is not None and at >= self.fails_at:
                raise OutsideFailed("S3 went away.")
            yield content[at : at + 65536]
        for _ in range(self.more):
            yield bytes(65536)

    def finish(self, who: Who, play: str) -> None:
        self.finished.append(play)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def library(shelf: Shelf, watch: Watch) -> Iterator[Site]:
    access = SimpleNamespace(who=lambda token: Who("01"))
    with served(SimpleNamespace(environment="sandbox", access=access, recordings=shelf, watch=watch)) as running:
        yield running


def test_a_play_is_opened_read_and_finished(library: Site, shelf: Shelf) -> None:
    assert library.ask("GET", "/api/v1/recordings", token="t").document["recordings"][0]["id"] == "R1"
    assert library.ask("GET", "/api/v1/recordings/R-0001", token="t").document["recording"]["short_id"] == "R-0001"
    why = {"purpose": "qa_review", "reason": "lesson review of the term"}
    opened = library.ask("POST", "/api/v1/recordings/R-0001/plays", why, "t")
    assert opened.status == 201
    play = opened.document["play"]
    assert (play["id"], play["until"], play["recording"]["id"]) == ("P1", "2026-11-23T13:00:00Z", "R1")
    first = {"number": 1, "path": "data/video.mp4", "size": len(CONTENT), "sha256": SHA256}
    assert play["objects"] == [first]
    assert library.ask("POST", "/api/v1/plays/P1/finish", {}, "t").status == 204
    assert shelf.finished == ["P1"]


def test_a_whole_object_comes_with_its_length_and_its_hash(library: Site, shelf: Shelf) -> None:
    reply = library.ask("GET", PATH, token="t")
    assert (reply.status, reply.body) == (200, CONTENT)
    assert reply.headers["Content-Length"] == str(len(CONTENT))
    assert reply.headers["ETag"] == f'"{SHA256}"'
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert reply.headers["Cache-Control"] == "private, no-store"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert shelf.read_spans == [(0, None)]


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-", 100, len(CONTENT)),
        ("bytes=-100", len(CONTENT) - 100, len(CONTENT)),
        ("bytes=70000-199999", 70000, 200000),
        ("Bytes=5-99999999999", 5, len(CONTENT)),
        ("bytes=-99999999999", 0, len(CONTENT)),
    ],
)
def test_one_range_is_206(library: Site, asked: str, start: int, stop: int) -> None:
    reply = library.ask("GET", PATH, token="t", headers={"Range": asked})
    assert (reply.status, reply.body == CONTENT[start:stop]) == (206, True)
    assert reply.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(CONTENT)}"
    assert reply.headers["Content-Length"] == str(stop - start)


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,5-6", f"bytes={len(CONTENT)}-", "bytes=-0", "bytes=-", "bytes=5-4", "bytes=a-b", "bytes=١-٢"]
)
def test_several_ranges_and_ranges_that_are_none_are_416(library: Site, shelf: Shelf, asked: str) -> None:
    reply = library.ask("GET", PATH, token="t", headers={"Range": asked.encode()})  # type: ignore[dict-item]
    assert (reply.status, reply.headers["Content-Range"]) == (416, f"bytes */{len(CONTENT)}")
    assert shelf.read_spans == []


def test_an_unknown_unit_and_another_object_give_the_whole(library: Site) -> None:
    assert library.ask("GET", PATH, token="t", headers={"Range": "lines=1-2"}).status == 200
    stale = {"Range": "bytes=0-9", "If-Range": '"another"'}
    assert library.ask("GET", PATH, token="t", headers=stale).status == 200
    same = {"Range": "bytes=0-9", "If-Range": f'"{SHA256}"'}
    assert library.ask("GET", PATH, token="t", headers=same).status == 206


def test_an_empty_object_is_whole_and_has_no_range(library: Site) -> None:
    path = PATH.replace("/1", "/2")
    reply = library.ask("GET", "/api/v1/plays/P1/objects/2", token="t")
    assert (reply.status, reply.body, reply.headers["Content-Length"]) == (200, b"", "0"), path
    asked = library.ask("GET", "/api/v1/plays/P1/objects/2", token="t", headers={"Range": "bytes=0-"})
    assert asked.status == 416


@pytest.mark.parametrize(("asked", "size"), [(["bytes=0-1", "bytes=3-4"], 10), (["bytes=0-"], 0), (["bytes=-5"], 0)])
def test_a_span_that_cannot_be_is_refused(asked: list[str], size: int) -> None:
    with pytest.raises(NotSatisfiable):
        span_of(asked, size)


def test_without_a_range_the_span_is_everything() -> None:
    assert span_of([], 7) == Span(0, 7, 7)


def test_the_reading_is_on_record_when_the_last_byte_is_there(library: Site, shelf: Shelf) -> None:
    for times in range(1, 21):
        assert library.ask("GET", PATH, token="t").status == 200
        assert shelf.noted == times


def test_what_fails_before_the_first_byte_is_answered_as_an_error(library: Site, shelf: Shelf) -> None:
    shelf.fails_at = 0
    reply = library.ask("GET", PATH, token="t")
    assert (reply.status, reply.code) == (502, "OUTSIDE_FAILED")
    assert reply.headers["Content-Type"] == "application/json"
    assert library.ask("GET", "/api/v1/plays/P2/objects/1", token="t").status == 404


@pytest.mark.parametrize("fails_at", [65536 * 3, 65536 * 15])
def test_what_fails_later_cuts_the_connection(library: Site, shelf: Shelf, fails_at: int) -> None:
    shelf.fails_at = fails_at
    request = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n".encode()
    head, _, body = library.raw(request).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert len(body) < len(CONTENT)


@pytest.mark.parametrize("more", [1, 2, 1_000_000])
def test_a_source_longer_than_it_said_is_cut_before_its_end(library: Site, shelf: Shelf, more: int) -> None:
    shelf.more = more
    request = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n".encode()
    _, _, body = library.raw(request).partition(b"\r\n\r\n")
    assert len(body) < len(CONTENT)
    assert shelf.closed.acquire(timeout=5)


def test_whoever_goes_away_lets_the_source_be_closed(
    library: Site, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.web.test_media_ranges.CONTENT", bytes(64 * 1024 * 1024))
    request = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", library.port), timeout=10) as connection:
        connection.sendall(request)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert shelf.closed.acquire(timeout=5)


def test_a_full_gallery_is_503_and_leaves_the_api_alone(
    library: Site, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.web.test_media_ranges.CONTENT", bytes(64 * 1024 * 1024))
    request = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n".encode()
    watching = [socket.create_connection(("127.0.0.1", library.port), timeout=10) for _ in range(MEDIA_MOST)]
    for connection in watching:
        connection.sendall(request)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    reply = library.ask("GET", PATH, token="t")
    assert (reply.status, reply.code, reply.headers["Retry-After"]) == (503, "BUSY", "5")
    assert library.ask("GET", "/api/v1/recordings", token="t").status == 200
    for connection in watching:
        connection.close()
    for _ in watching:
        assert shelf.closed.acquire(timeout=10)


def test_several_may_read_at_once(library: Site) -> None:
    request = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\nConnection: close\r\n\r\n".encode()
    readers = [socket.create_connection(("127.0.0.1", library.port), timeout=10) for _ in range(MEDIA_MOST)]
    for connection in readers:
        connection.sendall(request)
    for connection in readers:
        assert everything(connection).partition(b"\r\n\r\n")[2] == CONTENT
        connection.close()
