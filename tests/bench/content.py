"""The bytes of a recording of any length: always the same, not to be compressed, beginning like an MP4."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache

from awscrt.checksums import crc64nvme

# ISO 14496-12: the box `ftyp`, by which a real one is told from a web page.
HEAD = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"
# No divisor of a part's size, so that no two parts are alike.
BLOCK_BYTES = 8 * 1024 * 1024 + 4099
PIECE_BYTES = 1024 * 1024


@cache
def _block() -> memoryview:
    return memoryview(hashlib.shake_128(b"zoomguard bench").digest(BLOCK_BYTES))


def pieces(start: int, stop: int, piece_bytes: int = PIECE_BYTES) -> Iterator[bytes | memoryview]:
    """The bytes from `start` to `stop` (exclusive), in views of at most `piece_bytes`: nothing is copied."""
    if start < min(stop, len(HEAD)):
        yield HEAD[start : min(stop, len(HEAD))]
        start = len(HEAD)
    while start < stop:
        at = start % BLOCK_BYTES
        piece = _block()[at : min(at + piece_bytes, at + stop - start)]
        yield piece
        start += len(piece)


@cache
def sha256_of(size: int) -> str:
    """SHA-256 in hex of the first `size` bytes."""
    digest = hashlib.sha256()
    for piece in pieces(0, size):
        digest.update(piece)
    return digest.hexdigest()


@cache
def crc64nvme_of(size: int) -> str:
    """CRC-64/NVME of the first `size` bytes, in 16 hex digits."""
    crc = 0
    for piece in pieces(0, size):
        crc = crc64nvme(piece, crc)
    return f"{crc:016x}"
