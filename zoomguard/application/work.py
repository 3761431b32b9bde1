"""Work: what falls due is put here, taken by whoever claims it, and done once.

A duty is an idempotent method that takes the subject of a row. The row says only when; whether something is done
is said by the topic's own tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from zoomguard.application.ports import Clock
from zoomguard.domain import ids
from zoomguard.domain.work import DueWork, pause_after
from zoomguard.tables import work as table
from zoomguard.tables.database import Database, Transaction


def put(tx: Transaction, kind: str, subject: str, due_at: datetime) -> None:
    """Makes work due; where the same is open already, the earlier moment counts.

    An open row is marked either way: whoever is at work on it now sees that it was asked for again meanwhile.
    """
    while (row := table.lock_open_row(tx, kind, subject)) is None:
        if tx.insert_new(table.Work(id=ids.ulid(due_at), kind=kind, subject=subject, due_at=due_at)):
            return
    row.asked += 1
    row.due_at = min(row.due_at, due_at)


def put_first(tx: Transaction, kind: str, due: Mapping[str, datetime]) -> None:
    """Makes work due about subjects that came into being in this transaction: nobody else can know of them yet."""
    tx.add(*(table.Work(id=ids.ulid(at), kind=kind, subject=subject, due_at=at) for subject, at in due.items()))


def finish(tx: Transaction, kind: str, subject: str, at: datetime) -> None:
    """Closes open work; nothing where there is none."""
    row = table.lock_open_row(tx, kind, subject)
    if row is not None:
        row.done_at = at


class WorkList:
    """What is due, and what came of a try."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database, self.clock = database, clock

    def put(self, kind: str, subject: str, due_at: datetime | None = None) -> None:
        """Makes work due (at once, where no moment is given)."""
        with self.database.deciding() as tx:
            put(tx, kind, subject, due_at or self.clock.now())
            tx.commit()

    def plan(self, kind: str, subject: str, every: timedelta) -> None:
        """Puts what comes by itself: due when the last was done `every` ago, at once where there was none."""
        with self.database.reading() as tx:
            if table.open_row(tx, kind, subject) is not None:
                return
            last = table.last_done(tx, kind, subject)
        now = self.clock.now()
        self.put(kind, subject, now if last is None else max(now, last + every))

    def due(self, kinds: tuple[str, ...], most: int = 50) -> tuple[DueWork, ...]:
        """Open work that is due now, earliest first."""
        with self.database.reading() as tx:
            rows = table.due(tx, kinds, self.clock.now(), most)
            return tuple(DueWork(w.id, w.kind, w.subject, w.attempts, w.asked) for w in rows)

    def is_open(self, work_id: str) -> bool:
        """Whether a row is still to be done: asked again once it is claimed."""
        with self.database.reading() as tx:
            row = tx.get(table.Work, work_id)
            return row is not None and row.done_at is None and row.due_at <= self.clock.now()

    def done(self, work: DueWork, again_at: datetime | None = None) -> None:
        """Closes a row, or sets it to a later moment where the duty said that it is not over. Work that was asked
        for again while it was done stays due."""
        with self.database.deciding() as tx:
            row = tx.lock(table.Work, work.id)
            if row is not None and row.done_at is None and row.asked == work.asked:
                if again_at is None:
                    row.done_at = self.clock.now()
                else:
                    row.due_at = again_at
            tx.commit()

    def postponed(self, work_id: str, code: str, retry_at: datetime | None = None) -> None:
        """Notes a failed try; the next is due when the other side said, or after a growing pause."""
        with self.database.deciding() as tx:
            row = tx.lock(table.Work, work_id)
            if row is not None and row.done_at is None:
                row.attempts += 1
                row.last_error_code = code
                now = self.clock.now()
                row.due_at = max(retry_at or now + pause_after(row.attempts), now + timedelta(seconds=1))
            tx.commit()
