"""Meetings that hosts held in Zoom by themselves."""

from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.recording_reader import bytes_of, listed, recording_of
from tests.sandbox.webhook_catcher import WebhookCatcher
from tests.sandbox.zoom_caller import RESERVE, ZoomCaller, twice


def outside(zoom: ZoomCaller, **asked: Any) -> Any:
    reply = zoom.control("POST", "/sandbox/recordings", {"outside": {"host": RESERVE, **asked}})
    assert reply.status == 200, reply.body
    return reply.json


def days_ago(zoom: ZoomCaller, days: int) -> str:
    return (zoom.sandbox.clock.now() - timedelta(days=days)).isoformat()


def test_a_host_has_held_two_thousand_meetings_and_all_are_listed(zoom: ZoomCaller, catcher: WebhookCatcher) -> None:
    made = outside(zoom, meetings=2000, start=days_ago(zoom, 3))
    found = [one["uuid"] for one in listed(zoom, RESERVE)]
    assert found[:2000] == made["uuids"][::-1]  # the newest first
    assert len(set(made["uuids"])) == len(set(made["meeting_numbers"])) == 2000
    assert catcher.names == []


def test_a_topic_is_taken_as_it_is(zoom: ZoomCaller) -> None:
    topic = "../../etc\\Ada King \x00\x1b[31m\u202e\r\n {n}"
    made = outside(zoom, meetings=2, topic=topic)
    topics = [recording_of(zoom, one)["topic"] for one in made["uuids"]]
    assert topics == [topic.replace("{n}", "1"), topic.replace("{n}", "2")]


def test_many_runs_may_have_one_meeting_number(zoom: ZoomCaller) -> None:
    made = outside(zoom, meetings=3, instances=True, every_s=86_400, start=days_ago(zoom, 5))
    (number,) = set(made["meeting_numbers"])
    rows = zoom.call("GET", f"/past_meetings/{number}/instances").json["meetings"]
    assert [one["uuid"] for one in rows] == made["uuids"]
    latest = zoom.call("GET", f"/meetings/{number}/recordings").json
    assert (latest["uuid"], latest["type"]) == (made["uuids"][-1], "3")
    assert [recording_of(zoom, one)["id"] for one in made["uuids"]] == [number] * 3


def test_what_was_held_is_a_past_meeting_with_its_host_and_files(zoom: ZoomCaller) -> None:
    made = outside(zoom, minutes=30, files=["MP4", "CC"], size_bytes=300_000, start=days_ago(zoom, 1))
    (uuid,), (number,) = made["uuids"], made["meeting_numbers"]
    past = zoom.call("GET", f"/past_meetings/{twice(uuid)}").json
    assert (past["user_email"], past["duration"], past["participants_count"]) == (RESERVE, 30, 1)
    film, captions = recording_of(zoom, uuid)["recording_files"]
    assert (len(bytes_of(zoom, film)), captions["file_type"]) == (300_000, "CC")
    assert zoom.call("GET", f"/meetings/{number}").refusal == (404, 3001)


def test_subscribers_are_told_of_it_only_if_asked_for(zoom: ZoomCaller, catcher: WebhookCatcher) -> None:
    (uuid,) = outside(zoom, events=True)["uuids"]
    zoom.hold(zoom.create().json["id"])  # waits until all that is due has been told
    assert uuid in [one["uuid"] for one in catcher.of("recording.completed")]


@pytest.mark.parametrize(
    "asked",
    [
        {"host": "nobody@elsewhere.example"},
        {"meetings": 0},
        {"meetings": "2"},
        {"start": "2026-12-31T09:00:00Z"},
        {"start": "2026-11-01T09:00:00"},
        {"start": "yesterday"},
        {"meetings": 100},
        {"files": []},
        {"size_bytes": 5},
        {"uuid_like": "?"},
    ],
)
def test_what_cannot_have_been_held_is_refused(zoom: ZoomCaller, asked: dict[str, Any]) -> None:
    before = len(listed(zoom, RESERVE))
    body = {"outside": {"host": RESERVE, **asked}}
    reply = zoom.control("POST", "/sandbox/recordings", body)
    assert (reply.status, reply.json["error"]["code"]) == (400, "BAD_CONTROL")
    assert len(listed(zoom, RESERVE)) == before
