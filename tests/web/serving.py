"""The real web application over real HTTP, and short ways to speak to it."""

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import urllib3

from zoomguard.application import Application
from zoomguard.web.app import make_web
from zoomguard.web.server import Server, listen

SECRET, OLD_SECRET, ACCOUNT = "webhook-secret-of-tests", "the-secret-before", "account-of-tests"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
CHALLENGE = b'{"event":"endpoint.url_validation","event_ts":1,"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}'


@dataclass
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.document["error"]["code"])


@dataclass
class Site:
    """A served application. `web` is the FastAPI app within its wrapping."""

    port: int
    web: Any

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def counts(self) -> Any:
        """What came of Zoom's deliveries."""
        return self.web.state.intake.counts

    def ask(
        self, method: str, path: str, body: object = None, token: str = "", headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One request on a connection of its own; a body that is not bytes goes as JSON."""
        said = dict(headers or {})
        if token:
            said["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            body, said["Content-Type"] = json.dumps(body).encode(), "application/json"
        with urllib3.PoolManager(retries=False, timeout=20) as pool:
            answer = pool.request(method, self.url + path, body=cast(Any, body), headers=said, redirect=False)
            return Reply(answer.status, answer.headers, answer.data)

    def deliver(self, body: bytes, **signed: Any) -> Reply:
        """Posts a body as Zoom does."""
        return self.ask("POST", "/webhooks/zoom", body, headers=signed_headers(body, **signed))

    def raw(self, content: bytes, within_s: float = 20) -> bytes:
        """Sends bytes as they are, and gives all that comes until the other side closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=within_s) as connection:
            connection.sendall(content)
            return everything(connection)


def everything(connection: socket.socket) -> bytes:
    """All bytes until the other side closes."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def signed_headers(body: bytes, at: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    """The headers with which Zoom would send this body."""
    timestamp = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"x-zm-request-timestamp": timestamp, "x-zm-signature": f"v0={digest}"}


def event(name: str = "meeting.started", number: int = 91234567890, account: str = ACCOUNT, **more: Any) -> bytes:
    """An event of Zoom's as bytes."""
    told = {"id": str(number), "uuid": "abc/def==", "topic": "MATHS-7B", **more}
    payload = {"account_id": account, "object": told}
    return json.dumps({"event": name, "event_ts": 1_795_424_400_000, "payload": payload}).encode()


@contextmanager
def served(
    application: object, ready: Callable[[], dict[str, str]] = lambda: {"database": "ok"}, **more: Any
) -> Iterator[Site]:
    """Serves an application on a free port until the end of the block."""
    web: Any = make_web(cast(Application, application), ready=ready, **more)
    started = threading.Event()
    with listen("127.0.0.1", 0) as listening:
        server = Server(web, listening, lambda host, port: started.set())
        thread = threading.Thread(target=server.serve_until_stopped)
        thread.start()
        try:
            assert started.wait(20)
            yield Site(listening.getsockname()[1], web.app.app)
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()
