"""Who takes part: found on record, asked of Zoom, and - where the ask leaves it to us - an observer picked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from zoomguard.application import access, observer_pool, session_facts
from zoomguard.application.observer_pool import Candidate
from zoomguard.application.session_ask import CheckedAsk
from zoomguard.application.session_facts import Cast, Postures, Slot
from zoomguard.application.session_parts import SessionParts
from zoomguard.domain.errors import NotAllowed
from zoomguard.domain.meeting_plan import HostPosture
from zoomguard.domain.people import Who, in_domains, staff_address
from zoomguard.domain.sessions import POOL
from zoomguard.rules.facts import PeopleFacts
from zoomguard.tables.database import Transaction
from zoomguard.tables.people import Person

# So many of the pool are looked up at Zoom for one ask.
MOST_ASKED = 4


@dataclass(frozen=True)
class Casting:
    """Finds the people of an ask."""

    parts: SessionParts

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
        """The people an ask names; of the pool nobody yet. NotAllowed where it is for somebody else."""
        ask, parts = checked.ask, self.parts
        teacher = ask.teacher or _email_of(tx, parts, who)
        observer = "" if is_pool(checked) else ask.observer
        cast = session_facts.find_cast(
            tx, parts.seals, parts.staff_domains, teacher, observer, ask.children, ask.reserves
        )
        if cast.teacher_id != who.id and not access.may(who, "sessions.schedule_for_others"):
            raise NotAllowed("You may schedule only for yourself.", "Leave out --teacher, or ask the office.")
        return cast

    def candidates(self, tx: Transaction, cast: Cast, checked: CheckedAsk) -> tuple[Candidate, ...]:
        """Who of the pool could observe, best first."""
        return self.free_for(tx, cast, Slot(checked.starts_at, checked.ask.minutes))

    def free_for(self, tx: Transaction, cast: Cast, slot: Slot) -> tuple[Candidate, ...]:
        """Who of the pool could observe these people then, best first."""
        return observer_pool.candidates(tx, self.parts, slot, cast.teacher_id, cast.child_ids)

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


def _email_of(tx: Transaction, parts: SessionParts, who: Who) -> str:
    person = tx.get(Person, who.id)
    if person is None:
        raise NotAllowed("You are not on record as staff.", "Ask the office.")
    return staff_address(parts.seals.open("person", "email", person.id, person.email))
