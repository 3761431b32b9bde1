"""What stands in the database about recordings."""

from __future__ import annotations

from sqlmodel import col, select

from tests.house import Home
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
