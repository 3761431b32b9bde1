"""Scenarios of asking for a lesson, seen from outside: what is safe is made and told, what is not leaves no trace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.e2e.stage import DSL, EC, GROUP, GUARDIANS, O1, O2, O3, SAFE, T1, T2, TOLD, Stage

OSKAR = "C-0140"
WHY = re.compile(r"refused_|withdrawn|missing|pending|expired|disputed|G-\d|Numbat|Berg|families")
OFF = ("join_before_host", "use_pmi", "auto_start_meeting_summary", "auto_start_ai_companion_questions")
NESTED_OFF = ("breakout_room", "continuous_meeting_chat", "question_and_answer")


def asked(stage: Stage, start: str, *more: str, by: str = T1, observer: str = O1) -> Any:
    """`zoomguard schedule` for the class."""
    words = ("--observer", observer, "--group", GROUP, "--start", start, "--minutes", "50", *more)
    return stage.zg("schedule", *words, by=by)


def refused(stage: Stage, by: str = T1, **change: Any) -> list[dict[str, Any]]:
    """The findings against an ask that leaves nothing at Zoom."""
    before = made(stage)
    status, said = stage.api("POST", "/sessions", {**SAFE, **change}, by)
    assert (status, said["outcome"], said["session"]) == (422, "refused", None)
    assert said["zoom_writes"] == 0 and made(stage) == before
    findings: list[dict[str, Any]] = said["findings"]
    return findings


def made(stage: Stage) -> list[str]:
    """The meetings that were asked for; the entries of an earlier lesson may be settled just now."""
    return [write for write in stage.town.zoom_writes() if write.startswith("POST") and write.endswith("/meetings")]


def test_scenario_01_a_safe_lesson_is_made_read_back_and_told(stage: Stage) -> None:
    mails = stage.count()
    ran = asked(stage, "2026-12-01 16:00")
    assert ran.code == 0 and ran.said["outcome"] == "scheduled"
    session = ran.said["session"]
    calls = stage.calls(session)
    assert calls.count("POST meetings") == 1 and calls[:2] == ["POST meetings", "GET meeting"]
    came = stage.mailed(mails, TOLD | {"t.wren", "p.nandakumar"})
    assert {m.name for m in came if m.to.endswith("families.example")} == TOLD
    read_back = next(c for c in stage.town.control("GET", "calls") if str(session["meeting_number"]) in c["path"])
    written = min(parsedate_to_datetime(m.headers["Date"]) for m in came)
    assert read_back["method"] == "GET" and written >= datetime.fromisoformat(read_back["at"]).replace(microsecond=0)
    actions = [action for action, _, _ in stage.audit(session["id"])]
    assert actions.index("session.requested") < actions.index("session.creation_sent")
    assert actions.index("session.creation_sent") < actions.index("session.scheduled")


def test_scenario_01_the_meeting_is_as_the_policy_wants_it(stage: Stage) -> None:
    meeting = stage.meeting(session := stage.make(start="2026-12-01 18:00"))
    settings = meeting.settings
    assert len(meeting.password) == 10 and settings["auto_recording"] == "cloud"
    assert settings["waiting_room"] and settings["waiting_room_options"]["who_goes_to_waiting_room"] == "everyone"
    assert [name for name in OFF if settings[name]] == [name for name in NESTED_OFF if settings[name]["enable"]] == []
    assert settings["encryption_type"] == "enhanced_encryption" and settings["alternative_hosts"] == O1
    assert settings["approval_type"] == 1 and [r.status for r in meeting.registrants] == ["approved"] * 5
    assert len({r.email for r in meeting.registrants}) == 5
    assert re.fullmatch(rf"{GROUP} {session['short_id']}", meeting.fields["topic"])


def test_scenario_02_a_meeting_that_zoom_changes_without_a_word_is_taken_away(stage: Stage) -> None:
    stage.town.fault("locked_setting_overrides")
    failed = asked(stage, "2026-12-02 18:00")
    stage.town.fault("locked_setting_overrides", on=False)
    assert failed.code == 1 and failed.said["session"]["state"] == "failed"
    calls = ["POST meetings", "GET meeting", "PATCH meeting", "GET meeting", "DELETE meeting"]
    assert stage.calls(failed.said["session"]) == calls
    (finding,) = failed.said["findings"]
    assert (finding["subject"], finding["wanted"], finding["got"]) == ("settings.waiting_room", True, False)
    (removed,) = stage.meetings(failed.said["session"])
    assert removed.deleted and removed.registrants == [] and stage.messages(failed.said["session"]) == []
    again = asked(stage, "2026-12-02 18:00")
    assert again.code == 0 and stage.meeting(again.said["session"]).password != removed.password


def test_scenario_03_a_missing_permission_is_named_to_the_office_alone(stage: Stage) -> None:
    before, listed = stage.writes(), chased(stage)
    told = asked(stage, "2026-12-03 16:00", "--child", "C-0140")
    assert (told.code, told.said["findings"][0]["rule"], stage.writes()) == (1, "CON-CHANNEL", before)
    form = {"group": GROUP, "children": "C-0140", "observer": O1, "date": "2026-12-03", "time": "16:00"}
    page = stage.press("/schedule", T1, minutes="50", **form)
    text = page.data.decode().partition("<main")[2]
    assert page.status == 422 and "C-0140 cannot attend yet" in text and "C-0140" in told.out
    for said in (told.out + told.err, re.sub(r"<[^>]*>", " ", text)):
        assert WHY.findall(said) == []
    office = asked(stage, "2026-12-03 16:00", "--child", "C-0140", "--teacher", T1, by=EC)
    assert office.code == 1 and "permission is missing" in office.said["findings"][0]["reason"]
    assert stage.writes() == before
    at = "2026-12-03T16:00:00Z"
    assert (OSKAR, at) not in listed and (OSKAR, at) in chased(stage)
    assert OSKAR in stage.page("/permissions", EC).data.decode()
    assert stage.zg("consents", "chase", by=T1).code == 3 and stage.page("/permissions", T1).status == 403


def chased(stage: Stage) -> set[tuple[str, str]]:
    """Whose permission the office is to ask for, and for lessons when."""
    said = stage.zg("consents", "chase", by=EC).said
    return {(one["child"], lesson["starts_at"]) for one in said["wanted"] for lesson in one["lessons"]}


def test_scenario_04_one_of_six_stays_out_and_the_rest_is_recorded(stage: Stage) -> None:
    """C-0140 never had a door here: one that is not there says what one that is shut would say."""
    ran = asked(stage, "2026-12-03 18:00", "--child", "C-0140", "--except", "C-0140")
    assert ran.code == 0
    meeting = stage.meeting(session := ran.said["session"])
    assert len(meeting.registrants) == 5 and meeting.settings["auto_recording"] == "cloud"
    assert "cannot join" in stage.page("/j/zgj_of_nobody").data.decode()
    for who in (T1, O1):
        shown = stage.zg("sessions", "show", session["short_id"], by=who)
        assert shown.code == 0 and "C-0140" not in shown.out and WHY.findall(shown.out) == []
    assert "C-0140" not in stage.page(f"/s/{session['short_id']}", T1).data.decode()
    for who in (EC, DSL):
        (finding,) = refused(stage, who, teacher=T1, start="2026-12-04 10:00", children=["C-0140"])
        assert (finding["subject"], "missing" in finding["reason"]) == ("C-0140", True)


@pytest.fixture
def trained_until_november(stage: Stage) -> Iterator[None]:
    """O1's training ends on 30 November."""
    assert stage.take_in("staff", *stage.rows("staff", "O1", training_until="2026-11-30")).code == 0
    yield
    assert stage.take_in("staff", *stage.rows("staff", "O1")).code == 0


@pytest.mark.usefixtures("trained_until_november")
def test_scenario_05_training_must_last_until_the_day_of_the_lesson(stage: Stage) -> None:
    day_after = asked(stage, "2026-12-01 20:00")
    assert day_after.code == 1
    assert [(f["rule"], f["subject"]) for f in day_after.said["findings"]] == [("TRAIN-ONLINE", O1)]
    assert asked(stage, "2026-11-30 16:00").code == 0
    series = asked(stage, "2026-11-24 20:00", "--weekly", "--until", "2026-12-15", "--dry-run")
    rows = [(row["starts"][:10], row["outcome"], row["code"]) for row in series.said["rows"]]
    late = [(f"2026-12-{day}", "refused", "TRAIN-ONLINE") for day in ("01", "08", "15")]
    assert series.code == 1 and rows == [("2026-11-24", "possible", ""), *late]


def test_scenario_06_the_teacher_is_no_observer_under_any_name(stage: Stage) -> None:
    """A second record with T1's staff number cannot come into being: the import takes it for T1 and refuses it."""
    (finding,) = refused(stage, start="2026-12-04 16:00", observer="T.Wren+obs@Northmoor.example")
    assert (finding["rule"], finding["subject"]) == ("VC-OBSERVER", T1)
    second = stage.rows("staff", "T1", email="wren.t@northmoor.example", roles="")
    header = (stage.school / "staff.csv").read_text().splitlines()[0]
    taken = stage.zg("people", "import", "staff", "-", by="", stdin="\n".join([header, *second]).encode())
    assert (taken.code, taken.said["refused"][0]["code"]) == (1, "EMAIL_CHANGE")
    before = stage.writes()
    assert asked(stage, "2026-12-04 16:00", observer="wren.t@northmoor.example").outcome == (2, "UNKNOWN_REF")
    assert asked(stage, "2026-12-04 16:00", observer="p.nandakumar@nоrthmoor.example").outcome == (2, "BAD_EMAIL")
    (finding,) = refused(stage, start="2026-12-04 16:00", observer="p.nandakumar@n0rthmoor.example")
    assert finding["rule"] == "ACC-NO-PERSONAL" and stage.writes() == before


ALONE: dict[str, Any] = {"group": "", "course": "SCI-12", "children": ["C-0130"], "observer": O2}


def test_scenario_14_a_child_until_midnight_of_the_eighteenth_birthday(stage: Stage) -> None:
    mails = stage.count()
    stage.make(T2, **ALONE, start="2026-11-30 23:30")
    stage.mailed(mails, {"samira.aziz"})
    (finding,) = refused(stage, T2, **ALONE, start="2026-12-01 15:00")
    assert finding["rule"] == "SESSION_HAS_NO_CHILD" and "ordinary Zoom meeting" in finding["remedy"]


def test_scenario_14_of_age_among_children_noor_answers_alone(stage: Stage) -> None:
    both = {**ALONE, "children": ["C-0130", "C-0101"], "start": "2026-12-02 15:00"}
    findings = refused(stage, T2, **both)
    assert [(f["rule"], f["subject"]) for f in findings] == [("CON-CHANNEL", "C-0130")]
    own = [row.replace(",G-30,", ",C-0130,") for row in stage.rows("consents", "C-0130", "G-30")]
    assert stage.take_in("consents", *own).code == 0
    address = "noor.aziz@families.example"
    assert stage.take_in("children", *stage.rows("children", "C-0130", email=address)).code == 0
    mails = stage.count()
    session = stage.make(T2, **both)
    came = stage.mailed(mails, {"eva.kral", "jan.kral", "noor.aziz"})
    assert {m.name for m in came if m.to.endswith("families.example")} == {"eva.kral", "jan.kral", "noor.aziz"}
    assert "G-30" not in {m["to_reference"] for m in stage.messages(session)}


def test_scenario_17_an_observer_without_a_licence_is_refused_before_anything_is_made(stage: Stage) -> None:
    """For the answer 1114 O3 has a licence in the list of users, as the posture check reads it, and none in truth."""
    (finding,) = refused(stage, observer=O3, start="2026-12-04 18:00")
    assert (finding["rule"], finding["subject"]) == ("VC-OBSERVER", O3) and "licence" in finding["reason"]
    account = stage.town.sandbox._zoom.state.user(O3)
    account.licensed = True
    stage.town.fault("observer_unlicensed")
    ran = asked(stage, "2026-12-04 18:00", observer=O3)
    stage.town.fault("observer_unlicensed", on=False)
    account.licensed = False
    assert ran.code == 1 and stage.meetings(ran.said["session"]) == []
    (finding,) = ran.said["findings"]
    assert finding["subject"] == O3 and "Zoom licence" in finding["remedy"]
    assert GUARDIANS.isdisjoint(m["to_reference"] for m in stage.messages(ran.said["session"]))
