"""What the topic of sessions works with, and the small things its files share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from zoomguard.application.messages import Post
from zoomguard.application.ports import Claims, Clock, ZoomMeetings, ZoomUsers
from zoomguard.application.seals import Seals
from zoomguard.domain import ids, meeting_plan
from zoomguard.domain.errors import Conflict, Fault, NotThere, Throttled
from zoomguard.domain.meeting_plan import GOVERNED, MeetingPlan
from zoomguard.domain.sessions import SessionState, SessionView, may_become
from zoomguard.rules.terms import Terms
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Database, Transaction
from zoomguard.tables.sessions import HostBudget, SessionChild, Step, StepState, VideoSession

CREATE, REMOVE, SWEEP, END = "create_meeting", "remove_meeting", "sweep_meetings", "end_session"
# Kinds of steps that are no work of their own: they belong to a creation.
REPAIR, REGISTER = "repair", "register"
# Zoom allows 100 creates and updates for each host and UTC day; 10 are kept back for repairs.
CREATES_A_DAY, WRITES_A_DAY = 90, 100
# A meeting whose creation is unknown is not made anew so shortly before the start.
TOO_LATE = timedelta(minutes=15)
CONFIRM_BEFORE = timedelta(minutes=30)
SETTINGS_COMPARED = len(GOVERNED) + 9


@dataclass(frozen=True)
class SessionParts:
    """Everything from outside that sessions need."""

    database: Database
    clock: Clock
    claims: Claims
    seals: Seals
    terms: Terms
    post: Post
    users: ZoomUsers
    meetings: ZoomMeetings
    installation: str
    staff_domains: tuple[str, ...]
    registrant_domain: str
    pause: Callable[[float], None]


def change_state(session: VideoSession, new: SessionState) -> None:
    """Moves a session along its transitions; anything else is a defect."""
    if not may_become(session.state, new):
        raise Fault(f"A session in state {session.state} cannot become {new}.", "Report this defect.")
    session.state = new


def locked(tx: Transaction, session_id: str, version: int | None = None) -> VideoSession:
    """The session, locked; Conflict where somebody changed it since `version` was read."""
    row = tx.lock(VideoSession, session_id)
    if row is None:
        raise NotThere("There is no such session for you.", "See: zoomguard sessions list")
    if version is not None and row.version != version:
        raise Conflict("The session was changed by somebody else meanwhile.", "Look again, then repeat.")
    return row


def number_of(session: VideoSession) -> int:
    """The meeting number of a session that has one; Fault where it has none."""
    if session.meeting_number is None:
        raise Fault("A session without a meeting was taken for one with it.", "Report this defect.")
    return session.meeting_number


def note_step(
    tx: Transaction, kind: str, session: VideoSession, state: StepState, at: datetime, outcome: str = ""
) -> None:
    """Appends to the history of what was sent and learned."""
    tx.add(
        Step(
            id=ids.ulid(at),
            kind=kind,
            subject_id=session.id,
            attempt=session.attempt,
            state=state,
            outcome=outcome,
            at=at,
        )
    )


def budget_used(tx: Transaction, host: str, now: datetime) -> int:
    """How many of Zoom's creates and updates this host used on this UTC day."""
    row = tx.get(HostBudget, (host, now.date()))
    return row.used if row else 0


def take_budget(tx: Transaction, host: str, now: datetime, most: int) -> None:
    """Counts one create or update, before it is sent; Throttled until 00:00 UTC where `most` are used."""
    tx.insert_new(HostBudget(host=host, utc_day=now.date(), used=0))
    row = tx.hold(HostBudget, (host, now.date()))
    if row.used >= most:
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
        raise Throttled("This teacher's new or changed meetings of the day are used up.", midnight, code="ZOOM_BUDGET")
    row.used += 1


def writes_at_zoom(tx: Transaction, session_id: str) -> int:
    """How many changes were sent to Zoom for a session, without those that Zoom refused."""
    kinds = (CREATE, REPAIR, REGISTER, REMOVE)
    states = [step.state for kind in kinds for step in table.steps(tx, kind, session_id)]
    return states.count(StepState.SENT) - states.count(StepState.REFUSED)


def plan_of(parts: SessionParts, tx: Transaction, session: VideoSession, attempt: int) -> MeetingPlan:
    """The meeting that a session is to have."""
    staff = people_table.by_ids(tx, frozenset({session.teacher_id, session.observer_id}))
    emails = {i: parts.seals.open("person", "email", i, p.email) for i, p in staff.items()}
    return MeetingPlan(
        host_email=emails[session.teacher_id],
        observers=(emails[session.observer_id],),
        topic=f"{session.course} {session.short_id}",
        mark=meeting_plan.mark(parts.installation, session.id, attempt),
        starts_at=session.starts_at,
        minutes=session.minutes,
        zone=session.zone,
        passcode=parts.seals.open("video_session", "passcode", session.id, session.passcode),
        host_id=session.host_zoom_id,
    )


def views(parts: SessionParts, tx: Transaction, sessions: list[VideoSession]) -> tuple[SessionView, ...]:
    """Sessions as people see them, with a number of queries that does not grow."""
    rosters = table.rosters(tx, frozenset(s.id for s in sessions))
    people_ids = {s.teacher_id for s in sessions} | {s.observer_id for s in sessions}
    people_ids |= {c.child_id for roster in rosters.values() for c in roster}
    people = people_table.by_ids(tx, frozenset(people_ids))

    def email(person_id: str) -> str:
        return parts.seals.open("person", "email", person_id, people[person_id].email)

    def references(roster: list[SessionChild]) -> tuple[str, ...]:
        return tuple(people[c.child_id].reference or "" for c in roster)

    return tuple(
        SessionView(
            s.id,
            s.short_id,
            s.state,
            s.course,
            s.starts_at,
            s.minutes,
            s.zone,
            s.meeting_number,
            email(s.teacher_id),
            email(s.observer_id),
            references(rosters[s.id]),
        )
        for s in sessions
    )
