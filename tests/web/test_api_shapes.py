"""Input of a wrong shape is 422 with the names of our fields, and nothing of it comes back."""

from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.house import DSL, TEACHER, Home
from tests.web.serving import Reply, Site

API = "/api/v1"
SECRET = "geheim"
LONG = SECRET * 90
SERIES = {"kind": "series", "ask": {"start": "2026-12-01 16:00"}, "weekly_until": "2026-12-20"}
SESSION = "/sessions/S-0000"
UNKNOWN = "an unknown field was sent"


@pytest.fixture(scope="module")
def token(home: Home) -> str:
    """Of somebody who may use all of these routes."""
    return str(home.app.access.issue(DSL).token)


def wrong(field: str) -> str:
    return f"{field} is not as it should be"


def missing(field: str) -> str:
    return f"{field} is missing"


def in_ask(**change: Any) -> dict[str, Any]:
    return {**SERIES, "ask": {"start": "2026-12-01 16:00", **change}}


BODIES: list[tuple[str, Any, str]] = [
    ("/batches", {}, missing("kind")),
    ("/batches", {"kind": SECRET}, wrong("kind")),
    ("/batches", {"kind": ["csv"]}, wrong("kind")),
    ("/batches", {"kind": "csv", "text": 5}, wrong("text")),
    ("/batches", {"kind": "csv", "text": SECRET * 170_000}, wrong("text")),
    ("/batches", {"kind": "csv", SECRET: SECRET}, UNKNOWN),
    ("/batches", {"kind": "csv", "dry_run": "true"}, wrong("dry_run")),
    ("/batches", {**SERIES, "ask": SECRET}, wrong("ask")),
    ("/batches", {**SERIES, "ask": {}}, missing("ask.start")),
    ("/batches", {**SERIES, "weekly_until": LONG}, wrong("weekly_until")),
    ("/batches", {**SERIES, "weekly_until": 20261220}, wrong("weekly_until")),
    ("/batches", in_ask(**{SECRET: 1}), UNKNOWN),
    ("/batches", in_ask(minutes="50"), wrong("ask.minutes")),
    ("/batches", in_ask(minutes=10**9), wrong("ask.minutes")),
    ("/batches", in_ask(children=SECRET), wrong("ask.children")),
    ("/batches", in_ask(children=[SECRET, 5]), wrong("ask.children.1")),
    ("/batches", in_ask(without=[SECRET] * 1001), wrong("ask.without")),
    ("/batches", in_ask(reserves=[LONG]), wrong("ask.reserves.0")),
    ("/batches", in_ask(group=f"{SECRET}\0"), wrong("ask.group")),
    ("/batches", in_ask(fold=SECRET), wrong("ask.fold")),
    ("/batches", [SECRET], wrong("body")),
    ("/people/deactivate", {}, missing("email")),
    ("/people/deactivate", {"email": 5}, wrong("email")),
    ("/people/deactivate", {"email": [SECRET]}, wrong("email")),
    ("/people/deactivate", {"email": LONG}, wrong("email")),
    ("/people/deactivate", {"email": f"{SECRET}\0"}, wrong("email")),
    ("/people/deactivate", {"email": TEACHER, "dry_run": 1}, wrong("dry_run")),
    ("/people/deactivate", {"email": TEACHER, "dryrun": True, SECRET: 1}, UNKNOWN),
    (f"{SESSION}/cancel", {"note": LONG}, wrong("note")),
    (f"{SESSION}/cancel", {"dry_run": "yes"}, wrong("dry_run")),
    (f"{SESSION}/cancel", {SECRET: 1}, UNKNOWN),
    (f"{SESSION}/reschedule", {}, missing("start")),
    (f"{SESSION}/reschedule", {"start": SECRET, "minutes": 50.5}, wrong("minutes")),
    (f"{SESSION}/replace-observer", {"observer": None}, wrong("observer")),
    (f"{SESSION}/reassign", {"teacher": TEACHER, "observer": SECRET}, UNKNOWN),
    (f"{SESSION}/roster", {"add": SECRET}, wrong("add")),
    (f"{SESSION}/roster", {"remove": [SECRET] * 1001}, wrong("remove")),
    (f"{SESSION}/invitation", {"reason": SECRET}, missing("direct")),
    (f"{SESSION}/invitation", {"direct": False, "reason": SECRET}, wrong("direct")),
    (f"{SESSION}/accept", {"for": 5}, wrong("for")),
    (f"{SESSION}/decline", {"for_email": SECRET}, UNKNOWN),
]
QUERIES: list[tuple[str, dict[str, Any], str]] = [
    ("/people/check", {}, missing("email")),
    ("/people/check", {"email": f"{LONG[:246]}@x.example"}, wrong("email")),
    ("/messages", {"session": "x" * 65}, wrong("session")),
    ("/messages", {"session": f"{SECRET}\n"}, wrong("session")),
    ("/messages", {"session": f"{SECRET}' OR 1=1"}, wrong("session")),
    ("/observers/free", {"minutes": 50}, missing("start")),
    ("/observers/free", {"start": "2026-12-01 16:00"}, missing("minutes")),
    ("/observers/free", {"start": LONG, "minutes": 50}, wrong("start")),
    ("/observers/free", {"start": "2026-12-01 16:00", "minutes": SECRET}, wrong("minutes")),
    ("/observers/free", {"start": "2026-12-01 16:00", "minutes": 10**9}, wrong("minutes")),
    ("/observers/free", {"start": "2026-12-01 16:00", "minutes": 50, "timezone": f"{SECRET}\0"}, wrong("timezone")),
    ("/observers/free", {"start": "2026-12-01 16:00", "minutes": 50, "fold": SECRET}, wrong("fold")),
]


def refused(reply: Reply, words: str) -> None:
    """One sentence of ours about the field, and nothing of what was sent."""
    assert (reply.status, reply.code) == (422, "BAD_INPUT"), reply.body
    assert reply.document["error"]["message"] == f"{words}."
    assert SECRET.encode() not in reply.body and len(reply.body) < 300


@pytest.mark.parametrize(("path", "body", "words"), BODIES, ids=lambda value: str(value)[:40])
def test_a_body_of_a_wrong_shape_is_named_and_not_repeated(
    site: Site, token: str, path: str, body: Any, words: str
) -> None:
    refused(site.ask("POST", API + path, body, token), words)


@pytest.mark.parametrize(("path", "query", "words"), QUERIES, ids=lambda value: str(value)[:40])
def test_a_query_of_a_wrong_shape_is_named_and_not_repeated(
    site: Site, token: str, path: str, query: dict[str, Any], words: str
) -> None:
    refused(site.ask("GET", f"{API}{path}?{urlencode(query)}", token=token), words)


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("GET", "/days/{}", "day"),
        ("GET", "/batches/{}", "batch"),
        ("GET", "/sessions/{}", "session"),
        ("POST", "/messages/{}/resend", "message"),
    ],
)
@pytest.mark.parametrize("name", ["x" * 65, f"{SECRET}\n", f"{SECRET}\0", f"{SECRET}é", f"{SECRET};--"])
def test_a_name_in_an_address_that_cannot_be_one_is_not_repeated(
    site: Site, token: str, method: str, path: str, field: str, name: str
) -> None:
    refused(site.ask(method, API + path.format(quote(name)), token=token), wrong(field))


@pytest.mark.parametrize("day", [SECRET, "2026-13-01", "20261201", "2026-12-1", "9999-99-99"])
def test_what_is_no_day_is_said_to_be_none(site: Site, token: str, day: str) -> None:
    reply = site.ask("GET", f"{API}/days/{day}", token=token)
    assert (reply.status, reply.code) == (422, "BAD_DATE"), reply.body


@pytest.mark.parametrize(("said", "meant"), [("tue", "2026-11-24"), ("1 Dec", "2026-12-01"), ("today", "2026-11-23")])
def test_a_day_is_understood_as_people_say_it(site: Site, token: str, said: str, meant: str) -> None:
    assert site.ask("GET", f"{API}/days/{quote(said)}", token=token).document["on"] == meant
    found = site.ask("GET", f"{API}/sessions?{urlencode({'on': said})}", token=token).document["sessions"]
    assert {s["starts_at"][:10] for s in found} <= {meant}
    reply = site.ask("GET", f"{API}/sessions?on=someday", token=token)
    assert (reply.status, reply.code) == (422, "BAD_DATE")


def test_a_key_that_is_too_long_is_named_and_not_repeated(site: Site, token: str) -> None:
    reply = site.ask("POST", f"{API}/batches", {"kind": "csv", "text": ""}, token, {"Idempotency-Key": LONG})
    refused(reply, wrong("Idempotency-Key"))


def test_all_that_is_wrong_is_named_at_once(site: Site, token: str) -> None:
    body = {"email": 5, "dry_run": SECRET, SECRET: SECRET}
    reply = site.ask("POST", f"{API}/people/deactivate", body, token)
    refused(reply, "; ".join(sorted([UNKNOWN, wrong("dry_run"), wrong("email")])))


@pytest.mark.parametrize("path", sorted({path for path, _, _ in BODIES}))
def test_who_is_not_signed_in_hears_nothing_of_shapes(site: Site, path: str) -> None:
    assert site.ask("POST", API + path, {SECRET: 1}).status == 401


@pytest.mark.parametrize("body", [b"{", b"kind=csv", b'{"kind": "\xff"}'])
def test_a_batch_that_is_no_json_is_400(site: Site, token: str, body: bytes) -> None:
    reply = site.ask("POST", f"{API}/batches", body, token, {"Content-Type": "application/json"})
    assert (reply.status, reply.code) == (400, "MALFORMED")
