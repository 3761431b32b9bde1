"""S3's GET and nothing else, out of a folder: lean, and obedient to whoever wants to see what bad answers do.

    python -m tests.servers.plain_s3 FOLDER      prints its address and serves until it is killed

A version lies at FOLDER/bucket/key/version-id. What else is asked is answered with 501.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass
class PlainS3:
    """Serves `folder`. `cut_at` cuts the next answer at this place of its object, once; `hold_at` keeps every answer
    waiting there until `go_on` is set; `asked` are the Range headers ("" for none)."""

    folder: Path
    url: str = ""
    cut_at: int | None = None
    hold_at: int | None = None
    go_on: threading.Event = field(default_factory=threading.Event)
    held: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    asked: list[str] = field(default_factory=list)

    def place(self, bucket: str, key: str, version_id: str) -> Path:
        """Where a version lies."""
        return self.folder / bucket / key / version_id

    def takes_until(self, start: int, stop: int) -> int:
        """Up to where the answer goes before it is cut."""
        if self.cut_at is None or not start <= self.cut_at < stop:
            return stop
        cut_at, self.cut_at = self.cut_at, None
        return cut_at


def keep(s3: Any, bucket: str, folder: Path, prefix: str = "v1/") -> None:
    """Copies every version under the prefix out of a bucket (a boto3 client's) into the folder."""
    for version in s3.list_object_versions(Bucket=bucket, Prefix=prefix)["Versions"]:
        named = {"Key": version["Key"], "VersionId": version["VersionId"]}
        place = PlainS3(folder).place(bucket, *named.values())
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as file:
            for chunk in s3.get_object(Bucket=bucket, **named)["Body"].iter_chunks(1 << 20):
                file.write(chunk)


@contextmanager
def serving(folder: Path) -> Iterator[PlainS3]:
    """Serves a folder in threads of this process."""
    plain = PlainS3(folder)
    server = _server(plain)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield plain
    finally:
        plain.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _server(plain: PlainS3) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            place = plain.folder / unquote(parts.path).lstrip("/") / parse_qs(parts.query).get("versionId", ["-"])[0]
            if not place.is_file():
                self._nothing(501 if "versionId" not in parts.query else 404)
                return
            plain.asked.append(self.headers.get("Range", ""))
            with place.open("rb") as file, suppress(ConnectionError):
                start, stop = self._begin(place.stat().st_size)
                self._send(file.fileno(), start, stop)

        def _begin(self, size: int) -> tuple[int, int]:
            match = RANGE.fullmatch(self.headers.get("Range", ""))
            start, last = (int(match[1]), match[2]) if match else (0, "")
            stop = min(int(last) + 1, size) if last else size
            self.send_response(206 if match else 200)
            if match:
                self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
            self.send_header("Content-Length", str(stop - start))
            self.end_headers()
            return start, stop

        def _send(self, file: int, start: int, stop: int) -> None:
            until, hold_at = plain.takes_until(start, stop), plain.hold_at
            if hold_at is not None and start <= hold_at < until:
                self._pour(file, start, hold_at)
                plain.held.release()
                plain.go_on.wait()
                start = hold_at
            self._pour(file, start, until)
            self.close_connection = until < stop

        def _pour(self, file: int, start: int, stop: int) -> None:
            while start < stop:
                start += os.sendfile(self.connection.fileno(), file, start, stop - start)

        def _nothing(self, status: int) -> None:
            with suppress(ValueError):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_PUT(self) -> None:
            self._nothing(501)

        do_POST = do_HEAD = do_DELETE = do_PUT

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    plain.url = f"http://127.0.0.1:{server.server_port}"
    return server


if __name__ == "__main__":
    served = PlainS3(Path(sys.argv[1]))
    listening = _server(served)
    print(served.url, flush=True)
    listening.serve_forever()
