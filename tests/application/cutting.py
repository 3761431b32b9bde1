"""A home whose words to Zoom go through a proxy that breaks off within a request, as a bad line does."""

from __future__ import annotations

import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from tests.adapters.wire import Accepting
from tests.house import Home, a_home

CREATE = re.compile(rb"POST /v2/users/[^/]+/meetings HTTP/1\.1\r\n")
RESET = struct.pack("ii", 1, 0)


class BadLine:
    """Once `armed`, the next create is reset on both sides after so many bytes of it have gone through."""

    def __init__(self) -> None:
        self.upstream = ("127.0.0.1", 0)
        self.armed_after_bytes: int | None = None
        self.cut = 0
        self._server = Accepting(self._talk)
        self.url = f"http://127.0.0.1:{self._server.port}/v2"

    def close(self) -> None:
        self._server.close()

    def _talk(self, client: socket.socket) -> None:
        with socket.create_connection(self.upstream) as zoom, suppress(OSError):
            threading.Thread(target=self._pour, args=(client, zoom), daemon=True).start()
            while answer := zoom.recv(1 << 16):
                client.sendall(answer)

    def _pour(self, client: socket.socket, zoom: socket.socket) -> None:
        with suppress(OSError):
            while asked := client.recv(1 << 16):
                if self.armed_after_bytes is not None and CREATE.match(asked):
                    zoom.sendall(asked[: self.armed_after_bytes])
                    self.armed_after_bytes, self.cut = None, self.cut + 1
                    for side in (zoom, client):
                        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                        side.close()
                    return
                zoom.sendall(asked)
            zoom.shutdown(socket.SHUT_WR)


@contextmanager
def a_home_on_a_bad_line(path: Path) -> Iterator[tuple[Home, BadLine]]:
    """A whole installation whose way to Zoom's API leads through the proxy."""
    line = BadLine()
    try:
        with a_home(path, ZOOMGUARD_ZOOM_API_URL=line.url) as home:
            beside = urlsplit(home.sandbox.settings()["ZOOMGUARD_ZOOM_API_URL"])
            line.upstream = (str(beside.hostname), int(beside.port or 0))
            yield home, line
    finally:
        line.close()
