"""Doors: our own stable page in front of a child's personal link at Zoom.

A door points at the session, so that it survives a meeting that is made anew. One sentence answers every refusal
alike: unknown token, shut, off the roster, no permission, called off.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import select

from zoomguard.application import consents, session_facts
from zoomguard.application.session_parts import SessionParts
from zoomguard.domain import ids
from zoomguard.domain.consents import ConsentState, Scope
from zoomguard.domain.errors import NotThere
from zoomguard.domain.sessions import Change, SessionState
from zoomguard.domain.times import day_in
from zoomguard.tables import people as people_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.doors import Door, DoorOpened, DoorState
from zoomguard.tables.observers import off
from zoomguard.tables.people import Person
from zoomguard.tables.sessions import ChildState, SessionChild, VideoSession

S = SessionState
OPENING = frozenset({S.SCHEDULED, S.AT_RISK, S.LIVE})
OVER = frozenset({S.ENDED, S.ACCOUNTED})
CALLED_OFF = frozenset({S.REFUSED, S.CANCELLED, S.FAILED, S.REMOVING})
NEUTRAL = "You cannot join a lesson here now. Please ask your parents to call the college."


class Standing(StrEnum):
    """What a child's door is like at the moment."""

    EARLY = "early"
    OPEN = "open"
    # Time or meeting are being changed; nobody knows yet which will hold.
    MOVING = "moving"
    # It is time, but there is no link at Zoom yet.
    WAITING = "waiting"
    OVER = "over"


@dataclass(frozen=True)
class DoorView:
    """What the child sees at the door. `zone` is the child's own, `opens_today` says so of the day there, `observer`
    is "" where that person will not come."""

    state: Standing
    starts_at: datetime
    minutes: int
    zone: str
    opens_at: datetime
    course: str
    teacher: str
    observer: str
    known_as: str
    opens_today: bool

    @property
    def ends_at(self) -> datetime:
        """The planned end."""
        return self.starts_at + timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class _Behind:
    """What stands behind the door of a child who may come."""

    door: Door
    session: VideoSession
    entry: SessionChild
    child: Person


class Doors:
    """Looks at a child's door or opens it, or says the one neutral sentence."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts

    def look(self, token: str) -> DoorView:
        """What the child sees; changes nothing. NotThere with the neutral sentence for every refusal."""
        with self.parts.database.reading() as tx:
            return self._view(tx, self._behind(tx, token))

    def open(self, token: str) -> str:
        """The child's current personal link at Zoom; NotThere with the neutral sentence unless the door is open."""
        with self.parts.database.reading() as tx:
            behind = self._behind(tx, token)
            if self._standing(behind) is not Standing.OPEN:
                raise NotThere(NEUTRAL)
            entry = behind.entry
            place = f"{entry.session_id}/{entry.child_id}"
            link = self.parts.seals.open("session_child", "join_url", place, entry.join_url)
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            tx.add(DoorOpened(id=ids.ulid(now), door_id=behind.door.id, at=now))
            tx.commit()
        return link

    def _behind(self, tx: Transaction, token: str) -> _Behind:
        door = tx.first(select(Door).where(Door.token_sha256 == ids.token_digest(token)))
        if door is None or door.state is not DoorState.OPEN:
            raise NotThere(NEUTRAL)
        session = tx.need(VideoSession, door.session_id)
        entry = tx.get(SessionChild, (door.session_id, door.person_id))
        child = tx.need(Person, door.person_id)
        if entry is None or entry.state is not ChildState.ADDED or session.state in CALLED_OFF or not child.active:
            raise NotThere(NEUTRAL)
        if not self._consented(tx, session, child):
            raise NotThere(NEUTRAL)
        return _Behind(door, session, entry, child)

    def _standing(self, behind: _Behind) -> Standing:
        session, now = behind.session, self.parts.clock.now()
        # Who watches may change while the lesson stands; its time and its link may not.
        if session.state is S.MOVING and session.change != Change.OBSERVER:
            return Standing.MOVING
        if session.state in OVER or now >= session.starts_at + timedelta(minutes=session.minutes):
            return Standing.OVER
        if now < self._opens_at(session):
            return Standing.EARLY
        opening = session.state in OPENING or session.state is S.MOVING
        return Standing.OPEN if opening and behind.entry.join_url else Standing.WAITING

    def _opens_at(self, session: VideoSession) -> datetime:
        return session.starts_at - timedelta(minutes=self.parts.terms.door_opens_minutes_before)

    def _view(self, tx: Transaction, behind: _Behind) -> DoorView:
        session, child = behind.session, behind.child
        staff = people_table.by_ids(tx, frozenset({session.teacher_id, session.observer_id}))
        zone, opens_at = child.timezone or self.parts.terms.zone, self._opens_at(session)
        return DoorView(
            self._standing(behind),
            session.starts_at,
            session.minutes,
            zone,
            opens_at,
            session.course,
            self._name(staff.get(session.teacher_id)),
            "" if session.observer_id in off(tx, session.id) else self._name(staff.get(session.observer_id)),
            self.parts.seals.open("person", "known_as", child.id, child.known_as),
            day_in(opens_at, zone) == day_in(self.parts.clock.now(), zone),
        )

    def _name(self, person: Person | None) -> str:
        if person is None:
            return ""
        open_it = self.parts.seals.open
        names = (open_it("person", c, person.id, getattr(person, c)) for c in ("known_as", "family_name"))
        return " ".join(n for n in names if n) or "a member of staff"

    def _consented(self, tx: Transaction, session: VideoSession, child: Person) -> bool:
        learner = session_facts.child_on_record(self.parts.seals, child)
        decided = consents.decisions(tx, (learner,), session.starts_at, self.parts.clock.now(), session.teacher_id)
        scopes = (Scope.VIDEO_LIVE, Scope.VIDEO_RECORD)
        found = [decided.get((learner.reference, scope)) for scope in scopes]
        return all(d is not None and d.state is ConsentState.ACTIVE for d in found)
