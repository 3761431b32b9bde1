"""Scenario 56 from outside: a teacher leaves, and what she leaves behind is found, given away, called off and kept."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from tests.e2e.evidence import archive, bucket, hold, in_order, start_again, timetable, uncapped
from tests.e2e.stage import DSL, EC, O2, T1, T2, Stage, a_stage
from tests.e2e.town import program

HELD, TO_COME = 12, 9
LISTS = "GET /v2/users/{}/recordings"


def planned(stage: Stage, folder: Path, name: str, first: date, count: int) -> list[dict[str, Any]]:
    """Lessons of T2's, from a file; those of a day follow each other."""
    file = timetable(folder / f"{name}.csv", first, count, 6, teacher=T2, observer=O2, course=name)
    by = stage.town.environ | {"ZOOMGUARD_TOKEN": stage.town.token(T2)}
    done = program(by, "schedule", "--csv", str(file), within_s=120)
    assert (done.code, done.said["summary"]) == (0, {"created": count})
    return [stage.show({"short_id": row["session_id"]}) for row in done.said["rows"]]


def leaves(stage: Stage) -> None:
    """Zoom's administrator makes her account inactive."""
    state = stage.town.sandbox._zoom.state
    with state.lock:
        (user,) = (u for u in state.users.values() if u.email == T2)
        user.status = "inactive"


def test_scenario_56_a_leaver_leaves_nothing_behind(tmp_path: Path, stage_home: Path) -> None:
    """Zoom's lists fail until she is shut out, so that all of her recordings are found after that."""
    with a_stage(tmp_path, stage_home, uncapped) as stage:
        held = in_order(planned(stage, tmp_path, "ART-7", date(2026, 11, 26), HELD))
        given = planned(stage, tmp_path, "ART-8", date(2026, 12, 1), TO_COME - 3)
        ended = planned(stage, tmp_path, "ART-9", date(2026, 12, 2), 3)
        for session in held:
            assert stage.zg("sessions", "accept", session["short_id"], by=O2).code == 0
        stage.town.stop_service()
        for session in held:
            hold(stage.town, session)
        stage.until("2026-11-30T08:30")
        stage.town.fault("list_500")
        leaves(stage)
        start_again(stage.town)
        must_be_shut_out(stage, [*given, *ended])
        must_be_given_away_or_called_off(stage, given, ended)
        must_be_archived_all_the_same(stage, held)
        must_stay_herself(stage, held)


def must_be_shut_out(stage: Stage, to_come: list[dict[str, Any]]) -> None:
    """One command: her lessons are listed and her token is dead; a rehearsal changes neither."""
    mine = stage.town.token(T2)
    wanted = sorted(session["short_id"] for session in to_come)
    assert stage.zg("people", "deactivate", T2, by=EC).code == 3
    for more, outcome, status in ((("--dry-run",), "possible", 200), (("--yes",), "deactivated", 401)):
        ran = stage.zg("people", "deactivate", T2, *more, by=DSL)
        assert (ran.code, ran.said["outcome"]) == (0, outcome)
        assert sorted(s["short_id"] for s in ran.said["sessions"]) == wanted
        assert stage.town.http("GET", "/api/v1/sessions", Authorization=f"Bearer {mine}").status == status
    refused = stage.town.http("POST", "/api/v1/tokens", {"email": T2})
    assert refused.status == 422 and "token" not in refused.json()
    assert stage.zg("people", "check", T2, by=EC).code == 1


def must_be_given_away_or_called_off(stage: Stage, given: list[Any], ended: list[Any]) -> None:
    """One command each."""
    moved = stage.zg("sessions", "reassign", "--teacher", T2, "--course", "ART-8", "--to", T1, "--yes", by=EC)
    assert moved.code == 0, moved.out
    gone = stage.zg("sessions", "cancel", "--teacher", T2, "--yes", by=EC)
    assert gone.code == 0, gone.out
    assert {stage.show(session)["teacher"] for session in given} == {T1}
    assert {stage.show(session)["state"] for session in ended} == {"cancelled"}
    assert all(stage.meeting(session).host.email == T1 for session in given)
    assert all(meeting.deleted for session in ended for meeting in stage.meetings(session))
    assert stage.zg("people", "deactivate", T2, by=DSL).said["sessions"] == []


def must_be_archived_all_the_same(stage: Stage, held: list[Any]) -> None:
    assert bucket(stage.town).sealed() == []
    stage.town.stop_service()
    stage.town.fault("list_500", on=False)
    ran = archive(stage.town)
    assert (ran.code, ran.said["sealed"], ran.said["postponed"]) == (0, HELD, {})
    there = {key.split("/")[2] for key in bucket(stage.town).sealed()}
    assert there == {session["id"] for session in held}
    assert stage.town.zg("archive", "verify", "--all").code == 0
    start_again(stage.town)


def must_stay_herself(stage: Stage, held: list[Any]) -> None:
    """History names her, and nobody else gets her reference."""
    assert {stage.show(session)["teacher"] for session in held} == {T2}
    (row,) = stage.rows("staff", "T2")
    successor = row.replace(T2, "n.ew@northmoor.example")
    header = (stage.school / "staff.csv").read_text().splitlines()[0]
    ran = stage.zg("people", "import", "staff", "-", by="", stdin=f"{header}\n{successor}\n".encode())
    assert ran.code == 1, ran.out
    people = stage.zg("people", "list", by=EC).said["people"]
    assert [(p["email"], p["active"]) for p in people if p["reference"] == "T2"] == [(T2, False)]
