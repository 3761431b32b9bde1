"""What a child sees at the door, and how it leads on; each test sets the doors' own clock."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from tests.house import OBSERVER, TEACHER, Home, a_home
from tests.web.browsing import csrf_of, look, send, words
from tests.web.conftest import FixedClock
from tests.web.serving import Site, served
from zoomguard.application import Application
from zoomguard.application.doors import NEUTRAL, Doors
from zoomguard.domain.audit import Event
from zoomguard.domain.people import OPERATOR
from zoomguard.domain.sessions import SessionState
from zoomguard.tables.doors import Door, DoorOpened, DoorState
from zoomguard.tables.people import Person
from zoomguard.tables.sessions import ChildState, SessionChild, VideoSession
from zoomguard.web.doors.wrong_tokens import ADDRESSES, WrongTokens

OPENS = datetime(2026, 12, 1, 15, 45, tzinfo=UTC)
WRONG = "/j/zgd_no-such-token"
JOIN = b"Join</button>"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A college of its own, with one lesson."""
    with a_home(tmp_path_factory.mktemp("doors")) as running:
        running.schedule()
        running.do_due("send_message")
        yield running


@pytest.fixture
def clock() -> FixedClock:
    """The doors' clock, at the moment at which they open."""
    clock = FixedClock()
    clock.at = OPENS
    return clock


@pytest.fixture
def application(home: Home, clock: FixedClock) -> Application:
    made: Application = replace(home.app, doors=Doors(replace(home.app.sessions.parts, clock=clock)))
    return made


@pytest.fixture
def site(application: Application) -> Iterator[Site]:
    with served(application) as running:
        yield running


@pytest.fixture(scope="module")
def door(home: Home) -> str:
    """The door of Minh, who lives in another zone."""
    mails = [m["text"] for m in home.sandbox.mail() if "Minh has an online lesson" in m["text"]]
    (found,) = {f"/j/{t}" for mail in mails for t in re.findall(r"/j/([\w-]+)", mail)}
    return found


def opened(home: Home) -> int:
    with home.house.database.reading() as tx:
        return len(tx.all(select(DoorOpened.id)))


def set_all(home: Home, model: Any, **values: Any) -> list[dict[str, Any]]:
    """Sets columns of all rows, and gives what stood there."""
    with home.house.database.deciding() as tx:
        rows = tx.all(select(model))
        before = [{name: getattr(row, name) for name in values} for row in rows]
        for row in rows:
            for name, value in values.items():
                setattr(row, name, value)
        tx.commit(audit=Event("test.changed", "test", "01", OPERATOR.id))
        return before


@contextmanager
def while_all(home: Home, model: Any, **values: Any) -> Iterator[None]:
    """Rows are otherwise for a while, as other parts of the service would have made them."""
    before = set_all(home, model, **values)
    try:
        yield
    finally:
        set_all(home, model, **before[0])


def test_a_child_who_comes_early_reads_when_and_with_whom_in_the_childs_own_time(
    site: Site, door: str, clock: FixedClock
) -> None:
    clock.at = OPENS - timedelta(seconds=1)
    reply = look(site, door)
    said = words(reply)
    assert "Hello Minh" in said and "Tue 1 Dec 2026 23:00 to 23:50, your time (Ho Chi Minh)" in said
    assert re.search("You can join from 22:45 ?, your time", said)
    assert "Tomasz Wren" in said and "Priya Nandakumar" in said
    assert "recorded" in said and "camera may be off" in said and "keep a secret" in said and "0800 1111" in said
    assert TEACHER not in said and OBSERVER not in said and JOIN not in reply.body


def test_a_child_who_comes_on_another_day_reads_the_day_too(site: Site, door: str, clock: FixedClock) -> None:
    clock.at = datetime(2026, 11, 30, 16, 59, tzinfo=UTC)  # One minute to midnight in Ho Chi Minh.
    assert "You can join from 22:45 on Tue 1 Dec 2026" in words(look(site, door))
    clock.at = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
    assert "22:45 on" not in words(look(site, door))


def test_a_door_page_keeps_to_itself(site: Site, door: str) -> None:
    reply = look(site, door)
    assert re.findall(r"<title>(.*)</title>", reply.body.decode()) == ["Lesson"]
    assert "Set-Cookie" not in reply.headers and "refresh" not in str(reply.headers).lower()
    assert (reply.headers["Referrer-Policy"], reply.headers["Cache-Control"]) == ("no-referrer", "no-store")
    for word in (b"<script", b"style=", b"<style", b"http-equiv", b"//"):
        assert word not in reply.body
    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "frame-ancestors 'none'" in policy


def test_an_open_door_leads_to_zoom_by_a_button_and_is_noted_once(
    home: Home, site: Site, door: str, clock: FixedClock
) -> None:
    before = opened(home)
    shown = look(site, door)
    assert JOIN in shown.body and opened(home) == before
    (session,) = home.app.sessions.list(home.who(TEACHER))
    links = {r.join_url for r in home.app.sessions.parts.meetings.registrants(session.meeting_number, "approved")}
    joined = send(site, door, {"csrf": csrf_of(shown)})
    assert (joined.status, joined.headers["Location"] in links, opened(home)) == (303, True, before + 1)
    clock.at = OPENS + timedelta(minutes=65)
    late = send(site, door, {"csrf": csrf_of(shown)})
    assert (late.status, "This lesson is over." in words(late), opened(home)) == (200, True, before + 1)


def test_a_form_that_this_door_did_not_show_opens_nothing(home: Home, site: Site, door: str) -> None:
    before, csrf = opened(home), csrf_of(look(site, door))
    answers = [
        send(site, door, {}),
        send(site, door, {"csrf": home.app.access.csrf("another token")}),
        send(site, WRONG, {"csrf": csrf}),
        send(site, door, {"csrf": csrf}, sec_fetch_site="cross-site"),
        send(site, door, {"csrf": csrf}, origin="https://elsewhere.example"),
        site.ask("POST", door, {"csrf": csrf}),
    ]
    assert {a.status for a in answers} == {403} and opened(home) == before
    assert all("This form is no longer valid" in words(a) and "Nothing was changed." in words(a) for a in answers)
    assert send(site, door, {"csrf": csrf}, origin=site.url, sec_fetch_site="same-origin").status == 303
    assert send(site, door, {"csrf": csrf}, origin="null").status == 303


@pytest.mark.parametrize("state", ["planned", "requested", "created"])
def test_a_lesson_without_its_meeting_waits_at_the_open_door(
    home: Home, site: Site, door: str, clock: FixedClock, state: str
) -> None:
    with while_all(home, VideoSession, state=SessionState(state)):
        assert "We are getting the lesson ready." in words(look(site, door))
        assert NEUTRAL in words(site.ask("GET", door))
        clock.at = OPENS - timedelta(days=1)
        assert "You can join from 22:45" in words(look(site, door))


def test_a_child_without_a_link_yet_waits_too(home: Home, site: Site, door: str) -> None:
    with while_linked(home, lambda row: ""):
        assert "We are getting the lesson ready." in words(look(site, door))
        assert site.ask("GET", door).status == 200


@pytest.mark.parametrize("change", ["time", "meeting"])
@pytest.mark.parametrize("minutes", [-600, 5, 600])
def test_a_lesson_whose_time_or_meeting_is_being_changed_says_so_and_does_not_open(
    home: Home, site: Site, door: str, clock: FixedClock, change: str, minutes: int
) -> None:
    clock.at = OPENS + timedelta(minutes=minutes)
    with while_all(home, VideoSession, state=SessionState.MOVING, change=change):
        said = words(look(site, door))
        assert "The lesson is being changed. Look again soon." in said and "23:00" not in said
        assert site.ask("GET", door).status == 200


def test_a_door_stays_open_while_another_observer_is_found(home: Home, site: Site, door: str) -> None:
    with while_all(home, VideoSession, state=SessionState.MOVING, change="observer"):
        assert JOIN in look(site, door).body and site.ask("GET", door).status == 303


def test_a_lesson_that_ended_early_is_over(home: Home, site: Site, door: str) -> None:
    with while_all(home, VideoSession, state=SessionState.ENDED):
        assert "This lesson is over." in words(look(site, door)) and site.ask("GET", door).status == 200


REFUSALS = {
    "shut": (Door, {"state": DoorState.SHUT}),
    "off the roster": (SessionChild, {"state": ChildState.REMOVED}),
    "left the college": (Person, {"active": False}),
    "called off": (VideoSession, {"state": SessionState.CANCELLED}),
    "failed": (VideoSession, {"state": SessionState.FAILED}),
    "going away": (VideoSession, {"state": SessionState.REMOVING}),
    "no permission then": (VideoSession, {"starts_at": OPENS + timedelta(days=400)}),
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_no_page_tells_why_a_child_may_not_come(home: Home, site: Site, door: str, reason: str) -> None:
    model, values = REFUSALS[reason]
    neutral = look(site, WRONG)
    with while_all(home, model, **values):
        for reply in (look(site, door), site.ask("GET", door)):
            assert (reply.status, reply.body) == (neutral.status, neutral.body)
            assert {**reply.headers, "date": ""} == {**neutral.headers, "date": ""}
    assert NEUTRAL in words(neutral) and "Minh" not in words(neutral)
    assert JOIN in look(site, door).body


def test_the_picture_for_another_device_is_drawn_for_any_token_and_tells_nothing(site: Site, door: str) -> None:
    drawn, other = site.ask("GET", f"{door}/qr.svg"), site.ask("GET", f"/j/{'x' * len(door[3:])}/qr.svg")
    assert drawn.status == other.status == 200 and drawn.headers["Content-Type"].startswith("image/svg+xml")
    assert drawn.body.startswith(b"<svg") and drawn.headers["Cache-Control"] == "no-store"
    assert site.ask("GET", "/j/a.b/qr.svg").status == 404
    assert site.ask("GET", f"/j/{'x' * 128}/qr.svg").status == 200


def test_whoever_tries_tokens_is_turned_away_and_right_ones_still_open(site: Site, door: str) -> None:
    answers = [site.ask("GET", f"/j/zgd_{n}") for n in range(22)]
    assert [a.status for a in answers] == [200] * 20 + [429] * 2
    assert len({a.body for a in answers}) == 1 and 3500 < int(answers[-1].headers["Retry-After"]) <= 3601
    assert site.ask("GET", door).status == 303 and JOIN in look(site, door).body
    assert look(site, "/j/zgd_x").status == 429


def test_wrong_tokens_are_counted_for_each_address_and_forgotten_after_an_hour() -> None:
    now_s = [0.0]
    wrong = WrongTokens(lambda: now_s[0])
    assert [wrong.note("192.0.2.1") for _ in range(21)][-2:] == [0, 3601]
    assert wrong.note("192.0.2.2") == 0
    assert [wrong.note(f"2001:db8::{n}") for n in range(21)][-1] == 3601
    assert wrong.note("2001:db8:0:1::1") == 0 and wrong.note("") == wrong.note("no address") == 0
    now_s[0] = 3599.5
    assert wrong.note("192.0.2.1") == 1
    now_s[0] = 3600.0
    assert wrong.note("192.0.2.1") == 0


def test_the_count_of_wrong_tokens_never_grows_without_end() -> None:
    wrong = WrongTokens(lambda: 0.0)
    for n in range(ADDRESSES + 500):
        wrong.note(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
    assert len(wrong._counted) == ADDRESSES


def test_a_door_leads_to_the_meeting_that_was_made_anew(home: Home, site: Site, door: str) -> None:
    link, seals = "https://zoom.example/w/new", home.app.access.seals
    with while_linked(
        home, lambda row: seals.seal("session_child", "join_url", f"{row.session_id}/{row.child_id}", link)
    ):
        assert site.ask("GET", door).headers["Location"] == link


@contextmanager
def while_linked(home: Home, sealed: Callable[[SessionChild], str]) -> Iterator[None]:
    """The children's links at Zoom are others for a while."""
    with home.house.database.reading() as tx:
        before = {row.child_id: row.join_url for row in tx.all(select(SessionChild))}
    link_all(home, sealed)
    try:
        yield
    finally:
        link_all(home, lambda row: before[row.child_id])


def link_all(home: Home, sealed: Callable[[SessionChild], str]) -> None:
    with home.house.database.deciding() as tx:
        for row in tx.all(select(SessionChild)):
            row.join_url = sealed(row)
        tx.commit(audit=Event("test.changed", "test", "01", OPERATOR.id))
