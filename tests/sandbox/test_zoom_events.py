"""What subscribers are told of meetings that are made, changed and deleted, and how it may come late or never."""

from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.webhook_catcher import WebhookCatcher, until
from tests.sandbox.zoom_caller import OBSERVER, RESERVE, TEACHER, ZoomCaller

OWNER = "d.morgan@northmoor.example"


def told(catcher: WebhookCatcher, *names: str) -> list[Any]:
    """The payloads of exactly these events, as soon as all have come."""
    assert until(lambda: len(catcher.received) == len(names)), catcher.names
    assert catcher.names == list(names)
    return [one["payload"] for one in catcher.events]


def test_a_new_meeting_is_told_with_its_number_and_who_made_it(zoom: ZoomCaller, catcher: WebhookCatcher) -> None:
    made = zoom.create().json
    (payload,) = told(catcher, "meeting.created")
    assert (payload["operator"], payload["operation"]) == (OWNER, "all")
    told_of = payload["object"]
    assert (told_of["id"], told_of["uuid"], told_of["host_id"]) == (made["id"], made["uuid"], made["host_id"])
    assert (told_of["join_url"], told_of["password"]) == (made["join_url"], made["password"])
    assert told_of["settings"]["alternative_hosts"] == OBSERVER
    assert "agenda" not in told_of


def test_a_change_tells_what_is_another_now_and_what_it_was(
    zoom: ZoomCaller, catcher: WebhookCatcher, number: int
) -> None:
    before = zoom.call("GET", f"/meetings/{number}").json
    start = (zoom.sandbox.clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT10:00:00Z")
    settings = {"alternative_hosts": RESERVE, "auto_recording": "cloud"}
    change = {"start_time": start, "topic": before["topic"], "settings": settings}
    assert zoom.call("PATCH", f"/meetings/{number}", change).status == 204
    (payload,) = told(catcher, "meeting.updated")
    known = {"id": number, "uuid": before["uuid"]}
    assert payload["object"] == known | {"start_time": start, "settings": {"alternative_hosts": RESERVE}}
    old = {"start_time": before["start_time"], "settings": {"alternative_hosts": OBSERVER}}
    assert payload["old_object"] == known | old
    assert payload["operator"] == OWNER
    assert abs(payload["time_stamp"] - zoom.sandbox.clock.now().timestamp() * 1000) < 60_000


def test_a_change_that_changes_nothing_tells_nothing(zoom: ZoomCaller, catcher: WebhookCatcher, number: int) -> None:
    assert zoom.call("PATCH", f"/meetings/{number}", {"settings": {"waiting_room": True}}).status == 204
    assert zoom.call("DELETE", f"/meetings/{number}").status == 204
    (payload,) = told(catcher, "meeting.deleted")
    assert (payload["object"]["id"], payload["operator"], payload["operation"]) == (number, OWNER, "single")


def test_who_registers_alone_is_pending_and_told(zoom: ZoomCaller, catcher: WebhookCatcher, number: int) -> None:
    reply = zoom.call("POST", f"/meetings/{number}/registrants", {"email": "x@in.example", "first_name": "X"})
    assert (reply.status, "join_url" in reply.json) == (201, False)
    (payload,) = told(catcher, "meeting.registration_created")
    registrant = payload["object"]["registrant"]
    assert payload["object"]["id"] == number
    assert (registrant["id"], registrant["status"]) == (reply.json["registrant_id"], "pending")
    assert (registrant["email"], "join_url" in registrant, "operator" in payload) == ("x@in.example", False, False)


def test_who_is_registered_by_us_is_told_as_approved(zoom: ZoomCaller, catcher: WebhookCatcher, number: int) -> None:
    zoom.register(number, "oskar")
    (payload,) = told(catcher, "meeting.registration_created")
    registrant = payload["object"]["registrant"]
    assert (registrant["status"], "join_url" in registrant) == ("approved", True)


@pytest.mark.parametrize(
    ("action", "event"),
    [("cancel", "registration_cancelled"), ("deny", "registration_denied"), ("approve", "registration_approved")],
)
def test_a_decision_on_a_registration_is_told_once(
    zoom: ZoomCaller, catcher: WebhookCatcher, number: int, action: str, event: str
) -> None:
    zoom.call("POST", f"/meetings/{number}/registrants", {"email": "x@in.example", "first_name": "X"})
    change = {"action": action, "registrants": [{"email": "x@in.example"}]}
    assert zoom.call("PUT", f"/meetings/{number}/registrants/status", change).status == 204
    _, payload = told(catcher, "meeting.registration_created", f"meeting.{event}")
    assert payload["operator"] == OWNER
    assert payload["object"]["registrant"]["email"] == "x@in.example"
    assert ("join_url" in payload["object"]["registrant"]) is (action == "approve")


def test_what_was_decided_already_is_not_told_again(zoom: ZoomCaller, catcher: WebhookCatcher, number: int) -> None:
    change = {"action": "approve", "registrants": [{"email": "ada@in.example"}]}
    assert zoom.call("PUT", f"/meetings/{number}/registrants/status", change).status == 204
    assert zoom.call("DELETE", f"/meetings/{number}").status == 204
    told(catcher, "meeting.deleted")


# Events that do not come as they should


def act(zoom: ZoomCaller, number: int, *topics: str) -> None:
    """Change the topic so often."""
    for topic in topics:
        assert zoom.call("PATCH", f"/meetings/{number}", {"topic": topic}).status == 204


def topics(catcher: WebhookCatcher) -> list[str]:
    return [one["topic"] for one in catcher.of("meeting.updated")]


def test_a_lost_event_is_never_sent(zoom: ZoomCaller, catcher: WebhookCatcher, number: int) -> None:
    zoom.sandbox.faults.switch("webhook_lost", times=1)
    act(zoom, number, "one", "two")
    zoom.sandbox.clock.advance(86_400)
    assert zoom.sandbox._zoom.webhooks.settle(30)
    assert topics(catcher) == ["two"]


def test_a_late_event_comes_later_and_was_signed_in_time(
    zoom: ZoomCaller, catcher: WebhookCatcher, number: int
) -> None:
    zoom.control("POST", "/sandbox/faults", {"name": "late", "times": 1, "late_s": 3600})
    signed_s = zoom.sandbox.clock.now().timestamp()
    act(zoom, number, "one", "two")
    assert until(lambda: topics(catcher) == ["two"])
    zoom.sandbox.clock.advance(3600)
    assert until(lambda: topics(catcher) == ["two", "one"])
    assert abs(int(catcher.received[1][0]["x-zm-request-timestamp"]) - signed_s) < 60


def test_reordered_events_change_places(zoom: ZoomCaller, catcher: WebhookCatcher, number: int) -> None:
    zoom.sandbox.faults.switch("reordered")
    act(zoom, number, "one", "two", "three", "four")
    assert until(lambda: topics(catcher) == ["two", "one", "four", "three"])


def test_an_event_held_back_comes_within_a_minute(zoom: ZoomCaller, catcher: WebhookCatcher, number: int) -> None:
    zoom.sandbox.faults.switch("reordered", times=1)
    act(zoom, number, "one")
    zoom.sandbox.clock.advance(61)
    assert until(lambda: topics(catcher) == ["one"])
    act(zoom, number, "two")
    assert until(lambda: topics(catcher) == ["one", "two"])


def test_a_fault_of_events_may_be_meant_for_some_only(zoom: ZoomCaller, catcher: WebhookCatcher, number: int) -> None:
    on = zoom.control("POST", "/sandbox/faults", {"name": "webhook_lost", "on": "meeting.registration_*"})
    assert on.json == [{"name": "webhook_lost", "times": None, "on": "POST /meeting.registration_*"}]
    zoom.register(number, "oskar")
    assert TEACHER not in str(catcher.events)
    zoom.call("DELETE", f"/meetings/{number}")
    told(catcher, "meeting.deleted")
