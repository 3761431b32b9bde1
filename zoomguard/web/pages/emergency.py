"""/emergency.html: what a proxy shows while the service is down. It needs no database and no other file.

Copy it once, and again whenever the contacts in the terms change, and have the proxy serve the copy for 502, 503
and 504 (Caddy: `handle_errors { rewrite * /emergency.html; file_server }` with `root` at the copy's folder):

    curl --fail --output /srv/zoomguard/emergency.html https://PUBLIC_URL/emergency.html
"""

from __future__ import annotations

import base64
import hashlib

from fastapi import APIRouter, Request
from starlette.responses import Response

from zoomguard.web.headers import STRICT_CSP
from zoomguard.web.pages.rendering import render

router = APIRouter(include_in_schema=False)
# Alone of all pages it carries its style within, for nothing else is there to be loaded.
STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1.125rem/1.6 system-ui,sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem;"
    "background:#f7f6f2;color:#1b2628}h1{line-height:1.2}li{margin:.5rem 0}"
    "a{color:#0a5963;font-weight:600;white-space:nowrap}"
    "@media(prefers-color-scheme:dark){body{background:#11181a;color:#e9edeb}a{color:#86d3d6}}"
)
CSP = f"{STRICT_CSP}; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"


@router.api_route("/emergency.html", methods=["GET", "HEAD"])
async def emergency(request: Request) -> Response:
    """The same bytes for everybody."""
    return render(request, "emergency.html", headers={"Content-Security-Policy": CSP}, style=STYLE)
