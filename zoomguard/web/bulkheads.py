"""Bulkheads: people at their pages and people watching films cannot take each other's place, nor the webhooks'.

The API, the pages and the doors share Starlette's threads (40, more than API_MOST); each stream of media has a
thread of MEDIA's. Full means 503 at once, never an endless queue. Webhooks have a writer of their own and do not
pass here.
"""

from __future__ import annotations

import re
from collections import Counter

from anyio import CapacityLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from zoomguard.domain.errors import Busy
from zoomguard.web.errors import turned_away

API_MOST, MEDIA_MOST = 32, 16
ROOMS = {"media": MEDIA_MOST, "api": API_MOST}
# What answers at once, or has limits of its own.
OUTSIDE = ("/static/", "/healthz", "/readyz", "/webhooks/", "/sandbox/", "/emergency.html")
MEDIA_PATH = re.compile(r"/api/v1/plays/[^/]+/objects/.*")


class Bulkheads:
    """Middleware: counts what is under way in each room, and turns away what does not fit."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.inside: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """503 with Retry-After where the room is full."""
        room = _room(scope["path"]) if scope["type"] == "http" else ""
        if not room:
            await self.app(scope, receive, send)
            return
        if self.inside[room] >= ROOMS[room]:
            full = Busy("The service is full for the moment.", "Try again in a few seconds.")
            await turned_away(scope, full)(scope, receive, send)
            return
        self.inside[room] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.inside[room] -= 1


def media_threads() -> CapacityLimiter:
    """The threads that stream media; made while the loop runs."""
    return CapacityLimiter(MEDIA_MOST)


def _room(path: str) -> str:
    if MEDIA_PATH.fullmatch(path):
        return "media"
    return "" if path.startswith(OUTSIDE) else "api"
