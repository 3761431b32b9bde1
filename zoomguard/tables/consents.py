"""Consent events, appended and never changed; and the lessons that wanted one which was not there."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import col, select

from zoomguard.domain.consents import ConsentType, Scope
from zoomguard.domain.sessions import SessionState
from zoomguard.tables.database import Transaction
from zoomguard.tables.people import Relation
from zoomguard.tables.sessions import VideoSession
from zoomguard.tables.types import Personal, Row, RowKind, UTCDateTime, chosen, column, key

CALLED_OFF = (SessionState.REMOVING, SessionState.CANCELLED, SessionState.FAILED)


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


class PermissionWanted(Row, table=True):
    """A lesson for which a learner's permission was not there when it was asked for; `session_id` is "" for an ask
    that made none."""

    __tablename__ = "permission_wanted"
    KIND: ClassVar[RowKind] = RowKind.SERVICE
    __table_args__ = (sa.UniqueConstraint("child_id", "teacher_id", "starts_at", "session_id"),)

    id: str = key()
    child_id: str = column(Personal.PSEUDONYM, foreign_key="person.id")
    teacher_id: str = column(Personal.PSEUDONYM, foreign_key="person.id")
    session_id: str = column(default="")
    course: str = column()
    starts_at: datetime = column(type=UTCDateTime, index=True)
    zone: str = column()
    at: datetime = column(type=UTCDateTime)


def wanted_after(tx: Transaction, moment: datetime) -> list[PermissionWanted]:
    """Which lessons after that moment want a permission, soonest first; a session that was called off, or is at
    another time, wants none."""
    same = col(VideoSession.id) == col(PermissionWanted.session_id)
    stands = sa.and_(
        col(VideoSession.state).not_in(CALLED_OFF), col(VideoSession.starts_at) == col(PermissionWanted.starts_at)
    )
    query = (
        select(PermissionWanted)
        .outerjoin(VideoSession, same)
        .where(col(PermissionWanted.starts_at) > moment, sa.or_(col(PermissionWanted.session_id) == "", stands))
    )
    return tx.all(query.order_by(col(PermissionWanted.starts_at), col(PermissionWanted.id)))


def of_children(tx: Transaction, child_ids: frozenset[str], scopes: tuple[Scope, ...]) -> list[ConsentEventRow]:
    """All events of these children about these scopes, in one query."""
    return tx.all(
        select(ConsentEventRow)
        .where(col(ConsentEventRow.child_id).in_(child_ids), col(ConsentEventRow.scope).in_(scopes))
        .order_by(col(ConsentEventRow.id))
    )


def with_authority(tx: Transaction, child_ids: frozenset[str]) -> list[tuple[ConsentEventRow, bool]]:
    """All events of these children, each with whether its giver holds parental responsibility."""
    same = sa.and_(
        col(Relation.person_id) == col(ConsentEventRow.giver_id),
        col(Relation.child_id) == col(ConsentEventRow.child_id),
    )
    rows = tx.all(
        select(ConsentEventRow, Relation.parental_responsibility)
        .outerjoin(Relation, same)
        .where(col(ConsentEventRow.child_id).in_(child_ids))
        .order_by(col(ConsentEventRow.id))
    )
    return [(row, bool(authority)) for row, authority in rows]


def known_hashes(tx: Transaction, hashes: tuple[str, ...]) -> frozenset[str]:
    """Which of these contents are on record already."""
    found = tx.all(select(ConsentEventRow.content_hash).where(col(ConsentEventRow.content_hash).in_(hashes)))
    return frozenset(found)
