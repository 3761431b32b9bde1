"""Permissions over HTTP."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from zoomguard.web.api.shapes import PREFIX, SCHEMA
from zoomguard.web.who import App, SignedIn

router = APIRouter(prefix=PREFIX, tags=["consents"])


@router.get("/consents/chase")
def chase(application: App, who: SignedIn) -> JSONResponse:
    """Permissions that lessons to come still want."""
    wanted = [one.as_json() for one in application.chase.show(who)]
    return JSONResponse({"schema": SCHEMA, "wanted": wanted})
