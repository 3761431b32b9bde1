"""Bulkheads: people at their pages and people watching films cannot take each other's place, nor the webhooks'.

The API, the pages and the doors share Starlette's threads (40, more than API_MOST); each stream of media has a
thread of MEDIA's. Full means 503 at once, never an endless queue; who is turned away is disconnected, and keeps no
file descriptor either. Webhooks have a writer of their own and do not pass here.
"""

from __future__ import annotations

import errno
import os
import re
import resource
from collections import Counter

from anyio import CapacityLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from zoomguard.domain.errors import Busy
from zoomguard.web.errors import turned_away

API_MOST, MEDIA_MOST = 32, 16
ROOMS = {"media": MEDIA_MOST, "api": API_MOST}
# File descriptors that no stream may take: they are for webhooks, people, the database and what streams open next.
# A stream needs two; SQLite two for each connection, of which there are at most 22.
KEPT_FREE = 48
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
        if self.inside[room] >= ROOMS[room] or (room == "media" and _few_files_left()):
            full = turned_away(scope, Busy("The service is full for the moment.", "Try again in a few seconds."))
            full.headers["Connection"] = "close"
            await full(scope, receive, send)
            return
        self.inside[room] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.inside[room] -= 1


def _few_files_left() -> bool:
    """Whether this process nears its limit of open files (`ulimit -n`); /dev/fd lists what it has open."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    try:
        return most != resource.RLIM_INFINITY and most - len(os.listdir("/dev/fd")) < KEPT_FREE
    except OSError as error:  # The list takes a descriptor too.
        return error.errno in (errno.EMFILE, errno.ENFILE)


def media_threads() -> CapacityLimiter:
    """The threads that stream media; made while the loop runs."""
    return CapacityLimiter(MEDIA_MOST)


def _room(path: str) -> str:
    if MEDIA_PATH.fullmatch(path):
        return "media"
    return "" if path.startswith(OUTSIDE) else "api"
