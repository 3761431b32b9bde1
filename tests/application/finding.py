"""Things that are found about evidence, as the archive finds them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.house import Home
from zoomguard.application import incidents
from zoomguard.domain.incidents import IncidentKind
from zoomguard.tables import incidents as table
from zoomguard.tables.database import Database

K = IncidentKind
SUBJECT = "01KBDZ5S00ZG0000000000FND1"


def open_one(
    database: Database,
    now: datetime,
    kind: IncidentKind = K.OBJECT_MISSING,
    subject: str = SUBJECT,
    *,
    session_id: str | None = None,
    recording_id: str | None = None,
    detail: dict[str, str | int] | None = None,
) -> str:
    """Opens an incident; gives its short id, "" where none was opened."""
    about = {"session_id": session_id, "recording_id": recording_id}
    with database.deciding() as tx:
        event = incidents.open_(tx, kind, subject, now, **about, detail=detail)
        if event is None:
            return ""
        tx.commit(audit=event)
        row = table.find(tx, event.subject_id)
        assert row is not None
        return row.short_id


def found(home: Home, kind: IncidentKind = K.OBJECT_MISSING, subject: str = SUBJECT, **about: Any) -> str:
    """The same in an installation, now."""
    return open_one(home.house.database, home.clock.now(), kind, subject, **about)
