"""A real browser at the pages, and what axe-core finds wrong with them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, sync_playwright

ARGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
NARROW, PHONE, DESK = 320, 390, 1280
SCHEMES = ("light", "dark")


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """The browser at this path, until the end of the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def a_page(browser: Browser, width: int = PHONE, scheme: Any = "light", **more: Any) -> Iterator[Page]:
    """A page of a browser that knows nothing yet. What its console complains of, or it cannot load, fails the test."""
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme, **more)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if _complains(said) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("response", lambda answer: complaints.append(answer.url) if _is_missing(answer) else None)
    try:
        yield page
    finally:
        context.close()
    assert complaints == []


def _complains(said: ConsoleMessage) -> bool:
    """Answers that are errors are told of too, without saying which: a page may well be a 404."""
    return said.type in ("error", "warning") and not said.text.startswith("Failed to load resource")


def _is_missing(answer: Response) -> bool:
    asked_for = not answer.request.is_navigation_request() and not answer.url.endswith("/favicon.ico")
    return answer.status >= 400 and asked_for


def violations(page: Page) -> list[str]:
    """What axe-core finds, one line for each element. Its script is taken in once for each page that is loaded."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then(results => results.violations)")
    return [f"{one['id']}: {json.dumps(node['target'])} {node['html'][:200]}" for one in found for node in one["nodes"]]


def is_for_everybody(page: Page, schemes: Sequence[Any] = SCHEMES, searched: Sequence[int] = (DESK, PHONE)) -> None:
    """One load in every scheme and width: nothing scrolls sideways, and where searched axe-core finds nothing."""
    for scheme, width in product(schemes, (DESK, PHONE, NARROW)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 844})
        assert not scrolls_sideways(page), (page.url, scheme, width)
        found = violations(page) if width in searched else []
        assert found == [], (page.url, scheme, width, found)


def scrolls_sideways(page: Page) -> bool:
    """Whether something is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
