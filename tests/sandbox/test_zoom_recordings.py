"""Cloud recordings: lists, trash, downloads and their faults."""

import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import urllib3

from tests.sandbox.zoom_caller import TEACHER, Reply, ZoomCaller, twice
from zoomguard.sandbox.media import media


@pytest.fixture
def uuid(zoom: ZoomCaller) -> str:
    """A lesson that was held and recorded."""
    return str(zoom.hold(zoom.create(settings={"alternative_hosts": ""}).json["id"])["uuid"])


def film(zoom: ZoomCaller, uuid: str) -> dict[str, Any]:
    files = zoom.recordings(uuid).json["recording_files"]
    return next(one for one in files if one["file_type"] == "MP4")


def get(zoom: ZoomCaller, url: str, token: str | None = None, **headers: str) -> Reply:
    signed = {"Authorization": f"Bearer {token}"} if token else {}
    return zoom.send("GET", url, signed | headers)


def signed(zoom: ZoomCaller, file: dict[str, Any]) -> str:
    return str(get(zoom, file["download_url"], zoom.token).headers["Location"])


def listed(zoom: ZoomCaller, **query: Any) -> list[Any]:
    today = zoom.sandbox.clock.now().date()
    window = {"from": (today - timedelta(days=20)).isoformat(), "to": today.isoformat(), "page_size": 300}
    rows: list[Any] = zoom.call("GET", f"/users/{TEACHER}/recordings", **(window | query)).json["meetings"]
    return rows


def test_a_recording_has_film_sound_transcript_and_chat(zoom: ZoomCaller, uuid: str) -> None:
    recording = zoom.recordings(uuid).json
    files = {one["file_type"]: one for one in recording["recording_files"]}
    for medium in media():
        assert files[medium.kind]["file_size"] == medium.size_bytes
        assert files[medium.kind]["file_extension"] == medium.extension
        assert files[medium.kind]["status"] == "completed"
        answer = get(zoom, signed(zoom, files[medium.kind]))
        assert hashlib.sha256(answer.body).hexdigest() == medium.sha256()
        assert answer.headers["Content-Type"] == medium.content_type
    assert recording["recording_count"] == 4
    assert recording["total_size"] == sum(one.size_bytes for one in media())
    assert uuid in [one["uuid"] for one in listed(zoom)]


def test_a_uuid_with_slashes_must_be_encoded_twice(zoom: ZoomCaller) -> None:
    uuids = []
    for _ in range(3):
        uuid = zoom.hold(zoom.create().json["id"])["uuid"]
        hard = uuid.startswith("/") or "//" in uuid
        once = zoom.call("GET", f"/meetings/{quote(uuid, safe='')}/recordings")
        assert once.status == (404 if hard else 200)
        assert zoom.call("GET", f"/meetings/{twice(uuid)}/recordings").json["uuid"] == uuid
        assert zoom.call("GET", f"/past_meetings/{twice(uuid)}").json["uuid"] == uuid
        uuids.append(uuid)
    assert any(one.startswith("/") for one in uuids) and any("//" in one for one in uuids)


@pytest.mark.parametrize("like", ["/", "//", "+"])
def test_a_run_may_have_the_uuid_that_is_wished_for(zoom: ZoomCaller, like: str) -> None:
    for _ in range(5):
        number = zoom.create().json["id"]
        uuid = zoom.hold(number, uuid_like=like)["uuid"]
        assert uuid.startswith(like) or (like == "//" and like in uuid)
        assert uuid.endswith("==") and (like != "+" or "//" not in uuid)
        once = zoom.call("GET", f"/meetings/{quote(uuid, safe='')}/recordings")
        assert once.status == 200 if like == "+" else once.refusal == (404, 3301)
        assert zoom.recordings(uuid).json["uuid"] == uuid
        assert [one["uuid"] for one in zoom.call("GET", f"/past_meetings/{number}/instances").json["meetings"]] == [
            uuid
        ]


def test_a_run_that_goes_on_keeps_its_uuid(zoom: ZoomCaller) -> None:
    number = zoom.create().json["id"]
    zoom.hold(number, events=[{"at_s": 0, "kind": "joined", "who": "host"}])
    for like in ("/", "?"):
        asked = {"session": str(number), "uuid_like": like}
        assert zoom.control("POST", "/sandbox/play", asked).json["error"]["code"] == "BAD_CONTROL"


def test_a_list_is_of_one_month_at_most_and_in_pages(zoom: ZoomCaller, uuid: str) -> None:
    more = [zoom.hold(zoom.create().json["id"])["uuid"] for _ in range(2)]
    assert {uuid, *more} <= {one["uuid"] for one in listed(zoom)}
    today = zoom.sandbox.clock.now().date()
    window = {"from": (today - timedelta(days=31)).isoformat(), "to": today.isoformat()}
    path = f"/users/{TEACHER}/recordings"
    first = zoom.call("GET", path, page_size=2, **window).json
    second = zoom.call("GET", path, page_size=2, next_page_token=first["next_page_token"], **window).json
    assert len(first["meetings"]) == 2
    assert not {one["uuid"] for one in first["meetings"]} & {one["uuid"] for one in second["meetings"]}
    too_long = {"from": (today - timedelta(days=32)).isoformat(), "to": today.isoformat()}
    assert zoom.call("GET", path, **too_long).refusal == (400, 300)
    assert zoom.call("GET", path, **{"from": "yesterday"}).refusal == (400, 300)
    long_ago = {"from": "2026-01-01", "to": "2026-01-31"}
    assert zoom.call("GET", path, **long_ago).json["meetings"] == []


def test_a_recording_appears_when_it_is_processed_and_a_late_transcript_later(zoom: ZoomCaller) -> None:
    number = zoom.create().json["id"]
    uuid = zoom.hold(number, processing_s=600, transcript_s=3600)["uuid"]
    assert zoom.recordings(uuid).refusal == (404, 3301)
    assert uuid not in [one["uuid"] for one in listed(zoom)]
    zoom.sandbox.clock.advance(601)
    states = {one["file_type"]: one for one in zoom.recordings(uuid).json["recording_files"]}
    assert states["MP4"]["status"] == "completed"
    assert states["TRANSCRIPT"]["status"] == "processing"
    assert get(zoom, states["TRANSCRIPT"]["download_url"], zoom.token).status == 404
    zoom.sandbox.clock.advance(3600)
    zoom.forget_token()
    done = {one["file_type"]: one["status"] for one in zoom.recordings(uuid).json["recording_files"]}
    assert set(done.values()) == {"completed"}


def test_trash_takes_a_recording_out_and_recover_brings_it_back(zoom: ZoomCaller, uuid: str) -> None:
    path = f"/meetings/{twice(uuid)}/recordings"
    link = film(zoom, uuid)["download_url"]
    assert zoom.call("DELETE", path, action="trash").status == 204
    assert zoom.recordings(uuid).refusal == (404, 3301)
    assert uuid not in [one["uuid"] for one in listed(zoom)]
    trashed = next(one for one in listed(zoom, trash="true") if one["uuid"] == uuid)
    assert all(one["deleted_time"] for one in trashed["recording_files"])
    assert get(zoom, link, zoom.token).status == 404
    assert zoom.call("PUT", f"{path}/status", {"action": "recover"}).status == 204
    assert zoom.recordings(uuid).status == 200
    assert zoom.call("DELETE", path, action="delete").status == 204
    assert zoom.call("PUT", f"{path}/status", {"action": "recover"}).refusal == (404, 3301)
    assert zoom.call("DELETE", path, action="burn").refusal == (400, 300)


def test_a_download_wants_a_bearer_and_leads_elsewhere(zoom: ZoomCaller, uuid: str) -> None:
    link = film(zoom, uuid)["download_url"]
    assert get(zoom, link).status == get(zoom, link, "made-up").status == 401
    answer = get(zoom, link, zoom.token)
    there = urlsplit(answer.headers["Location"])
    assert (answer.status, there.netloc) == (302, zoom.settings["ZOOMGUARD_ZOOM_CDN_HOSTS"])
    assert urlsplit(link).netloc == zoom.settings["ZOOMGUARD_ZOOM_DOWNLOAD_HOSTS"]


def test_a_signed_link_takes_no_bearer_no_change_and_no_delay(zoom: ZoomCaller, uuid: str) -> None:
    link = signed(zoom, film(zoom, uuid))
    assert get(zoom, link).status == 200
    assert get(zoom, link, zoom.token).status == 400
    assert get(zoom, link.replace("exp=1", "exp=9")).status == 403
    assert get(zoom, link.partition("?")[0]).status == 403
    zoom.sandbox.clock.advance(301)
    assert get(zoom, link).status == 403


def test_a_download_token_opens_its_recording_alone_for_its_time(zoom: ZoomCaller, uuid: str) -> None:
    other = zoom.hold(zoom.create().json["id"])["uuid"]
    asked = zoom.recordings(uuid, include_fields="download_access_token", ttl=60).json
    token = asked["download_access_token"]
    assert get(zoom, film(zoom, uuid)["download_url"], token).status == 302
    assert get(zoom, film(zoom, other)["download_url"], token).status == 401
    assert zoom.call("GET", "/users", token=token).refusal == (401, 124)
    zoom.sandbox.clock.advance(61)
    assert get(zoom, film(zoom, uuid)["download_url"], token).status == 401
    assert zoom.recordings(uuid, include_fields="download_access_token", ttl=604_801).refusal == (400, 300)


def test_ranges_are_served_to_the_byte(zoom: ZoomCaller, uuid: str) -> None:
    link = signed(zoom, film(zoom, uuid))
    whole = get(zoom, link)
    size = len(whole.body)

    def part(text: str, **more: str) -> Reply:
        return get(zoom, link, Range=text, **more)

    middle = part("bytes=100-199")
    assert (middle.status, middle.body) == (206, whole.body[100:200])
    assert middle.headers["Content-Range"] == f"bytes 100-199/{size}"
    assert part(f"bytes={size - 5}-").body == part("bytes=-5").body == whole.body[-5:]
    assert part(f"bytes={size}-").status == 416
    assert part(f"bytes={size}-").headers["Content-Range"] == f"bytes */{size}"
    tag = whole.headers["ETag"]
    assert part("bytes=0-9", **{"If-Range": tag}).status == 206
    assert part("bytes=0-9", **{"If-Range": '"other"'}).status == 200


def test_a_large_film_is_as_large_as_it_says(zoom: ZoomCaller) -> None:
    uuid = zoom.hold(zoom.create().json["id"], size_bytes=300_000_000)["uuid"]
    file = film(zoom, uuid)
    link = signed(zoom, file)
    end = get(zoom, link, Range="bytes=299999990-")
    assert (file["file_size"], len(end.body)) == (300_000_000, 10)
    assert end.headers["Content-Range"] == "bytes 299999990-299999999/300000000"


def test_a_truncated_download_breaks_and_can_be_resumed(zoom: ZoomCaller, uuid: str) -> None:
    file = film(zoom, uuid)
    zoom.sandbox.faults.switch("truncated", times=1, after_bytes=1000)
    link = signed(zoom, file)
    answer = zoom.pool.request("GET", link, preload_content=False)
    assert int(answer.headers["Content-Length"]) == file["file_size"]
    with pytest.raises(urllib3.exceptions.ProtocolError):
        answer.read()
    assert len(get(zoom, link, Range="bytes=1000-").body) == file["file_size"] - 1000


def test_a_sign_in_page_comes_in_place_of_the_film(zoom: ZoomCaller, uuid: str) -> None:
    link = film(zoom, uuid)["download_url"]
    zoom.sandbox.faults.switch("html_instead_of_media", times=1)
    page = get(zoom, link, zoom.token)
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html;charset=utf-8")
    assert get(zoom, link, zoom.token).status == 302


def test_a_sign_in_page_may_call_itself_a_film(zoom: ZoomCaller, uuid: str) -> None:
    link = signed(zoom, film(zoom, uuid))
    zoom.sandbox.faults.switch("html_instead_of_media", times=1, on="GET /cdn/", content_type="video/mp4")
    page = get(zoom, link)
    assert (page.status, page.headers["Content-Type"], page.body[:9]) == (200, "video/mp4", b"<!doctype")


def test_a_wrong_size_is_listed_while_the_bytes_are_right(zoom: ZoomCaller, uuid: str) -> None:
    right = film(zoom, uuid)["file_size"]
    zoom.sandbox.faults.switch("wrong_size", times=1)
    wrong = film(zoom, uuid)
    assert wrong["file_size"] != right
    assert len(get(zoom, signed(zoom, wrong)).body) == right == film(zoom, uuid)["file_size"]


def test_an_expired_token_is_dead_and_a_fresh_one_works(zoom: ZoomCaller, uuid: str) -> None:
    link = film(zoom, uuid)["download_url"]
    zoom.sandbox.faults.switch("expired_token")
    assert get(zoom, link, zoom.token).status == 401
    assert get(zoom, link, zoom.token).status == 401
    assert zoom.call("GET", "/users").refusal == (401, 124)
    zoom.forget_token()
    assert get(zoom, link, zoom.token).status == 302


def test_an_expired_token_can_strike_the_api_too(zoom: ZoomCaller) -> None:
    zoom.sandbox.faults.switch("expired_token", times=1, on="GET /users")
    assert zoom.call("GET", "/users").refusal == (401, 124)
    zoom.forget_token()
    assert zoom.call("GET", "/users").status == 200


def test_a_redirect_can_lead_where_nobody_should_go(zoom: ZoomCaller, uuid: str) -> None:
    link = film(zoom, uuid)["download_url"]
    zoom.sandbox.faults.switch("redirect_elsewhere", times=2)
    assert get(zoom, link, zoom.token).headers["Location"].startswith("http://169.254.169.254/")
    zoom.sandbox.faults.switch("redirect_elsewhere", times=1, to="https://elsewhere.example/film")
    assert get(zoom, link, zoom.token).headers["Location"] == "https://elsewhere.example/film"


def test_downloads_stand_on_the_list_of_calls_without_their_signature(zoom: ZoomCaller, uuid: str) -> None:
    link = signed(zoom, film(zoom, uuid))
    get(zoom, link, Range="bytes=0-9")
    first, second = zoom.sandbox.calls()[-2:]
    assert (first["port"], first["status"], first["authorization"]) == ("zoom", 302, "Bearer")
    assert (second["port"], second["status"], second["authorization"]) == ("cdn", 206, None)
    assert second["query"]["sig"] == "[cut]"
    assert second["range"] == "bytes=0-9"
