"""/j/TOKEN: a child's door. It shows the lesson, leads to Zoom, or says one neutral sentence, always the same."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import segno
from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from zoomguard.application import Application
from zoomguard.application.doors import NEUTRAL
from zoomguard.domain.errors import NotThere, ZoomguardError
from zoomguard.web.doors.wrong_tokens import WrongTokens
from zoomguard.web.errors import BUSY_AGAIN_S, status_of
from zoomguard.web.pages.rendering import DOOR_CSP, render
from zoomguard.web.pages.visitor import Fields, check_form
from zoomguard.web.who import App

router = APIRouter(include_in_schema=False)
TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}")
Answer = Callable[[Request, Application, str], Response]
# Browsers hold the redirect after a form to `form-action` too, and Zoom sends on between hosts of its own.
JOINING = {"sandbox": "form-action 'self' https: http:", "production": "form-action 'self' https:"}


@router.get("/j/{token}/qr.svg")
def qr(request: Request, token: str) -> Response:
    """The door's address for a second device. Drawn for any token, so that it tells nothing."""
    if TOKEN.fullmatch(token) is None:
        raise HTTPException(404)
    own = (request.app.state.public_url or str(request.base_url)).rstrip("/")
    drawing = io.BytesIO()
    segno.make(f"{own}/j/{token}", micro=False, error="m").save(
        drawing, kind="svg", border=4, dark="#000", light="#fff", xmldecl=False, omitsize=True
    )
    return Response(drawing.getvalue(), media_type="image/svg+xml")


@router.get("/j/{token:path}")
def look(request: Request, application: App, token: str) -> Response:
    """The page for a browser; 303 to the child's link for a program, where the door is open."""
    answer = _page if "text/html" in request.headers.get("accept", "") else _link_for_a_program
    return _said(answer, request, application, token)


@router.post("/j/{token:path}")
def join(request: Request, application: App, token: str, fields: Fields) -> Response:
    """303 to the child's link; the page where the door has shut meanwhile."""
    check_form(request, fields, application.access.csrf(token))
    return _said(_link_or_page, request, application, token)


@router.head("/j/{token:path}")
async def look_at_door(request: Request, token: str) -> Response:
    """Changes nothing and opens nothing: scanners of mail look at every link."""
    return neutral(request)


def neutral(request: Request, status: int = 200, again_s: int = BUSY_AGAIN_S) -> Response:
    """The page that gives no reason."""
    headers = {"Content-Security-Policy": f"{DOOR_CSP}; form-action 'none'"}
    if status in (429, 503):
        headers["Retry-After"] = str(again_s)
    return render(request, "door.html", status, headers=headers, door=None, sentence=NEUTRAL)


def _said(answer: Answer, request: Request, application: Application, token: str) -> Response:
    """The answer, or the neutral page. Only tokens that lead nowhere are counted, whatever the reason."""
    try:
        if TOKEN.fullmatch(token) is None:
            raise NotThere(NEUTRAL)
        return answer(request, application, token)
    except NotThere:
        wrong: WrongTokens = request.app.state.wrong_tokens
        again_s = wrong.note(request.client.host if request.client else "")
        return neutral(request, 429 if again_s else 200, again_s)
    except ZoomguardError as error:
        return neutral(request, status_of(error))


def _page(request: Request, application: Application, token: str) -> Response:
    door = application.doors.look(token)
    headers = {"Content-Security-Policy": f"{DOOR_CSP}; {JOINING[application.environment]}"}
    csrf, drawing = application.access.csrf(token), f"/j/{token}/qr.svg"
    return render(request, "door.html", headers=headers, door=door, csrf=csrf, qr=drawing)


def _link_for_a_program(request: Request, application: Application, token: str) -> Response:
    try:
        return RedirectResponse(application.doors.open(token), 303)
    except NotThere:
        application.doors.look(token)
        return neutral(request)


def _link_or_page(request: Request, application: Application, token: str) -> Response:
    try:
        return RedirectResponse(application.doors.open(token), 303)
    except NotThere:
        return _page(request, application, token)
