"""Downloads that stall, are answered with other bytes or change under the hands of who goes on with them."""

from typing import Any

import pytest
import urllib3

from tests.sandbox.recording_reader import bytes_of, part, rows_of, signed
from tests.sandbox.zoom_caller import NINE, ZoomCaller
from zoomguard.sandbox import Sandbox, SandboxClock


def switch(zoom: ZoomCaller, name: str, **more: Any) -> None:
    assert zoom.control("POST", "/sandbox/faults", {"name": name, **more}).status == 200


def a_film(zoom: ZoomCaller, **script: Any) -> Any:
    """The row of a film of a lesson that was held."""
    uuid = zoom.hold(zoom.create(settings={"alternative_hosts": ""}).json["id"], **script)["uuid"]
    return rows_of(zoom, uuid)[0]


@pytest.fixture
def film(zoom: ZoomCaller) -> Any:
    return a_film(zoom)


@pytest.mark.parametrize("size_bytes", [None, 40_000_000])
def test_a_strong_etag_is_the_same_as_long_as_the_bytes_are(zoom: ZoomCaller, size_bytes: int | None) -> None:
    film = a_film(zoom, size_bytes=size_bytes)
    link, other = signed(zoom, film), signed(zoom, film)
    tags = {part(zoom, one, Range="bytes=7-9").headers["ETag"] for one in (link, other)}
    assert len(tags) == 1 and tags.pop().startswith('"')
    before = part(zoom, link, Range="bytes=7-9").headers["ETag"]
    asked = {"uuid": film["meeting_id"], "do": "replace", "same_size": True}
    assert zoom.control("POST", "/sandbox/recordings", asked).status == 200
    after = part(zoom, link, Range="bytes=7-9", If_Range=before)
    assert (after.status, len(after.body)) == (200, film["file_size"])
    assert after.headers["ETag"] != before


@pytest.mark.parametrize("condition", ['W/"{tag}"', "{tag}", "Mon, 23 Nov 2026 09:00:00 GMT"])
def test_a_range_comes_only_for_the_very_etag(zoom: ZoomCaller, film: Any, condition: str) -> None:
    link = signed(zoom, film)
    tag = part(zoom, link, Range="bytes=0-0").headers["ETag"]
    assert part(zoom, link, Range="bytes=5-9", If_Range=tag).status == 206
    assert part(zoom, link, Range="bytes=5-9", If_Range=condition.format(tag=tag.strip('"'))).status == 200
    beyond = f"bytes={film['file_size']}-"
    assert part(zoom, link, Range=beyond, If_Range='"other"').status == 200
    assert part(zoom, link, Range=beyond, If_Range=tag).status == 416


def test_a_range_may_be_ignored(zoom: ZoomCaller, film: Any) -> None:
    switch(zoom, "range_ignored", times=1)
    link = signed(zoom, film)
    assert len(part(zoom, link).body) == film["file_size"]  # who asks for the whole uses nothing up
    whole = part(zoom, link, Range="bytes=100-199")
    assert (whole.status, len(whole.body), whole.headers.get("Content-Range")) == (200, film["file_size"], None)
    assert part(zoom, link, Range="bytes=100-199").body == whole.body[100:200]
    assert [one["fault"] for one in zoom.sandbox.calls()[-2:]] == ["range_ignored", None]


@pytest.mark.parametrize(("asked", "start"), [("bytes=1000-", 500), ("bytes=0-", 1), ("bytes=1-", 0)])
def test_a_range_may_be_another_one(zoom: ZoomCaller, film: Any, asked: str, start: int) -> None:
    size, whole, link = film["file_size"], bytes_of(zoom, film), signed(zoom, film)
    switch(zoom, "range_wrong", times=1)
    wrong = part(zoom, link, Range=asked)
    assert (wrong.status, wrong.headers["Content-Range"]) == (206, f"bytes {start}-{size - 1}/{size}")
    assert wrong.body == whole[start:]
    assert part(zoom, link, Range=asked).headers["Content-Range"].startswith(f"bytes {asked[6:-1]}-")


def test_a_file_may_change_between_the_beginning_and_the_rest(zoom: ZoomCaller, film: Any) -> None:
    switch(zoom, "etag_changed")
    link = signed(zoom, film)
    before, first = part(zoom, link), part(zoom, link, Range="bytes=0-999")
    rest = part(zoom, link, Range="bytes=1000-")
    assert (rest.status, len(rest.body)) == (206, film["file_size"] - 1000)
    assert before.headers["ETag"] == first.headers["ETag"] != rest.headers["ETag"]
    assert first.body + rest.body != before.body
    after = part(zoom, link)
    assert after.headers["ETag"] == rest.headers["ETag"]  # struck once, and stays changed
    assert (after.body[1000:], len(after.body)) == (rest.body, len(before.body))


def test_who_says_which_etag_he_began_with_gets_the_changed_file_whole(zoom: ZoomCaller, film: Any) -> None:
    link = signed(zoom, film)
    tag = part(zoom, link, Range="bytes=0-9").headers["ETag"]
    switch(zoom, "etag_changed")
    changed = part(zoom, link, Range="bytes=10-", If_Range=tag)
    assert (changed.status, changed.body) == (200, bytes_of(zoom, film))
    assert part(zoom, link, Range="bytes=10-", If_Range=changed.headers["ETag"]).status == 206


def test_a_stalled_download_holds_nobody_else_up_and_goes_on_elsewhere(zoom: ZoomCaller, film: Any) -> None:
    whole = bytes_of(zoom, film)
    switch(zoom, "stalled", times=1, after_bytes=1000)
    link = signed(zoom, film)
    answer = zoom.pool.request("GET", link, preload_content=False, timeout=0.5)
    assert int(answer.headers["Content-Length"]) == film["file_size"]
    got = answer.read(1000)
    assert zoom.call("GET", "/users").status == 200  # the account goes on
    assert part(zoom, link, Range="bytes=1000-").body == whole[1000:]
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        answer.read()
    assert got == whole[:1000]


def test_a_stalled_download_is_cut_in_the_end(zoom: ZoomCaller, film: Any) -> None:
    switch(zoom, "stalled", times=1, for_s=0.1)
    answer = zoom.pool.request("GET", signed(zoom, film), preload_content=False, timeout=60)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        answer.read()
    assert zoom.sandbox.calls()[-1]["fault"] == "stalled"


def test_a_sandbox_closes_while_a_download_stalls() -> None:
    with Sandbox(SandboxClock(NINE)) as sandbox:
        zoom = ZoomCaller(sandbox)
        switch(zoom, "stalled", after_bytes=0)
        answer = zoom.pool.request("GET", signed(zoom, a_film(zoom)), preload_content=False, timeout=60)
    with pytest.raises(urllib3.exceptions.ProtocolError):  # were it still open, the reader's own time would end it
        answer.read()
