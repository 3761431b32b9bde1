"""Zoom's place: one file of any length under /files/BYTES.mp4, and the token service under /oauth/token."""

from __future__ import annotations

import json
import re

from tests.bench.content import pieces
from tests.bench.serving import Handler, serve

FILE = re.compile(r"/files/(\d+)\.mp4")
RANGE = re.compile(r"bytes=(\d+)-(\d*)")
TOKEN = {"access_token": "bench", "token_type": "bearer", "expires_in": 3600, "scope": "cloud_recording:read"}


class Source(Handler):
    """Range is honoured; every bearer is taken, and none is asked for: curl has none."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer(200, json.dumps(TOKEN).encode(), {"Content-Type": "application/json"})

    def do_GET(self) -> None:
        file = FILE.fullmatch(self.path)
        if file is None:
            return self.answer(404)
        size = int(file[1])
        start, stop, status, headers = _wanted(self.headers.get("Range", ""), size)
        if start >= size:
            return self.answer(416, headers={"Content-Range": f"bytes */{size}"})
        kind = {"Content-Type": "video/mp4", "Accept-Ranges": "bytes", "Content-Length": str(stop - start)}
        self.answer(status, headers=kind | headers)
        if self.command == "GET":
            for piece in pieces(start, stop):
                self.wfile.write(piece)

    do_HEAD = do_GET


def _wanted(text: str, size: int) -> tuple[int, int, int, dict[str, str]]:
    """First byte, end (exclusive), status and headers of the answer."""
    found = RANGE.fullmatch(text)
    if found is None:
        return 0, size, 200, {}
    start, stop = int(found[1]), min(int(found[2]) + 1, size) if found[2] else size
    return start, stop, 206, {"Content-Range": f"bytes {start}-{stop - 1}/{size}"}


if __name__ == "__main__":
    serve(Source)
