"""The sandbox's clock: time that runs on, and that a demonstration or a test can move forward."""

import threading
import time
from datetime import UTC, datetime, timedelta

# Who reads this clock by its URL goes on by what it was told for a little less than this (adapters/clock.py).
TOLD_AGAIN_WITHIN_S = 0.075
LEAP_S = 1.0


class SandboxClock:
    """A clock all parts of a sandbox share; it never goes backwards. Safe between threads.

    `start` is an aware datetime; without one the clock starts at the machine's time.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._lock = threading.Lock()
        self._base = _as_utc(start) if start is not None else datetime.now(UTC)
        self._mark_s = time.monotonic()
        self._leapt_s: float | None = None
        self._told = False

    def now(self) -> datetime:
        """The sandbox's time, aware UTC."""
        with self._lock:
            return self._reading()

    def tell(self) -> datetime:
        """The time, for somebody in another process."""
        with self._lock:
            self._told = True
            return self._reading()

    def unseen_s(self) -> float:
        """How long it takes until everybody who was ever told the time has seen the last leap."""
        with self._lock:
            if not self._told or self._leapt_s is None:
                return 0.0
            return max(0.0, self._leapt_s + TOLD_AGAIN_WITHIN_S - time.monotonic())

    def wait_until_seen(self) -> None:
        """Until then somebody may take what is the case now for what was before the last leap."""
        time.sleep(self.unseen_s())

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`. ValueError where that would go backwards or past the calendar's end."""
        if seconds < 0:
            raise ValueError("the sandbox's clock does not go backwards")
        with self._lock:
            try:
                self._base += timedelta(seconds=seconds)
            except OverflowError as error:
                raise ValueError("the calendar ends before that") from error
            self._leap(seconds)

    def move_to(self, at: datetime) -> None:
        """Move on to `at` (aware). ValueError where that is in the past or has no zone."""
        target = _as_utc(at)
        with self._lock:
            ahead_s = (target - self._reading()).total_seconds()
            if ahead_s < 0:
                raise ValueError("the sandbox's clock does not go backwards")
            self._base, self._mark_s = target, time.monotonic()
            self._leap(ahead_s)

    def _leap(self, seconds: float) -> None:
        if seconds > LEAP_S:
            self._leapt_s = time.monotonic()

    def _reading(self) -> datetime:
        return self._base + timedelta(seconds=time.monotonic() - self._mark_s)


def _as_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time without a zone is not a time")
    return at.astimezone(UTC)
