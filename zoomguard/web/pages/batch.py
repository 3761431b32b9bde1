"""/batches/ID: how far a series or a timetable is, lesson by lesson."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from zoomguard.web.pages import staff
from zoomguard.web.pages.visitor import Visiting
from zoomguard.web.who import App

router = APIRouter(include_in_schema=False)
AGAIN_S = 3


@router.api_route("/batches/{batch}", methods=staff.SEE)
def batch(request: Request, application: App, visitor: Visiting, batch: str) -> Response:
    """The page loads itself anew while something waits, unless somebody stopped that."""
    found = application.batches.show(visitor.who, staff.named(batch))
    still = found.ended or "still" in request.query_params
    commands = (f"zoomguard schedule --batch {found.id}",)
    return staff.page(request, visitor, "batch.html", batch=found, again_s=0 if still else AGAIN_S, commands=commands)
