"""/o/TOKEN: the question to observe, answered by whoever holds the link of the mail, without signing in.

Only a button's POST answers: scanners of mail open every link.
"""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from zoomguard.application import Application
from zoomguard.domain.errors import BadInput, NotThere, ZoomguardError
from zoomguard.web.errors import status_of
from zoomguard.web.pages import staff
from zoomguard.web.pages.notices import TOLD_HERE, Notice, notice_of
from zoomguard.web.pages.rendering import DOOR_CSP, render
from zoomguard.web.pages.visitor import Fields, check_form
from zoomguard.web.who import App

router = APIRouter(include_in_schema=False)
TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}")
ANSWERS = {"yes": True, "no": False}


@router.api_route("/o/{token:path}", methods=staff.SEE)
def look(request: Request, application: App, token: str) -> Response:
    """The question and how it stands; changes nothing."""
    return _page(request, application, _token(token))


@router.post("/o/{token:path}")
def answer(request: Request, application: App, token: str, typed: Fields) -> Response:
    """Takes a yes or a no."""
    check_form(request, typed, application.access.csrf(_token(token)))
    said = staff.said(typed, "answer")
    if said not in ANSWERS:
        raise BadInput("This page has no such form.", "Load it again.", code="BAD_FIELD")
    try:
        application.observers.answer(token, ANSWERS[said])
    except TOLD_HERE as error:
        return _page(request, application, token, status_of(error), _notice(error))
    return RedirectResponse(f"/o/{token}", 303)


def _token(token: str) -> str:
    if TOKEN.fullmatch(token) is None:
        raise NotThere("This link does not open a question.")
    return token


def _notice(error: ZoomguardError) -> Notice:
    return notice_of(error, "Your answer was not taken", "It is as it was before.")


def _page(
    request: Request, application: Application, token: str, status: int = 200, notice: Notice | None = None
) -> Response:
    call = application.observers.look(token)
    headers = {"Content-Security-Policy": f"{DOOR_CSP}; form-action 'self'"}
    csrf = application.access.csrf(token)
    return render(request, "observer_answer.html", status, headers=headers, call=call, csrf=csrf, notice=notice)
