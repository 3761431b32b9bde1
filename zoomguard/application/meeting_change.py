"""Changes a session that stands at Zoom: another time, another observer, or a meeting made anew.

What is wanted is on record before Zoom is asked. Until Zoom's own answer decides, the old and the new slot and
people are both taken. Zoom answers 204 to a PATCH whether or not it obeyed, so a fresh GET decides; where Zoom does
not obey the session goes back to what it was.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from zoomguard.application import access, messages, observer_asks, session_target, work
from zoomguard.application.crash import crash_point
from zoomguard.application.meeting_creation import MeetingCreation, refusal
from zoomguard.application.meeting_removal import NOT_CONFIRMED, MeetingRemoval
from zoomguard.application.meeting_renewal import MeetingRenewal
from zoomguard.application.messages import Before
from zoomguard.application.session_parts import (
    CHANGE,
    MOVE,
    WRITES_A_DAY,
    SessionParts,
    change_state,
    clear_change,
    locked,
    next_plan_of,
    note_step,
    number_of,
    plan_of,
    put_duties,
    take_budget,
)
from zoomguard.application.session_target import Target, before_of, take_over, yes_at
from zoomguard.domain import meeting_plan
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import NotThere, OutcomeUnknown, OutsideFailed, Refused
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.domain.meeting_plan import Difference, Meeting, MeetingPlan
from zoomguard.domain.people import SERVICE, Who
from zoomguard.domain.sessions import Change, Risk, SessionState
from zoomguard.tables.database import Transaction
from zoomguard.tables.observers import AskKind
from zoomguard.tables.sessions import StepState, VideoSession

# A change that Zoom has not confirmed so shortly before the start is given up, and the session with it.
CONFIRMED_BEFORE = timedelta(minutes=8)
# Zoom must have confirmed another observer by then; this much more to do it in.
CHANGED_BEFORE = CONFIRMED_BEFORE + timedelta(minutes=1)


class MeetingChange:
    """From `moving` back to `scheduled`, at the new values or at the old ones."""

    def __init__(self, parts: SessionParts, creation: MeetingCreation) -> None:
        self.parts, self.creation = parts, creation
        self.removal = MeetingRemoval(parts)
        self.renewal = MeetingRenewal(parts, creation)

    # Intentions ----------------------------------------------------------------------------------------------

    def begin_observer(self, session_id: str, observer_id: str, who: Who) -> None:
        """Intends another observer; whether that person said yes stands in the asks."""
        self._begin(session_id, Target(Change.OBSERVER, observer_id=observer_id), who, {"observer": observer_id})

    def remake(self, session_id: str, reason: str) -> None:
        """Has the meeting made anew (it was deleted at Zoom) and goes on; the caller holds the claim."""
        self._begin(session_id, Target(Change.MEETING), SERVICE, {"reason": reason})
        self.go_on(session_id)

    def _begin(self, session_id: str, target: Target, who: Who, payload: dict[str, object]) -> None:
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session_id)
            session_target.decide(tx, self.parts, row, target, who, now)
            payload = {"change": target.kind.value, **payload}
            tx.commit(audit=Event("session.change_decided", "session", session_id, who.id, payload))
        crash_point("change.decided")

    # At Zoom -------------------------------------------------------------------------------------------------

    def go_on(self, session_id: str) -> None:
        """Goes on with a change; the caller holds the claim.

        Refused where Zoom does not obey (the session is what it was, at risk where an observer was to be changed),
        OutsideFailed where Zoom cannot tell: the session stays `moving`, and the worker goes on.
        """
        session = self._read(session_id)
        if session.state is not SessionState.MOVING:
            return
        if session.change == Change.MEETING:
            self._renew(session)
            return
        if self.parts.clock.now() > self._latest(session) - CONFIRMED_BEFORE:
            self.removal.begin(session_id, NOT_CONFIRMED)
            self.removal.finish(session_id)
            return
        self._move(session)

    def _renew(self, session: VideoSession) -> None:
        """A meeting that Zoom does not let go (it is on) stays, and the session what it was."""
        try:
            self.renewal.go_on(session)
        except OutsideFailed as error:
            left = self._read(session.id)
            if error.permanent and left.state is SessionState.MOVING:
                self._back(left, clean=True)
            raise

    def _latest(self, session: VideoSession) -> datetime:
        return max(session.starts_at, session.next_starts_at or session.starts_at)

    def _move(self, session: VideoSession) -> None:
        with self.parts.database.reading() as tx:
            old, new = plan_of(self.parts, tx, session, session.attempt), next_plan_of(self.parts, tx, session)
        meeting = self._get(session)
        if meeting is None:
            self._to_renewal(session)
            return
        if found := self._differences(session, new, meeting):
            found = self._patch(session, new, "to")
        if not found:
            self._done(session)
            return
        left = self._patch(session, old, "back")
        self._back(session, clean=not left)
        raise Refused(tuple(_finding(d) for d in found))

    def _patch(self, session: VideoSession, plan: MeetingPlan, way: str) -> tuple[Difference, ...]:
        """One PATCH, counted before it is sent, and what a fresh GET has other than the plan."""
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            take_budget(tx, session.host_zoom_id, now, WRITES_A_DAY)
            note_step(tx, MOVE, session, StepState.SENT, now, way)
            tx.commit()
        crash_point(f"change.sent_{way}")
        try:
            self.parts.meetings.update(number_of(session), plan.repair())
        except OutsideFailed as error:
            self._lost_or_refused(session, error, plan, way)
        crash_point(f"change.answered_{way}")
        meeting = self._get(session)
        if meeting is None:
            raise OutsideFailed("Zoom no longer shows the meeting.", code="ZOOM_MEETING_UNREADABLE")
        return self._differences(session, plan, meeting)

    def _lost_or_refused(self, session: VideoSession, error: OutsideFailed, plan: MeetingPlan, way: str) -> None:
        """A lost answer is looked up by the GET; a refusal for good ends the change where it began."""
        if isinstance(error, OutcomeUnknown):
            return
        if not error.permanent or way == "back":
            raise error
        with self.parts.database.deciding() as tx:
            note_step(tx, MOVE, session, StepState.REFUSED, self.parts.clock.now(), error.code)
            tx.commit()
        self._back(session, clean=True)
        raise refusal(error, plan)

    def _differences(self, session: VideoSession, plan: MeetingPlan, meeting: Meeting) -> tuple[Difference, ...]:
        posture = self.parts.users.posture(plan.host_email)
        return meeting_plan.differences(plan, meeting, posture.everyone_waits if posture else None)

    def _get(self, session: VideoSession) -> Meeting | None:
        return self.parts.meetings.read(number_of(session))

    def _read(self, session_id: str) -> VideoSession:
        with self.parts.database.reading() as tx:
            row = tx.get(VideoSession, session_id)
            if row is None:
                raise NotThere("There is no such session.", "")
            return row

    # What came of it -----------------------------------------------------------------------------------------

    def _done(self, session: VideoSession) -> None:
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session.id, session.version)
            before, kind = before_of(row), Change(row.change)
            note = take_over(self.parts, row)
            asked = self._settle_observer(tx, row, before, kind, now)
            change_state(row, SessionState.SCHEDULED)
            row.risk, row.sequence = Risk.NONE, row.sequence + 1
            told = messages.tell_change(tx, self.parts.post, row, before, now, note)
            work.finish(tx, CHANGE, row.id, now)
            put_duties(tx, row, now)
            payload = {"change": kind.value, "guardians_told": told, "starts_at": row.local_start}
            said = Event("session.changed", "session", row.id, row.changed_by or SERVICE.id, payload)
            tx.commit(audit=(said, *asked))
        crash_point("change.done")

    def _settle_observer(
        self, tx: Transaction, row: VideoSession, before: Before, kind: Change, now: datetime
    ) -> tuple[Event, ...]:
        """Another time or another person wants a yes of its own; one who said yes already need not say it again."""
        events: tuple[Event, ...] = ()
        if kind is Change.TIME:
            row.accepted_at = None
            events += observer_asks.end(tx, self.parts, row, now)
        elif kind is Change.OBSERVER:
            row.accepted_at = yes_at(tx, row)
            events += observer_asks.end(tx, self.parts, row, now, keep=row.observer_id)
            off = {before.observer_id} - messages.out_of_it(tx, row)
            messages.tell_staff(tx, self.parts.post, row, off, "off", now)
        if row.accepted_at is None:
            events += observer_asks.ask(tx, self.parts, row, row.observer_id, AskKind.ASSIGNED, now)
        return events

    def _back(self, session: VideoSession, *, clean: bool) -> None:
        """The session is what it was; at risk where that is not certain, or where its observer was to be replaced."""
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session.id, session.version)
            kind = Change(row.change)
            safe = clean and kind is not Change.OBSERVER
            # A risk that stood before stands on: nothing was mended.
            known = Risk(row.risk)
            change_state(row, SessionState.SCHEDULED if safe and not known else SessionState.AT_RISK)
            row.risk = known if safe else Risk.OBSERVER_MISSING if clean else Risk.DRIFT
            clear_change(row)
            # A yes that came to nothing stays a question, and may be given again.
            reopened = observer_asks.take_back(tx, row)
            if not safe:
                messages.tell_staff(tx, self.parts.post, row, access.leads(tx, now), "at_risk", now)
            work.finish(tx, CHANGE, row.id, now)
            put_duties(tx, row, now)
            payload = {"change": kind.value, "clean": clean}
            failed = Event("session.change_failed", "session", row.id, SERVICE.id, payload)
            tx.commit(audit=(failed, *reopened))
        crash_point("change.back")

    def _to_renewal(self, session: VideoSession) -> None:
        """Zoom no longer has the meeting: what was wanted is made anew with the new values."""
        with self.parts.database.deciding() as tx:
            row = locked(tx, session.id, session.version)
            row.change = Change.MEETING
            tx.commit(audit=Event("session.change_decided", "session", row.id, SERVICE.id, {"change": "meeting"}))
        self.renewal.go_on(self._read(session.id))


def _finding(difference: Difference) -> Finding:
    return Finding(
        difference.rule,
        Outcome.FAIL,
        difference.setting,
        "Zoom did not take the change; the session is what it was.",
        wanted=difference.wanted,
        got=difference.got,
        remedy="Look whether the account locks this setting, then try again.",
        who="the Zoom administrator",
    )
