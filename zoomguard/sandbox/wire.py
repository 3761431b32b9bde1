"""HTTP as the sandbox speaks it: a server on loopback whose connections can be cut, and answers cut short."""

import contextlib
import json
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import parse_qsl, unquote

from zoomguard.sandbox.clock import SandboxClock

LARGEST_BODY_BYTES = 10 * 1024 * 1024
CHUNK_BYTES = 256 * 1024

T = TypeVar("T")


@dataclass(frozen=True)
class Ask:
    """One request. `target` is the path as it was sent, `path` is decoded once, double slashes merged."""

    method: str
    target: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return re.sub("/{2,}", "/", unquote(self.target))

    @property
    def bearer(self) -> str | None:
        """The bearer token presented, if any."""
        scheme, _, word = self.headers.get("authorization", "").partition(" ")
        return word.strip() if scheme.lower() == "bearer" and word.strip() else None


@dataclass(frozen=True)
class Answer:
    """One answer. `read` streams `length` bytes in place of `body`; `cut_after` ends the connection early,
    `stall_s` seconds after its last byte.

    `fault` names what made it so; a `lost` one is not sent.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    read: Callable[[int, int], bytes] | None = None
    length: int = 0
    cut_after: int | None = None
    stall_s: float = 0
    lost: bool = False
    fault: str = ""

    @property
    def size_bytes(self) -> int:
        return self.length if self.read else len(self.body)

    def chunks(self) -> Iterator[bytes]:
        """The body in pieces, no further than `cut_after`."""
        stop = self.size_bytes if self.cut_after is None else min(self.cut_after, self.size_bytes)
        if self.read is None:
            yield self.body[:stop]
            return
        for start in range(0, stop, CHUNK_BYTES):
            yield self.read(start, min(start + CHUNK_BYTES, stop))


def json_answer(status: int, document: object, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with a JSON body."""
    body = json.dumps(document, ensure_ascii=False).encode()
    return Answer(status, body, {"Content-Type": "application/json;charset=UTF-8", **(headers or {})})


def html_answer(status: int, text: str) -> Answer:
    """An answer with a page for people."""
    return Answer(status, text.encode(), {"Content-Type": "text/html;charset=utf-8"})


class RouteTable(Generic[T]):
    """Path templates in order. `{name}` is one segment, `{name:any}` may hold slashes; both decoded again.

    Zoom's gateway decodes a path before it looks at it, so a UUID that begins with a slash or holds two in a
    row arrives whole only if it was encoded twice.
    """

    def __init__(self) -> None:
        self._rows: list[tuple[str, re.Pattern[str], T]] = []

    def add(self, method: str, template: str, entry: T) -> None:
        pattern = re.sub(r"\{(\w+):any\}", r"(?P<\1>.+)", template)
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
        self._rows.append((method, re.compile(pattern), entry))

    def find(self, method: str, path: str) -> tuple[T, dict[str, str]] | None:
        """The first entry for this method and path, with its parameters."""
        for known, pattern, entry in self._rows:
            match = pattern.fullmatch(path)
            if match and known == method:
                return entry, {name: unquote(text) for name, text in match.groupdict().items()}
        return None


class Desk(Protocol):
    """Whoever answers what a wire receives."""

    def hangs_up(self, head: Ask) -> bool:
        """Whether to close the connection before the body is read."""

    def answer(self, ask: Ask) -> Answer:
        """The answer to a request."""


class Wire:
    """A server on 127.0.0.1 with a port of its own. Its Date header tells the sandbox's time."""

    def __init__(self, desk: Desk, clock: SandboxClock, port: int = 0) -> None:
        handler = type("Handler", (_Handler,), {"desk": desk, "clock": clock})
        self._server = _Server(("127.0.0.1", port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def origin(self) -> str:
        return f"http://{self.address}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and end the open connections."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.hang_up_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up_all(self) -> None:
        with self._open_lock:
            connections = list(self._open)
        for connection in connections:
            _hang_up(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was quicker


class _Handler(BaseHTTPRequestHandler):
    desk: Desk
    clock: SandboxClock
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 120

    def handle_request(self) -> None:
        head = self._head()
        if self.desk.hangs_up(head):
            return self._end()
        body = self._body()
        if body is None:
            return
        self._send(self.desk.answer(Ask(head.method, head.target, head.query, head.headers, body)))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_request

    def _head(self) -> Ask:
        target, _, query = self.path.partition("?")
        headers = {name.lower(): text for name, text in self.headers.items()}
        return Ask(self.command, target, dict(parse_qsl(query, keep_blank_values=True)), headers)

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not length.isdigit() or int(length) > LARGEST_BODY_BYTES:
            self.close_connection = True
            self._send(json_answer(413, {"code": 413, "message": "Send a body of known, moderate length."}))
            return None
        return self.rfile.read(int(length))

    def _send(self, answer: Answer) -> None:
        if answer.lost:
            return self._end()
        self.send_response(answer.status)
        for name, text in answer.headers.items():
            self.send_header(name, text)
        if answer.status != 204:
            self.send_header("Content-Length", str(answer.size_bytes))
        self.end_headers()
        if self.command != "HEAD":
            for chunk in answer.chunks():
                self.wfile.write(chunk)
        if answer.cut_after is not None:
            self._stall(answer.stall_s)
            self._end()

    def _stall(self, seconds: float) -> None:
        """Say nothing more for so long, or until the other side or the server's stop ends the connection."""
        if seconds > 0:
            self.connection.settimeout(seconds)
            with contextlib.suppress(OSError):
                self.connection.recv(1)

    def _end(self) -> None:
        self.close_connection = True
        _hang_up(self.connection)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(self.clock.now(), usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the sandbox keeps its own list of calls, with secrets cut."""
