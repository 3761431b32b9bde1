"""Two `zoomguard archive` and a service with its worker at the same time: each recording once, and no error."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.evidence import bucket, downloads, hashes, hold, in_order, timetable, true_hashes, without_service
from tests.e2e.town import COORDINATOR, PROGRAM, ROOT, Town, program, wait_for

FIRST = date(2026, 11, 24)
A_DAY, FILES = 10, 4
PAIRS = {"t.wren": ("p.nandakumar", "C-0120"), "h.lindqvist": ("o.mbeki", "C-0150")}
RUNS = 2
DEEP = os.environ.get("ZOOMGUARD_TEST_DEEP") == "1"
ALSO_ON = [pytest.param("postgres_town", marks=pytest.mark.needs_postgres)] if DEEP else []


@pytest.fixture(params=["town", *ALSO_ON])
def any_town(request: pytest.FixtureRequest) -> Town:
    """The same town over SQLite and, where everything is tried, over PostgreSQL."""
    made: Town = request.getfixturevalue(request.param)
    return made


def of_college(name: str) -> str:
    return f"{name}@northmoor.example"


def scheduled(town: Town, folder: Path, count: int) -> list[dict[str, Any]]:
    """So many lessons, half of them of each teacher, all with an observer who said yes."""
    for teacher, (observer, child) in PAIRS.items():
        people = {"teacher": of_college(teacher), "observer": of_college(observer), "children": child}
        file = timetable(folder / f"{teacher}.csv", FIRST, count // len(PAIRS), A_DAY, **people)
        by = town.environ | {"ZOOMGUARD_TOKEN": town.token(of_college(teacher))}
        done = program(by, "schedule", "--csv", str(file), within_s=300)
        assert (done.code, done.said["summary"]) == (0, {"created": count // len(PAIRS)})
    sessions: list[dict[str, Any]] = []
    for day in range(-(-count // len(PAIRS) // A_DAY)):
        on = FIRST + timedelta(days=day)
        sessions += town.zg("sessions", "list", "--on", str(on), by=COORDINATOR).said["sessions"]
    for session in sessions:
        path = f"/api/v1/sessions/{session['short_id']}/accept"
        assert town.http("POST", path, {}, by=session["observer"]).status == 200
    return in_order(sessions)


def at_the_same_time(town: Town) -> list[tuple[int, dict[str, Any]]]:
    """Exit code and document of each run; the service came while they were at it."""
    argv = [*PROGRAM, "archive", "--json"]
    running = [
        subprocess.Popen(argv, env=town.environ, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for _ in range(RUNS)
    ]
    town.start_service()
    return [(each.wait(300), json.loads(out)) for each in running for out in [each.communicate(timeout=300)[0]]]


@pytest.mark.deep
def test_scenario_55_two_runs_and_a_service_make_one_bag_of_each_recording(
    any_town: Town, tmp_path: Path, deep: bool
) -> None:
    """The part about the archive: fifty recordings, here or there, give fifty bags."""
    town, count = any_town, 50 if deep else 12
    sessions = scheduled(town, tmp_path, count)
    assert len(sessions) == count
    town.stop_service()
    for session in sessions:
        hold(town, session)
    ended = at_the_same_time(town)
    for code, said in ended:
        assert (code, said["outcome"], said["postponed"], said["wrong"], said["incidents"]) == (0, "done", {}, {}, [])
    there = bucket(town)
    wait_for(lambda: len(there.sealed()) == count, 120, 0.5)
    wait_for(lambda: archived(town) == count, 60, 0.5)
    must_be_one_of_each(town, sessions, tmp_path)
    assert not [line for line in town.service_log().splitlines() if "postponed" in line or "fault" in line]
    with without_service(town):
        last = town.zg("archive")
        assert (last.code, last.said["copied"], last.said["safe"]) == (0, 0, count * FILES)
        assert town.zg("archive", "verify", "--all").code == 0 and town.zg("audit", "verify").code == 0


def archived(town: Town) -> int:
    """How many recordings a reviewer finds in the archive."""
    town.tokens.clear()
    listed = town.zg("recordings", "list", by=of_college("c.baptiste")).said["recordings"]
    return sum(recording["state"] == "archived" for recording in listed)


def must_be_one_of_each(town: Town, sessions: list[dict[str, Any]], tmp_path: Path) -> None:
    """One valid bag of each, with Zoom's own bytes; one version under each key; each file fetched once."""
    there = bucket(town)
    bags = there.bags(tmp_path / "bags")
    assert sorted(hashes(bag) for bag in bags.values()) == sorted(true_hashes(town, s) for s in sessions)
    assert sorted(prefix.split("/")[2] for prefix in bags) == sorted(s["id"] for s in sessions)
    keys = there.keys()
    assert len(keys) == len(set(keys)) == len(sessions) * (FILES + 5)
    assert there.unfinished() == []
    assert len(downloads(town)) == len(set(downloads(town))) == len(sessions) * FILES
