"""People over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse

from zoomguard.domain import day_sheets
from zoomguard.web.api.shapes import PREFIX, SCHEMA, Ask, Text
from zoomguard.web.who import App, SignedIn

router = APIRouter(prefix=PREFIX, tags=["people"])
# A date, or a day as people say it.
Day = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9 ,_-]+$")]


class Deactivate(Ask):
    """Who leaves."""

    email: Text
    dry_run: bool = False


class Contact(Ask):
    """Whether a guardian is written to about a child, and on what that rests."""

    guardian: Text
    child: Text
    may_contact: bool
    evidence: Text


@router.get("/people")
def list_people(application: App, who: SignedIn) -> JSONResponse:
    """The staff, for those who may see them."""
    return JSONResponse({"schema": SCHEMA, "people": [asdict(view) for view in application.people.list(who)]})


@router.get("/people/check")
def check(application: App, who: SignedIn, email: Annotated[str, Query(max_length=254)]) -> JSONResponse:
    """Whether a member of staff could be in a lesson."""
    return JSONResponse(application.staffing.check(who, email).as_json())


@router.post("/people/deactivate")
def deactivate(application: App, who: SignedIn, asked: Deactivate) -> JSONResponse:
    """Ends somebody's part in everything, and names the lessons that are left."""
    return JSONResponse(application.staffing.deactivate(who, asked.email, dry_run=asked.dry_run).as_json())


@router.post("/people/contact")
def contact(application: App, who: SignedIn, asked: Contact) -> JSONResponse:
    """Stops contact with a guardian about a child, or allows it again."""
    answer = application.contacts.change(
        who, asked.guardian, asked.child, asked.evidence, may_contact=asked.may_contact
    )
    return JSONResponse(answer.as_json())


@router.get("/days/{day}")
def day(application: App, who: SignedIn, day: Day) -> JSONResponse:
    """The sheet of a day: sessions, people, numbers."""
    sheet = application.day_sheets.show(who, application.day_sheets.day_meant(day))
    sessions = [s.as_json() for s in sheet.sessions]
    said = {"schema": SCHEMA, "on": sheet.on.isoformat(), "sessions": sessions, "text": day_sheets.text(sheet)}
    return JSONResponse(said)
