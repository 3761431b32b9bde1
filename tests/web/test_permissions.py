"""Who may do what, asked over HTTP: every route of the API for everybody, against a table that is written out here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.house import OBSERVER, TEACHER
from tests.web.browsing import look, send
from tests.web.college import (
    ADA,
    KRALS,
    NEW_SLOT,
    OTHER_OBSERVER,
    OTHER_TEACHER,
    REASON,
    SLOT,
    VISITORS,
    College,
    a_college,
)
from tests.web.serving import Reply, Site, served
from zoomguard.domain.sessions import SessionState
from zoomguard.domain.timetable_files import TIMETABLE_COLUMNS

API = "/api/v1"
# What each column stands for is said in `VISITORS`: "own" teaches the lesson in question and "in" observes it,
# "other" and "out" teach and observe another one. What is in brackets tells two calls of one route apart.
TABLE = """
                                               own other in  out review coord dsl deputy leader data monitor auditor oper none nobody
POST   /tokens                                 201 201   201 201 201    201   201 201    201    201  201     201     201  201  201
DELETE /tokens/current                         204 204   204 204 204    204   204 204    204    204  204     204     204  204  401
GET    /whoami                                 200 200   200 200 200    200   200 200    200    200  200     200     200  200  401
GET    /policy                                 200 200   200 200 200    200   200 200    200    200  200     200     200  200  401
GET    /policy/{rule}                          200 200   200 200 200    200   200 200    200    200  200     200     200  200  401
GET    /people                                 403 403   403 403 403    200   200 200    200    403  200     200     403  403  401
GET    /people/check                           200 200   403 403 403    200   200 200    403    403  403     403     403  403  401
POST   /people/deactivate                      403 403   403 403 403    403   200 200    403    403  403     403     403  403  401
POST   /people/contact [stop]                  403 403   403 403 403    200   200 200    403    403  403     403     403  403  401
POST   /people/contact [allow]                 403 403   403 403 403    403   200 200    403    403  403     403     403  403  401
GET    /consents/chase                         403 403   403 403 403    200   200 200    403    403  403     403     403  403  401
GET    /days/{day}                             403 403   403 403 403    200   200 200    403    403  403     403     403  403  401
GET    /observers/free                         200 200   200 200 403    200   200 200    403    403  403     403     403  403  401
GET    /messages                               403 403   403 403 403    200   200 200    403    403  200     403     403  403  401
GET    /messages [of the lesson]               403 403   403 403 403    200   200 200    403    403  200     403     403  403  401
POST   /messages/{message}/resend              403 403   403 403 403    200   200 200    403    403  200     403     403  403  401
GET    /incidents                              403 403   403 403 403    403   200 200    403    200  200     200     403  403  401
GET    /incidents [closed too]                 403 403   403 403 403    403   200 200    403    200  200     200     403  403  401
GET    /incidents/{incident}                   403 403   403 403 403    403   200 200    403    200  200     200     403  403  401
POST   /incidents/{incident}/close             403 403   403 403 403    403   200 200    403    200  200     403     403  403  401
GET    /recordings                             403 403   403 403 200    403   200 200    403    200  403     403     403  403  401
GET    /recordings/{recording}                 404 404   404 404 200    404   200 200    404    200  404     404     404  404  401
POST   /recordings/{recording}/plays           404 404   404 404 201    404   201 201    404    201  404     404     404  404  401
GET    /plays/{play}/objects/{number}          404 404   404 404 200    404   200 200    404    200  404     404     404  404  401
GET    /plays/{play}/objects/{number} [theirs] 404 404   404 404 200    404   404 404    404    404  404     404     404  404  401
POST   /plays/{play}/finish                    404 404   404 404 204    404   204 204    404    204  404     404     404  404  401
POST   /plays/{play}/finish [theirs]           404 404   404 404 204    404   404 404    404    404  404     404     404  404  401
GET    /sessions                               200 200   200 200 200    200   200 200    200    200  200     200     403  403  401
POST   /sessions [for oneself]                 200 200   403 403 403    422   422 422    403    403  403     403     403  403  401
POST   /sessions [for the teacher]             200 403   403 403 403    200   200 200    403    403  403     403     403  403  401
POST   /sessions [like the lesson]             200 404   403 403 403    200   200 200    403    403  403     403     403  403  401
POST   /batches                                202 202   403 403 403    202   202 202    403    403  403     403     403  403  401
GET    /batches/{batch}                        200 404   403 403 403    200   200 200    403    403  403     403     403  403  401
GET    /sessions/{session}                     200 404   200 404 404    200   200 200    200    404  200     200     403  403  401
POST   /sessions/{session}/cancel              200 404   403 403 403    200   200 200    403    403  403     403     403  403  401
POST   /sessions/{session}/reschedule          200 404   403 403 403    200   200 200    403    403  403     403     403  403  401
POST   /sessions/{session}/replace-observer    200 404   403 403 403    200   200 200    403    403  403     403     403  403  401
POST   /sessions/{session}/roster              200 404   403 403 403    200   200 200    403    403  403     403     403  403  401
POST   /sessions/{session}/reassign            403 403   403 403 403    200   200 200    403    403  403     403     403  403  401
POST   /sessions/{session}/invitation          403 403   403 403 403    200   200 403    403    403  403     403     403  403  401
POST   /sessions/{session}/accept              404 404   200 404 404    404   404 404    404    404  404     404     403  403  401
POST   /sessions/{session}/accept [for them]   403 403   200 403 403    200   200 200    403    403  403     403     403  403  401
POST   /sessions/{session}/decline             404 404   200 404 404    404   404 404    404    404  404     404     403  403  401
POST   /sessions/{session}/decline [for them]  403 403   200 403 403    200   200 200    403    403  403     403     403  403  401
"""  # noqa: E501
HEADER, *LINES = (line.split() for line in TABLE.strip().splitlines())
ROWS = {(line[0], " ".join(line[1 : -len(HEADER)])): tuple(map(int, line[-len(HEADER) :])) for line in LINES}
QUERIES = {
    "/people/check": f"email={OBSERVER}",
    "/observers/free": f"start={SLOT.replace(' ', 'T')}&minutes=50",
    "/messages [of the lesson]": "session={session}",
    "/incidents [closed too]": "closed=true",
}
LESSON = {"course": "MATHS-7B", "start": NEW_SLOT, "minutes": 50, "children": list(ADA), "dry_run": True}
TIMETABLE = f"{','.join(TIMETABLE_COLUMNS)}\n,pool,,C-0150,MATHS-A,{NEW_SLOT},,50,\n"
FOR_THEM = {"for": OBSERVER}
BODIES: dict[str, Any] = {
    "/people/deactivate": {"email": OTHER_TEACHER, "dry_run": True},
    "/people/contact [stop]": {"guardian": "G-21", "child": "C-0120", "may_contact": False, "evidence": "ORDER-12"},
    "/people/contact [allow]": {"guardian": "G-20", "child": "C-0120", "may_contact": True, "evidence": "CALL-7"},
    "/incidents/{incident}/close": {"note": REASON},
    "/sessions [for oneself]": LESSON,
    "/sessions [for the teacher]": {**LESSON, "teacher": TEACHER},
    "/sessions [like the lesson]": {"like": "{session}", "start": NEW_SLOT, "dry_run": True},
    "/batches": {"kind": "csv", "text": TIMETABLE},
    "/sessions/{session}/cancel": {"dry_run": True},
    "/sessions/{session}/reschedule": {"start": NEW_SLOT, "dry_run": True},
    "/sessions/{session}/replace-observer": {"observer": OTHER_OBSERVER, "dry_run": True},
    "/sessions/{session}/roster": {"remove": [KRALS[0]], "dry_run": True},
    "/sessions/{session}/reassign": {"teacher": OTHER_TEACHER, "dry_run": True},
    "/sessions/{session}/invitation": {"direct": True, "reason": REASON},
    "/sessions/{session}/accept [for them]": FOR_THEM,
    "/sessions/{session}/decline [for them]": FOR_THEM,
}
PURPOSES = {"review": "qa_review", "dsl": "safeguarding", "deputy": "legal", "data": "dsar"}


@pytest.fixture(scope="module")
def college(tmp_path_factory: pytest.TempPathFactory) -> Iterator[College]:
    with a_college(tmp_path_factory.mktemp("permissions") / "home") as opened:
        yield opened


@pytest.fixture(scope="module")
def site(college: College) -> Iterator[Site]:
    with served(college.home.app) as running:
        yield running


def test_every_route_of_the_api_stands_in_the_table_and_nothing_else_does(site: Site) -> None:
    paths = site.ask("GET", f"{API}/openapi.json").document["paths"]
    routes = {(method.upper(), path.removeprefix(API)) for path, methods in paths.items() for method in methods}
    assert {(method, call.partition(" ")[0]) for method, call in ROWS} == routes
    assert tuple(HEADER) == tuple(VISITORS)


@pytest.mark.parametrize(("method", "call"), ROWS, ids=["-".join(row) for row in ROWS])
def test_everybody_may_do_what_the_table_says(site: Site, college: College, method: str, call: str) -> None:
    answered = {name: ask(site, college, method, call, name).status for name in VISITORS}
    assert answered == dict(zip(HEADER, ROWS[method, call], strict=True))


def ask(site: Site, college: College, method: str, call: str, visitor: str) -> Reply:
    """One call by one visitor, on a state in which nothing but the visitor stands in the way."""
    email, path = VISITORS[visitor], call.partition(" ")[0]
    places = {"{session}": college.quiet if "decline" in path else college.lesson}
    places |= {name: place(college, call, visitor) for name, place in PLACES.items() if name in path}
    asked = f"{path}?{QUERIES[call]}" if call in QUERIES else path
    body = body_of(call, visitor, email)
    for name, value in places.items():
        asked = asked.replace(name, value)
        body = {k: places.get(v, v) if isinstance(v, str) else v for k, v in body.items()} if body else body
    return site.ask(method, API + asked, body, college.token(email) if email else "")


def body_of(call: str, visitor: str, email: str) -> dict[str, Any] | None:
    if call == "/tokens":
        return {"email": email or TEACHER}
    if call.endswith("/plays"):
        return {"purpose": PURPOSES.get(visitor, "qa_review"), "reason": REASON}
    return BODIES.get(call)


def play_of(college: College, call: str, visitor: str) -> str:
    """A play of the visitor's own; "theirs" is a reviewer's, and so is what somebody tries who can have none."""
    owner = "review" if call.endswith("[theirs]") or visitor not in PURPOSES else visitor
    return college.play(VISITORS[owner], PURPOSES[owner])


PLACES: dict[str, Callable[[College, str, str], str]] = {
    "{rule}": lambda college, call, visitor: "VC-PASSCODE",
    "{day}": lambda college, call, visitor: SLOT[:10],
    "{batch}": lambda college, call, visitor: college.batch,
    "{message}": lambda college, call, visitor: college.mail_of_families(),
    "{incident}": lambda college, call, visitor: college.incident(),
    "{recording}": lambda college, call, visitor: college.recording,
    "{play}": play_of,
    "{number}": lambda college, call, visitor: "1",
}


def test_lists_hold_what_may_be_shown_one_by_one(site: Site, college: College) -> None:
    mine, all_of_them = {college.lesson, college.quiet}, {college.lesson, college.quiet, college.others}
    seen = {
        name: listed(site, college, name) for name in VISITORS if ROWS["GET", "/sessions"][HEADER.index(name)] < 300
    }
    expected = dict.fromkeys(seen, all_of_them)
    expected |= {"own": mine, "in": mine, "other": {college.others}, "out": {college.others}}
    assert seen == expected | {"review": set(), "data": set()}


def listed(site: Site, college: College, visitor: str) -> set[str]:
    reply = site.ask("GET", f"{API}/sessions", token=college.token(VISITORS[visitor]))
    return {s["short_id"] for s in reply.document["sessions"] if s["starts_at"] > "2026-12"}


# Another's, and none ------------------------------------------------------------------------------------------------

NONE = ("S-ZZZZ", "01J0000000000000000000000A", "x" * 64)
# Each as somebody would send it who wants it done: nothing here is a dry run.
ACTS: dict[str, list[Any]] = {
    "GET /sessions/{session}": [None],
    "POST /sessions/{session}/cancel": [None, {}, {"dry_run": True}, {"note": "Sorry"}],
    "POST /sessions/{session}/reschedule": [
        {"start": NEW_SLOT},
        {"start": "yesterday"},
        {"start": NEW_SLOT, "minutes": 1},
    ],
    "POST /sessions/{session}/replace-observer": [{"observer": "pool"}, {"observer": OBSERVER}, {"observer": "?"}],
    "POST /sessions/{session}/reassign": [{"teacher": OTHER_TEACHER}],
    "POST /sessions/{session}/roster": [{"add": ["C-0150"]}, {"remove": ["C-0101"]}, {}, {"add": ["C-9999"]}],
    "POST /sessions/{session}/invitation": [{"direct": True, "reason": REASON}],
    "POST /sessions/{session}/accept": [
        None,
        {},
        {"for": OTHER_TEACHER},
        FOR_THEM,
        {"for": "nobody@northmoor.example"},
    ],
    "POST /sessions/{session}/decline": [None, {}, {"for": OTHER_TEACHER}, FOR_THEM],
    "POST /sessions": [{"like": "{session}", "start": NEW_SLOT}],
}
FORMS: list[dict[str, str]] = [
    {"act": "enter"},
    {"act": "accept"},
    {"act": "decline"},
    {"act": "accept", "for": OBSERVER},
    {"act": "nothing"},
    {"act": "cancel", "step": "do"},
    {"act": "reschedule", "date": NEW_SLOT[:10], "time": NEW_SLOT[11:], "minutes": "50"},
    {"act": "observer", "observer": "pool", "step": "do"},
    {"act": "roster", "remove": "C-0101", "step": "do"},
    {"act": "reassign", "teacher": OTHER_TEACHER, "step": "do"},
]
STRANGERS = ("other", "out", "review", "data", "none")


def test_what_is_tried_here_are_all_routes_of_sessions(site: Site) -> None:
    paths = site.ask("GET", f"{API}/openapi.json").document["paths"]
    routes = {f"{m.upper()} {p.removeprefix(API)}" for p, methods in paths.items() for m in methods if "{session}" in p}
    assert {act for act in ACTS if "{session}" in act} == routes


@pytest.mark.parametrize("visitor", STRANGERS)
def test_anothers_session_answers_byte_for_byte_like_none(site: Site, college: College, visitor: str) -> None:
    token = college.token(VISITORS[visitor])
    for act, bodies in ACTS.items():
        method, path = act.split()
        for body in bodies:
            there, *absent = (
                exactly(site.ask(method, API + path.replace("{session}", name), _filled(body, name), token))
                for name in (college.lesson, full_id(college), *NONE)
            )
            assert there[0] in (403, 404, 422), (act, body)
            assert set(absent) == {there}, (act, body)
    assert still_stands(college)


@pytest.mark.parametrize("visitor", STRANGERS)
def test_the_page_of_anothers_session_is_byte_for_byte_like_that_of_none(
    site: Site, college: College, visitor: str
) -> None:
    cookie = college.home.app.access.sign_in(VISITORS[visitor]).token
    csrf = college.home.app.access.csrf(cookie)
    names = (college.lesson, full_id(college), *NONE)
    shown = {exactly(look(site, f"/s/{name}", cookie)) for name in names}
    shown_like = {exactly(look(site, f"/schedule?like={name}", cookie)) for name in names}
    heads = {exactly(site.ask("HEAD", f"/s/{name}", headers={"Cookie": f"zg={cookie}"})) for name in names}
    assert [len(answers) for answers in (shown, shown_like, heads)] == [1, 1, 1]
    assert shown.pop()[0] in (403, 404)
    for form in FORMS:
        answers = {exactly(send(site, f"/s/{name}", {**form, "csrf": csrf}, cookie)) for name in names}
        assert len(answers) == 1, form
        ((status, _, body),) = answers
        assert status in (403, 404, 422) and b"This form is no longer valid" not in body, form
    assert still_stands(college)


def _filled(body: Any, name: str) -> Any:
    return {k: name if v == "{session}" else v for k, v in body.items()} if body else body


def exactly(reply: Reply) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    """An answer with all there is to it but its moment."""
    return reply.status, tuple((k, v) for k, v in reply.headers.items() if k.lower() != "date"), reply.body


def full_id(college: College) -> str:
    return str(college.home.app.sessions.show(college.home.who(TEACHER), college.lesson).session.id)


def still_stands(college: College) -> bool:
    view = college.home.app.sessions.show(college.home.who(TEACHER), college.lesson).session
    return (view.state, len(view.children), view.observer) == (SessionState.SCHEDULED, len(KRALS), OBSERVER)
