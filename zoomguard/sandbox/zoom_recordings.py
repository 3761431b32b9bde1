"""The make-believe Zoom's cloud recordings: lists, one recording, trash and back."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from zoomguard.sandbox.recording_files import KNOWN_TYPES, listing, recover, remove
from zoomguard.sandbox.wire import Answer, json_answer
from zoomguard.sandbox.zoom_errors import invalid, no_recording
from zoomguard.sandbox.zoom_state import Call, Recording, RecordingFile, Route, ZoomState

LONGEST_WINDOW_DAYS = 31
LONGEST_TTL_S = 604_800
DEFAULT_TTL_S = 86_400
WRONG_BY_BYTES = 1024
NO_CONTENT = Answer(204)


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
    meetings = [listing(state, one, trash, wrong) for one in page]
    window = {"from": from_on.isoformat(), "to": to_on.isoformat()}
    return _shown(window | fields | {"meetings": meetings}, meetings)


def _get(state: ZoomState, call: Call) -> Answer:
    recording = _find(state, call, trash=False)
    document = listing(state, recording, False, _wrong_by(state, call))
    document |= {"password": recording.passcode, "participant_audio_files": []}
    if "download_access_token" in call.query.get("include_fields", "").split(","):
        ttl_s = _ttl_s(call)
        document["download_access_token"] = state.tokens.give(ttl_s, recording=recording.instance.uuid)
    return _shown(document, [document])


def _delete(state: ZoomState, call: Call) -> Answer:
    action = _action(call, "trash", ("trash", "delete"))
    recording = _find(state, call, trash=None if action == "delete" else False)
    remove(state, recording, recording.files, action, state.owner)
    return NO_CONTENT


def _delete_file(state: ZoomState, call: Call) -> Answer:
    action = _action(call, "trash", ("trash", "delete"))
    recording = _find(state, call, trash=None if action == "delete" else False)
    remove(state, recording, _one_file(recording, call), action, state.owner)
    return NO_CONTENT


def _recover(state: ZoomState, call: Call) -> Answer:
    if call.body.get("action", "recover") != "recover":
        raise invalid("action")
    recording = _find(state, call, trash=True)
    files = _one_file(recording, call) if "file" in call.params else recording.files
    recover(state, recording, files, state.owner)
    return NO_CONTENT


def _shown(document: dict[str, Any], recordings: list[dict[str, Any]]) -> Answer:
    """The answer; one with a kind of file that Zoom does not describe is marked for the checks of its shape."""
    kinds = {row["file_type"] for one in recordings for row in one["recording_files"]}
    return replace(json_answer(200, document), fault="" if kinds <= KNOWN_TYPES else "unknown_kind")


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
    now = state.clock.now()
    in_trash = [one.trashed_at is not None for one in recording.files if one.listed_at <= now]
    return any(in_trash) if trash else not all(in_trash)


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
