"""Pages for staff: signing in, forms that are ours, errors in words, and files that may be kept."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlmodel import select

from tests.house import COORDINATOR, OBSERVER, TEACHER, Home
from tests.web.browsing import BROWSER, FORM, as_cookie, csrf_of, look, send, words
from tests.web.serving import Reply, Site, served
from zoomguard.application.access import TOKEN_HOURS, Access
from zoomguard.application.watch import Watch
from zoomguard.domain.errors import Busy, Fault, NotAllowed, NotSignedIn, NotThere, OutsideFailed
from zoomguard.domain.people import Role
from zoomguard.rules.terms import Contacts, Terms
from zoomguard.tables.access import SignIn, SignInKind
from zoomguard.web.pages import assets
from zoomguard.web.pages import words as page_words
from zoomguard.web.pages.errors import BY_CODE, BY_STATUS
from zoomguard.web.pages.sign_in import local

MIB = 1024 * 1024
CONTACTS = Contacts("Dr Imogen Hale", "+44 1632 960134", "01632 960140")


class Nobody:
    """A way in that fails as it is told."""

    def __init__(self) -> None:
        self.error: Exception = NotSignedIn("geheim", "geheim")

    def visit(self, token: str) -> Any:
        raise self.error

    def csrf(self, token: str) -> str:
        return "0" * 64

    def staff_to_play(self) -> Any:
        raise self.error


@pytest.fixture
def nobody() -> Nobody:
    return Nobody()


@contextmanager
def small(nobody: Nobody, watch: Watch, environment: str = "sandbox", **more: Any) -> Iterator[Site]:
    college = SimpleNamespace(terms=Terms("0123456789ab", contacts=CONTACTS))
    application = SimpleNamespace(environment=environment, access=nobody, watch=watch, installation=college)
    with served(application, **more) as site:
        yield site


def sign_in(site: Site, email: str = TEACHER, next: str = "/", cookie: str = "") -> Reply:
    return send(site, "/sign-in", {"csrf": csrf_of(look(site, "/sign-in")), "email": email, "next": next}, cookie)


def cookie_of(reply: Reply) -> str:
    (token,) = re.findall(r"^zg=([^;]+);", reply.headers["Set-Cookie"])
    return str(token)


def test_a_visitor_is_led_to_sign_in_and_back_to_the_page(site: Site) -> None:
    asked = look(site, "/?week=2")
    assert (asked.status, asked.headers["Location"]) == (303, "/sign-in?next=/%3Fweek%3D2")
    form = look(site, asked.headers["Location"])
    assert "Tomasz Wren" in words(form) and 'name="next" value="/?week=2"' in form.body.decode()
    entered = sign_in(site, next="/?week=2")
    assert (entered.status, entered.headers["Location"]) == (303, "/?week=2")
    page = look(site, "/?week=2", cookie_of(entered))
    assert page.status == 200 and b"Signed in as Tomasz Wren, teacher." in page.body


def test_the_cookie_is_for_this_service_alone_and_its_token_is_kept_as_a_digest(home: Home, site: Site) -> None:
    entered = sign_in(site)
    said = entered.headers["Set-Cookie"].lower()
    assert "httponly" in said and "samesite=lax" in said and "path=/" in said and "secure" not in said
    assert f"max-age={TOKEN_HOURS * 3600}" in said and "domain" not in said
    with home.house.database.reading() as tx:
        row = tx.all(select(SignIn))[-1]
    assert row.kind is SignInKind.BROWSER and row.until_at - row.made_at == timedelta(hours=12)
    assert cookie_of(entered) not in row.model_dump_json()


def test_a_cookie_of_a_service_reached_by_https_is_secure(home: Home) -> None:
    with served(home.app, public_url="https://lessons.northmoor.example") as site:
        assert "; Secure" in sign_in(site).headers["Set-Cookie"]


def test_whoever_signs_out_is_out_and_so_is_an_earlier_sign_in_of_the_browser(site: Site) -> None:
    first = cookie_of(sign_in(site))
    second = cookie_of(sign_in(site, OBSERVER, cookie=first))
    assert look(site, "/", first).status == 303
    page = look(site, "/", second)
    assert b"Priya Nandakumar" in page.body
    gone = send(site, "/sign-out", {"csrf": csrf_of(page)}, second)
    assert (gone.status, gone.headers["Location"]) == (303, "/sign-in") and 'zg=""' in gone.headers["Set-Cookie"]
    assert look(site, "/", second).status == 303


def test_a_token_of_the_command_line_is_no_cookie(home: Home, site: Site) -> None:
    assert look(site, "/", home.app.access.issue(TEACHER).token).status == 303
    assert look(site, "/", "x" * 4000).status == 303


def test_a_sign_in_ends_after_twelve_hours(home: Home) -> None:
    clock = SimpleNamespace(now=lambda: home.clock.now() + timedelta(hours=TOKEN_HOURS))
    token = home.app.access.sign_in(TEACHER).token
    later = Access(home.house.database, clock, home.app.access.seals)
    with pytest.raises(NotSignedIn):
        later.visit(token)


def test_forms_that_are_not_ours_change_nothing_and_say_so(home: Home, site: Site) -> None:
    cookie = home.app.access.sign_in(TEACHER).token
    csrf = csrf_of(look(site, "/", cookie))
    other = csrf_of(look(site, "/", home.app.access.sign_in(COORDINATOR).token))
    multipart = {**FORM, "Content-Type": "multipart/form-data; boundary=b", **as_cookie(cookie)}
    as_file = b'--b\r\nContent-Disposition: form-data; name="csrf"; filename="f"\r\n\r\n%s\r\n--b--\r\n' % csrf.encode()
    answers = [
        send(site, "/sign-out", {}, cookie),
        send(site, "/sign-out", {"csrf": other}, cookie),
        send(site, "/sign-out", {"csrf": "é"}, cookie),
        send(site, "/sign-out", {"csrf": csrf}, cookie, sec_fetch_site="cross-site"),
        send(site, "/sign-out", {"csrf": csrf}, cookie, sec_fetch_site="same-site"),
        send(site, "/sign-out", {"csrf": csrf}, cookie, origin="https://elsewhere.example"),
        site.ask("POST", "/sign-out", as_file, headers=multipart),
        send(site, "/sign-in", {"email": TEACHER, "next": "/"}),
        send(site, "/sign-in", {"email": TEACHER, "next": "/", "csrf": csrf}),
    ]
    assert [a.status for a in answers] == [403] * len(answers)
    assert all("This form is no longer valid" in words(a) and "Nothing was changed." in words(a) for a in answers)
    assert look(site, "/", cookie).status == 200
    assert send(site, "/sign-out", {"csrf": csrf}, cookie, origin=site.url, sec_fetch_site="same-origin").status == 303


def test_whoever_chooses_nobody_is_asked_again(site: Site) -> None:
    for email in ("", "nobody@northmoor.example", "no address", "geheim'><script>"):
        again = sign_in(site, email)
        assert again.status == 422 and "Choose one of these people." in words(again)
        assert b"geheim" not in again.body and b"<title>Error: " in again.body


@pytest.mark.parametrize(
    "address",
    ["https://e.example", "//e.example", "/\\e.example", "\\\\e", "/a b", "/a\nb", "/\t/e.example", "", "s/1", "/é"],
)
def test_nobody_is_led_away_by_a_sign_in(site: Site, address: str) -> None:
    assert local(address) == "/"
    assert sign_in(site, next=address).headers["Location"] == "/"


def test_only_a_sandbox_lets_anybody_be_chosen(home: Home) -> None:
    stamped: Any = SimpleNamespace(reading=lambda: Stamped("production"), deciding=lambda: Stamped("production"))
    real = Access(stamped, home.clock, home.app.access.seals)
    for attempt in (real.staff_to_play, lambda: real.sign_in(TEACHER)):
        with pytest.raises(NotThere):
            attempt()
    assert TEACHER in {one.email for one in home.app.access.staff_to_play()}


class Stamped:
    """A database of which only the installation's row is asked."""

    def __init__(self, environment: str) -> None:
        self.environment = environment

    def __enter__(self) -> "Stamped":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def first(self, query: object) -> Any:
        return self


def test_in_production_staff_pages_say_that_there_is_no_way_in_yet(nobody: Nobody, watch: Watch) -> None:
    with small(nobody, watch, "production") as site:
        for page in (look(site, "/"), look(site, "/", "token"), send(site, "/sign-out", {})):
            assert page.status == 503 and "Sign-in is not set up" in words(page) and b'class="sandbox"' not in page.body
        nobody.error = NotThere("geheim", "geheim")
        assert look(site, "/sign-in").status == 404
        assert site.ask("POST", "/api/v1/tokens", {"email": TEACHER}).status == 404


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (NotThere("geheim", "geheim"), 404, "There is nothing here for you"),
        (NotAllowed("geheim", "geheim"), 403, "You may not do this"),
        (Busy("geheim", "geheim"), 503, "The service is busy"),
        (OutsideFailed("geheim", "geheim"), 502, "Zoom did not answer"),
        (Fault("geheim", "geheim"), 500, "Something went wrong here"),
        (RuntimeError("geheim"), 500, "Something went wrong here"),
    ],
)
def test_an_error_is_told_in_words_without_what_was_asked(
    nobody: Nobody, watch: Watch, error: Exception, status: int, title: str
) -> None:
    nobody.error = error
    with small(nobody, watch) as site:
        page = look(site, "/?child=geheim", "geheim")
        assert page.status == status and title in words(page) and b"geheim" not in page.body
        assert "01632 960140" in words(page) and b'href="tel:+441632960134"' in page.body
        assert page.headers["Cache-Control"] == "no-store" and ("Retry-After" in page.headers) is (status == 503)
        assert page.headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert site.ask("GET", "/").body == look(site, "/").body  # A page's route answers with a page.


def test_browsers_get_pages_and_programs_get_json(nobody: Nobody, watch: Watch) -> None:
    with small(nobody, watch) as site:
        assert "There is nothing here for you" in words(look(site, "/nothing"))
        assert site.ask("GET", "/nothing").code == "NOT_THERE"
        for path in ("/api/v1/whoami", "/api/v1/nothing", "/sandbox/clock", "/static/0/nothing.css"):
            assert site.ask("GET", path, headers=BROWSER).code in ("NOT_SIGNED_IN", "NOT_THERE")
        assert look(site, "/sign-out").status == 405


def test_every_words_of_an_error_say_what_was_not_done_and_what_to_do() -> None:
    for told in (*BY_CODE.values(), *BY_STATUS.values()):
        assert told.title and told.happened and told.not_done and told.steps


def test_a_form_over_one_mebibyte_is_turned_away_in_words(site: Site) -> None:
    larger = site.ask("POST", "/sign-in", b"csrf=" + b"x" * MIB, headers=FORM)
    assert larger.status == 413 and "That is too large" in words(larger)


def test_a_form_that_cannot_be_read_is_told_so(site: Site) -> None:
    said = {**FORM, "Content-Type": "multipart/form-data; boundary=b"}
    assert site.ask("POST", "/sign-in", b"--b\r\nnonsense", headers=said).status in (400, 403)


def test_static_files_may_be_kept_by_their_digest_and_nothing_else_is_served(site: Site) -> None:
    for name in ("style.css", "page.js", "mark.svg"):
        kept = site.ask("GET", assets.address(name))
        assert kept.status == 200 and "immutable" in kept.headers["Cache-Control"]
        assert kept.headers["X-Content-Type-Options"] == "nosniff"
        older = site.ask("GET", f"/static/000000000000/{name}")
        assert (older.body, older.headers["Cache-Control"]) == (kept.body, "no-store")
    for path in (
        "/static/",
        "/static",
        "/static/0/",
        "/static/0/..%2fapp.py",
        "/static/0/%2e%2e/app.py",
        "/static/0/x",
    ):
        assert site.ask("GET", path).status == 404
    assert site.ask("GET", assets.address("style.css")).headers["Content-Type"] == "text/css; charset=utf-8"


def test_pages_ask_nobody_else_and_hold_no_inline_script_or_style(home: Home, site: Site) -> None:
    cookie = home.app.access.sign_in(TEACHER).token
    for page in (look(site, "/", cookie), look(site, "/sign-in"), look(site, "/nothing")):
        body = page.body.decode()
        assert not re.search(r"<style|style=|<script(?![^>]*src=)|\son\w+=|https?://", body)
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self';") and "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy and "form-action 'self'" in policy
        assert page.headers["Cache-Control"] == "no-store" and page.headers["Referrer-Policy"] == "no-referrer"
        assert "Nothing here is real" in body and "0808 800 5000" in body


def test_the_emergency_page_needs_nothing_but_itself(nobody: Nobody, watch: Watch) -> None:
    with small(nobody, watch, "production") as site:
        page = look(site, "/emergency.html")
    body = page.body.decode()
    assert page.status == 200 and "src=" not in body and "<link" not in body and "<script" not in body
    for number in ("tel:+441632960134", "tel:01632960140", "tel:08088005000", "tel:08001111", "tel:999"):
        assert number in body
    assert "unsafe" not in page.headers["Content-Security-Policy"]


def test_names_are_shown_as_text_whatever_they_hold(home: Home) -> None:
    class Sly:
        def visit(self, token: str) -> Any:
            return replace(home.app.access.visit(token), name='<b>Sly</b> & "sons"')

        def csrf(self, token: str) -> str:
            return "0" * 64

    cookie = home.app.access.sign_in(TEACHER).token
    with served(replace(home.app, access=Sly())) as site:
        body = look(site, "/", cookie).body
    assert b"&lt;b&gt;Sly&lt;/b&gt; &amp; &#34;sons&#34;" in body and b"<b>Sly" not in body


def test_times_numbers_and_roles_are_written_for_people(home: Home) -> None:
    at = home.clock.now().replace(month=7, day=3, hour=22, minute=5)
    assert page_words.when(at, "Asia/Ho_Chi_Minh") == "Sat 4 Jul 2026, 05:05 (Ho Chi Minh)"
    assert (page_words.at(at, "Europe/London"), page_words.day(at, "Europe/London")) == ("23:05", "Fri 3 Jul 2026")
    assert page_words.dialled("+44 (1632) 960-134") == "+441632960134"
    assert page_words.roles([Role.TEACHER, Role.DSL]) == "safeguarding lead, teacher"
