"""Batches over HTTP: taken in at once, done by the service, looked at until they have ended."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import Field

from zoomguard.application import Application
from zoomguard.domain.batches import BatchView
from zoomguard.domain.errors import BadInput
from zoomguard.domain.people import Who
from zoomguard.domain.times import a_day
from zoomguard.web.api.sessions import Key, Schedule
from zoomguard.web.api.shapes import PREFIX, Ask, Name, Text
from zoomguard.web.who import App, SignedIn

router = APIRouter(prefix=PREFIX, tags=["batches"])


class Batch(Ask):
    """A timetable file (`csv`, its text), or a weekly series (an ask, and its last day)."""

    kind: Literal["csv", "series"]
    text: Annotated[str, Field(max_length=1_000_000)] = ""
    ask: Schedule | None = None
    weekly_until: Text = ""
    dry_run: bool = False


@router.post("/batches", status_code=202)
def submit(application: App, who: SignedIn, asked: Batch, key: Key = "") -> JSONResponse:
    """Takes a batch in: 202, and where to look. 200 for a dry run, with every row judged."""
    view = _submitted(application, who, asked, key)
    headers = {"Location": f"{PREFIX}/batches/{view.id}"} if view.id else {}
    return JSONResponse(view.as_json(), 200 if asked.dry_run else 202, headers)


@router.get("/batches/{batch}")
def show(application: App, who: SignedIn, batch: Name) -> JSONResponse:
    """How far a batch is, row by row."""
    return JSONResponse(application.batches.show(who, batch).as_json())


def _submitted(application: Application, who: Who, asked: Batch, key: str) -> BatchView:
    batches = application.batches
    if asked.kind == "csv":
        return batches.submit_file(who, asked.text.encode(), key, dry_run=asked.dry_run)
    if asked.ask is None:
        raise BadInput("A series needs an ask.", "Send what you would send to /sessions as `ask`.", code="NO_ASK")
    return batches.submit_series(who, asked.ask.as_ask(), a_day(asked.weekly_until), key, dry_run=asked.dry_run)
