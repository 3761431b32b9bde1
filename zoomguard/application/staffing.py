"""Staff who are ready to be in a lesson, and staff who leave."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import col, select

from zoomguard.application import access, rechecks
from zoomguard.application.crash import crash_point
from zoomguard.application.session_facts import staff_on_record
from zoomguard.application.session_parts import SessionParts, full_name, views
from zoomguard.domain import staffing
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import Conflict
from zoomguard.domain.people import COLLEGE_ZONE, Role, Who, in_domains
from zoomguard.domain.sessions import RESERVING, SessionView
from zoomguard.domain.staffing import Left, Readiness
from zoomguard.domain.times import day_in
from zoomguard.tables import observers as observers_table
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as table
from zoomguard.tables.access import SignIn
from zoomguard.tables.database import Transaction
from zoomguard.tables.observers import ObserverAsk
from zoomguard.tables.people import Person
from zoomguard.tables.sessions import VideoSession


class Staffing:
    """`people check` and `people deactivate`."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts

    def check(self, who: Who, email: str) -> Readiness:
        """Whether a member of staff could be in a lesson today: record, papers, and Zoom's own word on the account."""
        access.require(who, "people.check")
        now = self.parts.clock.now()
        with self.parts.database.reading() as tx:
            person = access.find_staff(tx, self.parts.seals, email, active_only=False)
            today = day_in(now, COLLEGE_ZONE)
            record = staff_on_record(tx, self.parts.seals, self.parts.terms, {person.id: person}, today)[person.id]
            name = full_name(self.parts.seals, person)
        organisational = in_domains(record.email, self.parts.staff_domains)
        posture = self.parts.users.posture(record.email)
        return staffing.readiness(record, name, posture, today, organisational=organisational)

    def deactivate(self, who: Who, email: str, *, dry_run: bool = False) -> Left:
        """Ends tokens and takes part in nothing from now on. Lessons to come stay, are at risk from their next
        recheck on - which is due at once - and are named, to be reassigned or cancelled."""
        access.require(who, "people.deactivate")
        now = self.parts.clock.now()
        with self.parts.database.reading() as tx:
            person = access.find_staff(tx, self.parts.seals, email, active_only=False)
            shown = self._shown(tx, person.id, now)
        if not person.active:
            return Left("unchanged", email, shown)
        self._check_not_last(who, person.id, now)
        if dry_run:
            return Left("possible", email, shown)
        self._deactivate(who, person.id, now)
        with self.parts.database.reading() as tx:
            return Left("deactivated", email, self._shown(tx, person.id, now))

    def _check_not_last(self, who: Who, person_id: str, now: datetime) -> None:
        """Nobody shuts themselves out, and safeguarding is never left without a lead."""
        with self.parts.database.reading() as tx:
            leads = people_table.holders_of(tx, (Role.DSL,), day_in(now, COLLEGE_ZONE))
        if person_id == who.id or leads == [person_id]:
            raise Conflict(
                "The last safeguarding lead, and oneself, cannot be deactivated.",
                "Give the role to somebody else first, or have it done by another.",
                code="LAST_LEAD",
            )

    def _deactivate(self, who: Who, person_id: str, now: datetime) -> None:
        with self.parts.database.deciding() as tx:
            person = tx.hold(Person, person_id)
            person.active = False
            tokens = tx.all(select(SignIn).where(SignIn.person_id == person_id, col(SignIn.revoked_at).is_(None)))
            for token in tokens:
                token.revoked_at = now
            sessions = self._to_come(tx, person_id, now)
            for session in sessions:
                rechecks.ask(tx, session, now, "staff_left")
            payload = {"tokens": len(tokens), "sessions": len(sessions)}
            tx.commit(audit=Event("person.deactivated", "person", person_id, who.id, payload))
        crash_point("people.deactivated")

    def _shown(self, tx: Transaction, person_id: str, now: datetime) -> tuple[SessionView, ...]:
        """Who said no to observing is not missed there: somebody else is looked for already."""
        sessions = self._to_come(tx, person_id, now)
        answers = observers_table.latest_in(tx, frozenset(s.id for s in sessions))
        missed = [s for s in sessions if not _declined(s, person_id, answers)]
        return views(self.parts, tx, missed)

    def _to_come(self, tx: Transaction, person_id: str, now: datetime) -> list[VideoSession]:
        query = select(VideoSession).where(col(VideoSession.state).in_(RESERVING), VideoSession.starts_at > now)
        rows = [s for s in tx.all(query.order_by(col(VideoSession.starts_at))) if person_id in table.adults_of(s)]
        return rows


def _declined(session: VideoSession, person_id: str, answers: Mapping[tuple[str, str], ObserverAsk]) -> bool:
    """Whether this person is in a session as the observer alone, and said no or was let go."""
    others = (session.teacher_id, session.next_teacher_id, session.next_observer_id)
    answer = answers.get((session.id, person_id))
    return person_id not in others and answer is not None and answer.is_off
