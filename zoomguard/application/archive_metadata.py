"""metadata/recording.json of a bag: opaque ids only, nothing that can change later, and all that the index needs.

What is written here is read again by whoever makes the index anew from the bags alone (archive_rebuild.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from zoomguard.domain.recordings import FileState
from zoomguard.domain.times import iso
from zoomguard.tables import recordings as table
from zoomguard.tables import sessions as sessions_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.recordings import Bag, Recording, RecordingFile
from zoomguard.tables.sessions import VideoSession

SCHEMA = "zoomguard/recording/1"
PATH = "metadata/recording.json"
ABSENT = (FileState.EXPECTED, FileState.MISSING)


def text(tx: Transaction, recording: Recording, into: Bag, files: list[RecordingFile], now: datetime) -> str:
    """The document about one bag, made at `now`."""
    return json.dumps(_document(tx, recording, into, files, now), indent=2, sort_keys=True) + "\n"


def _document(
    tx: Transaction, recording: Recording, into: Bag, files: list[RecordingFile], now: datetime
) -> dict[str, object]:
    session = tx.get(VideoSession, recording.session_id) if recording.session_id else None
    evaluations = sessions_table.evaluations(tx, session.id) if session else []
    return {
        "schema": SCHEMA,
        "recording_id": recording.id,
        "bag": into.number,
        "session": _session(tx, session),
        "zoom": {
            "meeting_number": recording.meeting_number,
            "meeting_uuid": recording.uuid,
            "host_id": recording.host_id,
        },
        "terms_version": recording.terms_version,
        "retention_class": recording.retention_class.value,
        "retention_start": iso(recording.last_end_at or recording.starts_at),
        "retain_until": iso(into.retain_until_at),
        "consent_event_ids": sorted({i for e in evaluations for i in json.loads(e.consent_event_ids)}),
        "evaluation_ids": [e.id for e in evaluations],
        "coverage": {"state": "unknown"},
        "gaps": {"state": "unknown"},
        "files": [_file(f) for f in files],
        "absent": [_absent(f) for f in table.files(tx, recording.id) if f.state in ABSENT],
        "index": _index(recording, into, now),
    }


def _index(recording: Recording, into: Bag, now: datetime) -> dict[str, object]:
    """What else stands in the index of recordings, to the microsecond."""
    return {
        "short_id": recording.short_id,
        "session_id": recording.session_id,
        "starts_at": exact(recording.starts_at),
        "last_end_at": exact(recording.last_end_at),
        "first_seen_at": exact(recording.first_seen_at),
        "retain_until_at": exact(recording.retain_until_at),
        "bag_begun_at": exact(into.begun_at),
        "bagged_at": exact(now),
    }


def exact(at: datetime | None) -> str | None:
    """A moment in UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat() if at is not None else None


def _session(tx: Transaction, session: VideoSession | None) -> Mapping[str, object] | None:
    if session is None:
        return None
    return {
        "id": session.id,
        "course": session.course,
        "starts_at": iso(session.starts_at),
        "minutes": session.minutes,
        "zone": session.zone,
        "teacher_id": session.teacher_id,
        "observer_id": session.observer_id,
        "child_ids": [c.child_id for c in sessions_table.roster(tx, session.id)],
        "terms_version": session.terms_version,
    }


def _file(file: RecordingFile) -> dict[str, object]:
    return {
        "path": f"data/{file.name}",
        "file_id": file.id,
        "zoom_file_key": file.zoom_file_key,
        "type": file.type,
        "recording_type": file.recording_type,
        "recorded_from": exact(file.recorded_from_at),
        "recorded_to": exact(file.recorded_to_at),
        "size": file.size,
        "zoom_size": file.zoom_size,
        "sha256": file.sha256,
        "crc64nvme": file.crc64nvme,
        "s3_version_id": file.s3_version_id,
        "seen_at": exact(file.seen_at),
        "downloaded_at": exact(file.downloaded_at),
        "verified_at": exact(file.verified_at),
    }


def _absent(file: RecordingFile) -> dict[str, object]:
    """A file that Zoom announced and that is in no bag as yet, and why."""
    return {
        "file_id": file.id,
        "zoom_file_key": file.zoom_file_key,
        "type": file.type,
        "recording_type": file.recording_type,
        "recorded_from": exact(file.recorded_from_at),
        "recorded_to": exact(file.recorded_to_at),
        "name": file.name,
        "zoom_size": file.zoom_size,
        "seen_at": exact(file.seen_at),
        "state": file.state.value,
        "reason": file.last_error_code,
    }
