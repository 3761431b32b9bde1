"""What the topic of sessions works with, and the small things its files share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import wraps
from typing import ParamSpec, TypeVar

from zoomguard.application import work
from zoomguard.application.messages import Post
from zoomguard.application.ports import Claims, Clock, ZoomMeetings, ZoomUsers
from zoomguard.application.seals import Seals
from zoomguard.domain import ids, meeting_plan
from zoomguard.domain.errors import Conflict, Fault, NotThere, Throttled
from zoomguard.domain.meeting_plan import GOVERNED, MeetingPlan
from zoomguard.domain.sessions import Change, SessionState, SessionView, Wanted, may_become
from zoomguard.rules.terms import Terms
from zoomguard.tables import observers as observers_table
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Database, Transaction
from zoomguard.tables.observers import AskState, ObserverAsk
from zoomguard.tables.people import Person
from zoomguard.tables.sessions import HostBudget, SessionChild, Step, StepState, VideoSession

CREATE, REMOVE, SWEEP, END = "create_meeting", "remove_meeting", "sweep_meetings", "end_session"
CHANGE, ENTRIES, PLANNED = "change_meeting", "settle_entries", "create_planned"
RECHECK, OBSERVER, REMIND = "recheck", "call_observers", "remind_learners"
# Kinds of steps that are no work of their own: they belong to a creation.
REPAIR, REGISTER, UNREGISTER, MOVE = "repair", "register", "unregister", "move"
# Zoom allows 100 creates and updates for each host and UTC day; 10 are kept back for repairs.
CREATES_A_DAY, WRITES_A_DAY = 90, 100
# A meeting whose creation is unknown is not made anew so shortly before the start.
TOO_LATE = timedelta(minutes=15)
CONFIRM_BEFORE = timedelta(minutes=30)
SETTINGS_COMPARED = len(GOVERNED) + 9
LOOKS = 3
P = ParamSpec("P")
R = TypeVar("R")


# How an observer's answer is shown, as long as there is no yes on the session.
ANSWERS = {AskState.OPEN: "asked", AskState.ACCEPTED: "asked", AskState.DECLINED: "no"}


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


def clear_change(session: VideoSession) -> None:
    """Nothing is wanted any more: the slot and the people that were kept for a change are free again."""
    session.change = Change.NONE
    session.next_teacher_id = session.next_observer_id = None
    session.next_starts_at = session.next_minutes = None
    session.next_zone = session.next_local_start = session.change_note = ""


def locked(tx: Transaction, session_id: str, version: int | None = None) -> VideoSession:
    """The session, locked; ChangedMeanwhile where somebody changed it since `version` was read."""
    row = tx.lock(VideoSession, session_id)
    if row is None:
        raise NotThere("There is no such session for you.", "See: zoomguard sessions list")
    if version is not None and row.version != version:
        raise ChangedMeanwhile("The session was changed by somebody else meanwhile.", "Look again, then repeat.")
    return row


class ChangedMeanwhile(Conflict):
    """Somebody was at work on a session between reading it and deciding about it; nothing was done yet."""


def looks_again(ask: Callable[P, R]) -> Callable[P, R]:
    """A change that is judged anew where something happened meanwhile - mostly a duty of the service's: it is what
    somebody would do who is told to look again."""

    @wraps(ask)
    def asked(*args: P.args, **named: P.kwargs) -> R:
        for _ in range(LOOKS - 1):
            with suppress(ChangedMeanwhile):
                return ask(*args, **named)
        return ask(*args, **named)

    return asked


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


def put_duties(tx: Transaction, session: VideoSession, now: datetime) -> None:
    """What falls due for a session that stands: rechecks, the observer's answer, its end. Each says itself when it
    comes again."""
    for kind in (RECHECK, OBSERVER, REMIND):
        work.put(tx, kind, session.id, now)
    work.put(tx, END, session.id, session.starts_at + timedelta(minutes=session.minutes))


def budget_used(tx: Transaction, host: str, now: datetime) -> int:
    """How many of Zoom's creates and updates this host used on this UTC day."""
    row = tx.get(HostBudget, (host, now.date()))
    return row.used if row else 0


def next_utc_day(now: datetime) -> datetime:
    """When Zoom begins to count anew."""
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)


def take_budget(tx: Transaction, host: str, now: datetime, most: int) -> None:
    """Counts one create or update, before it is sent; Throttled until 00:00 UTC where `most` are used."""
    tx.insert_new(HostBudget(host=host, utc_day=now.date(), used=0))
    row = tx.hold(HostBudget, (host, now.date()))
    if row.used >= most:
        words = "This teacher's new or changed meetings of the day are used up."
        raise Throttled(words, next_utc_day(now), code="ZOOM_BUDGET")
    row.used += 1


def writes_at_zoom(tx: Transaction, session_id: str) -> int:
    """How many changes were sent to Zoom for a session, without those that Zoom refused."""
    kinds = (CREATE, REPAIR, REGISTER, UNREGISTER, MOVE, REMOVE)
    states = [step.state for kind in kinds for step in table.steps(tx, kind, session_id)]
    return states.count(StepState.SENT) - states.count(StepState.REFUSED)


def plan_of(parts: SessionParts, tx: Transaction, session: VideoSession, attempt: int) -> MeetingPlan:
    """The meeting that a session is to have; under change, the one that it has until the change is done."""
    standing_by = [r.person_id for r in table.reserves(tx, session.id) if r.person_id != session.observer_id]
    staff = people_table.by_ids(tx, frozenset({session.teacher_id, session.observer_id, *standing_by}))
    emails = {i: parts.seals.open("person", "email", i, p.email) for i, p in staff.items()}
    return MeetingPlan(
        host_email=emails[session.teacher_id],
        observers=(emails[session.observer_id], *(emails[i] for i in standing_by)),
        topic=f"{session.course} {session.short_id}",
        mark=meeting_plan.mark(parts.installation, session.id, attempt),
        starts_at=session.starts_at,
        minutes=session.minutes,
        zone=session.zone,
        passcode=parts.seals.open("video_session", "passcode", session.id, session.passcode),
        host_id=session.host_zoom_id,
    )


def next_plan_of(parts: SessionParts, tx: Transaction, session: VideoSession) -> MeetingPlan:
    """The meeting that a session under change is to become."""
    plan = plan_of(parts, tx, session, session.attempt)
    if session.next_observer_id:
        observer = people_table.by_ids(tx, frozenset({session.next_observer_id}))[session.next_observer_id]
        email = parts.seals.open("person", "email", observer.id, observer.email)
        plan = replace(plan, observers=(email, *(o for o in plan.observers[1:] if o != email)))
    return replace(
        plan,
        starts_at=session.next_starts_at or plan.starts_at,
        minutes=session.next_minutes or plan.minutes,
        zone=session.next_zone or plan.zone,
    )


def views(parts: SessionParts, tx: Transaction, sessions: list[VideoSession]) -> tuple[SessionView, ...]:
    """Sessions as people see them, with a number of queries that does not grow."""
    ids_ = frozenset(s.id for s in sessions)
    rosters, answers = table.rosters(tx, ids_), observers_table.latest_in(tx, ids_)
    people_ids = {p for s in sessions for p in table.adults_of(s)}
    people_ids |= {c.child_id for roster in rosters.values() for c in roster}
    people = people_table.by_ids(tx, frozenset(people_ids))
    show = _Show(parts, people)
    return tuple(show.view(s, rosters[s.id], answers.get((s.id, s.observer_id))) for s in sessions)


@dataclass(frozen=True)
class _Show:
    """Opens of people what a view says of them."""

    parts: SessionParts
    people: dict[str, Person]

    def view(self, s: VideoSession, roster: list[SessionChild], asked: ObserverAsk | None) -> SessionView:
        let_go = asked is not None and asked.released
        return SessionView(
            s.id,
            s.short_id,
            s.state,
            s.course,
            s.starts_at,
            s.minutes,
            s.zone,
            s.meeting_number,
            self._email(s.teacher_id),
            "" if let_go else self._email(s.observer_id),
            tuple(self.people[c.child_id].reference or "" for c in roster),
            teacher_name=self._name(s.teacher_id),
            observer_name="" if let_go else self._name(s.observer_id),
            observer_answer="yes" if s.accepted_at else ANSWERS.get(asked.state, "none") if asked else "none",
            risk=s.risk,
            waits_until=self._waits_until(s),
            change=self._wanted(s),
        )

    def _waits_until(self, s: VideoSession) -> datetime | None:
        if s.state is not SessionState.PLANNED:
            return None
        return max(s.starts_at - timedelta(days=self.parts.terms.create_ahead_days), s.made_at)

    def _wanted(self, s: VideoSession) -> Wanted | None:
        if s.state is not SessionState.MOVING:
            return None
        return Wanted(
            Change(s.change),
            s.next_starts_at or s.starts_at,
            s.next_minutes or s.minutes,
            self._email(s.next_teacher_id or s.teacher_id),
            self._email(s.next_observer_id or s.observer_id),
        )

    def _email(self, person_id: str) -> str:
        return self.parts.seals.open("person", "email", person_id, self.people[person_id].email)

    def _name(self, person_id: str) -> str:
        return full_name(self.parts.seals, self.people[person_id])


def full_name(seals: Seals, person: Person) -> str:
    """Known and family name of a member of staff; the address where neither is on record."""
    names = (seals.open("person", c, person.id, getattr(person, c)) for c in ("known_as", "family_name"))
    return " ".join(n for n in names if n) or seals.open("person", "email", person.id, person.email)
