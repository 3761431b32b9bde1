"""/: the lessons of whoever is signed in, and what they are asked."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from zoomguard.application import Application, access
from zoomguard.web.pages import staff
from zoomguard.web.pages.notices import Notice
from zoomguard.web.pages.visitor import Visiting, Visitor
from zoomguard.web.who import App

router = APIRouter(include_in_schema=False)
COMMAND = ("zoomguard sessions list --today",)
# What came of an answer that was given here.
TOLD = {
    "accepted": "Thank you. You are the second adult of that lesson.",
    "covered": "Somebody else was first. You are not needed for that lesson.",
    "declined": "Thank you for saying so. Somebody else is being looked for.",
    "unchanged": "You had answered already.",
}


@router.api_route("/", methods=staff.SEE)
def my_day(request: Request, application: App, visitor: Visiting) -> Response:
    """Today first, then the week."""
    return page(request, application, visitor, told=TOLD.get(request.query_params.get("told", ""), ""))


def page(
    request: Request,
    application: Application,
    visitor: Visitor,
    status: int = 200,
    *,
    notice: Notice | None = None,
    told: str = "",
) -> Response:
    """The page, with what came of an answer."""
    day, who = application.my_days.show(visitor.who), visitor.who
    return staff.page(
        request,
        visitor,
        "my_day.html",
        status,
        here="/",
        day=day,
        incidents=application.incidents.count(who) if access.may(who, "incidents.see") else None,
        wanted=len(application.chase.show(who)) if access.may(who, "consents.see") else 0,
        notice=notice,
        told=told,
        commands=COMMAND,
    )
