"""What is not in the archive three days after it was found, for whatever reason: a person must know while Zoom has it.

Told by its age alone and apart from the copying, which may never get so far as to say why: a list that fails each
time, a run that is killed each time, another run that holds the recording and hangs.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from zoomguard.application.archive_files import told_of
from zoomguard.application.archive_parts import ArchiveParts
from zoomguard.domain.audit import Event
from zoomguard.domain.incidents import IncidentKind
from zoomguard.domain.recordings import FileState, RecordingState
from zoomguard.tables import incidents as incidents_table
from zoomguard.tables import recordings as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.recordings import Recording, RecordingFile

# Zoom keeps what is deleted there for some weeks only. Whoever closed the incident meanwhile hears of it again then.
OVERDUE_AFTER = timedelta(days=3)
SETTLED = (FileState.VERIFIED, FileState.MISSING)
NOT_TRIED, NOT_SEALED = "NOT_TRIED", "NOT_SEALED"


def tell_of_overdue(parts: ArchiveParts) -> None:
    """Opens an incident for each file that fails, and one for a recording that nobody came to."""
    now = parts.clock.now()
    with parts.database.reading() as tx:
        waiting = [r.id for r in table.unarchived(tx) if now > r.first_seen_at + OVERDUE_AFTER]
    for recording_id in waiting:
        with parts.database.deciding() as tx:
            events = _of(tx, parts, tx.hold(Recording, recording_id), now)
            if events:
                tx.commit(audit=tuple(events))


def _of(tx: Transaction, parts: ArchiveParts, recording: Recording, now: datetime) -> list[Event]:
    events = list[Event]()
    for subject, detail in _left(recording, table.files(tx, recording.id), now):
        last = incidents_table.latest(tx, IncidentKind.COPY_OVERDUE, subject)
        if last is None or last.closed_at is None or now > last.closed_at + OVERDUE_AFTER:
            events += told_of(tx, parts, IncidentKind.COPY_OVERDUE, recording, subject, detail)
    return events


def _left(recording: Recording, files: list[RecordingFile], now: datetime) -> list[tuple[str, dict[str, str | int]]]:
    """What to tell of: each file that fails, or the recording where nobody came so far as to fail."""
    waiting = [f for f in files if f.state not in SETTLED]
    left = [f for f in waiting if now > (f.seen_at or now) + OVERDUE_AFTER]
    failing = [f for f in left if f.last_error_code]
    if failing:
        return [(f.id, {"type": f.type, "reason": f.last_error_code, "file": f.name}) for f in failing]
    if left or not files:
        return [(recording.id, {"reason": NOT_TRIED})]
    copied_at = max((f.verified_at for f in files if f.verified_at), default=recording.first_seen_at)
    if not waiting and recording.state is not RecordingState.ARCHIVED and now > copied_at + OVERDUE_AFTER:
        return [(recording.id, {"reason": NOT_SEALED})]
    return []
