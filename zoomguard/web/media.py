"""Streams an object of a recording: read in a thread of its own, as fast as its reader takes it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import anyio
from anyio import CapacityLimiter, from_thread, to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from zoomguard.domain.errors import ZoomguardError
from zoomguard.web.errors import answer
from zoomguard.web.ranges import Span

log = logging.getLogger("zoomguard.media")
# Who takes nothing for so long gives the place to somebody else.
STALLED_S = 60.0
# None waits: one is sent while the next is read. More takes memory for each viewer and saves no CPU (scripts/bench
# fetch).
CHUNKS_AHEAD = 0
Source = Callable[[], AbstractContextManager[Iterator[bytes]]]


class MediaStream(Response):
    """The bytes of a span. An error before the first byte is answered as such; a later one cuts the connection,
    so that nobody takes a part for the whole."""

    def __init__(self, source: Source, span: Span, sha256: str, threads: CapacityLimiter) -> None:
        super().__init__(status_code=206 if span.partial else 200, media_type="application/octet-stream")
        self.source, self.span, self.threads = source, span, threads
        self.error: ZoomguardError | None = None
        self.begun = False
        self.headers["Content-Length"] = str(span.length)
        self.headers["Accept-Ranges"] = "bytes"
        self.headers["ETag"] = f'"{sha256}"'
        self.headers["Cache-Control"] = "private, no-store"
        self.headers["Content-Disposition"] = "attachment"
        if span.partial:
            self.headers["Content-Range"] = span.content_range

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Feeds and sends side by side until all is sent or the reader is gone."""
        sender, receiver = anyio.create_memory_object_stream[bytes](CHUNKS_AHEAD)
        async with anyio.create_task_group() as group, receiver:
            group.start_soon(self._read, sender)
            group.start_soon(_cancel_when_gone, receive, group.cancel_scope)
            await self._send(scope, receive, send, receiver)
            group.cancel_scope.cancel()

    async def _read(self, sender: MemoryObjectSendStream[bytes]) -> None:
        async with sender:
            try:
                await to_thread.run_sync(self._feed, sender, limiter=self.threads)
            except ZoomguardError as error:
                self.error = error

    def _feed(self, sender: MemoryObjectSendStream[bytes]) -> None:
        """In a thread: opens, reads and closes the source, whatever becomes of its reader."""
        with self.source() as chunks:
            for chunk in chunks:
                try:
                    from_thread.run(sender.send, chunk)
                except anyio.BrokenResourceError:
                    return

    async def _send(self, scope: Scope, receive: Receive, send: Send, chunks: MemoryObjectReceiveStream[bytes]) -> None:
        """One chunk is kept back until the source is closed: who has all bytes finds them on record as read."""
        held, length = b"", 0
        async for chunk in chunks:
            length += len(chunk)
            if length > self.span.length:
                break  # With the chunk kept back the reader would have all that was promised.
            if held:
                await self._pass_on(send, held, more=True)
            held = chunk
        if self.error is None and length == self.span.length:
            await self._pass_on(send, held, more=False)
        elif self.error is not None and not self.begun:
            await answer(self.error)(scope, receive, send)
        else:
            # Without an end the server closes the connection: the reader sees that bytes are missing.
            code = self.error.code if self.error else "WRONG_LENGTH"
            log.error("a stream of %d bytes was cut: %s", self.span.length, code)

    async def _pass_on(self, send: Send, chunk: bytes, *, more: bool) -> None:
        if not self.begun:
            self.begun = True
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        with anyio.fail_after(STALLED_S):
            await send({"type": "http.response.body", "body": chunk, "more_body": more})


async def _cancel_when_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
