"""The pages of incidents: what is open, one with its history, and a form by which it is settled."""

import logging
from collections.abc import Iterator
from itertools import count

import pytest

from tests.application.finding import K, found
from tests.application.lessons import audited, sessions
from tests.house import COORDINATOR, DSL, OBSERVER, REVIEWER, TEACHER, Home, a_home
from tests.web.browsing import send, words
from tests.web.desk import Desk, at_desk, everything
from tests.web.serving import Site, served
from zoomguard.application.incidents import MOST
from zoomguard.domain.incidents import WORDS
from zoomguard.domain.people import Role

DEPUTY, MONITOR, DATA_LEAD = "b.noor@northmoor.example", "j.fairley@northmoor.example", "f.doyle@northmoor.example"
NOTE = "Recovered from the trash; <b>the next run</b> copied it."
NUMBERS = count()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with a_home(tmp_path_factory.mktemp("incidents")) as running:
        yield running


@pytest.fixture(scope="module")
def site(home: Home) -> Iterator[Site]:
    with served(home.app) as running:
        yield running


@pytest.fixture(scope="module")
def lead(home: Home, site: Site) -> Desk:
    return at_desk(home, site, DSL)


def one(home: Home, kind: K = K.OBJECT_MISSING, **about: str) -> str:
    """A new incident."""
    return found(home, kind, f"01KBDZ5S00ZG0000000000{next(NUMBERS):04}", **about)


def test_an_empty_list_says_what_will_stand_there(lead: Desk) -> None:
    said = lead.read("/incidents")
    assert "No incident is open." in said and "zoomguard incidents list --closed" in said
    assert "There are no incidents." in lead.read("/incidents?closed=1") and "/incidents" not in lead.read("/")


@pytest.mark.parametrize("email", [DSL, DEPUTY, MONITOR, DATA_LEAD])
def test_who_may_is_led_there_and_reads_what_was_found(home: Home, site: Site, email: str) -> None:
    name, lesser, desk = one(home), one(home, K.UNKNOWN_OBJECT), at_desk(home, site, email)
    counted = home.app.incidents.count(home.who(DSL))
    first = desk.look("/")
    assert f"{counted.total} incidents are open , {counted.grave} grave: see them" in words(first)
    assert b'href="/incidents"' in first.body
    listed = desk.read("/incidents")
    assert listed.index(name) < listed.index(lesser) and WORDS[K.OBJECT_MISSING].title in listed
    said = desk.read(f"/incidents/{name}")
    assert WORDS[K.OBJECT_MISSING].remedy in said and "Close the incident" in said and "by the service" in said


@pytest.mark.parametrize("email", [COORDINATOR, TEACHER, OBSERVER, REVIEWER])
def test_nobody_else_learns_whether_there_is_one(home: Home, site: Site, email: str) -> None:
    name, desk = one(home), at_desk(home, site, email)
    before = everything(home)
    tried = [desk.look(f"/incidents/{n}") for n in (name, "I-ZZZZ")]
    tried += [desk.send(f"/incidents/{n}", note=NOTE) for n in (name, "I-ZZZZ")]
    assert {r.status for r in (*tried, desk.look("/incidents"))} == {403} and len({r.body for r in tried}) == 1
    first = desk.look("/")
    assert b"/incidents" not in first.body and "incident" not in words(first)
    assert everything(home) == before


def test_it_is_closed_with_the_form_and_the_words_are_shown_as_they_were_typed(home: Home, lead: Desk) -> None:
    name, before = one(home), audited(home, "incident.closed")
    done = lead.send(f"/incidents/{name}", note=f"{NOTE}\r\n  Nobody was at fault.")
    assert (done.status, done.headers["Location"]) == (303, f"/incidents/{name}?told=closed")
    reply = lead.look(done.headers["Location"])
    said = lead.read(done.headers["Location"])
    assert f"{NOTE} Nobody was at fault." in said and b"<b>the next run" not in reply.body
    assert "Your words are kept with your name." in said and DSL in said and "Close the incident" not in said
    assert audited(home, "incident.closed") == before + 1
    assert name not in lead.read("/incidents") and name in lead.read("/incidents?closed=1")


@pytest.mark.parametrize("note", ["", "settled", "x" * 501])
def test_a_note_that_cannot_be_is_told_and_stays_in_the_form(home: Home, lead: Desk, note: str) -> None:
    name = one(home)
    before = everything(home)
    reply = lead.send(f"/incidents/{name}", note=note)
    assert reply.status == 422 and "BAD_NOTE" in words(reply) and "Not closed" in words(reply)
    assert f">{note}</textarea>".encode() in reply.body and everything(home) == before


def test_what_somebody_else_closed_meanwhile_is_told(home: Home, site: Site, lead: Desk) -> None:
    name = one(home)
    home.app.incidents.close(home.who(MONITOR), name, "Settled by telephone.")
    reply = lead.send(f"/incidents/{name}", note=NOTE)
    assert reply.status == 409 and "INCIDENT_CLOSED" in words(reply) and MONITOR in words(reply)
    assert "copied it" not in words(reply)


def test_whoever_taught_the_lesson_sees_it_and_has_no_form(home: Home, site: Site, lead: Desk) -> None:
    home.schedule()
    session = sessions(home)[-1]
    home.app.people.give_role(TEACHER, Role.MONITOR)
    name, desk = one(home, session_id=session.id), at_desk(home, site, TEACHER)
    said = desk.read(f"/incidents/{name}")
    assert "somebody else settles it" in said and "Close the incident" not in said and session.short_id in said
    before = everything(home)
    reply = desk.send(f"/incidents/{name}", note=NOTE)
    assert reply.status == 403 and "OWN_SESSION" in words(reply) and everything(home) == before
    home.app.people.end_role(TEACHER, Role.MONITOR)
    assert f'href="/s/{session.short_id}"'.encode() in lead.look(f"/incidents/{name}").body
    # The data lead sees no lessons, and is led to none.
    assert b'href="/s/' not in at_desk(home, site, DATA_LEAD).look(f"/incidents/{name}").body


def test_an_auditor_reads_and_has_no_form(home: Home, site: Site) -> None:
    home.app.people.give_role(REVIEWER, Role.AUDITOR)
    name, desk = one(home), at_desk(home, site, REVIEWER)
    said = desk.read(f"/incidents/{name}")
    assert "Close the incident" not in said and "somebody else settles it" not in said
    assert "zoomguard incidents close" not in said and desk.send(f"/incidents/{name}", note=NOTE).status == 403
    home.app.people.end_role(REVIEWER, Role.AUDITOR)


@pytest.mark.parametrize("name", ["I-ZZZZ", "x" * 65, "..%2f"])
def test_what_is_not_there_is_not_found(home: Home, lead: Desk, name: str) -> None:
    assert lead.look(f"/incidents/{name}").status == lead.send(f"/incidents/{name}", note=NOTE).status == 404


@pytest.mark.parametrize("csrf", ["", "0" * 64])
def test_a_form_that_is_not_ours_changes_nothing(home: Home, site: Site, lead: Desk, csrf: str) -> None:
    name = one(home)
    before = everything(home)
    assert send(site, f"/incidents/{name}", {"note": NOTE, "csrf": csrf}, lead.cookie).status == 403
    assert everything(home) == before


def test_looking_changes_nothing_and_what_stands_in_the_address_is_not_believed(home: Home, lead: Desk) -> None:
    name = one(home)
    before = everything(home)
    said = lead.read(f"/incidents/{name}?told=closed&note=forged-words&closed=1")
    assert "Your words are kept" not in said and "forged" not in said
    assert everything(home) == before


def test_what_is_typed_stands_in_no_log_and_in_no_file(
    home: Home, site: Site, lead: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    name, token, asked = one(home), home.app.access.issue(DSL).token, "/api/v1/incidents/{}/close"
    with caplog.at_level(logging.DEBUG):
        for note in ("Kestrel\nsaid so.", "Kestrel" * 80, "Kestrel recovered it."):
            lead.send(f"/incidents/{name}", note=note)
            site.ask("POST", asked.format(name), {"note": note}, token)
            site.ask("POST", asked.format(name), {"note": note, "by": "Kestrel"}, token)
    assert home.app.incidents.show(home.who(DSL), name).closed_at and "incidents" in caplog.text
    assert "Kestrel" not in caplog.text
    kept = [file for file in home.path.rglob("*") if file.is_file()]
    assert any(file.name == "zoomguard.db" for file in kept) and not [f for f in kept if b"Kestrel" in f.read_bytes()]


def test_programs_are_told_how_many_are_open_whatever_the_list_leaves_out(home: Home, site: Site) -> None:
    for _ in range(MOST + 1):
        one(home, K.UNKNOWN_OBJECT)
    token, count = home.app.access.issue(DSL).token, home.app.incidents.count(home.who(DSL))
    said = site.ask("GET", "/api/v1/incidents", token=token).document
    assert said["open"] == {"total": count.total, "grave": count.grave}
    assert (len(said["incidents"]), count.total > MOST) == (MOST, True)
