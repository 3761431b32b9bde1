"""Takes a meeting away from Zoom and does not rest until Zoom says that it is gone."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from zoomguard.application import meeting_lookup, messages, session_facts, work
from zoomguard.application.crash import crash_point
from zoomguard.application.session_parts import CREATE, REMOVE, SWEEP, SessionParts, change_state, locked, note_step
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import OutcomeUnknown, OutsideFailed
from zoomguard.domain.people import SERVICE, Who
from zoomguard.domain.sessions import SessionState
from zoomguard.rules.occasions import Evaluation
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import DoorState, StepState, VideoSession

CANCELLED = "cancelled"


class MeetingRemoval:
    """From `removing` to `cancelled` or `failed`. The people stay reserved until Zoom's meeting is gone."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts

    def begin(self, session_id: str, reason: str, evaluation: Evaluation | None = None, who: Who = SERVICE) -> None:
        """Decides that the meeting goes: doors shut at once, guardians told where they were invited."""
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session_id)
            change_state(row, SessionState.REMOVING)
            row.removal_reason = reason
            shut_doors(tx, session_id)
            told = messages.call_off(tx, self.parts.post, row, now)
            if evaluation is not None:
                tx.add(session_facts.evaluation_row(evaluation, session_id, now, None))
            work.finish(tx, CREATE, session_id, now)
            work.put(tx, REMOVE, session_id, now + timedelta(seconds=20))
            payload = {"reason": reason, "guardians_told": told}
            tx.commit(audit=Event("session.removal_decided", "session", session_id, who.id, payload))
        crash_point("remove.decided")

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
        open_ended = attempts and attempts[-1].state in (StepState.SENT, StepState.UNKNOWN)
        if row.meeting_number is None and not open_ended:
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
        try:
            self.parts.meetings.delete(number)
        except OutcomeUnknown:
            if self.parts.meetings.read(number) is not None:
                raise OutsideFailed(
                    "Zoom did not say whether the meeting is gone.", "zoomguard goes on removing it."
                ) from None
        crash_point("remove.deleted")

    def _gone(self, session_id: str) -> None:
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session_id)
            cancelled = row.removal_reason == CANCELLED
            change_state(row, SessionState.CANCELLED if cancelled else SessionState.FAILED)
            row.idempotency_key = row.idempotency_key if cancelled else None
            note_step(tx, REMOVE, row, StepState.DONE, now)
            work.finish(tx, REMOVE, session_id, now)
            if meeting_lookup.was_unknown(tx, session_id):
                work.put(tx, SWEEP, session_id, now + timedelta(minutes=10))
            payload = {"reason": row.removal_reason}
            tx.commit(audit=Event(f"session.{row.state.value}", "session", session_id, SERVICE.id, payload))

    def _fail(self, session_id: str, reason: str) -> None:
        """Nothing stands at Zoom: the slot is free again, and the same ask may be made anew."""
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session_id)
            change_state(row, SessionState.FAILED)
            row.removal_reason, row.idempotency_key = reason, None
            work.finish(tx, CREATE, session_id, now)
            if meeting_lookup.was_unknown(tx, session_id):
                work.put(tx, SWEEP, session_id, now + timedelta(minutes=10))
            tx.commit(audit=Event("session.failed", "session", session_id, SERVICE.id, {"reason": reason}))


def shut_doors(tx: Transaction, session_id: str) -> None:
    """Shuts every door of a session, before Zoom is asked for anything."""
    for door in tx.all(select(table.Door).where(table.Door.session_id == session_id)):
        door.state = DoorState.SHUT
