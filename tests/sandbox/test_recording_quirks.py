"""What becomes of recordings behind our back, by the control /sandbox/recordings."""

import hashlib
from typing import Any

import pytest

from tests.sandbox.recording_reader import bytes_of, listed, recording_of, rows_of, signed
from tests.sandbox.webhook_catcher import WebhookCatcher, until
from tests.sandbox.zoom_caller import OBSERVER, TEACHER, ZoomCaller, twice

WEEK_S = 7 * 86_400


@pytest.fixture
def uuid(zoom: ZoomCaller, catcher: WebhookCatcher) -> str:
    """A lesson that was held and recorded; what was told of it is forgotten."""
    held = str(zoom.hold(zoom.create(settings={"alternative_hosts": ""}).json["id"])["uuid"])
    assert until(lambda: "recording.transcript_completed" in catcher.names)
    catcher.received.clear()
    return held


def do(zoom: ZoomCaller, uuid: str, act: str, **more: Any) -> Any:
    reply = zoom.control("POST", "/sandbox/recordings", {"uuid": uuid, "do": act, **more})
    assert reply.status == 200, reply.body
    return reply.json


def test_a_late_transcript_is_nowhere_until_it_is_ready_and_then_told_of(
    zoom: ZoomCaller, catcher: WebhookCatcher, uuid: str
) -> None:
    before = recording_of(zoom, uuid)
    (late,) = do(zoom, uuid, "add", kind="TRANSCRIPT", ready_in_s=WEEK_S)["files"]
    assert recording_of(zoom, uuid) == before
    zoom.sandbox.clock.advance(WEEK_S + 1)
    zoom.forget_token()
    first, second = rows_of(zoom, uuid, "TRANSCRIPT")
    assert (second["id"], second["status"], second["recording_start"]) == (
        late["id"],
        "completed",
        first["recording_start"],
    )
    body = bytes_of(zoom, second)
    assert hashlib.sha256(body).hexdigest() == late["sha256"] and body != bytes_of(zoom, first)
    assert until(lambda: catcher.names == ["recording.transcript_completed"])
    assert [one["id"] for one in catcher.of("recording.transcript_completed")[0]["recording_files"]] == [late["id"]]


def test_a_file_may_be_added_at_once_or_be_seen_while_it_is_processed(
    zoom: ZoomCaller, catcher: WebhookCatcher, uuid: str
) -> None:
    do(zoom, uuid, "add", kind="MP4", size_bytes=200_000)
    do(zoom, uuid, "add", kind="SUMMARY", ready_in_s=60, processing=True)
    assert [one["file_size"] for one in rows_of(zoom, uuid)][1:] == [200_000]
    assert rows_of(zoom, uuid, "SUMMARY")[0]["status"] == "processing"
    assert len(catcher.of("recording.completed")[0]["recording_files"]) == 5
    zoom.sandbox.clock.advance(61)
    assert rows_of(zoom, uuid, "SUMMARY")[0]["status"] == "completed"


def test_a_file_added_to_a_recording_in_the_trash_turns_up_alone(zoom: ZoomCaller, uuid: str) -> None:
    do(zoom, uuid, "trash")
    do(zoom, uuid, "add", kind="TRANSCRIPT", ready_in_s=100)
    assert zoom.recordings(uuid).refusal == (404, 3301)
    zoom.sandbox.clock.advance(101)
    assert [one["file_type"] for one in recording_of(zoom, uuid)["recording_files"]] == ["TRANSCRIPT"]


@pytest.mark.parametrize(("more", "longer"), [({}, 4096), ({"by_bytes": 100}, 100), ({"same_size": True}, 0)])
@pytest.mark.parametrize("kind", ["MP4", "CHAT"])
def test_a_replaced_file_keeps_its_id_and_link_and_has_other_bytes(
    zoom: ZoomCaller, uuid: str, kind: str, more: dict[str, Any], longer: int
) -> None:
    (before,) = rows_of(zoom, uuid, kind)
    old = bytes_of(zoom, before)
    (told,) = do(zoom, uuid, "replace", file=before["id"], **more)["files"]
    (after,) = rows_of(zoom, uuid, kind)
    new = bytes_of(zoom, before)
    assert after == before | {"file_size": before["file_size"] + longer}
    assert (len(new), hashlib.sha256(new).hexdigest()) == (after["file_size"], told["sha256"])
    assert new != old


def test_a_grown_file_is_listed_with_its_old_size_for_a_time(zoom: ZoomCaller, uuid: str) -> None:
    (before,) = rows_of(zoom, uuid)
    do(zoom, uuid, "grow", file="MP4", by_bytes=1000, listed_in_s=600)
    assert rows_of(zoom, uuid) == [before]
    assert len(bytes_of(zoom, before)) == before["file_size"] + 1000
    zoom.sandbox.clock.advance(601)
    assert rows_of(zoom, uuid)[0]["file_size"] == before["file_size"] + 1000


def test_a_grown_file_may_be_listed_wrong_for_good(zoom: ZoomCaller, uuid: str) -> None:
    before = recording_of(zoom, uuid)
    do(zoom, uuid, "grow", file="chat_file")
    zoom.sandbox.clock.advance(WEEK_S)
    zoom.forget_token()
    assert recording_of(zoom, uuid)["total_size"] == before["total_size"]


def test_a_dropped_file_is_not_listed_and_a_repeated_one_twice(zoom: ZoomCaller, uuid: str) -> None:
    (sound,) = rows_of(zoom, uuid, "M4A")
    do(zoom, uuid, "drop", file="M4A")
    do(zoom, uuid, "repeat", file="MP4")
    recording = recording_of(zoom, uuid)
    kinds = [one["file_type"] for one in recording["recording_files"]]
    assert kinds == ["MP4", "MP4", "TRANSCRIPT", "CHAT"]
    assert len({one["id"] for one in rows_of(zoom, uuid)}) == 1
    (row,) = [one for one in listed(zoom) if one["uuid"] == uuid]
    assert [one["file_type"] for one in row["recording_files"]] == kinds
    assert len(bytes_of(zoom, sound)) == sound["file_size"]


def test_a_recording_may_be_listed_with_no_file_at_all(zoom: ZoomCaller, uuid: str) -> None:
    for kind in ("MP4", "M4A", "TRANSCRIPT", "CHAT"):
        do(zoom, uuid, "drop", file=kind)
    recording = recording_of(zoom, uuid)
    assert (recording["recording_files"], recording["recording_count"], recording["total_size"]) == ([], 0, 0)


def test_a_file_may_be_processed_for_ever(zoom: ZoomCaller, uuid: str) -> None:
    do(zoom, uuid, "never", file="TRANSCRIPT")
    zoom.sandbox.clock.advance(20 * 86_400)
    zoom.forget_token()
    (row,) = rows_of(zoom, uuid, "TRANSCRIPT")
    assert row["status"] == "processing"
    assert zoom.send("GET", row["download_url"], {"Authorization": f"Bearer {zoom.token}"}).status == 404


@pytest.mark.parametrize(("more", "who"), [({}, TEACHER), ({"by": OBSERVER}, OBSERVER)])
def test_somebody_puts_a_recording_into_the_trash_and_subscribers_are_told_who(
    zoom: ZoomCaller, catcher: WebhookCatcher, uuid: str, more: dict[str, str], who: str
) -> None:
    do(zoom, uuid, "trash", **more)
    (event,) = catcher.events
    assert (event["event"], event["payload"]["operator"]) == ("recording.trashed", who)
    assert (event["payload"]["object"]["uuid"], len(event["payload"]["object"]["recording_files"])) == (uuid, 4)
    assert zoom.recordings(uuid).refusal == (404, 3301)
    assert uuid in [one["uuid"] for one in listed(zoom, trash="true")]
    assert zoom.call("PUT", f"/meetings/{twice(uuid)}/recordings/status", {"action": "recover"}).status == 204
    assert len(recording_of(zoom, uuid)["recording_files"]) == 4
    assert until(lambda: catcher.names[1:] == ["recording.recovered"])
    assert catcher.events[1]["payload"]["operator"] not in (TEACHER, OBSERVER)  # the app's owner


def test_one_file_may_go_into_the_trash(zoom: ZoomCaller, catcher: WebhookCatcher, uuid: str) -> None:
    do(zoom, uuid, "trash", file="CHAT")
    assert rows_of(zoom, uuid, "CHAT") == []
    (told,) = catcher.of("recording.trashed")
    assert [one["file_type"] for one in told["recording_files"]] == ["CHAT"]


def test_a_session_stands_for_its_latest_run_and_nth_for_one_of_several_files(zoom: ZoomCaller) -> None:
    number = zoom.create().json["id"]
    first, second = (zoom.hold(number, files=["MP4", "MP4"])["uuid"] for _ in range(2))
    asked = {"session": str(number), "do": "replace", "file": "MP4", "nth": 2}
    answer = zoom.control("POST", "/sandbox/recordings", asked).json
    assert (answer["uuid"], answer["recording_files"]) == (second, 2)
    assert answer["files"][0]["recording_type"] == "gallery_view"
    sizes = [[one["file_size"] for one in rows_of(zoom, uuid)] for uuid in (first, second)]
    assert sizes[0][0] == sizes[0][1] == sizes[1][0] == sizes[1][1] - 4096


def test_what_a_recording_has_in_truth_can_be_seen(zoom: ZoomCaller, catcher: WebhookCatcher, uuid: str) -> None:
    do(zoom, uuid, "grow", file="MP4")
    told = do(zoom, uuid, "show")["files"]
    bodies = [bytes_of(zoom, one) for one in recording_of(zoom, uuid)["recording_files"]]
    assert [one["sha256"] for one in told] == [hashlib.sha256(one).hexdigest() for one in bodies]
    assert [one["size_bytes"] for one in told] == [len(one) for one in bodies]
    assert do(zoom, uuid, "show", file="CHAT")["files"] == told[3:]
    assert catcher.names == []


def test_a_link_of_a_file_that_is_gone_for_good_leads_nowhere(zoom: ZoomCaller, uuid: str) -> None:
    (row,) = rows_of(zoom, uuid)
    link = signed(zoom, row)
    assert zoom.call("DELETE", f"/meetings/{twice(uuid)}/recordings", action="delete").status == 204
    assert zoom.send("GET", row["download_url"], {"Authorization": f"Bearer {zoom.token}"}).status == 404
    assert zoom.send("GET", link, {}).status == 404


@pytest.mark.parametrize(
    "asked",
    [
        {"do": "burn"},
        {"do": "replace", "file": "CC"},
        {"do": "replace", "nth": 9},
        {"do": "replace", "by_bytes": 7},
        {"do": "replace", "by_bytes": 10_000_001},
        {"do": "grow", "listed_in_s": -1},
        {"do": "add", "kind": "CC", "ready_in_s": 1e12},
        {"do": "add"},
        {"do": "add", "kind": "CC", "ready_in_s": "soon"},
        {"do": "trash", "by": "nobody@elsewhere.example"},
        {"do": "trash", "session": "S-7K2M"},
        {"do": "trash", "uuid": "none"},
        {"outside": "many"},
    ],
)
def test_what_cannot_be_done_to_a_recording_is_refused(zoom: ZoomCaller, uuid: str, asked: dict[str, Any]) -> None:
    before = recording_of(zoom, uuid)
    reply = zoom.control("POST", "/sandbox/recordings", {"uuid": uuid, **asked})
    assert (reply.status, reply.json["error"]["code"]) == (400, "BAD_CONTROL")
    assert recording_of(zoom, uuid) == before
