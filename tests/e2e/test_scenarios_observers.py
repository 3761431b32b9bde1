"""Scenarios of the second adult, seen from outside: asked is not yet yes, and nobody is left to be alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.e2e.stage import DEP, DSL, EC, GUARDIANS, O1, O2, T1, Stage, a_stage
from tests.e2e.town import wait_for

LEADS = {address.partition("@")[0] for address in (DSL, DEP, EC)}


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory, stage_home: Path) -> Iterator[Stage]:
    """A stage on which each test has a day of its own, in the order in which they stand here."""
    with a_stage(tmp_path_factory.mktemp("days"), stage_home) as stage:
        yield stage


@pytest.fixture(scope="module")
def led(tmp_path_factory: pytest.TempPathFactory, stage_home: Path) -> Iterator[Stage]:
    """A stage whose terms leave a lesson without an observer to the safeguarding lead."""

    def terms(text: str) -> str:
        return text.replace('without_observer = "cancel"', 'without_observer = "dsl"')

    with a_stage(tmp_path_factory.mktemp("led"), stage_home, terms) as stage:
        yield stage


def words(page: urllib3.BaseHTTPResponse) -> str:
    """What stands in the middle of a page, without its mark-up."""
    main = page.data.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", f"<{main}").split())


def question(stage: Stage, since: int, name: str) -> str:
    """The address of the page on which somebody answers."""
    (mail,) = (m for m in stage.mailed(since, {name}) if m.name == name and m.links("o"))
    return f"/o/{mail.links('o')[0]}"


def a_door(stage: Stage, since: int, subject: str) -> str:
    """The address of a child's door, out of the guardian's mail."""
    (mail,) = (m for m in stage.mailed(since, {"ngozi.okafor"}, subject) if m.name == "ngozi.okafor")
    return f"/j/{mail.links('j')[0]}"


def accepted(stage: Stage, start: str) -> dict[str, Any]:
    """A lesson that O1 has agreed to observe."""
    session = stage.make(start=start)
    assert stage.zg("sessions", "accept", session["short_id"], by=O1).code == 0
    assert stage.show(session)["ready"]
    return session


def test_scenario_15_asked_is_not_yes_and_the_first_yes_gets_it(days: Stage) -> None:
    """O1, who was the one asked first, is told "no longer yours" by mail; "covered" stands in answer and page."""
    session = days.make(start="2026-12-01 16:00")
    asked = question(days, 0, "p.nandakumar")
    before = days.audit(session["id"])
    for agent in ("Scanner/1.0", "curl/8", "Mozilla/5.0"):
        assert days.town.http("GET", asked, Accept="text/html", User_Agent=agent).status == 200
        assert days.town.http("HEAD", asked, User_Agent=agent).status == 200
    assert [a for a in days.audit(session["id"]) if a[0].startswith("observer.")] == [
        a for a in before if a[0].startswith("observer.")
    ]
    since = days.count()
    days.until("2026-11-30T15:59")
    assert not [m for m in days.mails(since) if m.name == "p.nandakumar"]
    days.until("2026-11-30T16:00:30")
    (reminder,) = (m for m in days.mailed(since, {"p.nandakumar"}) if m.name == "p.nandakumar")
    assert reminder.subject.startswith("Please answer") and not days.show(session)["ready"]
    days.until("2026-12-01T12:00:30")
    called = question(days, since, "o.mbeki")
    loaded = days.page(asked).data.decode()
    assert not days.show(session)["ready"] and days.press(called, answer="yes").status == 303
    assert days.show(session).items() >= {"observer": O2, "ready": True}.items()
    late = days.press(asked, form=loaded, answer="yes")
    assert late.status == 303 and "Somebody else said yes first" in words(days.page(asked))
    assert days.zg("sessions", "accept", session["short_id"], by=O1).said["outcome"] == "covered"
    assert days.meeting(session).settings["alternative_hosts"] == O2
    off = [m for m in days.mailed(since, {"p.nandakumar"}, "No longer yours") if m.name == "p.nandakumar"]
    assert len(off) == 1


def test_scenario_16_an_hour_before_another_observer_comes_in(days: Stage) -> None:
    since, session = days.count(), accepted(days, "2026-12-02 16:00")
    door = a_door(days, since, "2 Dec")
    days.until("2026-12-02T15:00")
    since, call = days.count(), days.town.call_count()
    ran = days.zg("sessions", "replace-observer", session["short_id"], "--observer", O2)
    assert ran.code == 0 and ran.said["session"]["observer"] == O2 and not ran.said["session"]["ready"]
    assert "GET meeting" in days.changes(session, call)[1:]
    assert days.meeting(session).settings["alternative_hosts"] == O2
    assert "Olu Mbeki" in words(days.page(door)) and "Priya" not in words(days.page(door))
    for mail in days.mailed(since, GUARDIANS, "Changed"):
        if mail.name in GUARDIANS:
            assert "Olu Mbeki is now asked to observe, in place of Priya Nandakumar." in mail.words
    staff = f"/s/{session['short_id']}"
    assert days.page(staff, O1).status == 404 and days.page(staff, O2).status == 200
    assert days.api("GET", f"/sessions/{session['short_id']}", by=O1)[0] == 404
    assert days.zg("sessions", "accept", session["short_id"], by=O2).code == 0 and days.show(session)["ready"]


def test_scenario_16_a_change_that_zoom_ignores_puts_the_lesson_at_risk(days: Stage) -> None:
    session = accepted(days, "2026-12-03 16:00")
    days.until("2026-12-03T15:00")
    since = days.count()
    days.town.fault("update_ignored")
    ran = days.zg("sessions", "replace-observer", session["short_id"], "--observer", O2)
    days.town.fault("update_ignored", on=False)
    (finding,) = ran.said["findings"]
    assert ran.code == 1 and (finding["wanted"], finding["got"]) == (O2, O1)
    assert ran.said["session"].items() >= {"state": "at_risk", "observer": O1}.items()
    assert {m.name for m in days.mailed(since, LEADS, "At risk") if m.name != "t.wren"} == LEADS


def test_scenario_16_nobody_by_a_quarter_to_calls_the_lesson_off(days: Stage) -> None:
    since, session = days.count(), days.make(start="2026-12-04 16:00")
    door, meeting = a_door(days, since, "4 Dec"), days.meeting(session)
    days.until("2026-12-04T15:44")
    days.all_sent(session)
    since = days.count()
    assert days.show(session)["state"] == "scheduled" and "Olu" not in words(days.page(door))
    days.until("2026-12-04T15:45:05")
    days.comes(session, state="cancelled")
    came = days.mailed(since, GUARDIANS, "Cancelled")
    assert {m.name for m in came} >= GUARDIANS and meeting.deleted
    assert "cannot join a lesson here now" in words(days.page(door)) and days.town.http("GET", door).status == 200
    said = [payload for action, _, payload in days.audit(session["id"]) if action == "session.removal_decided"]
    assert [payload["reason"] for payload in said] == ["no_observer"]


def test_scenario_16_or_the_safeguarding_lead_decides_on_record(led: Stage) -> None:
    session = led.make(start="2026-12-01 16:00")
    led.until("2026-12-01T15:45:05")
    led.comes(session, state="at_risk", risk="OBSERVER_MISSING")
    assert {m.name for m in led.mailed(0, LEADS, "At risk")} >= LEADS
    led.until("2026-12-01T15:54:00")  # past the last look before the start
    wait_for(lambda: ("session.at_risk", "service") in [entry[:2] for entry in led.audit(session["id"])])
    assert led.show(session)["state"] == "at_risk" and not led.meeting(session).deleted
    since = led.count()
    assert led.zg("sessions", "cancel", session["short_id"], by=DSL).code == 0
    assert {m.name for m in led.mailed(since, GUARDIANS, "Cancelled")} >= GUARDIANS
    decided = [entry for entry in led.audit(session["id"]) if entry[0] == "session.removal_decided"]
    assert [actor != "service" for _, actor, _ in decided] == [True]
    assert led.zg("sessions", "list", by=T1).said["sessions"][0]["state"] == "cancelled"
