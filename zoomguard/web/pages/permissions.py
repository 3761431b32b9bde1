"""/permissions: whom the office still has to ask, and whether a guardian is written to about a child."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from zoomguard.application import Application, access
from zoomguard.domain.errors import BadInput
from zoomguard.web.errors import status_of
from zoomguard.web.pages import staff
from zoomguard.web.pages.notices import TOLD_HERE, Notice, notice_of
from zoomguard.web.pages.visitor import SignedFields, Visiting, Visitor
from zoomguard.web.who import App

router = APIRouter(include_in_schema=False)
COMMANDS = (
    "zoomguard consents chase",
    "zoomguard people contact stop GUARDIAN CHILD --evidence REF",
    "zoomguard people contact allow GUARDIAN CHILD --evidence REF",
)
FIELDS = ("guardian", "child", "evidence")
NOTHING_TYPED = dict.fromkeys(FIELDS, "")
CHANGES = {"stop": False, "allow": True}
TOLD = {
    "stop-changed": "From now on no mail about that child goes to that guardian. The child gets new links for"
    " lessons to come; those that were mailed open nothing.",
    "stop-unchanged": "That guardian was not contacted about that child before either.",
    "allow-changed": "That guardian may be contacted about that child. Mails begin with the next one.",
    "allow-unchanged": "That guardian could be contacted about that child before.",
}


@router.api_route("/permissions", methods=staff.SEE)
def look(request: Request, application: App, visitor: Visiting) -> Response:
    """The chase list."""
    return _page(request, application, visitor, told=TOLD.get(request.query_params.get("told", ""), ""))


@router.post("/permissions")
def change_contact(request: Request, application: App, visitor: Visiting, typed: SignedFields) -> Response:
    """Stops contact, or allows it again."""
    act = staff.said(typed, "act")
    if act not in CHANGES:
        raise BadInput("This page has no such form.", "Load it again.", code="BAD_FIELD")
    named = {name: staff.said(typed, name) for name in FIELDS}
    try:
        answer = application.contacts.change(visitor.who, **named, may_contact=CHANGES[act])
    except TOLD_HERE as error:
        notice = notice_of(error, "Contact was not changed")
        return _page(request, application, visitor, status_of(error), notice=notice, typed=named)
    return RedirectResponse(f"/permissions?told={act}-{answer.outcome}", 303)


def _page(
    request: Request,
    application: Application,
    visitor: Visitor,
    status: int = 200,
    *,
    notice: Notice | None = None,
    told: str = "",
    typed: Mapping[str, str] = NOTHING_TYPED,
) -> Response:
    return staff.page(
        request,
        visitor,
        "permissions.html",
        status,
        here="/permissions",
        wanted=application.chase.show(visitor.who),
        may_allow=access.may(visitor.who, "contact.allow"),
        notice=notice,
        told=told,
        typed=typed,
        commands=COMMANDS,
    )
