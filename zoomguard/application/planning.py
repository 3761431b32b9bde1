"""Makes the meetings of planned sessions when their day has come: earliest lesson first, within the host's day."""

from __future__ import annotations

from datetime import datetime, timedelta

from zoomguard.application import access, messages, session_facts, work
from zoomguard.application.crash import crash_point
from zoomguard.application.meeting_creation import MeetingCreation
from zoomguard.application.session_facts import Postures
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
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import VideoSession

# So many are tried in one go where Zoom cannot tell about the first.
MOST_TRIED = 5


class Planning:
    """One piece of work for each teacher, so that nobody's lessons wait for another teacher's day to end."""

    def __init__(self, parts: SessionParts, creation: MeetingCreation) -> None:
        self.parts, self.creation = parts, creation

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
            postures = self.creation.postures(session)
            if not self._decide(session, postures):
                return
            try:
                self.creation.go_on(session.id, postures)
            except Refused:
                return  # On record, and removed again: the next one's turn.
            except OutsideFailed:
                return  # The session's own work goes on with it; the next one need not wait.

    def _decide(self, session: VideoSession, postures: Postures) -> bool:
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session.id, session.version)
            if row.state is not SessionState.PLANNED:
                return False
            evaluation, consents = self.creation.judge(tx, row, postures)
            tx.add(session_facts.evaluation_row(evaluation, row.id, now, consents))
            if evaluation.blocking:
                self._refuse(tx, row, now)
                rules = sorted({f.rule for f in evaluation.blocking})
                tx.commit(audit=Event("session.refused", "session", row.id, SERVICE.id, {"rules": rules}))
                return False
            change_state(row, SessionState.REQUESTED)
            work.put(tx, CREATE, row.id, now + timedelta(seconds=20))
            payload = {"starts_at": row.local_start, "zone": row.zone}
            tx.commit(audit=Event("session.requested", "session", row.id, SERVICE.id, payload))
        crash_point("planned.requested")
        return True

    def _refuse(self, tx: Transaction, row: VideoSession, now: datetime) -> None:
        change_state(row, SessionState.REFUSED)
        row.removal_reason, row.idempotency_key = "no_longer_allowed", None
        messages.tell_staff(tx, self.parts.post, row, (row.teacher_id,), "not_created", now)


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
