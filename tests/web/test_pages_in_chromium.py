"""The pages in a real browser: axe-core finds nothing, nothing scrolls sideways, and a child gets to Zoom."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.house import START, TEACHER, Home, a_home
from tests.web.chromium import DESK, NARROW, PHONE, a_page, chromium, is_for_everybody
from tests.web.serving import Site, served


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with chromium(chromium_path) as running:
        yield running


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A college whose lesson is about to begin."""
    with a_home(tmp_path_factory.mktemp("chromium")) as running:
        running.schedule()
        running.schedule(course="PHYSICS-8A", start="2026-12-02 16:00")
        running.do_due("send_message")
        running.clock.move_to(START.replace(month=12, day=1, hour=15, minute=50))
        yield running


@pytest.fixture(scope="module")
def site(home: Home) -> Iterator[Site]:
    with served(home.app) as running:
        yield running


@pytest.fixture(scope="module")
def addresses(home: Home) -> dict[str, str]:
    """The pages by name."""
    mails = [(m["subject"], re.findall(r"/j/[\w-]+", m["text"])) for m in home.sandbox.mail()]
    doors = {course: d[0] for subject, d in mails for course in ("MATHS-7B", "PHYSICS-8A") if d and course in subject}
    return {
        "open door": doors["MATHS-7B"],
        "early door": doors["PHYSICS-8A"],
        "no door": "/j/zgd_none",
        "sign in": "/sign-in",
        "my day": "/",
        "nothing": "/nothing",
        "emergency": "/emergency.html",
    }


def enter(page: Page, site: Site, home: Home) -> None:
    token = home.app.access.sign_in(TEACHER).token
    page.context.add_cookies([{"name": "zg", "value": token, "url": site.url}])


NAMES = ("open door", "early door", "no door", "sign in", "my day", "nothing", "emergency")


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_for_everybody(
    browser: Browser, home: Home, site: Site, addresses: dict[str, str], name: str
) -> None:
    with a_page(browser, DESK) as page:
        enter(page, site, home)
        page.goto(site.url + addresses[name])
        is_for_everybody(page, searched=(DESK, PHONE, NARROW))


def test_a_child_joins_by_keyboard_without_script(
    browser: Browser, site: Site, addresses: dict[str, str], home: Home
) -> None:
    with a_page(browser, PHONE, java_script_enabled=False) as page:
        page.goto(site.url + addresses["open door"])
        page.keyboard.press("Tab")
        assert page.locator(":focus").inner_text() == "Skip to the content"
        page.keyboard.press("Tab")
        assert page.locator(":focus").inner_text() == "Join"
        page.keyboard.press("Enter")
        page.wait_for_url(lambda address: not address.startswith(site.url))
        assert page.title() == "Sandbox"
        assert page.context.cookies() == []


def test_the_picture_for_another_device_is_shown_when_asked_for(
    browser: Browser, site: Site, addresses: dict[str, str]
) -> None:
    with a_page(browser) as page:
        page.goto(site.url + addresses["open door"])
        assert not page.locator("img.qr").is_visible()
        page.click("summary")
        assert page.locator("img.qr").is_visible()
        assert page.evaluate("document.querySelector('img.qr').naturalWidth") > 0


def test_a_member_of_staff_signs_in_and_out(browser: Browser, site: Site) -> None:
    with a_page(browser) as page:
        page.goto(f"{site.url}/?week=2")
        page.get_by_label("Tomasz Wren").check()
        page.get_by_role("button", name="Sign in").click()
        assert page.url == f"{site.url}/?week=2" and page.locator("h1").inner_text() == "My day"
        page.get_by_role("button", name="Sign out").click()
        assert page.url == f"{site.url}/sign-in"
        page.goto(site.url)
        assert page.url.startswith(f"{site.url}/sign-in")
