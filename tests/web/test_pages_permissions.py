"""The page of permissions: whom the office has to ask, and contact with a guardian, stopped and allowed again."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.application.lessons import audited
from tests.house import COORDINATOR, DSL, OBSERVER, REVIEWER, TEACHER, Home, a_home
from tests.web.browsing import send, words
from tests.web.desk import Desk, at_desk, everything
from tests.web.serving import Site, served
from zoomguard.domain.errors import Refused

DEPUTY, MONITOR = "b.noor@northmoor.example", "j.fairley@northmoor.example"
HIS = {"guardian": "G-21", "child": "C-0120", "evidence": "ORDER-12"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with a_home(tmp_path_factory.mktemp("permissions")) as running:
        yield running


@pytest.fixture(scope="module")
def site(home: Home) -> Iterator[Site]:
    with served(home.app) as running:
        yield running


def desk(home: Home, site: Site, email: str) -> Desk:
    return at_desk(home, site, email)


def test_an_empty_list_says_what_will_stand_there(home: Home, site: Site) -> None:
    said = desk(home, site, COORDINATOR).read("/permissions")
    assert "Whoever is refused for want of one appears here." in said
    assert "zoomguard consents chase" in said


@pytest.mark.parametrize("email", [COORDINATOR, DSL, DEPUTY])
def test_office_and_leads_read_whom_to_ask_and_are_led_there(home: Home, site: Site, email: str) -> None:
    for day in range(8, 13):
        with pytest.raises(Refused):
            home.schedule(children=("C-0101", "C-0140"), start=f"2026-12-{day:02} 16:00")
    at = desk(home, site, email)
    said = at.read("/permissions")
    assert "C-0140" in said and "G-40" in said and "Lessons by video: no answer yet" in said
    assert "MATHS-7B, Tue 8 Dec 2026, 16:00 (London)" in said and "and 2 more" in said
    assert "Oskar" not in said and "Berg" not in said
    assert "1 pupil without permission for lessons to come: whom to ask" in at.read("/")
    assert b'href="/permissions"' in at.look("/").body


@pytest.mark.parametrize("email", [TEACHER, OBSERVER, REVIEWER, MONITOR])
def test_nobody_else_sees_the_page_or_changes_contact(home: Home, site: Site, email: str) -> None:
    at, before = desk(home, site, email), everything(home)
    tried = [at.look("/permissions"), *(at.send("/permissions", act=act, **HIS) for act in ("stop", "allow"))]
    first = at.look("/")
    assert tried[0].status == 403 and b"/permissions" not in first.body and "without permission" not in words(first)
    assert {reply.status for reply in tried} == {403} and everything(home) == before
    assert len({reply.body for reply in tried}) == 1


def test_the_office_stops_and_has_no_button_to_allow(home: Home, site: Site) -> None:
    office, mother = desk(home, site, COORDINATOR), {**HIS, "guardian": "G-20"}
    assert "Allow contact again" not in office.read("/permissions")
    done = office.send("/permissions", act="stop", **mother)
    assert (done.status, done.headers["Location"]) == (303, "/permissions?told=stop-changed")
    assert "no mail about that child goes to that guardian" in office.read(done.headers["Location"])
    before = everything(home)
    assert office.send("/permissions", act="allow", **mother).status == 403
    assert everything(home) == before
    lead = desk(home, site, DSL)
    assert lead.send("/permissions", act="allow", **mother).headers["Location"].endswith("allow-changed")


def test_a_lead_allows_contact_and_it_is_audited(home: Home, site: Site) -> None:
    lead, before = desk(home, site, DSL), audited(home, "people.contact_allowed")
    assert "Allow contact again" in lead.read("/permissions")
    assert lead.send("/permissions", act="allow", **HIS).headers["Location"].endswith("allow-changed")
    assert lead.send("/permissions", act="allow", **HIS).headers["Location"].endswith("allow-unchanged")
    assert audited(home, "people.contact_allowed") == before + 1
    assert lead.send("/permissions", act="stop", **HIS).headers["Location"].endswith("stop-changed")


def test_looking_changes_nothing_and_a_told_word_of_no_ours_is_not_repeated(home: Home, site: Site) -> None:
    lead, before = desk(home, site, DSL), everything(home)
    query = "&".join(f"{name}={value}" for name, value in {**HIS, "act": "allow"}.items())
    said = lead.read(f"/permissions?{query}&told={quote('<b>allowed</b>')}")
    assert "allowed" not in said and "ORDER-12" not in said
    assert site.ask("HEAD", f"/permissions?{query}", headers={"Cookie": f"zg={lead.cookie}"}).status == 200
    assert everything(home) == before


@pytest.mark.parametrize("csrf", ["", "0" * 64])
def test_a_form_that_is_not_ours_changes_nothing(home: Home, site: Site, csrf: str) -> None:
    lead, before = desk(home, site, DSL), everything(home)
    assert send(site, "/permissions", {**HIS, "act": "allow", "csrf": csrf}, lead.cookie).status == 403
    assert everything(home) == before


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"evidence": ""}, 422, "NO_EVIDENCE"),
        ({"guardian": "G-99"}, 422, "UNKNOWN_REF"),
        ({"child": "C-0101"}, 422, "UNKNOWN_REF"),
    ],
)
def test_what_cannot_be_done_is_told_on_the_page(
    home: Home, site: Site, change: dict[str, str], status: int, code: str
) -> None:
    lead, before = desk(home, site, DSL), everything(home)
    reply = lead.send("/permissions", act="allow", **{**HIS, **change})
    assert reply.status == status and code in words(reply) and "Contact was not changed" in words(reply)
    for typed in {**HIS, **change}.values():
        assert not typed or f'value="{typed}"'.encode() in reply.body
    assert everything(home) == before


def test_no_other_act_is_taken(home: Home, site: Site) -> None:
    lead, before = desk(home, site, DSL), everything(home)
    assert lead.send("/permissions", act="forget", **HIS).status == 422
    assert everything(home) == before
