"""Receives what the sandbox's Zoom tells a subscriber."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class WebhookCatcher:
    """A receiver on loopback; `answers` are the statuses of its next answers, then 200 for ever."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.secret = ""
        catcher = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = catcher.take(dict(self.headers), body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/webhooks/zoom"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        document = json.loads(body)
        if document["event"] == "endpoint.url_validation":
            token = document["payload"]["plainToken"]
            word = hmac.new(self.secret.encode(), token.encode(), hashlib.sha256).hexdigest()
            return 200, json.dumps({"plainToken": token, "encryptedToken": word}).encode()
        self.received.append((headers, body))
        return (self.answers.pop(0) if self.answers else 200), b""

    @property
    def events(self) -> list[Any]:
        return [json.loads(body) for _, body in self.received]

    @property
    def names(self) -> list[str]:
        return [one["event"] for one in self.events]

    def of(self, name: str) -> list[Any]:
        """The objects of all events of one name."""
        return [one["payload"]["object"] for one in self.events if one["event"] == name]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def until(true: Callable[[], bool]) -> bool:
    """Whether it comes true within half a minute."""
    stop_s = time.monotonic() + 30
    while not true() and time.monotonic() < stop_s:
        time.sleep(0.01)
    return true()
