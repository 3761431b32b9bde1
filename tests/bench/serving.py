"""Servers on 127.0.0.1 as processes of their own, so that what they cost is on nobody's account."""

from __future__ import annotations

import argparse
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Handler(BaseHTTPRequestHandler):
    """Keeps connections open, and is silent."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rbufsize = 256 * 1024

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """A whole answer; `headers` may say a Content-Length of their own (for HEAD)."""
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if body and self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""


class Server(ThreadingHTTPServer):
    """A thread for each connection; under TLS each thread shakes hands for itself."""

    request_queue_size = 128
    tls: ssl.SSLContext | None = None

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self.tls is not None:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no error; everything else is told."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def serve(handler: type[Handler], server: type[Server] = Server) -> None:
    """Prints the address and serves until told to end: the main function of a server's module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate", help="PEM with key and certificate; without it plain HTTP")
    chosen, rest = parser.parse_known_args()
    made = server(("127.0.0.1", 0), handler)
    made.options = rest
    if chosen.certificate:
        made.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.tls.load_cert_chain(chosen.certificate)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"{'https' if made.tls else 'http'}://127.0.0.1:{made.server_address[1]}", flush=True)
    made.serve_forever()


@contextmanager
def running(module: str, *options: str) -> Iterator[str]:
    """Starts `python -m module` and gives its address; ends it afterwards."""
    command = [sys.executable, "-m", module, *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            if not address:
                raise RuntimeError(f"{module} did not start.")
            yield address
        finally:
            process.terminate()
