"""Scenarios of lessons that change, seen from outside: what is moved is judged anew, and children sleep at night."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stage import EC, GUARDIANS, O1, O2, TOLD, Mail, Stage, a_stage


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory, stage_home: Path) -> Iterator[Stage]:
    """A stage on which the clock goes on from test to test; Lena's permission ends on 3 December."""
    with a_stage(tmp_path_factory.mktemp("late"), stage_home) as stage:
        until = {"effective_on": "2026-11-17", "valid_until_on": "2026-12-03", "evidence_ref": "FORM-2"}
        rows = [row for guardian in ("G-01", "G-02") for row in stage.rows("consents", "C-0101", guardian, **until)]
        assert stage.take_in("consents", *rows).code == 0
        yield stage


def field(mail: Mail, name: str) -> str:
    """A property of the calendar entry in a mail."""
    return re.findall(rf"^{name}:(.*?)\r?$", mail.calendar, re.MULTILINE)[0]


def by_name(mails: list[Mail]) -> dict[str, Mail]:
    """The one mail that each person has."""
    assert len({m.name for m in mails}) == len(mails)
    return {m.name: m for m in mails}


def to_families(mails: list[Mail]) -> list[Mail]:
    """Those that did not go to staff."""
    return [m for m in mails if not m.to.endswith("@northmoor.example")]


def moved(stage: Stage, session: dict[str, Any], start: str) -> Any:
    """`zoomguard sessions reschedule`."""
    return stage.zg("sessions", "reschedule", session["short_id"], "--start", start)


def test_scenario_13_beyond_a_permission_nothing_is_moved(late: Stage) -> None:
    session = late.make(start="2026-12-01 10:00")
    late.all_sent(session)
    assert late.zg("sessions", "accept", session["short_id"], by=O1).code == 0
    before, writes, mails = late.show(session), late.writes(), late.count()
    ran = moved(late, session, "2026-12-04 10:00")
    (finding,) = ran.said["findings"]
    assert (ran.code, finding["rule"], finding["subject"]) == (1, "CON-CHANNEL", "C-0101")
    assert "--except" not in finding["remedy"] and "roster" in finding["remedy"]
    assert late.writes() == writes and late.show(session) == before and before["ready"]
    assert late.meeting(session).start_at.isoformat() == "2026-12-01T10:00:00+00:00"
    assert late.count() == mails and late.zg("sessions", "cancel", session["short_id"]).code == 0


def test_scenario_13_what_is_moved_is_read_back_asked_and_told_anew(late: Stage) -> None:
    since, session = late.count(), late.make(start="2026-12-01 16:00")
    invited = by_name(to_families(late.told(session, since)))
    assert set(invited) == TOLD
    assert late.zg("sessions", "accept", session["short_id"], by=O1).code == 0
    since, call = late.count(), late.town.call_count()
    ran = moved(late, session, "2026-12-02 17:00")
    assert ran.code == 0 and ran.said["told"]["guardians"] == len(GUARDIANS)
    assert late.changes(session, call)[:2] == ["PATCH meeting", "GET meeting"]
    assert late.meeting(session).start_at.isoformat() == "2026-12-02T17:00:00+00:00"
    assert late.show(session).items() >= {"observer_answer": "asked", "ready": False}.items()
    told = by_name(to_families(late.told(session, since)))
    assert [m for m in late.mails(since) if m.name == "p.nandakumar" and m.links("o")]
    assert set(told) == TOLD
    for name in GUARDIANS:
        assert "Before: Tue 1 Dec 2026 16:00 Europe/London" in told[name].words
        assert "Now: Wed 2 Dec 2026 17:00 Europe/London" in told[name].words
    for name, mail in told.items():
        assert mail.links("j") == invited[name].links("j") and field(mail, "UID") == field(invited[name], "UID")
        assert int(field(mail, "SEQUENCE")) > int(field(invited[name], "SEQUENCE"))


def waiting(stage: Stage, session: dict[str, Any]) -> list[dict[str, Any]]:
    """What `messages list` shows of a lesson that has not left yet."""
    said = stage.zg("messages", "list", "--session", session["short_id"], by=EC).said
    return [m for m in said["messages"] if m["state"] == "queued"]


WAITS = {"audience": "child", "to_reference": "C-0110", "reason": "MSG-HOURS"}


def test_scenario_31_a_child_is_written_to_by_day_and_a_guardian_at_once(late: Stage) -> None:
    """No duty sends reminders to children yet: a change and a cancellation stand in for one, under the same rule."""
    kept = late.make(start="2026-12-02 12:00", observer=O2)
    called_off, last = (late.make(start=f"2026-12-02 {hour}:00", observer=O2) for hour in (13, 14))
    late.all_sent(kept, called_off, last)
    late.until("2026-11-28T03:00")  # a Saturday
    since = late.count()
    assert moved(late, kept, "2026-12-02 12:05").code == 0
    assert late.zg("sessions", "cancel", called_off["short_id"]).code == 0
    late.mailed(since, {"lan.tran"}, "Cancelled")
    late.all_sent(kept, called_off)
    for session in (kept, called_off):
        (message,) = waiting(late, session)
        assert message.items() >= (WAITS | {"not_before_at": "2026-11-30T09:00:00Z"}).items()
    shown = late.town.zg("messages", "list", "--session", called_off["short_id"], by=EC, json=False).out
    assert "waits until Mon 30 Nov 2026 09:00 Europe/London" in shown
    late.until("2026-11-30T08:59")
    assert "minh.tran" not in {m.name for m in late.mails(since)}
    late.until("2026-11-30T09:00:05")
    own = [m.subject for m in late.mailed(since, {"minh.tran"}, "our lesson") if m.name == "minh.tran"]
    assert own and all("your time" in subject for subject in own)
    late.all_sent(kept, called_off)
    late.until("2026-11-30T14:30")  # office hours, and 21:30 where the child lives
    since = late.count()
    assert late.zg("sessions", "cancel", last["short_id"]).code == 0
    late.mailed(since, {"lan.tran"}, "Cancelled")
    late.all_sent(last)
    (message,) = waiting(late, last)
    assert message.items() >= (WAITS | {"not_before_at": "2026-12-01T09:00:00Z"}).items()
