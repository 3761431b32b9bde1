"""Meetings that hosts hold and record in Zoom by themselves, of which no session of ours knows."""

from datetime import UTC, datetime, timedelta
from typing import Any

from zoomguard.sandbox.media import USUAL, kinds_of, media
from zoomguard.sandbox.recording_files import keep_recording
from zoomguard.sandbox.wire import Ask
from zoomguard.sandbox.zoom_errors import ZoomRefusal
from zoomguard.sandbox.zoom_meeting_changes import new_meeting
from zoomguard.sandbox.zoom_state import Instance, Meeting, Person, Stay, User, ZoomState

INSTANT, RECURRING = 1, 3
MOST = 20_000
SESSION_ID = "16778240"


def hold_outside(state: ZoomState, asked: Any) -> dict[str, Any]:
    """`meetings` (1) of `host`, held and recorded; their uuids and meeting numbers, oldest first.

    The first is at `start` (ISO, an hour ago), the others `every_s` (60) later each, `minutes` (50) long; all must be
    over by now. `topic` is taken as it is, but for {n}, which is the meeting's number from 1. With `instances`
    all are runs of one meeting number. `files`, `size_bytes` and `uuid_like` are as in /sandbox/play. Zoom's events
    come only with `events`. ValueError for what cannot be.
    """
    if not isinstance(asked, dict):
        raise ValueError("outside is an object with host, meetings, topic and start")
    with state.lock:
        host, starts = _host(state, asked), _starts(state, asked)
        # What cannot be made is refused before anything is.
        media(asked.get("size_bytes"), kinds_of(asked.get("files", USUAL)))
        state.new_uuid(str(asked.get("uuid_like", "")))
        one = _meeting(state, host, asked, 1, starts[0]) if asked.get("instances") else None
        held = [
            _held(state, one or _meeting(state, host, asked, n, start_at), asked, start_at)
            for n, start_at in enumerate(starts, 1)
        ]
    return {"uuids": [run.uuid for run in held], "meeting_numbers": [run.meeting.number for run in held]}


def _host(state: ZoomState, asked: dict[str, Any]) -> User:
    try:
        return state.user(str(asked.get("host", "")))
    except ZoomRefusal as refusal:
        raise ValueError(refusal.message) from None


def _starts(state: ZoomState, asked: dict[str, Any]) -> list[datetime]:
    count = _whole(asked, "meetings", 1, MOST)
    now = state.clock.now()
    start = datetime.fromisoformat(str(asked.get("start", (now - timedelta(hours=1)).isoformat())))
    if start.tzinfo is None:
        raise ValueError("start is a time with a zone")
    every = timedelta(seconds=_whole(asked, "every_s", 60, 86_400 * 31))
    starts = [start.astimezone(UTC) + n * every for n in range(count)]
    if starts[-1] + _length(asked) > now:
        raise ValueError("the last meeting would not be over by now")
    return starts


def _meeting(state: ZoomState, host: User, asked: dict[str, Any], n: int, start_at: datetime) -> Meeting:
    body = {
        "topic": str(asked.get("topic", "Outside {n}")).replace("{n}", str(n)),
        "type": RECURRING if asked.get("instances") else INSTANT,
        "duration": round(_length(asked).total_seconds() / 60),
        "settings": {"auto_recording": "cloud"},
    }
    meeting = new_meeting(state, host, Ask("POST", "/sandbox/recordings", {}, {}), body)
    meeting.start_at = meeting.created_at = start_at
    # An instant meeting that is over can no longer be asked for by its number.
    meeting.deleted = body["type"] == INSTANT
    state.meetings[meeting.number] = meeting
    return meeting


def _held(state: ZoomState, meeting: Meeting, asked: dict[str, Any], start_at: datetime) -> Instance:
    end_at, host = start_at + _length(asked), meeting.host
    if "uuid_like" in asked:
        meeting.uuid = state.new_uuid(str(asked["uuid_like"]))
    run = state.new_instance(meeting)
    run.start_at, run.end_at, meeting.live = start_at, end_at, None
    run.stays = [Stay(Person(host.name, host.email, user_id=host.id), SESSION_ID, start_at, leave_at=end_at)]
    run.segments = [(start_at, end_at)]
    run.film_bytes, run.kinds = asked.get("size_bytes"), tuple(asked.get("files", USUAL))
    keep_recording(state, run, tell=bool(asked.get("events")))
    return run


def _length(asked: dict[str, Any]) -> timedelta:
    return timedelta(minutes=_whole(asked, "minutes", 50, 1440))


def _whole(asked: dict[str, Any], name: str, default: int, most: int) -> int:
    value = asked.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError(f"{name} is a whole number from 1 to {most}")
    return value
