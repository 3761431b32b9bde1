"""Tokens, scopes, users, limits and broken connections."""

import json
from pathlib import Path

import pytest
import urllib3

from tests.sandbox.zoom_caller import LESSON, NINE, OBSERVER, TEACHER, UNLICENSED, ZoomCaller
from zoomguard.sandbox import Sandbox, SandboxClock


def test_a_token_lives_an_hour_of_the_sandbox_clock_and_names_its_scopes(zoom: ZoomCaller) -> None:
    answer = zoom.sign_in().json
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 3600)
    assert "meeting:write:meeting:admin" in answer["scope"].split()
    assert answer["api_url"] + "/v2" == zoom.settings["ZOOMGUARD_ZOOM_API_URL"]
    token = answer["access_token"]
    assert zoom.call("GET", "/users", token=token).status == 200
    zoom.sandbox.clock.advance(3601)
    assert zoom.call("GET", "/users", token=token).refusal == (401, 124)


@pytest.mark.parametrize(
    ("asked", "status", "error"),
    [
        ({"secret": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"account_id": "another"}, 400, "invalid_request"),
    ],
)
def test_oauth_refuses_in_its_own_shape(zoom: ZoomCaller, asked: dict[str, str], status: int, error: str) -> None:
    reply = zoom.sign_in(**asked)
    assert (reply.status, reply.json["error"]) == (status, error)
    assert "code" not in reply.json


def test_a_call_without_a_good_token_is_refused(zoom: ZoomCaller) -> None:
    assert zoom.call("GET", "/users", token="made-up").refusal == (401, 124)
    url = zoom.settings["ZOOMGUARD_ZOOM_API_URL"] + "/users"
    assert zoom.send("GET", url, {}).refusal == (401, 124)


def test_a_missing_scope_is_named_and_an_old_token_keeps_it() -> None:
    with Sandbox(SandboxClock(NINE)) as sandbox:
        zoom = ZoomCaller(sandbox)
        assert zoom.call("GET", "/users").status == 200
        sandbox.withhold_scope("user:read:list_users:admin")
        assert zoom.call("GET", "/users").status == 200
        zoom.forget_token()
        reply = zoom.call("GET", "/users")
    assert reply.refusal == (400, 4711)
    assert "user:read:list_users:admin" in reply.json["message"]


def test_a_user_is_found_by_id_and_by_address(zoom: ZoomCaller) -> None:
    by_address = zoom.call("GET", f"/users/{TEACHER.upper()}").json
    assert zoom.call("GET", f"/users/{by_address['id']}").json == by_address
    assert (by_address["type"], by_address["status"]) == (2, "active")
    assert zoom.call("GET", f"/users/{UNLICENSED}").json["type"] == 1
    assert zoom.call("GET", "/users/nobody@elsewhere.example").refusal == (404, 1001)


def test_users_come_in_pages_whose_token_holds_for_fifteen_minutes(zoom: ZoomCaller) -> None:
    first = zoom.call("GET", "/users", page_size=10).json
    second = zoom.call("GET", "/users", page_size=10, next_page_token=first["next_page_token"]).json
    addresses = [one["email"] for one in first["users"] + second["users"]]
    assert second["next_page_token"] == ""
    assert len(set(addresses)) == len(addresses) == first["total_records"] == 15
    assert zoom.call("GET", "/users", status="inactive").json["users"] == []
    other = zoom.call("GET", "/users", page_size=9, next_page_token=first["next_page_token"])
    assert other.refusal == (400, 300)
    assert zoom.call("GET", "/users", page_size=301).refusal == (400, 300)
    zoom.sandbox.clock.advance(15 * 60)
    late = zoom.call("GET", "/users", page_size=10, next_page_token=first["next_page_token"])
    assert late.refusal == (400, 300)


def test_the_security_block_of_the_settings_comes_only_when_asked_for(zoom: ZoomCaller) -> None:
    plain = zoom.call("GET", f"/users/{TEACHER}/settings").json
    assert {"schedule_meeting", "in_meeting", "recording"} <= plain.keys()
    assert "meeting_security" not in plain
    security = zoom.call("GET", f"/users/{TEACHER}/settings", option="meeting_security").json["meeting_security"]
    assert security["waiting_room"] is True
    assert security["waiting_room_settings"]["participants_to_place_in_waiting_room"] == 0
    assert security["meeting_password_requirement"] == plain["schedule_meeting"]["meeting_password_requirement"]
    assert zoom.call("GET", f"/users/{TEACHER}/settings", option="all").refusal == (400, 300)


def test_the_limit_by_the_second_asks_for_one_second(zoom: ZoomCaller) -> None:
    zoom.sandbox.faults.switch("rate_limited", times=1)
    reply = zoom.call("GET", "/users")
    assert reply.refusal == (429, 429)
    assert (reply.headers["Retry-After"], reply.headers["X-RateLimit-Type"]) == ("1", "QPS")
    assert zoom.call("GET", "/users").status == 200


def test_the_limit_by_the_day_names_midnight_and_ends_there(zoom: ZoomCaller) -> None:
    zoom.sandbox.faults.switch("daily_limit")
    reply = zoom.call("GET", "/users")
    assert reply.refusal == (429, 429)
    assert reply.headers["Retry-After"] == "2026-11-24T00:00:00Z"
    zoom.sandbox.clock.move_to(NINE.replace(day=24, hour=0, minute=1))
    zoom.forget_token()
    assert zoom.call("GET", "/users").status == 200


def test_a_cut_connection_leaves_no_meeting(zoom: ZoomCaller) -> None:
    before = zoom.call("GET", f"/users/{OBSERVER}/meetings").json["total_records"]
    zoom.sandbox.faults.switch("cut_connection", times=1)
    with pytest.raises(urllib3.exceptions.HTTPError):
        zoom.create(host=OBSERVER, settings={"alternative_hosts": TEACHER})
    assert zoom.call("GET", f"/users/{OBSERVER}/meetings").json["total_records"] == before
    last = [one for one in zoom.sandbox.calls() if one["method"] == "POST"][-1]
    assert (last["status"], last["body"], last["fault"]) == (None, None, "cut_connection")


def test_a_lost_answer_leaves_a_meeting(zoom: ZoomCaller) -> None:
    before = zoom.call("GET", f"/users/{OBSERVER}/meetings").json["total_records"]
    zoom.sandbox.faults.switch("answer_lost", times=1)
    with pytest.raises(urllib3.exceptions.HTTPError):
        zoom.create(host=OBSERVER, settings={"alternative_hosts": TEACHER})
    assert zoom.call("GET", f"/users/{OBSERVER}/meetings").json["total_records"] == before + 1


def test_a_fault_can_be_meant_for_one_operation(zoom: ZoomCaller) -> None:
    zoom.sandbox.faults.switch("rate_limited", on="GET /users/t.wren@northmoor.example/settings")
    assert zoom.call("GET", f"/users/{TEACHER}").status == 200
    assert zoom.call("GET", f"/users/{TEACHER}/settings").status == 429
    with pytest.raises(ValueError, match="no fault"):
        zoom.sandbox.faults.switch("rain")


def test_bad_json_and_unknown_paths_are_refused(zoom: ZoomCaller) -> None:
    url = f"{zoom.settings['ZOOMGUARD_ZOOM_API_URL']}/users/{TEACHER}/meetings"
    headers = {"Authorization": f"Bearer {zoom.token}"}
    assert zoom.send("POST", url, headers, b"{").refusal == (400, 300)
    assert zoom.send("POST", url, headers, b"[]").refusal == (400, 300)
    assert zoom.call("GET", "/nothing").status == 404


def test_the_list_of_calls_holds_no_secret(zoom: ZoomCaller) -> None:
    token = zoom.sign_in().json["access_token"]
    zoom.call("GET", "/users", token=token)
    zoom.create()
    zoom.sign_in(client_secret="put-where-it-does-not-belong")
    calls = zoom.sandbox.calls()
    text = json.dumps(calls)
    secrets = ("put-where", token, zoom.settings["ZOOMGUARD_ZOOM_CLIENT_SECRET"], LESSON["password"])
    assert not [one for one in secrets if one in text]
    assert [one["n"] for one in calls] == list(range(1, len(calls) + 1))
    signing_in = [one for one in calls if one["path"] == "/oauth/token"][-1]
    assert signing_in["authorization"] == "Basic"
    made = [one for one in calls if one["path"].endswith("/meetings")][-1]
    assert made["authorization"] == "Bearer"
    assert len(made["body"]["password"]) == 10
    assert made["body"]["settings"]["waiting_room"] is True


def test_exchanges_are_written_whole_for_checks_of_their_shape(tmp_path: Path) -> None:
    with Sandbox(SandboxClock(NINE), record_to=tmp_path / "as-it-happens.jsonl") as sandbox:
        zoom = ZoomCaller(sandbox)
        zoom.create()
        assert sandbox.exchanges(tmp_path / "afterwards.jsonl") == 1
    text = (tmp_path / "afterwards.jsonl").read_text("utf-8")
    assert text == (tmp_path / "as-it-happens.jsonl").read_text("utf-8")
    exchange = json.loads(text)
    assert exchange["path"] == f"/users/{TEACHER}/meetings"
    assert exchange["request_body"]["password"] == exchange["response_body"]["password"] == "aB3defghij"
    assert (tmp_path / "afterwards.jsonl").stat().st_mode & 0o777 == 0o600


def test_answers_carry_the_sandbox_time(zoom: ZoomCaller) -> None:
    said = zoom.call("GET", "/users").headers["Date"]
    assert said.startswith(zoom.sandbox.clock.now().strftime("%a, %d %b %Y %H:%M"))
