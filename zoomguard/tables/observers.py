"""Who was asked to observe a session, and what they answered."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlmodel import col, select

from zoomguard.tables.database import Transaction
from zoomguard.tables.types import Personal, Row, RowKind, UTCDateTime, chosen, column, key


class AskKind(StrEnum):
    """As what somebody was asked."""

    ASSIGNED = "assigned"
    RESERVE = "reserve"
    POOL = "pool"


class AskState(StrEnum):
    """What came of it: `covered` where somebody else said yes first, `ended` where the question fell away, or
    where somebody let the person go (see `ObserverAsk.released`)."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    COVERED = "covered"
    ENDED = "ended"


class ObserverAsk(Row, table=True):
    """One question to one member of staff about one session; the link's token is kept as a digest."""

    __tablename__ = "observer_ask"
    KIND: ClassVar[RowKind] = RowKind.DECISION

    id: str = key()
    session_id: str = column(foreign_key="video_session.id", index=True)
    person_id: str = column(Personal.PSEUDONYM, foreign_key="person.id", index=True)
    kind: AskKind = column(type=chosen(AskKind, "kind"))
    token_sha256: str = column(Personal.SECRET, unique=True)
    state: AskState = column(type=chosen(AskState, "state"), default=AskState.OPEN)
    asked_at: datetime = column(type=UTCDateTime)
    answered_at: datetime | None = column(default=None, type=UTCDateTime)
    answered_by: str = column(Personal.PSEUDONYM, default="")
    version: int = column(default=1)

    @property
    def released(self) -> bool:
        """Whether `answered_by`, somebody else, let this person go. A question that ends otherwise keeps no answer."""
        return self.state is AskState.ENDED and self.answered_by not in ("", self.person_id)

    @property
    def is_off(self) -> bool:
        """Whether this person will not observe: said no, or was let go."""
        return self.state is AskState.DECLINED or self.released


def asks_of(tx: Transaction, session_id: str) -> list[ObserverAsk]:
    """Everybody who was asked about a session, oldest first."""
    return tx.all(select(ObserverAsk).where(ObserverAsk.session_id == session_id).order_by(col(ObserverAsk.id)))


def let_go(tx: Transaction, session_id: str) -> set[str]:
    """Who was let go from a session."""
    return {a.person_id for a in asks_of(tx, session_id) if a.released}


def waited_for(tx: Transaction, session_id: str) -> tuple[str, ...]:
    """Who was asked to observe a session and has not answered."""
    return tuple({a.person_id for a in asks_of(tx, session_id) if a.state is AskState.OPEN})


def ask_by_token(tx: Transaction, digest: str) -> ObserverAsk | None:
    """The question that a link belongs to."""
    return tx.first(select(ObserverAsk).where(ObserverAsk.token_sha256 == digest))


def off(tx: Transaction, session_id: str) -> set[str]:
    """Who will not observe a session: said no, and was not asked again since, or was let go."""
    newest = {a.person_id: a for a in asks_of(tx, session_id)}
    return {person_id for person_id, asked in newest.items() if asked.is_off} | let_go(tx, session_id)


def open_to(person_id: str) -> Any:
    """The ids of the sessions that somebody was asked to observe and has not answered about, as a query."""
    return select(ObserverAsk.session_id).where(ObserverAsk.person_id == person_id, ObserverAsk.state == AskState.OPEN)


def latest_in(tx: Transaction, session_ids: frozenset[str]) -> dict[tuple[str, str], ObserverAsk]:
    """The newest question to each person, by session and person."""
    query = select(ObserverAsk).where(col(ObserverAsk.session_id).in_(session_ids)).order_by(col(ObserverAsk.id))
    return {(a.session_id, a.person_id): a for a in tx.all(query)}
