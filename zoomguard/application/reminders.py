"""Reminders: a day before a lesson, to learners who may be written to themselves. Their hours are asked as for any
mail to a child."""

from __future__ import annotations

from datetime import datetime, timedelta

from zoomguard.application import messages
from zoomguard.application.session_parts import SessionParts, locked
from zoomguard.application.session_roster import tokens_of
from zoomguard.domain.audit import Event
from zoomguard.domain.people import SERVICE
from zoomguard.domain.sessions import SessionState
from zoomguard.tables import sessions as table
from zoomguard.tables.sessions import VideoSession

REMIND_BEFORE = timedelta(hours=24)
STANDING = frozenset({SessionState.SCHEDULED, SessionState.AT_RISK})


class Reminders:
    """The duty `remind_learners`."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts

    def remind(self, session_id: str) -> datetime | None:
        """Queues the reminders when their moment has come; who was invited within that day needs none."""
        now = self.parts.clock.now()
        with self.parts.database.reading() as tx:
            row = tx.need(VideoSession, session_id)
        due_at = row.starts_at - REMIND_BEFORE
        if row.state not in STANDING or row.made_at > due_at or now >= row.starts_at:
            return None
        if now < due_at:
            return due_at
        with self.parts.database.deciding() as tx:
            row = locked(tx, session_id)
            tokens = tokens_of(tx, self.parts, row)
            told = sum(
                messages.remind_child(tx, self.parts.post, row, entry.child_id, tokens[entry.child_id], now)
                for entry in table.roster(tx, session_id)
                if entry.child_id in tokens
            )
            if told:
                payload = {"learners": told}
                tx.commit(audit=Event("session.learners_reminded", "session", session_id, SERVICE.id, payload))
        return None
