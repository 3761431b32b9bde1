"""Consent events: appended, never changed."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from sqlmodel import col, select

from zoomguard.domain.consents import ConsentType, Scope
from zoomguard.tables.database import Transaction
from zoomguard.tables.types import Personal, Row, RowKind, UTCDateTime, chosen, column, key


class ConsentEventRow(Row, table=True):
    """What a guardian (or a learner of age) answered about one scope."""

    __tablename__ = "consent_event"
    KIND: ClassVar[RowKind] = RowKind.DECISION_APPENDED

    id: str = key()
    child_id: str = column(Personal.PSEUDONYM, foreign_key="person.id", index=True)
    giver_id: str = column(Personal.PSEUDONYM, foreign_key="person.id")
    scope: Scope = column(type=chosen(Scope, "scope"))
    type: ConsentType = column(type=chosen(ConsentType, "type"))
    effective_on: date = column()
    valid_until_on: date | None = column(default=None)
    received_at: datetime = column(type=UTCDateTime)
    recorded_at: datetime = column(type=UTCDateTime)
    recorded_by: str = column(Personal.PSEUDONYM)
    method: str = column(default="")
    form_version: str = column(default="")
    evidence_ref: str = column(Personal.PERSONAL, default="")
    verified_by: str | None = column(Personal.PSEUDONYM, default=None)
    verified_on: date | None = column(default=None)
    content_hash: str = column(index=True)


def of_children(tx: Transaction, child_ids: frozenset[str], scopes: tuple[Scope, ...]) -> list[ConsentEventRow]:
    """All events of these children about these scopes, in one query."""
    return tx.all(
        select(ConsentEventRow)
        .where(col(ConsentEventRow.child_id).in_(child_ids), col(ConsentEventRow.scope).in_(scopes))
        .order_by(col(ConsentEventRow.id))
    )
