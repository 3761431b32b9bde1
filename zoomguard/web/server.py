"""Runs the web application until it is told to stop."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import HANDLED_SIGNALS

from zoomguard.domain.errors import Conflict
from zoomguard.web import log_lines

log = logging.getLogger("zoomguard.web")
GRACE_S = 25
OnStarted = Callable[[str, int], None]


class Server(uvicorn.Server):
    """uvicorn that says when it listens, and returns from a signal so that its caller can clean up."""

    def __init__(self, web: ASGIApp, listening: socket.socket, on_started: OnStarted) -> None:
        super().__init__(
            uvicorn.Config(
                web,
                access_log=False,
                log_config=None,
                lifespan="on",
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_S,
                ws="none",
            )
        )
        # It would print the tokens of doors, and comes back to life with any handler that finds it.
        logging.getLogger("uvicorn.access").disabled = True
        self._listening, self._on_started = listening, on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does; then tells host and port."""
        await super().startup(sockets)
        host, port = self._listening.getsockname()[:2]
        log.info("listening on port %d", port)
        self._on_started(host, port)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn would raise the signal again and end the process before its caller could clean up."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {sig: signal.signal(sig, self.handle_exit) for sig in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for sig, handler in before.items():
                signal.signal(sig, handler)

    def serve_until_stopped(self) -> None:
        """Blocks until a signal comes or `should_exit` is set; what is under way gets 25 s."""
        self.run(sockets=[self._listening])


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; Conflict LISTEN where address or port are not to be had. Port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise Conflict(
            f"Cannot listen on {host} port {port} ({error.strerror}).",
            "Stop what uses it, or set ZOOMGUARD_LISTEN to another address.",
            code="LISTEN",
        ) from None


def serve(web: ASGIApp, host: str, port: int, *, on_started: OnStarted) -> None:
    """Serves until SIGTERM or SIGINT and then returns; `on_started(host, port)` is called once it listens."""
    log_lines.quieten()
    with contextlib.closing(listen(host, port)) as listening:
        Server(web, listening, on_started).serve_until_stopped()
