"""Scenarios of many lessons at once, seen from outside: clocks that change, closures, a file with bad rows."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.e2e.stage import GROUP, O1, O2, T2, Stage
from tests.e2e.town import program

TIMETABLE = "teacher,observer,group,children,course,start,timezone,minutes,weekly_until"


def series(stage: Stage, start: str, until: str) -> Any:
    """`zoomguard schedule --weekly` for the class, watched until all is done."""
    words = ("--observer", O1, "--group", GROUP, "--start", start, "--minutes", "50")
    return stage.zg("schedule", *words, "--weekly", "--until", until)


def made(stage: Stage, answer: Any) -> list[Any]:
    """The meetings at Zoom of the lessons that were created, in order."""
    shown = [stage.show({"short_id": row["session_id"]}) for row in answer.said["rows"] if row["session_id"]]
    return [stage.meeting(session) for session in shown]


# Clocks that change -------------------------------------------------------------------------------------------------


def test_scenario_08_a_weekly_lesson_stays_at_ten_when_the_clocks_go_forward(stage: Stage) -> None:
    mails = stage.count()
    ran = series(stage, "2027-03-21 10:00", "2027-04-04")
    assert ran.code == 0 and ran.said["summary"] == {"created": 3}
    assert [f"{m.start_at:%m-%d %H:%M}" for m in made(stage, ran)] == ["03-21 10:00", "03-28 09:00", "04-04 09:00"]
    for day, at_home in (("21 Mar", "17:00"), ("28 Mar", "16:00"), ("4 Apr", "16:00")):
        told = {m.name: m.words for m in stage.mailed(mails, {"lan.tran", "eva.kral"}, f"Sun {day} 2027 10:00")}
        assert f"Sun {day} 2027 10:00 Europe/London" in told["eva.kral"] and "Asia" not in told["eva.kral"]
        assert f"(where you are: Sun {day} 2027 {at_home} Asia/Ho_Chi_Minh)" in told["lan.tran"]


def test_scenario_08_a_time_that_is_not_is_refused_with_two_that_are(stage: Stage) -> None:
    before = stage.writes()
    words = ("--observer", O1, "--group", GROUP, "--minutes", "50", "--start")
    gap = stage.zg("schedule", *words, "2027-03-28 01:30")
    assert gap.outcome == (2, "DST_GAP") and "00:30 or 02:30" in gap.said["error"]["remedy"]
    twice = stage.zg("schedule", *words, "2027-10-31 01:30")
    assert twice.outcome == (2, "DST_AMBIGUOUS") and "--fold" in twice.said["error"]["remedy"]
    assert stage.writes() == before


def test_scenario_08_a_time_that_comes_twice_is_said_by_its_fold(stage: Stage) -> None:
    words = ("--observer", O1, "--group", GROUP, "--minutes", "50", "--start", "2027-10-31 01:30")
    ran = stage.zg("schedule", *words, "--fold", "later")
    assert ran.code == 0 and f"{stage.meeting(ran.said['session']).start_at:%m-%d %H:%M}" == "10-31 01:30"


# Closures -----------------------------------------------------------------------------------------------------------


def test_scenario_09_half_term_is_left_out_and_every_lesson_is_its_own(stage: Stage) -> None:
    ran = series(stage, "2027-02-02 16:00", "2027-02-23")
    assert ran.code == 0
    skipped = [(row["starts"][:10], row["code"], row["remedy"]) for row in ran.said["rows"] if not row["session_id"]]
    assert skipped == [("2027-02-16", "CLOSED", "Half-term")]
    meetings = made(stage, ran)
    assert [f"{m.start_at:%m-%d}" for m in meetings] == ["02-02", "02-09", "02-23"]
    assert len({m.number for m in meetings}) == len({m.password for m in meetings}) == 3
    assert {m.fields["type"] for m in meetings} == {2}  # scheduled, not recurring
    ninth = ran.said["rows"][1]["session_id"]
    assert stage.zg("sessions", "cancel", ninth).code == 0
    assert [m.deleted for m in meetings] == [False, True, False]
    assert stage.show({"short_id": ninth})["state"] == "cancelled"


# A file with bad rows -----------------------------------------------------------------------------------------------


def timetable(folder: Path, name: str, lines: dict[int, dict[str, str]], most: int) -> Path:
    """A file of T2's lessons, five a day, with some cells of some lines changed; the header is line 1."""
    columns, rows = TIMETABLE.split(","), []
    for line in range(2, most + 1):
        day = date(2026, 11, 24) + timedelta(days=(line - 2) // 5)
        start = f"{day} {9 + (line - 2) % 5:02}:00"
        row = {"teacher": T2, "observer": O2, "children": "C-0120", "course": "ART-7", "start": start, "minutes": "50"}
        rows.append(dict.fromkeys(columns, "") | row | lines.get(line, {}))
    file = folder / name
    with file.open("w", newline="") as target:
        writer = csv.DictWriter(target, columns)
        writer.writeheader()
        writer.writerows(rows)
    return file


def bad(answer: Any) -> list[tuple[int, str]]:
    """Line and code of the rows that were refused."""
    return [(row["line"], row["code"]) for row in answer.said["rows"] if row["outcome"] == "refused"]


def test_scenario_11_three_bad_rows_do_not_stop_forty_seven_and_a_rerun_makes_none_twice(
    stage: Stage, tmp_path: Path
) -> None:
    lines = {7: {"children": "C-9999"}, 19: {"start": "2026-11-20 10:00"}, 33: {"observer": T2}}
    csv_file = ("schedule", "--csv", str(timetable(tmp_path, "autumn.csv", lines, 51)))
    wanted = [(7, "UNKNOWN_REF"), (19, "START_IN_PAST"), (33, "VC-OBSERVER")]
    before = stage.writes()
    rehearsed = stage.zg(*csv_file, "--dry-run", by=T2)
    assert (rehearsed.code, bad(rehearsed), stage.writes()) == (1, wanted, before)
    done = program(stage.town.environ | {"ZOOMGUARD_TOKEN": stage.town.token(T2)}, *csv_file, within_s=300)
    assert (done.code, done.said["summary"]) == (1, {"created": 47, "refused": 3})
    posts = stage.town.zoom_writes()
    assert sum(post.endswith("/meetings") for post in posts[before:]) == 47
    again = stage.zg(*csv_file, by=T2)
    assert (again.code, again.said["summary"], bad(again)) == (1, {"unchanged": 47, "refused": 3}, wanted)
    assert stage.town.zoom_writes() == posts


def test_scenario_11_a_formula_is_defused_in_the_file_of_errors(stage: Stage, tmp_path: Path) -> None:
    file = timetable(tmp_path, "bad.csv", {2: {"children": '=HYPERLINK("x")'}}, 2)
    assert stage.zg("schedule", "--csv", str(file), by=T2).code == 1
    (row,) = csv.DictReader(file.with_suffix(".errors.csv").read_text().splitlines())
    assert row["children"] == '\'=HYPERLINK("x")' and row["code"] == "CSV_FORMULA"
