"""Incidents over HTTP: listed, shown, closed with a note."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import StringConstraints

from zoomguard.web.api.shapes import PREFIX, SCHEMA, Ask, Name
from zoomguard.web.who import App, SignedIn

router = APIRouter(prefix=PREFIX, tags=["incidents"])


class Closing(Ask):
    """How an incident was settled; its length is judged by the application."""

    note: Annotated[str, StringConstraints(max_length=5000)]


@router.get("/incidents")
def list_incidents(application: App, who: SignedIn, closed: bool = False) -> JSONResponse:
    """Open incidents, grave ones first; with `closed` the closed ones too. `open` counts them all."""
    views = application.incidents.list(who, closed=closed)
    count = application.incidents.count(who)
    return JSONResponse({"schema": SCHEMA, "open": count.as_json(), "incidents": [v.summary() for v in views]})


@router.get("/incidents/{incident}")
def show(application: App, who: SignedIn, incident: Name) -> JSONResponse:
    """An incident with its history, by id or short id."""
    return JSONResponse({"schema": SCHEMA, "incident": application.incidents.show(who, incident).as_json()})


@router.post("/incidents/{incident}/close")
def close(application: App, who: SignedIn, incident: Name, asked: Closing) -> JSONResponse:
    """Settles an incident."""
    view = application.incidents.close(who, incident, asked.note)
    return JSONResponse({"schema": SCHEMA, "incident": view.as_json()})
