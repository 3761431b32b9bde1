"""Lessons that are held, the events they send, and what Zoom reports of them afterwards."""

import hashlib
import hmac
import socket
import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.webhook_catcher import WebhookCatcher, until
from tests.sandbox.zoom_caller import NINE, OBSERVER, TEACHER, ZoomCaller, scene, twice
from zoomguard.adapters.clock import UrlClock
from zoomguard.sandbox import Sandbox, SandboxClock


def test_an_ordinary_lesson_is_told_in_order_with_its_own_times(
    zoom: ZoomCaller, catcher: WebhookCatcher, number: int
) -> None:
    start = zoom.call("GET", f"/meetings/{number}").json["start_time"]
    held = zoom.hold(number)
    assert (held["meeting_number"], held["recording_files"]) == (number, 4)
    assert catcher.names[:4] == [
        "meeting.started", "meeting.participant_joined", "recording.started", "meeting.participant_joined",
    ]  # fmt: skip
    assert catcher.names[-3:] == ["meeting.ended", "recording.completed", "recording.transcript_completed"]
    assert [one["id"] for one in catcher.of("meeting.started")] == [str(number)]
    admitted = catcher.of("meeting.participant_admitted")[0]["participant"]
    joined = [one["participant"] for one in catcher.of("meeting.participant_joined")]
    assert [one["email"] for one in joined] == [TEACHER, OBSERVER, "ada@in.example", "minh@in.example"]
    assert admitted["date_time"] == joined[2]["join_time"] == start
    assert joined[0]["participant_user_id"] == joined[0]["id"] != ""
    assert (joined[2]["id"], "registrant_id" in joined[2]) == ("", True)
    assert all(one["payload"]["object"]["uuid"] == held["uuid"] for one in catcher.events)
    assert len(catcher.of("meeting.participant_left")) == 4


def test_events_are_signed_over_the_bytes_that_were_sent(
    zoom: ZoomCaller, catcher: WebhookCatcher, number: int
) -> None:
    zoom.hold(number)
    now_s = zoom.sandbox.clock.now().timestamp()
    for headers, body in catcher.received:
        stamp = headers["x-zm-request-timestamp"]
        message = b"v0:" + stamp.encode() + b":" + body
        right = hmac.new(catcher.secret.encode(), message, hashlib.sha256).hexdigest()
        assert headers["x-zm-signature"] == f"v0={right}"
        assert now_s - 3600 < int(stamp) <= now_s


def test_a_refused_event_comes_again_after_five_twenty_and_sixty_minutes(
    zoom: ZoomCaller, catcher: WebhookCatcher, number: int
) -> None:
    catcher.answers = [503] * 4
    zoom.hold(number, events=[scene(0, "waiting", "registrant:1")])
    assert len(catcher.received) == 1
    for tries, minutes in ((2, 5), (3, 20), (4, 60)):
        zoom.sandbox.clock.advance(minutes * 60 - 30)
        time.sleep(0.15)
        assert len(catcher.received) == tries - 1
        zoom.sandbox.clock.advance(31)
        assert until(lambda tries=tries: len(catcher.received) == tries)  # type: ignore[misc]
    zoom.sandbox.clock.advance(86_400)
    time.sleep(0.15)
    assert len(catcher.received) == 4
    assert len({body for _, body in catcher.received}) == 1


def test_the_duplicate_fault_sends_an_event_twice(zoom: ZoomCaller, catcher: WebhookCatcher, number: int) -> None:
    zoom.sandbox.faults.switch("duplicate", times=1)
    zoom.hold(number, events=[scene(0, "waiting", "registrant:1"), scene(5, "admitted", "registrant:1")])
    assert catcher.names == ["meeting.participant_joined_waiting_room"] * 2 + ["meeting.participant_admitted"]


def test_an_endpoint_is_challenged_and_judged(zoom: ZoomCaller, catcher: WebhookCatcher) -> None:
    right = zoom.control("POST", "/sandbox/webhooks", {"url": catcher.url, "validate": True})
    assert right.json["validation"] == {"ok": True, "status": 200}
    catcher.secret = "another"
    wrong = zoom.control("POST", "/sandbox/webhooks", {"validate": True})
    assert wrong.json["validation"] == {"ok": False, "status": 200}


def test_a_receiver_that_never_answers_does_not_hold_up_the_api() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, Sandbox(SandboxClock(NINE)) as sandbox:
        sandbox.deliver_webhooks_to(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        zoom = ZoomCaller(sandbox)
        number = zoom.create().json["id"]
        lesson = threading.Thread(target=zoom.hold, args=(number,), kwargs={"events": [scene(0, "joined", "host")]})
        lesson.start()
        assert until(lambda: zoom.call("GET", f"/meetings/{number}").json.get("status") == "started")
        assert zoom.call("GET", "/users").status == 200
        assert sandbox.controls.answer("GET", "/sandbox/clock", {}, {}, b"")[0] == 200
        silent.close()
        lesson.join()


def test_a_script_leaves_the_meeting_open_and_a_second_one_goes_on(
    zoom: ZoomCaller, catcher: WebhookCatcher, number: int
) -> None:
    first = zoom.hold(number, events=[scene(-60, "joined", "host"), scene(0, "joined", "alternative:1")])
    assert zoom.call("GET", f"/meetings/{number}").json["status"] == "started"
    assert zoom.call("DELETE", f"/meetings/{number}").refusal == (400, 3002)
    assert first["recording_files"] == 0
    second = zoom.hold(
        number,
        events=[
            scene(600, "left", "alternative:1"),
            scene(700, "joined", "someone@else.example"),
            scene(840, "joined", "alternative:1"),
            scene(900, "recording_stopped"),
            scene(960, "recording_started"),
            scene(3000, "ended"),
        ],
    )
    assert second["uuid"] == first["uuid"]
    assert second["recording_files"] == 8
    stranger = catcher.of("meeting.participant_joined")[2]["participant"]
    assert (stranger["id"], "registrant_id" in stranger) == ("", False)
    observer = [
        one["participant"]["user_id"]
        for one in catcher.of("meeting.participant_joined")
        if one["participant"]["email"] == OBSERVER
    ]
    assert len(set(observer)) == 2
    assert len(catcher.of("recording.started")) == len(catcher.of("recording.stopped")) == 2


def test_zoom_reports_who_was_there(zoom: ZoomCaller, number: int) -> None:
    held = zoom.hold(number)
    uuid = twice(held["uuid"])
    past = zoom.call("GET", f"/past_meetings/{uuid}").json
    assert (past["id"], past["duration"], past["participants_count"]) == (number, 52, 4)
    rows = zoom.call("GET", f"/past_meetings/{uuid}/participants", page_size=300).json["participants"]
    inside = [one for one in rows if one["status"] == "in_meeting"]
    assert [one["duration"] for one in inside] == [3120, 3110, 3000, 2999]
    assert len([one for one in rows if one["status"] == "in_waiting_room"]) == 2
    assert [one["internal_user"] for one in inside] == [True, True, False, False]
    report = zoom.call("GET", f"/report/meetings/{uuid}/participants", include_fields="registrant_id").json
    registered = [bool(one["registrant_id"]) for one in report["participants"] if one["status"] == "in_meeting"]
    assert registered == [False, False, True, True]
    assert zoom.call("GET", f"/past_meetings/{number}/instances").json["meetings"][0]["uuid"] == held["uuid"]


def test_somebody_alone_is_not_reported_and_a_running_meeting_is_not_past(zoom: ZoomCaller, number: int) -> None:
    zoom.hold(number, events=[scene(0, "joined", "host")])
    assert zoom.call("GET", f"/past_meetings/{number}").refusal == (400, 300)
    held = zoom.hold(number, events=[scene(60, "ended")])
    assert zoom.call("GET", f"/past_meetings/{twice(held['uuid'])}/participants").json["participants"] == []
    assert zoom.call("GET", "/past_meetings/12345678901").refusal == (404, 3001)


def test_a_second_run_of_a_meeting_has_a_uuid_of_its_own(zoom: ZoomCaller, number: int) -> None:
    first, second = zoom.hold(number), zoom.hold(number)
    assert first["uuid"] != second["uuid"]
    uuids = [one["uuid"] for one in zoom.call("GET", f"/past_meetings/{number}/instances").json["meetings"]]
    assert uuids == [first["uuid"], second["uuid"]]
    assert zoom.call("GET", f"/past_meetings/{number}").json["uuid"] == second["uuid"]


def test_the_host_ends_a_meeting_over_the_api(zoom: ZoomCaller, catcher: WebhookCatcher, number: int) -> None:
    assert zoom.call("PUT", f"/meetings/{number}/status", {"action": "end"}).status == 400
    zoom.hold(number, events=[scene(0, "joined", "host"), scene(1, "joined", "registrant:1")])
    zoom.sandbox.clock.advance(60)
    assert zoom.call("PUT", f"/meetings/{number}/status", {"action": "end"}).status == 204
    assert until(lambda: "meeting.ended" in catcher.names)
    assert len(catcher.of("meeting.participant_left")) == 2
    assert zoom.call("GET", f"/meetings/{number}").json["status"] == "waiting"


def test_recording_is_stopped_and_started_by_live_control(
    zoom: ZoomCaller, catcher: WebhookCatcher, number: int
) -> None:
    act = f"/live_meetings/{number}/events"
    assert zoom.call("PATCH", act, {"method": "recording.start"}).refusal == (400, 300)
    zoom.hold(number, events=[scene(0, "joined", "host")])
    assert zoom.call("PATCH", act, {"method": "recording.stop"}).status == 202
    assert zoom.call("PATCH", act, {"method": "recording.start"}).status == 202
    assert zoom.call("PATCH", act, {"method": "admit"}).refusal == (400, 300)
    told = ["recording.started", "recording.stopped", "recording.started"]
    assert until(lambda: [one for one in catcher.names if one.startswith("recording.")] == told)


def test_a_session_is_found_by_mark_short_id_and_number(zoom: ZoomCaller) -> None:
    ulid = "01JDPLAY000000000000000000"
    number = zoom.create(topic="PHYS S-Q9WX", agenda=f"zg:sandbox-1:{ulid}:2\nmore").json["id"]
    assert [zoom.hold(word)["meeting_number"] for word in (ulid, "S-Q9WX", number)] == [number] * 3
    assert zoom.control("POST", "/sandbox/play", {"session": "S-NONE"}).status == 404


@pytest.mark.parametrize(
    "script",
    [
        {"events": [scene(0, "danced", "host")]},
        {"events": [scene(0, "joined", "registrant:3")]},
        {"events": [scene(0, "joined", "registrant:0")]},
        {"events": [scene(0, "left", "host")]},
        {"events": [{"at_s": "soon", "kind": "joined", "who": "host"}]},
        {"size_bytes": 12},
        {"processing_s": -1},
        {"session": "*"},
        {"event": []},
        {"events": [scene(0, "joined", "host") | {"at": 60}]},
    ],
)
def test_a_script_that_cannot_be_played_is_refused(zoom: ZoomCaller, number: int, script: dict[str, Any]) -> None:
    reply = zoom.control("POST", "/sandbox/play", {"session": str(number)} | script)
    assert (reply.status, reply.json["error"]["code"]) == (400, "BAD_CONTROL")


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (
            {"proccessing_s": 9, "minutes": 5},
            "a script has no 'proccessing_s', 'minutes'; it has session, events, processing_s, transcript_s, files,"
            " size_bytes, uuid_like",
        ),
        (
            {"events": [scene(0, "joined", "host") | {"at": 60}]},
            "an event has no 'at'; it has at_s, kind, who",
        ),
    ],
)
def test_a_word_that_a_script_does_not_have_is_named_and_nothing_is_played(
    zoom: ZoomCaller, number: int, script: dict[str, Any], says: str
) -> None:
    before = zoom.sandbox.clock.now()
    reply = zoom.control("POST", "/sandbox/play", {"session": str(number)} | script)
    assert (reply.status, reply.json["error"]["message"]) == (400, says)
    assert zoom.sandbox.clock.now() - before < timedelta(seconds=60)


def test_the_clock_is_moved_on_and_never_back(zoom: ZoomCaller) -> None:
    before = zoom.sandbox.clock.now()
    assert zoom.control("POST", "/sandbox/clock", {"advance_s": 600}).status == 200
    assert zoom.sandbox.clock.now() - before >= timedelta(seconds=600)
    later = (zoom.sandbox.clock.now() + timedelta(hours=1)).isoformat()
    assert zoom.control("POST", "/sandbox/clock", {"to": later}).json["now"] >= later
    assert zoom.control("POST", "/sandbox/clock", {"to": before.isoformat()}).status == 400
    assert zoom.control("POST", "/sandbox/clock", {"advance_s": 1}, key="wrong").status == 401
    assert zoom.control("GET", "/sandbox/clock", key="wrong").status == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sandbox/clock", {}),
        ("/sandbox/clock", {"advance_s": "long"}),
        ("/sandbox/clock", {"advance_s": float("nan")}),
        ("/sandbox/clock", {"to": "tomorrow"}),
        ("/sandbox/faults", {"name": "list_lags", "on": 5}),
        ("/sandbox/faults", {"name": "list_lags", "on": "users"}),
        ("/sandbox/webhooks", {"url": "ftp://example.org"}),
        ("/sandbox/webhooks", {"url": "http://example.org:99999/"}),
        ("/sandbox/play", {}),
        ("/sandbox/play", []),
    ],
)
def test_a_control_that_makes_no_sense_is_refused(zoom: ZoomCaller, path: str, body: Any) -> None:
    reply = zoom.control("POST", path, body)
    assert (reply.status, reply.json["error"]["code"]) == (400, "BAD_CONTROL")


def test_faults_are_switched_over_http(zoom: ZoomCaller) -> None:
    on = zoom.control("POST", "/sandbox/faults", {"name": "list_lags", "times": 2, "lag_s": 9})
    assert on.json == [{"name": "list_lags", "times": 2, "on": "GET /v2/", "lag_s": 9}]
    assert zoom.control("POST", "/sandbox/faults", {"name": "list_lags", "on": False}).json == []
    assert zoom.control("POST", "/sandbox/faults", {"name": "hail"}).status == 400
    assert zoom.control("POST", "/sandbox/faults", {"name": "list_lags", "times": 0}).status == 400


def test_whoever_reads_the_time_by_its_url_takes_no_event_for_one_from_the_future_or_the_past(
    zoom: ZoomCaller, catcher: WebhookCatcher, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """zoomguard's service does, and refuses what is more than five minutes away."""
    clock, ages = UrlClock(f"{zoom.sandbox._wire.origin}/sandbox/clock"), list[float]()
    clock.now()
    take = catcher.take

    def note(headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        ages.append(clock.now().timestamp() - int(headers["x-zm-request-timestamp"]))
        return take(headers, body)

    monkeypatch.setattr(catcher, "take", note)
    zoom.hold(number)
    assert len(ages) > 10 and max(map(abs, ages)) < 5, ages
