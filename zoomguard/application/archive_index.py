"""Whether the index of recordings is whole: while it is made anew from the bags, nothing else is found, copied or
compared."""

from __future__ import annotations

from zoomguard.application.archive_parts import ArchiveParts
from zoomguard.domain.errors import Conflict
from zoomguard.tables.database import Transaction
from zoomguard.tables.work import Cursor

REBUILT, BEGUN, ENDED = "recordings/rebuilt", "begun", "ended"


def must_be_whole(parts: ArchiveParts) -> None:
    """Conflict INDEX_UNFINISHED between the beginning of a rebuild and its end."""
    with parts.database.reading() as tx:
        refuse_unfinished(tx)


def refuse_unfinished(tx: Transaction) -> None:
    """The same, at the moment when a recording is put on record."""
    if is_unfinished(tx):
        raise Conflict(
            "The index of recordings is not made anew to the end.",
            "Run again: zoomguard archive reconcile --rebuild",
            code="INDEX_UNFINISHED",
        )


def is_unfinished(tx: Transaction) -> bool:
    """Whether a rebuild was begun and did not end."""
    row = tx.get(Cursor, REBUILT)
    return row is not None and row.value == BEGUN
