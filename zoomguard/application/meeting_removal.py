"""Takes a meeting away from Zoom and does not rest until Zoom says that it is gone."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from zoomguard.application import access, meeting_lookup, messages, observer_asks, session_facts, work
from zoomguard.application.crash import crash_point
from zoomguard.application.session_parts import (
    CHANGE,
    CREATE,
    ENTRIES,
    OBSERVER,
    RECHECK,
    REMIND,
    REMOVE,
    SWEEP,
    SessionParts,
    change_state,
    clear_change,
    locked,
    note_step,
)
from zoomguard.application.session_roster import shut_doors
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import OutcomeUnknown, OutsideFailed
from zoomguard.domain.people import SERVICE, Who
from zoomguard.domain.sessions import Risk, SessionState
from zoomguard.rules.occasions import Evaluation
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import StepState, VideoSession

CANCELLED, NO_OBSERVER, NO_CHILD, NOT_ALLOWED = "cancelled", "no_observer", "no_child", "not_allowed"
DELETED_AT_ZOOM, LEFT = "deleted_at_zoom", "staff_left"
NOT_CONFIRMED, NOT_MADE_ANEW = "not_confirmed", "not_made_anew"
# So long before its start a meeting can be running already.
JUST_BEFORE = timedelta(minutes=30)
# Reasons for which a session that stood is called off; for any other its creation failed.
CALLED_OFF = frozenset(
    {CANCELLED, NO_OBSERVER, NO_CHILD, NOT_ALLOWED, DELETED_AT_ZOOM, LEFT, NOT_CONFIRMED, NOT_MADE_ANEW}
)


# Reasons for which a creation ends when nobody waits for its answer any more.
GIVEN_UP_LATER = frozenset({"too_late", "no_longer_allowed"})
# What the service found by itself: who looks after lessons hears of it.
FOUND = frozenset({NO_OBSERVER, NOT_ALLOWED, DELETED_AT_ZOOM, NOT_CONFIRMED, NOT_MADE_ANEW})


def _also_told(tx: Transaction, row: VideoSession, who: Who, now: datetime) -> set[str]:
    """Staff who hear of it whatever mail they had before: the teacher, unless that is who acts or nothing stood yet;
    an observer who said yes; the leads, where the service calls a lesson off."""
    if row.removal_reason not in CALLED_OFF:
        return set()
    told = {row.teacher_id} | ({row.observer_id} if row.accepted_at else set())
    return (told | set(access.leads(tx, now) if row.removal_reason in FOUND else ())) - {who.id}


class MeetingRemoval:
    """From `removing` to `cancelled` or `failed`. The people stay reserved until Zoom's meeting is gone."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts

    def begin(
        self,
        session_id: str,
        reason: str,
        evaluation: Evaluation | None = None,
        who: Who = SERVICE,
        note: str = "",
    ) -> None:
        """Decides that the meeting goes: doors shut at once, guardians told where they were invited."""
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session_id)
            told = self.decide(tx, row, reason, now, note, who)
            if evaluation is not None:
                tx.add(session_facts.evaluation_row(evaluation, session_id, now, None))
            payload = {"reason": reason, "guardians_told": told}
            tx.commit(audit=Event("session.removal_decided", "session", session_id, who.id, payload))
        crash_point("remove.decided")

    def decide(
        self, tx: Transaction, row: VideoSession, reason: str, now: datetime, note: str = "", who: Who = SERVICE
    ) -> int:
        """The same inside a transaction of the caller's, whose event says why; gives how many guardians are told."""
        planned = row.state is SessionState.PLANNED
        change_state(row, SessionState.CANCELLED if planned else SessionState.REMOVING)
        row.removal_reason, row.risk = reason, Risk.NONE
        clear_change(row)
        shut_doors(tx, row.id)
        # Raised first, so that calendars take the cancellation for newer than what they have (RFC 5546, 2.1.4).
        row.sequence += 1
        told = messages.call_off(tx, self.parts.post, row, now, note, _also_told(tx, row, who, now))
        self._tell_of_failure(tx, row, now)
        observer_asks.end(tx, self.parts, row, now)  # Nobody is covered: there is nothing to add to the caller's event.
        for kind in (CREATE, CHANGE, ENTRIES, RECHECK, OBSERVER, REMIND):
            work.finish(tx, kind, row.id, now)
        if not planned:
            work.put(tx, REMOVE, row.id, now + timedelta(seconds=20))
        return told

    def finish(self, session_id: str) -> None:
        """Deletes at Zoom; OutsideFailed where that is not certain yet (the worker goes on)."""
        with self.parts.database.reading() as tx:
            row = tx.get(VideoSession, session_id)
        if row is None or row.state is not SessionState.REMOVING:
            return
        if row.meeting_number is None:
            self._find_unknown(row)
        else:
            self._delete(row, row.meeting_number)
        self._gone(session_id)

    def give_up(self, session_id: str, reason: str) -> None:
        """Ends a creation that shall not go on: `failed`, once it is certain that no meeting stands."""
        with self.parts.database.reading() as tx:
            row = tx.need(VideoSession, session_id)
            attempts = table.steps(tx, CREATE, session_id)
            stood = messages.invitations(tx, session_id) > 0
        open_ended = attempts and attempts[-1].state in (StepState.SENT, StepState.UNKNOWN)
        if stood:
            # It stood before, and people know of it: they are told, and its doors shut.
            reason = NOT_MADE_ANEW
        if row.meeting_number is None and not open_ended and not stood:
            self._fail(session_id, reason)
            return
        self.begin(session_id, reason)
        self.finish(session_id)

    def sweep(self, session_id: str) -> None:
        """Deletes meetings of this session's mark that it does not use: a creation that came late."""
        with self.parts.database.reading() as tx:
            row = tx.get(VideoSession, session_id)
        if row is None:
            return
        for number, _ in meeting_lookup.marked(self.parts, row):
            if number != row.meeting_number or row.state in (SessionState.FAILED, SessionState.CANCELLED):
                self._delete(row, number)

    def _find_unknown(self, row: VideoSession) -> None:
        """Something may have been made whose number we never got: look until it is found or surely absent."""
        sought = meeting_lookup.seek(self.parts, row)
        if sought.number is not None:
            self._delete(row, sought.number)

    def _delete(self, row: VideoSession, number: int) -> None:
        with self.parts.database.deciding() as tx:
            note_step(tx, REMOVE, row, StepState.SENT, self.parts.clock.now(), str(number))
            tx.commit()
        crash_point("remove.sent")
        if self.parts.clock.now() >= row.starts_at - JUST_BEFORE:
            self._end_running(number)
        try:
            self.parts.meetings.delete(number)
        except OutcomeUnknown:
            if self.parts.meetings.read(number) is not None:
                raise OutsideFailed(
                    "Zoom did not say whether the meeting is gone.", "zoomguard goes on removing it."
                ) from None
        crash_point("remove.deleted")

    def _end_running(self, number: int) -> None:
        """Zoom deletes a running meeting's entry and lets it go on: it is ended first. Its number is this session's
        alone, so nobody else's meeting can be meant."""
        meeting = self.parts.meetings.read(number)
        if meeting is not None and meeting.status == "started":
            # A lost answer is found out by the deletion's own read.
            with suppress(OutcomeUnknown):
                self.parts.meetings.end(number)
            crash_point("remove.ended")

    def _gone(self, session_id: str) -> None:
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session_id)
            cancelled = row.removal_reason in CALLED_OFF
            change_state(row, SessionState.CANCELLED if cancelled else SessionState.FAILED)
            row.idempotency_key = row.idempotency_key if cancelled else None
            note_step(tx, REMOVE, row, StepState.DONE, now)
            work.finish(tx, REMOVE, session_id, now)
            if meeting_lookup.was_unknown(tx, session_id):
                work.put(tx, SWEEP, session_id, now + timedelta(minutes=10))
            payload = {"reason": row.removal_reason}
            tx.commit(audit=Event(f"session.{row.state.value}", "session", session_id, SERVICE.id, payload))

    def _tell_of_failure(self, tx: Transaction, row: VideoSession, now: datetime) -> None:
        """Whoever asked was told that zoomguard goes on by itself: the teacher hears that it could not."""
        if row.removal_reason in GIVEN_UP_LATER:
            messages.tell_staff(tx, self.parts.post, row, (row.teacher_id,), "not_created", now)

    def _fail(self, session_id: str, reason: str) -> None:
        """Nothing stands at Zoom: the slot is free again, and the same ask may be made anew."""
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session_id)
            change_state(row, SessionState.FAILED)
            row.removal_reason, row.idempotency_key = reason, None
            self._tell_of_failure(tx, row, now)
            work.finish(tx, CREATE, session_id, now)
            if meeting_lookup.was_unknown(tx, session_id):
                work.put(tx, SWEEP, session_id, now + timedelta(minutes=10))
            tx.commit(audit=Event("session.failed", "session", session_id, SERVICE.id, {"reason": reason}))
