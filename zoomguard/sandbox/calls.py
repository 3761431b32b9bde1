"""What the sandbox was asked: a list with the secrets cut, and whole exchanges for checks of their shape."""

import json
import os
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from zoomguard.sandbox.clock import SandboxClock
from zoomguard.sandbox.wire import Answer, Ask

KEPT = 50_000
CUT = "[cut]"
SECRET_FIELDS = frozenset(
    {"access_token", "client_secret", "download_access_token", "download_token", "sig", "tk", "zak"}
)
PASSCODE_FIELDS = frozenset({"password", "passcode", "pwd", "pstn_password", "h323_password"})


class Calls:
    """Every request to Zoom's ports, in order. Safe between threads."""

    def __init__(self, clock: SandboxClock, record_to: Path | None = None) -> None:
        self._clock = clock
        self._record_to = record_to
        self._lock = threading.Lock()
        self._count = 0
        self._entries: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._exchanges: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def note(self, port: str, ask: Ask, answer: Answer | None, fault: str | None = None) -> None:
        """Put a request on the list; without an answer the connection was closed first."""
        exchange = _exchange(ask, answer, fault) if answer and ask.target.startswith("/v2/") else None
        entry = {
            "at": self._clock.now().isoformat(),
            "port": port,
            "method": ask.method,
            "path": ask.target,
            "query": _cut(dict(ask.query)),
            "body": _cut(_body(ask)),
            "authorization": ask.headers.get("authorization", "").partition(" ")[0] or None,
            "range": ask.headers.get("range"),
            "status": None if answer is None or answer.lost else answer.status,
            "fault": fault,
        }
        with self._lock:
            self._count += 1
            self._entries.append({"n": self._count, **entry})
            if exchange:
                self._keep(exchange)

    def entries(self) -> list[dict[str, Any]]:
        """Everything asked, secrets cut, oldest first."""
        with self._lock:
            return list(self._entries)

    def exchanges(self, path: Path) -> int:
        """Write the whole exchanges with the API as JSON lines (0600); how many there were."""
        with self._lock:
            rows = list(self._exchanges)
        path.unlink(missing_ok=True)
        _append(path, rows)
        return len(rows)

    def _keep(self, exchange: dict[str, Any]) -> None:
        self._exchanges.append(exchange)
        if self._record_to is not None:
            _append(self._record_to, [exchange])


def _exchange(ask: Ask, answer: Answer, fault: str | None) -> dict[str, Any]:
    return {
        "method": ask.method,
        "path": ask.target.removeprefix("/v2"),
        "query": dict(ask.query),
        "request_body": _body(ask),
        "status": answer.status,
        "response_body": _parsed(answer.body),
        "fault": fault,
    }


def _append(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _body(ask: Ask) -> Any:
    if ask.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(ask.body.decode("utf-8", "replace")))
    return _parsed(ask.body)


def _parsed(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _cut(document: Any) -> Any:
    """The same document without its secrets; of a passcode only the length is left."""
    if isinstance(document, list):
        return [_cut(item) for item in document]
    if isinstance(document, dict):
        return {name: _cut_field(name, value) for name, value in document.items()}
    return document


def _cut_field(name: str, value: Any) -> Any:
    if name in SECRET_FIELDS:
        return CUT
    if name in PASSCODE_FIELDS and isinstance(value, str):
        return "*" * len(value)
    return _cut(value)
