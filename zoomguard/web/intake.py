"""One writer for Zoom's deliveries: what arrives together is committed together, and nobody is told before."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from zoomguard.application.watch import Delivery, Watch
from zoomguard.domain.errors import BadInput, ZoomguardError
from zoomguard.web.log_lines import in_short

log = logging.getLogger("zoomguard.intake")
TOGETHER, WAITING_MOST = 256, 4096
# Zoom waits 3 s for an answer; a 503 in time is repeated by it, a commit that comes after it is kept once.
KEPT_WITHIN_S = 1.8


@dataclass(frozen=True)
class Arrival:
    """A signed delivery on its way to the writer."""

    timestamp: bytes
    body: bytes


class Intake:
    """Hands arrivals to the writer's thread and each request its status; `counts` says what came of them."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.counts: Counter[str] = Counter()
        self._waiting: deque[tuple[Arrival, asyncio.Future[int]]] = deque()
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="intake")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The writer works within this block; at its end what was taken is written."""
        task = asyncio.create_task(self._write())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            self._thread.shutdown(wait=True)

    async def take(self, arrival: Arrival) -> int:
        """The HTTP status for a delivery: 200 once it is committed, 503 where it is not in time."""
        if len(self._waiting) >= WAITING_MOST:
            self.counts["full"] += 1
            return 503
        status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, status))
        self._wake.set()
        # Unlike wait_for this leaves the future to the writer, who sets it even when nobody waits any more.
        await asyncio.wait({status}, timeout=KEPT_WITHIN_S)
        if not status.done():
            self.counts["late"] += 1
            return 503
        return status.result()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]
                statuses = await self._kept([arrival for arrival, _ in batch])
                for (_, future), status in zip(batch, statuses, strict=True):
                    future.set_result(status)

    async def _kept(self, arrivals: list[Arrival]) -> list[int]:
        call = asyncio.get_running_loop().run_in_executor(self._thread, self._keep, arrivals)
        await asyncio.wait({call})
        error = call.exception()
        if error is None:
            return call.result()
        what = error.code if isinstance(error, ZoomguardError) else in_short(error)
        log.error("%d deliveries were not kept: %s", len(arrivals), what)
        self.counts["failed"] += len(arrivals)
        return [503] * len(arrivals)

    def _keep(self, arrivals: list[Arrival]) -> list[int]:
        """In the writer's thread: judges each, keeps the good ones in one commit."""
        judged = [self._judge(arrival) for arrival in arrivals]
        kept = tuple(found for found in judged if isinstance(found, Delivery))
        if kept:
            self.watch.receive(kept)
            self.counts["kept"] += len(kept)
        return [200 if isinstance(found, Delivery) else found for found in judged]

    def _judge(self, arrival: Arrival) -> Delivery | int:
        if not self.watch.is_fresh(arrival.timestamp):
            log.warning("a delivery with a right signature is too old or from the future: check the clock")
            return self._counted("stale", 401)
        try:
            said = self.watch.parse(arrival.body)
        except BadInput:
            log.warning("a delivery with a right signature is no event")
            return self._counted("malformed", 400)
        if not self.watch.belongs(said):
            log.warning("a delivery is about another Zoom account")
            return self._counted("foreign", 200)
        return Delivery(arrival.timestamp, arrival.body, said)

    def _counted(self, what: str, status: int) -> int:
        self.counts[what] += 1
        return status
