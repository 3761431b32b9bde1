"""Bodies of requests: never more than a cap in memory, never waited for longer than a limit."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from zoomguard.web.errors import turned_away

MOST_BYTES = 1024 * 1024
# So much of a body that is too large is still read and thrown away, so that its sender hears the answer.
DRAINED_BYTES = 4 * MOST_BYTES
API_WITHIN_S = 15.0


class BodyRefused(Exception):
    """The body is too large (413) or too slow (408), or its sender is gone (400): never seen by people."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


async def read(scope: Scope, receive: Receive, within_s: float, most_bytes: int = MOST_BYTES) -> bytes:
    """The whole body; BodyRefused where it is larger than the cap or does not arrive in time."""
    told = Headers(scope=scope).get("content-length", "0")
    if not told.isdecimal() or int(told) > DRAINED_BYTES:
        raise BodyRefused(413)
    try:
        async with asyncio.timeout(within_s):
            return await _read(receive, most_bytes)
    except TimeoutError:
        raise BodyRefused(408) from None


async def _read(receive: Receive, most_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyRefused(400)
        part = message.get("body", b"")
        size += len(part)
        if size > most_bytes:
            parts.clear()
        elif part:
            parts.append(part)
        last = not message.get("more_body", False)
        if size > most_bytes and (last or size > DRAINED_BYTES):
            raise BodyRefused(413)
        if last:
            return b"".join(parts)


class BodyLimit:
    """Middleware: the application gets a request only when its whole body is here.

    `without` are paths with a limit of their own.
    """

    def __init__(self, app: ASGIApp, without: tuple[str, ...]) -> None:
        self.app, self.without = app, without

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reads the body, then passes it on in one piece."""
        if scope["type"] != "http" or scope["path"].startswith(self.without):
            await self.app(scope, receive, send)
            return
        try:
            body = await read(scope, receive, API_WITHIN_S)
        except BodyRefused as refused:
            response = turned_away(scope, HTTPException(refused.status))
            response.headers["Connection"] = "close"  # The rest of the body is still under way.
            await response(scope, receive, send)
            return
        await self.app(scope, _replayed(body, receive), send)


def _replayed(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
