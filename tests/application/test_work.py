"""What falls due: put once, taken in order, closed or put off."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import select

from tests.application.northmoor import NOW, FixedClock
from zoomguard.application.work import WorkList, finish
from zoomguard.domain.work import DueWork
from zoomguard.tables.database import Database
from zoomguard.tables.work import Work

KIND = "send_message"


@pytest.fixture
def work(database: Database, clock: FixedClock) -> WorkList:
    return WorkList(database, clock)


@pytest.fixture
def rows(database: Database) -> Callable[[], list[Work]]:
    def read() -> list[Work]:
        with database.reading() as tx:
            return tx.all(select(Work).order_by(Work.id))

    return read


def subjects(work: WorkList) -> list[str]:
    return [w.subject for w in work.due((KIND,))]


def test_what_is_put_twice_is_open_once_and_the_earlier_moment_counts(
    work: WorkList, rows: Callable[[], list[Work]]
) -> None:
    work.put(KIND, "M1", NOW + timedelta(hours=1))
    work.put(KIND, "M1", NOW + timedelta(hours=2))
    assert [r.due_at for r in rows()] == [NOW + timedelta(hours=1)]
    work.put(KIND, "M1")
    assert [r.due_at for r in rows()] == [NOW]


def test_many_who_put_the_same_at_once_leave_one_open_row(work: WorkList, rows: Callable[[], list[Work]]) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: work.put(KIND, "M1"), range(16)))
    assert len(rows()) == 1


def test_the_earliest_comes_first_and_the_future_not_yet(work: WorkList, clock: FixedClock) -> None:
    for subject, minutes in (("late", 5), ("now", 0), ("future", 61), ("before", -5)):
        work.put(KIND, subject, NOW + timedelta(minutes=minutes))
    work.put("another_kind", "x", NOW)
    assert subjects(work) == ["before", "now"]
    clock.advance(minutes=5)
    assert subjects(work) == ["before", "now", "late"]
    assert [w.subject for w in work.due((KIND,), most=1)] == ["before"]


def test_what_is_done_is_closed_and_may_be_put_again(work: WorkList, rows: Callable[[], list[Work]]) -> None:
    work.put(KIND, "M1")
    (one,) = work.due((KIND,))
    work.done(one)
    work.done(one)
    assert subjects(work) == [] and not work.is_open(one.id)
    work.put(KIND, "M1")
    assert len(rows()) == 2 and subjects(work) == ["M1"]


def test_what_is_not_over_comes_again_when_it_said(work: WorkList, clock: FixedClock) -> None:
    work.put(KIND, "M1")
    (one,) = work.due((KIND,))
    work.done(one, NOW + timedelta(minutes=10))
    assert subjects(work) == [] and not work.is_open(one.id)
    clock.advance(minutes=10)
    assert [w.id for w in work.due((KIND,))] == [one.id]


def test_a_failed_try_is_put_off_with_a_growing_pause_and_its_code(
    work: WorkList, clock: FixedClock, rows: Callable[[], list[Work]]
) -> None:
    work.put(KIND, "M1")
    pauses = []
    for _ in range(10):
        (one,) = work.due((KIND,))
        work.postponed(one.id, "ZOOM_DOWN")
        (row,) = rows()
        pauses.append((row.due_at - clock.now()).total_seconds())
        clock.at = row.due_at
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert (row.attempts, row.last_error_code, row.done_at) == (10, "ZOOM_DOWN", None)


def test_the_other_sides_moment_counts_and_never_lies_in_the_past(
    work: WorkList, clock: FixedClock, rows: Callable[[], list[Work]]
) -> None:
    work.put(KIND, "M1")
    (one,) = work.due((KIND,))
    work.postponed(one.id, "THROTTLED", NOW + timedelta(hours=3))
    assert rows()[0].due_at == NOW + timedelta(hours=3)
    work.postponed(one.id, "THROTTLED", NOW - timedelta(hours=3))
    assert rows()[0].due_at == NOW + timedelta(seconds=1)


def test_a_row_that_is_closed_or_gone_is_left_alone(work: WorkList, rows: Callable[[], list[Work]]) -> None:
    work.put(KIND, "M1")
    (one,) = work.due((KIND,))
    work.done(one)
    work.postponed(one.id, "LATE")
    work.done(DueWork("nothing", KIND, "M1", 0))
    work.postponed("nothing", "LATE")
    assert [(r.attempts, r.last_error_code) for r in rows()] == [(0, "")]


def test_what_is_asked_for_again_while_it_is_done_stays_due(work: WorkList, clock: FixedClock) -> None:
    """Whoever asks now may mean what the run at hand has passed already."""
    work.put(KIND, "M1")
    (one,) = work.due((KIND,))
    work.put(KIND, "M1")
    work.done(one)
    (again,) = work.due((KIND,))
    work.done(again)
    assert subjects(work) == []


def test_what_is_asked_for_in_the_moment_of_its_end_is_not_lost(work: WorkList, database: Database) -> None:
    """On PostgreSQL the one who asks has to wait for the one who closes, and then to put a new row."""
    work.put(KIND, "M1")
    (one,) = work.due((KIND,))
    with ThreadPoolExecutor(1) as pool:
        with database.deciding() as tx:
            row = tx.lock(Work, one.id)
            assert row is not None
            row.done_at = NOW
            tx.flush()
            asked = pool.submit(work.put, KIND, "M1")
            time.sleep(0.2)
            tx.commit()
        asked.result(timeout=10)
    assert subjects(work) == ["M1"]


def test_a_topic_closes_its_own_work(work: WorkList, database: Database) -> None:
    work.put(KIND, "M1")
    with database.deciding() as tx:
        finish(tx, KIND, "M1", NOW)
        finish(tx, KIND, "nothing", NOW)
        tx.commit()
    assert subjects(work) == []


def test_what_comes_by_itself_is_due_at_once_and_then_after_its_time(work: WorkList, clock: FixedClock) -> None:
    every = timedelta(hours=1)
    work.plan(KIND, "all", every)
    work.plan(KIND, "all", every)
    (one,) = work.due((KIND,))
    clock.advance(minutes=7)
    work.done(one)
    work.plan(KIND, "all", every)
    clock.advance(minutes=59)
    assert subjects(work) == []
    clock.advance(minutes=1)
    assert subjects(work) == ["all"]


def test_what_was_done_long_ago_is_due_now_and_not_in_the_past(work: WorkList, clock: FixedClock) -> None:
    work.plan(KIND, "all", timedelta(hours=1))
    work.done(work.due((KIND,))[0])
    clock.advance(days=3)
    work.plan(KIND, "all", timedelta(hours=1))
    assert subjects(work) == ["all"]
