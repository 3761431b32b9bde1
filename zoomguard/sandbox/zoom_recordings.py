"""The make-believe Zoom's cloud recordings: lists, one recording, trash and back."""

import secrets
import uuid
from datetime import date, timedelta
from typing import Any

from zoomguard.sandbox.media import Medium, media
from zoomguard.sandbox.wire import Answer, json_answer
from zoomguard.sandbox.zoom_errors import invalid, no_recording
from zoomguard.sandbox.zoom_state import Call, Instance, Recording, RecordingFile, Route, ZoomState, stamp

LONGEST_WINDOW_DAYS = 31
LONGEST_TTL_S = 604_800
DEFAULT_TTL_S = 86_400
WEBHOOK_TOKEN_LIVES_S = 86_400
WRONG_BY_BYTES = 1024
NO_CONTENT = Answer(204)
TYPES = {
    "MP4": "shared_screen_with_speaker_view",
    "M4A": "audio_only",
    "TRANSCRIPT": "audio_transcript",
    "CHAT": "chat_file",
}


def keep_recording(state: ZoomState, instance: Instance) -> Recording:
    """Make the files of an instance that has ended, and plan the events that tell of them."""
    listed_at = instance.span[1] + timedelta(seconds=instance.processing_s)
    late = timedelta(seconds=instance.transcript_s)
    files = [
        RecordingFile(
            id=str(uuid.uuid4()),
            medium=medium,
            start_at=start_at,
            end_at=end_at,
            ready_at=listed_at + (late if medium.kind == "TRANSCRIPT" else timedelta()),
            key=secrets.token_urlsafe(40),
        )
        for start_at, end_at in instance.segments
        for medium in media(instance.film_bytes)
    ]
    recording = Recording(instance, files, listed_at, secrets.token_urlsafe(6))
    state.recordings[instance.uuid] = recording
    _announce(state, recording)
    return recording


def find_file(state: ZoomState, key: str) -> tuple[Recording, RecordingFile] | None:
    """The file behind a download link, if it is processed and not in the trash."""
    for recording in state.recordings.values():
        for file in recording.files:
            if file.key == key and file.trashed_at is None and file.ready_at <= state.clock.now():
                return recording, file
    return None


def _announce(state: ZoomState, recording: Recording) -> None:
    for event, kinds in (("completed", None), ("transcript_completed", ("TRANSCRIPT",))):
        files = [one for one in recording.files if kinds is None or one.medium.kind in kinds]
        ready_at = max(one.ready_at for one in files) if kinds else recording.listed_at
        files = [one for one in files if one.ready_at <= ready_at]
        lives_s = WEBHOOK_TOKEN_LIVES_S + round((ready_at - state.clock.now()).total_seconds())
        token = state.tokens.give(lives_s, recording=recording.instance.uuid)
        document = _summary(state, recording, files) | {
            "host_email": recording.instance.meeting.host.email,
            "type": recording.instance.meeting.fields["type"],
            "password": recording.passcode,
            "recording_files": [_file(state, recording, one) | {"status": "completed"} for one in files],
        }
        state.webhooks.send(f"recording.{event}", document, ready_at, {"download_token": token}, ready_at)


def _list(state: ZoomState, call: Call) -> Answer:
    host = state.user(call.params["user"])
    trash = call.query.get("trash", "false").lower() == "true"
    from_on, to_on = _window(state, call)
    chosen = [
        one
        for one in sorted(state.recordings.values(), key=lambda one: one.files[0].start_at, reverse=True)
        if one.instance.meeting.host is host
        and _visible(state, one, trash)
        and (trash or from_on <= one.files[0].start_at.date() <= to_on)
        and call.query.get("meeting_id", str(one.instance.meeting.number)) == str(one.instance.meeting.number)
    ]
    page, fields = state.pages.page(call.ask, chosen)
    wrong = _wrong_by(state, call)
    meetings = [_document(state, one, trash, wrong) for one in page]
    window = {"from": from_on.isoformat(), "to": to_on.isoformat()}
    return json_answer(200, window | fields | {"meetings": meetings})


def _get(state: ZoomState, call: Call) -> Answer:
    recording = _find(state, call, trash=False)
    document = _document(state, recording, False, _wrong_by(state, call))
    document |= {"password": recording.passcode, "participant_audio_files": []}
    if "download_access_token" in call.query.get("include_fields", "").split(","):
        ttl_s = _ttl_s(call)
        document["download_access_token"] = state.tokens.give(ttl_s, recording=recording.instance.uuid)
    return json_answer(200, document)


def _delete(state: ZoomState, call: Call) -> Answer:
    action = _action(call, "trash", ("trash", "delete"))
    recording = _find(state, call, trash=None if action == "delete" else False)
    _remove(state, recording, recording.files, action)
    return NO_CONTENT


def _delete_file(state: ZoomState, call: Call) -> Answer:
    action = _action(call, "trash", ("trash", "delete"))
    recording = _find(state, call, trash=None if action == "delete" else False)
    _remove(state, recording, _one_file(recording, call), action)
    return NO_CONTENT


def _recover(state: ZoomState, call: Call) -> Answer:
    if call.body.get("action", "recover") != "recover":
        raise invalid("action")
    recording = _find(state, call, trash=True)
    files = _one_file(recording, call) if "file" in call.params else recording.files
    for file in files:
        file.trashed_at = None
    _tell(state, "recovered", recording, files)
    return NO_CONTENT


def _remove(state: ZoomState, recording: Recording, files: list[RecordingFile], action: str) -> None:
    if action == "trash":
        for file in files:
            file.trashed_at = state.clock.now()
        return _tell(state, "trashed", recording, files)
    _tell(state, "deleted", recording, files)
    recording.files = [one for one in recording.files if one not in files]
    if not recording.files:
        del state.recordings[recording.instance.uuid]


def _tell(state: ZoomState, what: str, recording: Recording, files: list[RecordingFile]) -> None:
    shown = [_file(state, recording, one) for one in files]
    document = _summary(state, recording, files) | {"recording_files": shown}
    state.webhooks.send(f"recording.{what}", document, state.clock.now())


def _find(state: ZoomState, call: Call, trash: bool | None) -> Recording:
    """By UUID, or by meeting number the latest instance. ZoomRefusal 3301 where there is none."""
    word = call.params["meeting"]
    found = [
        one
        for one in state.recordings.values()
        if word in (one.instance.uuid, str(one.instance.meeting.number))
        and (_visible(state, one, trash) if trash is not None else one.listed_at <= state.clock.now())
    ]
    if not found:
        raise no_recording()
    return found[-1]


def _one_file(recording: Recording, call: Call) -> list[RecordingFile]:
    files = [one for one in recording.files if one.id == call.params["file"]]
    if not files:
        raise no_recording()
    return files


def _visible(state: ZoomState, recording: Recording, trash: bool) -> bool:
    in_trash = [one.trashed_at is not None for one in recording.files]
    return recording.listed_at <= state.clock.now() and (any(in_trash) if trash else not all(in_trash))


def _action(call: Call, default: str, choices: tuple[str, ...]) -> str:
    action = call.query.get("action", default)
    if action not in choices:
        raise invalid("action")
    return action


def _ttl_s(call: Call) -> int:
    word = call.query.get("ttl", str(DEFAULT_TTL_S))
    if not word.isascii() or not word.isdigit() or int(word) > LONGEST_TTL_S:
        raise invalid("ttl")
    return int(word)


def _window(state: ZoomState, call: Call) -> tuple[date, date]:
    today = state.clock.now().date()
    try:
        from_on = date.fromisoformat(call.query.get("from", today.isoformat()))
        to_on = date.fromisoformat(call.query.get("to", (today + timedelta(days=1)).isoformat()))
    except ValueError:
        raise invalid("from", "to") from None
    if to_on < from_on or (to_on - from_on).days > LONGEST_WINDOW_DAYS:
        raise invalid("from", "to", why="The range is one month at most.")
    return from_on, to_on


def _wrong_by(state: ZoomState, call: Call) -> int:
    return WRONG_BY_BYTES if state.faults.take("wrong_size", "GET", call.ask.path) else 0


def _document(state: ZoomState, recording: Recording, trash: bool, wrong_by: int) -> dict[str, Any]:
    files = [one for one in recording.files if (one.trashed_at is not None) == trash]
    shown = [_file(state, recording, one) for one in files]
    for file in shown:
        file["file_size"] += wrong_by
    return _summary(state, recording, files) | {"recording_files": shown}


def _summary(state: ZoomState, recording: Recording, files: list[RecordingFile]) -> dict[str, Any]:
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
        "total_size": sum(one.medium.size_bytes for one in files),
        "recording_count": len(files),
        "recording_play_passcode": recording.passcode,
        "auto_delete": False,
    }


def _file(state: ZoomState, recording: Recording, file: RecordingFile) -> dict[str, Any]:
    medium: Medium = file.medium
    document = {
        "id": file.id,
        "meeting_id": recording.instance.uuid,
        "recording_start": stamp(file.start_at),
        "recording_end": stamp(file.end_at),
        "file_type": medium.kind,
        "file_extension": medium.extension,
        "file_size": medium.size_bytes,
        "play_url": f"{state.origin}/rec/play/{file.key}",
        "download_url": f"{state.origin}/rec/download/{file.key}",
        "status": "completed" if file.ready_at <= state.clock.now() else "processing",
        "recording_type": TYPES[medium.kind],
    }
    return document | ({"deleted_time": stamp(file.trashed_at)} if file.trashed_at else {})


_SCOPES = {
    "list": "cloud_recording:read:list_user_recordings:admin",
    "get": "cloud_recording:read:list_recording_files:admin",
    "delete": "cloud_recording:delete:meeting_recording:admin",
    "delete_file": "cloud_recording:delete:recording_file:admin",
    "recover": "cloud_recording:update:recover_meeting_recordings:admin",
    "recover_file": "cloud_recording:update:recover_single_recording:admin",
}
_ONE = "/v2/meetings/{meeting:any}/recordings"

ROUTES = (
    Route("GET", "/v2/users/{user}/recordings", _SCOPES["list"], "MEDIUM", _list),
    Route("GET", _ONE, _SCOPES["get"], "LIGHT", _get),
    Route("DELETE", _ONE, _SCOPES["delete"], "LIGHT", _delete),
    Route("PUT", f"{_ONE}/status", _SCOPES["recover"], "LIGHT", _recover),
    Route("DELETE", f"{_ONE}/{{file}}", _SCOPES["delete_file"], "LIGHT", _delete_file),
    Route("PUT", f"{_ONE}/{{file}}/status", _SCOPES["recover_file"], "LIGHT", _recover),
)
