"""What is done to meetings, by the API or by somebody in Zoom's own pages."""

import re
import secrets
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from zoomguard.sandbox import zoom_meeting_events as events
from zoomguard.sandbox.wire import Ask
from zoomguard.sandbox.zoom_errors import ZoomRefusal, invalid
from zoomguard.sandbox.zoom_fields import DEFAULTS, MEETING, known, problems
from zoomguard.sandbox.zoom_state import Meeting, User, ZoomState
from zoomguard.sandbox.zoom_users import breaks_passcode_rule

# A change (PATCH) does not take these.
CREATE_ONLY = ("default_password", "schedule_for", "type")


def checked(state: ZoomState, host: User, ask: Ask, asked: dict[str, Any]) -> dict[str, Any]:
    """The known fields of what is asked for, or Zoom's refusal of them."""
    bad = problems(asked, MEETING)
    if bad:
        raise invalid(*bad)
    body = known(asked, MEETING)
    if "timezone" in body and body["timezone"] not in available_timezones():
        raise invalid("timezone")
    if body.get("password") and breaks_passcode_rule(body["password"]):
        raise invalid("password", why="The passcode does not meet the account's requirements.")
    _may_host(state, host, body)
    if "alternative_hosts" in body.get("settings", {}):
        hosts = _alternative_hosts(state, ask, body["settings"]["alternative_hosts"])
        body["settings"]["alternative_hosts"] = hosts
    return body


def change(state: ZoomState, ask: Ask, meeting: Meeting, body: dict[str, Any], operator: User) -> None:
    """Store what `checked` let pass and tell of it."""
    before = events.snapshot(meeting)
    start_at = _start_at(body, meeting.fields["timezone"])
    if start_at and start_at > state.clock.now():  # Zoom leaves out a time that has passed
        meeting.start_at = start_at
    meeting.password = body.get("password", meeting.password)
    _set(state, ask, meeting, body.get("settings", {}))
    taken = [name for name in meeting.fields if name in body and name not in CREATE_ONLY]
    meeting.fields |= {name: body[name] for name in taken}
    events.updated(state, meeting, before, operator)


def remove(state: ZoomState, meeting: Meeting, operator: User) -> None:
    """Delete a meeting. ZoomRefusal 3002 for one that runs."""
    if meeting.live and meeting.live.start_at:
        raise ZoomRefusal(400, 3002, "Sorry, you cannot delete this meeting since it's in progress.")
    meeting.deleted = True
    events.deleted(state, meeting, operator)


def _may_host(state: ZoomState, host: User, body: dict[str, Any]) -> None:
    if host.status != "active":
        message = "Your user account is not allowed meeting hosting and scheduling capabilities."
        raise ZoomRefusal(400, 3161, message)
    if body.get("schedule_for", host.id) not in (host.id, host.email):
        raise ZoomRefusal(400, 3000, "You do not have the permission to schedule for that user.")


def _alternative_hosts(state: ZoomState, ask: Ask, text: str) -> str:
    """The same people as Zoom writes them: e-mails between semicolons, in an order of its own."""
    words = sorted({word.strip().lower() for word in re.split("[;,]", text) if word.strip()})
    if words and state.faults.take("observer_unlicensed", ask.method, ask.path):
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


def new_meeting(state: ZoomState, host: User, ask: Ask, body: dict[str, Any]) -> Meeting:
    """A meeting that nobody can find yet."""
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
    meeting = Meeting(number, uuid, host, now, start_at, password, fields, dict(DEFAULTS))
    meeting.first_topic = fields["topic"]
    _set(state, ask, meeting, body.get("settings", {}))
    return meeting


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


def _set(state: ZoomState, ask: Ask, meeting: Meeting, asked: dict[str, Any]) -> None:
    """Store settings as Zoom would: what the host or a lock does not allow is replaced without a word."""
    stored = dict(meeting.settings)
    for name, value in asked.items():
        before = stored.get(name)
        stored[name] = {**before, **value} if isinstance(before, dict) and name != "waiting_room_options" else value
    if stored["waiting_room"]:
        stored["join_before_host"] = False
    if stored["auto_recording"] == "cloud" and (not meeting.host.licensed or stored["encryption_type"] == "e2ee"):
        stored["auto_recording"] = "none"
    lock = state.faults.take("locked_setting_overrides", ask.method, ask.path)
    meeting.settings = stored | (locked(lock.more) if lock else {})


def locked(more: dict[str, Any]) -> dict[str, Any]:
    """The settings by which the account's lock replaces a meeting's own."""
    return dict(more.get("settings", {"waiting_room": False}))
