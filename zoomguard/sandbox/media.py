"""The recording files of a make-believe lesson: real and small, and the film as large as a test wants it."""

import hashlib
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

Kind = Literal["MP4", "M4A", "TRANSCRIPT", "CHAT"]

BOX_HEADER_BYTES = 8
LARGEST_SMALL_BOX_BYTES = 2**32 - 1
BLOCK_BYTES = 65536
DIGEST_STEP_BYTES = 1 << 20


@dataclass(frozen=True)
class Medium:
    """One recording file: `kind` and `extension` in Zoom's words (file_type, file_extension).

    `head` are its true bytes; what `size_bytes` has beyond them is filler, made when it is read.
    """

    kind: Kind
    extension: str
    content_type: str
    size_bytes: int
    head: bytes = field(repr=False)

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` up to, not including, `stop`, cut at the end of the file."""
        if start < 0 or stop < start:
            raise ValueError("a range starts at 0 or later and ends at its start or later")
        stop = min(stop, self.size_bytes)
        start_of_filler = max(start, len(self.head)) - len(self.head)
        return self.head[start:stop] + _filler(start_of_filler, stop - len(self.head))

    def sha256(self) -> str:
        """SHA-256 of the whole file, lower-case hex; computed once for each size."""
        return _sha256(self)


def media(size_bytes: int | None = None) -> tuple[Medium, ...]:
    """The film, the sound, the transcript and the chat of one lesson.

    `size_bytes` is the film's size: a trailing `free` box (ISO/IEC 14496-12, 8.1.2) fills it up.
    ValueError where it is smaller than the film, or too near to it for a box to fit between.
    """
    return (
        _film(size_bytes),
        _whole("M4A", "M4A", "audio/mp4", _asset("lesson.m4a")),
        _whole("TRANSCRIPT", "VTT", "text/vtt", _asset("lesson.vtt")),
        _whole("CHAT", "TXT", "text/plain", _asset("lesson.txt")),
    )


def _film(size_bytes: int | None) -> Medium:
    body = _asset("lesson.mp4")
    if size_bytes is None or size_bytes == len(body):
        return _whole("MP4", "MP4", "video/mp4", body)
    head = body + _free_box_header(size_bytes - len(body))
    return Medium("MP4", "MP4", "video/mp4", size_bytes, head)


def _whole(kind: Kind, extension: str, content_type: str, body: bytes) -> Medium:
    return Medium(kind, extension, content_type, len(body), body)


@cache
def _asset(name: str) -> bytes:
    return files(__package__).joinpath("assets", name).read_bytes()


def _free_box_header(box_bytes: int) -> bytes:
    if box_bytes < BOX_HEADER_BYTES:
        smallest = len(_asset("lesson.mp4"))
        raise ValueError(f"the film has {smallest} bytes, or {smallest + BOX_HEADER_BYTES} and more")
    if box_bytes <= LARGEST_SMALL_BOX_BYTES:
        return box_bytes.to_bytes(4, "big") + b"free"
    return (1).to_bytes(4, "big") + b"free" + box_bytes.to_bytes(8, "big")


def _filler(start: int, stop: int) -> bytes:
    # Every block is numbered, so that a copy resumed at a wrong place has another hash.
    if stop <= start:
        return b""
    first, last = start // BLOCK_BYTES, (stop - 1) // BLOCK_BYTES
    blocks = b"".join(index.to_bytes(8, "big") + _pattern() for index in range(first, last + 1))
    offset = first * BLOCK_BYTES
    return blocks[start - offset : stop - offset]


@cache
def _pattern() -> bytes:
    return hashlib.shake_256(b"filler of a make-believe film").digest(BLOCK_BYTES - 8)


@lru_cache(maxsize=32)
def _sha256(medium: Medium) -> str:
    digest = hashlib.sha256()
    for start in range(0, medium.size_bytes, DIGEST_STEP_BYTES):
        digest.update(medium.read(start, start + DIGEST_STEP_BYTES))
    return digest.hexdigest()
