"""Telling of grave incidents: safeguarding lead, deputies and monitors get a mail, each person once for each.

The first of a kind is told at once. What is found within the hour after that is told together, with its count.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from zoomguard.application import incident_views, incidents
from zoomguard.application.crash import crash_point
from zoomguard.application.message_post import Post
from zoomguard.application.message_queue import Draft, queue
from zoomguard.application.ports import Clock
from zoomguard.domain import incident_letters
from zoomguard.domain.audit import Event
from zoomguard.domain.incident_letters import Found
from zoomguard.domain.incidents import GRAVE, IncidentKind
from zoomguard.domain.messages import Audience, Template
from zoomguard.domain.people import COLLEGE_ZONE, SERVICE, Role
from zoomguard.domain.times import day_in
from zoomguard.tables import incidents as table
from zoomguard.tables import people as people_table
from zoomguard.tables.database import Database, Transaction
from zoomguard.tables.incidents import Incident

TOLD_OF = (Role.DSL, Role.DEPUTY, Role.MONITOR)
TOGETHER = timedelta(hours=1)


class IncidentNotices:
    """The duty that tells."""

    def __init__(self, database: Database, clock: Clock, post: Post) -> None:
        self.database, self.clock, self.post = database, clock, post

    def tell(self, incident_id: str) -> datetime | None:
        """Queues the mails about an incident and all others of its kind that nobody was told of yet.

        Gives the moment to come back where the kind was told of within the hour, or where nobody is there to be told.
        """
        now = self.clock.now()
        with self.database.deciding() as tx:
            asked = tx.get(Incident, incident_id)
            if asked is None or asked.kind not in GRAVE:
                return None
            untold = table.hold_untold(tx, asked.kind)
            if asked.id not in {i.id for i in untold}:
                return None
            last_at = table.last_told_at(tx, asked.kind)
            if last_at is not None and now < last_at + TOGETHER:
                return last_at + TOGETHER
            return self._tell(tx, asked.kind, untold, now)

    def _tell(self, tx: Transaction, kind: IncidentKind, untold: list[Incident], now: datetime) -> datetime | None:
        readers = people_table.holders_of(tx, TOLD_OF, day_in(now, COLLEGE_ZONE))
        if not readers:
            return now + TOGETHER
        subject, text = self._letter(tx, kind, untold)
        for reader in readers:
            draft = Draft(reader, Audience.STAFF, Template.INCIDENT, subject, text)
            queue(tx, self.post, "incident", untold[0].id, draft, now)
        for one in untold:
            incidents.note(tx, one, table.TOLD, now)
        crash_point("incident.told_uncommitted")
        payload = {"kind": kind.value, "incidents": [i.id for i in untold], "readers": len(readers)}
        tx.commit(audit=Event("incident.told", "incident", untold[0].id, SERVICE.id, payload))
        crash_point("incident.told")
        return None

    def _letter(self, tx: Transaction, kind: IncidentKind, untold: list[Incident]) -> tuple[str, str]:
        terms, page, named = self.post.terms, f"{self.post.public_url}/incidents", untold[: incident_letters.NAMED]
        about = incident_views.subjects(tx, named)
        found = [_found(about, one) for one in named]
        return incident_letters.letter(terms.organisation, kind, found, len(untold), terms.zone, page)


def _found(about: incident_views.Subjects, incident: Incident) -> Found:
    session = about.session(incident)
    return Found(
        incident.short_id,
        incident.opened_at,
        about.session_name(incident),
        session.course if session else "",
        session.starts_at if session else None,
        about.recording_name(incident),
    )
