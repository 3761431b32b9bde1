"""The make-believe Zoom's registrants: who may join a meeting, each with a link of their own."""

import secrets
from dataclasses import replace
from typing import Any

from zoomguard.sandbox import zoom_meeting_events as events
from zoomguard.sandbox.faults import Fault
from zoomguard.sandbox.wire import Answer, json_answer
from zoomguard.sandbox.zoom_errors import ZoomRefusal, invalid, user_day_limit
from zoomguard.sandbox.zoom_fields import Shape, email, flag, problems, text
from zoomguard.sandbox.zoom_state import Call, Meeting, Registrant, Route, User, ZoomState, stamp

LARGEST_BATCH = 30
REGISTRATIONS_A_DAY = 3
STATUS_CHANGES_A_DAY = 10
STATUSES = ("approved", "pending", "denied")
BECOMES = {"approve": "approved", "deny": "denied", "cancel": "cancelled"}
NO_CONTENT = Answer(204)
LOST_PERSON = 2
STRANGER = "stranger@elsewhere.example"

PERSON: dict[str, Shape] = {"email*": email, "first_name*": text(64), "last_name": text(64)}
ANSWERS = ("address", "city", "comments", "country", "industry", "job_title", "org", "phone", "state", "zip")
ONE: dict[str, Shape] = PERSON | {"auto_approve": flag} | {name: text() for name in ANSWERS}
BATCH: dict[str, Shape] = {
    "auto_approve": flag,
    "registrants_confirmation_email": flag,
    "registrants": [PERSON],
}
CHANGE: dict[str, Shape] = {"registrants": [{"id": text(), "email": text()}]}


def _batch(state: ZoomState, call: Call) -> Answer:
    meeting = opened(state.meeting(call.params["meeting"]))
    bad = problems(call.body, BATCH)
    people = call.body.get("registrants", [])
    if bad or not people or len(people) > LARGEST_BATCH:
        raise invalid(*(bad or ["registrants"]))
    approved = bool(call.body.get("auto_approve")) or meeting.settings["approval_type"] == 0
    lost = state.faults.take("registrant_post_lost", "POST", call.ask.path)
    registrants = [register(state, meeting, one, approved) for one in _kept(people, lost)]
    answer = json_answer(201, {"registrants": [{"email": one.email, **_ticket(one)} for one in registrants]})
    return replace(answer, lost=True, fault=lost.name) if lost else answer


def _kept(people: list[dict[str, Any]], lost: Fault | None) -> list[dict[str, Any]]:
    """All but the one that the fault loses: by its number from one, or the last."""
    gone = min(int(lost.more.get("person", LOST_PERSON)), len(people)) if lost else 0
    return [one for n, one in enumerate(people, 1) if n != gone]


def _create(state: ZoomState, call: Call) -> Answer:
    meeting = opened(state.meeting(call.params["meeting"]))
    bad = problems(call.body, ONE)
    if bad:
        raise invalid(*bad)
    approved = bool(call.body.get("auto_approve")) or meeting.settings["approval_type"] == 0
    lost = state.faults.take("registrant_post_lost", "POST", call.ask.path)
    if lost:
        return Answer(201, lost=True, fault=lost.name)
    registrant = register(state, meeting, call.body, approved)
    document = {"id": meeting.number, "topic": meeting.fields["topic"], "start_time": stamp(meeting.start_at)}
    return json_answer(201, document | _ticket(registrant))


def _list(state: ZoomState, call: Call) -> Answer:
    meeting = state.meeting(call.params["meeting"])
    status = call.query.get("status", "approved")
    if status not in STATUSES:
        raise invalid("status")
    _let_in_stranger(state, call, meeting)
    chosen = [one for one in meeting.registrants if one.status == status]
    page, fields = state.pages.page(call.ask, chosen)
    return json_answer(200, fields | {"page_number": 1, "registrants": [_document(one) for one in page]})


def _get(state: ZoomState, call: Call) -> Answer:
    return json_answer(200, _document(find(state.meeting(call.params["meeting"]), call.params["registrant"])))


def _delete(state: ZoomState, call: Call) -> Answer:
    meeting = state.meeting(call.params["meeting"])
    turn(state, meeting, find(meeting, call.params["registrant"]), "cancelled", state.owner)
    return NO_CONTENT


def _status(state: ZoomState, call: Call) -> Answer:
    meeting = state.meeting(call.params["meeting"])
    bad = problems(call.body, CHANGE)
    if call.body.get("action") not in BECOMES:
        bad.append("action")
    if bad:
        raise invalid(*bad)
    chosen = [find(meeting, one.get("id") or one.get("email", "")) for one in call.body.get("registrants", [])]
    for registrant in chosen:
        if not state.spend(STATUS_CHANGES_A_DAY, "registrant status", registrant.id):
            raise user_day_limit(STATUS_CHANGES_A_DAY, "Update Registrant Status", "the registrant")
        turn(state, meeting, registrant, BECOMES[call.body["action"]], state.owner)
    return NO_CONTENT


def opened(meeting: Meeting) -> Meeting:
    """The meeting, if people can register for it. ZoomRefusal 300 otherwise."""
    if meeting.settings["approval_type"] not in (0, 1) or meeting.settings["close_registration"]:
        message = f"Registration has not been enabled for this meeting: {meeting.number}."
        raise ZoomRefusal(400, 300, message)
    return meeting


def register(state: ZoomState, meeting: Meeting, person: dict[str, Any], approved: bool) -> Registrant:
    """A registrant; the same address again is the same registrant."""
    address = person["email"]
    hosts = [meeting.host, *meeting.alternative_hosts(state)]
    if address.lower() in (one.email.lower() for one in hosts):
        raise ZoomRefusal(400, 3027, "Host cannot register.")
    if not state.spend(REGISTRATIONS_A_DAY, "registration", str(meeting.number), address.lower()):
        raise user_day_limit(REGISTRATIONS_A_DAY, "Add Registrant", "the registrant")
    for registrant in meeting.registrants:
        if registrant.email.lower() == address.lower() and registrant.status != "cancelled":
            if approved:
                turn(state, meeting, registrant, "approved", state.owner)
            return registrant
    registrant = _new(state, meeting, person, "approved" if approved else "pending")
    meeting.registrants.append(registrant)
    events.registered(state, meeting, registrant)
    return registrant


def turn(state: ZoomState, meeting: Meeting, registrant: Registrant, status: str, operator: User) -> None:
    """Approve, deny or cancel, and tell of it where that changes anything."""
    if registrant.status != status:
        registrant.status = status
        events.turned(state, meeting, registrant, operator)


def _let_in_stranger(state: ZoomState, call: Call, meeting: Meeting) -> None:
    fault = state.faults.see("stranger_approved", "GET", call.ask.path)
    address = str(fault.more.get("email", STRANGER)) if fault else ""
    if not fault or any(one.email == address and one.status == "approved" for one in meeting.registrants):
        return
    state.faults.take("stranger_approved", "GET", call.ask.path)
    stranger = register(state, meeting, {"email": address, "first_name": "Somebody"}, approved=False)
    turn(state, meeting, stranger, "approved", meeting.host)


def _new(state: ZoomState, meeting: Meeting, person: dict[str, Any], status: str) -> Registrant:
    link = f"{state.origin}/w/{meeting.number}?tk={secrets.token_urlsafe(32)}&pwd={meeting.password}.1"
    return Registrant(
        id=secrets.token_urlsafe(16),
        email=person["email"],
        first_name=person["first_name"],
        last_name=person.get("last_name", ""),
        status=status,
        created_at=state.clock.now(),
        join_url=link,
        pin=100_000 + secrets.randbelow(899_999),
        answers={name: person[name] for name in ANSWERS if name in person},
    )


def find(meeting: Meeting, word: str) -> Registrant:
    """Somebody registered, by id or address. ZoomRefusal 3304 where there is none."""
    for registrant in meeting.registrants:
        if registrant.status != "cancelled" and word.lower() in (
            registrant.id.lower(),
            registrant.email.lower(),
        ):
            return registrant
    raise ZoomRefusal(404, 3304, "The registrant does not exist.")


def _ticket(registrant: Registrant) -> dict[str, Any]:
    """What a new registrant is told: the link only once approved."""
    ticket: dict[str, Any] = {"registrant_id": registrant.id, "participant_pin_code": registrant.pin}
    return ticket | ({"join_url": registrant.join_url} if registrant.status == "approved" else {})


def _document(registrant: Registrant) -> dict[str, Any]:
    document = registrant.answers | {
        "id": registrant.id,
        "email": registrant.email,
        "first_name": registrant.first_name,
        "last_name": registrant.last_name,
        "status": registrant.status,
        "create_time": stamp(registrant.created_at),
        "participant_pin_code": registrant.pin,
    }
    return document | ({"join_url": registrant.join_url} if registrant.status == "approved" else {})


ROUTES = (
    Route(
        "POST",
        "/v2/meetings/{meeting}/batch_registrants",
        "meeting:write:batch_registrants:admin",
        "HEAVY",
        _batch,
    ),
    Route("POST", "/v2/meetings/{meeting}/registrants", "meeting:write:registrant:admin", "LIGHT", _create),
    Route("GET", "/v2/meetings/{meeting}/registrants", "meeting:read:list_registrants:admin", "MEDIUM", _list),
    Route(
        "PUT",
        "/v2/meetings/{meeting}/registrants/status",
        "meeting:update:registrant_status:admin",
        "MEDIUM",
        _status,
    ),
    Route(
        "GET",
        "/v2/meetings/{meeting}/registrants/{registrant}",
        "meeting:read:registrant:admin",
        "LIGHT",
        _get,
    ),
    Route(
        "DELETE",
        "/v2/meetings/{meeting}/registrants/{registrant}",
        "meeting:delete:registrant:admin",
        "LIGHT",
        _delete,
    ),
)
