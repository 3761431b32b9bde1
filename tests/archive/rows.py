"""What stands in the database about recordings."""

from __future__ import annotations

from sqlmodel import col, select

from tests.house import DSL, Home
from zoomguard.tables import incidents as incidents_table
from zoomguard.tables.incidents import Incident
from zoomguard.tables.recordings import Bag, Recording, RecordingFile


def recordings(home: Home) -> list[Recording]:
    with home.house.database.reading() as tx:
        return tx.all(select(Recording).order_by(col(Recording.id)))


def files(home: Home) -> list[RecordingFile]:
    with home.house.database.reading() as tx:
        return tx.all(select(RecordingFile).order_by(col(RecordingFile.id)))


def bags(home: Home) -> list[Bag]:
    with home.house.database.reading() as tx:
        return tx.all(select(Bag).order_by(col(Bag.recording_id), col(Bag.number)))


def downloads(home: Home) -> int:
    """How often a recording's bytes were asked for at Zoom."""
    return len(home.zoom_calls("/rec/download/"))


def incidents(home: Home) -> list[tuple[str, list[str]]]:
    """Every incident: its kind, and its history in single words."""
    with home.house.database.reading() as tx:
        found = tx.all(select(Incident).order_by(col(Incident.id)))
        return [(i.kind.value, [e.what for e in incidents_table.events(tx, i.id)]) for i in found]


def close_all_incidents(home: Home) -> None:
    """The safeguarding lead settles what is open."""
    who = home.who(DSL)
    for one in home.app.incidents.list(who):
        home.app.incidents.close(who, one.short_id, "Asked the teacher, and noted it")
