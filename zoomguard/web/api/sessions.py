"""Sessions over HTTP: scheduled, listed, shown, changed."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query
from fastapi.responses import JSONResponse
from pydantic import Field

from zoomguard.application.session_changes import NewTime
from zoomguard.application.sessions import Sought
from zoomguard.domain.sessions import ScheduleAsk, SessionState
from zoomguard.web.api.shapes import PREFIX, SCHEMA, Ask, Name, Text
from zoomguard.web.who import App, SignedIn

router = APIRouter(prefix=PREFIX, tags=["sessions"])
Key = Annotated[str, Header(alias="Idempotency-Key", max_length=200)]
Minutes = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
Many = Annotated[list[Text], Field(max_length=1000)]
Fold = Literal["earlier", "later"] | None


class Schedule(Ask):
    """One lesson: people by address and reference, the start as wall time in a zone. Without an observer one is
    picked; `group` adds a class, `without` takes children out, `like` fills in from another session."""

    teacher: Text = ""
    observer: Text = ""
    reserves: Many = Field(default_factory=list)
    children: Many = Field(default_factory=list)
    group: Text = ""
    without: Many = Field(default_factory=list)
    like: Text = ""
    course: Text = ""
    start: Text
    minutes: Minutes | None = None
    timezone: Text = "Europe/London"
    fold: Fold = None
    dry_run: bool = False

    def as_ask(self, key: str = "") -> ScheduleAsk:
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
            group=self.group,
            without=tuple(self.without),
            like=self.like,
            reserves=tuple(self.reserves),
        )


class Reschedule(Ask):
    """Another time."""

    start: Text
    minutes: Minutes = 0
    timezone: Text = ""
    fold: Fold = None
    note: Text = ""
    dry_run: bool = False


class Cancel(Ask):
    """Whether it is a rehearsal, and a word to the families."""

    note: Text = ""
    dry_run: bool = False


class ReplaceObserver(Ask):
    """Another observer by address, or "pool" to have colleagues asked."""

    observer: Text
    dry_run: bool = False


class Reassign(Ask):
    """Another teacher."""

    teacher: Text
    dry_run: bool = False


class Roster(Ask):
    """Children who come and children who leave, by reference."""

    add: Many = Field(default_factory=list)
    remove: Many = Field(default_factory=list)
    dry_run: bool = False


class Invitation(Ask):
    """Why the doors do not do."""

    direct: Literal[True]
    reason: Text


@router.post("/sessions", status_code=201)
def schedule(application: App, who: SignedIn, asked: Schedule, key: Key = "") -> JSONResponse:
    """Schedules a session; 200 for a dry run, 422 with findings where the rules refuse."""
    answer = application.sessions.schedule(who, asked.as_ask(key))
    return JSONResponse(answer.as_json(), 200 if asked.dry_run else 201)


@router.get("/sessions")
def list_sessions(
    application: App,
    who: SignedIn,
    teacher: Annotated[str, Query(max_length=254)] = "",
    course: Annotated[str, Query(max_length=64)] = "",
    on: Annotated[str, Query(max_length=32)] = "",
    state: SessionState | None = None,
) -> JSONResponse:
    """The sessions that this person may see: from yesterday on, or of a day, a teacher, a course, a state."""
    day: date | None = application.day_sheets.day_meant(on) if on else None
    views = application.sessions.list(who, Sought(teacher, course, day, state))
    return JSONResponse({"schema": SCHEMA, "sessions": [v.as_json() for v in views]})


@router.get("/sessions/{session}")
def show(application: App, who: SignedIn, session: Name) -> JSONResponse:
    """A session, by id or short id, and why it is allowed."""
    return JSONResponse(application.sessions.show(who, session).as_json())


@router.post("/sessions/{session}/cancel")
def cancel(application: App, who: SignedIn, session: Name, asked: Cancel | None = None) -> JSONResponse:
    """Cancels a session and tells everybody who was invited."""
    said = asked or Cancel()
    answer = application.sessions.cancel(who, session, note=said.note, dry_run=said.dry_run)
    return JSONResponse(answer.as_json())


@router.post("/sessions/{session}/reschedule")
def reschedule(application: App, who: SignedIn, session: Name, asked: Reschedule) -> JSONResponse:
    """Moves a session to another time."""
    to = NewTime(asked.start, asked.minutes, asked.timezone, asked.fold, asked.note)
    return JSONResponse(application.sessions.reschedule(who, session, to, dry_run=asked.dry_run).as_json())


@router.post("/sessions/{session}/replace-observer")
def replace_observer(application: App, who: SignedIn, session: Name, asked: ReplaceObserver) -> JSONResponse:
    """Puts another observer in, or has colleagues asked."""
    answer = application.observers.replacing.replace(who, session, asked.observer, dry_run=asked.dry_run)
    return JSONResponse(answer.as_json())


@router.post("/sessions/{session}/reassign")
def reassign(application: App, who: SignedIn, session: Name, asked: Reassign) -> JSONResponse:
    """Gives a session to another teacher."""
    answer = application.sessions.changes.reassign(who, session, asked.teacher, dry_run=asked.dry_run)
    return JSONResponse(answer.as_json())


@router.post("/sessions/{session}/roster")
def roster(application: App, who: SignedIn, session: Name, asked: Roster) -> JSONResponse:
    """Puts children on the roster and takes others off."""
    add, remove = tuple(asked.add), tuple(asked.remove)
    answer = application.sessions.rosters.change(who, session, add, remove, dry_run=asked.dry_run)
    return JSONResponse(answer.as_json())


@router.post("/sessions/{session}/invitation")
def invitation(application: App, who: SignedIn, session: Name, asked: Invitation) -> JSONResponse:
    """The personal links themselves, for two roles, on record."""
    view, links = application.direct_links.give(who, session, asked.reason)
    said = [{"child": link.child, "link": link.link} for link in links]
    return JSONResponse({"schema": SCHEMA, "session": view.as_json(), "links": said})
