"""What whoever scripts against the commands relies on: exit codes, codes and shapes, and what was done at Zoom."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.town import CLASS, INVITED, OBSERVER, TEACHER, Town, a_town, wait_for

OTHER_TEACHER, OTHER_OBSERVER, UNLICENSED = (f"{n}@northmoor.example" for n in ("h.lindqvist", "o.mbeki", "s.rao"))
ANSWER = {"schema", "outcome", "session", "findings", "zoom_writes", "settings_compared", "invitations", "warnings"}
SESSION = {
    "id",
    "short_id",
    "state",
    "starts_at",
    "minutes",
    "zone",
    "meeting_number",
    "teacher",
    "observer",
    "children",
}
FINDING = {"rule", "verdict", "subject", "wanted", "got", "remedy"}
# The last day of one check of each of three people: O2's training, T2's suitability, T1's acknowledgement.
TRAINED_UNTIL, SUITABLE_UNTIL, ACKNOWLEDGED_UNTIL = "2026-12-08", "2026-12-10", "2026-12-11"


# One session --------------------------------------------------------------------------------------------------------


def test_scenario_01_a_safe_session_is_made_read_back_and_told_in_that_order(town: Town) -> None:
    ran = town.schedule()
    assert ran.code == 0 and ran.said["outcome"] == "scheduled" and ran.said["findings"] == []
    assert set(ran.said) == ANSWER and set(ran.said["session"]) >= SESSION
    assert ran.said["session"]["state"] == "scheduled" and ran.said["session"]["children"] == list(CLASS)
    assert re.fullmatch(r"S-[0-9A-HJKMNP-TV-Z]{4}", ran.said["session"]["short_id"])
    # What comes after is the worker's look at what Zoom's events made due.
    assert town.zoom_calls()[:4] == ["POST meetings", "GET meeting", "POST batch_registrants", "GET registrants"]
    asked = town.control("GET", "calls")
    wait_for(lambda: len(town.mails()) >= len(INVITED))
    assert sorted(town.mails()) == sorted(INVITED)
    last_call = [c for c in asked if "/meetings" in c["path"]][3]
    written_at = parsedate_to_datetime(town.control("GET", "mailbox")[0]["headers"]["Date"])
    assert last_call["query"]["status"] == "approved"
    assert written_at >= datetime.fromisoformat(last_call["at"]).replace(microsecond=0)
    meeting = only_meeting(town)
    assert len(meeting.password) == 10 and meeting.settings["waiting_room"] is True
    assert len({r.email for r in meeting.registrants}) == len(CLASS)
    assert ran.said["zoom_writes"] == len([c for c in town.zoom_writes() if "/meetings" in c])


def only_meeting(town: Town) -> Any:
    """The one meeting that stands at Zoom."""
    (meeting,) = (m for m in town.sandbox._zoom.state.meetings.values() if not m.deleted)
    return meeting


def test_scenario_02_a_meeting_that_zoom_changes_is_repaired_once_and_removed(town: Town) -> None:
    town.fault("locked_setting_overrides")
    ran = town.schedule()
    assert ran.code == 1 and ran.said["outcome"] == "refused" and ran.said["session"]["state"] == "failed"
    assert town.zoom_calls() == ["POST meetings", "GET meeting", "PATCH meeting", "GET meeting", "DELETE meeting"]
    (finding,) = ran.said["findings"]
    assert finding["rule"] == "VC-WAITING" and set(finding) >= FINDING
    assert "waiting_room" in str(finding["wanted"]) + finding["subject"] and finding["wanted"] != finding["got"]
    assert finding["remedy"] and "Zoom" in ran.err
    assert town.states() == ["failed"] and town.meetings() == [] and town.mails() == []
    (removed,) = town.sandbox._zoom.state.meetings.values()
    assert removed.registrants == []
    town.fault("locked_setting_overrides", on=False)
    again = town.schedule()
    assert again.code == 0 and only_meeting(town).password != removed.password


def test_a_cancelled_session_is_gone_from_zoom_and_its_families_are_told_once(town: Town) -> None:
    session = town.schedule().said["session"]["short_id"]
    wait_for(lambda: len(town.mails()) == len(INVITED))
    assert town.zg("sessions", "cancel", session, "--dry-run", by=TEACHER).said["session"]["state"] == "scheduled"
    assert len(town.meetings()) == 1
    first, second = (town.zg("sessions", "cancel", session, by=TEACHER) for _ in range(2))
    assert first.said["session"]["state"] == second.said["session"]["state"] == "cancelled"
    assert town.meetings() == []
    wait_for(lambda: len(town.mails()) == 2 * len(INVITED))
    assert town.zg("sessions", "show", session, by=OTHER_TEACHER).outcome == (3, "NOT_THERE")


# The rules say no ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strict_town(tmp_path_factory: pytest.TempPathFactory, set_up_home: Path) -> Iterator[Town]:
    """A town in which one check of each of three people ends, one guardian says no, and T1 and O1 are busy."""
    path = tmp_path_factory.mktemp("strict")
    with a_town(path, set_up_home) as town:
        school = set_up_home.parent / "school"
        staff = (school / "staff.csv").read_text().splitlines()
        changed = path / "staff.csv"
        changed.write_text("\n".join([staff[0], *(_changed(row) for row in staff[1:])]))
        assert town.zg("people", "import", "staff", str(changed), "--accept-changes").code == 0
        answers = path / "consents.csv"
        answers.write_text("\n".join(_more_answers((school / "consents.csv").read_text().splitlines())))
        assert town.zg("consents", "import", str(answers)).code == 0
        assert town.zg("people", "roles", "give", UNLICENSED, "teacher").code == 0
        assert town.schedule(start="2026-12-02 10:00", children=("C-0101",)).code == 0
        wait_for(lambda: len(town.mails()) == 2)
        yield town


def _changed(row: str) -> str:
    """One check of each of three people ends soon, and O2 is C-0110's relative."""
    cells = row.split(",")
    acknowledged = (date.fromisoformat(ACKNOWLEDGED_UNTIL) - timedelta(days=400)).isoformat()
    ends = {"T2": {6: SUITABLE_UNTIL}, "O2": {5: TRAINED_UNTIL, 8: "C-0110"}, "T1": {7: acknowledged}}
    return ",".join(ends.get(cells[0], {}).get(n, cell) for n, cell in enumerate(cells))


def _more_answers(rows: list[str]) -> list[str]:
    """C-0130's guardian refuses the recording; for the time from the 18th birthday on C-0130 allows everything."""
    theirs = [row for row in rows if row.startswith("C-0130,G-30,video_")]
    own = [row.replace(",G-30,", ",C-0130,") for row in theirs]
    return [rows[0], *own, *(row.replace(",given,", ",refused,") for row in theirs if "video_record" in row)]


REFUSALS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "no permission": ("CON-CHANNEL", "C-0140", {"children": (*CLASS, "C-0140")}),
    "no permission to record": ("CON-RECORD", "C-0130",
                                {"children": ("C-0101", "C-0130"), "start": "2026-11-30 16:00"}),
    "observer teaches": ("VC-OBSERVER", TEACHER, {"observer": TEACHER}),
    "observer teaches under another spelling": ("VC-OBSERVER", TEACHER, {"observer": "T.Wren+obs@Northmoor.example"}),
    "observer may not observe": ("VC-OBSERVER", OTHER_TEACHER, {"observer": OTHER_TEACHER}),
    "observer without a licence": ("VC-OBSERVER", UNLICENSED, {"observer": UNLICENSED}),
    "observer is busy": ("VC-OBSERVER", OBSERVER,
                         {"by": OTHER_TEACHER, "children": ("C-0110",), "start": "2026-12-02 10:30"}),
    "observer is family": ("VC-OBSERVER", OTHER_OBSERVER, {"observer": OTHER_OBSERVER}),
    "private address": ("ACC-NO-PERSONAL", "observer", {"observer": "p.nandakumar@mail.example"}),
    "training has ended": ("TRAIN-ONLINE", OTHER_OBSERVER,
                           {"observer": OTHER_OBSERVER, "start": "2026-12-09 08:00", "children": ("C-0101",)}),
    "suitability has ended": ("STAFF-SUITABLE", OTHER_TEACHER, {"by": OTHER_TEACHER, "start": "2026-12-11 08:00"}),
    "policy not acknowledged": ("POL-ACK", TEACHER, {"start": "2026-12-12 08:00"}),
    "teacher is busy": ("OVERLAP", TEACHER,
                        {"observer": OTHER_OBSERVER, "children": ("C-0102",), "start": "2026-12-02 10:49"}),
    "teacher without a licence": ("ZOOM-LICENCE", UNLICENSED, {"by": UNLICENSED}),
    "nobody is a child": ("SESSION_HAS_NO_CHILD", "", {"children": ("C-0130",)}),
}  # fmt: skip


@pytest.mark.parametrize("why", REFUSALS)
def test_one_thing_wrong_is_one_finding_and_nothing_is_written_at_zoom(strict_town: Town, why: str) -> None:
    rule, subject, change = REFUSALS[why]
    before, mails = strict_town.zoom_writes(), strict_town.mails()
    ran = strict_town.schedule(**change)
    assert ran.code == 1 and set(ran.said) == ANSWER and ran.said["session"] is None
    assert ran.said["outcome"] == "refused" and ran.said["zoom_writes"] == 0
    (finding,) = ran.said["findings"]
    assert (finding["rule"], finding["subject"]) == (rule, subject) and set(finding) >= FINDING and finding["remedy"]
    assert strict_town.zoom_writes() == before and strict_town.mails() == mails


@pytest.mark.parametrize(
    "change",
    [
        {"by": OTHER_TEACHER, "start": f"{SUITABLE_UNTIL} 08:00"},
        {"observer": OTHER_OBSERVER, "start": f"{TRAINED_UNTIL} 08:00", "children": ("C-0101",)},
        {"start": f"{SUITABLE_UNTIL} 08:00"},
        {"observer": OTHER_OBSERVER, "children": ("C-0102",), "start": "2026-12-02 10:50"},
        {"children": ("C-0101", "C-0130")},  # 18 on that day: the guardian's no counts no more
    ],
)
def test_the_last_day_the_first_minute_and_own_answers_are_enough(strict_town: Town, change: dict[str, Any]) -> None:
    ran = strict_town.schedule("--dry-run", **change)
    assert (ran.code, ran.said["outcome"], ran.said["findings"]) == (0, "possible", [])


def test_scenario_03_a_teacher_never_reads_why_a_child_may_not_come(strict_town: Town) -> None:
    children = (*CLASS, "C-0140")
    told = strict_town.schedule(children=children)
    assert not re.search(
        r"refused_|withdrawn|missing|pending|expired|berg|guardian", told.out + told.err, re.IGNORECASE
    )
    office = strict_town.schedule("--teacher", TEACHER, by="r.adeyemi@northmoor.example", children=children)
    assert office.code == 1 and "permission is missing" in office.said["findings"][0]["reason"]


def test_a_dry_run_changes_no_byte_of_the_database_and_asks_zoom_for_nothing_but_facts(strict_town: Town) -> None:
    before, calls = database(strict_town.home), strict_town.zoom_writes()
    possible = strict_town.schedule("--dry-run")
    refused = strict_town.schedule("--dry-run", children=(*CLASS, "C-0140"))
    assert (possible.code, possible.said["outcome"]) == (0, "possible")
    assert (refused.code, refused.said["outcome"]) == (1, "refused")
    assert database(strict_town.home) == before and strict_town.zoom_writes() == calls


def database(home: Path) -> dict[str, str]:
    """Hashes of the database's files, of its write-ahead log too; the index of that log holds readers' marks."""
    files = [home / "zoomguard.db", home / "zoomguard.db-wal"]
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files if f.exists()}


def test_the_database_of_a_town_is_whole_after_all_of_it(strict_town: Town) -> None:
    assert strict_town.zg("audit", "verify").code == 0
    with sqlite3.connect(f"file:{strict_town.home / 'zoomguard.db'}?mode=ro", uri=True) as database:
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
