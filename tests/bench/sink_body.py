"""Bodies of S3 requests, read to their end and counted: plain, HTTP-chunked, and in aws-chunked frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO

BUFFER_BYTES = 1024 * 1024


def count(body: BinaryIO, headers: Mapping[str, str]) -> int:
    """Bytes of the object in a request's body; whatever frames it is not counted."""
    framed = "aws-chunked" in headers.get("Content-Encoding", "")
    frames, plain = AwsFrames(), 0
    for piece in _pieces(body, headers):
        if framed:
            frames.take(piece)
        plain += len(piece)
    return frames.content if framed else plain


def _pieces(body: BinaryIO, headers: Mapping[str, str]) -> Iterator[memoryview]:
    """Pieces of a body as RFC 9112 §6-7 delimits it; each is good until the next is asked for."""
    buffer = memoryview(bytearray(BUFFER_BYTES))
    if headers.get("Transfer-Encoding", "").lower() != "chunked":
        yield from _exactly(body, int(headers.get("Content-Length") or 0), buffer)
        return
    while size := int(body.readline().split(b";")[0], 16):
        yield from _exactly(body, size, buffer)
        body.readline()
    while body.readline().strip():
        pass  # trailers


def _exactly(body: BinaryIO, size: int, buffer: memoryview) -> Iterator[memoryview]:
    while size:
        got = body.readinto(buffer[: min(size, len(buffer))])  # type: ignore[attr-defined]
        if not got:
            raise ConnectionError("A body ended early.")
        yield buffer[:got]
        size -= got


class AwsFrames:
    """Counts what is within aws-chunked frames (docs.aws.amazon.com, "Signature calculations ... trailing headers"):
    `hex size[;chunk-signature=...]\\r\\n`, the bytes, `\\r\\n`, and so on to size 0; then trailers."""

    def __init__(self) -> None:
        self.content = 0
        self._left = 0  # of the frame's bytes
        self._line = bytearray()
        self._after, self._ended = False, False  # after a frame's bytes their line end is due

    def take(self, piece: memoryview) -> None:
        """The next bytes, cut anywhere."""
        at = 0
        while at < len(piece) and not self._ended:
            if self._left:
                step = min(self._left, len(piece) - at)
                self.content, self._left, at = self.content + step, self._left - step, at + step
                self._after = not self._left
            else:
                self._line.append(piece[at])
                at += 1
                if self._line.endswith(b"\r\n"):
                    self._end_line()

    def _end_line(self) -> None:
        if not self._after:
            self._left = int(self._line.split(b";")[0], 16)
            self._ended = not self._left
        self._after = False
        self._line.clear()
