"""The make-believe Zoom's meetings: create, read back, change, end and delete."""

import re
import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

from zoomguard.sandbox import zoom_meeting_events as events
from zoomguard.sandbox.wire import Answer, json_answer
from zoomguard.sandbox.zoom_errors import ZoomRefusal, invalid, unknown_meeting, user_day_limit
from zoomguard.sandbox.zoom_live import end_meeting
from zoomguard.sandbox.zoom_meeting_changes import change, checked, locked, new_meeting, remove
from zoomguard.sandbox.zoom_state import Call, Meeting, Route, User, ZoomState, stamp

WRITES_A_DAY = 100
LIST_LAG_S = 60
READ_LAG_S = 5
SLOW_S = 60
LISTED_AGENDA = 250
LISTS = ("scheduled", "live", "upcoming", "upcoming_meetings", "previous_meetings")
NO_CONTENT = Answer(204)


def _create(state: ZoomState, call: Call) -> Answer:
    host = state.user(call.params["user"])
    body = checked(state, host, call.ask, call.body)
    if body.get("type", 2) not in (1, 2):
        raise invalid("type", why="The sandbox holds no recurring and no screen-share meetings.")
    _use_budget(state, host)
    meeting = new_meeting(state, host, call.ask, body)
    slow = state.faults.take("create_slow", "POST", call.ask.path)
    if slow:
        meeting.created_at += timedelta(seconds=slow.more.get("after_s", SLOW_S))
    state.coming.append(meeting)
    state.catch_up()
    events.created(state, meeting, state.owner)
    document = _document(state, call, meeting)
    if meeting.settings["approval_type"] in (0, 1):
        document["registration_url"] = f"{state.origin}/meeting/register/{meeting.number}"
    answer = json_answer(201, document)
    return replace(answer, lost=True, fault=slow.name) if slow else answer


def _get(state: ZoomState, call: Call) -> Answer:
    meeting = state.meeting(_number(call))
    lag = state.faults.see("read_lags", "GET", call.ask.path)
    if lag and state.clock.now() < meeting.created_at + timedelta(seconds=lag.more.get("lag_s", READ_LAG_S)):
        state.faults.take("read_lags", "GET", call.ask.path)
        raise unknown_meeting(meeting.number)
    extras = {
        "assistant_id": "",
        "encrypted_password": secrets.token_urlsafe(18),
        "status": "started" if meeting.live and meeting.live.start_at else "waiting",
    }
    return json_answer(200, _document(state, call, meeting) | extras)


def _patch(state: ZoomState, call: Call) -> Answer:
    meeting = state.meeting(_number(call))
    body = checked(state, meeting.host, call.ask, call.body)
    if body.get("password") == "":
        raise invalid("password", why="A passcode is required.")
    _use_budget(state, meeting.host)
    if state.faults.take("update_ignored", "PATCH", call.ask.path):
        return replace(NO_CONTENT, fault="update_ignored")
    change(state, call.ask, meeting, body, state.owner)
    return NO_CONTENT


def _delete(state: ZoomState, call: Call) -> Answer:
    remove(state, state.meeting(_number(call)), state.owner)
    return NO_CONTENT


def _status(state: ZoomState, call: Call) -> Answer:
    action = call.body.get("action")
    if action not in ("end", "recover"):
        raise invalid("action")
    if action == "recover":
        return _recover(state, call)
    meeting = state.meeting(_number(call))
    if meeting.live is None or meeting.live.start_at is None:
        raise ZoomRefusal(400, 300, "The meeting has not started.")
    end_meeting(state, meeting.live, state.clock.now())
    return NO_CONTENT


def _recover(state: ZoomState, call: Call) -> Answer:
    gone = state.meetings.get(int(_number(call)))
    meeting = gone if gone and gone.deleted else state.meeting(_number(call))
    meeting.deleted = False
    return NO_CONTENT


def _list(state: ZoomState, call: Call) -> Answer:
    host = state.user(call.params["user"])
    kind = call.query.get("type", "scheduled")
    if kind not in LISTS:
        raise invalid("type")
    lag = state.faults.take("list_lags", "GET", call.ask.path)
    seen_until_at = state.clock.now()
    if lag:
        seen_until_at -= timedelta(seconds=lag.more.get("lag_s", LIST_LAG_S))
    chosen = [
        one
        for one in sorted(state.meetings.values(), key=lambda one: (one.start_at, one.number))
        if one.host is host and one.created_at <= seen_until_at and _belongs(state, one, kind)
    ]
    page, fields = state.pages.page(call.ask, chosen)
    entries = [_entry(state, one) for one in page]
    for entry in entries:
        entry["agenda"] = entry["agenda"][:LISTED_AGENDA]
    return json_answer(200, fields | {"page_number": 1, "meetings": entries})


def _belongs(state: ZoomState, meeting: Meeting, kind: str) -> bool:
    if kind == "previous_meetings":
        return any(one.end_at for one in meeting.instances)
    if kind == "live":
        return meeting.live is not None and meeting.live.start_at is not None
    over = meeting.start_at + timedelta(minutes=meeting.fields["duration"]) < state.clock.now()
    return not meeting.deleted and (kind == "scheduled" or not over)


def _number(call: Call) -> str:
    word = call.params["meeting"]
    if not re.fullmatch(r"[0-9]{1,19}", word):
        raise ZoomRefusal(400, 300, "Invalid meeting id.")
    return word


def _use_budget(state: ZoomState, host: User) -> None:
    if not state.spend(WRITES_A_DAY, "meeting write", host.id):
        raise user_day_limit(WRITES_A_DAY, "Meeting Create/Update", f"this user: {host.id}")


def _document(state: ZoomState, call: Call, meeting: Meeting) -> dict[str, Any]:
    """A meeting as its creator and every later reader sees it."""
    lock = state.faults.see("locked_setting_overrides", call.ask.method, call.ask.path)
    settings = meeting.settings | (locked(lock.more) if lock and lock.times is None else {})
    shown = {name: value for name, value in settings.items() if value is not None}
    document = _entry(state, meeting) | {
        "host_email": meeting.host.email,
        "pre_schedule": meeting.fields["pre_schedule"],
        "tracking_fields": meeting.fields["tracking_fields"],
        "creation_source": "open_api",
        "password": meeting.password,
        "h323_password": meeting.password,
        "pstn_password": meeting.password,
        "start_url": f"{state.origin}/s/{meeting.number}?zak={secrets.token_urlsafe(32)}",
        "settings": shown,
    }
    if settings["use_pmi"]:
        document["pmi"] = str(meeting.host.pmi)
    return document


def _entry(state: ZoomState, meeting: Meeting) -> dict[str, Any]:
    names = ("topic", "agenda", "type", "duration", "timezone")
    return {name: meeting.fields[name] for name in names} | {
        "id": meeting.number,
        "uuid": meeting.current_uuid,
        "host_id": meeting.host.id,
        "start_time": stamp(meeting.start_at),
        "created_at": stamp(meeting.created_at),
        "join_url": events.join_url(state, meeting),
    }


ROUTES = (
    Route("POST", "/v2/users/{user}/meetings", "meeting:write:meeting:admin", "LIGHT", _create),
    Route("GET", "/v2/users/{user}/meetings", "meeting:read:list_meetings:admin", "MEDIUM", _list),
    Route("GET", "/v2/meetings/{meeting}", "meeting:read:meeting:admin", "LIGHT", _get),
    Route("PATCH", "/v2/meetings/{meeting}", "meeting:update:meeting:admin", "LIGHT", _patch),
    Route("DELETE", "/v2/meetings/{meeting}", "meeting:delete:meeting:admin", "LIGHT", _delete),
    Route("PUT", "/v2/meetings/{meeting}/status", "meeting:update:status:admin", "LIGHT", _status),
)
