"""A proxy before S3 that notes what is asked, and loses answers: S3 acts, and nobody hears of it."""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from tests.adapters.wire import Accepting

REQUEST = re.compile(rb"(GET|HEAD|PUT|POST|DELETE) (\S+) HTTP/1\.1\r\n")
COMPLETE, BEGIN, PART = r"POST .*\?uploadId=.*", r"POST .*\?uploads.*", r"PUT .*partNumber=.*"


class S3Proxy:
    """`lose(pattern, ...)` cuts the connection instead of the next answer to a request that fits a pattern, once for
    each pattern; `lose_all(pattern)` does so every time. `most_bytes_per_s` slows what goes up."""

    def __init__(self, upstream_port: int) -> None:
        self.upstream_port = upstream_port
        self.asked: list[str] = []
        self.lost: list[str] = []
        self._losing: list[str] = []
        self._losing_all = ""
        self.most_bytes_per_s: float | None = None
        self._server = Accepting(self._talk)
        self.url = f"http://127.0.0.1:{self._server.port}"

    def lose(self, *patterns: str) -> None:
        self._losing = list(patterns)

    def lose_all(self, pattern: str) -> None:
        self._losing_all = pattern

    def close(self) -> None:
        self._server.close()

    def _talk(self, client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self.upstream_port)) as upstream:
            said = [""]
            threading.Thread(target=self._pour, args=(client, upstream, said), daemon=True).start()
            while answer := upstream.recv(65536):
                if not answer.startswith(b"HTTP/1.1 100 ") and self._takes(said[0]):
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(answer)

    def _takes(self, asked: str) -> bool:
        found = next((p for p in self._losing if re.fullmatch(p, asked)), None)
        if found is not None:
            self._losing.remove(found)
            self.lost.append(asked)
        return found is not None or re.fullmatch(self._losing_all, asked) is not None

    def _pour(self, client: socket.socket, upstream: socket.socket, said: list[str]) -> None:
        try:
            while content := client.recv(1 << 16):
                # boto3 sends the head of each request on its own.
                if head := REQUEST.match(content):
                    said[0] = f"{head[1].decode()} {head[2].decode()}"
                    self.asked.append(said[0])
                if self.most_bytes_per_s is not None:
                    time.sleep(len(content) / self.most_bytes_per_s)
                upstream.sendall(content)
            upstream.shutdown(socket.SHUT_WR)
        except OSError:
            return


@contextmanager
def proxied_moto() -> Iterator[S3Proxy]:
    """moto behind a proxy; it has the same buckets as the moto of a sandbox in this process."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    proxy = S3Proxy(server.get_host_and_port()[1])
    try:
        yield proxy
    finally:
        proxy.close()
        server.stop()
