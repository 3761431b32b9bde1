"""Messages over HTTP: seen, sent again, released; never deleted."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from zoomguard.web.api.shapes import PREFIX, SCHEMA, Name
from zoomguard.web.who import App, SignedIn

router = APIRouter(prefix=PREFIX, tags=["messages"])
Session = Annotated[str, Query(max_length=64, pattern=r"^[A-Za-z0-9_-]*$")]


@router.get("/messages")
def list_messages(application: App, who: SignedIn, session: Session = "") -> JSONResponse:
    """Messages, newest first, of one session where it is named by id or short id."""
    views = application.messages.list(who, session)
    return JSONResponse({"schema": SCHEMA, "messages": [v.as_json() for v in views]})


@router.post("/messages/{message}/resend")
def resend(application: App, who: SignedIn, message: Name) -> JSONResponse:
    """Sends a message once more, or releases one that waits for a designated person."""
    view = application.messages.resend(who, message)
    return JSONResponse({"schema": SCHEMA, "message": view.as_json()})
