"""Calendar entries as another program reads them: one entry for each lesson, moved and taken out by later mails.

The lessons lie on both sides of both changes of the clocks.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import vobject

from tests.e2e.stage import O1, Stage

LONDON, AT_HOME = ZoneInfo("Europe/London"), ZoneInfo("Asia/Ho_Chi_Minh")
READERS = ("lan.tran", "minh.tran", "ngozi.okafor", "t.wren")
# First and last day of a series, and at what hour its lessons at 15:00 in London begin in Ho Chi Minh.
SEASONS = {
    "clocks go forward": ("2027-03-21", "2027-04-04", (22, 21, 21)),
    "clocks go back": ("2027-10-24", "2027-11-07", (21, 22, 22)),
}


def lessons(stage: Stage, first: str, last: str) -> list[dict[str, Any]]:
    """A weekly series at 15:00 in London."""
    who = ("--observer", O1, "--child", "C-0110", "--child", "C-0120", "--course", "MATHS-7C", "--minutes", "50")
    ran = stage.zg("schedule", *who, "--start", f"{first} 15:00", "--weekly", "--until", last)
    assert ran.said["summary"] == {"created": 3}, ran
    return [stage.show({"short_id": row["session_id"]}) for row in ran.said["rows"]]


def read(stage: Stage, session: dict[str, Any], since: int, name: str) -> list[Any]:
    """The entries of a lesson in somebody's mails, as vobject reads them."""
    mails = [m for m in stage.mails(since) if m.name == name and session["id"] in m.calendar]
    assert all(len(line) <= 75 for m in mails for line in m.calendar.encode().split(b"\r\n"))
    return [vobject.readOne(m.calendar) for m in mails]


def hours(entries: list[Any], zone: ZoneInfo) -> list[int]:
    """At what hour each entry begins somewhere; a time without a zone would begin anywhere."""
    moments = [entry.vevent.dtstart.value for entry in entries]
    assert all(at.tzinfo is not None for at in moments)
    return [at.astimezone(zone).hour for at in moments]


@pytest.mark.parametrize("season", SEASONS)
def test_each_lesson_is_one_entry_at_its_local_time_until_it_is_taken_out(stage: Stage, season: str) -> None:
    first, last, at_home = SEASONS[season]
    since = stage.count()
    sessions = lessons(stage, first, last)
    stage.all_sent(*sessions)
    for act in ("reschedule", "cancel"):
        for session in sessions:
            new = {"start": f"{session['starts_at'][:10]} 16:00"} if act == "reschedule" else {}
            assert stage.do(session, act, **new)[0] == 200
        stage.all_sent(*sessions)  # a change that has not left would be taken back
    for session, hour in zip(sessions, at_home, strict=True):
        for name in READERS:
            entries = read(stage, session, since, name)
            assert [e.method.value for e in entries] == ["PUBLISH", "PUBLISH", "CANCEL"]
            assert hours(entries, LONDON) == [15, 16, 16] and hours(entries, AT_HOME) == [hour, hour + 1, hour + 1]
            check_identity([e.vevent for e in entries], session)


def check_identity(events: list[Any], session: dict[str, Any]) -> None:
    """The same entry in newer and newer versions, that ends when the lesson does, and names nobody."""
    (uid,) = {e.uid.value for e in events}
    assert uid.startswith(session["id"])
    sequence = [int(e.sequence.value) for e in events]
    assert sequence == sorted(set(sequence))
    assert [e.status.value for e in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert {e.dtend.value - e.dtstart.value for e in events} == {timedelta(minutes=50)}
    assert {e.summary.value for e in events} <= {"Online lesson MATHS-7C", "Cancelled: Online lesson MATHS-7C"}
