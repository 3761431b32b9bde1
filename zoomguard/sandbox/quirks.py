"""What becomes of recordings behind our back: late files, files processed again, lists that are wrong, the trash."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from zoomguard.sandbox.media import again, medium_of
from zoomguard.sandbox.outside import hold_outside
from zoomguard.sandbox.recording_files import add_file, announce, remove
from zoomguard.sandbox.sessions import meeting_of
from zoomguard.sandbox.zoom_errors import ZoomRefusal
from zoomguard.sandbox.zoom_state import Recording, RecordingFile, ZoomState

NEVER = datetime.max.replace(tzinfo=UTC)
SETTLES_WITHIN_S = 5.0
LONGER_BY_BYTES, LONGER_AT_MOST_BYTES = 4096, 10_000_000
LATEST_S = 1_000_000_000

Files = list[RecordingFile]
Act = Callable[[ZoomState, Recording, dict[str, Any]], Files]


class Quirks:
    """POST /sandbox/recordings."""

    def __init__(self, state: ZoomState) -> None:
        self._state = state

    def act(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Do `do` to the recording of `session` (its latest run) or `uuid`; or hold meetings `outside`.

        `file` is a file's id, its file_type or its recording_type, `nth` which of those (1). Without `file`
        it is the first of all, for `trash` and `show` it is the whole recording. ValueError for what cannot be done,
        NoSuchSession without a meeting.

        add      a `kind` more, from `ready_in_s` (0) on; with `processing` it is listed until then as well
        replace  other bytes under the same id, `by_bytes` (4096) longer or `same_size`
        grow     the same, but lists give the old size: for `listed_in_s`, or for good without
        drop     lists lack the file; its link works
        repeat   lists have the file's row twice
        never    the file is being processed for ever
        trash    the host, or `by`, puts it into the trash in Zoom's pages
        show     nothing; the answer tells of all files

        The answer: uuid, meeting_number, recording_files (how many) and `files`, those that were touched, with the
        size and hash of their true bytes.
        """
        if "outside" in asked:
            return hold_outside(self._state, asked["outside"])
        act = ACTS.get(str(asked.get("do")))
        if act is None:
            raise ValueError(f"do is one of {', '.join(ACTS)}; or give outside")
        with self._state.lock:
            recording = self._recording(asked)
            files = act(self._state, recording, asked)
            answer = {
                "uuid": recording.instance.uuid,
                "meeting_number": recording.instance.meeting.number,
                "recording_files": len(recording.files),
            }
        self._state.webhooks.settle(SETTLES_WITHIN_S)
        return answer | {"files": [_told(one) for one in files]}

    def _recording(self, asked: dict[str, Any]) -> Recording:
        if ("session" in asked) == ("uuid" in asked):
            raise ValueError("give session or uuid")
        if "uuid" in asked:
            found = [self._state.recordings.get(str(asked["uuid"]))]
        else:
            meeting = meeting_of(self._state, str(asked["session"]))
            found = [self._state.recordings.get(one.uuid) for one in reversed(meeting.instances)]
        recordings = [one for one in found if one]
        if not recordings:
            raise ValueError("there is no recording of that")
        return recordings[0]


def _add(state: ZoomState, recording: Recording, asked: dict[str, Any]) -> Files:
    kind, size_bytes = str(asked.get("kind", "")), asked.get("size_bytes")
    if not kind:
        raise ValueError("kind says what file to add")
    now, last = state.clock.now(), recording.files[-1]
    ready_at = now + timedelta(seconds=_number(asked, "ready_in_s", 0))
    alike = [one for one in recording.files if one.medium.kind == medium_of(kind).kind]
    medium = medium_of(kind, size_bytes, len(alike))
    listed_at = now if asked.get("processing") else ready_at
    file = add_file(state, recording, medium, (last.start_at, last.end_at), listed_at, ready_at)
    if medium.kind == "TRANSCRIPT":
        announce(state, recording, "transcript_completed", ready_at, [file])
    else:
        announce(state, recording, "completed", ready_at)
    return [file]


def _replace(state: ZoomState, recording: Recording, asked: dict[str, Any]) -> Files:
    file = _file(recording, asked)
    file.medium = again(file.medium, more_bytes=0 if asked.get("same_size") else _more_bytes(asked))
    return [file]


def _grow(state: ZoomState, recording: Recording, asked: dict[str, Any]) -> Files:
    now, file = state.clock.now(), _file(recording, asked)
    old_bytes = file.listed_bytes(now)
    grown = again(file.medium, more_bytes=_more_bytes(asked))
    listed_in_s = _number(asked, "listed_in_s", -1)
    file.told_bytes, file.medium = old_bytes, grown
    file.told_until_at = None if listed_in_s < 0 else now + timedelta(seconds=listed_in_s)
    return [file]


def _drop(state: ZoomState, recording: Recording, asked: dict[str, Any]) -> Files:
    file = _file(recording, asked)
    file.rows = 0
    return [file]


def _repeat(state: ZoomState, recording: Recording, asked: dict[str, Any]) -> Files:
    file = _file(recording, asked)
    file.rows = 2
    return [file]


def _never(state: ZoomState, recording: Recording, asked: dict[str, Any]) -> Files:
    file = _file(recording, asked)
    file.ready_at = NEVER
    return [file]


def _trash(state: ZoomState, recording: Recording, asked: dict[str, Any]) -> Files:
    files = _show(state, recording, asked)
    host = recording.instance.meeting.host
    try:
        operator = state.user(str(asked["by"])) if "by" in asked else host
    except ZoomRefusal as refusal:
        raise ValueError(refusal.message) from None
    remove(state, recording, files, "trash", operator)
    return files


def _show(state: ZoomState, recording: Recording, asked: dict[str, Any]) -> Files:
    return [_file(recording, asked)] if "file" in asked else list(recording.files)


def _file(recording: Recording, asked: dict[str, Any]) -> RecordingFile:
    word, nth = asked.get("file"), int(_number(asked, "nth", 1))
    names = (str(word), str(word).lower())
    found = [
        one
        for one in recording.files
        if word is None or names[0] in (one.id, one.medium.kind) or names[1] == one.medium.recording_type
    ]
    if not 1 <= nth <= len(found):
        raise ValueError(f"the recording has {len(found)} such files, counted from one")
    return found[nth - 1]


def _more_bytes(asked: dict[str, Any]) -> int:
    return int(_number(asked, "by_bytes", LONGER_BY_BYTES, LONGER_AT_MOST_BYTES))


def _number(asked: dict[str, Any], name: str, default: float, most: float = LATEST_S) -> float:
    value = asked.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or (name in asked and not 0 <= value <= most):
        raise ValueError(f"{name} is a number from 0 to {most}")
    return value


def _told(file: RecordingFile) -> dict[str, Any]:
    medium = file.medium
    return {
        "id": file.id,
        "file_type": medium.kind,
        "recording_type": medium.recording_type,
        "size_bytes": medium.size_bytes,
        "sha256": medium.sha256(),
    }


ACTS: dict[str, Act] = {
    "add": _add,
    "replace": _replace,
    "grow": _grow,
    "drop": _drop,
    "repeat": _repeat,
    "never": _never,
    "trash": _trash,
    "show": _show,
}
