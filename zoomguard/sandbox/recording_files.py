"""The files of recordings: made when a lesson has ended, shown as Zoom lists them, told of in its events."""

import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from zoomguard.sandbox.media import KINDS, Medium, media
from zoomguard.sandbox.zoom_state import Instance, Recording, RecordingFile, User, ZoomState, stamp

WEBHOOK_TOKEN_LIVES_S = 86_400
# Zoom may list files of these types without the fields that all others have (zoom/api-facts.md, section 5).
BARE = ("CC", "TIMELINE")
ABSENT_IN_BARE = ("id", "status", "file_size", "recording_type", "play_url")
KNOWN_TYPES = frozenset(kind.file_type for kind in KINDS.values())


def keep_recording(state: ZoomState, instance: Instance, tell: bool = True) -> Recording:
    """Make the files of an instance that has ended, and plan the events that tell of them."""
    listed_at = instance.span[1] + timedelta(seconds=instance.processing_s)
    late = timedelta(seconds=instance.transcript_s)
    recording = Recording(instance, [], listed_at, secrets.token_urlsafe(6))
    state.recordings[instance.uuid] = recording
    for span in instance.segments:
        for medium in media(instance.film_bytes, instance.kinds):
            ready_at = listed_at + (late if medium.kind == "TRANSCRIPT" else timedelta())
            add_file(state, recording, medium, span, listed_at, ready_at)
    if tell:
        announce(state, recording, "completed", listed_at)
        transcripts = [one for one in recording.files if one.medium.kind == "TRANSCRIPT"]
        if transcripts:
            ready_at = max(one.ready_at for one in transcripts)
            announce(state, recording, "transcript_completed", ready_at, transcripts)
    return recording


def add_file(
    state: ZoomState,
    recording: Recording,
    medium: Medium,
    span: tuple[datetime, datetime],
    listed_at: datetime,
    ready_at: datetime,
) -> RecordingFile:
    """One more file of a recording, recorded from the first to the second time of `span`."""
    key = secrets.token_urlsafe(40)
    file = RecordingFile(str(uuid.uuid4()), medium, *span, ready_at, key, listed_at)
    recording.files.append(file)
    state.links[key] = (recording, file)
    return file


def find_file(state: ZoomState, key: str) -> tuple[Recording, RecordingFile] | None:
    """The file behind a download link, if it is processed and not in the trash."""
    recording, file = state.links.get(key, (None, None))
    if recording is None or file is None or file.trashed_at or file.ready_at > state.clock.now():
        return None
    return recording, file


def announce(
    state: ZoomState,
    recording: Recording,
    event: str,
    at: datetime,
    files: Sequence[RecordingFile] | None = None,
) -> None:
    """Plan an event that tells of the files that are ready `at`; of all the recording's, or of these."""
    ready = [one for one in (recording.files if files is None else files) if one.ready_at <= at]
    instance = recording.instance
    lives_s = WEBHOOK_TOKEN_LIVES_S + round((at - state.clock.now()).total_seconds())
    token = state.tokens.give(lives_s, recording=instance.uuid)
    shown = [file_row(state, recording, one) for one in ready]
    document = summary(state, recording, ready) | {
        "host_email": instance.meeting.host.email,
        "type": instance.meeting.fields["type"],
        "password": recording.passcode,
        "recording_files": [row | ({"status": "completed"} if "status" in row else {}) for row in shown],
    }
    state.webhooks.send(f"recording.{event}", document, at, {"download_token": token}, at)


def remove(state: ZoomState, recording: Recording, files: list[RecordingFile], action: str, operator: User) -> None:
    """Put files into the trash, or (`delete`) away for good, and tell of it."""
    if action == "trash":
        for file in files:
            file.trashed_at = state.clock.now()
        return tell(state, "trashed", recording, files, operator)
    tell(state, "deleted", recording, files, operator)
    for file in files:
        del state.links[file.key]
    recording.files = [one for one in recording.files if one not in files]
    if not recording.files:
        del state.recordings[recording.instance.uuid]


def recover(state: ZoomState, recording: Recording, files: list[RecordingFile], operator: User) -> None:
    """Take files out of the trash, and tell of it."""
    for file in files:
        file.trashed_at = None
    tell(state, "recovered", recording, files, operator)


def tell(state: ZoomState, what: str, recording: Recording, files: list[RecordingFile], operator: User) -> None:
    shown = [file_row(state, recording, one) for one in files]
    document = summary(state, recording, files) | {"recording_files": shown}
    by = {"operator": operator.email, "operator_id": operator.id}
    state.webhooks.send(f"recording.{what}", document, state.clock.now(), beside=by)


def listing(state: ZoomState, recording: Recording, trash: bool, wrong_by: int = 0) -> dict[str, Any]:
    """A recording as lists have it; each size is `wrong_by` bytes too large."""
    now = state.clock.now()
    rows = [
        one
        for one in recording.files
        if (one.trashed_at is not None) == trash and one.listed_at <= now
        for _ in range(one.rows)
    ]
    shown = [file_row(state, recording, one) for one in rows]
    for row in shown:
        if "file_size" in row:
            row["file_size"] += wrong_by
    return summary(state, recording, rows) | {"recording_files": shown}


def summary(state: ZoomState, recording: Recording, files: Sequence[RecordingFile]) -> dict[str, Any]:
    """What Zoom says of the recording as a whole."""
    instance = recording.instance
    start_at, end_at = instance.span
    return {
        "uuid": instance.uuid,
        "id": instance.meeting.number,
        "account_id": state.account_id,
        "host_id": instance.meeting.host.id,
        "topic": instance.meeting.fields["topic"],
        "type": str(instance.meeting.fields["type"]),
        "start_time": stamp(start_at),
        "duration": round((end_at - start_at).total_seconds() / 60),
        "total_size": sum(one.listed_bytes(state.clock.now()) for one in files),
        "recording_count": len(files),
        "recording_play_passcode": recording.passcode,
        "auto_delete": False,
    }


def file_row(state: ZoomState, recording: Recording, file: RecordingFile) -> dict[str, Any]:
    """What Zoom says of one file."""
    now, medium = state.clock.now(), file.medium
    row = {
        "id": file.id,
        "meeting_id": recording.instance.uuid,
        "recording_start": stamp(file.start_at),
        "recording_end": stamp(file.end_at),
        "file_type": medium.kind,
        "file_extension": medium.extension,
        "file_size": file.listed_bytes(now),
        "play_url": f"{state.origin}/rec/play/{file.key}",
        "download_url": f"{state.origin}/rec/download/{file.key}",
        "status": "completed" if file.ready_at <= now else "processing",
        "recording_type": medium.recording_type,
    }
    if medium.kind in BARE:
        row = {name: value for name, value in row.items() if name not in ABSENT_IN_BARE}
    return row | ({"deleted_time": stamp(file.trashed_at)} if file.trashed_at else {})
