"""The way to the bytes of a recording: bearer, redirects, ranges."""

import hashlib
from typing import Any

import pytest

from tests.adapters.scripted_server import (
    Asked,
    Reply,
    Script,
    Scripted,
    answer,
    edge,
    free,
    in_turn,
    scripted,
    with_token,
)
from zoomguard.adapters.hosts import Hosts
from zoomguard.adapters.http import READ_S, Http
from zoomguard.adapters.zoom_recordings import ZoomRecordings
from zoomguard.domain.errors import OutsideFailed, Throttled

MEDIA = b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 4000
VIDEO = {"Content-Type": "video/mp4"}


def _recordings(server: Scripted, cdn: tuple[str, ...] = (), read_s: float = READ_S) -> ZoomRecordings:
    ours = edge(server, read_s)
    return ZoomRecordings(ours.calls, ours.http, ours.token, Hosts((server.place,), cdn, sandbox=True))


def _read(recordings: ZoomRecordings, url: str, offset: int, into: bytearray) -> Any:
    buffer = bytearray(100_000)
    with recordings.open(url, offset) as download:
        while count := download.read_into(memoryview(buffer)):
            into += buffer[:count]
    return download


def _fetched(recordings: ZoomRecordings, url: str, offset: int = 0) -> tuple[bytes, Any]:
    whole = bytearray()
    download = _read(recordings, url, offset, whole)
    return bytes(whole), download


def _refusal(recordings: ZoomRecordings, url: str, offset: int = 0) -> OutsideFailed:
    with pytest.raises(OutsideFailed) as caught:
        _fetched(recordings, url, offset)
    assert "hunter" not in f"{caught.value}{caught.value.remedy}"
    return caught.value


def _files_asked(server: Scripted) -> list[Asked]:
    return [a for a in server.asked if not a.path.startswith("/oauth")]


def _ranged(asked: Asked) -> Reply:
    start = int(asked.headers.get("Range", "bytes=0-")[6:-1])
    if not start:
        return Reply(200, MEDIA, VIDEO)
    span = f"bytes {start}-{len(MEDIA) - 1}/{len(MEDIA)}"
    return Reply(206, MEDIA[start:], {**VIDEO, "Content-Range": span})


def test_a_file_is_streamed_as_it_is() -> None:
    with scripted(with_token(_ranged)) as server:
        content, download = _fetched(_recordings(server), f"{server.url}/rec/a")
        assert hashlib.sha256(content).digest() == hashlib.sha256(MEDIA).digest()
        assert (download.total_size, download.content_type, download.resumed) == (
            len(MEDIA),
            "video/mp4",
            False,
        )
        (asked,) = _files_asked(server)
        assert asked.headers["Authorization"] == "Bearer token-1"
        assert asked.headers["Accept-Encoding"] == "identity" and "Range" not in asked.headers


def test_fault_33_a_download_goes_on_from_where_it_was_cut() -> None:
    cut = Reply(200, MEDIA[:300_000], VIDEO, length=len(MEDIA))
    with scripted(with_token(in_turn(cut))) as server:
        recordings, held = _recordings(server), bytearray()
        with pytest.raises(OutsideFailed) as caught:
            _read(recordings, f"{server.url}/rec/a", 0, held)
        assert (caught.value.code, len(held)) == ("CONNECTION_LOST", 300_000)
        server.script = with_token(_ranged)
        rest, download = _fetched(recordings, f"{server.url}/rec/a", len(held))
        assert bytes(held) + rest == MEDIA
        assert (download.resumed, download.total_size) == (True, len(MEDIA))


def test_fault_34_a_server_that_ignores_the_range_begins_anew() -> None:
    with scripted(with_token(lambda asked: Reply(200, MEDIA, VIDEO))) as server:
        content, download = _fetched(_recordings(server), f"{server.url}/rec/a", 1000)
        assert (content == MEDIA, download.resumed, len(_files_asked(server))) == (True, False, 1)


@pytest.mark.parametrize(
    "span",
    [
        "bytes 0-9/1024012",
        "bytes 1001-1024011/1024012",
        "bytes 1000-2000/1024012",
        "bytes */9",
        "x",
        "bytes 9-1/3",
    ],
)
def test_fault_35_another_range_than_asked_for_is_not_used(span: str) -> None:
    def zoom(asked: Asked) -> Reply:
        if "Range" in asked.headers:
            return Reply(206, b"other bytes", {**VIDEO, "Content-Range": span})
        return Reply(200, MEDIA, VIDEO)

    with scripted(with_token(zoom)) as server:
        content, download = _fetched(_recordings(server), f"{server.url}/rec/a", 1000)
        assert (content == MEDIA, download.resumed) == (True, False)


def test_an_offset_beyond_the_end_begins_anew() -> None:
    def zoom(asked: Asked) -> Reply:
        return Reply(416) if "Range" in asked.headers else Reply(200, MEDIA, VIDEO)

    with scripted(with_token(zoom)) as server:
        assert _fetched(_recordings(server), f"{server.url}/rec/a", 10**9)[0] == MEDIA


def test_a_part_that_nobody_asked_for_is_refused() -> None:
    part = Reply(206, b"abc", {**VIDEO, "Content-Range": "bytes 0-2/9"})
    with scripted(with_token(lambda asked: part)) as server:
        assert _refusal(_recordings(server), f"{server.url}/rec/a").code == "RANGE_WRONG"


@pytest.mark.parametrize("kind", ["text/html", "Text/HTML; charset=utf-8", "application/xhtml+xml"])
def test_fault_36_a_web_page_is_not_a_recording(kind: str) -> None:
    page = Reply(200, b"<html>hunter-2</html>", {"Content-Type": kind})
    with scripted(with_token(lambda asked: page)) as server:
        assert _refusal(_recordings(server), f"{server.url}/rec/a").code == "HTML_INSTEAD_OF_MEDIA"


def test_a_file_in_an_encoding_is_refused() -> None:
    with scripted(with_token(lambda asked: Reply(200, MEDIA, {**VIDEO, "Content-Encoding": "gzip"}))) as server:
        assert _refusal(_recordings(server), f"{server.url}/rec/a").code == "CODED_MEDIA"


@pytest.mark.parametrize(
    "location",
    [
        "{trap}/?token=hunter-2",
        "http://localhost:{port}/",
        "http://2130706433:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://{place}@127.0.0.1:{port}/",
        "//127.0.0.1:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "file:///etc/passwd",
        "ftp://127.0.0.1:{port}/",
        "",
    ],
)
def test_fault_38_a_redirect_to_a_place_that_is_not_listed_is_not_followed(location: str) -> None:
    with scripted(lambda asked: Reply(200, MEDIA, VIDEO)) as trap:

        def zoom(asked: Asked) -> Reply:
            target = location.format(trap=trap.url, port=trap.port, place=server.place)
            return Reply(302, headers={"Location": target})

        with scripted(with_token(zoom)) as server:
            refusal = _refusal(_recordings(server), f"{server.url}/rec/a")
        assert (refusal.code, refusal.permanent, trap.asked) == ("HOST_REFUSED", True, [])


def test_a_link_to_a_place_that_is_not_listed_is_not_opened() -> None:
    with scripted(with_token(_ranged)) as server, scripted(_ranged) as trap:
        assert _refusal(_recordings(server), f"{trap.url}/rec/a?token=hunter-2").code == "HOST_REFUSED"
        assert trap.asked == []


def test_a_listed_name_that_leads_inside_is_not_reached() -> None:
    with scripted(with_token(_ranged)) as server:
        ours = edge(server)
        http = Http(free, resolve=lambda host, port: ("169.254.169.254", "127.0.0.1"))
        recordings = ZoomRecordings(ours.calls, http, ours.token, Hosts(("zoom.us",), (), sandbox=False))
        refusal = _refusal(recordings, "https://zoom.us/rec/download/hunter-2")
        assert (refusal.code, refusal.permanent) == ("HOST_REFUSED", True)


def test_fault_39_the_bearer_stays_behind_where_a_content_network_begins() -> None:
    with scripted(_ranged) as cdn:

        def zoom(asked: Asked) -> Reply:
            if asked.path == "/rec/a":
                return Reply(302, headers={"Location": "/rec/b"})
            return Reply(307, headers={"Location": f"{cdn.url}/file?Signature=x#part"})

        with scripted(with_token(zoom)) as server:
            content, download = _fetched(_recordings(server, (cdn.place,)), f"{server.url}/rec/a", 1000)
            assert (content == MEDIA[1000:], download.resumed) == (True, True)
            assert [a.headers.get("Authorization") for a in _files_asked(server)] == ["Bearer token-1"] * 2
        assert [a.path for a in cdn.asked] == ["/file?Signature=x"]
        assert "Authorization" not in cdn.asked[0].headers and cdn.asked[0].headers["Range"] == "bytes=1000-"


def test_fault_40_the_sixth_redirect_ends_it() -> None:
    with scripted(with_token(lambda asked: Reply(302, headers={"Location": "/rec/again"}))) as server:
        assert _refusal(_recordings(server), f"{server.url}/rec/a").code == "REDIRECT_LOOP"
        assert len(_files_asked(server)) == 6


def test_five_redirects_are_followed() -> None:
    hops = [Reply(302, headers={"Location": f"/rec/{n}"}) for n in range(5)]
    with scripted(with_token(in_turn(*hops, Reply(200, MEDIA, VIDEO)))) as server:
        assert _fetched(_recordings(server), f"{server.url}/rec/a")[0] == MEDIA


def test_fault_41_a_stall_in_the_middle_ends_after_the_time_limit() -> None:
    stall = Reply(200, MEDIA[:1000], VIDEO, length=len(MEDIA), stall_s=1)
    with scripted(with_token(lambda asked: stall)) as server:
        assert _refusal(_recordings(server, read_s=0.1), f"{server.url}/rec/a").code == "TIMED_OUT"


def _bearers(script: Script, spare: str | None) -> tuple[list[str], OutsideFailed | None]:
    """Which bearers a download was tried with, and how it ended."""
    with scripted(with_token(script)) as server:
        recordings = _recordings(server)
        url = f"{server.url}/rec/a"
        listed = {
            "uuid": "x==",
            "id": 1,
            "start_time": "2026-11-20T16:00:00Z",
            "recording_files": [{"id": "f-1", "download_url": url}],
        }
        if spare:
            server.script, script = (
                with_token(lambda asked: answer({**listed, "download_access_token": spare})),
                script,
            )
            recordings.of_meeting("x==")
            server.script, server.asked = with_token(in_turn(*_after_listing(script))), []
        try:
            _fetched(recordings, url)
            error = None
        except OutsideFailed as caught:
            error = caught
        return [a.headers["Authorization"] for a in server.asked if a.path == "/rec/a"], error


def _after_listing(script: Script) -> list[Reply]:
    return [script(Asked("GET", "/rec/a", {}, b"")) for _ in range(3)]


def test_a_refused_token_is_renewed_once_and_then_the_recordings_own_is_tried() -> None:
    refused, good = Reply(401), Reply(200, MEDIA, VIDEO)
    assert _bearers(in_turn(refused, good), None) == (["Bearer token-1", "Bearer token-2"], None)
    bearers, error = _bearers(in_turn(refused, refused, good), "spare-1")
    assert (bearers[-1], len(bearers), error) == ("Bearer spare-1", 3, None)
    bearers, error = _bearers(lambda asked: refused, None)
    assert len(bearers) == 2 and error is not None and error.code == "ZOOM_DOWNLOAD_TOKEN"


@pytest.mark.parametrize(
    ("status", "code", "permanent"),
    [
        (403, "ZOOM_DOWNLOAD_REFUSED", False),
        (404, "ZOOM_FILE_GONE", True),
        (410, "ZOOM_FILE_GONE", True),
        (500, "ZOOM_UNAVAILABLE", False),
        (204, "ZOOM_UNAVAILABLE", False),
    ],
)
def test_a_download_that_is_refused_says_why(status: int, code: str, permanent: bool) -> None:
    with scripted(with_token(lambda asked: Reply(status))) as server:
        refusal = _refusal(_recordings(server), f"{server.url}/rec/a")
        assert (refusal.code, refusal.permanent) == (code, permanent)


def test_a_download_that_is_limited_says_when_to_go_on() -> None:
    with scripted(with_token(lambda asked: Reply(429, headers={"Retry-After": "60"}))) as server:
        refusal = _refusal(_recordings(server), f"{server.url}/rec/a")
        assert isinstance(refusal, Throttled) and refusal.retry_at is not None
