"""Due work is done once, whoever runs; what fails is put off; the loop lives."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests.application.northmoor import NOW, FixedClock
from tests.worker.hand import PLANNED, QUICK, SLOW, Hand, claims_of
from zoomguard.adapters.claims import PostgresClaims
from zoomguard.domain.errors import Busy, Conflict, Fault, OutsideFailed, Throttled
from zoomguard.tables.database import Database
from zoomguard.tables.work import Work
from zoomguard.worker.duties import duties
from zoomguard.worker.runner import Runner

ROOT = Path(__file__).resolve().parents[2]


def rows(database: Database, kind: str = QUICK) -> list[Work]:
    with database.reading() as tx:
        return tx.all(select(Work).where(Work.kind == kind).order_by(Work.id))


def until(true: Callable[[], bool], within_s: float = 10) -> bool:
    ends = time.monotonic() + within_s
    while not true() and time.monotonic() < ends:
        time.sleep(0.02)
    return true()


def failing(*errors: Exception) -> Callable[[str], None]:
    """Raises these in turn, then does its duty."""
    left = list(errors)

    def does(_: str) -> None:
        if left:
            raise left.pop(0)

    return does


# Once


def test_two_runners_at_a_time_do_each_piece_once(hand: Hand, database: Database) -> None:
    for n in range(20):
        hand.work.put(QUICK, f"M{n:02}")
    start = threading.Barrier(2)

    def run(runner: Runner) -> None:
        start.wait(5)
        runner.run_due((QUICK,))

    threads = [threading.Thread(target=run, args=(hand.runner(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(hand.did) == [f"M{n:02}" for n in range(20)]
    assert all(r.done_at for r in rows(database))


def test_two_processes_at_a_time_do_each_piece_once(hand: Hand, database: Database, tmp_path: Path) -> None:
    for n in range(12):
        hand.work.put(QUICK, f"M{n:02}")
    url, noted = database.url.render_as_string(hide_password=False), tmp_path / "noted"
    command = [sys.executable, "-m", "tests.worker.hand", url, str(noted)]
    both = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    assert [p.wait(60) for p in both] == [0, 0]
    assert sorted(noted.read_text().split()) == [f"M{n:02}" for n in range(12)]


def test_a_piece_in_another_hand_is_left_there(hand: Hand) -> None:
    hand.work.put(QUICK, "M1")
    (one,) = hand.work.due((QUICK,))
    with claims_of(hand.work.database.url).claim(f"work/{one.id}") as had:
        assert had
        assert hand.run() == 0
    assert hand.did == []
    assert hand.run() == 1


def test_a_piece_that_was_done_meanwhile_is_not_done_again(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list was read before another process finished the piece."""
    hand.work.put(QUICK, "M1")
    stale = hand.work.due((QUICK,))
    assert hand.run() == 1
    monkeypatch.setattr(hand.work, "due", lambda kinds: stale)
    assert hand.run() == 0
    assert hand.did == ["M1"]


# What fails


def test_a_failing_duty_is_put_off_with_its_code_and_a_growing_pause(
    hand: Hand, database: Database, clock: FixedClock
) -> None:
    hand.does = failing(OutsideFailed("no", code="ZOOM_DOWN"), Conflict("no", code="MOVED"), Busy("full"))
    hand.work.put(QUICK, "M1")
    seen = []
    for _ in range(3):
        assert hand.run() == 1
        assert hand.run() == 0
        (row,) = rows(database)
        seen.append((row.last_error_code, row.attempts, (row.due_at - clock.now()).total_seconds()))
        clock.at = row.due_at
    assert seen == [("ZOOM_DOWN", 1, 5), ("MOVED", 2, 10), ("BUSY", 3, 20)]
    assert hand.run() == 1
    assert rows(database)[0].done_at == clock.now()


def test_a_throttled_duty_waits_as_long_as_the_other_side_said(
    hand: Hand, database: Database, clock: FixedClock
) -> None:
    hand.does = failing(Throttled("wait", NOW + timedelta(hours=7)), Throttled("wait", None))
    hand.work.put(QUICK, "M1")
    hand.run()
    assert rows(database)[0].due_at == NOW + timedelta(hours=7)
    clock.advance(hours=7)
    hand.run()
    assert rows(database)[0].due_at == clock.now() + timedelta(seconds=10)


def test_a_fault_is_logged_by_its_type_alone_and_the_others_go_on(
    hand: Hand, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    hand.does = failing(ValueError("Zoë Harding, passcode 123456"), Fault("Zoë again"))
    for n in range(3):
        hand.work.put(QUICK, f"M{n}", NOW - timedelta(minutes=3 - n))
    with caplog.at_level(logging.DEBUG):
        assert hand.run() == 3
    assert "send_message met a fault: ValueError" in caplog.text
    assert "send_message failed: FAULT" in caplog.text
    assert "Zoë" not in caplog.text and "123456" not in caplog.text and "Traceback" not in caplog.text
    assert sorted((r.last_error_code, bool(r.done_at)) for r in rows(database)) == [
        ("", True),
        ("FAULT", False),
        ("FAULT", False),
    ]


def test_what_is_not_over_comes_again_at_its_moment(hand: Hand, database: Database, clock: FixedClock) -> None:
    hand.does = lambda _: clock.now() + timedelta(minutes=2)
    hand.work.put(QUICK, "M1")
    assert (hand.run(), hand.run()) == (1, 0)
    clock.advance(minutes=2)
    assert hand.run() == 1


# The loop


def test_the_loop_lives_through_faults_and_an_absent_database(
    hand: Hand, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    raised = [Busy("away", code="DATABASE_BUSY"), OSError("no space for Zoë"), sa.exc.InternalError("x", {}, OSError())]
    due = hand.work.due
    monkeypatch.setattr("zoomguard.worker.runner.IDLE_S", 0.01)

    def fails_thrice(kinds: tuple[str, ...]) -> object:
        if QUICK in kinds and raised:
            raise raised.pop(0)
        return due(kinds)

    monkeypatch.setattr(hand.work, "due", fails_thrice)
    hand.work.put(QUICK, "M1")
    runner = hand.runner()
    runner.start()
    try:
        assert until(lambda: "M1" in hand.did)
    finally:
        runner.stop()
    assert "duties wait: DATABASE_BUSY" in caplog.text
    assert "duties met a fault: OSError" in caplog.text
    assert "Zoë" not in caplog.text


def test_a_long_copy_delays_no_mail(hand: Hand) -> None:
    copying, over = threading.Event(), threading.Event()

    def does(subject: str) -> None:
        if subject == "R1":
            copying.set()
            assert over.wait(10)

    hand.does = does
    hand.work.put(SLOW, "R1")
    runner = hand.runner()
    runner.start()
    try:
        assert copying.wait(10)
        hand.work.put(QUICK, "M1")
        assert until(lambda: "M1" in hand.did)
    finally:
        over.set()
        runner.stop()


def test_without_copies_the_archive_is_left_alone(hand: Hand, database: Database) -> None:
    hand.work.put(SLOW, "R1")
    hand.work.put(QUICK, "M1")
    runner = hand.runner(copies=False)
    runner.start()
    try:
        assert until(lambda: "M1" in hand.did)
    finally:
        runner.stop()
    assert "R1" not in hand.did and rows(database, PLANNED) == []


def test_what_comes_by_itself_comes_again_after_its_time(hand: Hand, clock: FixedClock) -> None:
    runner = hand.runner()
    (every,) = {d.every for d in duties(runner.app) if d.kind == PLANNED}
    assert every is not None
    for expected in (1, 1, 2):
        runner._plan((PLANNED,))
        runner.run_due((PLANNED,))
        assert hand.did.count("all") == expected
        clock.advance(seconds=every.total_seconds() / 2)


def test_a_runner_that_was_stopped_takes_nothing_more(hand: Hand) -> None:
    for n in range(5):
        hand.work.put(QUICK, f"M{n}")
    runner = hand.runner()
    hand.does = lambda _: runner.stop(0)  # type: ignore[func-returns-value]
    assert runner.run_due((QUICK,)) == 1
    assert runner.run_due((QUICK,)) == 0


# Claims


CLAIMING = """
import sys, sqlalchemy as sa
from tests.worker.hand import claims_of
with claims_of(sa.make_url(sys.argv[1])).claim("work/W1") as had:
    print(had, flush=True)
    sys.stdin.read()
"""


def test_a_claim_dies_with_its_process(hand: Hand, database: Database) -> None:
    url, claims = database.url.render_as_string(hide_password=False), claims_of(database.url)
    command = [sys.executable, "-c", CLAIMING, url]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"True\n"
        with claims.claim("work/W1") as had:
            assert not had
        with claims.claim("work/W2") as had:
            assert had
        other.kill()
        other.wait(10)
        with claims.claim("work/W1", wait_s=5) as had:
            assert had


def test_a_claim_is_let_go_at_the_end_of_its_block_even_after_an_error(database: Database) -> None:
    claims = claims_of(database.url)

    def fail() -> None:
        with claims.claim("a") as had, claims.claim("a") as again:
            assert (had, again) == (True, False)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with claims.claim("a", wait_s=5) as had:
        assert had


def test_whoever_waits_for_a_claim_gets_it_when_it_is_free(database: Database) -> None:
    claims, held = claims_of(database.url), threading.Event()

    def hold() -> None:
        with claims.claim("a"):
            held.set()
            time.sleep(0.3)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(5)
    with claims.claim("a", wait_s=5) as had:
        assert had
    thread.join(5)


def test_a_claim_on_a_database_that_is_away_is_busy_and_tells_no_password() -> None:
    claims = PostgresClaims(sa.make_url("postgresql+psycopg://zoomguard:geheim@127.0.0.1:9/zoomguard"))
    with pytest.raises(Busy) as caught, claims.claim("a"):
        pass
    assert caught.value.code == "DATABASE_BUSY"
    assert "geheim" not in f"{caught.value} {caught.value.remedy} {caught.value.__cause__}"
