"""Meetings that run: who comes and goes, when recording runs, and the events that tell of it."""

from datetime import datetime
from typing import Any

from zoomguard.sandbox.recording_files import keep_recording
from zoomguard.sandbox.wire import Answer
from zoomguard.sandbox.zoom_errors import ZoomRefusal, invalid
from zoomguard.sandbox.zoom_state import Call, Instance, Meeting, Person, Route, Stay, ZoomState, stamp

FIRST_SESSION_ID = 16_778_240
CONTROLS = (
    "recording.start recording.stop recording.pause recording.resume participant.invite waiting_room.update "
    "participant.invite.callout participant.invite.room_system_callout "
    "ai_companion.start ai_companion.stop ai_companion.disable"
).split()


def instance_of(state: ZoomState, meeting: Meeting) -> Instance:
    """The run that is under way, or a new one."""
    return meeting.live or state.new_instance(meeting)


def start_meeting(state: ZoomState, instance: Instance, at: datetime) -> None:
    """The first host is in: the meeting has started."""
    if instance.start_at is None:
        instance.start_at = at
        state.webhooks.send("meeting.started", _meeting(instance), at)


def wait(state: ZoomState, instance: Instance, person: Person, at: datetime) -> None:
    """Somebody comes into the waiting room."""
    stay = _enter(instance, person, at, waiting=True)
    _tell(state, "participant_joined_waiting_room", instance, stay, at, date_time=stamp(at))


def admit(state: ZoomState, instance: Instance, person: Person, at: datetime) -> None:
    """Somebody is let out of the waiting room. ValueError for a person who is not in it."""
    stay = instance.open_stay(person, waiting=True)
    if stay is None:
        raise ValueError("nobody can be admitted who does not wait")
    stay.leave_at = at
    _tell(state, "participant_admitted", instance, stay, at, date_time=stamp(at))


def join(state: ZoomState, instance: Instance, person: Person, at: datetime) -> None:
    """Somebody comes into the meeting."""
    stay = _enter(instance, person, at, waiting=False)
    _tell(state, "participant_joined", instance, stay, at, join_time=stamp(at))


def leave(state: ZoomState, instance: Instance, person: Person, at: datetime) -> None:
    """Somebody leaves the meeting, or the waiting room. ValueError for a person who is in neither."""
    inside = instance.open_stay(person, waiting=False)
    stay = inside or instance.open_stay(person, waiting=True)
    if stay is None:
        raise ValueError("nobody can leave who is not there")
    _leave(state, instance, stay, at, f"{person.name} left the meeting.")


def start_recording(state: ZoomState, instance: Instance, at: datetime) -> None:
    if instance.recording_from_at is None:
        instance.recording_from_at = at
        _tell_recording(state, "started", instance, at, None)


def stop_recording(state: ZoomState, instance: Instance, at: datetime) -> None:
    """End a segment; a later start makes a new one with files of its own."""
    if instance.recording_from_at is not None:
        instance.segments.append((instance.recording_from_at, at))
        _tell_recording(state, "stopped", instance, at, at)
        instance.recording_from_at = None


def pause_recording(state: ZoomState, instance: Instance, at: datetime) -> None:
    """Recording waits; its file stays one."""
    if instance.recording_from_at is not None:
        _tell_recording(state, "paused", instance, at, at)


def resume_recording(state: ZoomState, instance: Instance, at: datetime) -> None:
    if instance.recording_from_at is not None:
        _tell_recording(state, "resumed", instance, at, None)


def end_meeting(state: ZoomState, instance: Instance, at: datetime) -> None:
    """All leave, recording stops, the meeting ends; what was recorded goes to be processed."""
    for stay in instance.stays:
        if stay.leave_at is None:
            _leave(state, instance, stay, at, "Host ended the meeting.")
    stop_recording(state, instance, at)
    instance.end_at = at
    instance.meeting.live = None
    if instance.start_at is not None:
        state.webhooks.send("meeting.ended", _meeting(instance) | {"end_time": stamp(at)}, at)
    if instance.segments:
        keep_recording(state, instance)


def _enter(instance: Instance, person: Person, at: datetime, waiting: bool) -> Stay:
    waited = [one for one in instance.stays if one.person.key == person.key]
    goes_on = bool(waited) and waited[-1].waiting and not waiting
    session_id = waited[-1].session_id if goes_on else _new_session_id(instance)
    stay = Stay(person, session_id, at, waiting)
    instance.stays.append(stay)
    return stay


def _new_session_id(instance: Instance) -> str:
    return str(FIRST_SESSION_ID + 1024 * len(instance.stays))


def _leave(state: ZoomState, instance: Instance, stay: Stay, at: datetime, reason: str) -> None:
    stay.leave_at = at
    if stay.waiting:
        _tell(state, "participant_left_waiting_room", instance, stay, at, date_time=stamp(at))
    else:
        more = {"leave_time": stamp(at), "leave_reason": reason}
        _tell(state, "participant_left", instance, stay, at, join_time=stamp(stay.join_at), **more)


def _tell(state: ZoomState, event: str, instance: Instance, stay: Stay, at: datetime, **more: str) -> None:
    person = stay.person
    participant = {
        "user_id": stay.session_id,
        "user_name": person.name,
        "id": person.user_id,
        "participant_uuid": f"{instance.uuid[-10:-2].upper()}-{stay.session_id}",
        "participant_user_id": person.user_id,
        "email": person.email,
        "registrant_id": person.registrant_id,
    }
    told = {name: text for name, text in participant.items() if text or name in ("id", "email")}
    state.webhooks.send(f"meeting.{event}", _meeting(instance) | {"participant": told | more}, at)


def _tell_recording(state: ZoomState, what: str, instance: Instance, at: datetime, end_at: datetime | None) -> None:
    times = {
        "recording_start": stamp(instance.recording_from_at or at),
        "recording_end": stamp(end_at) if end_at else "",
    }
    document = _meeting(instance) | {"id": instance.meeting.number, "recording_file": times}
    state.webhooks.send(f"recording.{what}", document, at)


def _meeting(instance: Instance) -> dict[str, Any]:
    meeting = instance.meeting
    return {
        "id": str(meeting.number),
        "uuid": instance.uuid,
        "host_id": meeting.host.id,
        "topic": meeting.fields["topic"],
        "type": meeting.fields["type"],
        "start_time": stamp(instance.start_at or meeting.start_at),
        "timezone": meeting.fields["timezone"],
        "duration": meeting.fields["duration"],
    }


def _control(state: ZoomState, call: Call) -> Answer:
    """Live control: 202 says that Zoom has understood, not that it is done."""
    method = call.body.get("method")
    if method not in CONTROLS:
        raise invalid("method")
    meeting = state.meeting(call.params["meeting"])
    if meeting.live is None or meeting.live.start_at is None:
        raise ZoomRefusal(400, 300, "There is no live meeting with this id.")
    act = {
        "recording.start": start_recording,
        "recording.stop": stop_recording,
        "recording.pause": pause_recording,
        "recording.resume": resume_recording,
    }.get(method)
    if act:
        act(state, meeting.live, state.clock.now())
    return Answer(202)


ROUTES = (
    Route(
        "PATCH",
        "/v2/live_meetings/{meeting}/events",
        "meeting:update:in_meeting_controls:admin",
        "MEDIUM",
        _control,
    ),
)
