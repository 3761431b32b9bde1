"""Killed at any step boundary, and carried on by the next process: nothing twice, nothing half, nothing left over."""

import json
import os
import random
import re
import signal
import subprocess
import sys
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import zoomguard
from tests.application import crash_child
from tests.application.lessons import INVITED, KINDS, mail, meetings, sessions, state_of, until_quiet
from tests.house import SAFE_ASK, TEACHER, Home
from zoomguard.domain.sessions import SessionState

KEY = "key-of-the-killed-ask"
CHECKOUT = Path(__file__).parents[2]
CALLED = re.compile(r'crash_point\("((?:schedule|remove)\.[a-z_]+)"\)')
POINTS = sorted(
    {point for file in Path(zoomguard.__file__).parent.rglob("*.py") for point in CALLED.findall(file.read_text())}
)
SCHEDULING = [p for p in POINTS if p.startswith("schedule.")]
REMOVING = [p for p in POINTS if p.startswith("remove.")]
# A second kill, of the process that carries on; some of all pairs unless told to go deep.
PAIRS = list(product(POINTS, [p for p in POINTS if not p.startswith("schedule.requested")]))
SOME_PAIRS = random.Random(7).sample(PAIRS, 3)
ROUNDS = 6
S = SessionState


def start(home: Home, point: str, what: str, said: dict[str, Any]) -> subprocess.Popen[str]:
    """Another process that acts on this installation until it comes to the point."""
    environ = {**os.environ, **home.environ, "PYTHONPATH": str(CHECKOUT), "ZOOMGUARD_TEST_CRASH": point}
    command = [sys.executable, "-m", crash_child.__name__, what, TEACHER, json.dumps(said)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environ, cwd=CHECKOUT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def was_killed(process: subprocess.Popen[str]) -> bool:
    """Whether it came to the point; it ends well otherwise."""
    _, errors = process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGKILL), errors
    return process.returncode == -signal.SIGKILL


def run(home: Home, point: str, what: str, **said: Any) -> bool:
    """Lets another process act on this installation; whether it was killed at the point."""
    return was_killed(start(home, point, what, said))


def kill_while_working(home: Home, point: str) -> bool:
    """A worker goes on for some rounds, half a minute apart, unless it is killed."""
    with start(home, point, "work", {"kinds": KINDS}) as worker:
        assert worker.stdin and worker.stdout
        for _ in range(ROUNDS):
            home.clock.advance(31)
            worker.stdin.write("\n")
            worker.stdin.flush()
            if not worker.stdout.readline():
                break
        return was_killed(worker)


def kill_while_asking(home: Home, point: str, **change: str) -> None:
    ask = {**asdict(SAFE_ASK), "key": KEY, **change}
    assert run(home, point, "schedule", **ask), f"never came to {point}"


def kill_while_scheduling(home: Home, point: str, **change: str) -> None:
    """A lock that one repair puts right leads past every point."""
    home.sandbox.faults.switch("locked_setting_overrides", times=1, on="POST */meetings")
    kill_while_asking(home, point, **change)
    home.sandbox.faults.clear()


def kill_while_cancelling(home: Home, point: str) -> None:
    session = home.schedule(key=KEY).session
    until_quiet(home)
    assert run(home, point, "cancel", session=session.id), f"never came to {point}"


def kill_while_failing_closed(home: Home, point: str, **change: str) -> None:
    """A lock that no repair puts right ends in a removal."""
    home.sandbox.faults.switch("locked_setting_overrides")
    kill_while_asking(home, point, **change)


def check_that_all_is_whole(home: Home) -> None:
    """What must hold whatever was killed when."""
    assert home.app.audit.verify().broken is None
    for session in sessions(home):
        assert session.state in (S.SCHEDULED, S.FAILED, S.CANCELLED)
    standing = [s.meeting_number for s in sessions(home) if s.state is S.SCHEDULED]
    assert [m.number for m in meetings(home)] == standing
    for subject in ("Online lesson", "Cancelled"):
        sent = {m["headers"]["Message-ID"]: m["to"] for m in home.sandbox.mail() if m["subject"].startswith(subject)}
        assert sorted(sent.values()) in ([], list(INVITED))


def check_scheduled(home: Home) -> None:
    assert state_of(home) is S.SCHEDULED
    assert mail(home) == list(INVITED)
    assert len({r.email for r in meetings(home)[0].registrants if r.status == "approved"}) == 5


def test_the_points_are_found_in_the_source() -> None:
    assert {"schedule.create_sent", "schedule.repair_sent", "schedule.registered", "remove.deleted"} <= set(POINTS)
    assert len(POINTS) >= 11


@pytest.mark.parametrize("point", SCHEDULING)
def test_a_scheduling_that_was_killed_is_carried_on(home: Home, point: str) -> None:
    kill_while_scheduling(home, point)
    assert home.sandbox.mail() == []
    until_quiet(home)
    check_that_all_is_whole(home)
    if point == "schedule.requested_uncommitted":
        assert sessions(home) == []
        home.schedule(key=KEY)
        until_quiet(home)
    check_scheduled(home)


@pytest.mark.parametrize("point", ["schedule.requested", "schedule.created", "schedule.registered"])
def test_the_same_ask_again_carries_on_what_was_killed(home: Home, point: str) -> None:
    kill_while_scheduling(home, point)
    assert home.schedule(key=KEY).outcome == "scheduled"
    until_quiet(home)
    check_that_all_is_whole(home)
    check_scheduled(home)


@pytest.mark.parametrize("point", ["schedule.requested", "schedule.created", "schedule.adopted"])
def test_a_scheduling_that_was_killed_shortly_before_the_start_leaves_nothing(home: Home, point: str) -> None:
    kill_while_asking(home, point, start="2026-11-23 09:20")
    home.clock.advance(8 * 60)
    until_quiet(home)
    check_that_all_is_whole(home)
    assert (state_of(home), meetings(home), home.sandbox.mail()) == (S.FAILED, [], [])
    assert home.schedule(key=KEY).outcome == "scheduled"


@pytest.mark.parametrize("point", REMOVING)
def test_a_cancellation_that_was_killed_is_carried_on(home: Home, point: str) -> None:
    kill_while_cancelling(home, point)
    until_quiet(home)
    check_that_all_is_whole(home)
    assert (state_of(home), meetings(home)) == (S.CANCELLED, [])
    assert mail(home, "Cancelled") == list(INVITED)


@pytest.mark.parametrize("point", REMOVING)
def test_a_meeting_that_is_not_as_asked_goes_even_if_its_removal_was_killed(home: Home, point: str) -> None:
    kill_while_failing_closed(home, point)
    until_quiet(home)
    check_that_all_is_whole(home)
    assert (state_of(home), meetings(home), home.sandbox.mail()) == (S.FAILED, [], [])
    home.sandbox.faults.clear()
    assert home.schedule(key=KEY).outcome == "scheduled"


@pytest.mark.deep
def test_a_recovery_that_is_killed_in_turn_is_carried_on(either_home: Home, deep: bool) -> None:
    """One installation after another in the same house: each pair ends with a cancellation that frees everybody."""
    home = either_home
    for number, (first, second) in enumerate(PAIRS if deep else SOME_PAIRS):
        kill = kill_while_scheduling if first in SCHEDULING else kill_while_failing_closed
        kill(home, first, key=f"{KEY}-{number}")
        kill_while_working(home, second)
        home.sandbox.faults.clear()
        until_quiet(home)
        assert home.app.audit.verify().broken is None
        standing = [s for s in sessions(home) if s.state is S.SCHEDULED]
        assert {s.state for s in sessions(home)} <= {S.SCHEDULED, S.FAILED, S.CANCELLED}, (first, second)
        assert [m.number for m in meetings(home)] == [s.meeting_number for s in standing], (first, second)
        for session in standing:
            home.app.sessions.cancel(home.who(TEACHER), session.id)
        until_quiet(home)
        check_mail_of_each_session(home)


def check_mail_of_each_session(home: Home) -> None:
    """Per message one mail to one guardian, as many cancellations as invitations."""
    ids = {m["headers"]["Message-ID"]: m for m in home.sandbox.mail()}
    invited = sorted(m["to"] for m in ids.values() if m["subject"].startswith("Online lesson"))
    called_off = sorted(m["to"] for m in ids.values() if m["subject"].startswith("Cancelled"))
    assert invited == called_off
    assert len(invited) % len(INVITED) == 0
