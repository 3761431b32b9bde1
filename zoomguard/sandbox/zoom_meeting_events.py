"""What Zoom tells subscribers of meetings that are made, changed and deleted, and of who registers."""

from typing import Any

from zoomguard.sandbox.webhooks import milliseconds
from zoomguard.sandbox.zoom_state import Meeting, Registrant, User, ZoomState, stamp

TOLD_AT_FIRST = ("use_pmi", "alternative_hosts", "join_before_host", "jbh_time", "meeting_invitees")
TURNS = {"approved": "registration_approved", "cancelled": "registration_cancelled", "denied": "registration_denied"}


def created(state: ZoomState, meeting: Meeting, operator: User) -> None:
    """A meeting was made; the event leaves when it is there."""
    settings = {name: meeting.settings[name] for name in TOLD_AT_FIRST if name in meeting.settings}
    document = _meeting(meeting) | {
        "join_url": join_url(state, meeting),
        "password": meeting.password,
        "settings": settings,
    }
    at = meeting.created_at
    state.webhooks.send("meeting.created", document, at, due_at=at, beside=_by(operator) | {"operation": "all"})


def snapshot(meeting: Meeting) -> dict[str, Any]:
    """What a change may change, by name."""
    whole = meeting.fields | {"start_time": stamp(meeting.start_at), "password": meeting.password}
    return whole | {"settings": dict(meeting.settings)}


def updated(state: ZoomState, meeting: Meeting, before: dict[str, Any], operator: User) -> None:
    """A meeting was changed; only what is another now is told, and nothing where all is as `before`."""
    now, after = state.clock.now(), snapshot(meeting)
    names = [name for name in after if name != "settings" and after[name] != before[name]]
    new, old = {name: after[name] for name in names}, {name: before[name] for name in names}
    switched = [name for name, value in after["settings"].items() if value != before["settings"].get(name)]
    if switched:
        new["settings"] = {name: after["settings"][name] for name in switched}
        old["settings"] = {name: before["settings"][name] for name in switched if name in before["settings"]}
    if not new:
        return
    known = {"id": meeting.number, "uuid": meeting.current_uuid}
    beside = _by(operator) | {"scope": "single", "old_object": known | old, "time_stamp": milliseconds(now)}
    state.webhooks.send("meeting.updated", known | new, now, beside=beside)


def deleted(state: ZoomState, meeting: Meeting, operator: User) -> None:
    beside = _by(operator) | {"operation": "single"}
    state.webhooks.send("meeting.deleted", _meeting(meeting), state.clock.now(), beside=beside)


def registered(state: ZoomState, meeting: Meeting, registrant: Registrant) -> None:
    """Somebody registered, or was; `status` tells whether anybody has approved it."""
    told = _registrant(registrant) | {"status": registrant.status, "create_time": stamp(registrant.created_at)}
    document = _meeting(meeting) | {"registrant": registrant.answers | told}
    state.webhooks.send("meeting.registration_created", document, state.clock.now())


def turned(state: ZoomState, meeting: Meeting, registrant: Registrant, operator: User) -> None:
    """A registration was approved, denied or cancelled."""
    document = _meeting(meeting) | {"registrant": _registrant(registrant)}
    event = f"meeting.{TURNS[registrant.status]}"
    state.webhooks.send(event, document, state.clock.now(), beside=_by(operator))


def join_url(state: ZoomState, meeting: Meeting) -> str:
    """The link that lets anybody in who has it; it carries the passcode."""
    passcode = f"?pwd={meeting.password}.1" if meeting.password else ""
    return f"{state.origin}/j/{meeting.number}{passcode}"


def _by(operator: User) -> dict[str, Any]:
    return {"operator": operator.email, "operator_id": operator.id}


def _meeting(meeting: Meeting) -> dict[str, Any]:
    return {
        "uuid": meeting.current_uuid,
        "id": meeting.number,
        "host_id": meeting.host.id,
        "topic": meeting.fields["topic"],
        "type": meeting.fields["type"],
        "start_time": stamp(meeting.start_at),
        "duration": meeting.fields["duration"],
        "timezone": meeting.fields["timezone"],
    }


def _registrant(registrant: Registrant) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": registrant.id,
        "email": registrant.email,
        "first_name": registrant.first_name,
        "last_name": registrant.last_name,
        "participant_pin_code": registrant.pin,
    }
    return told | ({"join_url": registrant.join_url} if registrant.status == "approved" else {})
