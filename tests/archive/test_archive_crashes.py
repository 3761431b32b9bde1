"""The archive killed (kill -9) at every step boundary of all that it does: whoever comes next ends it as if nobody had
been killed.

The points are read from the source. Which of them an operation passes, and how often, is seen by doing it once
undisturbed; what it comes to then is what it must come to when it is killed at any of them.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.application.crashing import once_for_all, points
from tests.archive.operations import OPERATIONS, Operation, check_that_all_is_whole, finish, picture
from tests.house import a_home
from zoomguard.application import crash

POINTS = sorted(point for point, file in points().items() if file.name.startswith("archive"))
# In a sample one operation is killed at so many points, and so many a second time at a later passing; so many are tried
# on PostgreSQL too. Deep, every operation is killed at each point that it passes, at its first passing and at a later
# one, on both.
SEED, AT_POINTS, LATER, ON_POSTGRES = 7, 16, 3, 2
DEEP = os.environ.get("ZOOMGUARD_TEST_DEEP") == "1"
KILLED_AT = POINTS if DEEP else sorted(random.Random(SEED).sample(POINTS, AT_POINTS))


@dataclass(frozen=True)
class Done:
    """An operation that nobody killed: how often it passed which point, and what it came to."""

    passed: dict[str, int]
    picture: dict[str, Any]


Undisturbed = Callable[[Operation], Done]


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Does an operation in this process, once for all tests."""
    return once_for_all(tmp_path_factory, undisturbed_in)


def undisturbed_in(path: Path, operation: Operation) -> Done:
    with a_home(path / "home") as home:
        operation.begin(home)
        crash.POINTS.clear()
        operation.run(home)
        passed = dict(crash.POINTS)
        finish(home, operation)
        check_that_all_is_whole(home, path)
        return Done(passed, picture(home))


def kill(path: Path, operation: Operation, point: str, done: Done, database_url: str = "") -> None:
    """Kills an operation at a point, lets somebody else go on, and compares what it comes to."""
    with a_home(path / "home", database_url=database_url) as home:
        operation.begin(home)
        assert operation.killed_at(point, home, path / "killed"), f"{operation.name} never came to {point}"
        finish(home, operation)
        check_that_all_is_whole(home, path)
        assert picture(home) == done.picture, f"{operation.name} killed at {point}"


def passing(point: str, undisturbed: Undisturbed) -> Iterator[Operation]:
    """The operations that pass a point, in an order drawn for it."""
    drawn = random.Random(f"{SEED} {point}")
    for operation in drawn.sample(OPERATIONS, len(OPERATIONS)):
        if point in undisturbed(operation).passed:
            yield operation


def later(point: str, operation: Operation, undisturbed: Undisturbed) -> str:
    """The same point at a passing that is not the first; "" where there is none."""
    times = undisturbed(operation).passed[point]
    return f"{point}:{random.Random(f'{SEED} {point}').randint(2, times)}" if times > 1 else ""


@pytest.mark.deep
@pytest.mark.parametrize("point", KILLED_AT)
def test_an_archive_that_is_killed_at_a_point_is_carried_on(
    tmp_path: Path, undisturbed: Undisturbed, point: str, deep: bool
) -> None:
    """One operation that passes it, drawn by the seed; all of them when deep. None at all is a gap in this suite."""
    number = 0
    for number, operation in enumerate(passing(point, undisturbed), 1):
        kill(tmp_path / str(number), operation, point, undisturbed(operation))
        again = later(point, operation, undisturbed)
        if deep and again:
            kill(tmp_path / f"{number}-later", operation, again, undisturbed(operation))
        if not deep:
            break
    assert number, f"no operation passes {point}: describe one in operations.py"


@pytest.mark.deep
def test_an_archive_that_is_killed_at_a_later_passing_is_carried_on(
    tmp_path: Path, undisturbed: Undisturbed, deep: bool
) -> None:
    if deep:
        return  # Done above, for every operation.
    for number, point in enumerate(random.Random(SEED).sample(POINTS, LATER)):
        found = (o for o in passing(point, undisturbed) if later(point, o, undisturbed))
        if operation := next(found, None):
            kill(tmp_path / str(number), operation, later(point, operation, undisturbed), undisturbed(operation))


@pytest.mark.deep
@pytest.mark.needs_postgres
def test_an_archive_that_is_killed_is_carried_on_over_postgresql(
    tmp_path: Path, undisturbed: Undisturbed, new_postgres_database: Callable[..., str], deep: bool
) -> None:
    chosen = POINTS if deep else random.Random(SEED).sample(POINTS, ON_POSTGRES)
    for number, point in enumerate(chosen):
        for operation in list(passing(point, undisturbed))[: None if deep else 1]:
            path = tmp_path / f"{number}-{operation.name}"
            kill(path, operation, point, undisturbed(operation), new_postgres_database())


def test_every_point_is_passed_by_some_operation(undisturbed: Undisturbed) -> None:
    assert [p for p in POINTS if next(passing(p, undisturbed), None) is None] == []


def test_the_points_are_read_from_the_source() -> None:
    known = {"archive.part_sent", "archive.tag_noted", "archive.bag_verified", "archive.bag_rebuilt"}
    assert known <= set(POINTS)
    assert all(point.startswith("archive.") for point in POINTS)
