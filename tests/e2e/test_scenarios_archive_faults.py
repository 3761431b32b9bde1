"""Scenario 52 from outside: bad bytes are never verified, and power cuts end in one valid bag."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.wire import Accepting
from tests.e2e.evidence import (
    agreed,
    archive,
    bucket,
    downloads,
    hashes,
    hold,
    sealed,
    true_hashes,
    uncapped,
)
from tests.e2e.stage import Stage, a_stage
from tests.e2e.town import PROGRAM, ROOT, Town

FILM_BYTES = 18_000_000
METADATA = "http://169.254.169.254/latest/meta-data/"
# The fault, how it is aimed, and the code that the run names.
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "html_instead_of_media": ({}, "HTML_INSTEAD_OF_MEDIA"),
    "wrong_size": ({}, "SIZE_MISMATCH"),
    "truncated": ({"after_bytes": 1_000_000}, "TRUNCATED CONNECTION_LOST"),
    "rate_limited": ({}, "ZOOM_THROTTLED"),
    "redirect_elsewhere": ({"to": METADATA}, "HOST_REFUSED"),
    "a host that listens": ({"name": "redirect_elsewhere"}, "HOST_REFUSED"),
    "expired_token": ({}, ""),
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory, stage_home: Path) -> Iterator[tuple[Stage, dict[str, Any]]]:
    """A stage whose service has ended, with a lesson for each fault, an hour after the other."""
    with a_stage(tmp_path_factory.mktemp("broken"), stage_home, uncapped) as stage:
        hours = range(9, 9 + len(FAULTS))
        lessons = {why: agreed(stage, start=f"2026-12-01 {hour:02}:00") for why, hour in zip(FAULTS, hours, strict=True)}
        stage.town.stop_service()
        yield stage, lessons


@pytest.mark.parametrize("why", [why for why in FAULTS if why != "expired_token"])
def test_scenario_52_bad_bytes_are_never_verified_and_the_next_run_succeeds(
    broken: tuple[Stage, dict[str, Any]], why: str, tmp_path: Path
) -> None:
    stage, session = broken[0], broken[1][why]
    aim, codes = FAULTS[why]
    heard: list[bytes] = []
    stranger = Accepting(lambda client: heard.append(client.recv(4096)))
    fault = {"name": why, "to": f"http://127.0.0.1:{stranger.port}/stolen", **aim}
    hold(stage.town, session, size_bytes=FILM_BYTES)
    stage.town.fault(**fault)
    ran = archive(stage.town)
    assert (ran.code, ran.said["outcome"]) == (4, "postponed")
    assert ran.said["postponed"] and set(ran.said["postponed"].values()) <= set(codes.split())
    assert sealed(stage.town, session) == [] and not [k for k in kept(stage.town, session) if k.endswith(".mp4")]
    assert bucket(stage.town).unfinished() == []
    stage.town.fault(fault["name"], on=False)
    must_make_good(stage.town, session, tmp_path)
    stranger.close()
    assert heard == []


def test_scenario_52_a_token_that_ends_is_renewed_within_the_run(
    broken: tuple[Stage, dict[str, Any]], tmp_path: Path
) -> None:
    """Better than asked: the run need not end, and nothing is left for the next one."""
    stage, session = broken[0], broken[1]["expired_token"]
    hold(stage.town, session, size_bytes=FILM_BYTES)
    stage.town.fault("expired_token")
    must_make_good(stage.town, session, tmp_path)
    stage.town.fault("expired_token", on=False)
    asked = [c for c in stage.town.control("GET", "calls") if c["path"].startswith("/rec/download/")]
    assert {c["status"] for c in asked[-8:]} == {401, 302}


def kept(town: Town, session: dict[str, Any]) -> list[str]:
    """What lies in the bucket for a lesson."""
    return [key for key in bucket(town).keys() if f"/{session['id']}/" in key]


def must_make_good(town: Town, session: dict[str, Any], tmp_path: Path) -> None:
    """The run ends in one valid bag with the bytes that Zoom has in truth; the next one asks for none."""
    ran = archive(town)
    assert (ran.code, ran.said["sealed"], ran.said["postponed"]) == (0, 1, {})
    (bag,) = (b for prefix, b in bucket(town).bags(tmp_path / "bags").items() if session["id"] in prefix)
    assert hashes(bag) == true_hashes(town, session)
    asked = downloads(town)
    assert archive(town).code == 0 and downloads(town) == asked and bucket(town).unfinished() == []


# Power cuts ---------------------------------------------------------------------------------------------------------

SEED = 20261201
# At this pace the film takes about three seconds, so that most moments fall into its copy.
PACE_MEGABITS, LONG_FILM_BYTES, LATEST_S = 160, 60_000_000, 5.0
LARGEST_BYTES = 1_000_000


@pytest.fixture
def slow(tmp_path: Path, stage_home: Path, deep: bool) -> Iterator[tuple[Stage, list[Any]]]:
    """A stage with a slow line, and lessons to be cut off; its service has ended."""

    def terms(text: str) -> str:
        return text.replace("megabits_per_second = 200", f"megabits_per_second = {PACE_MEGABITS}")

    with a_stage(tmp_path, stage_home, terms) as stage:
        starts = [f"2026-12-0{day} {hour:02}:00" for day in (1, 2) for hour in range(9, 19)]
        lessons = [agreed(stage, start=start) for start in starts[: 20 if deep else 5]]
        stage.town.stop_service()
        yield stage, lessons


@pytest.mark.deep
def test_scenario_52_power_cuts_at_random_moments_end_in_one_valid_bag_each(
    slow: tuple[Stage, list[Any]], tmp_path: Path, deep: bool
) -> None:
    """A run that ends before its moment has come is done; the next lesson is held then, until there were enough cuts."""
    (stage, lessons), drawn = slow, random.Random(SEED)
    town, to_come, held, cuts = stage.town, iter(lessons), [], 0
    while cuts < (30 if deep else 6):
        if all(sealed(town, session) for session in held):
            held.append(next(to_come))
            hold(town, held[-1], size_bytes=LONG_FILM_BYTES)
        cuts += cut_off(town, tmp_path / "tmp", drawn.uniform(0.5, LATEST_S))
        assert large_files(tmp_path) == []
    last = archive(town)
    assert (last.code, last.said["outcome"], last.said["postponed"]) == (0, "done", {})
    bags = bucket(town).bags(tmp_path / "bags")
    assert sorted(hashes(bag) for bag in bags.values()) == sorted(true_hashes(town, session) for session in held)
    assert bucket(town).unfinished() == [] and town.zg("archive", "verify", "--all").code == 0
    assert town.zg("audit", "verify").code == 0


def cut_off(town: Town, tmp: Path, after_s: float) -> bool:
    """One run, killed after so many seconds; whether it ran still. One that ends by itself has done everything."""
    tmp.mkdir(exist_ok=True)
    environ = town.environ | {"TMPDIR": str(tmp)}
    with subprocess.Popen([*PROGRAM, "archive", "--quiet"], env=environ, cwd=ROOT) as running:
        ends = time.monotonic() + after_s
        while running.poll() is None and time.monotonic() < ends:
            time.sleep(0.01)
        running.kill()
    assert running.returncode in (-signal.SIGKILL, 0)
    return running.returncode == -signal.SIGKILL


def large_files(folder: Path) -> list[Path]:
    """What could be a film, anywhere in the town's folders; a kill leaves whatever lay there."""
    files = (f for f in folder.rglob("*") if f.is_file() and not f.name.startswith("zoomguard.db"))
    return [f for f in files if f.stat().st_size > LARGEST_BYTES]
