"""Meetings that have ended, as Zoom reports them: instances, details, participants."""

from typing import Any

from zoomguard.sandbox.wire import Answer, json_answer
from zoomguard.sandbox.zoom_errors import ZoomRefusal, unknown_meeting
from zoomguard.sandbox.zoom_state import Call, Instance, Route, Stay, ZoomState, stamp


def _details(state: ZoomState, call: Call) -> Answer:
    instance = _ended(state, call.params["meeting"])
    host = instance.meeting.host
    start_at, end_at = instance.span
    present = [stay for stay in instance.stays if not stay.waiting]
    document = {
        "id": instance.meeting.number,
        "uuid": instance.uuid,
        "host_id": host.id,
        "user_email": host.email,
        "user_name": host.name,
        "topic": instance.meeting.fields["topic"],
        "type": instance.meeting.fields["type"],
        "source": "Zoom",
        "start_time": stamp(start_at),
        "end_time": stamp(end_at),
        "duration": round((end_at - start_at).total_seconds() / 60),
        "total_minutes": round(sum(map(_seconds, present)) / 60),
        "participants_count": len({stay.person.key for stay in present}),
        "has_meeting_summary": False,
    }
    return json_answer(200, document)


def _instances(state: ZoomState, call: Call) -> Answer:
    word = call.params["meeting"]
    meeting = state.meetings.get(int(word)) if word.isascii() and word.isdigit() else None
    if meeting is None:
        raise unknown_meeting(word)
    ended = [one for one in meeting.instances if one.start_at and one.end_at]
    rows = [{"uuid": one.uuid, "start_time": stamp(one.start_at)} for one in ended if one.start_at]
    return json_answer(200, {"meetings": rows})


def _participants(state: ZoomState, call: Call) -> Answer:
    return _people(state, call, report=False)


def _report(state: ZoomState, call: Call) -> Answer:
    return _people(state, call, report=True)


def _people(state: ZoomState, call: Call, report: bool) -> Answer:
    instance = _ended(state, call.params["meeting"])
    stays = instance.stays
    if len({stay.person.key for stay in stays}) < 2:  # Zoom reports nothing of a person who was alone
        stays = []
    page, fields = state.pages.page(call.ask, stays)
    registered = call.query.get("include_fields") == "registrant_id"
    return json_answer(200, fields | {"participants": [_row(stay, report, registered) for stay in page]})


def _row(stay: Stay, report: bool, registered: bool) -> dict[str, Any]:
    row = {
        "id": stay.person.user_id,
        "name": stay.person.name,
        "user_id": stay.session_id,
        "user_email": stay.person.email,
        "join_time": stamp(stay.join_at),
        "leave_time": stamp(stay.leave_at or stay.join_at),
        "duration": _seconds(stay),
        "failover": False,
        "status": "in_waiting_room" if stay.waiting else "in_meeting",
    }
    if report:
        row["participant_user_id"] = stay.person.user_id
    else:
        row["internal_user"] = bool(stay.person.user_id)
    return row | ({"registrant_id": stay.person.registrant_id} if registered else {})


def _seconds(stay: Stay) -> int:
    return round(((stay.leave_at or stay.join_at) - stay.join_at).total_seconds())


def _ended(state: ZoomState, word: str) -> Instance:
    """An ended instance by UUID, or the latest one of a meeting number."""
    instances = [state.instances[word]] if word in state.instances else []
    if not instances and word.isascii() and word.isdigit() and int(word) in state.meetings:
        instances = state.meetings[int(word)].instances
    instances = [one for one in instances if one.start_at]  # where only guests waited, no meeting was held
    ended = [one for one in instances if one.end_at]
    if not ended:
        if instances:
            raise ZoomRefusal(400, 300, "The meeting has not ended.")
        raise unknown_meeting(word)
    return ended[-1]


ROUTES = (
    Route(
        "GET",
        "/v2/past_meetings/{meeting:any}/participants",
        "meeting:read:list_past_participants:admin",
        "MEDIUM",
        _participants,
    ),
    Route(
        "GET",
        "/v2/report/meetings/{meeting:any}/participants",
        "report:read:list_meeting_participants:admin",
        "HEAVY",
        _report,
    ),
    Route(
        "GET",
        "/v2/past_meetings/{meeting:any}/instances",
        "meeting:read:list_past_instances:admin",
        "MEDIUM",
        _instances,
    ),
    Route("GET", "/v2/past_meetings/{meeting:any}", "meeting:read:past_meeting:admin", "LIGHT", _details),
)
