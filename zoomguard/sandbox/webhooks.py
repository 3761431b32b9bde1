"""Zoom's events: signed, delivered by a thread of their own, tried four times, never in the API's way."""

import hashlib
import heapq
import hmac
import http.client
import json
import secrets
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from zoomguard.sandbox.clock import SandboxClock
from zoomguard.sandbox.faults import Faults

TRIES_AGAIN_AFTER_S = (5 * 60, 20 * 60, 60 * 60)
ANSWER_WITHIN_S = 3.0
LOOKS_EVERY_S = 0.05
KEPT = 10_000
LATE_S = 600
HELD_S = 60


@dataclass(order=True)
class Delivery:
    """One event on its way. The timestamp it was first signed with stays with it."""

    due_at: datetime
    serial: int
    event: str = field(compare=False)
    body: bytes = field(compare=False)
    attempt: int = field(compare=False, default=0)
    timestamp: str = field(compare=False, default="")
    status: int | None = field(compare=False, default=None)


class Webhooks:
    """The outbox. Without a URL events are dropped, as Zoom drops what nobody subscribes to."""

    def __init__(self, clock: SandboxClock, faults: Faults, account_id: str) -> None:
        self.secret = secrets.token_urlsafe(24)
        self._clock, self._faults, self._account_id = clock, faults, account_id
        self._wake = threading.Condition()
        self._due: list[Delivery] = []
        self._busy = False
        self._serial = 0
        self._held: Delivery | None = None
        self._url: str | None = None
        self._stopped = False
        self._log: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join(ANSWER_WITHIN_S + 1)

    def deliver_to(self, url: str | None) -> None:
        """Send events to this URL from now on. ValueError for anything but http and https."""
        parts = urlsplit(url) if url is not None else None
        if parts and (parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0):
            raise ValueError("events go to an http or https URL")
        self._url = url

    def send(
        self,
        event: str,
        document: dict[str, Any],
        at: datetime,
        top: dict[str, Any] | None = None,
        due_at: datetime | None = None,
        beside: dict[str, Any] | None = None,
    ) -> None:
        """Put an event that happened `at` into the outbox; it leaves at `due_at`, or at once.

        `top` goes beside the event's name, `beside` beside its object.
        """
        payload = {"account_id": self._account_id, **(beside or {}), "object": document}
        body = _bytes({"event": event, "event_ts": milliseconds(at), "payload": payload, **(top or {})})
        now = self._clock.now()
        with self._wake:
            if self._faults.take("webhook_lost", "POST", f"/{event}"):
                self._note(event, 0, None)
                return
            for _ in range(2 if self._faults.take("duplicate", "POST", f"/{event}") else 1):
                self._post_box(event, body, max(due_at or now, now))
            self._wake.notify_all()

    def _post_box(self, event: str, body: bytes, leaves_at: datetime) -> None:
        self._serial += 1
        delivery = Delivery(leaves_at, self._serial, event, body)
        late = self._faults.take("late", "POST", f"/{event}")
        if late:
            delivery.timestamp = str(int(leaves_at.timestamp()))
            delivery.due_at += timedelta(seconds=late.more.get("late_s", LATE_S))
        elif self._held is not None and any(one is self._held for one in self._due):
            self._release(self._held, leaves_at)
        elif self._faults.take("reordered", "POST", f"/{event}"):
            delivery.due_at += timedelta(seconds=HELD_S)
            self._held = delivery
        heapq.heappush(self._due, delivery)

    def _release(self, held: Delivery, leaves_at: datetime) -> None:
        """Let the one that was held back follow the one that leaves now."""
        self._serial += 1
        held.due_at, held.serial, self._held = leaves_at, self._serial, None
        heapq.heapify(self._due)

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """What happens in the meantime leaves after it: an event is stamped when all of it has happened."""
        with self._wake:
            yield

    def settle(self, within_s: float) -> bool:
        """Wait, in machine time, until everything due has been tried; False if it was not by then."""
        with self._wake:
            self._wake.notify_all()  # the clock may have made something due, which the thread sees by looking alone
            return self._wake.wait_for(self._is_settled, within_s)

    def validate_url(self) -> dict[str, Any]:
        """Send the challenge endpoint.url_validation now, and judge the answer as Zoom does."""
        token = secrets.token_urlsafe(16)
        now = self._clock.now()
        document = {"payload": {"plainToken": token}, "event_ts": milliseconds(now)}
        body = _bytes({"event": "endpoint.url_validation", **document})
        status, answer = self._post(body, str(int(now.timestamp())))
        right = hmac.new(self.secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        try:
            given = json.loads(answer)
        except ValueError:
            given = {}
        return {
            "ok": status == 200 and given == {"plainToken": token, "encryptedToken": right},
            "status": status,
        }

    def as_json(self) -> dict[str, Any]:
        with self._wake:
            waiting = [
                {"event": one.event, "due_at": one.due_at.isoformat(), "attempt": one.attempt + 1}
                for one in sorted(self._due)
            ]
            return {"url": self._url, "waiting": waiting, "deliveries": list(self._log)}

    def _is_settled(self) -> bool:
        due = bool(self._due) and self._due[0].due_at <= self._clock.now()
        return not self._busy and (self._stopped or not due)

    def _run(self) -> None:
        while not self._stopped:
            delivery = self._next()
            if delivery is None:
                continue
            delivery.status = self._try(delivery)
            with self._wake:
                self._settle_one(delivery)
                self._busy = False
                self._wake.notify_all()

    def _next(self) -> Delivery | None:
        with self._wake:
            if not self._due or self._due[0].due_at > self._clock.now():
                self._wake.wait(LOOKS_EVERY_S)
                return None
            self._busy = True
            return heapq.heappop(self._due)

    def _try(self, delivery: Delivery) -> int | None:
        delivery.attempt += 1
        # A receiver whose clock is behind would refuse it as one from the future.
        self._clock.wait_until_seen()
        delivery.due_at = self._clock.now()
        delivery.timestamp = delivery.timestamp or str(int(delivery.due_at.timestamp()))
        return self._post(delivery.body, delivery.timestamp)[0] if self._url else None

    def _settle_one(self, delivery: Delivery) -> None:
        self._note(delivery.event, delivery.attempt, delivery.status)
        taken = delivery.status in (200, 204)
        if not taken and self._url and delivery.attempt <= len(TRIES_AGAIN_AFTER_S):
            wait = timedelta(seconds=TRIES_AGAIN_AFTER_S[delivery.attempt - 1])
            delivery.due_at += wait  # counted from this try, not from the end of its waiting
            heapq.heappush(self._due, delivery)

    def _note(self, event: str, attempt: int, status: int | None) -> None:
        row = {"event": event, "attempt": attempt, "status": status}
        self._log.append({"at": self._clock.now().isoformat(), **row})

    def _post(self, body: bytes, timestamp: str) -> tuple[int | None, bytes]:
        """The status and the body of the answer; None where none came in time."""
        parts = urlsplit(self._url or "")
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=ANSWER_WITHIN_S)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("POST", target, body, self._headers(body, timestamp))
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return None, b""
        finally:
            connection.close()

    def _headers(self, body: bytes, timestamp: str) -> dict[str, str]:
        message = b"v0:" + timestamp.encode() + b":" + body
        signature = hmac.new(self.secret.encode(), message, hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Zoom Marketplace/1.0a",
            "x-zm-request-timestamp": timestamp,
            "x-zm-signature": f"v0={signature}",
            "x-zm-trackingid": f"v=2.0;rid={secrets.token_hex(8)}",
        }


def milliseconds(at: datetime) -> int:
    """A time as events give it."""
    return int(at.timestamp() * 1000)


def _bytes(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
