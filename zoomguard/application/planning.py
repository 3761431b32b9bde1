"""Makes the meetings of planned sessions when their day has come: earliest lesson first, within the host's day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from zoomguard.application import access, chase, messages, observer_asks, session_facts, work
from zoomguard.application.casting import Casting
from zoomguard.application.crash import crash_point
from zoomguard.application.meeting_creation import MeetingCreation
from zoomguard.application.refusals import is_about_observer
from zoomguard.application.session_facts import Postures, Slot
from zoomguard.application.session_parts import (
    CREATE,
    CREATES_A_DAY,
    TOO_LATE,
    SessionParts,
    budget_used,
    change_state,
    locked,
    next_utc_day,
)
from zoomguard.domain import budget
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import OutsideFailed, Refused, Throttled
from zoomguard.domain.people import SERVICE
from zoomguard.domain.sessions import SessionState
from zoomguard.rules.facts import ConsentFacts
from zoomguard.rules.occasions import Evaluation
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.observers import asks_of, off
from zoomguard.tables.sessions import VideoSession

# So many are tried in one go where Zoom cannot tell about the first.
MOST_TRIED = 5


@dataclass(frozen=True)
class Judged:
    """What the rules said of a session on the day, what it rested on, and what was changed for it."""

    evaluation: Evaluation
    consents: ConsentFacts
    postures: Postures
    events: tuple[Event, ...] = ()

    @property
    def rules(self) -> list[str]:
        """The rules that stand in the way."""
        return sorted({f.rule for f in self.evaluation.blocking})


class Planning:
    """One piece of work for each teacher, so that nobody's lessons wait for another teacher's day to end."""

    def __init__(self, parts: SessionParts, creation: MeetingCreation) -> None:
        self.parts, self.creation = parts, creation
        self.casting = Casting(parts)

    def create_next(self, teacher_id: str) -> datetime | None:
        """Makes this teacher's earliest meeting that is due, and gives the moment of the next; None without any.

        OutsideFailed where Zoom cannot tell whether the teacher may: the work is repeated.
        """
        now = self.parts.clock.now()
        with self.parts.database.reading() as tx:
            planned = table.planned_of(tx, teacher_id)
        if not planned:
            return None
        if now < (due_at := self._due_at(planned[0])):
            return due_at
        if late := [s for s in planned if now > s.starts_at - TOO_LATE]:
            self._too_late(late[0])
            return now
        host = self._host(teacher_id)
        with self.parts.database.reading() as tx:
            if budget_used(tx, host, now) >= CREATES_A_DAY:
                return next_utc_day(now)
        self._make_first(tuple(s for s in planned if self._due_at(s) <= now)[:MOST_TRIED])
        return self.parts.clock.now()

    def _make_first(self, due: tuple[VideoSession, ...]) -> None:
        """The earliest that can be made: one about which Zoom cannot tell does not hold up those behind it."""
        for session in due:
            try:
                self._make(session)
                return
            except Throttled:
                raise
            except OutsideFailed:
                if session is due[-1]:
                    raise

    def _too_late(self, session: VideoSession) -> None:
        """Never made, and the lesson is about to begin: refused on record, and teacher and leads are told."""
        now = self.parts.clock.now()
        with self.parts.claims.claim(session.id) as had, self.parts.database.deciding() as tx:
            if not had:
                return
            row = locked(tx, session.id, session.version)
            self._refuse(tx, row, now)
            messages.tell_staff(tx, self.parts.post, row, access.leads(tx, now), "not_created", now)
            tx.commit(audit=Event("session.refused", "session", row.id, SERVICE.id, {"reason": "too_late"}))

    def _due_at(self, session: VideoSession) -> datetime:
        return session.starts_at - timedelta(days=self.parts.terms.create_ahead_days)

    def _host(self, teacher_id: str) -> str:
        with self.parts.database.reading() as tx:
            person = people_table.by_ids(tx, frozenset({teacher_id}))[teacher_id]
            email = self.parts.seals.open("person", "email", person.id, person.email)
        posture = self.parts.users.posture(email)
        return posture.zoom_user_id if posture else ""

    def _make(self, session: VideoSession) -> None:
        """Rules are asked again on the day: what changed since is refused on record, and the teacher told."""
        with self.parts.claims.claim(session.id) as had:
            if not had:
                raise OutsideFailed("Somebody else is at work on this session.", code="CLAIMED")
            known = self.creation.postures(session)
            postures = self._decide(session, known, self._others(session, known))
            if postures is None:
                return
            try:
                self.creation.go_on(session.id, postures)
            except Refused:
                return  # On record, and removed again: the next one's turn.
            except OutsideFailed:
                return  # The session's own work goes on with it; the next one need not wait.

    def _decide(self, session: VideoSession, postures: Postures, others: Postures | None) -> Postures | None:
        """None where it is refused on record; otherwise the postures under which its meeting is to be made."""
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session.id, session.version)
            if row.state is not SessionState.PLANNED:
                return None
            judged = Judged(*self.creation.judge(tx, row, postures), postures)
            if self._wants_another(tx, row, judged.evaluation):
                judged = self._with_another(tx, row, judged, others)
            tx.add(session_facts.evaluation_row(judged.evaluation, row.id, now, judged.consents))
            if judged.evaluation.blocking:
                chase.note(tx, judged.evaluation.blocking, chase.wanted_by(row), now)
                self._refuse(tx, row, now)
                payload: dict[str, object] = {"rules": judged.rules}
                tx.commit(audit=Event("session.refused", "session", row.id, SERVICE.id, payload))
                return None
            change_state(row, SessionState.REQUESTED)
            work.put(tx, CREATE, row.id, now + timedelta(seconds=20))
            payload = {"starts_at": row.local_start, "zone": row.zone}
            requested = Event("session.requested", "session", row.id, SERVICE.id, payload)
            tx.commit(audit=(*judged.events, requested))
        crash_point("planned.requested")
        return judged.postures

    # Another observer ----------------------------------------------------------------------------------------

    def _others(self, session: VideoSession, postures: Postures) -> Postures | None:
        """Who could observe instead, by Zoom's word; None where the observer who was picked can."""
        with self.parts.database.reading() as tx:
            evaluation, _ = self.creation.judge(tx, session, postures)
            if not self._wants_another(tx, session, evaluation):
                return None
            cast, gone = self.casting.of_session(tx, session), observer_asks.not_wanted(tx, session)
        return self.casting.anew(cast, _slot(session), gone, postures.teacher)

    def _wants_another(self, tx: Transaction, row: VideoSession, evaluation: Evaluation) -> bool:
        """Whether the observer was left to us and is all that stands in the way, or will not come anyway."""
        gone = row.observer_id in off(tx, row.id)
        if not gone and not (row.pool and evaluation.blocking):
            return False
        cast = self.casting.of_session(tx, row)
        return all(is_about_observer(f, cast) for f in evaluation.blocking)

    def _with_another(self, tx: Transaction, row: VideoSession, before: Judged, others: Postures | None) -> Judged:
        """Picks anew, as when it was scheduled, and has the rules judge that; as `before` where nobody is left."""
        if others is None:
            raise OutsideFailed("The observer may not observe any more, as of this moment.", code="OBSERVER_CHANGED")
        cast, gone = self.casting.of_session(tx, row), observer_asks.not_wanted(tx, row)
        free = tuple(c for c in self.casting.free_for(tx, cast, _slot(row)) if c.person_id not in gone)
        nobody = replace(cast, observer_id=None, observer_email="")
        picked, people = self.casting.facts(tx, nobody, _slot(row), others, pool=True, candidates=free)
        if picked.observer_id is None:
            return before
        earlier, row.observer_id = row.observer_id, picked.observer_id
        postures = replace(before.postures, observer=people.observer_posture)
        evaluation, consents = self.creation.judge(tx, row, postures)
        if evaluation.blocking:
            row.observer_id = earlier
            return before
        said = {"person": row.observer_id, "instead_of": earlier, "rules": before.rules}
        replaced = Event("observer.replaced", "session", row.id, SERVICE.id, said)
        return Judged(evaluation, consents, postures, (replaced, *self._let_go(tx, row, earlier)))

    def _let_go(self, tx: Transaction, row: VideoSession, person_id: str) -> tuple[Event, ...]:
        """Who was picked before is asked no longer, and hears of it where there had been a question."""
        now = self.parts.clock.now()
        if observer_asks.knows(asks_of(tx, row.id), person_id):
            messages.tell_staff(tx, self.parts.post, row, (person_id,), "off", now)
        row.accepted_at = None
        return observer_asks.end(tx, self.parts, row, now, keep=row.observer_id, named=True)

    def _refuse(self, tx: Transaction, row: VideoSession, now: datetime) -> None:
        change_state(row, SessionState.REFUSED)
        row.removal_reason, row.idempotency_key = "no_longer_allowed", None
        messages.tell_staff(tx, self.parts.post, row, (row.teacher_id,), "not_created", now)
        if row.accepted_at:
            messages.tell_staff(tx, self.parts.post, row, (row.observer_id,), "off", now)
        observer_asks.end(tx, self.parts, row, now)


def _slot(session: VideoSession) -> Slot:
    return Slot(session.starts_at, session.minutes, session.id)


def forecast(
    parts: SessionParts, tx: Transaction, teacher_id: str, host: str, more: tuple[datetime, ...] = ()
) -> tuple[dict[str, datetime], tuple[datetime, ...]]:
    """When the meetings of a teacher's planned sessions will be made (00:00 UTC of the day), by session; and when
    those that would start at `more` would be."""
    now, ahead = parts.clock.now(), timedelta(days=parts.terms.create_ahead_days)
    planned = table.planned_of(tx, teacher_id)
    starts = [*(s.starts_at for s in planned), *more]
    days = budget.waits_until(budget_used(tx, host, now), now, [s - ahead for s in starts], CREATES_A_DAY)
    moments = [next_utc_day(now) - timedelta(days=1) + (day - now.date()) for day in days]
    return {s.id: m for s, m in zip(planned, moments, strict=False)}, tuple(moments[len(planned) :])
