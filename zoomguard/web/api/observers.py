"""Observers over HTTP: who is free, and a yes or a no to observing."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import Field

from zoomguard.domain.sessions import SessionView
from zoomguard.domain.times import iso
from zoomguard.web.api.shapes import PREFIX, SCHEMA, Ask, Name, Text
from zoomguard.web.who import App, SignedIn

router = APIRouter(prefix=PREFIX, tags=["observers"])
Minutes = Annotated[int, Query(ge=-1_000_000, le=1_000_000)]


class Answer(Ask):
    """Whose answer it is, by address: one's own where nobody is named."""

    for_email: Text = Field(default="", alias="for")


@router.get("/observers/free")
def free(
    application: App,
    who: SignedIn,
    start: Text,
    minutes: Minutes,
    timezone: Text = "Europe/London",
    fold: Literal["earlier", "later"] | None = None,
) -> JSONResponse:
    """Who could observe at that time, best first, and which time was understood."""
    starts_at = application.observers.moment_of(who, start, timezone, fold)
    found = application.observers.free_at(who, starts_at, minutes)
    observers = [one.as_json() for one in found]
    return JSONResponse({"schema": SCHEMA, "starts_at": iso(starts_at), "observers": observers})


@router.post("/sessions/{session}/accept")
def accept(application: App, who: SignedIn, session: Name, answer: Answer | None = None) -> JSONResponse:
    """Says yes to observing: "accepted", "covered" where somebody else came first, or "unchanged"."""
    return _answered(*application.observers.accept(who, session, answer.for_email if answer else ""))


@router.post("/sessions/{session}/decline")
def decline(application: App, who: SignedIn, session: Name, answer: Answer | None = None) -> JSONResponse:
    """Says no to observing, also after a yes: "declined" or "unchanged"."""
    return _answered(*application.observers.decline(who, session, answer.for_email if answer else ""))


def _answered(outcome: str, view: SessionView) -> JSONResponse:
    return JSONResponse({"schema": SCHEMA, "outcome": outcome, "session": view.as_json()})
