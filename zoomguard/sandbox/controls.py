"""The sandbox's handles over HTTP: clock, calls, mailbox, faults, play, recordings, webhooks, Zoom's pages."""

import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from zoomguard.sandbox.clock import SandboxClock
from zoomguard.sandbox.faults import Faults
from zoomguard.sandbox.mailbox import Mailbox
from zoomguard.sandbox.sessions import NoSuchSession
from zoomguard.sandbox.wire import Answer, Ask, json_answer
from zoomguard.sandbox.zoom_api import Zoom

Document = dict[str, Any] | list[Any]
CLOCK = ("GET", "/sandbox/clock")


class Controls:
    """Answers /sandbox/...; all but the clock's time needs `Authorization: Bearer KEY`."""

    def __init__(self, clock: SandboxClock, faults: Faults, zoom: Zoom, mailbox: Mailbox) -> None:
        self.key = secrets.token_urlsafe(32)
        self._clock, self._faults, self._zoom, self._mailbox = clock, faults, zoom, mailbox
        self._acts: dict[tuple[str, str], Callable[[dict[str, Any]], Document]] = {
            CLOCK: lambda body: self._time(),
            ("POST", "/sandbox/clock"): self._move_clock,
            ("GET", "/sandbox/calls"): lambda body: zoom.calls.entries(),
            ("GET", "/sandbox/mailbox"): lambda body: mailbox.messages(),
            ("GET", "/sandbox/faults"): lambda body: faults.as_json(),
            ("POST", "/sandbox/faults"): self._switch,
            ("POST", "/sandbox/play"): zoom.stage.play,
            ("POST", "/sandbox/host"): zoom.portal.act,
            ("POST", "/sandbox/recordings"): zoom.quirks.act,
            ("GET", "/sandbox/webhooks"): lambda body: zoom.webhooks.as_json(),
            ("POST", "/sandbox/webhooks"): self._webhooks,
        }

    def answer(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Document]:
        """Status and JSON document; failures are {"error": {"code", "message", "remedy"}}."""
        act = self._acts.get((method, path))
        if act is None:
            return _error(
                404,
                "NOT_FOUND",
                "The sandbox has no such control.",
                "It has clock, calls, mailbox, faults, play, host, recordings and webhooks.",
            )
        if (method, path) != CLOCK and not self._opens(headers):
            return _error(401, "KEY", "The sandbox's key is missing or wrong.", "Take it from sandbox.json.")
        try:
            return 200, act(_document(body))
        except NoSuchSession:
            return _error(404, "UNKNOWN_SESSION", "No meeting here belongs to that session.", "Schedule it first.")
        except ValueError as error:
            return _error(400, "BAD_CONTROL", str(error), "Correct the request.")

    def _opens(self, headers: Mapping[str, str]) -> bool:
        given = next((text for name, text in headers.items() if name.lower() == "authorization"), "")
        return hmac.compare_digest(given.encode(), f"Bearer {self.key}".encode())

    def _time(self) -> Document:
        return {"now": self._clock.tell().isoformat()}

    def _move_clock(self, body: dict[str, Any]) -> Document:
        if ("to" in body) == ("advance_s" in body):
            raise ValueError("give advance_s or to")
        if "to" in body:
            self._clock.move_to(datetime.fromisoformat(str(body["to"])))
        else:
            self._clock.advance(_number(body["advance_s"]))
        self._clock.wait_until_seen()
        return self._time()

    def _switch(self, body: dict[str, Any]) -> Document:
        more = {name: value for name, value in body.items() if name not in ("name", "times", "on")}
        self._faults.switch(str(body.get("name")), body.get("times"), body.get("on", True), **more)
        return self._faults.as_json()

    def _webhooks(self, body: dict[str, Any]) -> Document:
        if "url" in body:
            self._zoom.webhooks.deliver_to(None if body["url"] is None else str(body["url"]))
        checked = {"validation": self._zoom.webhooks.validate_url()} if body.get("validate") else {}
        return {**self._zoom.webhooks.as_json(), **checked}


class ControlDesk:
    """The controls on a port of their own."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def hangs_up(self, head: Ask) -> bool:
        return False

    def answer(self, ask: Ask) -> Answer:
        return json_answer(*self._controls.answer(ask.method, ask.path, ask.query, ask.headers, ask.body))


def _document(body: bytes) -> dict[str, Any]:
    document = json.loads(body) if body else {}
    if not isinstance(document, dict):
        raise ValueError("send a JSON object")
    return document


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("advance_s is a number of seconds")
    return float(value)


def _error(status: int, code: str, message: str, remedy: str) -> tuple[int, Document]:
    return status, {"error": {"code": code, "message": message, "remedy": remedy}}
