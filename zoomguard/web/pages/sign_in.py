"""/sign-in and /sign-out. A sandbox lets its visitors choose whom to play; elsewhere there is no sign-in yet."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from zoomguard.application.access import TOKEN_HOURS
from zoomguard.domain.errors import BadInput
from zoomguard.web.pages.rendering import render
from zoomguard.web.pages.visitor import COOKIE, Fields, SignedFields, Visiting, check_form, text
from zoomguard.web.who import App

router = APIRouter(include_in_schema=False)
# A path of ours: one slash, then nothing that a browser could read as another host.
LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]*")
# Nobody has a token yet: the form is bound to this page.
SUBJECT = "sign-in"


@router.get("/sign-in")
def choose(request: Request, application: App, next: Annotated[str, Query(max_length=2000)] = "/") -> Response:
    """Whom to play; 404 outside a sandbox."""
    return _form(request, application, local(next))


@router.post("/sign-in")
def sign_in(request: Request, application: App, fields: Fields) -> Response:
    """Signs in for 12 hours; an earlier sign-in of this browser ends."""
    check_form(request, fields, application.access.csrf(SUBJECT))
    after = local(text(fields, "next"))
    try:
        issued = application.access.sign_in(text(fields, "email"))
    except BadInput:
        return _form(request, application, after, "Choose one of these people.", 422)
    application.access.revoke(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse(after, 303)
    answer.set_cookie(
        COOKIE,
        issued.token,
        max_age=int(timedelta(hours=TOKEN_HOURS).total_seconds()),
        secure=request.app.state.public_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )
    return answer


@router.post("/sign-out")
def sign_out(request: Request, application: App, visitor: Visiting, fields: SignedFields) -> Response:
    """Ends the sign-in."""
    application.access.revoke(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE)
    return answer


def local(address: str) -> str:
    """The address where it is a path of ours, else the first page."""
    return address if LOCAL.fullmatch(address) else "/"


def _form(request: Request, application: App, after: str, wrong: str = "", status: int = 200) -> Response:
    staff, csrf = application.access.staff_to_play(), application.access.csrf(SUBJECT)
    return render(request, "sign_in.html", status, staff=staff, next=after, wrong=wrong, csrf=csrf)
