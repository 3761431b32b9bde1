"""One line for each request: method, route template, status and milliseconds. No path, no query, no token."""

from __future__ import annotations

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("zoomguard.requests")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
QUIET = ("/healthz", "/readyz")


class RequestLog:
    """Middleware: writes the line when the answer is over."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and notes the answer's status; 0 where none was begun."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 0
        begun_s = time.monotonic()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            _write(scope, status, time.monotonic() - begun_s)


def _write(scope: Scope, status: int, took_s: float) -> None:
    # FastAPI names its own routes; plain ASGI endpoints of ours name themselves.
    own = getattr(scope.get("endpoint"), "template", "(no route)")
    template = getattr(scope.get("route"), "path", own)
    method = scope["method"] if scope["method"] in METHODS else "(other)"
    level = logging.DEBUG if template in QUIET else logging.INFO
    log.log(level, "%s %s %d %d ms", method, template, status, took_s * 1000)
