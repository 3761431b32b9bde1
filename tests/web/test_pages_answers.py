"""The question to observe by its link, the sheet of the day, the way into the meeting, and what a day shows when."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.application.observing import COLIN, more_observers
from tests.house import COORDINATOR, OBSERVER, TEACHER, Home, a_home
from tests.web.browsing import csrf_of, look, send, words
from tests.web.desk import at_desk, everything, question
from tests.web.serving import Reply, Site, served
from zoomguard.domain.observers import CALL_BEFORE

MBEKI = "o.mbeki@northmoor.example"


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A college of its own for each test: clocks only go forward."""
    with a_home(tmp_path_factory.mktemp("answers")) as running:
        yield running


@pytest.fixture
def site(home: Home) -> Iterator[Site]:
    with served(home.app) as running:
        yield running


def answer(site: Site, link: str, said: str, **more: str) -> Reply:
    """Presses a button of the question's page."""
    return send(site, link, {"answer": said, "csrf": csrf_of(look(site, link)), **more})


def test_a_question_is_answered_by_a_button_and_by_nothing_else(home: Home, site: Site) -> None:
    lesson = home.schedule().session.short_id
    link = question(home, OBSERVER, "MATHS-7B")
    before = everything(home)
    for method in ("GET", "HEAD", "GET"):
        assert site.ask(method, f"{link}?answer=yes").status == 200
    assert site.ask("PUT", link).status == 405
    for csrf in ("", "0" * 64, csrf_of(look(site, "/sign-in"))):
        assert send(site, link, {"answer": "yes", "csrf": csrf}).status == 403
    assert answer(site, link, "perhaps").status == 422 and everything(home) == before
    page = look(site, link)
    assert "Will you be the second adult?" in words(page) and "You were named as its observer." in words(page)
    assert "C-0101" not in words(page) and "Amina" not in words(page) and "Pupils 5" in words(page)
    assert "script" not in page.headers["Content-Security-Policy"]
    taken = answer(site, link, "yes")
    assert (taken.status, taken.headers["Location"]) == (303, link)
    assert "Thank you: you are on" in words(look(site, link))
    assert home.app.sessions.show(home.who(TEACHER), lesson).session.ready
    assert answer(site, link, "no").status == 303 and "You are not on" in words(look(site, link))


def test_a_question_that_is_covered_ended_or_over_says_so_and_takes_nothing(home: Home, site: Site) -> None:
    more_observers(home)
    lesson = home.schedule().session.short_id
    let_go = question(home, OBSERVER, "MATHS-7B")
    home.app.observers.replacing.replace(home.who(TEACHER), lesson, "pool")
    first, second = (question(home, who, "MATHS-7B") for who in (COLIN, MBEKI))
    assert "You are not needed any more" in words(look(site, let_go)) and b"<form" not in look(site, let_go).body
    assert "Several of you were asked" in words(look(site, second))
    answer(site, first, "yes")
    assert "Somebody else is on" in words(look(site, second)) and b"<form" not in look(site, second).body
    csrf = home.app.access.csrf(second.removeprefix("/o/"))
    assert send(site, second, {"answer": "yes", "csrf": csrf}).status == 303
    assert home.app.sessions.show(home.who(TEACHER), lesson).session.observer == COLIN
    home.app.sessions.cancel(home.who(TEACHER), lesson)
    assert "You are not needed any more" in words(look(site, first))
    home.schedule(start="2026-12-02 16:00", course="ART-1")
    late = question(home, OBSERVER, "ART-1")
    home.clock.move_to(datetime(2026, 12, 2, 16, 1, tzinfo=UTC))
    assert "It is too late to answer" in words(look(site, late))
    csrf = home.app.access.csrf(late.removeprefix("/o/"))
    before = everything(home)
    assert send(site, late, {"answer": "yes", "csrf": csrf}).status in (303, 409) and everything(home) == before


def test_the_way_in_opens_a_quarter_of_an_hour_before_for_the_two_adults(home: Home, site: Site) -> None:
    lesson = home.schedule().session.short_id
    home.app.observers.accept(home.who(OBSERVER), lesson)
    said = at_desk(home, site, TEACHER).read(f"/s/{lesson}")
    assert "It opens at 15:45 on Tue 1 Dec 2026 (London)" in said
    home.clock.move_to(datetime(2026, 12, 1, 15, 44, tzinfo=UTC))
    teacher, observer = at_desk(home, site, TEACHER), at_desk(home, site, OBSERVER)
    office = at_desk(home, site, COORDINATOR)
    early = teacher.read(f"/s/{lesson}")
    assert "It opens at 15:45 (London)" in early and "Start the lesson" not in early
    shut = teacher.send(f"/s/{lesson}", act="enter")
    assert shut.status == 409 and "You are not in the meeting yet" in words(shut) and "NOT_OPEN" in words(shut)
    home.clock.move_to(datetime(2026, 12, 1, 15, 46, tzinfo=UTC))
    said = teacher.read(f"/s/{lesson}")
    assert f"Be signed in to Zoom as {TEACHER} . Then you come in as host. Start the lesson" in said
    for desk, button in ((teacher, "Start the lesson"), (observer, "Join the lesson")):
        assert button in desk.read(f"/s/{lesson}")
        entered = desk.send(f"/s/{lesson}", act="enter")
        assert entered.status == 303 and entered.headers["Location"].startswith("http")
        assert entered.headers["Location"].encode() not in desk.look(f"/s/{lesson}").body
    assert "https:" in teacher.look(f"/s/{lesson}").headers["Content-Security-Policy"]
    assert "Your way in" not in office.read(f"/s/{lesson}")
    assert office.send(f"/s/{lesson}", act="enter").status == 404
    home.clock.move_to(datetime(2026, 12, 1, 17, 0, tzinfo=UTC))
    assert "Your way in" not in teacher.read(f"/s/{lesson}")


def test_a_day_begins_with_what_is_next_and_says_who_is_there(home: Home, site: Site) -> None:
    teacher, observer = at_desk(home, site, TEACHER), at_desk(home, site, OBSERVER)
    assert "You have no lessons." in teacher.read("/")
    lesson = home.schedule().session.short_id
    assert f"Next: Tue 1 Dec 2026, 16:00 (London), MATHS-7B {lesson}" in teacher.read("/")
    assert "Will you observe MATHS-7B?" in observer.read("/") and "Will you observe" not in teacher.read("/")
    home.schedule(start="2026-12-01 18:00")
    home.clock.move_to(datetime(2026, 12, 1, 8, 0, tzinfo=UTC))
    teacher, observer = at_desk(home, site, TEACHER), at_desk(home, site, OBSERVER)
    said = teacher.read("/")
    assert "Next: 16:00 to 16:50 (London)" in said and "With you: Priya Nandakumar , who has not answered yet" in said
    assert "Also today, Tue 1 Dec 2026" in said and said.count("Open the lesson") == 1
    answered = observer.send(f"/s/{lesson}", act="accept")
    assert answered.headers["Location"] == "/?told=accepted"
    assert "With you: Priya Nandakumar , who said yes." in teacher.read("/")
    again = f"/schedule?like={lesson}&amp;start=2026-12-08%2016%3A00"
    assert again.encode() in teacher.look("/").body and b"/schedule?like" not in observer.look("/").body
    home.clock.move_to(datetime(2026, 12, 2, 8, 0, tzinfo=UTC))
    teacher = at_desk(home, site, TEACHER)
    assert "The last seven days" in teacher.read("/") and again.encode() in teacher.look("/").body


def test_the_next_lesson_and_the_next_day_are_named_beyond_the_week(home: Home, site: Site) -> None:
    lesson = home.schedule(start="2026-12-18 16:00").session.short_id
    assert f"Next: Fri 18 Dec 2026, 16:00 (London), MATHS-7B {lesson}" in at_desk(home, site, TEACHER).read("/")
    office = at_desk(home, site, COORDINATOR)
    assert "The next day with lessons: Fri 18 Dec 2026 ." in office.read("/")
    assert b'<a href="/day/2026-12-18">' in office.look("/").body
    assert lesson in office.read("/day/2026-12-18")
    leader = at_desk(home, site, "c.pugh@northmoor.example")
    assert "The next day with lessons: Fri 18 Dec 2026." in leader.read("/")


def test_a_lesson_a_week_later_is_at_the_same_hour_though_the_clocks_change(home: Home, site: Site) -> None:
    lesson = home.schedule(start="2027-10-27 16:00").session.short_id
    assert f"like={lesson}&amp;start=2027-11-03%2016%3A00".encode() in at_desk(home, site, TEACHER).look("/").body


def test_the_office_sees_all_lessons_of_today_and_trouble_first(home: Home, site: Site) -> None:
    calm = home.schedule(start="2026-12-01 12:00", course="CALM").session.short_id
    home.app.observers.accept(home.who(OBSERVER), calm)
    home.schedule(start="2026-12-01 15:00", course="WAITING")
    home.schedule(start="2026-12-01 18:00", course="BROKEN")
    with sqlite3.connect(home.path / "zoomguard.db") as kept:
        kept.execute("update video_session set state='at_risk', risk='DRIFT' where course='BROKEN'")
    home.clock.move_to(datetime(2026, 12, 1, 15, 0, tzinfo=UTC) - CALL_BEFORE - timedelta(minutes=1))
    said = at_desk(home, site, COORDINATOR).read("/")
    assert said.index("BROKEN") < said.index("CALM") < said.index("WAITING")
    assert "At risk: settings were changed in Zoom." in said
    home.clock.move_to(datetime(2026, 12, 1, 15, 0, tzinfo=UTC) - CALL_BEFORE)
    said = at_desk(home, site, COORDINATOR).read("/")
    assert said.index("WAITING") < said.index("BROKEN") < said.index("CALM")
    assert "All lessons today" not in at_desk(home, site, OBSERVER).read("/")


def test_the_sheet_of_a_day_is_for_the_office_and_names_no_child(home: Home, site: Site) -> None:
    home.schedule()
    office = at_desk(home, site, COORDINATOR)
    said = office.read("/day/2026-12-01")
    assert "Northmoor College: lessons on Tuesday 1 December 2026" in said and "16:00 to 16:50" in said
    assert "C-0101" in said and "Amina" not in said and "NSPCC helpline 0808 800 5000" in said
    assert "No lessons on this day." in office.read("/day") and office.look("/day/tomorrow").status == 422
    assert at_desk(home, site, TEACHER).look("/day/2026-12-01").status == 403
    assert b'href="/day"' not in at_desk(home, site, TEACHER).look("/").body


def test_in_production_the_question_works_and_the_pages_behind_a_sign_in_do_not_yet(home: Home) -> None:
    home.schedule()
    link = question(home, OBSERVER, "MATHS-7B")
    cookie = home.app.access.sign_in(COORDINATOR).token
    with served(replace(home.app, environment="production")) as site:
        for path in ("/", "/schedule", "/s/S-0000", "/day", "/day/2026-12-01", "/people", "/batches/x"):
            page = look(site, path, cookie)
            assert page.status == 503 and "Sign-in is not set up" in words(page)
        assert answer(site, link, "yes").status == 303 and "you are on" in words(look(site, link))
