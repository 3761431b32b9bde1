"""Sessions, their rosters, evaluations, doors, and the steps taken at Zoom."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import col, select

from zoomguard.domain.sessions import RESERVING, SessionState, overlaps
from zoomguard.tables.database import Transaction
from zoomguard.tables.types import Personal, Row, RowKind, UTCDateTime, chosen, column, key


class StepState(StrEnum):
    """What is known of one thing that was sent to the outside."""

    INTENDED = "intended"
    SENT = "sent"
    UNKNOWN = "unknown"
    DONE = "done"
    REFUSED = "refused"
    GIVEN_UP = "given_up"


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
    change_note: str = column(Personal.PERSONAL, "erasure", default="")
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


def removed_addresses(tx: Transaction, session_id: str) -> frozenset[str]:
    """The opaque addresses of those who left the roster."""
    query = select(SessionChild.address).where(
        SessionChild.session_id == session_id, SessionChild.state == ChildState.REMOVED
    )
    return frozenset(tx.all(query))


def last_lessons(tx: Transaction, courses: frozenset[str], teacher_id: str = "") -> dict[str, VideoSession]:
    """The latest lesson of each course that stands or took place; that this person taught, where one is named."""
    query = select(VideoSession).where(col(VideoSession.course).in_(courses), col(VideoSession.state).not_in(NOT_HELD))
    if teacher_id:
        query = query.where(VideoSession.teacher_id == teacher_id)
    rows = tx.all(query.order_by(col(VideoSession.starts_at).desc()).limit(500))
    return {row.course: row for row in reversed(rows)}


def planned_of(tx: Transaction, teacher_id: str) -> list[VideoSession]:
    """The planned sessions of a teacher, earliest lesson first."""
    query = select(VideoSession).where(
        VideoSession.teacher_id == teacher_id, VideoSession.state == SessionState.PLANNED
    )
    return tx.all(query.order_by(col(VideoSession.starts_at), col(VideoSession.id)))


def clashes(
    tx: Transaction, person_ids: frozenset[str], starts_at: datetime, minutes: int, without: str = ""
) -> dict[str, tuple[str, ...]]:
    """For each person the short ids of the reserving sessions that overlap the slot, as adult or child.

    A session under change counts at its old and its new time, with its old and its new people.
    """
    near = {i: s for i, s in _reserving_near(tx, starts_at, minutes).items() if i != without}
    found: dict[str, list[str]] = {p: [] for p in person_ids}
    for session in near.values():
        for person in person_ids & adults_of(session):
            found[person].append(session.short_id)
    children = select(SessionChild).where(
        col(SessionChild.session_id).in_(near),
        col(SessionChild.child_id).in_(person_ids),
        SessionChild.state == ChildState.ADDED,
    )
    for child in tx.all(children):
        found[child.child_id].append(near[child.session_id].short_id)
    return {p: tuple(sorted(set(s))) for p, s in found.items()}


def next_to(
    tx: Transaction, person_id: str, starts_at: datetime, minutes: int, without: str = ""
) -> list[tuple[VideoSession, int]]:
    """The sessions of an adult that end or begin within an hour of a slot, with the minutes between."""
    ends_at, hour = starts_at + timedelta(minutes=minutes), timedelta(hours=1)
    near = _reserving_near(tx, starts_at - hour, minutes + 120)
    found = []
    for session in near.values():
        if session.id == without or person_id not in adults_of(session):
            continue
        end = session.starts_at + timedelta(minutes=session.minutes)
        gap = session.starts_at - ends_at if session.starts_at >= ends_at else starts_at - end
        if timedelta(0) <= gap < hour:
            found.append((session, int(gap.total_seconds() // 60)))
    return sorted(found, key=lambda f: f[1])


def adults_of(session: VideoSession) -> frozenset[str]:
    """Teacher and observer, and during a change those to be."""
    named = (session.teacher_id, session.observer_id, session.next_teacher_id, session.next_observer_id)
    return frozenset(p for p in named if p)


def _reserving_near(tx: Transaction, starts_at: datetime, minutes: int) -> dict[str, VideoSession]:
    from_at, until_at = starts_at - timedelta(hours=24), starts_at + timedelta(minutes=minutes)

    def within(column: Any) -> Any:
        return sa.and_(column > from_at, column < until_at)

    rows = tx.all(
        select(VideoSession).where(
            col(VideoSession.state).in_(RESERVING),
            sa.or_(within(col(VideoSession.starts_at)), within(col(VideoSession.next_starts_at))),
        )
    )
    return {s.id: s for s in rows if any(overlaps(*slot, starts_at, minutes) for slot in slots_of(s))}


def slots_of(session: VideoSession) -> list[tuple[datetime, int]]:
    """The times that a session takes: its own, and during a change the one to be."""
    slots = [(session.starts_at, session.minutes)]
    if session.next_starts_at is not None:
        slots.append((session.next_starts_at, session.next_minutes or session.minutes))
    return slots


def reserves(tx: Transaction, session_id: str) -> list[SessionReserve]:
    """The named reserves of a session, by rank."""
    query = select(SessionReserve).where(SessionReserve.session_id == session_id)
    return tx.all(query.order_by(col(SessionReserve.rank)))


def evaluations(tx: Transaction, session_id: str) -> list[EvaluationRow]:
    """The evaluations of a session, oldest first."""
    return tx.all(select(EvaluationRow).where(EvaluationRow.session_id == session_id).order_by(col(EvaluationRow.id)))


def steps(tx: Transaction, kind: str, subject_id: str) -> list[Step]:
    """The history of one kind of step, oldest first."""
    return tx.all(select(Step).where(Step.kind == kind, Step.subject_id == subject_id).order_by(col(Step.id)))


NOT_HELD = (SessionState.REFUSED, SessionState.CANCELLED, SessionState.FAILED, SessionState.REMOVING)
# States in which a session can have been held.
HELD = tuple(s for s in SessionState if s.value in ("scheduled", "at_risk", "live", "ended", "accounted", "moving"))
