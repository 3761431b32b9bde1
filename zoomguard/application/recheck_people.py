"""Who takes part, looked at again: today's records, today's answers of guardians, today's accounts at Zoom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from zoomguard.application import session_facts
from zoomguard.application.session_facts import Cast, Postures, Slot
from zoomguard.application.session_parts import SessionParts, plan_of
from zoomguard.domain import rechecks
from zoomguard.domain.consents import Scope
from zoomguard.domain.findings import Outcome
from zoomguard.domain.people import ChildOnRecord
from zoomguard.domain.rechecks import Stance
from zoomguard.rules.facts import ConsentFacts, PeopleFacts
from zoomguard.rules.occasions import Evaluation
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import VideoSession

# What stands against the teacher or the observer; who sits in two sessions cannot newly arise.
STAFF_RULES = frozenset({"VC-OBSERVER", "ACC-NO-PERSONAL", "TRAIN-ONLINE", "POL-ACK", "STAFF-SUITABLE", "ZOOM-LICENCE"})
SCOPES = (Scope.VIDEO_LIVE, Scope.VIDEO_RECORD)


@dataclass(frozen=True)
class PeopleFound:
    """The people of a session as they are now."""

    people: PeopleFacts
    consents: ConsentFacts

    @property
    def leaving(self) -> tuple[str, ...]:
        """The ids of the children who are known not to be allowed, or are no longer at the college."""
        return tuple(c.id for c in self.people.children if not c.active or self._stance(c) is Stance.MAY_NOT)

    @property
    def consent_unknown(self) -> bool:
        """Whether it cannot be told of a child whether it may take part."""
        return any(c.active and self._stance(c) is Stance.UNKNOWN for c in self.people.children)

    def _stance(self, child: ChildOnRecord) -> Stance:
        said = (self.consents.decisions.get((child.reference, scope)) for scope in SCOPES)
        return rechecks.stance(d.state if d else None for d in said)


def look(tx: Transaction, parts: SessionParts, session: VideoSession, postures: Postures, now: datetime) -> PeopleFound:
    """Everybody's records, locked until the transaction ends."""
    plan = plan_of(parts, tx, session, session.attempt)
    children = tuple(c.child_id for c in table.roster(tx, session.id))
    cast = Cast(session.teacher_id, plan.host_email, session.observer_id, plan.observers[0], children)
    slot = Slot(session.starts_at, session.minutes, session.id)
    people = session_facts.people_facts(tx, parts.seals, parts.terms, parts.staff_domains, cast, slot, postures)
    people = replace(people, observer_accepted=session.accepted_at is not None)
    return PeopleFound(people, session_facts.consent_facts(tx, parts.seals, people, now))


def against_staff(evaluation: Evaluation) -> frozenset[Outcome]:
    """Whether something is known to stand against teacher or observer (FAIL), could not be told (UNKNOWN), or both."""
    return frozenset(f.verdict for f in evaluation.blocking if f.rule in STAFF_RULES)
