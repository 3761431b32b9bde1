"""Which files a recording has, and how Zoom lists each kind."""

import csv
import hashlib
import json
from typing import Any

import pytest

from tests.sandbox.recording_reader import bytes_of, recording_of
from tests.sandbox.webhook_catcher import WebhookCatcher, until
from tests.sandbox.zoom_caller import ZoomCaller
from zoomguard.sandbox.media import again, medium_of

ALL = ["MP4", "MP4", "M4A", "TRANSCRIPT", "CHAT", "CC", "TIMELINE", "SUMMARY", "POLL", "NEWKIND"]


def held(zoom: ZoomCaller, **script: Any) -> str:
    return str(zoom.hold(zoom.create(settings={"alternative_hosts": ""}).json["id"], **script)["uuid"])


def test_a_recording_has_the_files_that_were_asked_for(zoom: ZoomCaller) -> None:
    recording = recording_of(zoom, held(zoom, files=ALL))
    rows = recording["recording_files"]
    assert [one["file_type"] for one in rows] == [*ALL[:8], "CSV", "NEWKIND"]
    types = ["shared_screen_with_speaker_view", "gallery_view", "audio_only", "audio_transcript", "chat_file"]
    assert [one.get("recording_type") for one in rows] == [*types, None, None, "summary", "poll", "newkind"]
    assert recording["recording_count"] == len(ALL)
    assert recording["total_size"] == sum(len(bytes_of(zoom, one)) for one in rows)


def test_captions_and_timeline_are_listed_without_what_all_others_have(zoom: ZoomCaller) -> None:
    rows = recording_of(zoom, held(zoom, files=["MP4", "CC", "TIMELINE"]))["recording_files"]
    absent = {"id", "status", "file_size", "recording_type", "play_url"}
    assert [set(rows[0]) - set(one) for one in rows] == [set(), absent, absent]
    assert all(bytes_of(zoom, one) for one in rows)
    zoom.sandbox.faults.switch("wrong_size", times=1)  # adds to sizes where there are any
    assert "file_size" not in recording_of(zoom, rows[1]["meeting_id"])["recording_files"][1]


def test_each_file_is_a_real_one_of_its_kind(zoom: ZoomCaller) -> None:
    rows = recording_of(zoom, held(zoom, files=ALL))["recording_files"]
    film, second, _, transcript, _, captions, timeline, summary, poll, new = (bytes_of(zoom, one) for one in rows)
    assert film[4:8] == second[4:8] == b"ftyp" and film != second
    assert transcript.startswith(b"WEBVTT") and captions.startswith(b"WEBVTT") and transcript != captions
    assert json.loads(timeline)["timeline"] and json.loads(summary)["overall_summary"]
    assert len(list(csv.DictReader(poll.decode().splitlines()))) == 2
    assert b"NEWKIND" in new


def test_a_recording_without_a_transcript_has_no_event_of_one(zoom: ZoomCaller, catcher: WebhookCatcher) -> None:
    held(zoom, files=["MP4", "CC"])
    assert until(lambda: "recording.completed" in catcher.names)
    (told,) = catcher.of("recording.completed")
    assert ["status" in one for one in told["recording_files"]] == [True, False]
    assert "recording.transcript_completed" not in catcher.names


def test_each_segment_has_all_the_files(zoom: ZoomCaller) -> None:
    kinds = ["joined", "recording_started", "recording_stopped", "recording_started", "ended"]
    events = [{"at_s": n, "kind": kind, "who": "host"} for n, kind in enumerate(kinds)]
    rows = recording_of(zoom, held(zoom, events=events, files=["MP4", "CC"]))["recording_files"]
    assert [(one["file_type"], one["recording_start"][-3:-1]) for one in rows] == [
        ("MP4", "01"),
        ("CC", "01"),
        ("MP4", "03"),
        ("CC", "03"),
    ]


@pytest.mark.parametrize("files", [[], "MP4", ["MP4", 4], [""], {"MP4": 1}])
def test_files_that_are_no_list_of_kinds_are_refused(zoom: ZoomCaller, files: Any) -> None:
    asked = {"session": str(zoom.create().json["id"]), "files": files}
    reply = zoom.control("POST", "/sandbox/play", asked)
    assert (reply.status, reply.json["error"]["code"]) == (400, "BAD_CONTROL")


@pytest.mark.parametrize("kind", ["MP4", "M4A", "TRANSCRIPT", "CHAT", "CC", "TIMELINE", "SUMMARY", "POLL", "NEWKIND"])
@pytest.mark.parametrize("more_bytes", [0, 8, 500])
def test_what_was_processed_again_is_another_file_of_its_kind(kind: str, more_bytes: int) -> None:
    first, seen = medium_of(kind), set()
    medium = first
    for _ in range(4):
        body = medium.read(0, medium.size_bytes)
        assert body[:8] == first.head[:8] and len(body) == medium.size_bytes
        if kind in ("TIMELINE", "SUMMARY"):
            json.loads(body)
        seen.add(medium.sha256())
        assert medium.sha256() == hashlib.sha256(body).hexdigest()
        medium = again(medium, more_bytes=more_bytes)
    assert len(seen) == 4
    assert medium.size_bytes == first.size_bytes + 4 * more_bytes


def test_a_padded_film_that_was_processed_again_has_other_bytes_to_its_end() -> None:
    first = medium_of("MP4", 5_000_000)
    second, longer = again(first), again(first, more_bytes=4096)
    assert (second.size_bytes, longer.size_bytes) == (5_000_000, 5_004_096)
    assert first.read(4_999_000, 5_000_000) != second.read(4_999_000, 5_000_000)
    boxes, start = [], 0
    while start < longer.size_bytes:
        header = longer.read(start, start + 8)
        boxes.append(header[4:])
        start += int.from_bytes(header[:4], "big")
    assert (start, boxes) == (longer.size_bytes, [b"ftyp", b"moov", b"free", b"mdat", b"free", b"free"])


def test_a_film_cannot_grow_by_less_than_a_box() -> None:
    with pytest.raises(ValueError, match="8 bytes"):
        again(medium_of("MP4"), more_bytes=7)
