"""The staff's pages in a real browser: for everybody, at every width, without script, and in few presses."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.application.finding import K, found
from tests.house import COORDINATOR, DSL, OBSERVER, SAFE_ASK, TEACHER, Home, a_home
from tests.web.chromium import DESK, NARROW, PHONE, SCHEMES, a_page, chromium, is_for_everybody, scrolls_sideways
from tests.web.desk import question
from tests.web.serving import Site, served
from zoomguard.application.day_sheets import DaySheets
from zoomguard.domain.errors import Refused
from zoomguard.rules.terms import Contacts

MAIN_BUTTON = "main button:visible:not(.quiet), main a.btn:visible:not(.quiet)"


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with chromium(chromium_path) as running:
        yield running


def series(home: Home) -> str:
    """A series of seven, asked for once."""
    ask = replace(SAFE_ASK, observer="", start="2026-12-03 10:00")
    return str(home.app.batches.submit_series(home.who(TEACHER), ask, date(2027, 1, 14), "series-1").id)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A college on the afternoon of a lesson, with more to come."""
    with a_home(tmp_path_factory.mktemp("staff")) as running:
        running.schedule()
        running.schedule(course="PHYSICS-8A", start="2026-12-02 16:00", minutes=35)
        running.app.batches.submit_series(
            running.who(TEACHER),
            replace(SAFE_ASK, observer="", start="2026-12-03 10:00"),
            date(2027, 1, 14),
            "series-1",
        )
        for start in ("2026-12-08 16:00", "2026-12-09 16:00", "2026-12-10 16:00", "2026-12-11 16:00"):
            with pytest.raises(Refused):
                running.schedule(children=("C-0101", "C-0140"), start=start)
        (lesson, *_) = running.app.sessions.list(running.who(TEACHER))
        found(running, K.LEGAL_HOLD, f"v1/2026/{lesson.id}/data/a-name-without-any-blank.mp4", session_id=lesson.id)
        found(running, K.OBJECT_MISSING, f"v1/2026/{lesson.id}/bag-info.txt", session_id=lesson.id)
        closed = found(running, K.OBJECT_DIFFERS, "01KBDZ5S00ZG0000000000FND3")
        running.app.incidents.close(running.who(DSL), closed, "Restored from the other site. " * 12)
        running.do_due("tell_incident")
        running.do_due("send_message")
        running.clock.move_to(datetime(2026, 12, 1, 15, 50, tzinfo=UTC))
        yield running


@pytest.fixture(scope="module")
def site(home: Home) -> Iterator[Site]:
    with served(home.app) as running:
        yield running


@pytest.fixture(scope="module")
def addresses(home: Home) -> dict[str, str]:
    """The pages by name."""
    # The earliest of each course: other tests schedule later ones.
    lessons = {s.course: s.short_id for s in reversed(home.app.sessions.list(home.who(TEACHER)))}
    return {
        "my day": "/",
        "schedule": "/schedule",
        "same again": f"/schedule?like={lessons['PHYSICS-8A']}&start=2026-12-09%2016:00",
        "session": f"/s/{lessons['MATHS-7B']}",
        "later session": f"/s/{lessons['PHYSICS-8A']}",
        "batch": f"/batches/{series(home)}",
        "day sheet": "/day/2026-12-01",
        "empty sheet": "/day/2026-12-05",
        "permissions": "/permissions",
        "messages": f"/messages?session={lessons['MATHS-7B']}",
        "no such lesson": "/messages?session=S-0000",
        "people": "/people",
        "person": f"/people?email={TEACHER}",
        "person who is not ready": f"/people?email={COORDINATOR}",
        "incidents": "/incidents",
        "closed incidents": "/incidents?closed=1",
        "incident": f"/incidents/{home.app.incidents.list(home.who(DSL))[0].short_id}",
        "closed incident": f"/incidents/{home.app.incidents.list(home.who(DSL), closed=True)[-1].short_id}",
        "question": question(home, OBSERVER, "PHYSICS-8A"),
    }


def enter(page: Page, site: Site, home: Home, email: str) -> None:
    token = home.app.access.sign_in(email).token
    page.context.add_cookies([{"name": "zg", "value": token, "url": site.url}])


def unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('main details').forEach(folded => { folded.open = true })")


SEEN_BY = [
    ("my day", TEACHER),
    ("my day", OBSERVER),
    ("my day", COORDINATOR),
    ("schedule", COORDINATOR),
    ("same again", TEACHER),
    ("session", TEACHER),
    ("later session", COORDINATOR),
    ("batch", TEACHER),
    ("day sheet", COORDINATOR),
    ("empty sheet", COORDINATOR),
    ("permissions", DSL),
    ("messages", COORDINATOR),
    ("no such lesson", COORDINATOR),
    ("people", COORDINATOR),
    ("person", DSL),
    ("person who is not ready", TEACHER),
    ("my day", DSL),
    ("incidents", DSL),
    ("closed incidents", DSL),
    ("incident", DSL),
    ("closed incident", DSL),
    ("question", ""),
]


@pytest.mark.parametrize(("name", "email"), SEEN_BY)
def test_a_page_is_for_everybody(
    browser: Browser, home: Home, site: Site, addresses: dict[str, str], name: str, email: str
) -> None:
    with a_page(browser, DESK) as page:
        if email:
            enter(page, site, home, email)
        page.goto(f"{site.url}{addresses[name]}{'?still=1' if name == 'batch' else ''}")
        assert page.locator(MAIN_BUTTON).count() <= 1
        unfold(page)
        is_for_everybody(page)


def fill_in(page: Page, day: str, at: str) -> int:
    """A class, a day, an hour; what else is needed stands there already. Gives how many fields that were."""
    page.get_by_label("Class", exact=True).select_option("MATHS-7B")
    page.get_by_label("Date", exact=True).fill(day)
    page.get_by_label("Start (London)").fill(at)
    assert (
        page.get_by_label("Minutes").input_value() and page.get_by_label("Observer", exact=True).input_value() == "pool"
    )
    return 3


@pytest.mark.parametrize("script", [True, False])
def test_a_known_class_is_scheduled_with_four_fields_and_two_presses(
    browser: Browser, home: Home, site: Site, script: bool
) -> None:
    with a_page(browser, PHONE, java_script_enabled=script) as page:
        enter(page, site, home, TEACHER)
        page.goto(f"{site.url}/schedule")
        assert fill_in(page, "2026-12-11" if script else "2026-12-14", "16:00") <= 4
        page.get_by_role("button", name="Check").click()
        assert page.locator(":focus").inner_text() == "It can be scheduled"
        page.get_by_role("button", name="Schedule", exact=True).click()
        assert page.url.startswith(f"{site.url}/s/S-")
        assert "Scheduled." in page.get_by_role("status").inner_text()


def test_what_stands_in_the_way_has_the_focus_and_is_for_everybody(browser: Browser, home: Home, site: Site) -> None:
    with a_page(browser, PHONE) as page:
        enter(page, site, home, TEACHER)
        page.goto(f"{site.url}/schedule")
        fill_in(page, "2026-12-02", "16:10")
        page.get_by_role("button", name="Check").click()
        assert page.locator(":focus").get_attribute("role") == "alert"
        assert "in the way" in page.locator(":focus").inner_text()
        unfold(page)
        is_for_everybody(page)
        page.goto(f"{site.url}/schedule")
        fill_in(page, "2026-11-02", "16:10")
        page.get_by_role("button", name="Check").click()
        assert "The start is in the past." in page.locator(":focus").inner_text()
        is_for_everybody(page)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_change_is_tried_before_it_is_done(
    browser: Browser, home: Home, site: Site, addresses: dict[str, str], scheme: str
) -> None:
    with a_page(browser, DESK, scheme, java_script_enabled=scheme == "light") as page:
        enter(page, site, home, TEACHER)
        page.goto(site.url + addresses["later session"])
        page.get_by_text("Cancel it", exact=True).click()
        page.locator("form:has([value=cancel]) button").click()
        assert "Cancel this lesson?" in page.locator(":focus").inner_text()
        assert page.locator(MAIN_BUTTON).count() == 1
        if scheme == "light":
            is_for_everybody(page, [scheme])
        page.get_by_role("link", name="Leave it as it is").click()
        assert page.locator("#proposal").count() == 0


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_incident_is_closed_with_and_without_script(browser: Browser, home: Home, site: Site, scheme: str) -> None:
    script, subject = scheme == "light", f"01KBDZ5S00ZG0000000000{scheme}"
    name = found(home, K.RECORDING_MISSING, subject)
    with a_page(browser, PHONE, scheme, java_script_enabled=script) as page:
        enter(page, site, home, DSL)
        page.goto(f"{site.url}/incidents/{name}")
        # Blanks pass the browser's own check of the length.
        page.get_by_label("How it was settled").fill("settled" + " " * 9)
        page.get_by_role("button", name="Close the incident").click()
        assert "BAD_NOTE" in page.locator(":focus").inner_text()
        assert page.get_by_label("How it was settled").input_value() == "settled"
        if script:
            is_for_everybody(page, [scheme])
        page.get_by_label("How it was settled").fill("The teacher forgot it.\nIt was talked over.")
        page.get_by_role("button", name="Close the incident").click()
        assert "Closed." in page.get_by_role("status").inner_text()
        assert page.get_by_text("The teacher forgot it. It was talked over.").is_visible()


def test_shutting_somebody_out_is_for_everybody_at_each_step(browser: Browser, home: Home, site: Site) -> None:
    leaver = "h.lindqvist@northmoor.example"
    home.schedule(leaver, course="ART-9C", start="2027-03-02 10:00")
    with a_page(browser) as page:
        enter(page, site, home, DSL)
        page.goto(f"{site.url}/people?email={leaver}")
        page.get_by_role("button", name="See what that would do").click()
        assert "Shut this person out?" in page.locator(":focus").inner_text()
        assert page.locator(MAIN_BUTTON).count() == 1
        is_for_everybody(page, ["light"])
        page.get_by_role("button", name="Shut this person out now").click()
        assert "This person is shut out." in page.get_by_role("status").inner_text()
        assert page.get_by_role("link", name="ART-9C").is_visible()
        is_for_everybody(page, ["dark"])


def test_a_class_brings_the_length_and_hour_of_its_last_lesson(browser: Browser, home: Home, site: Site) -> None:
    home.schedule(course="MATHS-7B", start="2027-02-03 14:15", minutes=40)
    with a_page(browser) as page:
        enter(page, site, home, TEACHER)
        page.goto(f"{site.url}/schedule")
        page.get_by_label("Class", exact=True).select_option("MATHS-7B")
        assert page.get_by_label("Minutes").input_value() == "40"
        assert page.get_by_label("Start (London)").input_value() == "14:15"
        page.goto(f"{site.url}/schedule")
        page.get_by_label("Minutes").fill("25")
        page.get_by_label("Class", exact=True).select_option("MATHS-7B")
        assert page.get_by_label("Minutes").input_value() == "25"


def test_the_teacher_comes_into_the_meeting_by_keyboard_without_script(
    browser: Browser, home: Home, site: Site, addresses: dict[str, str]
) -> None:
    with a_page(browser, java_script_enabled=False) as page:
        enter(page, site, home, TEACHER)
        page.goto(site.url + addresses["session"])
        page.get_by_role("button", name="Start the lesson").press("Enter")
        page.wait_for_url(lambda address: not address.startswith(site.url))


def test_a_question_is_answered_without_script_and_without_a_sign_in(
    browser: Browser, home: Home, site: Site, addresses: dict[str, str]
) -> None:
    with a_page(browser, java_script_enabled=False) as page:
        page.goto(site.url + addresses["question"])
        page.get_by_role("button", name="Yes, I will").click()
        assert page.locator("h1").inner_text() == "Thank you: you are on" and page.context.cookies() == []


def test_a_batch_is_watched_with_and_without_script_until_it_has_ended(
    browser: Browser, home: Home, site: Site, addresses: dict[str, str]
) -> None:
    with a_page(browser) as watching, a_page(browser, java_script_enabled=False) as plain:
        for page in (watching, plain):
            enter(page, site, home, TEACHER)
            page.goto(site.url + addresses["batch"])
            assert "0 of 7" in page.title()
        home.do_due("schedule_batch")
        home.do_due("create_planned", "create_meeting")
        for page in (watching, plain):
            expect(page).not_to_have_title(re.compile("^0 of"), timeout=20_000)
        plain.goto(f"{site.url}{addresses['batch']}?still=1")
        assert "decided" in plain.get_by_role("status").inner_text()


def test_long_names_and_numbers_to_ring_fit_the_narrowest_sheet(browser: Browser, home: Home) -> None:
    sheets = home.app.day_sheets
    lead = "the designated safeguarding lead, Dr Imogen Hale-Featherstonehaugh, and her deputies"
    contacts = Contacts(lead, "+44 (0)1632 960134 ext. 2201", "01632 960140", "0808 800 5000")
    terms = replace(sheets.parts.terms, contacts=contacts)
    longer = replace(home.app, day_sheets=DaySheets(replace(sheets.parts, terms=terms)))
    with served(longer) as named, a_page(browser, PHONE) as page:
        enter(page, named, home, COORDINATOR)
        page.goto(f"{named.url}/day/2026-12-05")
        assert page.get_by_text("Featherstonehaugh").is_visible()
        for width in (PHONE, NARROW):
            page.set_viewport_size({"width": width, "height": 844})
            assert not scrolls_sideways(page), width
            short = page.get_by_role("link", name="01632 960140").bounding_box()
            assert short is not None and short["height"] < 30, width  # In one line, to be read aloud.


def test_the_sheet_prints_without_what_paper_cannot_do(
    browser: Browser, home: Home, site: Site, addresses: dict[str, str]
) -> None:
    with a_page(browser, DESK, "dark") as page:
        enter(page, site, home, COORDINATOR)
        page.goto(site.url + addresses["day sheet"])
        assert page.get_by_role("button", name="Print").is_visible()
        page.emulate_media(media="print")
        for gone in ("Print", "The day before", "As a command", "My day"):
            assert not page.get_by_text(gone, exact=True).first.is_visible()
        assert page.get_by_text("Tomasz Wren").first.is_visible()
