"""/j/TOKEN: a child's door. It leads to Zoom, or says one neutral sentence, the same for every reason."""

from __future__ import annotations

import base64
import hashlib
import re

from fastapi import APIRouter, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from zoomguard.application import Application
from zoomguard.application.doors import NEUTRAL
from zoomguard.domain.errors import NotThere, ZoomguardError
from zoomguard.web.errors import BUSY_AGAIN_S, status_of
from zoomguard.web.headers import STRICT_CSP

router = APIRouter(include_in_schema=False)
TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}")
# autoescape by file name would leave some of our templates out.
TEMPLATES = Environment(
    loader=PackageLoader("zoomguard.web"), autoescape=True, undefined=StrictUndefined, auto_reload=False
)
STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1.25rem/1.6 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;"
    "background:#fbfaf7;color:#1d2430}"
    "@media(prefers-color-scheme:dark){body{background:#14181f;color:#e8e6e0}}"
)
_style_sha256 = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CSP = f"{STRICT_CSP}; style-src 'sha256-{_style_sha256}'"


@router.get("/j/{token:path}")
async def open_door(request: Request, token: str) -> Response:
    """303 to the child's link; the neutral page for every refusal."""
    if TOKEN.fullmatch(token) is None:
        return neutral()
    application: Application = request.app.state.application
    try:
        link = await run_in_threadpool(application.doors.open, token)
    except NotThere:
        return neutral()
    except ZoomguardError as error:
        return neutral(status_of(error))
    return RedirectResponse(link, 303)


@router.head("/j/{token:path}")
async def look_at_door(request: Request, token: str) -> Response:
    """Changes nothing and opens nothing: scanners of mail look at every link."""
    return neutral()


def neutral(status: int = 200) -> Response:
    """The page that gives no reason."""
    page = TEMPLATES.get_template("door.html").render(sentence=NEUTRAL, style=STYLE)
    headers = {"Content-Security-Policy": CSP}
    if status == 503:
        headers["Retry-After"] = str(BUSY_AGAIN_S)
    return HTMLResponse(page, status, headers)
