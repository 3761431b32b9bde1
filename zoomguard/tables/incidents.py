"""Incidents that a person must close, and what came of them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import col, select

from zoomguard.domain.incidents import GRAVE, IncidentKind
from zoomguard.tables.database import Transaction
from zoomguard.tables.types import Personal, Row, RowKind, UTCDateTime, chosen, column, key

# What was missing came after all: a person still closes the incident, and nothing is missing any more.
ARRIVED = "arrived"
# What a history says once the leads were written to.
TOLD = "told"


class Incident(Row, table=True):
    """One thing that was found about one subject; `detail` is JSON of ids, keys and counts."""

    __tablename__ = "incident"
    KIND: ClassVar[RowKind] = RowKind.DECISION
    __table_args__ = (
        sa.Index(
            "uq_incident_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        ),
    )

    id: str = key()
    short_id: str = column(unique=True)
    kind: IncidentKind = column(type=chosen(IncidentKind, "kind"))
    subject: str = column(index=True)
    session_id: str | None = column(default=None, index=True)
    recording_id: str | None = column(default=None, index=True)
    detail: str = column(default="{}")
    opened_at: datetime = column(type=UTCDateTime)
    closed_at: datetime | None = column(default=None, type=UTCDateTime)
    closed_by: str = column(Personal.PSEUDONYM, default="")
    version: int = column(default=1)


class IncidentEvent(Row, table=True):
    """One line of an incident's history; a person's words are sealed."""

    __tablename__ = "incident_event"
    KIND: ClassVar[RowKind] = RowKind.DECISION_APPENDED

    id: str = key()
    incident_id: str = column(foreign_key="incident.id", index=True)
    at: datetime = column(type=UTCDateTime)
    by: str = column(Personal.PSEUDONYM)
    what: str = column()
    note: str = column(Personal.PERSONAL, "erasure", default="")


def find(tx: Transaction, id_or_short: str) -> Incident | None:
    """An incident by its id or short id."""
    named = sa.or_(col(Incident.id) == id_or_short, col(Incident.short_id) == id_or_short)
    return tx.first(select(Incident).where(named))


def latest(tx: Transaction, kind: IncidentKind, subject: str) -> Incident | None:
    """The newest incident of a kind about a subject, open or closed."""
    query = select(Incident).where(Incident.kind == kind, Incident.subject == subject)
    return tx.first(query.order_by(col(Incident.id).desc()).limit(1))


def unclosed(tx: Transaction, kind: IncidentKind | None = None) -> list[Incident]:
    """Open incidents, oldest first."""
    query = select(Incident).where(col(Incident.closed_at).is_(None)).order_by(col(Incident.id))
    return tx.all(query if kind is None else query.where(Incident.kind == kind))


def grave(tx: Transaction) -> list[Incident]:
    """Open incidents of grave kinds, oldest first, but for those about something that came after all."""
    arrived = set(tx.all(select(IncidentEvent.incident_id).where(IncidentEvent.what == ARRIVED)))
    return [i for i in unclosed(tx) if i.kind in GRAVE and i.id not in arrived]


def counted(tx: Transaction) -> dict[IncidentKind, int]:
    """How many incidents of each kind are open."""
    query = select(Incident.kind, sa.func.count()).where(col(Incident.closed_at).is_(None))
    return dict(tx.all(query.group_by(col(Incident.kind))))


def listed(tx: Transaction, *, closed: bool, most: int) -> list[Incident]:
    """Incidents, open ones alone unless `closed`: open and grave ones first, each newest first."""
    first = (col(Incident.closed_at).is_not(None), col(Incident.kind).not_in(GRAVE), col(Incident.id).desc())
    query = select(Incident).order_by(*first).limit(most)
    return tx.all(query if closed else query.where(col(Incident.closed_at).is_(None)))


def events(tx: Transaction, incident_id: str) -> list[IncidentEvent]:
    """The history of an incident, oldest first."""
    return tx.all(select(IncidentEvent).where(IncidentEvent.incident_id == incident_id).order_by(col(IncidentEvent.id)))


def hold_untold(tx: Transaction, kind: IncidentKind) -> list[Incident]:
    """Open incidents of a kind of which nobody was told, oldest first, locked and then read again: whoever tells of
    them in this moment is waited for."""
    told = sa.exists().where(col(IncidentEvent.incident_id) == col(Incident.id), col(IncidentEvent.what) == TOLD)
    untold = select(Incident).where(Incident.kind == kind, col(Incident.closed_at).is_(None), ~told)
    query = untold.order_by(col(Incident.id))
    tx.all(query.with_for_update(key_share=True))
    return tx.all(query)


def last_told_at(tx: Transaction, kind: IncidentKind) -> datetime | None:
    """When somebody was told of an incident of a kind last."""
    of_kind = select(IncidentEvent.at).join(Incident, col(Incident.id) == col(IncidentEvent.incident_id))
    told = of_kind.where(Incident.kind == kind, IncidentEvent.what == TOLD)
    found: datetime | None = tx.first(told.order_by(col(IncidentEvent.at).desc()).limit(1))
    return found
