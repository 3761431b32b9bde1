"""Children's doors over HTTP, on Northmoor's real sessions."""

import re
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlmodel import select

from tests.house import COORDINATOR, START, TEACHER, Home, a_home
from tests.web.browsing import look
from tests.web.serving import Reply, Site, served
from zoomguard.application.watch import Watch
from zoomguard.domain.errors import Busy
from zoomguard.domain.sessions import SessionView
from zoomguard.rules.terms import Terms
from zoomguard.tables.doors import DoorOpened

DOOR = re.compile(r"https?://[^\s/]+(/j/[A-Za-z0-9_-]+)")
SENTENCE = "You cannot join a lesson here now."


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A college of its own, whose clock these tests move."""
    with a_home(tmp_path_factory.mktemp("doors")) as running:
        yield running


@pytest.fixture(scope="module")
def site(moving: Home) -> Iterator[Site]:
    with served(moving.app) as running:
        yield running


def doors_of(home: Home, short_id: str, course: str) -> list[str]:
    """The doors in the invitations that were mailed, each once."""
    home.do_due("send_message")
    found = [DOOR.findall(m["text"]) for m in home.sandbox.mail() if course in m["text"] or course in m["subject"]]
    assert any(found), short_id
    return sorted({path for paths in found for path in paths})


def opened(home: Home) -> int:
    with home.house.database.reading() as tx:
        return len(tx.all(select(DoorOpened.id)))


def links_at_zoom(home: Home, session: SessionView) -> set[str]:
    """The children's links as Zoom itself lists them."""
    registrants = home.app.sessions.parts.meetings.registrants(session.meeting_number, "approved")
    return {r.join_url for r in registrants}


def likeness(reply: Reply) -> tuple[int, list[tuple[str, str]], bytes]:
    """All of an answer but its date."""
    return reply.status, sorted((k.lower(), v) for k, v in reply.headers.items() if k.lower() != "date"), reply.body


def test_a_door_opens_in_time_for_its_child_and_every_refusal_looks_alike(moving: Home, site: Site) -> None:
    session = moving.schedule(course="MATHS-7B").session
    other = moving.schedule(course="PHYSICS-8A", start="2026-12-02 16:00").session
    assert session is not None and other is not None
    doors, cancelled = doors_of(moving, session.short_id, "MATHS-7B"), doors_of(moving, other.short_id, "PHYSICS-8A")
    moving.app.sessions.cancel(moving.who(COORDINATOR), other.short_id)

    wrong = likeness(site.ask("GET", "/j/zgd_no-such-token"))
    assert wrong[0] == 200 and SENTENCE.encode() in wrong[2]
    early = likeness(site.ask("GET", doors[0]))
    assert opened(moving) == 0

    moving.clock.move_to(START.replace(month=12, day=1, hour=15, minute=50))
    answer = site.ask("GET", doors[0])
    assert (answer.status, answer.headers["Location"] in links_at_zoom(moving, session)) == (303, True)
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "no-referrer"
    assert opened(moving) == 1

    refusals = [site.ask("GET", p) for p in (cancelled[0], "/j/", "/j/a/b", "/j/" + "x" * 500, "/j/%00", "/j/%C3%A9")]
    assert {str(likeness(r)) for r in refusals} == {str(wrong)} == {str(early)}
    refusals = [look(site, p) for p in (cancelled[0], "/j/zgd_no-such-token", "/j/%00")]
    assert {str(likeness(r)) for r in refusals} == {str(wrong)}
    assert site.ask("HEAD", doors[0]).status == 200
    assert opened(moving) == 1

    moving.clock.move_to(session.starts_at + timedelta(minutes=session.minutes))
    assert likeness(site.ask("GET", doors[0])) == wrong
    moving.clock.move_to(other.starts_at - timedelta(minutes=5))
    assert likeness(site.ask("GET", cancelled[0])) == wrong
    assert opened(moving) == 1


def test_a_look_at_a_door_tells_the_same_of_every_token(moving: Home, site: Site) -> None:
    looks = {str(likeness(site.ask("HEAD", path))) for path in ("/j/wrong", "/j/a/b", "/j/" + "y" * 200)}
    assert len(looks) == 1


def test_the_neutral_page_takes_nothing_from_elsewhere_and_nothing_from_the_address(site: Site) -> None:
    reply = site.ask("GET", "/j/<script>alert(1)</script>")
    page, policy = reply.body.decode(), reply.headers["Content-Security-Policy"]
    assert "script" not in page and "http" not in page and "cookie" not in str(reply.headers).lower()
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_a_door_is_looked_at_or_opened_and_nothing_else(site: Site, method: str) -> None:
    assert site.ask(method, "/j/token").status == 405


def test_a_teacher_cannot_tell_a_door_of_somebody_else_by_the_api(moving: Home, site: Site) -> None:
    token = moving.app.access.issue(TEACHER).token
    assert "/j/" not in site.ask("GET", "/api/v1/sessions", token=token).body.decode()


def test_a_door_behind_a_busy_database_says_the_same_and_asks_to_come_again(watch: Watch) -> None:
    def busy(token: str) -> str:
        raise Busy("The database could not be reached or is busy.")

    college = SimpleNamespace(terms=Terms("0123456789ab"))
    application = SimpleNamespace(
        environment="sandbox", doors=SimpleNamespace(open=busy, look=busy), watch=watch, installation=college
    )
    with served(application) as running:
        reply, wrong = running.ask("GET", "/j/token"), running.ask("GET", "/j/a.b")
        looked = look(running, "/j/token")
    assert (reply.status, wrong.status, reply.body == wrong.body) == (503, 200, True)
    assert reply.headers["Retry-After"] == looked.headers["Retry-After"] == "5"
