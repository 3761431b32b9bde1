"""The make-believe Zoom's meetings: create, read back, change, end and delete."""

import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from zoomguard.sandbox.wire import Answer, json_answer
from zoomguard.sandbox.zoom_errors import ZoomRefusal, invalid, user_day_limit
from zoomguard.sandbox.zoom_fields import DEFAULTS, MEETING, known, problems
from zoomguard.sandbox.zoom_live import end_meeting
from zoomguard.sandbox.zoom_state import Call, Meeting, Route, User, ZoomState, stamp
from zoomguard.sandbox.zoom_users import breaks_passcode_rule

WRITES_A_DAY = 100
LIST_LAG_S = 60
LISTED_AGENDA = 250
LISTS = ("scheduled", "live", "upcoming", "upcoming_meetings", "previous_meetings")
NO_CONTENT = Answer(204)
# A change (PATCH) does not take these.
CREATE_ONLY = ("default_password", "schedule_for", "type")


def _create(state: ZoomState, call: Call) -> Answer:
    host = state.user(call.params["user"])
    body = _checked(state, host, call)
    if body.get("type", 2) not in (1, 2):
        raise invalid("type", why="The sandbox holds no recurring and no screen-share meetings.")
    _use_budget(state, host)
    meeting = _new_meeting(state, host, body)
    _set(state, call, meeting, body.get("settings", {}))
    state.meetings[meeting.number] = meeting
    document = _document(state, call, meeting)
    if meeting.settings["approval_type"] in (0, 1):
        document["registration_url"] = f"{state.origin}/meeting/register/{meeting.number}"
    return json_answer(201, document)


def _get(state: ZoomState, call: Call) -> Answer:
    meeting = state.meeting(_number(call))
    extras = {
        "assistant_id": "",
        "encrypted_password": secrets.token_urlsafe(18),
        "status": "started" if meeting.live and meeting.live.start_at else "waiting",
    }
    return json_answer(200, _document(state, call, meeting) | extras)


def _patch(state: ZoomState, call: Call) -> Answer:
    meeting = state.meeting(_number(call))
    body = _checked(state, meeting.host, call)
    _use_budget(state, meeting.host)
    for name in CREATE_ONLY:
        body.pop(name, None)
    start_at = _start_at(body, meeting.fields["timezone"])
    if start_at and start_at > state.clock.now():  # Zoom leaves out a time that has passed
        meeting.start_at = start_at
    meeting.password = body.get("password", meeting.password)
    _set(state, call, meeting, body.get("settings", {}))
    meeting.fields |= {name: body[name] for name in meeting.fields if name in body}
    return NO_CONTENT


def _delete(state: ZoomState, call: Call) -> Answer:
    meeting = state.meeting(_number(call))
    if meeting.live and meeting.live.start_at:
        raise ZoomRefusal(400, 3002, "Sorry, you cannot delete this meeting since it's in progress.")
    meeting.deleted = True
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


def _checked(state: ZoomState, host: User, call: Call) -> dict[str, Any]:
    """The body's known fields, or Zoom's refusal of them."""
    bad = problems(call.body, MEETING)
    if bad:
        raise invalid(*bad)
    body = known(call.body, MEETING)
    if "timezone" in body and body["timezone"] not in available_timezones():
        raise invalid("timezone")
    if call.body.get("password") and breaks_passcode_rule(body["password"]):
        raise invalid("password", why="The passcode does not meet the account's requirements.")
    if call.body.get("password") == "" and call.ask.method == "PATCH":
        raise invalid("password", why="A passcode is required.")
    _may_host(state, host, body)
    if "alternative_hosts" in body.get("settings", {}):
        hosts = _alternative_hosts(state, call, body["settings"]["alternative_hosts"])
        body["settings"]["alternative_hosts"] = hosts
    return body


def _may_host(state: ZoomState, host: User, body: dict[str, Any]) -> None:
    if host.status != "active":
        message = "Your user account is not allowed meeting hosting and scheduling capabilities."
        raise ZoomRefusal(400, 3161, message)
    if body.get("schedule_for", host.id) not in (host.id, host.email):
        raise ZoomRefusal(400, 3000, "You do not have the permission to schedule for that user.")


def _alternative_hosts(state: ZoomState, call: Call, text: str) -> str:
    """The same people as Zoom writes them: e-mails between semicolons, in an order of its own."""
    words = sorted({word.strip().lower() for word in re.split("[;,]", text) if word.strip()})
    if words and state.faults.take("observer_unlicensed", call.ask.method, call.ask.path):
        raise _not_selectable(words[0])
    emails = []
    for word in words:
        users = [one for one in state.users.values() if word in (one.id.lower(), one.email.lower())]
        if not users or not users[0].licensed or users[0].status != "active":
            raise _not_selectable(word)
        emails.append(users[0].email)
    return ";".join(emails)


def _not_selectable(word: str) -> ZoomRefusal:
    message = f'Unable to assign "{word}" as an alternative host because the user cannot be selected at this time.'
    return ZoomRefusal(400, 1114, message)


def _use_budget(state: ZoomState, host: User) -> None:
    if not state.spend(WRITES_A_DAY, "meeting write", host.id):
        raise user_day_limit(WRITES_A_DAY, "Meeting Create/Update", f"this user: {host.id}")


def _new_meeting(state: ZoomState, host: User, body: dict[str, Any]) -> Meeting:
    now = state.clock.now()
    zone = body.get("timezone", host.timezone)
    start_at = _start_at(body, zone)
    fields = {
        "topic": body.get("topic", "Zoom Meeting"),
        "agenda": body.get("agenda", ""),
        "type": body.get("type", 2),
        "duration": body.get("duration", 60),
        "timezone": zone,
        "pre_schedule": body.get("pre_schedule", False),
        "tracking_fields": body.get("tracking_fields", []),
    }
    password = body.get("password") or _made_up_passcode()
    if start_at is None or start_at < now:
        start_at = now.replace(microsecond=0)
    number, uuid = state.new_number(), state.new_uuid()
    return Meeting(number, uuid, host, now, start_at, password, fields, dict(DEFAULTS))


def _made_up_passcode() -> str:
    return secrets.choice("abcdefghkmnp") + str(secrets.randbelow(9_000_000) + 1_000_000)


def _start_at(body: dict[str, Any], zone: str) -> datetime | None:
    if "start_time" not in body:
        return None
    try:
        at = datetime.fromisoformat(body["start_time"])
    except ValueError:
        raise invalid("start_time") from None
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(body.get("timezone", zone)))).astimezone(UTC)


def _set(state: ZoomState, call: Call, meeting: Meeting, asked: dict[str, Any]) -> None:
    """Store settings as Zoom would: what the host or a lock does not allow is replaced without a word."""
    stored = dict(meeting.settings)
    for name, value in asked.items():
        before = stored.get(name)
        stored[name] = {**before, **value} if isinstance(before, dict) and name != "waiting_room_options" else value
    if stored["waiting_room"]:
        stored["join_before_host"] = False
    if stored["auto_recording"] == "cloud" and (not meeting.host.licensed or stored["encryption_type"] == "e2ee"):
        stored["auto_recording"] = "none"
    lock = state.faults.take("locked_setting_overrides", call.ask.method, call.ask.path)
    meeting.settings = stored | (_locked(lock.more) if lock else {})


def _locked(more: dict[str, Any]) -> dict[str, Any]:
    return dict(more.get("settings", {"waiting_room": False}))


def _document(state: ZoomState, call: Call, meeting: Meeting) -> dict[str, Any]:
    """A meeting as its creator and every later reader sees it."""
    lock = state.faults.see("locked_setting_overrides", call.ask.method, call.ask.path)
    settings = meeting.settings | (_locked(lock.more) if lock and lock.times is None else {})
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
        "uuid": meeting.live.uuid if meeting.live else meeting.uuid,
        "host_id": meeting.host.id,
        "start_time": stamp(meeting.start_at),
        "created_at": stamp(meeting.created_at),
        "join_url": f"{state.origin}/j/{meeting.number}?pwd={meeting.password}.1",
    }


ROUTES = (
    Route("POST", "/v2/users/{user}/meetings", "meeting:write:meeting:admin", "LIGHT", _create),
    Route("GET", "/v2/users/{user}/meetings", "meeting:read:list_meetings:admin", "MEDIUM", _list),
    Route("GET", "/v2/meetings/{meeting}", "meeting:read:meeting:admin", "LIGHT", _get),
    Route("PATCH", "/v2/meetings/{meeting}", "meeting:update:meeting:admin", "LIGHT", _patch),
    Route("DELETE", "/v2/meetings/{meeting}", "meeting:delete:meeting:admin", "LIGHT", _delete),
    Route("PUT", "/v2/meetings/{meeting}/status", "meeting:update:status:admin", "LIGHT", _status),
)
