"""Sessions over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Header
from fastapi.responses import JSONResponse
from pydantic import Field

from zoomguard.domain.sessions import ScheduleAsk
from zoomguard.web.api.shapes import PREFIX, SCHEMA, Ask, Name, Text
from zoomguard.web.who import App, SignedIn

router = APIRouter(prefix=PREFIX, tags=["sessions"])
Key = Annotated[str, Header(alias="Idempotency-Key", max_length=200)]


class Schedule(Ask):
    """One lesson: people by address and reference, the start as wall time in a zone."""

    teacher: Text = ""
    observer: Text
    children: list[Text] = Field(max_length=1000)
    course: Text
    start: Text
    minutes: int = Field(ge=-1_000_000, le=1_000_000)
    timezone: Text = "Europe/London"
    fold: Literal["earlier", "later"] | None = None
    dry_run: bool = False

    def as_ask(self, key: str) -> ScheduleAsk:
        """The same for the application."""
        return ScheduleAsk(
            teacher=self.teacher,
            observer=self.observer,
            children=tuple(self.children),
            course=self.course,
            start=self.start,
            minutes=self.minutes,
            zone=self.timezone,
            fold=self.fold,
            key=key,
            dry_run=self.dry_run,
        )


@router.post("/sessions", status_code=201)
def schedule(application: App, who: SignedIn, asked: Schedule, key: Key = "") -> JSONResponse:
    """Schedules a session; 200 for a dry run, 422 with findings where the rules refuse."""
    answer = application.sessions.schedule(who, asked.as_ask(key))
    return JSONResponse(answer.as_json(), 200 if asked.dry_run else 201)


@router.get("/sessions")
def list_sessions(application: App, who: SignedIn) -> JSONResponse:
    """The sessions that this person may see, from yesterday on."""
    views = application.sessions.list(who)
    return JSONResponse({"schema": SCHEMA, "sessions": [v.as_json() for v in views]})


@router.get("/sessions/{session}")
def show(application: App, who: SignedIn, session: Name) -> JSONResponse:
    """A session, by id or short id, and why it is allowed."""
    return JSONResponse(application.sessions.show(who, session).as_json())


@router.post("/sessions/{session}/cancel")
def cancel(application: App, who: SignedIn, session: Name) -> JSONResponse:
    """Cancels a session and tells the guardians."""
    view = application.sessions.cancel(who, session)
    return JSONResponse({"schema": SCHEMA, "session": view.as_json()})
