"""Zoom's own web pages: what a host or anybody else does there, without our API."""

from collections.abc import Callable
from typing import Any

from zoomguard.sandbox import zoom_live
from zoomguard.sandbox.sessions import meeting_of
from zoomguard.sandbox.wire import Ask
from zoomguard.sandbox.zoom_errors import ZoomRefusal
from zoomguard.sandbox.zoom_fields import MEETING
from zoomguard.sandbox.zoom_meeting_changes import change, checked, remove
from zoomguard.sandbox.zoom_registrants import find, opened, register, turn
from zoomguard.sandbox.zoom_state import Meeting, Person, Registrant, ZoomState

SETTLES_WITHIN_S = 5.0
TURNS = {"approve": "approved", "deny": "denied", "cancel": "cancelled"}


class Portal:
    """Acts upon the account, with Zoom's events and without our limits a day."""

    def __init__(self, state: ZoomState) -> None:
        self._state = state
        self._acts: dict[str, Callable[[Meeting, dict[str, Any]], Registrant | None]] = {
            "change": self._change,
            "delete": self._delete,
            "register": self._register,
            **dict.fromkeys(TURNS, self._turn),
            "start": self._start,
            "end": self._end,
        }

    def act(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Do `act` to the meeting of `session`, or number `meeting`: its state, and who was registered or turned.

        ValueError for what Zoom's pages would not let through, NoSuchSession without a meeting.
        """
        act = self._acts.get(str(asked.get("act")))
        if act is None:
            raise ValueError(f"act is one of {', '.join(self._acts)}")
        with self._state.lock:
            meeting = meeting_of(self._state, str(asked.get("session") or asked.get("meeting") or ""))
            try:
                registrant = act(meeting, asked)
            except ZoomRefusal as refusal:
                fields = ", ".join(str(one.get("field")) for one in refusal.errors)
                raise ValueError(f"{refusal.message} {fields}".strip()) from None
            answer: dict[str, Any] = {"meeting_number": meeting.number, "status": _status(meeting)}
            if registrant:
                told = {"id": registrant.id, "email": registrant.email, "status": registrant.status}
                answer["registrant"] = told
        self._state.webhooks.settle(SETTLES_WITHIN_S)
        return answer

    def _change(self, meeting: Meeting, asked: dict[str, Any]) -> None:
        """Here the host may take the passcode away, which the API refuses."""
        body = _nested(asked.get("settings"))
        ask = Ask("PATCH", f"/v2/meetings/{meeting.number}", {}, {})
        change(self._state, ask, meeting, checked(self._state, meeting.host, ask, body), meeting.host)

    def _delete(self, meeting: Meeting, asked: dict[str, Any]) -> None:
        remove(self._state, meeting, meeting.host)

    def _register(self, meeting: Meeting, asked: dict[str, Any]) -> Registrant:
        """Somebody fills in the meeting's registration page, and waits where the host has to approve."""
        opened(meeting)
        person = {"email": _email(asked), "first_name": str(asked.get("name") or "Somebody")}
        return register(self._state, meeting, person, approved=meeting.settings["approval_type"] == 0)

    def _turn(self, meeting: Meeting, asked: dict[str, Any]) -> Registrant:
        registrant = find(meeting, _email(asked))
        turn(self._state, meeting, registrant, TURNS[asked["act"]], meeting.host)
        return registrant

    def _start(self, meeting: Meeting, asked: dict[str, Any]) -> None:
        """The host comes in now, whatever the meeting's time."""
        state, host, at = self._state, meeting.host, self._state.clock.now()
        instance = zoom_live.instance_of(state, meeting)
        if instance.start_at is not None:
            raise ValueError("the meeting runs already")
        zoom_live.start_meeting(state, instance, at)
        zoom_live.join(state, instance, Person(host.name, host.email, user_id=host.id), at)
        if meeting.settings["auto_recording"] == "cloud":
            zoom_live.start_recording(state, instance, at)

    def _end(self, meeting: Meeting, asked: dict[str, Any]) -> None:
        if meeting.live is None or meeting.live.start_at is None:
            raise ValueError("the meeting does not run")
        zoom_live.end_meeting(self._state, meeting.live, self._state.clock.now())


def _nested(settings: Any) -> dict[str, Any]:
    """Dotted names as Zoom's JSON; a name that no meeting has is one of its settings'. ValueError for none."""
    if not isinstance(settings, dict) or not settings:
        raise ValueError('settings names what to change, such as {"settings.waiting_room": false}')
    body: dict[str, Any] = {}
    for path, value in settings.items():
        names = path.split(".")
        *outer, last = names if names[0] in MEETING else ["settings", *names]
        holder = body
        for name in outer:
            inner = holder.setdefault(name, {})
            if not isinstance(inner, dict):
                raise ValueError(f"{name} is given twice")
            holder = inner
        holder[last] = value
    return body


def _email(asked: dict[str, Any]) -> str:
    email = asked.get("email")
    if not isinstance(email, str) or "@" not in email:
        raise ValueError("email says who")
    return email


def _status(meeting: Meeting) -> str:
    if meeting.deleted:
        return "deleted"
    return "started" if meeting.live and meeting.live.start_at else "waiting"
