"""What people do in Zoom's own pages, behind our back."""

from typing import Any

import pytest

from tests.sandbox.webhook_catcher import WebhookCatcher
from tests.sandbox.zoom_caller import RESERVE, TEACHER, UNLICENSED, ZoomCaller


def read(zoom: ZoomCaller, number: int) -> Any:
    return zoom.call("GET", f"/meetings/{number}").json


def test_the_host_weakens_a_lesson_and_subscribers_are_told(
    zoom: ZoomCaller, catcher: WebhookCatcher, number: int
) -> None:
    settings = {
        "settings.waiting_room": False,
        "continuous_meeting_chat.enable": True,
        "alternative_hosts": RESERVE,
        "duration": 90,
    }
    done = zoom.as_host(number, "change", settings=settings)
    assert done == {"meeting_number": number, "status": "waiting"}
    after = read(zoom, number)
    assert after["settings"]["waiting_room"] is False
    assert after["settings"]["continuous_meeting_chat"]["enable"] is True
    assert (after["settings"]["alternative_hosts"], after["duration"]) == (RESERVE, 90)
    (event,) = catcher.events
    assert (event["event"], event["payload"]["operator"]) == ("meeting.updated", TEACHER)
    assert event["payload"]["object"]["duration"] == 90


def test_the_host_takes_the_passcode_away_which_the_api_refuses(zoom: ZoomCaller, number: int) -> None:
    assert zoom.call("PATCH", f"/meetings/{number}", {"password": ""}).refusal == (400, 300)
    zoom.as_host(number, "change", settings={"password": ""})
    after = read(zoom, number)
    assert (after["password"], "pwd=" in after["join_url"]) == ("", False)


def test_what_the_account_locks_the_host_cannot_change(zoom: ZoomCaller, number: int) -> None:
    zoom.sandbox.faults.switch("locked_setting_overrides", settings={"waiting_room": True})
    zoom.as_host(number, "change", settings={"waiting_room": False})
    assert read(zoom, number)["settings"]["waiting_room"] is True


def test_what_the_host_changes_spends_nothing_of_the_api_limit(zoom: ZoomCaller, number: int) -> None:
    for n in range(101):
        zoom.as_host(number, "change", settings={"topic": f"{n}"})
    assert zoom.call("PATCH", f"/meetings/{number}", {"topic": "ours"}).status == 204


def test_a_session_is_found_by_the_topic_that_the_host_has_changed(zoom: ZoomCaller) -> None:
    number = zoom.create(topic="PHYS S-W2RK").json["id"]
    assert zoom.as_host("S-W2RK", "change", settings={"topic": "Physics"})["meeting_number"] == number
    assert zoom.as_host("S-W2RK", "change", settings={"topic": "Other"})["meeting_number"] == number
    by_number = {"meeting": number, "act": "delete"}
    assert zoom.control("POST", "/sandbox/host", by_number).json["status"] == "deleted"


def test_the_host_deletes_a_lesson(zoom: ZoomCaller, catcher: WebhookCatcher, number: int) -> None:
    assert zoom.as_host(number, "delete")["status"] == "deleted"
    assert zoom.call("GET", f"/meetings/{number}").refusal == (404, 3001)
    assert [one["payload"]["operator"] for one in catcher.events] == [TEACHER]
    assert zoom.control("POST", "/sandbox/host", {"session": str(number), "act": "delete"}).status == 404


def test_somebody_registers_and_waits_until_the_host_approves(
    zoom: ZoomCaller, catcher: WebhookCatcher, number: int
) -> None:
    asked = zoom.as_host(number, "register", email="who@else.example", name="Who")
    assert (asked["registrant"]["status"], asked["registrant"]["email"]) == ("pending", "who@else.example")
    pending = zoom.call("GET", f"/meetings/{number}/registrants", status="pending").json["registrants"]
    assert [(one["id"], one["first_name"]) for one in pending] == [(asked["registrant"]["id"], "Who")]
    assert zoom.as_host(number, "approve", email="who@else.example")["registrant"]["status"] == "approved"
    assert zoom.as_host(number, "cancel", email="ada@in.example")["registrant"]["status"] == "cancelled"
    rows = zoom.call("GET", f"/meetings/{number}/registrants").json["registrants"]
    assert [one["email"] for one in rows] == ["minh@in.example", "who@else.example"]
    assert catcher.names == [
        "meeting.registration_created",
        "meeting.registration_approved",
        "meeting.registration_cancelled",
    ]


def test_the_host_starts_a_lesson_at_any_time_and_ends_it(
    zoom: ZoomCaller, catcher: WebhookCatcher, number: int
) -> None:
    assert zoom.as_host(number, "start")["status"] == read(zoom, number)["status"] == "started"
    assert catcher.names == ["meeting.started", "meeting.participant_joined", "recording.started"]
    refused = zoom.control("POST", "/sandbox/host", {"session": str(number), "act": "delete"})
    assert (refused.status, refused.json["error"]["code"]) == (400, "BAD_CONTROL")
    zoom.sandbox.clock.advance(60)
    assert zoom.as_host(number, "end")["status"] == read(zoom, number)["status"] == "waiting"
    assert catcher.names[3:6] == ["meeting.participant_left", "recording.stopped", "meeting.ended"]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"act": "dance"},
        {"act": "change"},
        {"act": "change", "settings": {"settings.waiting_room": "off"}},
        {"act": "change", "settings": {"settings.alternative_hosts": UNLICENSED}},
        {"act": "change", "settings": {"settings": True, "settings.waiting_room": False}},
        {"act": "register"},
        {"act": "register", "email": "nobody"},
        {"act": "approve", "email": "nobody@else.example"},
        {"act": "end"},
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    zoom: ZoomCaller, catcher: WebhookCatcher, number: int, asked: dict[str, Any]
) -> None:
    reply = zoom.control("POST", "/sandbox/host", {"session": str(number)} | asked)
    assert (reply.status, reply.json["error"]["code"]) == (400, "BAD_CONTROL")
    assert catcher.names == []


def test_a_session_that_has_no_meeting_is_not_found(zoom: ZoomCaller) -> None:
    reply = zoom.control("POST", "/sandbox/host", {"session": "S-NONE", "act": "delete"})
    assert (reply.status, reply.json["error"]["code"]) == (404, "UNKNOWN_SESSION")
