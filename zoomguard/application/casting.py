"""Who takes part: found on record, asked of Zoom, and - where the ask leaves it to us - an observer picked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from zoomguard.application import access, observer_pool, session_facts
from zoomguard.application.observer_pool import Candidate
from zoomguard.application.ports import Clock, ZoomUsers
from zoomguard.application.refusals import MOST_NAMED, is_about_observer, with_suggestions
from zoomguard.application.session_ask import CheckedAsk
from zoomguard.application.session_facts import Cast, Postures, Slot
from zoomguard.application.session_parts import SessionParts, plan_of
from zoomguard.domain.errors import BadInput, NotAllowed
from zoomguard.domain.findings import Finding
from zoomguard.domain.meeting_plan import HostPosture
from zoomguard.domain.people import Role, Who, in_domains, staff_address
from zoomguard.domain.sessions import POOL
from zoomguard.rules.facts import PeopleFacts
from zoomguard.tables import sessions as sessions_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.people import Person
from zoomguard.tables.sessions import VideoSession

Recent = dict[str, tuple[datetime, HostPosture | None]]
# So many of the pool are looked up at Zoom for one ask, and at most for one suggestion.
MOST_ASKED, MOST_LOOKED_AT = 4, 12
# So old Zoom's word may be for a suggestion: whoever is chosen is judged again.
RECENT = timedelta(minutes=1)


@dataclass(frozen=True)
class RecentUsers:
    """What Zoom says of people, asked once in a minute."""

    users: ZoomUsers
    clock: Clock
    known: Recent

    def posture(self, email: str) -> HostPosture | None:
        """As `ZoomUsers.posture`, or what it said just now."""
        now = self.clock.now()
        asked_at, posture = self.known.get(email, (now - RECENT, None))
        if now - asked_at >= RECENT:
            posture = self.users.posture(email)
            self.known[email] = now, posture
        return posture


@dataclass(frozen=True)
class Casting:
    """Finds the people of an ask."""

    parts: SessionParts
    recent: Recent = field(default_factory=dict)

    def postures(self, who: Who, checked: CheckedAsk) -> Postures:
        """What Zoom says of them, asked before any transaction."""
        with self.parts.database.reading() as tx:
            cast = self.cast(tx, who, checked)
            candidates = self.candidates(tx, cast, checked)[:MOST_ASKED] if is_pool(checked) else ()
        users, domains = self.parts.users, self.parts.staff_domains
        teacher = users.posture(cast.teacher_email) if in_domains(cast.teacher_email, domains) else None
        observer = users.posture(cast.observer_email) if cast.observer_id else None
        asked = {c.email: users.posture(c.email) for c in candidates}
        return Postures(teacher, observer, {e: p for e, p in asked.items() if _able(p, teacher)})

    def cast(self, tx: Transaction, who: Who, checked: CheckedAsk) -> Cast:
        """The people an ask names; of the pool nobody yet. NotAllowed where it is for somebody else,
        BadInput NO_TEACHER where it names no teacher and the asker schedules for others without teaching."""
        ask, parts = checked.ask, self.parts
        teacher = ask.teacher or _own_email(tx, parts, who)
        observer = "" if is_pool(checked) else ask.observer
        cast = session_facts.find_cast(
            tx, parts.seals, parts.staff_domains, teacher, observer, ask.children, ask.reserves
        )
        if cast.teacher_id != who.id and not access.may(who, "sessions.schedule_for_others"):
            raise NotAllowed("You may schedule only for yourself.", "Leave out --teacher, or ask the office.")
        return cast

    def of_session(self, tx: Transaction, session: VideoSession) -> Cast:
        """The people of a session that is on record."""
        plan = plan_of(self.parts, tx, session, session.attempt)
        children = tuple(c.child_id for c in sessions_table.roster(tx, session.id))
        return Cast(session.teacher_id, plan.host_email, session.observer_id, plan.observers[0], children)

    def candidates(self, tx: Transaction, cast: Cast, checked: CheckedAsk) -> tuple[Candidate, ...]:
        """Who of the pool could observe, best first."""
        return self.free_for(tx, cast, Slot(checked.starts_at, checked.minutes))

    def free_for(self, tx: Transaction, cast: Cast, slot: Slot) -> tuple[Candidate, ...]:
        """Who of the pool could observe these people then, best first."""
        return observer_pool.candidates(tx, self.parts, slot, cast.teacher_id, cast.child_ids)

    def suggested(self, findings: tuple[Finding, ...], cast: Cast, slot: Slot) -> tuple[Finding, ...]:
        """The findings, those about the observer with who could observe instead; outside any transaction."""
        if not any(is_about_observer(f, cast) for f in findings):
            return findings
        return with_suggestions(findings, cast, self.instead(cast, slot))

    def instead(self, cast: Cast, slot: Slot) -> tuple[Candidate, ...]:
        """Who could observe instead of the one who is named, best first, all able to at Zoom as far as it tells."""
        with self.parts.database.reading() as tx:
            found = tuple(c for c in self.free_for(tx, cast, slot) if c.person_id != cast.observer_id)
        users = RecentUsers(self.parts.users, self.parts.clock, self.recent)
        return observer_pool.able(replace(self.parts, users=users), found[:MOST_LOOKED_AT], MOST_NAMED)

    def anew(self, cast: Cast, slot: Slot, gone: frozenset[str], teacher: HostPosture | None) -> Postures:
        """What Zoom says of those who could observe instead of `gone`, best first; outside any transaction."""
        with self.parts.database.reading() as tx:
            found = [c for c in self.free_for(tx, cast, slot) if c.person_id not in gone]
        asked = {c.email: self.parts.users.posture(c.email) for c in found[:MOST_ASKED]}
        return Postures(teacher, None, {e: p for e, p in asked.items() if _able(p, teacher)})

    def facts(
        self,
        tx: Transaction,
        cast: Cast,
        slot: Slot,
        postures: Postures,
        *,
        pool: bool,
        candidates: tuple[Candidate, ...],
    ) -> tuple[Cast, PeopleFacts]:
        """The people as the rules see them, locked; of the pool the first who is still free once they are."""
        found = cast, self._facts(tx, cast, slot, postures)
        if not pool:
            return found
        for tried, looked_at in self._tries(cast, candidates, postures):
            found = tried, self._facts(tx, tried, slot, looked_at)
            observer = found[1].observer
            if observer is not None and not observer.busy_with:
                return found
        # Nobody: the rules say so about the observer, not about an address that nobody gave.
        return cast, replace(self._facts(tx, cast, slot, postures), observer_organisational=True)

    def _tries(
        self, cast: Cast, candidates: tuple[Candidate, ...], postures: Postures
    ) -> Iterator[tuple[Cast, Postures]]:
        for candidate in candidates:
            posture = postures.pool.get(candidate.email)
            if posture is not None:
                named = replace(cast, observer_id=candidate.person_id, observer_email=candidate.email)
                yield named, replace(postures, observer=posture)

    def _facts(self, tx: Transaction, cast: Cast, slot: Slot, postures: Postures) -> PeopleFacts:
        parts = self.parts
        return session_facts.people_facts(tx, parts.seals, parts.terms, parts.staff_domains, cast, slot, postures)


def is_pool(checked: CheckedAsk) -> bool:
    """Whether the observer is left to us."""
    return checked.ask.observer == POOL


def _able(posture: HostPosture | None, teacher: HostPosture | None) -> bool:
    if posture is None or not (posture.licensed and posture.active):
        return False
    return teacher is None or posture.zoom_user_id != teacher.zoom_user_id


def _own_email(tx: Transaction, parts: SessionParts, who: Who) -> str:
    if not who.has(Role.TEACHER) and access.may(who, "sessions.schedule_for_others"):
        raise BadInput("Who teaches is not said.", "Add --teacher EMAIL.", code="NO_TEACHER")
    person = tx.get(Person, who.id)
    if person is None:
        raise NotAllowed("You are not on record as staff.", "Ask the office.")
    return staff_address(parts.seals.open("person", "email", person.id, person.email))
