"""Where the service's time comes from: the machine, or a sandbox's clock."""

from __future__ import annotations

import ipaddress
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import urllib3

from zoomguard.domain.errors import OutsideFailed, SettingsWrong
from zoomguard.domain.times import parse_iso

# The sandbox lets nothing happen for a little longer after its time has leapt (sandbox/clock.py).
ASK_EVERY_S = 1 / 16
TRAVELS_S = 0.25
TIME_LIMIT = urllib3.Timeout(connect=1, read=2)


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)


class UrlClock:
    """The time that a URL on loopback answers: `{"now": "2026-11-23T09:00:00Z"}`. Safe between threads.

    It is asked at most sixteen times a second; in between, and while it does not answer, time runs on.
    """

    def __init__(self, url: str) -> None:
        if not _on_loopback(url):
            raise SettingsWrong(("The clock must be an http URL on loopback.",))
        self._url = url
        self._http = urllib3.PoolManager(retries=False, timeout=TIME_LIMIT)
        self._lock = threading.Lock()
        self._base: tuple[datetime, float] | None = None
        self._asked_s: float | None = None

    def now(self) -> datetime:
        """Aware UTC. OutsideFailed where the clock has never answered and does not now."""
        with self._lock:
            if self._asked_s is None or time.monotonic() - self._asked_s >= ASK_EVERY_S:
                self._ask()
            reading = self._reading()
        if reading is None:
            raise OutsideFailed("The sandbox's clock does not answer.", "Start the sandbox.", code="NO_CLOCK")
        return reading

    def _ask(self) -> None:
        asked_s = time.monotonic()  # an answer that was long on its way is as old as the question
        try:
            answer = self._fetched()
        except (urllib3.exceptions.HTTPError, ValueError, TypeError, KeyError):
            answer = None  # time runs on by itself
        if answer is not None:
            self._set(answer)
        if self._base is not None:
            self._asked_s = asked_s

    def _fetched(self) -> datetime | None:
        response = self._http.request("GET", self._url, redirect=False)
        if response.status != 200:
            raise ValueError("no time")
        return parse_iso(json.loads(response.data)["now"])

    def _set(self, answer: datetime) -> None:
        # An answer travels a little while; that alone must not turn our time back.
        reading = self._reading()
        if reading is None or not timedelta(0) < reading - answer < timedelta(seconds=TRAVELS_S):
            self._base = answer, time.monotonic()

    def _reading(self) -> datetime | None:
        if self._base is None:
            return None
        answer, answered_s = self._base
        return answer + timedelta(seconds=time.monotonic() - answered_s)


def _on_loopback(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        return parts.scheme == "http" and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False
