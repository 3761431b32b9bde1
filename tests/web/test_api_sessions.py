"""Sessions, people, policy and tokens over HTTP, on Northmoor as it really is."""

import pytest

from tests.house import CLASS_7B, COORDINATOR, OBSERVER, TEACHER, Home
from tests.web.serving import Site

SAFE = {
    "observer": OBSERVER,
    "children": list(CLASS_7B),
    "course": "MATHS-7B",
    "start": "2026-12-01 16:00",
    "minutes": 50,
}


@pytest.fixture(scope="module")
def teacher(home: Home) -> str:
    """A teacher's token."""
    return home.app.access.issue(TEACHER).token


@pytest.fixture(scope="module")
def office(home: Home) -> str:
    """The coordinator's token."""
    return home.app.access.issue(COORDINATOR).token


def test_a_session_is_scheduled_listed_shown_and_cancelled(site: Site, home: Home, teacher: str, office: str) -> None:
    key = {"Idempotency-Key": "test-key-0001"}
    made = site.ask("POST", "/api/v1/sessions", SAFE, teacher, key)
    assert (made.status, made.document["outcome"]) == (201, "scheduled"), made.body
    session = made.document["session"]
    again = site.ask("POST", "/api/v1/sessions", SAFE, teacher, key)
    assert (again.status, again.document["session"]) == (201, session)
    other = site.ask("POST", "/api/v1/sessions", {**SAFE, "minutes": 40}, teacher, key)
    assert (other.status, other.code) == (409, "KEY_REUSED")

    listed = site.ask("GET", "/api/v1/sessions", token=teacher).document
    assert listed["schema"] == "zoomguard/1" and session in listed["sessions"]
    for name in (session["id"], session["short_id"], session["short_id"].lower()):
        shown = site.ask("GET", f"/api/v1/sessions/{name}", token=teacher).document
        assert shown["session"] == session and shown["why"]
    nobodys = site.ask(
        "GET", f"/api/v1/sessions/{session['id']}", token=home.app.access.issue("c.baptiste@northmoor.example").token
    )
    assert (nobodys.status, nobodys.code) == (404, "NOT_THERE")

    ended = site.ask("POST", f"/api/v1/sessions/{session['short_id']}/cancel", token=office)
    assert (ended.status, ended.document["session"]["state"]) == (200, "cancelled")


def test_a_refusal_is_422_with_the_findings(site: Site, teacher: str) -> None:
    alone = {**SAFE, "observer": TEACHER, "start": "2026-12-03 16:00"}
    reply = site.ask("POST", "/api/v1/sessions", alone, teacher)
    assert (reply.status, reply.document["outcome"], reply.document["session"]) == (422, "refused", None)
    assert reply.document["zoom_writes"] == 0 and reply.document["findings"]


def test_a_dry_run_is_200_and_writes_nothing_at_zoom(site: Site, home: Home, teacher: str) -> None:
    before = len(home.zoom_calls("POST /v2"))
    dry = {**SAFE, "start": "2026-12-04 16:00", "dry_run": True}
    reply = site.ask("POST", "/api/v1/sessions", dry, teacher)
    assert (reply.status, reply.document["outcome"], reply.document["session"]) == (200, "possible", None)
    assert len(home.zoom_calls("POST /v2")) == before


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"minutes": "50"}, "BAD_INPUT"),
        ({"minutes": True}, "BAD_INPUT"),
        ({"minutes": 0}, "BAD_LENGTH"),
        ({"minutes": 181}, "BAD_LENGTH"),
        ({"children": "C-0101"}, "BAD_INPUT"),
        ({"children": []}, "NO_CHILD"),
        ({"children": ["C-0101"] * 1001}, "BAD_INPUT"),
        ({"children": ["C-9999"]}, "UNKNOWN_REF"),
        ({"start": "tomorrow"}, "BAD_TIME"),
        ({"timezone": "Europe/Northmoor"}, "BAD_TIMEZONE"),
        ({"fold": "both"}, "BAD_INPUT"),
        ({"passcode": "1"}, "BAD_INPUT"),
        ({"course": "x" * 501}, "BAD_INPUT"),
    ],
)
def test_a_malformed_ask_is_422_with_a_code(site: Site, teacher: str, change: dict[str, object], code: str) -> None:
    reply = site.ask("POST", "/api/v1/sessions", {**SAFE, **change}, teacher)
    assert (reply.status, reply.code) == (422, code), reply.body


def test_a_nul_in_a_name_is_refused_at_the_edge(site: Site, teacher: str) -> None:
    assert site.ask("GET", "/api/v1/sessions/S-%00", token=teacher).status == 422


def test_whoever_is_signed_in_may_read_the_policy(site: Site, teacher: str) -> None:
    rows = site.ask("GET", "/api/v1/policy", token=teacher).document["rows"]
    assert "VC-PASSCODE" in {row["id"] for row in rows}
    rule = site.ask("GET", "/api/v1/policy/vc-passcode", token=teacher).document["rule"]
    assert rule["id"] == "VC-PASSCODE" and rule["remedy"]
    assert site.ask("GET", "/api/v1/policy/NO-RULE", token=teacher).code == "UNKNOWN_REF"
    assert site.ask("GET", "/api/v1/policy").status == 401


def test_the_office_sees_the_staff_and_a_teacher_does_not(site: Site, teacher: str, office: str) -> None:
    people = site.ask("GET", "/api/v1/people", token=office).document["people"]
    assert TEACHER in {p["email"] for p in people}
    assert (site.ask("GET", "/api/v1/people", token=teacher).status) == 403


def test_a_token_of_the_sandbox_lasts_until_it_is_ended(site: Site) -> None:
    issued = site.ask("POST", "/api/v1/tokens", {"email": TEACHER})
    assert issued.status == 201 and set(issued.document) == {"token", "email", "until"}
    token = issued.document["token"]
    who = site.ask("GET", "/api/v1/whoami", token=token).document
    assert (who["email"], who["roles"]) == (TEACHER, ["teacher"])
    assert site.ask("DELETE", "/api/v1/tokens/current", token=token).status == 204
    assert site.ask("GET", "/api/v1/whoami", token=token).status == 401
    assert site.ask("POST", "/api/v1/tokens", {"email": "nobody@northmoor.example"}).code == "UNKNOWN_REF"
