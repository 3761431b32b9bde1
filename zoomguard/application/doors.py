"""Doors: our own stable page in front of a child's personal link at Zoom.

One sentence answers every refusal alike: too early, cancelled, withdrawn, unknown token.
"""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from zoomguard.application import consents, session_facts
from zoomguard.application.session_parts import SessionParts
from zoomguard.domain import ids
from zoomguard.domain.consents import ConsentState, Scope
from zoomguard.domain.errors import NotThere
from zoomguard.domain.sessions import SessionState
from zoomguard.tables.database import Transaction
from zoomguard.tables.people import Person
from zoomguard.tables.sessions import ChildState, Door, DoorOpened, DoorState, SessionChild, VideoSession

OPENING = frozenset({SessionState.SCHEDULED, SessionState.AT_RISK, SessionState.LIVE})
NEUTRAL = "You cannot join a lesson here now. Please ask your parents to call the college."


class Doors:
    """Opens a child's door, or says the one neutral sentence."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts

    def open(self, token: str) -> str:
        """The child's current personal link at Zoom; NotThere with the neutral sentence for every refusal."""
        now = self.parts.clock.now()
        with self.parts.database.reading() as tx:
            door = tx.first(select(Door).where(Door.token_sha256 == ids.token_digest(token)))
            link = self._link(tx, door) if door is not None else ""
        if door is None or not link:
            raise NotThere(NEUTRAL)
        with self.parts.database.deciding() as tx:
            tx.add(DoorOpened(id=ids.ulid(now), door_id=door.id, at=now))
            tx.commit()
        return link

    def _link(self, tx: Transaction, door: Door) -> str:
        session = tx.get(VideoSession, door.session_id)
        entry = tx.get(SessionChild, (door.session_id, door.person_id))
        child = tx.get(Person, door.person_id)
        if session is None or entry is None or child is None:
            return ""
        open_now = door.state is DoorState.OPEN and entry.state is ChildState.ADDED and child.active
        if not open_now or not self._in_time(session) or not self._consented(tx, session, child):
            return ""
        place = f"{entry.session_id}/{entry.child_id}"
        return self.parts.seals.open("session_child", "join_url", place, entry.join_url)

    def _in_time(self, session: VideoSession) -> bool:
        opens = session.starts_at - timedelta(minutes=self.parts.terms.door_opens_minutes_before)
        ends = session.starts_at + timedelta(minutes=session.minutes)
        return session.state in OPENING and opens <= self.parts.clock.now() < ends

    def _consented(self, tx: Transaction, session: VideoSession, child: Person) -> bool:
        learner = session_facts.child_on_record(self.parts.seals, child)
        decided = consents.decisions(tx, (learner,), session.starts_at, self.parts.clock.now(), session.teacher_id)
        scopes = (Scope.VIDEO_LIVE, Scope.VIDEO_RECORD)
        found = [decided.get((learner.reference, scope)) for scope in scopes]
        return all(d is not None and d.state is ConsentState.ACTIVE for d in found)
