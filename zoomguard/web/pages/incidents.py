"""/incidents: what was found about evidence; one incident with its history, and settling it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from zoomguard.application import Application, access
from zoomguard.application.incidents import LONGEST_NOTE, MOST, SHORTEST_NOTE
from zoomguard.domain.errors import NotAllowed, ZoomguardError
from zoomguard.domain.incidents import GRAVE_MEANS, HAPPENED, IncidentView
from zoomguard.web.errors import status_of
from zoomguard.web.pages import staff
from zoomguard.web.pages.notices import TOLD_HERE, Notice, notice_of
from zoomguard.web.pages.visitor import SignedFields, Visiting, Visitor
from zoomguard.web.who import App

router = APIRouter(include_in_schema=False)
OWN = "OWN_SESSION"
LIST = ("zoomguard incidents list", "zoomguard incidents list --closed")


@router.api_route("/incidents", methods=staff.SEE)
def look(request: Request, application: App, visitor: Visiting) -> Response:
    """Open incidents, with the closed ones where they are asked for."""
    closed = staff.said(request.query_params, "closed") == "1"
    found = application.incidents.list(visitor.who, closed=closed)
    return staff.page(
        request,
        visitor,
        "incidents.html",
        here="/incidents",
        found=found,
        closed=closed,
        most=MOST,
        grave_means=GRAVE_MEANS,
        commands=LIST,
    )


@router.api_route("/incidents/{incident}", methods=staff.SEE)
def show(request: Request, application: App, visitor: Visiting, incident: str) -> Response:
    """One incident."""
    view = application.incidents.show(visitor.who, staff.named(incident))
    told = "Closed. Your words are kept with your name." if request.query_params.get("told") == "closed" else ""
    return _page(request, application, visitor, view, told=told if view.closed_at else "")


@router.post("/incidents/{incident}")
def close(request: Request, application: App, visitor: Visiting, incident: str, typed: SignedFields) -> Response:
    """Settles an incident; what was typed stays in the form where it is refused."""
    name = staff.named(incident)
    # A box of several lines sends its line breaks; the note is one line.
    note = " ".join(staff.said(typed, "note").split())
    try:
        closed = application.incidents.close(visitor.who, name, note)
    except (*TOLD_HERE, NotAllowed) as error:
        if isinstance(error, NotAllowed) and error.code != OWN:
            raise
        view = application.incidents.show(visitor.who, name)
        return _refused(request, application, visitor, view, error, note)
    return RedirectResponse(f"/incidents/{closed.short_id}?told=closed", 303)


def _refused(
    request: Request, application: Application, visitor: Visitor, view: IncidentView, error: ZoomguardError, note: str
) -> Response:
    notice = notice_of(error, "Not closed", "Nothing was changed.")
    return _page(request, application, visitor, view, status_of(error), notice=notice, typed=note)


def _page(
    request: Request,
    application: Application,
    visitor: Visitor,
    view: IncidentView,
    status: int = 200,
    *,
    notice: Notice | None = None,
    told: str = "",
    typed: str = "",
) -> Response:
    commands = (f"zoomguard incidents show {view.short_id}", f"zoomguard incidents close {view.short_id} --note TEXT")
    return staff.page(
        request,
        visitor,
        "incident.html",
        status,
        here="/incidents",
        incident=view,
        happened=HAPPENED,
        sees_lessons=access.may(visitor.who, "sessions.see_all"),
        own=not view.closed_at and not view.may_close and access.may(visitor.who, "incidents.close"),
        notice=notice,
        told=told,
        typed=typed,
        shortest=SHORTEST_NOTE,
        longest=LONGEST_NOTE,
        commands=commands if view.may_close else commands[:1],
    )
