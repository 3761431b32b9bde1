"""Makes a session's meeting anew: under another host, or because somebody deleted it in Zoom. Doors stay the same."""

from __future__ import annotations

from datetime import datetime, timedelta

from zoomguard.application import messages, observer_asks, work
from zoomguard.application.crash import crash_point
from zoomguard.application.meeting_creation import MeetingCreation
from zoomguard.application.messages import Before
from zoomguard.application.session_parts import CHANGE, CREATE, REMOVE, SessionParts, change_state, locked, note_step
from zoomguard.application.session_target import before_of, take_over, yes_at
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import OutcomeUnknown, OutsideFailed
from zoomguard.domain.people import SERVICE
from zoomguard.domain.sessions import SessionState
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import StepState, VideoSession


class MeetingRenewal:
    """From `moving` to `requested`, with the wanted values; creation goes on from there."""

    def __init__(self, parts: SessionParts, creation: MeetingCreation) -> None:
        self.parts, self.creation = parts, creation

    def go_on(self, session: VideoSession) -> None:
        """The old meeting goes first, so that no two stand for one session. Errors as `MeetingCreation.go_on`."""
        if session.meeting_number is not None:
            self._delete(session, session.meeting_number)
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session.id, session.version)
            before = before_of(row)
            note = take_over(self.parts, row)
            _forget_meeting(tx, row)
            change_state(row, SessionState.REQUESTED)
            asked = self._tell(tx, row, before, note, now)
            work.finish(tx, CHANGE, row.id, now)
            work.put(tx, CREATE, row.id, now + timedelta(seconds=20))
            payload = {"teacher": row.teacher_id}
            said = Event("session.meeting_given_up", "session", row.id, SERVICE.id, payload)
            tx.commit(audit=(said, *asked))
        crash_point("change.given_up")
        self.creation.go_on(session.id, None)

    def _tell(self, tx: Transaction, row: VideoSession, before: Before, note: str, now: datetime) -> tuple[Event, ...]:
        """Nobody hears of a meeting made anew as such: doors lead to it. Another teacher, time or observer is told."""
        row.sequence += 1
        if before == before_of(row):
            return ()
        messages.tell_change(tx, self.parts.post, row, before, now, note)
        if before.starts_at != row.starts_at:
            row.accepted_at = None
            return observer_asks.end(tx, self.parts, row, now)
        if before.observer_id != row.observer_id:
            row.accepted_at = yes_at(tx, row)
            return observer_asks.end(tx, self.parts, row, now, keep=row.observer_id)
        return ()

    def _delete(self, session: VideoSession, number: int) -> None:
        with self.parts.database.deciding() as tx:
            note_step(tx, REMOVE, session, StepState.SENT, self.parts.clock.now(), str(number))
            tx.commit()
        crash_point("change.delete_sent")
        try:
            self.parts.meetings.delete(number)
        except OutcomeUnknown:
            if self.parts.meetings.read(number) is not None:
                raise OutsideFailed("Zoom did not say whether the old meeting is gone.") from None
        crash_point("change.deleted")


def _forget_meeting(tx: Transaction, row: VideoSession) -> None:
    """What belonged to the old meeting: number, passcode, entries. Addresses stay: they are unique to the session."""
    row.meeting_number, row.passcode, row.host_zoom_id = None, "", ""
    for entry in table.roster(tx, row.id):
        entry.registrant_id = entry.join_url = ""
