"""Keeps all copies of this process together below the cap of the terms."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from zoomguard.application.ports import Clock
from zoomguard.rules.terms import Terms

# The hours of the cap are asked again after so long: a copy that runs into the night gets faster.
ASK_AGAIN_S = 5.0


class Pace:
    """Waits as long as earlier bytes are ahead of the cap. Safe between threads."""

    def __init__(
        self,
        clock: Clock,
        terms: Terms,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.clock, self.terms = clock, terms
        self._monotonic, self._sleep = monotonic, sleep
        self._lock = threading.Lock()
        self._free_at = self._asked_at = float("-inf")
        self._cap: float | None = None

    def wait(self) -> None:
        """Returns when more may be read."""
        ahead_s = self._free_at - self._monotonic()
        if ahead_s > 0:
            self._sleep(ahead_s)

    def used(self, count: int) -> None:
        """Counts bytes that were read."""
        now = self._monotonic()
        with self._lock:
            if now - self._asked_at > ASK_AGAIN_S:
                self._asked_at = now
                self._cap = self.terms.bandwidth.bytes_per_second(self.clock.now(), self.terms.zone)
            self._free_at = now if self._cap is None else max(self._free_at, now) + count / self._cap
