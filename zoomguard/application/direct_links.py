"""Direct links, for the day on which our doors are down: given by two roles alone, on record, void afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from zoomguard.application import access, consents, session_facts, work
from zoomguard.application.crash import crash_point
from zoomguard.application.meeting_entries import MeetingEntries
from zoomguard.application.session_parts import SessionParts, locked, number_of, views
from zoomguard.application.session_roster import AT_ZOOM
from zoomguard.domain.audit import Event
from zoomguard.domain.consents import ConsentState, Scope
from zoomguard.domain.errors import BadInput, Conflict, NotThere
from zoomguard.domain.people import SERVICE, Who
from zoomguard.domain.sessions import SessionView
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.people import Person
from zoomguard.tables.sessions import VideoSession

VOID = "void_direct_links"
SHORTEST_REASON = 10


@dataclass(frozen=True)
class DirectLink:
    """A child's own way into the meeting; a secret."""

    child: str
    link: str


class DirectLinks:
    """Gives the personal links themselves, and makes them worthless when the lesson is over."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts, self.entries = parts, MeetingEntries(parts)

    def give(self, who: Who, id_or_short: str, reason: str) -> tuple[SessionView, tuple[DirectLink, ...]]:
        """Every child's link, by reference, to be told by telephone. BadInput without a reason."""
        access.require(who, "sessions.direct")
        if len(reason.strip()) < SHORTEST_REASON:
            raise BadInput("A reason is needed.", "Say in a few words why the doors do not do.", code="REASON_NEEDED")
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = table.find(tx, id_or_short.upper())
            if row is None:
                raise NotThere("There is no such session for you.", "See: zoomguard sessions list")
            row = locked(tx, row.id)
            if row.state not in AT_ZOOM:
                raise Conflict(f"A session that is {row.state} has no links.", "Look again later.", code="NO_LINKS")
            row.direct_at = now
            links = self._links(tx, row)
            work.put(tx, VOID, row.id, row.starts_at + timedelta(minutes=row.minutes))
            payload = {"reason": reason.strip()[:300], "links": len(links)}
            view = views(self.parts, tx, [row])[0]
            tx.commit(audit=Event("session.direct_links_given", "session", row.id, who.id, payload))
        return view, links

    def _links(self, tx: Transaction, row: VideoSession) -> tuple[DirectLink, ...]:
        roster = table.roster(tx, row.id)
        people = people_table.by_ids(tx, frozenset(c.child_id for c in roster))
        found = []
        allowed = self._allowed(tx, row, people)
        for entry in roster:
            if entry.child_id not in allowed:
                continue  # The door would not open either.
            place = f"{entry.session_id}/{entry.child_id}"
            link = self.parts.seals.open("session_child", "join_url", place, entry.join_url)
            found.append(DirectLink(people[entry.child_id].reference or "", link))
        return tuple(found)

    def _allowed(self, tx: Transaction, row: VideoSession, people: dict[str, Person]) -> frozenset[str]:
        """Who is at the college and has permission now."""
        here = tuple(session_facts.child_on_record(self.parts.seals, p) for p in people.values() if p.active)
        said = consents.decisions(tx, here, row.starts_at, self.parts.clock.now(), row.teacher_id)
        scopes = (Scope.VIDEO_LIVE, Scope.VIDEO_RECORD)
        return frozenset(c.id for c in here if all(said[(c.reference, s)].state is ConsentState.ACTIVE for s in scopes))

    def void(self, session_id: str) -> datetime | None:
        """The duty: once the lesson is over, the entries whose links were told are cancelled at Zoom."""
        with self.parts.database.reading() as tx:
            row = tx.need(VideoSession, session_id)
            ours = frozenset(c.address for c in table.roster(tx, session_id))
        ends_at = row.starts_at + timedelta(minutes=row.minutes)
        if self.parts.clock.now() < ends_at:
            return ends_at
        if row.meeting_number is None or self.parts.meetings.read(number_of(row)) is None:
            return None
        approved = self.parts.meetings.registrants(number_of(row), "approved")
        self.entries.take_out(row, tuple(r for r in approved if r.address in ours))
        with self.parts.database.deciding() as tx:
            tx.hold(VideoSession, session_id)
            tx.commit(audit=Event("session.direct_links_void", "session", session_id, SERVICE.id))
        crash_point("direct.void")
        return None
