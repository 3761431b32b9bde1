"""Messages to people, and each try to deliver them. No message is ever deleted."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import col, select

from zoomguard.tables.database import Transaction
from zoomguard.tables.types import Personal, Row, RowKind, UTCDateTime, chosen, column, key


class MessageState(StrEnum):
    """Where a message stands."""

    QUEUED = "queued"
    SENT = "sent"
    BOUNCED = "bounced"
    DROPPED = "dropped"


class Message(Row, table=True):
    """One mail to one person; the body is sealed because it holds a door."""

    __tablename__ = "message"
    KIND: ClassVar[RowKind] = RowKind.DECISION
    __table_args__ = (sa.UniqueConstraint("subject_id", "template", "to_person_id", "step"),)

    id: str = key()
    to_person_id: str = column(Personal.PSEUDONYM, foreign_key="person.id", index=True)
    template: str = column()
    template_version: str = column()
    subject_kind: str = column()
    subject_id: str = column(index=True)
    subject_line: str = column()
    body: str = column(Personal.PERSONAL, "erasure")
    # The calendar entry that goes with it, sealed because it holds a door.
    calendar: str = column(Personal.SECRET, default="")
    calendar_method: str = column(default="")
    audience: str = column(default="guardian")
    # Why it waits, and for whom: free text to a child waits for a designated person.
    reason: str = column(default="")
    awaits: str = column(default="")
    step: int = column(default=0)
    not_before_at: datetime = column(type=UTCDateTime)
    state: MessageState = column(type=chosen(MessageState, "state"), default=MessageState.QUEUED)
    made_at: datetime = column(type=UTCDateTime)
    version: int = column(default=1)


class Delivery(Row, table=True):
    """One try to hand a message to the mail server."""

    __tablename__ = "delivery"
    KIND: ClassVar[RowKind] = RowKind.OBSERVATION

    id: str = key()
    message_id: str = column(foreign_key="message.id", index=True)
    at: datetime = column(type=UTCDateTime)
    outcome: str = column()
    detail: str = column(default="")


def about(tx: Transaction, subject_id: str) -> list[Message]:
    """All messages about a session."""
    return tx.all(select(Message).where(Message.subject_id == subject_id).order_by(col(Message.id)))
