"""A whole term in one file: within Zoom's hundred writes a day, earliest lesson first, and killed at any moment."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.application.big_college import OTHERS, enlarge, timetable
from tests.application.crashing import killed, next_due
from tests.application.lessons import meetings, sessions
from tests.application.pictures import check_that_all_is_whole, mails
from tests.house import COORDINATOR, START, TEACHER, Home, a_home
from zoomguard.application.session_parts import CREATES_A_DAY
from zoomguard.domain.meeting_plan import read_mark
from zoomguard.domain.sessions import SessionState
from zoomguard.tables.sessions import HostBudget

S = SessionState
# Lessons are made, and told of, and nothing else: nobody looks again at them, nor for their observers.
KINDS = ("create_meeting", "remove_meeting", "sweep_meetings", "send_message", "schedule_batch", "create_planned")
KEY, SEED, SHORTEST_S = "key-of-the-term", 291, 0.4
CREATE, CHANGE = re.compile(r"/v2/users/([^/]+)/meetings"), re.compile(r"/v2/meetings/(\d+)")
WHOLE_TERM, A_FORTNIGHT = 100, 14
AHEAD = timedelta(days=A_FORTNIGHT)


@dataclass(frozen=True)
class Term:
    """How many rows for the busy teacher and for the others, how often the worker is killed, and how often at most on
    one day, how long it works at most before that, and how much of the busy teacher's first day is spent before."""

    rows: int
    of_others: int
    kills: int
    a_day: int
    longest_s: float
    used: int

    @property
    def lessons(self) -> int:
        return self.rows + self.of_others


TERM = Term(231, 60, 20, 8, 0.9, 0)
# What fits into a minute: the same on a smaller scale, with most of the first day's creates spent already.
SAMPLE = Term(24, 10, 3, 2, 0.8, CREATES_A_DAY - 10)


@pytest.fixture
def term(deep: bool) -> Term:
    return TERM if deep else SAMPLE


@pytest.fixture
def college(request: pytest.FixtureRequest, tmp_path: Path, term: Term) -> Iterator[Home]:
    """The big college, whose meetings are made so many days ahead."""
    terms = tmp_path / "terms.toml"
    terms.write_text(f'[organisation]\nname = "Northmoor College"\n[session]\ncreate_ahead_days = {request.param}\n')
    with a_home(tmp_path / "home", ZOOMGUARD_TERMS_FILE=str(terms)) as home:
        enlarge(home)
        spend(home, term.used)
        yield home


def spend(home: Home, used: int) -> None:
    """So many of the busy teacher's creates of today are gone."""
    host = host_of(home, TEACHER)
    with home.house.database.deciding() as tx:
        tx.add(HostBudget(host=host, utc_day=home.clock.now().date(), used=used))
        tx.commit()


def host_of(home: Home, email: str) -> str:
    return str(home.app.sessions.parts.users.posture(email).zoom_user_id)


# Playing the term -----------------------------------------------------------------------------------------------


class Worker:
    """A worker that is killed so many times after a drawn stretch of work, and starts again each time."""

    def __init__(self, home: Home, term: Term) -> None:
        self.home, self.term, self.drawn, self.kills = home, term, random.Random(SEED), 0
        self.longest_s = term.longest_s

    def until_nothing_is_due_before(self, ends_at: datetime) -> None:
        """Works, and lets the clock go on to what falls due before that moment."""
        most = min(self.kills + self.term.a_day, self.term.kills)
        while True:
            while self.kills < most and self._is_killed():
                self.kills += 1
            while self.home.do_due(*KINDS):
                pass
            due_at = next_due(self.home, KINDS)
            if due_at is None or due_at >= ends_at:
                return
            self.home.clock.advance(max(0.0, (due_at - self.home.clock.now()).total_seconds()) + 0.001)

    def _is_killed(self) -> bool:
        """Whether a process came to the end of its drawn time before its work was done."""
        said, after_s = {"kinds": KINDS, "rounds": 10_000}, self.drawn.uniform(0.1, self.longest_s)
        was_killed = killed(self.home, "", "work", COORDINATOR, said, after_cpu_s=after_s)
        if not was_killed:
            # A day of few lessons is over sooner than that: the next draws are shorter.
            self.longest_s = max(SHORTEST_S, self.longest_s * 0.7)
        return was_killed


def play(home: Home, term: Term) -> int:
    """Hands the file in and goes on day by day until every lesson is made; how often the worker was killed."""
    batch = home.app.batches.submit_file(home.who(COORDINATOR), file_of(term), KEY).id
    worker = Worker(home, term)
    for _ in range(90):
        midnight = datetime.combine(home.clock.now().date() + timedelta(days=1), time(), UTC)
        worker.until_nothing_is_due_before(midnight)
        check_that_the_batch_says_so(home, batch, worker.kills)
        if next_due(home, ("create_planned",)) is None:
            return worker.kills
        home.clock.move_to(midnight)
    raise AssertionError("the term never ends")


def file_of(term: Term) -> bytes:
    return timetable(term.rows, term.of_others).encode()


def check_that_the_batch_says_so(home: Home, batch: str, kills: int) -> None:
    """At the end of a day as many rows are created as meetings stand, and every other says until when it waits.

    But one whose create was killed on a day that is spent is still under way."""
    rows = home.app.batches.show(home.who(COORDINATOR), batch).rows
    open_rows = [r for r in rows if r.outcome != "created"]
    assert len(rows) - len(open_rows) == len(meetings(home))
    assert all(r.waits_until for r in open_rows if r.outcome == "planned")
    under_way = [r for r in open_rows if r.outcome != "planned"]
    assert {r.outcome for r in under_way} <= {"waiting"} and len(under_way) <= kills


# What Zoom saw --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sent:
    """One create as Zoom got it."""

    host: str
    on: date
    starts_at: datetime
    attempt: int


def creates(home: Home) -> list[Sent]:
    """All creates in order."""
    found = []
    for call in home.sandbox.calls():
        path = CREATE.fullmatch(call["path"].partition("?")[0])
        if call["method"] == "POST" and path and call["status"] != 429:
            mark = read_mark(call["body"]["agenda"])
            assert mark is not None
            starts_at = datetime.fromisoformat(call["body"]["start_time"])
            found.append(Sent(path[1], datetime.fromisoformat(call["at"]).date(), starts_at, mark[2]))
    return found


def check_the_days(home: Home, term: Term) -> None:
    """For each host and UTC day at most 90 creates, and 100 writes with the changes; what was spent before counts."""
    made: Counter[tuple[str, date]] = Counter((sent.host, sent.on) for sent in creates(home))
    made[host_of(home, TEACHER), START.date()] += term.used
    assert max(made.values()) <= CREATES_A_DAY
    changed: Counter[date] = Counter(
        on_day(call)
        for call in home.sandbox.calls()
        if call["method"] == "PATCH" and CHANGE.fullmatch(call["path"].partition("?")[0])
    )
    assert all(n + changed[day] <= 100 for (_, day), n in made.items())


def on_day(call: dict[str, Any]) -> date:
    return datetime.fromisoformat(call["at"]).date()


def check_that_all_stand_once(home: Home, term: Term) -> None:
    """As many meetings as lessons, each with its own session, nothing left over, each family invited once to each."""
    assert [s.state for s in sessions(home)] == [S.SCHEDULED] * term.lessons
    assert len({m.number for m in meetings(home)}) == term.lessons
    check_that_all_is_whole(home, KINDS, repeats=term.kills)
    invited = [(m["to"], m["subject"]) for m in mails(home) if m["subject"].startswith("Online lesson")]
    assert len(invited) == len(set(invited)) == term.lessons


def check_the_order(home: Home, kills: int) -> None:
    """Of each teacher the earliest lesson comes first, but for those that a kill put off."""
    first = [sent for sent in creates(home) if sent.attempt == 1]
    put_off = 0
    for host in {sent.host for sent in first}:
        starts = [sent.starts_at for sent in first if sent.host == host]
        put_off += sum(start < max(starts[:n]) for n, start in enumerate(starts) if n)
    assert put_off <= kills


def check_that_a_rerun_changes_nothing(home: Home, term: Term) -> None:
    """The same file again is as many rows that stand already."""
    before = len(creates(home))
    batch = home.app.batches.submit_file(home.who(COORDINATOR), file_of(term), "another-key").id
    while home.do_due(*KINDS):
        pass
    rows = home.app.batches.show(home.who(COORDINATOR), batch).rows
    assert {r.outcome for r in rows} == {"unchanged"} and len(rows) == term.lessons
    assert (len(creates(home)), len(sessions(home))) == (before, term.lessons)


@pytest.mark.deep
@pytest.mark.parametrize("college", [WHOLE_TERM], indirect=True)
def test_a_whole_term_is_made_at_ninety_a_day_and_nobody_waits_for_the_busy_teacher(
    college: Home, term: Term, capsys: pytest.CaptureFixture[str]
) -> None:
    kills = play(college, term)
    by_host: defaultdict[str, Counter[date]] = defaultdict(Counter)
    for sent in creates(college):
        by_host[sent.host][sent.on] += 1
    say(capsys, kills, by_host[host_of(college, TEACHER)])
    assert kills == term.kills
    check_the_days(college, term)
    check_the_order(college, kills)
    busy = by_host.pop(host_of(college, TEACHER))
    assert list(busy) == [START.date() + timedelta(days=n) for n in range(len(busy))]
    assert len(busy) == -(-(term.rows + term.used) // CREATES_A_DAY)
    # A kill between the count and the call leaves one of the day's creates unused.
    for day, most in zip(sorted(busy)[:-1], [CREATES_A_DAY - term.used, *[CREATES_A_DAY] * len(busy)], strict=False):
        assert most - kills <= busy[day] <= most, day
    assert len(by_host) == OTHERS and {day for days in by_host.values() for day in days} == {START.date()}
    check_that_all_stand_once(college, term)
    check_that_a_rerun_changes_nothing(college, term)


@pytest.mark.deep
@pytest.mark.parametrize("college", [A_FORTNIGHT], indirect=True)
def test_a_term_a_fortnight_ahead_is_made_day_by_day_each_lesson_on_its_day(
    college: Home, term: Term, capsys: pytest.CaptureFixture[str]
) -> None:
    kills = play(college, term)
    say(capsys, kills, Counter(sent.on for sent in creates(college)))
    assert kills == term.kills
    check_the_days(college, term)
    check_the_order(college, kills)
    late = [sent for sent in creates(college) if sent.on != max(sent.starts_at.date() - AHEAD, START.date())]
    # Only what did not fit into a first day that was spent already.
    assert {sent.on for sent in late} <= ({START.date() + timedelta(days=1)} if term.used else set())
    assert {sent.host for sent in late} <= {host_of(college, TEACHER)}
    check_that_all_stand_once(college, term)
    check_that_a_rerun_changes_nothing(college, term)


def say(capsys: pytest.CaptureFixture[str], kills: int, days: Counter[date]) -> None:
    with capsys.disabled():
        print(f" {kills} kills; creates a day: {', '.join(str(n) for _, n in sorted(days.items()))}", end="")
