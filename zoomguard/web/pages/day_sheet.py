"""/day/DATE: the sheet of a day, to be printed for the office."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from zoomguard.application import Application
from zoomguard.domain.times import a_day
from zoomguard.web.pages import staff
from zoomguard.web.pages.visitor import Visiting, Visitor
from zoomguard.web.who import App

router = APIRouter(include_in_schema=False)


@router.api_route("/day", methods=staff.SEE)
def today(request: Request, application: App, visitor: Visiting) -> Response:
    """Today's sheet."""
    return _page(request, application, visitor, "")


@router.api_route("/day/{on}", methods=staff.SEE)
def day_sheet(request: Request, application: App, visitor: Visiting, on: str) -> Response:
    """The sheet of a day such as 2026-12-01."""
    return _page(request, application, visitor, on)


def _page(request: Request, application: Application, visitor: Visitor, on: str) -> Response:
    sheet = application.day_sheets.show(visitor.who, a_day(on) if on else None)
    day = timedelta(days=1)
    return staff.page(
        request,
        visitor,
        "day_sheet.html",
        here="/day",
        sheet=sheet,
        before=sheet.on - day,
        after=sheet.on + day,
        commands=(f"zoomguard sessions list --on {sheet.on.isoformat()}",),
    )
