"""Killed at any step boundary, and carried on by the next process: nothing twice, nothing half, nothing left over.

The points are read from the source. Which of them an operation passes is seen by doing it once undisturbed; what it
comes to then is what it must come to when it is killed at any of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from tests.application.crashing import points
from tests.application.lessons import sessions
from tests.application.operations import (
    OPERATIONS,
    UNSETTLED,
    Operation,
    busy,
    other_clock_rules,
)
from tests.application.pictures import STANDING, check_that_all_is_whole, look, parts_of, picture
from tests.house import Home, a_home
from zoomguard.application import crash
from zoomguard.domain.sessions import Change, SessionState
from zoomguard.tables.doors import Door

S = SessionState
SOURCE = points()
# Copies have a suite of their own, which kills them at their points: tests/archive.
POINTS = sorted(point for point, file in SOURCE.items() if not file.name.startswith("archive"))
# Beside one operation killed at each point: so many are tried on PostgreSQL too, and have their recovery killed in
# turn. Deep, every operation is killed at every point it passes, on both databases.
SEED, ON_POSTGRES, SECOND_KILLS, DEEP_SECOND_KILLS = 7, 3, 3, 150
ROUNDS = 6


@dataclass(frozen=True)
class Done:
    """An operation that nobody killed: the points it passed, and what it came to."""

    passed: frozenset[str]
    picture: dict[str, Any]


Undisturbed = Callable[[Operation], Done]


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Does an operation in this process, once for all tests."""
    known: dict[str, Done] = {}

    def do(operation: Operation) -> Done:
        if operation.name not in known:
            known[operation.name] = undisturbed_in(tmp_path_factory.mktemp("undisturbed"), operation)
        return known[operation.name]

    return do


def undisturbed_in(path: Path, operation: Operation) -> Done:
    with a_home(path / "home") as home, begun(operation, home, path) as said:
        crash.POINTS.clear()
        operation.run(home, said)
        passed = frozenset(crash.POINTS)
        operation.end(home, said)
        check_that_all_is_whole(home)
        return Done(passed, picture(home))


@contextmanager
def begun(operation: Operation, home: Home, path: Path) -> Iterator[dict[str, Any]]:
    """What stands before the operation; gives the words of its ask."""
    said = operation.begin(home)
    if not operation.clock_rules:
        yield said
        return
    with other_clock_rules(path / "zones") as searched:
        home.environ["PYTHONTZPATH"] = searched
        yield said


# Killed once ----------------------------------------------------------------------------------------------------


def kill(path: Path, operation: Operation, point: str, done: Done, database_url: str = "") -> None:
    """Kills an operation at a point, has others carry on, and compares what it comes to."""
    with a_home(path / "home", database_url=database_url) as home, begun(operation, home, path) as said:
        assert operation.killed_at(point, home, said), f"{operation.name} never came to {point}"
        check_while_it_is_not_settled(home, operation)
        operation.end(home, said)
        check_that_all_is_whole(home)
        assert picture(home) == done.picture, f"{operation.name} killed at {point}"


def check_while_it_is_not_settled(home: Home, operation: Operation) -> None:
    """Right after the kill: old and new slots and people are taken, and no door opens into the unknown."""
    for session in sessions(home):
        if session.state in UNSETTLED:
            free = [(who, start) for who, start in operation.taken if not busy(home, who, start)]
            assert free == [], f"free while {session.state}"
        for token in doors_of(home, session.id):
            seen = look(home, token)
            if session.state is S.MOVING and session.change != Change.OBSERVER:
                assert seen == "moving"
            elif session.state in (S.REMOVING, S.CANCELLED):
                assert seen == "refused"
            else:
                assert session.state in STANDING or seen != "open"


def doors_of(home: Home, session_id: str) -> list[str]:
    """The links of a session's doors."""
    with home.house.database.reading() as tx:
        doors = tx.all(select(Door).where(Door.session_id == session_id))
    return [parts_of(home).seals.open("door", "token", d.id, d.token) for d in doors]


def passing(point: str, undisturbed: Undisturbed) -> Iterator[Operation]:
    """The operations that pass a point, in an order drawn for it."""
    drawn = random.Random(f"{SEED} {point}")
    for operation in drawn.sample(OPERATIONS, len(OPERATIONS)):
        if point in undisturbed(operation).passed:
            yield operation


@pytest.mark.deep
@pytest.mark.parametrize("point", POINTS)
def test_whoever_is_killed_at_a_point_is_carried_on(
    tmp_path: Path, undisturbed: Undisturbed, point: str, deep: bool
) -> None:
    """One operation that passes it, drawn by the seed; all of them when deep. None at all is a gap in this suite."""
    number = 0
    for number, operation in enumerate(passing(point, undisturbed), 1):
        kill(tmp_path / str(number), operation, point, undisturbed(operation))
        if not deep:
            break
    assert number, f"no operation passes {point}: describe one in operations.py"
