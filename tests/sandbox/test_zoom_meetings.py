"""Meetings and registrants."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.zoom_caller import NINE, OBSERVER, RESERVE, TEACHER, UNLICENSED, ZoomCaller
from zoomguard.sandbox import Sandbox, SandboxClock


@pytest.fixture
def zoom(sandbox: Sandbox) -> Iterator[ZoomCaller]:
    sandbox.clock.advance(86_400)  # a new day: nobody's hundred is used up
    yield ZoomCaller(sandbox)
    sandbox.faults.clear()


def read(zoom: ZoomCaller, number: int) -> Any:
    return zoom.call("GET", f"/meetings/{number}").json


def test_a_meeting_reads_back_as_it_was_asked_for(zoom: ZoomCaller) -> None:
    reply = zoom.create(start_time="2027-03-01T16:00:00Z")
    made, got = reply.json, read(zoom, reply.json["id"])
    assert reply.status == 201
    assert len(str(made["id"])) == 11
    assert (got["password"], got["start_time"], got["duration"]) == ("aB3defghij", "2027-03-01T16:00:00Z", 50)
    assert got["settings"] == made["settings"]
    assert got["settings"]["waiting_room_options"] == {
        "mode": "custom",
        "who_goes_to_waiting_room": "everyone",
    }
    assert got["settings"]["alternative_hosts"] == OBSERVER
    assert got["settings"]["auto_recording"] == "cloud"
    assert got["settings"]["continuous_meeting_chat"] == {"enable": False}
    assert (got["status"], got["host_email"], "pmi" in got) == ("waiting", TEACHER, False)


def test_a_local_start_time_is_kept_as_utc(zoom: ZoomCaller) -> None:
    made = zoom.create(start_time="2027-06-01T10:00:00", timezone="Europe/London").json
    assert made["start_time"] == "2027-06-01T09:00:00Z"


@pytest.mark.parametrize(
    ("fields", "settings", "field"),
    [
        ({"password": "elevenchar1"}, {}, "password"),
        ({"password": "short1"}, {}, "password"),
        ({"password": "with blank"}, {}, "password"),
        ({"topic": "x" * 201}, {}, "topic"),
        ({"agenda": "x" * 2001}, {}, "agenda"),
        ({"duration": 0}, {}, "duration"),
        ({"duration": True}, {}, "duration"),
        ({"start_time": "1 December"}, {}, "start_time"),
        ({"start_time": "2026-13-01T10:00:00Z"}, {}, "start_time"),
        ({"timezone": "Europe/Nowhere"}, {}, "timezone"),
        ({"type": 4}, {}, "type"),
        ({}, {"auto_recording": "Cloud"}, "settings.auto_recording"),
        ({}, {"waiting_room": "true"}, "settings.waiting_room"),
        ({}, {"approval_type": True}, "settings.approval_type"),
        ({}, {"encryption_type": "none"}, "settings.encryption_type"),
        (
            {},
            {"waiting_room_options": {"who_goes_to_waiting_room": "everyone"}},
            "settings.waiting_room_options.mode",
        ),
    ],
)
def test_what_zoom_would_refuse_is_refused_by_its_name(
    zoom: ZoomCaller, fields: dict[str, Any], settings: dict[str, Any], field: str
) -> None:
    reply = zoom.create(settings=settings, **fields)
    assert reply.refusal == (400, 300)
    assert [one["field"] for one in reply.json["errors"]] == [field]


def test_an_unlicensed_alternative_host_loses_the_whole_call(zoom: ZoomCaller) -> None:
    before = zoom.call("GET", f"/users/{TEACHER}/meetings").json["total_records"]
    for hosts in (UNLICENSED, f"{OBSERVER};someone@else.example"):
        assert zoom.create(settings={"alternative_hosts": hosts}).refusal == (400, 1114)
    zoom.sandbox.faults.switch("observer_unlicensed", times=1)
    assert zoom.create().refusal == (400, 1114)
    assert zoom.call("GET", f"/users/{TEACHER}/meetings").json["total_records"] == before
    number = zoom.create().json["id"]
    change = {"topic": "Other", "settings": {"alternative_hosts": UNLICENSED}}
    assert zoom.call("PATCH", f"/meetings/{number}", change).refusal == (400, 1114)
    assert read(zoom, number)["topic"] == "MATHS S-7K2M"


def test_alternative_hosts_are_taken_by_comma_and_by_id(zoom: ZoomCaller) -> None:
    reserve = zoom.call("GET", f"/users/{RESERVE}").json["id"]
    made = zoom.create(settings={"alternative_hosts": f"{OBSERVER.upper()}, {reserve}"}).json
    assert set(made["settings"]["alternative_hosts"].split(";")) == {OBSERVER, RESERVE}


def test_a_change_answers_nothing_and_leaves_the_rest_alone(zoom: ZoomCaller) -> None:
    number = zoom.create().json["id"]
    before = read(zoom, number)
    change = {
        "topic": "Chemistry",
        "start_time": "2020-01-01T10:00:00Z",
        "settings": {"mute_upon_entry": True},
    }
    reply = zoom.call("PATCH", f"/meetings/{number}", change | {"default_password": False, "nonsense": 1})
    after = read(zoom, number)
    assert (reply.status, reply.body) == (204, b"")
    assert after["topic"] == "Chemistry"
    assert after["start_time"] == before["start_time"]
    assert after["settings"] == before["settings"] | {"mute_upon_entry": True}
    same = ("id", "uuid", "password", "agenda", "duration", "host_id", "created_at", "join_url")
    assert [after[name] for name in same] == [before[name] for name in same]
    zoom.call("PATCH", f"/meetings/{number}", {"start_time": "2027-03-02T17:00:00Z"})
    assert read(zoom, number)["start_time"] == "2027-03-02T17:00:00Z"


def test_a_locked_setting_wins_until_the_lock_is_lifted(zoom: ZoomCaller) -> None:
    zoom.sandbox.faults.switch("locked_setting_overrides")
    made = zoom.create()
    number = made.json["id"]
    assert (made.status, made.json["settings"]["waiting_room"]) == (201, False)
    assert zoom.call("PATCH", f"/meetings/{number}", {"settings": {"waiting_room": True}}).status == 204
    assert read(zoom, number)["settings"]["waiting_room"] is False
    zoom.sandbox.faults.switch("locked_setting_overrides", on=False)
    assert zoom.create().json["settings"]["waiting_room"] is True
    zoom.call("PATCH", f"/meetings/{number}", {"settings": {"waiting_room": True}})
    assert read(zoom, number)["settings"]["waiting_room"] is True


def test_a_lock_can_hold_any_setting_or_hide_it(zoom: ZoomCaller) -> None:
    zoom.sandbox.faults.switch(
        "locked_setting_overrides", settings={"auto_recording": "none", "waiting_room_options": None}
    )
    settings = zoom.create().json["settings"]
    assert settings["auto_recording"] == "none"
    assert "waiting_room_options" not in settings


def test_silent_couplings_hold(zoom: ZoomCaller) -> None:
    both = zoom.create(settings={"waiting_room": True, "join_before_host": True}).json["settings"]
    assert both["join_before_host"] is False
    secret = zoom.create(settings={"encryption_type": "e2ee"}).json["settings"]
    assert secret["auto_recording"] == "none"
    basic = zoom.create(host=UNLICENSED).json["settings"]
    assert basic["auto_recording"] == "none"


def test_a_hundred_writes_a_day_and_host(zoom: ZoomCaller) -> None:
    number = zoom.create().json["id"]
    for n in range(99):
        assert zoom.call("PATCH", f"/meetings/{number}", {"agenda": str(n)}).status == 204
    refused = zoom.call("PATCH", f"/meetings/{number}", {"agenda": "one more"})
    assert refused.refusal == zoom.create().refusal == (429, 429)
    assert "(100)" in refused.json["message"]
    assert "Retry-After" not in refused.headers
    assert zoom.create(host=RESERVE).status == 201
    zoom.sandbox.clock.advance(86_400)
    zoom.forget_token()
    assert zoom.create().status == 201


def test_a_deleted_meeting_is_gone_and_can_be_recovered(zoom: ZoomCaller) -> None:
    number = zoom.create().json["id"]
    assert zoom.call("DELETE", f"/meetings/{number}").status == 204
    assert zoom.call("GET", f"/meetings/{number}").refusal == (404, 3001)
    assert zoom.call("DELETE", f"/meetings/{number}").refusal == (404, 3001)
    assert zoom.call("PATCH", f"/meetings/{number}", {"topic": "x"}).refusal == (404, 3001)
    assert zoom.call("PUT", f"/meetings/{number}/status", {"action": "recover"}).status == 204
    assert zoom.call("GET", f"/meetings/{number}").status == 200


def test_a_lagging_list_shows_a_meeting_late(zoom: ZoomCaller) -> None:
    zoom.sandbox.faults.switch("list_lags", lag_s=60)
    number = zoom.create(host=RESERVE).json["id"]

    def listed() -> bool:
        rows = zoom.call("GET", f"/users/{RESERVE}/meetings", type="upcoming", page_size=300).json["meetings"]
        return number in [one["id"] for one in rows]

    assert zoom.call("GET", f"/meetings/{number}").status == 200
    assert not listed()
    zoom.sandbox.clock.advance(61)
    assert listed()


def test_lists_are_of_one_host_in_pages_with_their_agenda(zoom: ZoomCaller) -> None:
    made = {zoom.create(host=OBSERVER, settings={"alternative_hosts": ""}).json["id"] for _ in range(5)}
    first = zoom.call("GET", f"/users/{OBSERVER}/meetings", page_size=3).json
    rest = zoom.call("GET", f"/users/{OBSERVER}/meetings", page_size=3, next_page_token=first["next_page_token"])
    rows = first["meetings"] + rest.json["meetings"]
    assert {one["id"] for one in rows} == made
    assert all(one["agenda"].startswith("zg:sandbox-1:") for one in rows)
    assert zoom.call("GET", f"/users/{OBSERVER}/meetings", type="all").refusal == (400, 300)


def test_a_registrant_each_has_a_link_and_only_approved_ones_are_listed(zoom: ZoomCaller) -> None:
    number = zoom.create().json["id"]
    reply = zoom.register(number, "ada", "minh", "lena")
    assert reply.status == 201
    stranger = zoom.call("POST", f"/meetings/{number}/registrants", {"email": "x@y.example", "first_name": "X"})
    assert stranger.status == 201 and "join_url" not in stranger.json
    approved = zoom.call("GET", f"/meetings/{number}/registrants", status="approved").json
    assert approved["total_records"] == 3
    assert len({one["join_url"] for one in approved["registrants"]}) == 3
    assert {one["id"] for one in approved["registrants"]} == {one["registrant_id"] for one in reply.json["registrants"]}
    pending = zoom.call("GET", f"/meetings/{number}/registrants", status="pending").json["registrants"]
    assert [one["email"] for one in pending] == ["x@y.example"]


def test_a_registration_is_cancelled_approved_and_denied(zoom: ZoomCaller) -> None:
    number = zoom.create().json["id"]
    zoom.register(number, "ada", "minh", auto_approve=False)

    def change(action: str, email: str) -> int:
        body = {"action": action, "registrants": [{"email": email}]}
        return zoom.call("PUT", f"/meetings/{number}/registrants/status", body).status

    def listed(status: str) -> list[str]:
        rows = zoom.call("GET", f"/meetings/{number}/registrants", status=status).json["registrants"]
        return [one["first_name"] for one in rows]

    assert listed("pending") == ["Ada", "Minh"]
    assert change("approve", "ada@in.example") == change("deny", "minh@in.example") == 204
    assert (listed("approved"), listed("denied")) == (["Ada"], ["Minh"])
    assert change("cancel", "ada@in.example") == 204
    assert listed("approved") == []
    assert change("cancel", "ada@in.example") == 404


def test_what_is_no_registration_is_refused(zoom: ZoomCaller) -> None:
    open_to_all = zoom.create(settings={"approval_type": 2}).json["id"]
    assert zoom.register(open_to_all, "ada").refusal == (400, 300)
    number = zoom.create().json["id"]
    assert zoom.register(number, *(f"child{n}" for n in range(31))).refusal == (400, 300)
    nameless = {"registrants": [{"email": "a@b.example"}]}
    assert zoom.call("POST", f"/meetings/{number}/batch_registrants", nameless).refusal == (400, 300)
    host = {"email": OBSERVER, "first_name": "Priya"}
    assert zoom.call("POST", f"/meetings/{number}/registrants", host).refusal == (400, 3027)
    assert zoom.register(12345678901, "ada").refusal == (404, 3001)


def test_the_same_address_is_the_same_registrant_three_times_a_day(zoom: ZoomCaller) -> None:
    number = zoom.create().json["id"]
    ids = {zoom.register(number, "ada").json["registrants"][0]["registrant_id"] for _ in range(3)}
    assert len(ids) == 1
    assert zoom.register(number, "ada").refusal == (429, 429)


def test_the_settings_and_the_address_file_name_everything(tmp_path: Any) -> None:
    with Sandbox(SandboxClock(NINE), home=tmp_path) as sandbox:
        sandbox.write_address_file(tmp_path / "sandbox.json")
        document = json.loads((tmp_path / "sandbox.json").read_text("utf-8"))
        zoom = ZoomCaller(sandbox)
        clock = zoom.send("GET", document["clock_url"], {}).json
        calls = zoom.send("GET", document["controls_url"] + "/calls", {})
        opened = zoom.send("GET", document["controls_url"] + "/calls", {"Authorization": f"Bearer {document['key']}"})
    assert (tmp_path / "sandbox.json").stat().st_mode & 0o777 == 0o600
    assert clock["now"].startswith("2026-11-23T09:00")
    assert (calls.status, opened.json) == (401, [])
    assert {f"ZOOMGUARD_{name.upper()}" for name in document} > set(sandbox_names(document))


def sandbox_names(document: dict[str, Any]) -> list[str]:
    return [f"ZOOMGUARD_{name.upper()}" for name in document if name.startswith(("zoom_", "s3_", "mail_"))]
