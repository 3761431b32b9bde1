"""A server on loopback that answers what a test tells it to, down to cut and stalled sockets."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from zoomguard.adapters.http import READ_S, Http
from zoomguard.adapters.zoom_calls import ZoomCalls
from zoomguard.adapters.zoom_token import ZoomToken


@dataclass
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """What to answer. `length` is what Content-Length claims; `lost` closes without a word."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    stall_s: float = 0.0
    lost: bool = False


Script = Callable[[Asked], Reply]


def answer(document: object, status: int = 200, **headers: str) -> Reply:
    """A JSON answer; header names are written with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(document).encode(), {"Content-Type": "application/json", **named})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # many threads call at once


class Scripted:
    """A running server: its address and what it was asked."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[Asked] = []
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.place = f"127.0.0.1:{self.port}"

    def run(self) -> threading.Thread:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                asked = Asked(self.command, self.path, dict(self.headers.items()), body)
                scripted.asked.append(asked)
                self._send(scripted.script(asked))

            do_POST = do_PATCH = do_DELETE = do_PUT = do_GET

            def _send(self, reply: Reply) -> None:
                if reply.lost:
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                length = len(reply.body) if reply.length is None else reply.length
                if reply.status != 204 and "Transfer-Encoding" not in reply.headers:
                    self.send_header("Content-Length", str(length))
                self.end_headers()
                try:
                    self.wfile.write(reply.body)
                    self.wfile.flush()
                    time.sleep(reply.stall_s)
                except OSError:
                    pass
                self.close_connection = self.close_connection or length != len(reply.body)

        return Handler


@contextmanager
def scripted(script: Script) -> Iterator[Scripted]:
    """A server for the length of a test."""
    server = Scripted(script)
    thread = server.run()
    try:
        yield server
    finally:
        server.stop()
        thread.join(5)


class SteadyClock:
    """Time stands still unless a test moves it; sleeping moves it and is noted."""

    def __init__(self, at: datetime = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)) -> None:
        self.at = at
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


def free() -> None:
    """A guard that lets every request pass."""


@dataclass
class Edge:
    """Our side of the wire, ready to call a server."""

    http: Http
    token: ZoomToken
    calls: ZoomCalls
    clock: SteadyClock


def edge(server: Scripted, read_s: float = READ_S) -> Edge:
    """Http, token and calls against a scripted server with /oauth/token and /v2."""
    clock, http = SteadyClock(), Http(free, read_s=read_s)
    token = ZoomToken(http, server.url, "account-1", "client-1", "secret-1", clock)
    return Edge(http, token, ZoomCalls(http, token, f"{server.url}/v2", clock, clock.sleep), clock)


def with_token(script: Script) -> Script:
    """The script, with a token service beside it that gives token-1, token-2, ..."""
    lock, given = threading.Lock(), [0]

    def both(asked: Asked) -> Reply:
        if not asked.path.startswith("/oauth/token"):
            return script(asked)
        with lock:
            given[0] += 1
            number = given[0]
        return answer({"access_token": f"token-{number}", "expires_in": 3600, "scope": "user:read:user:admin"})

    return both


def in_turn(*replies: Reply) -> Script:
    """Answers with one after the other; the last one stays."""
    lock, left = threading.Lock(), list(replies)

    def next_one(asked: Asked) -> Reply:
        with lock:
            return left.pop(0) if len(left) > 1 else left[0]

    return next_one
