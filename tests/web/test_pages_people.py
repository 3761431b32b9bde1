"""The page of the staff: who is ready for a lesson, who is on the list, and shutting out who leaves in two presses."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import quote

import pytest

from tests.house import COORDINATOR, DSL, OBSERVER, REVIEWER, TEACHER, Home, a_home
from tests.web.browsing import send, words
from tests.web.desk import Desk, at_desk, everything, second_press
from tests.web.serving import Reply, Site, served
from zoomguard.domain import staffing
from zoomguard.domain.errors import NotSignedIn, OutsideFailed
from zoomguard.domain.meeting_plan import HostPosture, PasscodeRule
from zoomguard.domain.people import Role, StaffOnRecord
from zoomguard.web.pages.people import CHECKS, DONE, LOOKS

DEPUTY, MONITOR, LEAVER = "b.noor@northmoor.example", "j.fairley@northmoor.example", "h.lindqvist@northmoor.example"
UNPAPERED, NOBODY = "f.doyle@northmoor.example", "no.body@northmoor.example"
FIRST, SECOND = "See what that would do", "Shut this person out now"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with a_home(tmp_path_factory.mktemp("people")) as running:
        yield running


@pytest.fixture(scope="module")
def site(home: Home) -> Iterator[Site]:
    with served(home.app) as running:
        yield running


@pytest.fixture(scope="module")
def teacher(home: Home, site: Site) -> Desk:
    return at_desk(home, site, TEACHER)


@pytest.fixture(scope="module")
def lead(home: Home, site: Site) -> Desk:
    return at_desk(home, site, DSL)


def check(email: str) -> str:
    return f"/people?email={quote(email)}"


def previewed(lead: Desk, email: str) -> Reply:
    """The first press, on the answer of the check."""
    reply = lead.send("/people", **second_press(lead.look(check(email)), FIRST))
    assert reply.status == 200 and "Nothing was changed yet." in words(reply), words(reply)
    return reply


def shut_out(lead: Desk, email: str) -> str:
    """Both presses; gives what is told after the second."""
    reply = lead.send("/people", step="do", **second_press(previewed(lead, email), SECOND))
    assert reply.status == 303, words(reply)
    return lead.read(reply.headers["Location"])


def test_a_teacher_checks_an_address_without_the_list_and_shuts_nobody_out(teacher: Desk) -> None:
    said = teacher.read("/people")
    assert "Is somebody ready for a lesson?" in said and "Staff:" not in said and OBSERVER not in said
    assert "zoomguard people check EMAIL" in said and "people list" not in said and "deactivate" not in said
    checked = teacher.read(check(OBSERVER))
    assert "Priya Nandakumar Ready for a lesson" in checked and "Shut this person out" not in checked
    assert b'href="/people" aria-current="page"' in teacher.look("/people").body


def test_every_point_of_a_check_has_its_verdict_its_reason_and_what_to_do(home: Home, lead: Desk) -> None:
    found = home.app.staffing.check(home.who(DSL), UNPAPERED)
    said = lead.read(check(UNPAPERED))
    assert "Finn Doyle Not ready for a lesson" in said and not found.ready
    assert {"pass", "fail"} <= {one.verdict.value for one in found.checks}
    for one in found.checks:
        point = f"{LOOKS[one.verdict][2]}: {CHECKS[one.check]}. {one.reason[0].upper()}{one.reason[1:]}. {one.check}"
        to_do = f" {one.remedy}" if one.remedy else ""
        assert point + to_do in said
    assert "Next: put this right, and check again." in said and f"zoomguard people check {UNPAPERED}" in said


def test_every_point_and_verdict_that_a_check_can_give_has_words() -> None:
    somebody = StaffOnRecord("1", "T1", TEACHER, True, frozenset({Role.TEACHER}))
    known = HostPosture("1", TEACHER, True, True, PasscodeRule(), None)
    answers = [staffing.readiness(somebody, "", p, date(2026, 12, 1), organisational=True) for p in (known, None)]
    given = [one for answer in answers for one in answer.checks]
    assert {one.check for one in given} == set(CHECKS) and {one.verdict for one in given} == set(LOOKS)


@pytest.mark.parametrize("email", [OBSERVER, REVIEWER])
def test_who_only_observes_or_reviews_gets_no_such_page(home: Home, site: Site, email: str) -> None:
    desk = at_desk(home, site, email)
    assert b'href="/people"' not in desk.look("/").body
    for reply in (desk.look("/people"), desk.look(check(TEACHER)), desk.send("/people", email=TEACHER)):
        assert reply.status == 403 and "You may not do this" in words(reply) and b"wren" not in reply.body


def test_the_office_sees_all_staff_each_with_its_check_and_shuts_nobody_out(home: Home, site: Site) -> None:
    office, people = at_desk(home, site, COORDINATOR), home.app.people.list(home.who(COORDINATOR))
    said, body = office.read("/people"), office.look("/people").body.decode()
    assert f"Staff: {len(people)}" in said and f"{TEACHER} T1 teacher" in said
    assert "safeguarding lead" in said and "zoomguard people list" in said
    assert all(f'href="{check(one.email)}"' in body for one in people)
    assert FIRST not in office.read(check(TEACHER)) and "deactivate" not in office.read(check(TEACHER))
    before = everything(home)
    for step in ("", "do"):
        assert office.send("/people", email=TEACHER, step=step).status == 403
    assert everything(home) == before


def test_a_monitor_sees_the_list_and_checks_nobody(home: Home, site: Site) -> None:
    monitor = at_desk(home, site, MONITOR)
    assert b'<a href="/people">People</a>' in monitor.look("/").body
    page = monitor.look("/people")
    assert f"{TEACHER} T1 teacher" in words(page) and b"/people?email=" not in page.body
    assert b'name="email"' not in page.body and "people check" not in words(page)
    assert monitor.look(check(TEACHER)).status == 403 and monitor.send("/people", email=TEACHER).status == 403


def test_the_place_is_named_once_to_who_may_both_see_and_check(lead: Desk) -> None:
    assert lead.look("/").body.count(b'<a href="/people">People</a>') == 1


def test_looking_changes_nothing_whatever_the_address_asks(home: Home, site: Site, lead: Desk) -> None:
    home.schedule(start="2026-12-01 10:00")
    before = everything(home)
    for method in ("GET", "HEAD"):
        for path in ("/people", check(TEACHER), f"{check(TEACHER)}&step=do&done=deactivated&csrf={lead.csrf}"):
            assert site.ask(method, path, headers={"Cookie": f"zg={lead.cookie}"}).status == 200
    assert everything(home) == before
    assert DONE["deactivated"] not in lead.read(f"{check(TEACHER)}&done=deactivated")


@pytest.mark.parametrize(
    ("typed", "code"),
    [(NOBODY, "UNKNOWN_REF"), ("eva.kral@families.example", "UNKNOWN_REF"), ("no address", "BAD_EMAIL")],
)
def test_an_address_of_nobody_is_told_on_the_page(home: Home, lead: Desk, typed: str, code: str) -> None:
    before = everything(home)
    for reply in (
        lead.look(check(typed)),
        lead.send("/people", email=typed),
        lead.send("/people", email=typed, step="do"),
    ):
        assert reply.status == 422 and code in words(reply) and b'role="alert"' in reply.body
        assert b"<title>Error: People" in reply.body and f'value="{typed}"' in reply.body.decode()
        assert FIRST not in words(reply) and "zoomguard people check EMAIL" in words(reply)
    assert "Not checked" in words(lead.look(check(typed))) and everything(home) == before


def test_what_was_typed_stays_text(lead: Desk) -> None:
    reply = lead.look(check('"><script>x</script>'))
    assert reply.status == 422 and b"<script>x" not in reply.body
    assert lead.look(check("x" * 3000)).status == 422 and lead.look(check("a\0b")).status == 422
    assert lead.send("/people").status == 422


def test_the_first_press_names_the_lessons_and_changes_nothing(home: Home, site: Site, lead: Desk) -> None:
    lesson = home.schedule(start="2026-12-02 10:00").session.short_id
    tomasz = at_desk(home, site, TEACHER)
    before = everything(home)
    reply = previewed(lead, TEACHER)
    said = words(reply)
    assert f"Shut this person out? {TEACHER}" in said and lesson in said and "somebody else:" in said
    assert f'href="/s/{lesson}"' in reply.body.decode() and "Wed 2 Dec 2026, 10:00" in said
    assert "Leave it as it is" in said and f"zoomguard people deactivate {TEACHER} --dry-run" in said
    assert everything(home) == before and tomasz.look("/").status == 200


def test_the_second_press_ends_the_tokens_and_names_the_lessons_that_are_left(
    home: Home, site: Site, lead: Desk
) -> None:
    taught = home.schedule(LEAVER, start="2026-12-03 10:00").session.short_id
    gone, token = at_desk(home, site, LEAVER), home.app.access.issue(LEAVER).token
    said = shut_out(lead, LEAVER)
    assert DONE["deactivated"] in said and "Shut out: 1 lesson needs somebody else" in said and taught in said
    assert "Next: open each lesson" in said and FIRST not in said
    assert f"zoomguard sessions reassign --teacher {LEAVER} --to EMAIL" in said
    assert f'href="/s/{taught}"' in lead.look(check(LEAVER)).body.decode()
    assert gone.look("/").headers["Location"].startswith("/sign-in")
    with pytest.raises(NotSignedIn):
        home.app.access.who(token)
    assert f"{LEAVER} Not active" in lead.read("/people") and "No longer active." in said
    assert "Another teacher" in lead.read(f"/s/{taught}")
    lead.send(f"/s/{taught}", act="cancel", step="do")
    home.do_due()
    assert f"No lesson to come names {LEAVER}. Nothing more to do." in lead.read(check(LEAVER))


def test_an_observer_who_leaves_is_missed_by_name_and_a_second_press_again_changes_nothing(
    home: Home, lead: Desk
) -> None:
    mbeki = "o.mbeki@northmoor.example"
    lesson = home.schedule(start="2026-12-04 10:00", observer=mbeki).session.short_id
    said = shut_out(lead, mbeki)
    assert f"zoomguard sessions replace-observer {lesson} --pool" in said and "sessions reassign" not in said
    before = everything(home)
    for step in ("", "do"):
        again = lead.send("/people", email=mbeki, step=step)
        assert again.status == 303 and DONE["unchanged"] in lead.read(again.headers["Location"])
    assert everything(home) == before


def test_nobody_shuts_out_oneself_or_the_last_lead(home: Home, site: Site, lead: Desk) -> None:
    deputy = at_desk(home, site, DEPUTY)
    before = everything(home)
    for desk, email in ((lead, DSL), (deputy, DEPUTY), (deputy, DSL)):
        page = desk.read(check(email))
        assert FIRST not in page and "The last safeguarding lead, and oneself, cannot be deactivated." in page
        for step in ("", "do"):
            reply = desk.send("/people", email=email, step=step)
            assert reply.status == 409 and "LAST_LEAD" in words(reply) and "Not shut out" in words(reply)
    assert everything(home) == before


def test_a_forged_form_shuts_nobody_out(home: Home, site: Site, lead: Desk, teacher: Desk) -> None:
    before = everything(home)
    for csrf in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": teacher.csrf}):
        for step in ("", "do"):
            forged = send(site, "/people", {"email": TEACHER, "step": step, **csrf}, lead.cookie)
            assert forged.status == 403 and "This form is no longer valid" in words(forged)
    fields = {"email": TEACHER, "step": "do", "csrf": lead.csrf}
    assert send(site, "/people", fields, lead.cookie, sec_fetch_site="cross-site").status == 403
    assert send(site, "/people", fields, lead.cookie, origin="https://elsewhere.example").status == 403
    assert send(site, "/people", fields).status == 303  # To sign in.
    assert everything(home) == before and teacher.look("/").status == 200


def test_every_form_that_changes_something_proves_that_it_is_ours(lead: Desk) -> None:
    for page in (lead.look(check(TEACHER)), previewed(lead, TEACHER)):
        forms = re.findall(r'<form[^>]*method="post".*?</form>', page.body.decode(), re.DOTALL)
        assert len(forms) == 2 and all(f'name="csrf" value="{lead.csrf}"' in form for form in forms)
        assert lead.csrf not in re.findall(r'<form[^>]*method="get".*?</form>', page.body.decode(), re.DOTALL)[0]


def test_somebody_is_shut_out_while_zoom_is_silent(home: Home) -> None:
    class Silent:
        def posture(self, email: str) -> Any:
            raise OutsideFailed("Zoom did not answer.")

    leaver = "c.pugh@northmoor.example"
    parts = replace(home.app.staffing.parts, users=Silent())
    with served(replace(home.app, staffing=type(home.app.staffing)(parts))) as site:
        lead = at_desk(home, site, DSL)
        page = lead.look(check(leaver))
        assert page.status == 502 and "Zoom did not answer." in words(page) and "Not checked" in words(page)
        preview = lead.send("/people", **second_press(page, FIRST))
        done = lead.send("/people", step="do", **second_press(preview, SECOND))
        told = lead.look(done.headers["Location"])
        assert told.status == 502 and DONE["deactivated"] in words(told)
    assert not {p.email: p for p in home.app.people.list(home.who(DSL))}[leaver].active
