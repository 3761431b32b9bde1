"""A yes or a no to observing: the first yes wins, and a no is followed up at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from zoomguard.application import messages, observer_asks, session_facts, session_target, work
from zoomguard.application.crash import crash_point
from zoomguard.application.meeting_change import CHANGED_BEFORE, MeetingChange
from zoomguard.application.observer_calls import ObserverCalls
from zoomguard.application.session_facts import Cast, Postures, Slot
from zoomguard.application.session_parts import OBSERVER, SessionParts, change_state, locked
from zoomguard.application.session_target import Target
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import Conflict, OutsideFailed, Refused
from zoomguard.domain.findings import Finding
from zoomguard.domain.people import Who
from zoomguard.domain.sessions import CHANGEABLE, Change, Risk, SessionState
from zoomguard.rules import occasions
from zoomguard.tables import observers as table
from zoomguard.tables import sessions as sessions_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.observers import AskState
from zoomguard.tables.people import Person
from zoomguard.tables.sessions import VideoSession

ACCEPTED, COVERED, DECLINED, UNCHANGED = "accepted", "covered", "declined", "unchanged"
# So long an answer waits for whoever is at work on the session.
PATIENCE_S = 30


class ObserverAnswers:
    """What the asked say. Everything of one session goes one after the other, under its claim."""

    def __init__(self, parts: SessionParts, changes: MeetingChange, calls: ObserverCalls) -> None:
        self.parts, self.changes, self.calls = parts, changes, calls

    def yes(self, session_id: str, person_id: str, who: Who) -> str:
        """ "accepted", "unchanged" where that person had said yes, or "covered" where somebody else came first.

        Who was not assigned is judged by the rules again, and becomes the observer once Zoom has confirmed it:
        Refused (with findings) where the rules or Zoom say no, OutsideFailed where Zoom cannot tell (the worker
        goes on), Conflict where the lesson has begun or is being changed.
        """
        with self._claimed(session_id):
            postures = self._postures(session_id, person_id)
            now = self.parts.clock.now()
            with self.parts.database.deciding() as tx:
                row = locked(tx, session_id)
                outcome = self._take(tx, row, person_id, who, postures, now)
            if outcome:
                return outcome
            crash_point("change.decided")
            self.changes.go_on(session_id)
            return self._came_of_it(session_id, person_id)

    def no(self, session_id: str, person_id: str, who: Who) -> str:
        """ "declined", or "unchanged" where nothing was open. The next reserve or the pool is asked at once."""
        with self._claimed(session_id):
            now = self.parts.clock.now()
            with self.parts.database.deciding() as tx:
                row = locked(tx, session_id)
                if not self._decline(tx, row, person_id, who, now):
                    return UNCHANGED
            crash_point("observer.declined")
            # The no is on record: what cannot be done now, the worker does.
            with suppress(OutsideFailed):
                self.calls.go_on(session_id)
        return DECLINED

    @contextmanager
    def _claimed(self, session_id: str) -> Iterator[None]:
        with self.parts.claims.claim(session_id, wait_s=PATIENCE_S) as had:
            if not had:
                raise OutsideFailed("Somebody else is at work on this session.", "Repeat in a minute.", code="CLAIMED")
            yield

    # Yes -----------------------------------------------------------------------------------------------------

    def _take(
        self, tx: Transaction, row: VideoSession, person_id: str, who: Who, postures: Postures | None, now: datetime
    ) -> str:
        """Decides a yes; "" where Zoom has to confirm it."""
        assigned = row.observer_id == person_id
        if row.accepted_at is not None:
            return self._too_late(tx, row, person_id, who, now)
        if row.state is SessionState.MOVING and row.next_observer_id == person_id:
            return ""
        _not_released(tx, row, person_id)
        _answerable(row, now, assigned=assigned)
        said = Event("observer.accepted", "session", row.id, who.id, {"person": person_id})
        if assigned:
            observer_asks.note_answer(tx, row.id, person_id, AskState.ACCEPTED, who.id, now)
            tx.commit(audit=(said, *self._is_on(tx, row, now)))
            return ACCEPTED
        if now > row.starts_at - CHANGED_BEFORE:
            raise Conflict("It is too late to change the observer at Zoom.", "Call the safeguarding lead.", code="LATE")
        self._judge(tx, row, person_id, postures)
        observer_asks.note_answer(tx, row.id, person_id, AskState.ACCEPTED, who.id, now)
        target = Target(Change.OBSERVER, observer_id=person_id)
        if row.state is SessionState.PLANNED:
            tx.commit(audit=(said, *self._on_paper(tx, row, target, who, now)))
            return ACCEPTED
        session_target.decide(tx, self.parts, row, target, who, now)
        intended = Event("session.change_decided", "session", row.id, who.id, {"change": Change.OBSERVER.value})
        tx.commit(audit=(said, intended))
        return ""

    def _is_on(self, tx: Transaction, row: VideoSession, now: datetime) -> tuple[Event, ...]:
        """The session's observer has said yes: nobody else is needed."""
        row.accepted_at = now
        if row.state is SessionState.AT_RISK and row.risk == Risk.OBSERVER_MISSING:
            change_state(row, SessionState.SCHEDULED)
            row.risk = Risk.NONE
        work.finish(tx, OBSERVER, row.id, now)
        return observer_asks.end(tx, self.parts, row, now, keep=row.observer_id)

    def _on_paper(
        self, tx: Transaction, row: VideoSession, target: Target, who: Who, now: datetime
    ) -> tuple[Event, ...]:
        """A planned session has no meeting yet: Zoom need not be asked."""
        before, pool = row.observer_id, row.pool
        session_target.intend(self.parts, row, target, who)
        session_target.take_over(self.parts, row)
        row.pool = pool  # Whoever came from the pool may be followed from there.
        messages.tell_staff(tx, self.parts.post, row, {before} - messages.out_of_it(tx, row), "off", now)
        return self._is_on(tx, row, now)

    def _too_late(self, tx: Transaction, row: VideoSession, person_id: str, who: Who, now: datetime) -> str:
        """Somebody has said yes: this person, or another."""
        if row.observer_id == person_id:
            return UNCHANGED
        is_open = [a for a in table.asks_of(tx, row.id) if a.person_id == person_id and a.state is AskState.OPEN]
        if is_open:
            observer_asks.note_answer(tx, row.id, person_id, AskState.COVERED, who.id, now)
            tx.commit(audit=Event("observer.covered", "session", row.id, who.id, {"person": person_id}))
        return COVERED

    def _judge(self, tx: Transaction, row: VideoSession, person_id: str, postures: Postures | None) -> None:
        """The rules about this person as observer, on the facts of now; everybody of the session is locked."""
        parts = self.parts
        if postures is None:
            raise Conflict("The session was changed meanwhile.", "Look again, then repeat.")
        emails = {i: _email(parts, tx, i) for i in (row.teacher_id, person_id)}
        children = tuple(c.child_id for c in sessions_table.roster(tx, row.id))
        cast = Cast(row.teacher_id, emails[row.teacher_id], person_id, emails[person_id], children)
        slot = Slot(row.starts_at, row.minutes, row.id)
        people = session_facts.people_facts(tx, parts.seals, parts.terms, parts.staff_domains, cast, slot, postures)
        evaluation = occasions.evaluate("schedule", occasions.Facts(people=people), parts.terms)
        if against := tuple(f for f in evaluation.blocking if _is_about(f, emails[person_id])):
            raise Refused(against)

    def _postures(self, session_id: str, person_id: str) -> Postures | None:
        """What Zoom says of teacher and observer-to-be, before any transaction; None where it need not be asked."""
        with self.parts.database.reading() as tx:
            row = tx.need(VideoSession, session_id)
            if row.accepted_at is not None or row.observer_id == person_id or row.state not in CHANGEABLE:
                return None
            teacher, observer = (_email(self.parts, tx, i) for i in (row.teacher_id, person_id))
        return Postures(self.parts.users.posture(teacher), self.parts.users.posture(observer))

    def _came_of_it(self, session_id: str, person_id: str) -> str:
        with self.parts.database.reading() as tx:
            row = tx.need(VideoSession, session_id)
        if row.observer_id == person_id and row.accepted_at is not None:
            return ACCEPTED
        raise OutsideFailed("The lesson could not be changed at Zoom.", "Call the safeguarding lead.", code="NOT_DONE")

    # No ------------------------------------------------------------------------------------------------------

    def _decline(self, tx: Transaction, row: VideoSession, person_id: str, who: Who, now: datetime) -> bool:
        """Whether there was something to decline."""
        assigned, all_asks = row.observer_id == person_id, table.asks_of(tx, row.id)
        if observer_asks.is_released(all_asks, person_id):
            return False
        asks = observer_asks.standing_asks(all_asks, person_id)
        open_to_no = asks[-1].state in (AskState.OPEN, AskState.ACCEPTED) if asks else assigned
        if not open_to_no and not (assigned and row.accepted_at is not None):
            return False
        _answerable(row, now, assigned=assigned)
        observer_asks.note_answer(tx, row.id, person_id, AskState.DECLINED, who.id, now)
        if assigned:
            row.accepted_at = None
        work.put(tx, OBSERVER, row.id, now)
        tx.commit(audit=Event("observer.declined", "session", row.id, who.id, {"person": person_id}))
        return True


def _not_released(tx: Transaction, row: VideoSession, person_id: str) -> None:
    """Conflict for whoever was let go: somebody wanted another observer, and a yes does not undo that."""
    if observer_asks.is_released(table.asks_of(tx, row.id), person_id):
        raise Conflict(
            "This lesson is no longer open to this person: another observer is wanted.",
            "Have the teacher or the safeguarding lead name this person again.",
            code="RELEASED",
        )


def _answerable(row: VideoSession, now: datetime, *, assigned: bool) -> None:
    """Conflict where an answer can change nothing (any more). The assigned may answer while the meeting is made."""
    being_made = row.state in (SessionState.REQUESTED, SessionState.CREATED)
    being_made |= row.state is SessionState.MOVING and row.change == Change.MEETING
    if now >= row.starts_at or not (row.state in CHANGEABLE or row.state is SessionState.MOVING or being_made):
        raise Conflict("This lesson has begun, or will not take place.", "", code="OVER")
    if row.state not in CHANGEABLE and not (assigned and being_made):
        raise Conflict("This lesson is being changed.", "Answer again in a minute.", code="CHANGING")


def _email(parts: SessionParts, tx: Transaction, person_id: str) -> str:
    return parts.seals.open("person", "email", person_id, tx.need(Person, person_id).email)


def _is_about(finding: Finding, email: str) -> bool:
    """What stands against this observer; what is wrong with others is asked before the start anyway."""
    return finding.subject in (email, "observer")
