"""How a file is taken in: planned line by line, written whole or not at all, with one audit event."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum
from typing import Any, Protocol, TypedDict

from sqlmodel import select

from zoomguard.application import work
from zoomguard.application.ports import Clock
from zoomguard.domain import ids
from zoomguard.domain.audit import Event
from zoomguard.domain.csv_files import BadLine, FileRows, Numbered
from zoomguard.domain.errors import BadInput
from zoomguard.domain.people import OPERATOR, Who
from zoomguard.domain.people_files import ImportAnswer
from zoomguard.tables.database import Database, Transaction
from zoomguard.tables.install import Install
from zoomguard.tables.types import Row


class Outcome(IntEnum):
    """What a line does; of several things it does, the greatest counts."""

    SAME = 0
    CHANGED = 1
    NEW = 2


@dataclass(frozen=True)
class Ask:
    """A file and how it is to be taken in. `accept_changes` lets through what could hand somebody's access
    to somebody else: another address, another birth, contact where there was to be none."""

    content: bytes = field(repr=False)
    by: Who = OPERATOR
    skip_bad: bool = False
    dry_run: bool = False
    accept_changes: bool = False

    @property
    def sha256(self) -> str:
        """The file's digest in hex."""
        return hashlib.sha256(self.content).hexdigest()


class How(TypedDict, total=False):
    """The parts of an Ask that a caller may leave out."""

    by: Who
    skip_bad: bool
    dry_run: bool
    accept_changes: bool


@dataclass
class Plan:
    """What a file would do. Nothing is touched before `write`; `first` are rows that others refer to, `due` is
    what is to be done after it, as kind and subject of work."""

    refused: list[BadLine]
    first: list[Row] = field(default_factory=list)
    then: list[Row] = field(default_factory=list)
    changes: list[tuple[Row, dict[str, object]]] = field(default_factory=list)
    due: set[tuple[str, str]] = field(default_factory=set)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    pending: int = 0

    def lines(self, rows: Iterable[Numbered], importer: Importer) -> None:
        """Plans each line; one that raises BadInput is refused."""
        for row in rows:
            try:
                self.outcomes[importer.line(self, row)] += 1
            except BadInput as error:
                self.refused.append(BadLine(row.line, error.code, error.message, error.remedy))

    def change(self, row: Row, columns: dict[str, object]) -> Outcome:
        """Plans another value for columns; without any the row stays the same."""
        if not columns:
            return Outcome.SAME
        self.changes.append((row, columns))
        return Outcome.CHANGED

    def answer(self, kind: str) -> ImportAnswer:
        """The lines counted."""
        new, changed, same = (self.outcomes[o] for o in (Outcome.NEW, Outcome.CHANGED, Outcome.SAME))
        refused = tuple(sorted(self.refused, key=lambda bad: bad.line))
        return ImportAnswer(kind, new, changed, same, self.pending, refused)

    def write(self, tx: Transaction, now: datetime) -> None:
        """Adds and changes all rows."""
        tx.add(*self.first)
        for row, columns in self.changes:
            for name, value in columns.items():
                setattr(row, name, value)
        tx.flush()
        tx.add(*self.then)
        for kind, subject in sorted(self.due):
            work.put(tx, kind, subject, now)


class Importer(Protocol):
    """Plans the lines of one file."""

    def line(self, plan: Plan, row: Any) -> Outcome:
        """Plans one line. Raises BadInput before it plans anything."""


def take_in(
    database: Database, clock: Clock, kind: str, ask: Ask, file: FileRows[Any], importer: ImporterOf
) -> ImportAnswer:
    """All or nothing: bad lines keep a file out, unless they are to be skipped. A dry run only reads."""
    with database.reading() if ask.dry_run else database.deciding() as tx:
        if not ask.dry_run:
            one_at_a_time(tx)
        plan = Plan(list(file.bad))
        plan.lines(file.rows, importer(tx))
        answer = plan.answer(kind)
        if ask.dry_run or (answer.refused and not ask.skip_bad):
            return answer
        if answer.new or answer.changed:
            now = clock.now()
            plan.write(tx, now)
            tx.commit(audit=_event(answer, ask, ids.ulid(now)))
    return replace(answer, written=True)


ImporterOf = Callable[[Transaction], Importer]


def one_at_a_time(tx: Transaction) -> None:
    """Waits for any other import: two files at once could both find the same person new."""
    tx.first(select(Install).with_for_update())


def _event(answer: ImportAnswer, ask: Ask, import_id: str) -> Event:
    payload = {
        "kind": answer.kind,
        "sha256": ask.sha256,
        "new": answer.new,
        "changed": answer.changed,
        "same": answer.same,
        "pending": answer.pending,
        "skipped": len(answer.refused),
        "accepted_changes": ask.accept_changes,
    }
    action = "consents.imported" if answer.kind == "consents" else "people.imported"
    return Event(action, "import", import_id, ask.by.id, payload)
