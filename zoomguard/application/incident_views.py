"""Incidents as people see them: sessions and recordings by short id, persons by address, their words unsealed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import col, select

from zoomguard.application import access
from zoomguard.application.seals import Seals
from zoomguard.domain.incidents import IncidentNote, IncidentView
from zoomguard.domain.people import OPERATOR, SERVICE, Role, Who
from zoomguard.tables import incidents as table
from zoomguard.tables import people as people_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.incidents import Incident, IncidentEvent
from zoomguard.tables.recordings import Recording
from zoomguard.tables.sessions import VideoSession

GONE = "somebody who is no longer on record"


@dataclass(frozen=True)
class Subjects:
    """The sessions and recordings that incidents are about, by id, as far as their rows are there."""

    sessions: dict[str, VideoSession]
    recordings: dict[str, Recording]

    def session_id(self, incident: Incident) -> str:
        """The session that an incident is about, by itself or through its recording; "" for none."""
        recording = self.recordings.get(incident.recording_id or "")
        return incident.session_id or (recording.session_id if recording else "") or ""

    def session(self, incident: Incident) -> VideoSession | None:
        """The row of that session, where there is one."""
        return self.sessions.get(self.session_id(incident))

    def session_name(self, incident: Incident) -> str:
        """The session's short id; its id where no row is left."""
        session = self.session(incident)
        return session.short_id if session else self.session_id(incident)

    def recording_name(self, incident: Incident) -> str:
        """The recording's short id; its id where no row is left."""
        recording = self.recordings.get(incident.recording_id or "")
        return recording.short_id if recording else incident.recording_id or ""

    def are_own(self, who: Who, incident: Incident) -> bool:
        """Whether an incident is about a lesson that somebody taught or observed, or about their own account. A lesson
        whose row was lost may be that of whoever teaches or observes."""
        session = self.session(incident)
        if session is not None:
            taught = who.id in (session.teacher_id, session.observer_id)
        else:
            taught = bool(self.session_id(incident)) and who.has(Role.TEACHER, Role.OBSERVER)
        return taught or json.loads(incident.detail).get("person") == who.id


def subjects(tx: Transaction, incidents: Iterable[Incident]) -> Subjects:
    """What these incidents are about, read with two queries."""
    rows = list(incidents)
    named = {i.recording_id for i in rows if i.recording_id}
    recordings = {r.id: r for r in tx.all(select(Recording).where(col(Recording.id).in_(named)))}
    asked = {i.session_id for i in rows if i.session_id} | {r.session_id for r in recordings.values() if r.session_id}
    sessions = {s.id: s for s in tx.all(select(VideoSession).where(col(VideoSession.id).in_(asked)))}
    return Subjects(sessions, recordings)


def views(tx: Transaction, who: Who, incidents: list[Incident]) -> tuple[IncidentView, ...]:
    """Incidents without their history; the number of queries does not grow with them."""
    about = subjects(tx, incidents)
    return tuple(_view(about, who, i) for i in incidents)


def whole(tx: Transaction, seals: Seals, who: Who, incident: Incident) -> IncidentView:
    """One incident with its history."""
    events = table.events(tx, incident.id)
    return _view(subjects(tx, [incident]), who, incident, _history(tx, seals, events))


def _view(about: Subjects, who: Who, incident: Incident, history: tuple[IncidentNote, ...] = ()) -> IncidentView:
    closes = access.may(who, "incidents.close") and not about.are_own(who, incident)
    return IncidentView(
        id=incident.id,
        short_id=incident.short_id,
        kind=incident.kind,
        subject=incident.subject,
        session=about.session_name(incident),
        recording=about.recording_name(incident),
        detail=json.loads(incident.detail),
        opened_at=incident.opened_at,
        closed_at=incident.closed_at,
        may_close=closes and incident.closed_at is None,
        history=history,
    )


def _history(tx: Transaction, seals: Seals, events: list[IncidentEvent]) -> tuple[IncidentNote, ...]:
    people = people_table.by_ids(tx, frozenset(e.by for e in events))
    names = {p.id: seals.open("person", "email", p.id, p.email) for p in people.values()}
    names |= {one.id: one.id for one in (SERVICE, OPERATOR)}
    return tuple(
        IncidentNote(e.at, names.get(e.by, GONE), e.what, seals.open("incident_event", "note", e.id, e.note))
        for e in events
    )
