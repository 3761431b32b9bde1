"""The archive before a Zoom and an S3 that fail: nothing false is ever verified, and the next run makes good."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.archive import rows
from tests.archive.bucket import Bucket
from tests.archive.lessons import MB, TWO_PARTS, held, switch
from tests.archive.s3_proxy import BEGIN, COMPLETE, PART, S3Proxy, proxied_moto
from tests.house import Home, a_home
from zoomguard.domain.recordings import FileState


def must_have_stopped(home: Home, bucket: Bucket, tally: Any, *codes: str) -> None:
    """Postponed for a stated reason; no file that failed counts, no bag is sealed, nothing unfinished is left."""
    assert tally.exit == "postponed"
    assert set(tally.postponed.values()) <= set(codes), tally.postponed
    assert bucket.sealed() == [] and bucket.unfinished() == []
    stood = set(bucket.keys())
    for file in rows.files(home):
        assert (file.state is FileState.VERIFIED) == (file.key in stood), file.name
        assert file.state is FileState.VERIFIED or file.last_error_code in codes


def must_make_good(home: Home, bucket: Bucket, tmp_path: Path) -> None:
    """Once the fault is off the next run ends in one valid bag with each key once."""
    home.sandbox.faults.clear()
    tally = home.app.archive.run()
    assert (tally.exit, tally.sealed) == ("done", 1), tally
    (bag,) = bucket.bags(tmp_path / "bags").values()
    (recording,) = home.sandbox._zoom.state.recordings.values()
    proper = sorted(file.medium.sha256() for file in recording.files)
    assert sorted(bag.payload_entries()[p]["sha256"] for p in bag.payload_files()) == proper
    assert {f.state for f in rows.files(home)} == {FileState.VERIFIED}
    assert all(f.zoom_size == f.size and not f.last_error_code for f in rows.files(home))
    assert bucket.unfinished() == []


# What Zoom does -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", [True, "GET /cdn/"])
def test_fault_36_a_page_in_place_of_media_is_never_verified(
    home: Home, bucket: Bucket, tmp_path: Path, on: object
) -> None:
    held(home)
    switch(home, "html_instead_of_media", on=on)
    must_have_stopped(home, bucket, home.app.archive.run(), "HTML_INSTEAD_OF_MEDIA")
    assert bucket.keys() == []
    must_make_good(home, bucket, tmp_path)


def test_fault_36_a_page_that_calls_itself_media_is_never_verified(home: Home, bucket: Bucket, tmp_path: Path) -> None:
    held(home)
    switch(home, "html_instead_of_media", on="GET /cdn/", content_type="video/mp4")
    must_have_stopped(home, bucket, home.app.archive.run(), "NOT_MEDIA")
    assert bucket.keys() == []
    must_make_good(home, bucket, tmp_path)


@pytest.mark.parametrize("size_bytes", [MB, TWO_PARTS])
def test_fault_37_a_size_that_is_not_zooms_is_never_verified(
    home: Home, bucket: Bucket, tmp_path: Path, size_bytes: int
) -> None:
    held(home, size_bytes=size_bytes)
    switch(home, "wrong_size")
    must_have_stopped(home, bucket, home.app.archive.run(), "SIZE_MISMATCH")
    assert bucket.keys() == []
    must_make_good(home, bucket, tmp_path)


def test_fault_37_media_whose_size_stays_wrong_are_never_taken_and_texts_are_at_the_third_try(
    home: Home, bucket: Bucket
) -> None:
    held(home)
    switch(home, "wrong_size")
    for _ in range(4):
        tally = home.app.archive.run()
        assert tally.exit == "postponed" and set(tally.postponed.values()) == {"SIZE_MISMATCH"}
    verified = {f.name: (f.zoom_size or 0) - (f.size or 0) for f in rows.files(home) if f.state is FileState.VERIFIED}
    assert verified == {"transcript.vtt": 1024, "chat.txt": 1024}
    assert bucket.sealed() == []


def test_fault_33_a_download_that_is_always_cut_is_never_verified(home: Home, bucket: Bucket, tmp_path: Path) -> None:
    held(home, size_bytes=TWO_PARTS)
    switch(home, "truncated", after_bytes=3 * MB)
    tally = home.app.archive.run()
    assert tally.exit == "postponed" and set(tally.postponed.values()) <= {"CONNECTION_LOST", "TRUNCATED"}
    assert bucket.sealed() == [] and bucket.unfinished() == []
    assert "video.mp4" not in {v.path.removeprefix("data/") for v in bucket.versions()}
    must_make_good(home, bucket, tmp_path)


def test_fault_33_a_cut_download_goes_on_where_it_was_cut(home: Home, bucket: Bucket, tmp_path: Path) -> None:
    held(home, size_bytes=TWO_PARTS)
    switch(home, "truncated", times=1, after_bytes=17 * MB)
    assert home.app.archive.run().exit == "done"
    ranges = [c["range"] for c in home.sandbox.calls() if c["path"].startswith("/cdn/")]
    assert f"bytes={17 * MB}-" in ranges
    assert len(bucket.bags(tmp_path / "bags")) == 1


def test_fault_34_a_server_that_ignores_range_is_read_from_the_beginning(
    home: Home, bucket: Bucket, tmp_path: Path
) -> None:
    held(home, size_bytes=TWO_PARTS)
    switch(home, "truncated", times=1, after_bytes=17 * MB)
    switch(home, "range_ignored")
    assert home.app.archive.run().exit == "done"
    must_hold_the_film(home, bucket, tmp_path)


def must_hold_the_film(home: Home, bucket: Bucket, tmp_path: Path) -> None:
    (bag,) = bucket.bags(tmp_path / "bags").values()
    (recording,) = home.sandbox._zoom.state.recordings.values()
    assert bag.payload_entries()["data/video.mp4"]["sha256"] == recording.files[0].medium.sha256()
    assert bucket.unfinished() == []


@pytest.mark.parametrize("times", [1, None])
def test_fault_15_an_expired_token_is_renewed_and_the_copy_goes_on(
    home: Home, bucket: Bucket, tmp_path: Path, times: int | None
) -> None:
    held(home)
    switch(home, "expired_token", times=times)
    assert home.app.archive.run().exit == "done"
    assert 401 in [c["status"] for c in home.sandbox.calls() if c["path"].startswith("/rec/download/")]
    must_hold_the_film(home, bucket, tmp_path)


# Where Zoom leads ---------------------------------------------------------------------------------------------------


class Trap:
    """A server that must never be asked: it notes every connection, and answers with media."""

    def __init__(self, address: str) -> None:
        self.heard: list[bytes] = []
        self._listening = socket.create_server((address, 0))
        self.url = f"http://{address}:{self._listening.getsockname()[1]}/stolen"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                with connection, suppress(OSError):
                    connection.settimeout(2)
                    self.heard.append(connection.recv(4096))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n\0\0\0\x0cftypisom")

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@pytest.fixture
def traps() -> Iterator[dict[str, Trap]]:
    made = {address: Trap(address) for address in ("127.0.0.1", "127.0.0.2")}
    yield made
    for trap in made.values():
        trap.close()


ELSEWHERE = (
    "{127.0.0.1}",
    "{127.0.0.2}",
    "http://169.254.169.254/latest/meta-data/",
    "file:///etc/passwd",
    "//127.0.0.2/x",
    "http://zoom.us@{trap}/x",
    "http://localhost:{port}/x",
    "http://2130706433:{port}/x",
    "http://[::ffff:127.0.0.1]:{port}/x",
)


def test_fault_38_a_redirect_to_a_place_not_on_the_lists_is_not_followed(
    home: Home, bucket: Bucket, traps: dict[str, Trap]
) -> None:
    held(home)
    trap = traps["127.0.0.1"].url.split("/")[2]
    for pattern in ELSEWHERE:
        to = pattern.replace("{trap}", trap).replace("{port}", trap.partition(":")[2])
        for address, each in traps.items():
            to = to.replace(f"{{{address}}}", each.url)
        switch(home, "redirect_elsewhere", to=to)
        must_have_stopped(home, bucket, home.app.archive.run(), "HOST_REFUSED")
    assert bucket.keys() == []
    assert [t.heard for t in traps.values()] == [[], []]


def test_fault_38_what_is_only_offered_elsewhere_for_a_day_is_missing(home: Home) -> None:
    held(home)
    switch(home, "redirect_elsewhere", to=ELSEWHERE[2])
    assert home.app.archive.run().exit == "postponed"
    home.clock.advance(25 * 3600)
    assert home.app.archive.run().exit == "wrong"
    assert {kind for kind, _ in rows.incidents(home)} == {"file_missing"}


def test_fault_38_the_copy_is_made_once_the_redirect_is_right_again(
    home: Home, bucket: Bucket, tmp_path: Path, traps: dict[str, Trap]
) -> None:
    held(home)
    switch(home, "redirect_elsewhere", to=traps["127.0.0.1"].url)
    assert home.app.archive.run().exit == "postponed"
    must_make_good(home, bucket, tmp_path)


def test_fault_38_the_content_network_may_not_lead_elsewhere_either(
    home: Home, bucket: Bucket, traps: dict[str, Trap]
) -> None:
    held(home)
    switch(home, "redirect_elsewhere", on="GET /cdn/", to=traps["127.0.0.2"].url)
    must_have_stopped(home, bucket, home.app.archive.run(), "HOST_REFUSED")
    assert [t.heard for t in traps.values()] == [[], []]


def test_fault_40_a_redirect_without_end_is_left(home: Home, bucket: Bucket) -> None:
    held(home)
    origin = home.sandbox.settings()["ZOOMGUARD_ZOOM_API_URL"].removesuffix("/v2")
    switch(home, "redirect_elsewhere", to=f"{origin}/rec/download/round")
    must_have_stopped(home, bucket, home.app.archive.run(), "REDIRECT_LOOP")
    assert rows.downloads(home) <= 4 * 6


def test_fault_39_the_content_network_never_sees_our_bearer(home: Home) -> None:
    held(home)
    assert home.app.archive.run().exit == "done"
    asked = [c for c in home.sandbox.calls() if c["path"].startswith(("/rec/", "/cdn/"))]
    seen = {(c["path"].split("/")[1], c["authorization"]) for c in asked}
    assert seen == {("rec", "Bearer"), ("cdn", None)}


# What S3 does -------------------------------------------------------------------------------------------------------


@contextmanager
def behind_a_proxy(path: Path) -> Iterator[tuple[Home, S3Proxy, Bucket]]:
    with ExitStack() as stack:
        proxy = stack.enter_context(proxied_moto())
        yield stack.enter_context(a_home(path, ZOOMGUARD_S3_ENDPOINT_URL=proxy.url)), proxy, Bucket(proxy.url)


def test_fault_44_and_45_what_s3_did_without_our_hearing_of_it_is_adopted_at_once(tmp_path: Path) -> None:
    with behind_a_proxy(tmp_path / "home") as (home, proxy, bucket):
        held(home, size_bytes=TWO_PARTS)
        lost = (r"PUT .*/data/[^?]*", r"PUT .*recording\.json", r"PUT .*tagmanifest-sha256\.txt", PART, COMPLETE)
        proxy.lose(*lost)
        assert home.app.archive.run().exit == "done"
        assert len(proxy.lost) == len(lost)
        must_hold_the_film(home, bucket, tmp_path)
        assert len(bucket.keys()) == len(set(bucket.keys())) == 9
        assert rows.downloads(home) == 4


@pytest.mark.parametrize("lost", [BEGIN, r"HEAD .*/data/.*", r"HEAD .*recording\.json.*", r"PUT .*retention.*"])
def test_fault_44_and_45_where_a_run_had_to_stop_the_next_one_adopts(tmp_path: Path, lost: str) -> None:
    with behind_a_proxy(tmp_path / "home") as (home, proxy, bucket):
        held(home, size_bytes=TWO_PARTS if lost.startswith(("PUT", "POST")) else None)
        proxy.lose(lost)
        assert home.app.archive.run().exit == "postponed"
        assert len(proxy.lost) == 1
        assert home.app.archive.run().exit == "done"
        must_hold_the_film(home, bucket, tmp_path)
        assert len(bucket.keys()) == len(set(bucket.keys())) == 9
        assert rows.downloads(home) == 4 + (lost == BEGIN)


def test_an_s3_that_is_away_leaves_nothing_half_done(tmp_path: Path) -> None:
    with behind_a_proxy(tmp_path / "home") as (home, proxy, bucket):
        held(home, size_bytes=TWO_PARTS)
        proxy.lose_all(r"(PUT|POST) .*")
        tally = home.app.archive.run()
        assert tally.exit == "postponed"
        proxy.lose_all("")
        home.app.archive.run()
        must_hold_the_film(home, bucket, tmp_path)
        assert len(bucket.keys()) == len(set(bucket.keys())) == 9


def test_where_zoom_wants_us_to_wait_the_other_hosts_are_not_asked_either(home: Home) -> None:
    held(home)
    switch(home, "daily_limit", on="GET /users/")
    before = len(home.zoom_calls("/recordings"))
    tally = home.app.archive.run()
    assert tally.postponed == {"host 1 and the rest": "ZOOM_DAILY_LIMIT"}
    assert len(home.zoom_calls("/recordings")) - before == 1
    home.sandbox.faults.clear()
    assert home.app.archive.run().exit == "done"
