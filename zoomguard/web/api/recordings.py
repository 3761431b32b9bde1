"""Recordings over HTTP: listed, shown, and fetched under a play with a purpose and a reason."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response

from zoomguard.domain.recordings import Play, PlayObject
from zoomguard.domain.times import iso
from zoomguard.web.api.shapes import PREFIX, SCHEMA, Ask, Name, Text
from zoomguard.web.media import MediaStream
from zoomguard.web.ranges import NotSatisfiable, span_of
from zoomguard.web.who import App, SignedIn

router = APIRouter(prefix=PREFIX, tags=["recordings"])


class Opening(Ask):
    """Why somebody wants to see a recording."""

    purpose: Text
    reason: Text


@router.get("/recordings")
def list_recordings(application: App, who: SignedIn) -> JSONResponse:
    """The recordings that this person may see."""
    views = application.recordings.list(who)
    return JSONResponse({"schema": SCHEMA, "recordings": [v.as_json() for v in views]})


@router.get("/recordings/{recording}")
def show(application: App, who: SignedIn, recording: Name) -> JSONResponse:
    """A recording, by id or short id."""
    view = application.recordings.show(who, recording)
    return JSONResponse({"schema": SCHEMA, "recording": view.as_json()})


@router.post("/recordings/{recording}/plays", status_code=201)
def open_play(application: App, who: SignedIn, recording: Name, asked: Opening) -> JSONResponse:
    """Opens a recording for this person, for a while, on record."""
    play = application.recordings.open(who, recording, asked.purpose, asked.reason)
    return JSONResponse({"schema": SCHEMA, "play": _play(play)}, 201)


@router.get("/plays/{play}/objects/{number}", response_class=Response)
def read(
    application: App, who: SignedIn, request: Request, play: Name, number: Annotated[int, Path(ge=0, le=100_000)]
) -> Response:
    """The bytes of one object, or one range of them."""
    found = application.recordings.object(who, play, number)
    try:
        span = span_of(_ranges(request, found), found.size)
    except NotSatisfiable:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{found.size}"})
    stop = span.stop if span.partial else None
    return MediaStream(
        lambda: application.recordings.read(who, play, number, span.start, stop),
        span,
        found.sha256,
        request.app.state.media_threads,
    )


@router.post("/plays/{play}/finish", status_code=204)
def finish(application: App, who: SignedIn, play: Name) -> Response:
    """Ends a play."""
    application.recordings.finish(who, play)
    return Response(status_code=204)


def _ranges(request: Request, found: PlayObject) -> list[str]:
    """The Range headers; none where If-Range says that the reader has another object (RFC 9110, 13.1.5)."""
    if request.headers.get("if-range", f'"{found.sha256}"') != f'"{found.sha256}"':
        return []
    return request.headers.getlist("range")


def _play(play: Play) -> dict[str, object]:
    return {
        "id": play.id,
        "until": iso(play.until_at),
        "recording": play.recording.as_json(),
        "objects": [asdict(o) for o in play.objects],
    }
