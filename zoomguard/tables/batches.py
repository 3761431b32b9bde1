"""Batches: many asks at once, each row a unit with an outcome of its own."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import col, select

from zoomguard.tables.database import Transaction
from zoomguard.tables.types import Personal, Row, RowKind, UTCDateTime, chosen, column, key


class RowOutcome(StrEnum):
    """What came of a row; `waiting` is the only one that is not final."""

    WAITING = "waiting"
    CREATED = "created"
    PLANNED = "planned"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    FAILED = "failed"
    SKIPPED = "skipped"


class Batch(Row, table=True):
    """A file or a series that somebody sent."""

    __tablename__ = "batch"
    KIND: ClassVar[RowKind] = RowKind.DECISION

    id: str = key()
    key: str = column(unique=True)
    kind: str = column()
    made_by: str = column(Personal.PSEUDONYM)
    made_at: datetime = column(type=UTCDateTime)
    body_hash: str = column()
    ended_at: datetime | None = column(default=None, type=UTCDateTime)
    version: int = column(default=1)


class BatchRow(Row, table=True):
    """One row: what was asked, sealed, and what came of it."""

    __tablename__ = "batch_row"
    KIND: ClassVar[RowKind] = RowKind.DECISION
    __table_args__ = (sa.UniqueConstraint("batch_id", "position"),)

    id: str = key()
    batch_id: str = column(foreign_key="batch.id", index=True)
    position: int = column()
    # The line of the file; several rows of a series share it.
    line: int = column()
    row_key: str = column()
    label: str = column()
    ask: str = column(Personal.PERSONAL, "erasure")
    starts_at: datetime | None = column(default=None, type=UTCDateTime)
    outcome: RowOutcome = column(type=chosen(RowOutcome, "outcome"), default=RowOutcome.WAITING)
    code: str = column(default="")
    remedy: str = column(default="")
    findings: str = column(Personal.PSEUDONYM, default="[]")
    session_id: str | None = column(default=None, foreign_key="video_session.id")
    version: int = column(default=1)


def by_key(tx: Transaction, batch_key: str) -> Batch | None:
    """The batch that was sent under a key."""
    return tx.first(select(Batch).where(Batch.key == batch_key))


def rows_of(tx: Transaction, batch_id: str) -> list[BatchRow]:
    """All rows of a batch, in the order of the file."""
    return tx.all(select(BatchRow).where(BatchRow.batch_id == batch_id).order_by(col(BatchRow.position)))


def waiting(tx: Transaction, batch_id: str, most: int) -> list[BatchRow]:
    """Rows that nothing has come of yet, earliest lesson first."""
    query = select(BatchRow).where(BatchRow.batch_id == batch_id, BatchRow.outcome == RowOutcome.WAITING)
    return tx.all(query.order_by(col(BatchRow.starts_at), col(BatchRow.position)).limit(most))
