"""Incidents: what a person must settle. Opened by whoever finds something, once for each thing that was found.

What was closed is settled: finding the very same again opens nothing, unless the kind is one that was put right
and so happened anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from zoomguard.application import work
from zoomguard.domain import ids
from zoomguard.domain.audit import Event
from zoomguard.domain.incidents import IncidentKind
from zoomguard.domain.people import SERVICE
from zoomguard.tables import incidents as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.incidents import Incident, IncidentEvent

TELL = "tell_incident"
# What is put right at once: if it is found again, it happened again.
HAPPENS_ANEW = frozenset({IncidentKind.LOCK_MISSING, IncidentKind.TAGS_CHANGED})


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
    known = table.latest(tx, kind, subject)
    if known is not None and (known.closed_at is None or kind not in HAPPENS_ANEW):
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


def note(tx: Transaction, incident: Incident, what: str, now: datetime, by: str = SERVICE.id, text: str = "") -> None:
    """Adds a line to its history; `text` is sealed by the caller."""
    tx.flush()
    tx.add(IncidentEvent(id=ids.ulid(now), incident_id=incident.id, at=now, by=by, what=what, note=text))


def happened(tx: Transaction, kind: IncidentKind, subject: str, what: str, now: datetime) -> tuple[Event, ...]:
    """Adds a line to the newest incident of that kind, if there is one: its history goes on, open or closed."""
    known = table.latest(tx, kind, subject)
    if known is None or any(e.what == what for e in table.events(tx, known.id)):
        return ()
    note(tx, known, what, now)
    return (Event("incident.noted", "incident", known.id, SERVICE.id, {"what": what}),)


def _free_short_id(tx: Transaction) -> str:
    while True:
        drawn = ids.short("I")
        if table.find(tx, drawn) is None:
            return drawn
