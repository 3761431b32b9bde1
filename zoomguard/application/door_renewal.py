"""New doors for a child, once somebody may not be contacted any more: links that were mailed before open nothing."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import col, select

from zoomguard.application import messages, work
from zoomguard.application.contact_stops import RENEW_DOORS
from zoomguard.application.session_parts import SessionParts, locked
from zoomguard.application.session_roster import AT_ZOOM, renew_door
from zoomguard.domain.audit import Event
from zoomguard.domain.people import SERVICE
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import ChildState, SessionChild, VideoSession


class DoorRenewal:
    """The duty `renew_doors`, of one child."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts

    def renew(self, child_id: str) -> None:
        """New doors in all lessons that are not over, told to whoever may be contacted. All at once, with the work
        itself: a repeat finds nothing to do."""
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            events = []
            for session_id in self._sessions(tx, child_id):
                row = locked(tx, session_id)
                token = renew_door(tx, self.parts, row, child_id) if row.state in AT_ZOOM else None
                if token is not None:
                    # Calendars take the entry with the new link for newer than what they have (RFC 5546, 2.1.4).
                    row.sequence += 1
                    tx.flush()
                    told = messages.new_link(tx, self.parts.post, row, child_id, token, now)
                    payload = {"child_id": child_id, "guardians_told": told}
                    events.append(Event("session.door_renewed", "session", row.id, SERVICE.id, payload))
            work.finish(tx, RENEW_DOORS, child_id, now)
            tx.commit(audit=tuple(events))

    def _sessions(self, tx: Transaction, child_id: str) -> list[str]:
        now = self.parts.clock.now()
        query = (
            select(VideoSession)
            .join(SessionChild, col(SessionChild.session_id) == col(VideoSession.id))
            .where(SessionChild.child_id == child_id, SessionChild.state == ChildState.ADDED)
            .where(col(VideoSession.starts_at) > now - timedelta(days=1))
            .order_by(col(VideoSession.id))
        )
        return [s.id for s in tx.all(query) if s.starts_at + timedelta(minutes=s.minutes) > now]
