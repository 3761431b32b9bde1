"""Meetings of a host and who is registered for them: developers.zoom.us/docs/api/meetings."""

from __future__ import annotations

from zoomguard.adapters import zoom_errors
from zoomguard.adapters.zoom_calls import Json, ZoomCalls, segment
from zoomguard.application.ports import MarkedMeeting, NewRegistrant, Registrant
from zoomguard.domain.errors import OutsideFailed
from zoomguard.domain.meeting_plan import Meeting, meeting_of

BATCH = 30  # POST /meetings/{meetingId}/batch_registrants takes no more
STATUS_BATCH = 30  # PUT /meetings/{meetingId}/registrants/status; Zoom names no limit
# Both together are all that is still to come: each leaves out some that the other names.
LISTS = ("upcoming", "scheduled")
# The batch itself is refused, for this account, this meeting or these people: nothing was registered.
NO_BATCH = frozenset({"ZOOM_REFUSED_REQUEST", "ZOOM_REFUSED_HERE", "ZOOM_NOT_FOUND"})
# Zoom does not say by which number it refuses to end what does not run; these may be it.
NOT_ENDED = frozenset({"ZOOM_REFUSED_REQUEST", "ZOOM_REFUSED_HERE"})
NO_MEETING = "ZOOM_NO_MEETING"


class ZoomMeetings:
    """Creates, reads, repairs and removes meetings, and registers people for them."""

    def __init__(self, calls: ZoomCalls) -> None:
        self._calls = calls

    def create(self, host_id: str, request: dict[str, object]) -> int:
        """Creates a meeting and gives its number. OutcomeUnknown where the answer was lost or lacks it."""
        made = self._calls.call("POST", f"/users/{segment(host_id)}/meetings", body=request, changes=True)
        number = _number((made or {}).get("id"))
        if number is None:
            raise zoom_errors.unusable(201, changes=True)
        return number

    def read(self, number: int) -> Meeting | None:
        """A fresh read, or None where Zoom has no such meeting (3001)."""
        try:
            return meeting_of(self._calls.read(f"/meetings/{number}"))
        except ValueError:
            raise zoom_errors.unusable(200, changes=False) from None
        except OutsideFailed as error:
            if error.code == NO_MEETING:
                return None
            raise

    def update(self, number: int, request: dict[str, object]) -> None:
        """One PATCH; Zoom answers 204 whether or not it obeyed."""
        self._calls.call("PATCH", f"/meetings/{number}", body=request, changes=True)

    def delete(self, number: int) -> None:
        """Deletes without Zoom's own mails; gone already is done."""
        silent = {"schedule_for_reminder": False, "cancel_meeting_reminder": False}
        try:
            self._calls.call("DELETE", f"/meetings/{number}", query=silent, changes=True)
        except OutsideFailed as error:
            if error.code != NO_MEETING:
                raise

    def end(self, number: int) -> None:
        """Ends whatever runs under this number now; nothing running is done, by a fresh read's word."""
        try:
            self._calls.call("PUT", f"/meetings/{number}/status", body={"action": "end"}, changes=True)
        except OutsideFailed as error:
            if error.code == NO_MEETING:
                return
            if error.code not in NOT_ENDED or self._runs(number):
                raise

    def start_url(self, number: int) -> str:
        """A fresh link that enters as the host: a secret, good for two hours, never stored and never logged."""
        link = self._calls.read(f"/meetings/{number}").get("start_url")
        if not isinstance(link, str) or not link.startswith(("https://", "http://")):
            raise zoom_errors.unusable(200, changes=False)
        return link

    def listed(self, host_id: str) -> tuple[MarkedMeeting, ...]:
        """All upcoming and scheduled meetings of a host, all pages, each once."""
        found: dict[int, MarkedMeeting] = {}
        for kind in LISTS:
            for row in self._calls.items(f"/users/{segment(host_id)}/meetings", "meetings", {"type": kind}):
                meeting = _marked(row)
                if meeting.agenda or meeting.number not in found:
                    found[meeting.number] = meeting
        return tuple(found.values())

    def register(self, number: int, people: tuple[NewRegistrant, ...]) -> None:
        """Registers all in batches with auto-approval; one by one where Zoom refuses the batch."""
        for first in range(0, len(people), BATCH):
            some = people[first : first + BATCH]
            try:
                self._register_batch(number, some)
            except OutsideFailed as error:
                if error.code not in NO_BATCH:
                    raise
                self._register_singly(number, some)

    def registrants(self, number: int, status: str) -> tuple[Registrant, ...]:
        """All registrants of that status (approved, pending, denied), all pages."""
        rows = self._calls.items(f"/meetings/{number}/registrants", "registrants", {"status": status})
        return tuple(_registrant(row, status) for row in rows)

    def cancel_registrants(self, number: int, registrants: tuple[Registrant, ...]) -> None:
        """Takes their entries away; nobody is no call."""
        for first in range(0, len(registrants), STATUS_BATCH):
            people = [{"id": r.id, "email": r.address} for r in registrants[first : first + STATUS_BATCH]]
            body: dict[str, object] = {"action": "cancel", "registrants": people}
            self._calls.call("PUT", f"/meetings/{number}/registrants/status", body=body, changes=True)

    def _runs(self, number: int) -> bool:
        """Whether the meeting has been started and not ended; one that does not say may well run."""
        try:
            return self._calls.read(f"/meetings/{number}").get("status") != "waiting"
        except OutsideFailed as error:
            if error.code == NO_MEETING:
                return False
            raise

    def _register_batch(self, number: int, people: tuple[NewRegistrant, ...]) -> None:
        body = {
            "auto_approve": True,
            "registrants_confirmation_email": False,
            "registrants": [_person(p) for p in people],
        }
        self._calls.call("POST", f"/meetings/{number}/batch_registrants", body=body, changes=True)

    def _register_singly(self, number: int, people: tuple[NewRegistrant, ...]) -> None:
        """A person can be registered three times a day only: who is there already is left alone."""
        known = {r.address.lower() for r in self.registrants(number, "approved")}
        for person in people:
            if person.address.lower() not in known:
                body = {**_person(person), "auto_approve": True}
                self._calls.call("POST", f"/meetings/{number}/registrants", body=body, changes=True)


def _person(person: NewRegistrant) -> dict[str, object]:
    body: dict[str, object] = {"email": person.address, "first_name": person.first_name[:64]}
    return {**body, "last_name": person.last_name[:64]} if person.last_name else body


def _marked(row: Json) -> MarkedMeeting:
    number, agenda = _number(row.get("id")), row.get("agenda")
    if number is None:
        raise zoom_errors.unusable(200, changes=False)
    return MarkedMeeting(number, agenda if isinstance(agenda, str) else "")


def _registrant(row: Json, status: str) -> Registrant:
    values = [row.get(name) for name in ("id", "email", "join_url")]
    who, address, join_url = (v if isinstance(v, str) else "" for v in values)
    if not who or not address:
        raise zoom_errors.unusable(200, changes=False)
    return Registrant(who, address, str(row.get("status") or status), join_url)


def _number(value: object) -> int | None:
    """A meeting number; Zoom gives it as a number here and as a text there."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
