"""Rows for the files of a recording: found, expected, changed at Zoom, or never come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from zoomguard.application import incidents
from zoomguard.application.archive_parts import ArchiveParts
from zoomguard.domain import bag, ids, retention
from zoomguard.domain.audit import Event
from zoomguard.domain.incidents import IncidentKind
from zoomguard.domain.people import SERVICE
from zoomguard.domain.recordings import FileState, ListedFile, ListedRecording, file_name, kind_of
from zoomguard.tables import incidents as incidents_table
from zoomguard.tables import recordings as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.incidents import ARRIVED
from zoomguard.tables.recordings import Bag, Recording, RecordingFile
from zoomguard.tables.sessions import VideoSession

# What Zoom has not served rightly, or not at all, so long after it was listed is missing.
MISSING_AFTER = timedelta(hours=24)
PROCESSING, NOT_LISTED, NO_FILES = "PROCESSING", "FILE_NOT_LISTED", "NO_FILES"
# Why a copy failed where Zoom is the cause, not the line and not S3: waiting longer than a day is of no use.
AT_ZOOM = frozenset(
    {
        PROCESSING,
        NOT_LISTED,
        "SIZE_MISMATCH",
        "CONTENT_CHANGED",
        "NOT_MEDIA",
        "HTML_INSTEAD_OF_MEDIA",
        "EMPTY_FILE",
        "TRUNCATED",
        "ZOOM_FILE_GONE",
        "ZOOM_DOWNLOAD_REFUSED",
        "ZOOM_DOWNLOAD_TOKEN",
        "HOST_REFUSED",
        "REDIRECT_LOOP",
        "RANGE_WRONG",
        "CODED_MEDIA",
    }
)


@dataclass
class Noted:
    """What a listing brought: files to copy, files only announced, and what else goes into the audit."""

    to_copy: int = 0
    announced: int = 0
    events: list[Event] = field(default_factory=list)

    @property
    def anything(self) -> bool:
        """Whether a row was made or changed."""
        return bool(self.to_copy or self.announced)


def note_files(
    tx: Transaction, parts: ArchiveParts, recording: Recording, listed: ListedRecording, *, again: bool = False
) -> Noted:
    """Puts on record what Zoom lists of a recording, each file once however often it is listed; `again` takes up
    what was given up as missing, even where Zoom says nothing new of it."""
    noted = Noted()
    for file in listed.files:
        chain = [f for f in table.files(tx, recording.id) if table.zoom_key(f) == file.key]
        if not chain:
            _note_new(tx, parts, recording, listed, file, noted)
        elif file.is_ready:
            _note_again(tx, parts, recording, listed, file, chain, noted, again)
    return noted


def _note_new(
    tx: Transaction, parts: ArchiveParts, recording: Recording, listed: ListedRecording, file: ListedFile, noted: Noted
) -> None:
    row = _row(parts, recording, file, file.key)
    tx.add(row)
    if file.is_ready:
        _make_available(tx, parts, recording, listed, row)
        noted.to_copy += 1
        noted.events += incidents.happened(tx, IncidentKind.FILE_MISSING, recording.id, ARRIVED, parts.clock.now())
    else:
        row.last_error_code = PROCESSING
        noted.announced += 1
    tx.flush()


def _note_again(
    tx: Transaction,
    parts: ArchiveParts,
    recording: Recording,
    listed: ListedRecording,
    file: ListedFile,
    chain: list[RecordingFile],
    noted: Noted,
    again: bool,
) -> None:
    last = chain[-1]
    came = last.state is FileState.EXPECTED
    back = last.state is FileState.MISSING and (again or last.last_error_code in (PROCESSING, NOT_LISTED))
    if came or back or (last.state is FileState.MISSING and last.zoom_size != file.size):
        last.zoom_size, last.seen_at = file.size, parts.clock.now()
        _make_available(tx, parts, recording, listed, last)
        noted.to_copy += 1
    elif last.state is FileState.VERIFIED and _is_another(file, chain):
        row = _row(parts, recording, file, f"{file.key}{table.AGAIN}{len(chain) + 1}")
        tx.add(row)
        _make_available(tx, parts, recording, listed, row)
        noted.to_copy += 1
    tx.flush()


def _is_another(file: ListedFile, chain: list[RecordingFile]) -> bool:
    """Whether Zoom lists another size than any that is known: its sizes of small files are known to waver."""
    return file.size is not None and all(file.size not in (f.zoom_size, f.size) for f in chain)


def _row(parts: ArchiveParts, recording: Recording, file: ListedFile, key: str) -> RecordingFile:
    kind, now = kind_of(file.type), parts.clock.now()
    return RecordingFile(
        id=ids.ulid(now),
        recording_id=recording.id,
        zoom_file_key=key,
        type=file.type,
        recording_type=file.recording_type,
        zoom_size=file.size,
        recorded_from_at=file.recorded_from_at,
        recorded_to_at=file.recorded_to_at,
        name=file_name(kind, frozenset()),
        state=FileState.EXPECTED,
        seen_at=now,
    )


def _make_available(
    tx: Transaction, parts: ArchiveParts, recording: Recording, listed: ListedRecording, row: RecordingFile
) -> None:
    """Gives a file its place: in the bag that takes files still, or in a new one of the same group."""
    into = _filling_bag(tx, recording.id) or _new_bag(tx, parts, recording, listed)
    taken = frozenset(f.name for f in table.files(tx, recording.id) if f.bag_number == into.number)
    row.name, row.bag_number = file_name(kind_of(row.type), taken), into.number
    row.key = bag.key(into.prefix, f"data/{row.name}")
    row.state, row.last_error_code, row.attempts, row.failing_since_at = FileState.AVAILABLE, "", 0, None
    tx.flush()


def _filling_bag(tx: Transaction, recording_id: str) -> Bag | None:
    """The open bag whose tag files are not written down yet: what has a manifest takes no more files."""
    unsealed = table.open_bags(tx, recording_id)
    return next((b for b in unsealed if not table.bag_files(tx, recording_id, b.number)), None)


def _new_bag(tx: Transaction, parts: ArchiveParts, recording: Recording, listed: ListedRecording) -> Bag:
    now = parts.clock.now()
    # A lock cannot be taken back: an end that is still to come is an error of Zoom's.
    ends = [min(f.recorded_to_at, now) for f in listed.files if f.recorded_to_at is not None]
    recording.last_end_at = max([*ends, recording.last_end_at or min(listed.started_at, now)])
    days = parts.terms.retention_days[recording.retention_class.value]
    until = retention.retain_until(recording.last_end_at, days)
    recording.retain_until_at = max(until, recording.retain_until_at or until)
    number = recording.bags + len(table.open_bags(tx, recording.id)) + 1
    session = tx.get(VideoSession, recording.session_id) if recording.session_id else None
    year_of = session.starts_at if session else recording.starts_at
    made = Bag(
        recording_id=recording.id,
        number=number,
        begun_at=now,
        retain_until_at=recording.retain_until_at,
        prefix=bag.prefix(year_of, recording.session_id, recording.id, number),
    )
    tx.add(made)
    tx.flush()
    return made


def tell_of_changes(tx: Transaction, parts: ArchiveParts, recording_id: str) -> list[Event]:
    """What Zoom listed otherwise after it was archived, and what is another file by its bytes too: an incident each.
    Where only Zoom's word of its size wavered, the same file is kept twice and nobody need know."""
    events, files, recording = list[Event](), table.files(tx, recording_id), tx.need(Recording, recording_id)
    for file in files:
        before = [f for f in files if table.zoom_key(f) == table.zoom_key(file) and f.id < file.id and f.sha256]
        if file.state is FileState.VERIFIED and before and file.sha256 not in [f.sha256 for f in before]:
            archived = before[-1]
            detail: dict[str, str | int] = {"archived_size": archived.size or 0, "size": file.size or 0}
            detail["archived_file"] = archived.id
            events += told_of(tx, parts, IncidentKind.CONTENT_CHANGED, recording, file.id, detail)
    return events


def give_up(tx: Transaction, parts: ArchiveParts, recording_id: str) -> list[Event]:
    """Files that Zoom has not served rightly for a day are missing: an incident each, and the bag goes without. So is
    a recording that Zoom lists for a day without any file. What fails for other reasons is tried on."""
    now, events = parts.clock.now(), list[Event]()
    files, recording = table.files(tx, recording_id), tx.need(Recording, recording_id)
    known = incidents_table.latest(tx, IncidentKind.FILE_MISSING, recording_id)
    if not files and known is None and now > recording.first_seen_at + MISSING_AFTER:
        events += told_of(tx, parts, IncidentKind.FILE_MISSING, recording, recording.id, {"reason": NO_FILES})
    for file in files:
        if _is_missing(file, now):
            file.state, file.key, file.bag_number, file.failing_since_at = FileState.MISSING, None, 0, None
            detail: dict[str, str | int] = {"type": file.type, "reason": file.last_error_code, "file": file.name}
            payload = {"recording": recording_id, "reason": file.last_error_code}
            events.append(Event("recording.file_missing", "recording_file", file.id, SERVICE.id, payload))
            events += told_of(tx, parts, IncidentKind.FILE_MISSING, recording, file.id, detail)
    return events


def told_of(
    tx: Transaction,
    parts: ArchiveParts,
    kind: IncidentKind,
    recording: Recording,
    subject: str,
    detail: Mapping[str, str | int],
) -> list[Event]:
    """Opens an incident about a recording, unless it is open or settled; gives its audit event."""
    told = incidents.open_(
        tx,
        kind,
        subject,
        parts.clock.now(),
        session_id=recording.session_id,
        recording_id=recording.id,
        detail=detail,
    )
    return [told] if told else []


def _is_missing(file: RecordingFile, now: datetime) -> bool:
    """What was only announced since it was seen, what is there since it failed first: it may have waited for us."""
    waiting = file.state in (FileState.EXPECTED, FileState.AVAILABLE, FileState.COPYING)
    since = file.seen_at if file.state is FileState.EXPECTED else file.failing_since_at
    return waiting and file.last_error_code in AT_ZOOM and since is not None and now > since + MISSING_AFTER
