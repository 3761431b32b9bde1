"""Sessions, their rosters, evaluations, doors, and the steps taken at Zoom."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import col, select

from zoomguard.domain.sessions import RESERVING, SessionState, overlaps
from zoomguard.tables.database import Transaction
from zoomguard.tables.types import Personal, Row, RowKind, UTCDateTime, chosen, column, key
from zoomguard.tables.watch import ZoomEvent


class StepState(StrEnum):
    """What is known of one thing that was sent to the outside."""

    INTENDED = "intended"
    SENT = "sent"
    UNKNOWN = "unknown"
    DONE = "done"
    REFUSED = "refused"
    GIVEN_UP = "given_up"


class DoorState(StrEnum):
    """Whether a door may open."""

    OPEN = "open"
    SHUT = "shut"


class VideoSession(Row, table=True):
    """A planned lesson. Its state is decided only in a transaction of ours."""

    __tablename__ = "video_session"
    KIND: ClassVar[RowKind] = RowKind.DECISION

    id: str = key()
    short_id: str = column(unique=True)
    state: SessionState = column(type=chosen(SessionState, "state"), index=True)
    course: str = column()
    teacher_id: str = column(Personal.PSEUDONYM, foreign_key="person.id", index=True)
    observer_id: str = column(Personal.PSEUDONYM, foreign_key="person.id", index=True)
    starts_at: datetime = column(type=UTCDateTime, index=True)
    minutes: int = column()
    zone: str = column()
    local_start: str = column()
    host_zoom_id: str = column(Personal.PSEUDONYM, default="")
    meeting_number: int | None = column(default=None, type=sa.BigInteger, index=True)
    attempt: int = column(default=0)
    passcode: str = column(Personal.SECRET, default="")
    terms_version: str = column()
    requested_by: str = column(Personal.PSEUDONYM)
    removal_reason: str = column(default="")
    idempotency_key: str | None = column(default=None, unique=True)
    body_hash: str = column()
    made_at: datetime = column(type=UTCDateTime)
    batch_id: str | None = column(default=None)
    # The observer was picked by us, and may be picked anew.
    pool: bool = column(default=False)
    accepted_at: datetime | None = column(default=None, type=UTCDateTime)
    # A change under way, and what is wanted: both the old and the new count as taken until Zoom's answer decides.
    change: str = column(default="")
    changed_by: str = column(Personal.PSEUDONYM, default="")
    next_teacher_id: str | None = column(Personal.PSEUDONYM, default=None)
    next_observer_id: str | None = column(Personal.PSEUDONYM, default=None)
    next_starts_at: datetime | None = column(default=None, type=UTCDateTime)
    next_minutes: int | None = column(default=None)
    next_zone: str = column(default="")
    next_local_start: str = column(default="")
    # SEQUENCE of the calendar entry (RFC 5545): raised with each change that people are told of.
    sequence: int = column(default=0)
    # How often settings changed in Zoom were put back.
    repairs: int = column(default=0)
    risk: str = column(default="")
    direct_at: datetime | None = column(default=None, type=UTCDateTime)
    version: int = column(default=1)


class ChildState(StrEnum):
    """Whether a child is on the roster."""

    ADDED = "added"
    REMOVED = "removed"


class SessionChild(Row, table=True):
    """A child on a session's roster with the personal entry at Zoom; address and number are opaque."""

    __tablename__ = "session_child"
    KIND: ClassVar[RowKind] = RowKind.DECISION

    session_id: str = column(primary_key=True, foreign_key="video_session.id")
    child_id: str = column(Personal.PSEUDONYM, primary_key=True, foreign_key="person.id", index=True)
    position: int = column()
    address: str = column(Personal.PSEUDONYM, unique=True)
    registrant_id: str = column(Personal.PSEUDONYM, default="")
    join_url: str = column(Personal.SECRET, default="")
    state: ChildState = column(type=chosen(ChildState, "state"), default=ChildState.ADDED)


class SessionReserve(Row, table=True):
    """A named reserve: asked in order of rank when the observer says no."""

    __tablename__ = "session_reserve"
    KIND: ClassVar[RowKind] = RowKind.DECISION

    session_id: str = column(primary_key=True, foreign_key="video_session.id")
    person_id: str = column(Personal.PSEUDONYM, primary_key=True, foreign_key="person.id")
    rank: int = column()


class EvaluationRow(Row, table=True):
    """Rules asked about one session (or a refused ask, which has none) on one occasion."""

    __tablename__ = "evaluation"
    KIND: ClassVar[RowKind] = RowKind.DECISION_APPENDED

    id: str = key()
    session_id: str | None = column(default=None, foreign_key="video_session.id", index=True)
    occasion: str = column()
    at: datetime = column(type=UTCDateTime)
    terms_version: str = column()
    verdict: str = column()
    findings: str = column(Personal.PSEUDONYM)
    consent_event_ids: str = column()


class Door(Row, table=True):
    """Our own stable page in front of a Zoom link: found by the token's digest."""

    __tablename__ = "door"
    KIND: ClassVar[RowKind] = RowKind.DECISION

    id: str = key()
    token_sha256: str = column(Personal.SECRET, unique=True)
    session_id: str = column(foreign_key="video_session.id", index=True)
    person_id: str = column(Personal.PSEUDONYM, foreign_key="person.id")
    # Sealed: a change is told with the same door.
    token: str = column(Personal.SECRET, default="")
    state: DoorState = column(type=chosen(DoorState, "state"), default=DoorState.OPEN)


class DoorOpened(Row, table=True):
    """A door was used."""

    __tablename__ = "door_opened"
    KIND: ClassVar[RowKind] = RowKind.OBSERVATION

    id: str = key()
    door_id: str = column(foreign_key="door.id")
    at: datetime = column(type=UTCDateTime)


class Step(Row, table=True):
    """History of what was sent to the outside and what was learned; appended, holds no business state."""

    __tablename__ = "step"
    KIND: ClassVar[RowKind] = RowKind.SERVICE_APPENDED

    id: str = key()
    kind: str = column()
    subject_id: str = column(index=True)
    attempt: int = column()
    state: StepState = column(type=chosen(StepState, "state"))
    request_sha256: str = column(default="")
    outcome: str = column(default="")
    at: datetime = column(type=UTCDateTime)


class HostBudget(Row, table=True):
    """Creates and updates used of Zoom's 100 for each host and UTC day, counted before sending."""

    __tablename__ = "host_budget"

    host: str = column(Personal.PSEUDONYM, primary_key=True)
    utc_day: date = column(primary_key=True)
    used: int = column(default=0)


def find(tx: Transaction, id_or_short: str) -> VideoSession | None:
    """A session by its id or short id."""
    named = sa.or_(col(VideoSession.id) == id_or_short, col(VideoSession.short_id) == id_or_short)
    return tx.first(select(VideoSession).where(named))


def by_key(tx: Transaction, idempotency_key: str) -> VideoSession | None:
    """The session that an ask with this key made."""
    return tx.first(select(VideoSession).where(VideoSession.idempotency_key == idempotency_key))


def by_meeting(tx: Transaction, number: int) -> VideoSession | None:
    """The session that a meeting number belongs to."""
    return tx.first(
        select(VideoSession).where(VideoSession.meeting_number == number).order_by(col(VideoSession.id).desc())
    )


def roster(tx: Transaction, session_id: str) -> list[SessionChild]:
    """The children of a session who are on its roster, in the order they were named."""
    return tx.all(
        select(SessionChild)
        .where(SessionChild.session_id == session_id, SessionChild.state == ChildState.ADDED)
        .order_by(col(SessionChild.position))
    )


def rosters(tx: Transaction, session_ids: frozenset[str]) -> dict[str, list[SessionChild]]:
    """The rosters of several sessions in one query."""
    rows = tx.all(
        select(SessionChild)
        .where(col(SessionChild.session_id).in_(session_ids), SessionChild.state == ChildState.ADDED)
        .order_by(col(SessionChild.position))
    )
    return {i: [r for r in rows if r.session_id == i] for i in session_ids}


def clashes(
    tx: Transaction, person_ids: frozenset[str], starts_at: datetime, minutes: int, without: str = ""
) -> dict[str, tuple[str, ...]]:
    """For each person the short ids of the reserving sessions that overlap the slot, as adult or child."""
    near = _reserving_near(tx, starts_at, minutes)
    near = {i: s for i, s in near.items() if i != without}
    found: dict[str, list[str]] = {p: [] for p in person_ids}
    for session in near.values():
        for person in person_ids.intersection((session.teacher_id, session.observer_id)):
            found[person].append(session.short_id)
    children = select(SessionChild).where(
        col(SessionChild.session_id).in_(near),
        col(SessionChild.child_id).in_(person_ids),
        SessionChild.state == ChildState.ADDED,
    )
    for child in tx.all(children):
        found[child.child_id].append(near[child.session_id].short_id)
    return {p: tuple(sorted(set(s))) for p, s in found.items()}


def _reserving_near(tx: Transaction, starts_at: datetime, minutes: int) -> dict[str, VideoSession]:
    from_at, until_at = starts_at - timedelta(hours=24), starts_at + timedelta(minutes=minutes)
    rows = tx.all(
        select(VideoSession).where(
            col(VideoSession.state).in_(RESERVING),
            VideoSession.starts_at > from_at,
            VideoSession.starts_at < until_at,
        )
    )
    return {s.id: s for s in rows if overlaps(s.starts_at, s.minutes, starts_at, minutes)}


def evaluations(tx: Transaction, session_id: str) -> list[EvaluationRow]:
    """The evaluations of a session, oldest first."""
    return tx.all(select(EvaluationRow).where(EvaluationRow.session_id == session_id).order_by(col(EvaluationRow.id)))


def steps(tx: Transaction, kind: str, subject_id: str) -> list[Step]:
    """The history of one kind of step, oldest first."""
    return tx.all(select(Step).where(Step.kind == kind, Step.subject_id == subject_id).order_by(col(Step.id)))


# States in which a session can have been held.
HELD = tuple(s for s in SessionState if s.value in ("scheduled", "at_risk", "live", "ended", "accounted", "moving"))


def started_numbers(tx: Transaction, numbers: frozenset[int | None]) -> set[int]:
    """Of these meeting numbers the ones that Zoom told us had started."""
    query = select(ZoomEvent.number).where(ZoomEvent.event == "meeting.started", col(ZoomEvent.number).in_(numbers))
    return set(tx.all(query))
