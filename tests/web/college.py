"""A college with everybody who may ask for something, and with lessons of some of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.application.finding import found
from tests.application.lessons import import_rows
from tests.house import COORDINATOR, DSL, OBSERVER, REVIEWER, START, TEACHER, Home, a_home
from zoomguard.domain.timetable_files import TIMETABLE_COLUMNS

OTHER_TEACHER, OTHER_OBSERVER = "h.lindqvist@northmoor.example", "o.mbeki@northmoor.example"
AUDITOR, WITHOUT_ROLE = "a.auditor@northmoor.example", "n.obody@northmoor.example"
NOBODY = ""
# Everybody by the name of the column; "" is somebody who is not signed in.
VISITORS = {
    "own": TEACHER,
    "other": OTHER_TEACHER,
    "in": OBSERVER,
    "out": OTHER_OBSERVER,
    "review": REVIEWER,
    "coord": COORDINATOR,
    "dsl": DSL,
    "deputy": "b.noor@northmoor.example",
    "leader": "c.pugh@northmoor.example",
    "data": "f.doyle@northmoor.example",
    "monitor": "j.fairley@northmoor.example",
    "auditor": AUDITOR,
    "oper": "d.morgan@northmoor.example",
    "none": WITHOUT_ROLE,
    "nobody": NOBODY,
}
SLOT, QUIET_SLOT, NEW_SLOT = "2026-12-01 16:00", "2026-12-02 16:00", "2026-12-03 16:00"
KRALS, ADA = ("C-0101", "C-0102"), ("C-0120",)


@dataclass(frozen=True)
class College:
    """`lesson` is of the teacher and observer who are "own" and "in"; `quiet` is one more of theirs, at a time at
    which nobody else could observe; `others` is a lesson of the other two; `recording` is of the first two."""

    home: Home
    lesson: str
    others: str
    quiet: str
    batch: str
    recording: str
    numbers: Iterator[int] = field(default_factory=count)

    def token(self, email: str) -> str:
        """A fresh sign-in of the command line."""
        token: str = self.home.app.access.issue(email).token
        return token

    def mail_of_families(self) -> str:
        """An invitation that has left."""
        self.home.do_due("send_message")
        office = self.home.who(COORDINATOR)
        sent = [m for m in self.home.app.messages.list(office, self.lesson) if m.state == "sent"]
        return next(m.id for m in sent if m.template == "invitation")

    def incident(self) -> str:
        """An open incident about the lesson."""
        held = self.home.app.sessions.show(self.home.who(TEACHER), self.lesson).session.id
        return found(self.home, subject=f"a version, found at {next(self.numbers)}", session_id=held)

    def play(self, email: str, purpose: str) -> str:
        """An opened recording."""
        opened = self.home.app.recordings.open(self.home.who(email), self.recording, purpose, REASON)
        return str(opened.id)


REASON = "To see whether the lesson was held as planned"


@contextmanager
def a_college(path: Path) -> Iterator[College]:
    """The college, until the end of the block."""
    with a_home(path) as home:
        _more_staff(home)
        recording = _recorded(home)
        lesson, quiet = (_lesson(home, TEACHER, OBSERVER, KRALS, start) for start in (SLOT, QUIET_SLOT))
        others = _lesson(home, OTHER_TEACHER, OTHER_OBSERVER, ADA, QUIET_SLOT)
        yield College(home, lesson, others, quiet, _batch(home), recording)


def _more_staff(home: Home) -> None:
    header = "reference email known_as family_name roles training_until dbs_until policy_ack_on relatives".split()
    rows = (("AU", AUDITOR, "Asa", "Auditor", "auditor"), ("NO", WITHOUT_ROLE, "Nina", "Obody", ""))
    import_rows(home, "staff", [dict(zip(header, (*row, "", "", "", ""), strict=True)) for row in rows])


def _lesson(home: Home, teacher: str, observer: str, children: tuple[str, ...], start: str) -> str:
    answer = home.schedule(teacher, observer=observer, children=children, start=start)
    assert answer.session is not None
    return answer.session.short_id


def _recorded(home: Home) -> str:
    """A lesson of the first day that was held and archived."""
    held = _lesson(home, TEACHER, OBSERVER, KRALS, f"{START:%Y-%m-%d} 10:00")
    home.clock.move_to(START.replace(hour=10))
    home.hold(held)
    home.app.archive.run()
    (recording,) = home.app.recordings.list(home.who(REVIEWER))
    return str(recording.short_id)


def _batch(home: Home) -> str:
    content = f"{','.join(TIMETABLE_COLUMNS)}\n,pool,,C-0150,MATHS-A,{NEW_SLOT},,50,\n".encode()
    return str(home.app.batches.submit_file(home.who(TEACHER), content, "key-of-a-batch").id)
