"""One range of bytes (RFC 9110, section 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

RANGE = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*")


class NotSatisfiable(Exception):
    """No such bytes: 416."""


@dataclass(frozen=True)
class Span:
    """Bytes from `start` up to `stop` (exclusive) of `size`; `partial` where a range asked for them."""

    start: int
    stop: int
    size: int
    partial: bool = False

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.stop - self.start

    @property
    def content_range(self) -> str:
        """The Content-Range of a 206."""
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"


def span_of(asked: list[str], size: int) -> Span:
    """What the Range headers of a request ask for; NotSatisfiable for several ranges and for none that exists.

    A unit that is not bytes is ignored, as the RFC says.
    """
    if not asked:
        return Span(0, size, size)
    if len(asked) > 1:
        raise NotSatisfiable
    if not asked[0].lower().startswith("bytes="):
        return Span(0, size, size)
    match = RANGE.fullmatch("bytes=" + asked[0][6:])
    if match is None or match[1] == match[2] == "":
        raise NotSatisfiable
    return _checked(match[1], match[2], size)


def _checked(first: str, last: str, size: int) -> Span:
    if not first:
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    if start >= stop or (first and last and int(last) < int(first)):
        raise NotSatisfiable
    return Span(start, stop, size, partial=True)
