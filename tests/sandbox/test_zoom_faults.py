"""Faults of the API: what a caller sees, and what Zoom has done all the same."""

import gzip
import json
from typing import Any

import pytest
import urllib3

from tests.sandbox.webhook_catcher import WebhookCatcher
from tests.sandbox.zoom_caller import OBSERVER, TEACHER, ZoomCaller, scene
from zoomguard.sandbox.faults import KINDS


def switch(zoom: ZoomCaller, name: str, **more: Any) -> None:
    assert zoom.control("POST", "/sandbox/faults", {"name": name, **more}).status == 200


def listed(zoom: ZoomCaller) -> list[int]:
    meetings = zoom.call("GET", f"/users/{TEACHER}/meetings", type="upcoming", page_size=300).json["meetings"]
    return [one["id"] for one in meetings]


def approved(zoom: ZoomCaller, number: int) -> list[str]:
    rows = zoom.call("GET", f"/meetings/{number}/registrants").json["registrants"]
    return [one["email"] for one in rows]


@pytest.mark.parametrize(("name", "more"), [("create_500", 0), ("create_500_stored", 1)])
def test_an_error_at_creating_says_nothing_of_what_was_done(zoom: ZoomCaller, name: str, more: int) -> None:
    before = listed(zoom)
    switch(zoom, name, times=1)
    assert zoom.create().status == 500
    assert len(listed(zoom)) == len(before) + more
    assert zoom.create().status == 201
    assert zoom.sandbox.calls()[-3]["fault"] == name


def test_a_slow_create_is_not_answered_and_takes_effect_later(zoom: ZoomCaller, catcher: WebhookCatcher) -> None:
    before = listed(zoom)
    switch(zoom, "create_slow", times=1, after_s=30)
    with pytest.raises(urllib3.exceptions.HTTPError):
        zoom.create(topic="LATE S-3XWP")
    assert listed(zoom) == before
    assert zoom.control("POST", "/sandbox/play", {"session": "S-3XWP"}).status == 404
    assert catcher.names == []
    zoom.sandbox.clock.advance(31)
    assert len(listed(zoom)) == len(before) + 1
    assert zoom.as_host("S-3XWP", "delete")["status"] == "deleted"
    assert catcher.names == ["meeting.created", "meeting.deleted"]


def test_an_ignored_change_is_answered_like_any_other(zoom: ZoomCaller, catcher: WebhookCatcher, number: int) -> None:
    before = zoom.call("GET", f"/meetings/{number}").json
    switch(zoom, "update_ignored", times=1)
    for topic, seen in (("one", before["topic"]), ("two", "two")):
        assert zoom.call("PATCH", f"/meetings/{number}", {"topic": topic}).status == 204
        assert zoom.call("GET", f"/meetings/{number}").json["topic"] == seen


def test_a_delete_that_fails_leaves_the_meeting_and_registrants_can_still_be_deleted(
    zoom: ZoomCaller, number: int
) -> None:
    switch(zoom, "delete_500")
    assert zoom.call("DELETE", f"/meetings/{number}").status == 500
    assert zoom.call("GET", f"/meetings/{number}").status == 200
    assert zoom.call("DELETE", f"/meetings/{number}/registrants/ada@in.example").status == 204


def test_a_new_meeting_may_not_be_found_for_a_while(zoom: ZoomCaller) -> None:
    switch(zoom, "read_lags", lag_s=5)
    number = zoom.create().json["id"]
    assert zoom.call("GET", f"/meetings/{number}").refusal == (404, 3001)
    zoom.sandbox.clock.advance(5)
    assert zoom.call("GET", f"/meetings/{number}").status == 200


def test_a_revoked_token_is_refused_and_a_new_one_works(zoom: ZoomCaller) -> None:
    old = zoom.token
    switch(zoom, "token_revoked")
    assert zoom.call("GET", "/users").refusal == (401, 124)
    assert zoom.call("GET", "/users").refusal == (401, 124)
    zoom.forget_token()
    assert zoom.token != old
    assert zoom.call("GET", "/users").status == 200


def test_a_token_may_lack_a_scope(zoom: ZoomCaller) -> None:
    scope = "meeting:update:status:admin"
    switch(zoom, "scope_missing", times=1, on=scope)
    zoom.forget_token()
    assert zoom.call("PUT", "/meetings/1/status", {"action": "end"}).refusal == (400, 4711)
    assert scope not in zoom.sign_in(grant_type="").body.decode()
    assert scope in zoom.sign_in().json["scope"].split()


def test_a_page_with_status_200_has_done_nothing(zoom: ZoomCaller, number: int) -> None:
    switch(zoom, "html_200", times=1, on="DELETE /meetings/{}")
    reply = zoom.call("DELETE", f"/meetings/{number}")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html;charset=utf-8")
    assert zoom.call("GET", f"/meetings/{number}").status == 200


@pytest.mark.parametrize("size_bytes", [13, 262_144, 262_145, 1_000_000])
def test_a_huge_answer_is_json_of_the_size_asked_for(zoom: ZoomCaller, size_bytes: int) -> None:
    switch(zoom, "huge_json", times=1, size_bytes=size_bytes)
    body = zoom.call("GET", "/users").body
    assert (len(body), list(json.loads(body))) == (size_bytes, ["filler"])


def test_a_huge_answer_may_be_small_on_the_wire(zoom: ZoomCaller) -> None:
    switch(zoom, "huge_json", times=1, size_bytes=5_000_000, gzip=True)
    url = zoom.settings["ZOOMGUARD_ZOOM_API_URL"] + "/users"
    got = zoom.pool.request("GET", url, headers={"Authorization": f"Bearer {zoom.token}"}, decode_content=False)
    assert (got.headers["Content-Encoding"], len(got.data) < 100_000) == ("gzip", True)
    assert len(gzip.decompress(got.data)) == 5_000_000


@pytest.mark.parametrize("field", ["settings.waiting_room", "settings.breakout_room.enable", "password", "start_time"])
def test_one_field_may_be_absent_from_what_is_read(zoom: ZoomCaller, number: int, field: str) -> None:
    whole = zoom.call("GET", f"/meetings/{number}").json
    switch(zoom, "field_absent", times=1, on=f"GET /meetings/ {field}")
    assert zoom.call("GET", f"/meetings/{number}/registrants").status == 200  # has it not, and uses nothing up
    seen = zoom.call("GET", f"/meetings/{number}").json
    *outer, last = field.split(".")
    for name in outer:
        whole, seen = whole[name], seen[name]
    assert set(whole) - set(seen) == {last}
    assert "settings" in zoom.call("GET", f"/meetings/{number}").json


@pytest.mark.parametrize(
    ("on", "more", "value"),
    [
        (True, {}, "never_heard_of"),
        ("settings.auto_recording", {"value": "moon"}, "moon"),
        ("GET /meetings/* settings.auto_recording", {}, "never_heard_of"),
    ],
)
def test_a_field_may_have_a_value_that_nobody_knows(
    zoom: ZoomCaller, number: int, on: Any, more: dict[str, str], value: str
) -> None:
    switch(zoom, "unknown_enum", on=on, **more)
    assert zoom.call("GET", f"/meetings/{number}").json["settings"]["auto_recording"] == value
    switch(zoom, "unknown_enum", on="settings.approval_type")
    assert zoom.call("GET", f"/meetings/{number}").json["settings"]["approval_type"] == 99
    zoom.sandbox.faults.clear()
    assert zoom.call("GET", f"/meetings/{number}").json["settings"]["auto_recording"] == "cloud"


def test_one_of_three_registrations_is_lost_and_nobody_is_told(zoom: ZoomCaller) -> None:
    number = zoom.create().json["id"]
    switch(zoom, "registrant_post_lost", times=1)
    with pytest.raises(urllib3.exceptions.HTTPError):
        zoom.register(number, "ada", "minh", "ivy")
    assert approved(zoom, number) == ["ada@in.example", "ivy@in.example"]
    switch(zoom, "registrant_post_lost", times=1)
    person = {"email": "minh@in.example", "first_name": "Minh", "auto_approve": True}
    with pytest.raises(urllib3.exceptions.HTTPError):
        zoom.call("POST", f"/meetings/{number}/registrants", person)
    assert len(approved(zoom, number)) == 2
    assert zoom.call("POST", f"/meetings/{number}/registrants", person).status == 201


def test_a_stranger_is_approved_once_and_can_be_cancelled(
    zoom: ZoomCaller, catcher: WebhookCatcher, number: int
) -> None:
    switch(zoom, "stranger_approved")
    assert approved(zoom, number)[2:] == ["stranger@elsewhere.example"]
    change = {"action": "cancel", "registrants": [{"email": "stranger@elsewhere.example"}]}
    assert zoom.call("PUT", f"/meetings/{number}/registrants/status", change).status == 204
    assert approved(zoom, number) == ["ada@in.example", "minh@in.example"]
    zoom.as_host(number, "delete")
    told = [one.removeprefix("meeting.registration_") for one in catcher.names[:3]]
    assert told == ["created", "approved", "cancelled"]


def test_an_observer_who_is_not_signed_in_waits_as_a_guest_whom_nobody_knows(
    zoom: ZoomCaller, catcher: WebhookCatcher, number: int
) -> None:
    switch(zoom, "alt_host_not_signed_in", times=1)
    zoom.hold(number)
    waited = catcher.of("meeting.participant_joined_waiting_room")
    (observer,) = [one["participant"] for one in waited if "Priya" in one["participant"]["user_name"]]
    assert (observer["id"], observer["email"], "registrant_id" in observer) == ("", "", False)
    assert OBSERVER not in [one["participant"]["email"] for one in catcher.of("meeting.participant_joined")]
    zoom.hold(number)
    assert OBSERVER in [one["participant"]["email"] for one in catcher.of("meeting.participant_joined")]


def test_a_guest_who_is_the_observer_may_be_let_in_and_is_still_unknown(
    zoom: ZoomCaller, catcher: WebhookCatcher, number: int
) -> None:
    switch(zoom, "alt_host_not_signed_in", on="alternative:1")
    who = "alternative:1"
    events = [scene(0, "joined", "host"), scene(1, "joined", who), scene(60, "admitted", who), scene(61, "joined", who)]
    zoom.hold(number, events=[*events, scene(90, "left", who), scene(100, "ended")])
    came = [one["participant"] for one in catcher.of("meeting.participant_joined")]
    assert [one["id"] == "" for one in came] == [False, True]
    assert len(catcher.of("meeting.participant_admitted")) == 1
    assert len(catcher.of("meeting.participant_joined_waiting_room")) == 1


def test_a_meeting_does_not_start_for_an_observer_who_is_not_signed_in(
    zoom: ZoomCaller, catcher: WebhookCatcher, number: int
) -> None:
    switch(zoom, "alt_host_not_signed_in", on=OBSERVER)
    zoom.hold(number, events=[scene(0, "joined", OBSERVER)])
    assert catcher.names == ["meeting.participant_joined_waiting_room"]
    assert zoom.call("GET", f"/meetings/{number}").json["status"] == "waiting"


def test_a_page_token_may_die_between_two_pages(zoom: ZoomCaller) -> None:
    first = zoom.call("GET", "/users", page_size=10).json["next_page_token"]
    switch(zoom, "page_token_expired")
    assert zoom.call("GET", "/users", page_size=10).status == 200  # it strikes only who shows a token
    for _ in range(2):
        gone = zoom.call("GET", "/users", page_size=10, next_page_token=first)
        assert (gone.refusal, gone.json["message"]) == ((400, 300), "The next page token is invalid or expired.")
    again = zoom.call("GET", "/users", page_size=10).json["next_page_token"]
    assert zoom.call("GET", "/users", page_size=10, next_page_token=again).status == 200


@pytest.mark.parametrize(("name", "status", "code"), [("host_unknown", 404, 1001), ("list_500", 500, 500)])
def test_the_recordings_of_one_host_may_not_be_listed(zoom: ZoomCaller, name: str, status: int, code: int) -> None:
    switch(zoom, name, on=f"GET /users/{TEACHER}/recordings")
    assert zoom.call("GET", f"/users/{TEACHER}/recordings").refusal == (status, code)
    assert zoom.call("GET", f"/users/{OBSERVER}/recordings").status == 200
    assert zoom.call("GET", f"/users/{TEACHER}/meetings").status == 200
    switch(zoom, name, times=1)
    assert zoom.call("GET", f"/users/{OBSERVER}/recordings").refusal == (status, code)
    assert zoom.call("GET", f"/users/{OBSERVER}/recordings").status == 200


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_fault_can_be_switched_on_and_off_over_http(zoom: ZoomCaller, name: str) -> None:
    (on,) = zoom.control("POST", "/sandbox/faults", {"name": name, "times": 3}).json
    assert (on["name"], on["times"], on["on"]) == (name, 3, KINDS[name].strikes_at)
    assert zoom.control("POST", "/sandbox/faults", {"name": name, "on": False}).json == []


@pytest.mark.parametrize(
    ("name", "on"),
    [
        ("delete_500", "settings.waiting_room"),
        ("delete_500", "DELETE /meetings/{} settings"),
        ("late", "POST meetings"),
        ("late", ""),
        ("field_absent", "GET /meetings settings more"),
    ],
)
def test_an_aim_that_the_fault_cannot_have_is_refused(zoom: ZoomCaller, name: str, on: str) -> None:
    reply = zoom.control("POST", "/sandbox/faults", {"name": name, "on": on})
    assert (reply.status, reply.json["error"]["code"]) == (400, "BAD_CONTROL")
