"""Killed at any step boundary, and carried on by the next process: nothing twice, nothing half, nothing left over.

The points are read from the source. Which of them an operation passes is seen by doing it once undisturbed; what it
comes to then is what it must come to when it is killed at any of them.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from tests.application.crashing import carry_on, killed, once_for_all, points, quick_duties
from tests.application.lessons import mail, meetings, only_session, sessions
from tests.application.operations import (
    ASK,
    KEY,
    OPERATIONS,
    SLOT,
    SOON,
    UNSETTLED,
    Operation,
    busy,
    still_taken,
)
from tests.application.pictures import STANDING, check_that_all_is_whole, look, parts_of, picture
from tests.application.zones import other_clock_rules
from tests.house import TEACHER, Home, a_home
from zoomguard.application import crash
from zoomguard.domain.sessions import Change, Risk, SessionState
from zoomguard.tables.doors import Door

S = SessionState
SOURCE = points()
# Copies have a suite of their own, which kills them at their points: tests/archive.
POINTS = sorted(point for point, file in SOURCE.items() if not file.name.startswith("archive"))
# In a sample one operation is killed at so many points; so many are tried on PostgreSQL too, and have their recovery
# killed in turn. Deep, every operation is killed at every point it passes, on both databases.
SEED, AT_POINTS, ON_POSTGRES, SECOND_KILLS, DEEP_SECOND_KILLS = 7, 24, 2, 2, 60
DEEP = os.environ.get("ZOOMGUARD_TEST_DEEP") == "1"
KILLED_AT = POINTS if DEEP else sorted(random.Random(SEED).sample(POINTS, AT_POINTS))
ROUNDS = 6
# Whether the mail server has a letter is on record only after it took it: fault 67.
ACCEPTED = "message.accepted"
UNCOMMITTED = "schedule.requested_uncommitted"
# Between the count of a repair and the repair itself. What is counted second is so where nothing else is to be done.
COUNTED = {("recheck.repair_sent", then) for then in ("recheck.judged", "recheck.repair_sent")}


@dataclass(frozen=True)
class Done:
    """An operation that nobody killed: the points it passed, and what it came to."""

    passed: frozenset[str]
    picture: dict[str, Any]


Undisturbed = Callable[[Operation], Done]


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Does an operation in this process, once for all tests."""
    return once_for_all(tmp_path_factory, undisturbed_in)


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
        if point == UNCOMMITTED:
            operation.run(home, said)  # It left no trace: whoever asked asks again.
        operation.end(home, said)
        check_that_all_is_whole(home, repeats=int(point == ACCEPTED))
        assert picture(home) == done.picture, f"{operation.name} killed at {point}"


def check_while_it_is_not_settled(home: Home, operation: Operation) -> None:
    """Right after the kill: old and new slots and people are taken, and no door opens into the unknown."""
    for session in sessions(home):
        if session.state in UNSETTLED:
            free = [t for t in still_taken(operation, session.state) if not busy(home, *t)]
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
@pytest.mark.parametrize("point", KILLED_AT)
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


def test_every_point_is_passed_by_some_operation(undisturbed: Undisturbed) -> None:
    assert [p for p in POINTS if next(passing(p, undisturbed), None) is None] == []


def test_the_points_are_read_from_the_source_and_each_has_a_name_of_its_own() -> None:
    assert {"schedule.create_sent", "change.sent_back", "roster.unregistered", "batch.row_planned"} <= set(POINTS)
    assert {file.parent.name for file in SOURCE.values()} == {"application"}
    assert len(POINTS) >= 40 and len(SOURCE) > len(POINTS)


@pytest.mark.deep
@pytest.mark.needs_postgres
def test_whatever_is_killed_is_carried_on_over_postgresql(
    tmp_path: Path, undisturbed: Undisturbed, new_postgres_database: Callable[..., str], deep: bool
) -> None:
    drawn = random.Random(SEED)
    chosen = POINTS if deep else drawn.sample(POINTS, ON_POSTGRES)
    for number, point in enumerate(chosen):
        for operation in list(passing(point, undisturbed))[: None if deep else 1]:
            path = tmp_path / f"{number}-{operation.name}"
            kill(path, operation, point, undisturbed(operation), new_postgres_database())


# Killed twice ---------------------------------------------------------------------------------------------------


def kill_while_working(home: Home, operation: Operation, point: str) -> bool:
    """A worker goes on for some rounds, half a minute apart, unless it is killed."""
    for _ in range(ROUNDS):
        home.clock.advance(31)
        if killed(home, point, "work", operation.by, {"kinds": quick_duties(home)}):
            return True
    return False


@pytest.mark.deep
def test_a_recovery_that_is_killed_in_turn_is_carried_on(
    tmp_path: Path, undisturbed: Undisturbed, deep: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pairs of points drawn by the seed; whether the second is reached depends on what the first left."""
    drawn, reached = random.Random(SEED), 0
    for number in range(DEEP_SECOND_KILLS if deep else SECOND_KILLS):
        operation = drawn.choice([o for o in OPERATIONS if not o.clock_rules])
        passed = undisturbed(operation).passed
        first, second = drawn.choice(sorted(passed)), drawn.choice(sorted(passed - {UNCOMMITTED}))
        with a_home(tmp_path / str(number)) as home, begun(operation, home, tmp_path) as said:
            assert operation.killed_at(first, home, said)
            if first == UNCOMMITTED:
                operation.run(home, said)
            again = kill_while_working(home, operation, second)
            reached += again
            operation.end(home, said)
            check_after_two(home, operation, (first, second) if again else (first,), undisturbed(operation))
    with capsys.disabled():
        print(f" {reached} second kills of {number + 1}", end="")
    assert reached


def check_after_two(home: Home, operation: Operation, kills: tuple[str, ...], done: Done) -> None:
    """As if nobody had been killed; but a repair is counted before it is sent, and there are two in a lesson's life."""
    if kills in COUNTED:
        session = only_session(home)
        assert (session.state, session.risk) == (S.AT_RISK, Risk.DRIFT), kills
        assert "i.hale@northmoor.example" in mail(home, "At risk")
        return
    check_that_all_is_whole(home, repeats=kills.count(ACCEPTED))
    assert picture(home) == done.picture, (operation.name, kills)


# Before the worker comes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("point", ["schedule.requested", "schedule.created", "schedule.registered"])
def test_the_same_ask_again_carries_on_what_was_killed(home: Home, point: str) -> None:
    assert killed(home, point, "schedule", TEACHER, ASK)
    assert home.schedule(key=KEY).outcome == "scheduled"
    carry_on(home, timedelta(minutes=10))
    check_that_all_is_whole(home)
    assert (only_session(home).state, len(meetings(home))) == (S.SCHEDULED, 1)


@pytest.mark.parametrize("point", ["schedule.requested", "schedule.created", "schedule.adopted"])
def test_a_scheduling_that_was_killed_shortly_before_the_start_leaves_nothing(home: Home, point: str) -> None:
    assert killed(home, point, "schedule", TEACHER, {**ASK, "start": SOON})
    home.clock.advance(12 * 60)
    carry_on(home, timedelta(minutes=10))
    check_that_all_is_whole(home)
    assert (only_session(home).state, meetings(home), mail(home)) == (S.FAILED, [], [])
    assert home.schedule(key=KEY, start=SLOT).outcome == "scheduled"
