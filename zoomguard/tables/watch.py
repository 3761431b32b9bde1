"""What Zoom told us: raw webhook events, and the meeting instances they named."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import col, select

from zoomguard.tables.database import Transaction
from zoomguard.tables.types import Personal, Row, RowKind, UTCDateTime, column, key


class ZoomEvent(Row, table=True):
    """One delivery; the same one is kept once. The body is sealed, secrets were cut out before."""

    __tablename__ = "zoom_event"
    KIND: ClassVar[RowKind] = RowKind.OBSERVATION

    id: str = key()
    dedupe_key: str = column(unique=True)
    event: str = column()
    event_at: datetime | None = column(default=None, type=UTCDateTime)
    received_at: datetime = column(type=UTCDateTime)
    number: int | None = column(default=None, type=sa.BigInteger)
    uuid: str = column(default="")
    body: str | None = column(Personal.PERSONAL, "30 days after the coverage record", default=None)
    body_sha256: str = column()


class MeetingInstance(Row, table=True):
    """A meeting instance that was seen."""

    __tablename__ = "meeting_instance"
    KIND: ClassVar[RowKind] = RowKind.OBSERVATION

    uuid: str = key()
    session_id: str | None = column(default=None, foreign_key="video_session.id", index=True)
    number: int = column(type=sa.BigInteger)
    first_seen_at: datetime = column(type=UTCDateTime)


def receipts(tx: Transaction) -> int:
    """How many deliveries were kept."""
    return len(tx.all(select(ZoomEvent.id)))


def started_numbers(tx: Transaction, numbers: frozenset[int | None]) -> set[int]:
    """Of these meeting numbers the ones that Zoom told us had started."""
    query = select(ZoomEvent.number).where(ZoomEvent.event == "meeting.started", col(ZoomEvent.number).in_(numbers))
    return set(tx.all(query))


def started_since(tx: Transaction, number: int, since: datetime) -> bool:
    """Whether Zoom told us that this meeting started at that moment or later."""
    happened_at = sa.func.coalesce(col(ZoomEvent.event_at), col(ZoomEvent.received_at))
    query = select(ZoomEvent.id).where(
        ZoomEvent.event == "meeting.started", ZoomEvent.number == number, happened_at >= since
    )
    return tx.first(query.limit(1)) is not None
