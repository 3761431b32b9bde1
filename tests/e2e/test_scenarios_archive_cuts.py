"""Scenario 52 from outside: power cuts at random moments (kill -9) end in one valid bag for each lesson."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.evidence import agreed, archive, bucket, hashes, hold, sealed, true_hashes
from tests.e2e.stage import Stage, a_stage
from tests.e2e.town import PROGRAM, ROOT, Town

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
        lessons = [agreed(stage, start=start) for start in starts[: 20 if deep else 6]]
        stage.town.stop_service()
        yield stage, lessons


@pytest.mark.deep
def test_scenario_52_power_cuts_at_random_moments_end_in_one_valid_bag_each(
    slow: tuple[Stage, list[Any]], tmp_path: Path, deep: bool
) -> None:
    """Every other cut falls into the film's upload, the rest anywhere. A run that ends before its moment has come is
    done: the next lesson is held, until there were enough cuts."""
    (stage, lessons), drawn = slow, random.Random(SEED)
    town, to_come, held, cuts = stage.town, iter(lessons), [], 0
    while cuts < (30 if deep else 4):
        if all(sealed(town, session) for session in held):
            held.append(next(to_come))
            hold(town, held[-1], size_bytes=LONG_FILM_BYTES)
        in_upload = cuts % 2 == 0
        moment = drawn.uniform(0, 1) if in_upload else drawn.uniform(0.5, LATEST_S)
        cuts += cut_off(town, tmp_path / "tmp", moment, begun=in_upload)
        assert large_files(tmp_path) == []
    last = archive(town)
    assert (last.code, last.said["outcome"], last.said["postponed"]) == (0, "done", {})
    bags = bucket(town).bags(tmp_path / "bags")
    assert sorted(hashes(bag) for bag in bags.values()) == sorted(true_hashes(town, session) for session in held)
    assert bucket(town).unfinished() == [] and town.zg("archive", "verify", "--all").code == 0
    assert town.zg("audit", "verify").code == 0


def cut_off(town: Town, tmp: Path, after_s: float, *, begun: bool = False) -> bool:
    """One run, killed so many seconds after its start, or after an upload has begun; whether it ran still. One that
    ends by itself has done everything."""
    tmp.mkdir(exist_ok=True)
    environ, there = town.environ | {"TMPDIR": str(tmp)}, bucket(town)
    with subprocess.Popen([*PROGRAM, "archive", "--quiet"], env=environ, cwd=ROOT) as running:
        while begun and running.poll() is None and not there.unfinished():
            time.sleep(0.05)
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
