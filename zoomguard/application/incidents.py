"""Incidents: what a person must settle. Opened by whoever finds something, once for each thing that was found.

What was closed is settled: finding the very same again opens nothing, unless it happened anew: the kind is one that
is put right at once, or what was missing had come meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from zoomguard.application import access, incident_views, work
from zoomguard.application.ports import Clock
from zoomguard.application.seals import Seals
from zoomguard.domain import ids
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import BadInput, Conflict, NotAllowed, NotThere
from zoomguard.domain.incidents import GRAVE, IncidentKind, IncidentView, OpenIncidents
from zoomguard.domain.people import SERVICE, Who
from zoomguard.tables import incidents as table
from zoomguard.tables.database import Database, Transaction
from zoomguard.tables.incidents import Incident, IncidentEvent

TELL = "tell_incident"
# What is put right at once, given up once more, or still overdue after three more days: found again it is new.
HAPPENS_ANEW = frozenset(
    {IncidentKind.LOCK_MISSING, IncidentKind.TAGS_CHANGED, IncidentKind.FILE_MISSING, IncidentKind.COPY_OVERDUE}
)
SHORTEST_NOTE, LONGEST_NOTE = 8, 500
MOST = 200


def open_(
    tx: Transaction,
    kind: IncidentKind,
    subject: str,
    now: datetime,
    *,
    session_id: str | None = None,
    recording_id: str | None = None,
    detail: Mapping[str, str | int] | None = None,
) -> Event | None:
    """Opens an incident and makes telling of it due; gives the audit event to commit with, None where it stands
    open, or was settled, already. `detail` holds ids, keys and counts, never a name."""
    if is_known(tx, kind, subject):
        return None
    row = Incident(
        id=ids.ulid(now),
        short_id=_free_short_id(tx),
        kind=kind,
        subject=subject,
        session_id=session_id,
        recording_id=recording_id,
        detail=json.dumps(dict(detail or {}), sort_keys=True),
        opened_at=now,
    )
    if not tx.insert_new(row):
        return None
    note(tx, row, "opened", now)
    work.put(tx, TELL, row.id, now)
    payload = {"kind": kind.value, "subject": subject}
    return Event("incident.opened", "incident", row.id, SERVICE.id, payload)


def open_short_id(tx: Transaction, kind: IncidentKind, subject: str) -> str:
    """The short id of the open incident of that kind, "" where none is open."""
    known = table.latest(tx, kind, subject)
    return known.short_id if known is not None and known.closed_at is None else ""


def is_known(tx: Transaction, kind: IncidentKind, subject: str) -> bool:
    """Whether it stands open, or was settled and is no new matter."""
    known = table.latest(tx, kind, subject)
    return known is not None and not happens_anew(tx, known)


def happens_anew(tx: Transaction, known: Incident) -> bool:
    """Whether what is found again is a new matter."""
    settled_for_now = known.closed_at is not None and known.kind in HAPPENS_ANEW
    return settled_for_now or any(e.what == table.ARRIVED for e in table.events(tx, known.id))


def note(tx: Transaction, incident: Incident, what: str, now: datetime, by: str = SERVICE.id) -> None:
    """Adds a line to its history."""
    tx.flush()
    tx.add(IncidentEvent(id=ids.ulid(now), incident_id=incident.id, at=now, by=by, what=what))


def happened(tx: Transaction, kind: IncidentKind, subject: str, what: str, now: datetime) -> tuple[Event, ...]:
    """Adds a line to the newest incident of that kind, if there is one: its history goes on, open or closed. What
    stands there already is not said twice."""
    known = table.latest(tx, kind, subject)
    if known is None:
        return ()
    tx.hold(Incident, known.id)
    if any(e.what == what for e in table.events(tx, known.id)):
        return ()
    note(tx, known, what, now)
    return (Event("incident.noted", "incident", known.id, SERVICE.id, {"what": what}),)


class Incidents:
    """Incidents before the people who see and settle them."""

    def __init__(self, database: Database, clock: Clock, seals: Seals) -> None:
        self.database, self.clock, self.seals = database, clock, seals

    def list(self, who: Who, *, closed: bool = False) -> tuple[IncidentView, ...]:
        """Open incidents, with `closed` the closed ones after them; grave ones first, each newest first, at most
        MOST, without their history."""
        access.require(who, "incidents.see")
        with self.database.reading() as tx:
            return incident_views.views(tx, who, table.listed(tx, closed=closed, most=MOST))

    def count(self, who: Who) -> OpenIncidents:
        """How many are open."""
        access.require(who, "incidents.see")
        with self.database.reading() as tx:
            counted = table.counted(tx)
        return OpenIncidents(sum(counted.values()), sum(n for kind, n in counted.items() if kind in GRAVE))

    def show(self, who: Who, id_or_short: str) -> IncidentView:
        """One incident with its history; NotThere where there is none."""
        access.require(who, "incidents.see")
        with self.database.reading() as tx:
            return incident_views.whole(tx, self.seals, who, _need(tx, id_or_short))

    def close(self, who: Who, id_or_short: str, text: str) -> IncidentView:
        """Settles an incident; `text` says how, and is kept sealed.

        NotThere; NotAllowed OWN_SESSION about a lesson or an account of one's own; Conflict INCIDENT_CLOSED; BadInput
        BAD_NOTE.
        """
        access.require(who, "incidents.close")
        now = self.clock.now()
        with self.database.deciding() as tx:
            row = tx.hold(Incident, _need(tx, id_or_short).id)
            _check_closing(tx, who, row)
            text = _checked(text)
            row.closed_at, row.closed_by = now, who.id
            event_id = ids.ulid(now)
            sealed = self.seals.seal("incident_event", "note", event_id, text)
            closing = IncidentEvent(id=event_id, incident_id=row.id, at=now, by=who.id, what="closed", note=sealed)
            tx.add(closing)
            tx.commit(audit=Event("incident.closed", "incident", row.id, who.id, {"kind": row.kind.value}))
            return incident_views.whole(tx, self.seals, who, row)


def _need(tx: Transaction, id_or_short: str) -> Incident:
    row = table.find(tx, id_or_short.upper())
    if row is None:
        raise NotThere("There is no such incident.", "See: zoomguard incidents list")
    return row


def _checked(text: str) -> str:
    text = text.strip()
    if not SHORTEST_NOTE <= len(text) <= LONGEST_NOTE or not text.isprintable():
        raise BadInput(
            "It is not said how the incident was settled.",
            f"Say it in {SHORTEST_NOTE} to {LONGEST_NOTE} characters, without line breaks.",
            code="BAD_NOTE",
        )
    return text


def _check_closing(tx: Transaction, who: Who, row: Incident) -> None:
    if incident_views.subjects(tx, [row]).are_own(who, row):
        raise NotAllowed("It is about your own lesson or account.", "Have somebody else settle it.", code="OWN_SESSION")
    if row.closed_at is not None:
        raise Conflict("The incident is closed already.", "Its history says by whom and how.", code="INCIDENT_CLOSED")


def _free_short_id(tx: Transaction) -> str:
    while True:
        drawn = ids.short("I")
        if table.find(tx, drawn) is None:
            return drawn
