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

from tests.e2e.town import CLASS, INVITED, OBSERVER, TEACHER, Town, a_town, program, wait_for
from tests.servers.shared import free_port

OTHER_TEACHER, OTHER_OBSERVER, UNLICENSED = (f"{n}@northmoor.example" for n in ("h.lindqvist", "o.mbeki", "s.rao"))
ANSWER = {"schema", "outcome", "session", "findings", "zoom_writes", "settings_compared", "invitations"}
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
    assert town.zoom_calls() == ["POST meetings", "GET meeting", "POST batch_registrants", "GET registrants"]
    wait_for(lambda: len(town.mails()) >= len(INVITED))
    assert sorted(town.mails()) == sorted(INVITED)
    last_call = [c for c in town.control("GET", "calls") if "/meetings" in c["path"]][-1]
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
        no = [row.replace(",given,", ",refused,") for row in _consents(school) if row.startswith("C-0130,")]
        refusing = path / "consents.csv"
        refusing.write_text("\n".join([_consents(school)[0], *(r for r in no if "video_record" in r)]))
        assert town.zg("consents", "import", str(refusing)).code == 0
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


def _consents(school: Path) -> list[str]:
    return (school / "consents.csv").read_text().splitlines()


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
    ],
)
def test_the_last_day_and_the_first_free_minute_are_allowed(strict_town: Town, change: dict[str, Any]) -> None:
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


# Nothing is tried ---------------------------------------------------------------------------------------------------


USAGE: dict[str, tuple[str, dict[str, Any]]] = {
    "a whole day": ("BAD_LENGTH", {"minutes": "1440"}),
    "ends before it begins": ("BAD_LENGTH", {"minutes": "-10"}),
    "no length": ("BAD_LENGTH", {"minutes": "0"}),
    "a length without end": ("BAD_INPUT", {"minutes": "9" * 400}),
    "a day without a time": ("BAD_TIME", {"start": "2026-12-01"}),
    "a time with an offset": ("BAD_TIME", {"start": "2026-12-01T16:00:00+00:00"}),
    "a day that is not": ("BAD_TIME", {"start": "2026-02-30 16:00"}),
    "a control character in the time": ("BAD_TIME", {"start": "2026-12-01\x1b16:00"}),
    "the past": ("START_IN_PAST", {"start": "2026-11-23 08:59"}),
    "beyond a year": ("START_TOO_FAR", {"start": "2028-01-01 16:00"}),
    "an unknown time zone": ("BAD_TIMEZONE", {"timezone": "Mars/Olympus"}),
    "a path for a time zone": ("BAD_TIMEZONE", {"timezone": "../../../etc/passwd"}),
    "clocks go forward": ("DST_GAP", {"start": "2027-03-28 01:30"}),
    "clocks go back": ("DST_AMBIGUOUS", {"start": "2027-10-31 01:30"}),
    "a name as course": ("BAD_COURSE", {"course": "Maths with Lena"}),
    "a control character in the course": ("BAD_COURSE", {"course": "MATHS\x07"}),
    "a control character in a reference": ("BAD_REF", {"children": ("C-0101\x1b[2J",)}),
    "a child twice": ("REPEATED_REF", {"children": ("C-0101", "C-0101")}),
    "an unknown child": ("UNKNOWN_REF", {"children": ("C-9999",)}),
    "an unknown observer": ("UNKNOWN_REF", {"observer": "nobody@northmoor.example"}),
    "no address": ("BAD_EMAIL", {"observer": "nandakumar"}),
    "a control character in the address": ("BAD_EMAIL", {"observer": "p.nandakumar@northmoor.example\r\nBcc: x@y.z"}),
    "a word for a number": ("USAGE", {"minutes": "fifty"}),
}  # fmt: skip


@pytest.mark.parametrize("what", USAGE)
def test_a_malformed_ask_ends_with_2_and_a_code_and_is_never_tried(strict_town: Town, what: str) -> None:
    code, change = USAGE[what]
    before = strict_town.zoom_writes()
    ran = strict_town.schedule(**change)
    assert ran.outcome == (2, code), ran
    assert ran.said["error"]["message"] and ran.said["error"]["remedy"]
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", ran.out + ran.err) and "Traceback" not in ran.err
    assert strict_town.zoom_writes() == before


@pytest.mark.parametrize("field", ["observer", "course", "start", "timezone", "children", "teacher", "fold"])
def test_a_nul_in_any_field_is_refused_in_words(strict_town: Town, field: str) -> None:
    body: dict[str, Any] = {"observer": OBSERVER, "children": ["C-0101"], "course": "MATHS-7B",
                            "start": "2026-12-03 16:00", "minutes": 50}  # fmt: skip
    body[field] = ["C-0101\0"] if field == "children" else f"{body.get(field, '')}\0"
    answer = strict_town.http("POST", "/api/v1/sessions", body, by=TEACHER)
    assert answer.status in (400, 422) and answer.json()["error"]["code"] != "FAULT"
    assert b"\\u0000" not in answer.data


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"observer": 1}', b"\xff\xfe", b"[" * 60_000, b'{"minutes": 1e999}'])
def test_a_body_that_is_no_ask_is_refused_in_words(strict_town: Town, body: bytes) -> None:
    answer = strict_town.http("POST", "/api/v1/sessions", body, by=TEACHER)
    assert answer.status in (400, 422) and set(answer.json()["error"]) == {"code", "message", "remedy"}


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        (("sessions", "show", "S-ZZZZ"), (3, "NOT_THERE")),
        (("sessions", "show", "../whoami"), (3, "NOT_THERE")),
        (("sessions", "cancel", "S-ZZZZ"), (3, "NOT_THERE")),
        (("recordings", "show", "R-ZZZZ"), (3, "NOT_THERE")),
        (("policy", "explain", "NO-SUCH-RULE"), (2, "UNKNOWN_REF")),
        (("sessions", "lst"), (2, "USAGE")),
        (("sessions", "show"), (2, "USAGE")),
        (("archive", "--since", "yesterday"), (2, "USAGE")),
        (("recordings", "fetch", "R-ZZZZ", "--purpose", "fun", "--reason", "because", "--to", "x"), (2, "USAGE")),
    ],
)
def test_what_is_not_there_ends_with_3_and_what_is_no_command_with_2(
    strict_town: Town, words: tuple[str, ...], outcome: tuple[int, str]
) -> None:
    assert strict_town.zg(*words, by=TEACHER).outcome == outcome


def test_without_a_token_or_with_a_wrong_one_the_exit_is_3(strict_town: Town) -> None:
    assert strict_town.zg("sessions", "list").outcome == (3, "NOT_SIGNED_IN")
    wrong = strict_town.environ | {"ZOOMGUARD_TOKEN": "zgt_" + "A" * 43}
    assert program(wrong, "sessions", "list").outcome == (3, "NOT_SIGNED_IN")


def test_without_a_service_the_exit_is_4(strict_town: Town) -> None:
    nowhere = {"ZOOMGUARD_SERVER": f"http://127.0.0.1:{free_port()}", "ZOOMGUARD_TOKEN": "zgt_" + "A" * 43}
    for words in (("sessions", "list"), ("whoami",), strict_town.ask()):
        assert program(strict_town.environ | nowhere, *words).outcome == (4, "SERVER_UNREACHABLE")


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


# Files --------------------------------------------------------------------------------------------------------------


def test_a_file_of_more_than_5_mib_is_refused_unread(strict_town: Town, tmp_path: Path) -> None:
    large = tmp_path / "staff.csv"
    large.write_bytes(b"reference,email\n" + b"x" * (5 * 1024 * 1024))
    for name, stdin in ((str(large), b""), ("-", large.read_bytes())):
        assert strict_town.zg("people", "import", "staff", name, stdin=stdin).outcome == (2, "CSV_TOO_LARGE")


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        (b"\xff\xfe", (2, "CSV_ENCODING")),
        (b"reference,email\n", (2, "CSV_HEADER")),
        (b"", (2, "CSV_HEADER")),
        (b'child,"', (2, "CSV_FORM")),
    ],
)
def test_a_file_that_cannot_be_read_is_usage(strict_town: Town, content: bytes, outcome: tuple[int, str]) -> None:
    assert strict_town.zg("people", "import", "children", "-", stdin=content).outcome == outcome


def test_one_bad_line_stops_the_file_and_is_named_without_its_content(strict_town: Town, set_up_home: Path) -> None:
    content = (set_up_home.parent / "school" / "children.csv").read_text().replace("Lena", "Le\x00na")
    ran = strict_town.zg("people", "import", "children", "-", stdin=content.encode())
    assert ran.code == 1 and [(b["line"], b["code"]) for b in ran.said["refused"]] == [(2, "CONTROL_CHARACTER")]
    assert "Kral" not in ran.out + ran.err


def test_the_database_of_a_town_is_whole_after_all_of_it(strict_town: Town) -> None:
    assert strict_town.zg("audit", "verify").code == 0
    with sqlite3.connect(f"file:{strict_town.home / 'zoomguard.db'}?mode=ro", uri=True) as database:
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
