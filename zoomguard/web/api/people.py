"""People over HTTP."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from zoomguard.web.api.shapes import PREFIX, SCHEMA
from zoomguard.web.who import App, SignedIn

router = APIRouter(prefix=PREFIX, tags=["people"])


@router.get("/people")
def list_people(application: App, who: SignedIn) -> JSONResponse:
    """The staff, for those who may see them."""
    return JSONResponse({"schema": SCHEMA, "people": [asdict(view) for view in application.people.list(who)]})
