"""Staff doors: where teacher and observer get into a meeting, and as whom Zoom must know them there.

Alternative hosts cannot register and come in as such only when they are signed in to Zoom with the address that the
meeting names (support.zoom.com, "Scheduling with alternative hosts"): otherwise they stand in the waiting room.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from zoomguard.application.doors import OPENING
from zoomguard.application.session_parts import SessionParts, number_of
from zoomguard.application.session_seen import NOT_FOR_YOU, takes_part
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import Conflict, NotThere
from zoomguard.domain.people import Who
from zoomguard.domain.sessions import Change, SessionState
from zoomguard.domain.times import day_in
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import VideoSession

HOST, CO_HOST = "host", "alternative host"


@dataclass(frozen=True)
class StaffDoor:
    """The door as its owner sees it: `as_whom` is the address to be signed in to Zoom with, `opens_today` says so of
    the college's day."""

    role: str
    as_whom: str
    opens_at: datetime
    opens_today: bool
    open: bool


class StaffDoors:
    """The two adults of a session, and nobody else, get in here."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts

    def look(self, who: Who, id_or_short: str) -> StaffDoor | None:
        """The door as this person sees it; None for those who may see the session and are not in it."""
        with self.parts.database.reading() as tx:
            row = table.find(tx, id_or_short.upper())
            return self._door(tx, who, row) if row is not None and takes_part(tx, who, row) else None

    def open(self, who: Who, id_or_short: str) -> str:
        """The way in, fetched fresh from Zoom and kept nowhere: the host's own link, or the meeting's link for the
        observer. NotThere for everybody else, Conflict before it opens and after the end."""
        with self.parts.database.reading() as tx:
            row = table.find(tx, id_or_short.upper())
            if row is None or not takes_part(tx, who, row):
                raise NotThere(*NOT_FOR_YOU)
            door = self._door(tx, who, row)
        if not door.open:
            raise Conflict("The lesson is not open now.", "It opens 15 minutes before its start.", code="NOT_OPEN")
        number = number_of(row)
        if who.id == row.teacher_id:
            link = self.parts.meetings.start_url(number)
        else:
            meeting = self.parts.meetings.read(number)
            link = meeting.join_url if meeting is not None else ""
        if not link:
            raise Conflict("Zoom has no such meeting now.", "Call the office.", code="NOT_OPEN")
        self._note(who, row, door)
        return link

    def _door(self, tx: Transaction, who: Who, row: VideoSession) -> StaffDoor:
        person = people_table.by_ids(tx, frozenset({who.id}))[who.id]
        email = self.parts.seals.open("person", "email", person.id, person.email)
        opens_at = row.starts_at - timedelta(minutes=self.parts.terms.door_opens_minutes_before)
        ends_at = row.starts_at + timedelta(minutes=row.minutes)
        standing = row.state in OPENING or (row.state is SessionState.MOVING and row.change == Change.OBSERVER)
        role = HOST if who.id == row.teacher_id else CO_HOST
        now, zone = self.parts.clock.now(), self.parts.terms.zone
        opens_today = day_in(opens_at, zone) == day_in(now, zone)
        return StaffDoor(role, email, opens_at, opens_today, standing and opens_at <= now < ends_at)

    def _note(self, who: Who, row: VideoSession, door: StaffDoor) -> None:
        with self.parts.database.deciding() as tx:
            tx.hold(VideoSession, row.id)
            tx.commit(audit=Event("session.staff_door_opened", "session", row.id, who.id, {"as": door.role}))
