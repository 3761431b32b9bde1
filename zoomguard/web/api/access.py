"""Signing in and out over HTTP."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from zoomguard.domain.errors import NotThere
from zoomguard.domain.times import iso
from zoomguard.web.api.shapes import PREFIX, SCHEMA, Ask, Text
from zoomguard.web.who import App, SignedIn, Token

router = APIRouter(prefix=PREFIX, tags=["access"])


class Login(Ask):
    """Whom to play in a sandbox."""

    email: Text


@router.get("/whoami")
def whoami(application: App, who: SignedIn) -> JSONResponse:
    """Who the bearer of this token is."""
    return JSONResponse({"schema": SCHEMA, **application.access.about(who)})


@router.post("/tokens", status_code=201)
def issue(application: App, asked: Login) -> JSONResponse:
    """A token for anybody on the staff: in a sandbox only, where nobody is real."""
    if application.environment != "sandbox":
        raise NotThere("There is nothing at this address.", "Ask for: zoomguard token issue EMAIL")
    issued = application.access.issue(asked.email)
    return JSONResponse({"token": issued.token, "email": issued.email, "until": iso(issued.until_at)}, 201)


@router.delete("/tokens/current", status_code=204)
def revoke(application: App, who: SignedIn, token: Token) -> Response:
    """Ends the token that is sent."""
    application.access.revoke(token)
    return Response(status_code=204)
