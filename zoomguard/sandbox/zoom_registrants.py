"""The make-believe Zoom's registrants: who may join a meeting, each with a link of their own."""

import secrets
from typing import Any

from zoomguard.sandbox.wire import Answer, json_answer
from zoomguard.sandbox.zoom_errors import ZoomRefusal, invalid, user_day_limit
from zoomguard.sandbox.zoom_fields import Shape, email, flag, problems, text
from zoomguard.sandbox.zoom_state import Call, Meeting, Registrant, Route, ZoomState, stamp

LARGEST_BATCH = 30
REGISTRATIONS_A_DAY = 3
STATUS_CHANGES_A_DAY = 10
STATUSES = ("approved", "pending", "denied")
BECOMES = {"approve": "approved", "deny": "denied", "cancel": "cancelled"}
NO_CONTENT = Answer(204)

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
    meeting = _open(state, call)
    bad = problems(call.body, BATCH)
    people = call.body.get("registrants", [])
    if bad or not people or len(people) > LARGEST_BATCH:
        raise invalid(*(bad or ["registrants"]))
    approved = bool(call.body.get("auto_approve")) or meeting.settings["approval_type"] == 0
    registrants = [_register(state, meeting, one, approved) for one in people]
    return json_answer(201, {"registrants": [{"email": one.email, **_ticket(one)} for one in registrants]})


def _create(state: ZoomState, call: Call) -> Answer:
    meeting = _open(state, call)
    bad = problems(call.body, ONE)
    if bad:
        raise invalid(*bad)
    approved = bool(call.body.get("auto_approve")) or meeting.settings["approval_type"] == 0
    registrant = _register(state, meeting, call.body, approved)
    document = {"id": meeting.number, "topic": meeting.fields["topic"], "start_time": stamp(meeting.start_at)}
    return json_answer(201, document | _ticket(registrant))


def _list(state: ZoomState, call: Call) -> Answer:
    meeting = state.meeting(call.params["meeting"])
    status = call.query.get("status", "approved")
    if status not in STATUSES:
        raise invalid("status")
    chosen = [one for one in meeting.registrants if one.status == status]
    page, fields = state.pages.page(call.ask, chosen)
    return json_answer(200, fields | {"page_number": 1, "registrants": [_document(one) for one in page]})


def _get(state: ZoomState, call: Call) -> Answer:
    return json_answer(200, _document(_find(state.meeting(call.params["meeting"]), call.params["registrant"])))


def _delete(state: ZoomState, call: Call) -> Answer:
    _find(state.meeting(call.params["meeting"]), call.params["registrant"]).status = "cancelled"
    return NO_CONTENT


def _status(state: ZoomState, call: Call) -> Answer:
    meeting = state.meeting(call.params["meeting"])
    bad = problems(call.body, CHANGE)
    if call.body.get("action") not in BECOMES:
        bad.append("action")
    if bad:
        raise invalid(*bad)
    chosen = [_find(meeting, one.get("id") or one.get("email", "")) for one in call.body.get("registrants", [])]
    for registrant in chosen:
        if not state.spend(STATUS_CHANGES_A_DAY, "registrant status", registrant.id):
            raise user_day_limit(STATUS_CHANGES_A_DAY, "Update Registrant Status", "the registrant")
        registrant.status = BECOMES[call.body["action"]]
    return NO_CONTENT


def _open(state: ZoomState, call: Call) -> Meeting:
    meeting = state.meeting(call.params["meeting"])
    if meeting.settings["approval_type"] not in (0, 1) or meeting.settings["close_registration"]:
        message = f"Registration has not been enabled for this meeting: {meeting.number}."
        raise ZoomRefusal(400, 300, message)
    return meeting


def _register(state: ZoomState, meeting: Meeting, person: dict[str, Any], approved: bool) -> Registrant:
    """A registrant; the same address again is the same registrant."""
    address = person["email"]
    hosts = [meeting.host, *meeting.alternative_hosts(state)]
    if address.lower() in (one.email.lower() for one in hosts):
        raise ZoomRefusal(400, 3027, "Host cannot register.")
    if not state.spend(REGISTRATIONS_A_DAY, "registration", str(meeting.number), address.lower()):
        raise user_day_limit(REGISTRATIONS_A_DAY, "Add Registrant", "the registrant")
    for registrant in meeting.registrants:
        if registrant.email.lower() == address.lower() and registrant.status != "cancelled":
            registrant.status = "approved" if approved else registrant.status
            return registrant
    registrant = _new(state, meeting, person, "approved" if approved else "pending")
    meeting.registrants.append(registrant)
    return registrant


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


def _find(meeting: Meeting, word: str) -> Registrant:
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
