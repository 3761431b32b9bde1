"""Work: whatever falls due. One open row for each kind and subject; the only place that knows when."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import col, select

from zoomguard.tables.database import Transaction
from zoomguard.tables.types import Row, RowKind, UTCDateTime, column, key


class Work(Row, table=True):
    """Something that falls due."""

    __tablename__ = "work"
    KIND: ClassVar[RowKind] = RowKind.SERVICE
    __table_args__ = (
        sa.Index(
            "uq_work_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        ),
        sa.Index("ix_work_due", "kind", "due_at", "done_at"),
    )

    id: str = key()
    kind: str = column()
    subject: str = column()
    due_at: datetime = column(type=UTCDateTime)
    attempts: int = column(default=0)
    asked: int = column(default=1)
    last_error_code: str = column(default="")
    done_at: datetime | None = column(default=None, type=UTCDateTime)
    version: int = column(default=1)


class Cursor(Row, table=True):
    """How far something got."""

    __tablename__ = "cursor"

    name: str = key()
    value: str = column()
    at: datetime = column(type=UTCDateTime)


def move(tx: Transaction, cursor: str, value: str, at: datetime) -> None:
    """Says how far something got, for the first time or anew."""
    row = tx.lock(Cursor, cursor)
    if row is None:
        tx.insert_new(Cursor(name=cursor, value=value, at=at))
    else:
        row.value, row.at = value, at


def open_row(tx: Transaction, kind: str, subject: str) -> Work | None:
    """The open work of a kind about a subject."""
    return tx.first(select(Work).where(Work.kind == kind, Work.subject == subject, col(Work.done_at).is_(None)))


def lock_open_row(tx: Transaction, kind: str, subject: str) -> Work | None:
    """The same, read afresh and locked: whoever closes it in this moment is waited for."""
    query = select(Work).where(Work.kind == kind, Work.subject == subject, col(Work.done_at).is_(None))
    return tx.first(query.with_for_update().execution_options(populate_existing=True))


def due(tx: Transaction, kinds: tuple[str, ...], now: datetime, most: int) -> list[Work]:
    """Open work that is due, earliest first."""
    return tx.all(
        select(Work)
        .where(col(Work.kind).in_(kinds), col(Work.done_at).is_(None), Work.due_at <= now)
        .order_by(col(Work.due_at), col(Work.id))
        .limit(most)
    )


def last_done(tx: Transaction, kind: str, subject: str) -> datetime | None:
    """When work of a kind about a subject was done last."""
    query = select(Work.done_at).where(Work.kind == kind, Work.subject == subject, col(Work.done_at).is_not(None))
    found: datetime | None = tx.first(query.order_by(col(Work.done_at).desc()))
    return found
