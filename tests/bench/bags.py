"""Any number of sealed bags that lie nowhere: every id, key, version and size follows from a recording's number.

A bag has six objects. The ids ascend with the numbers, so the keys stand in the order S3 lists them in (UTF-8 bytes).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from zoomguard.domain.ids import CROCKFORD
from zoomguard.domain.times import iso

# In S3's order; the size in bytes of each.
FILES = {
    "bag-info.txt": 412,
    "bagit.txt": 55,
    "data/video.mp4": 301_700_000,
    "manifest-sha256.txt": 81,
    "metadata/recording.json": 1480,
    "tagmanifest-sha256.txt": 331,
}
NAMES = tuple(FILES)
FIRST = datetime(2026, 1, 5, 9, tzinfo=UTC)
KEPT_UNTIL = datetime(2027, 12, 31, tzinfo=UTC)
APART = timedelta(minutes=3)


def session_id(number: int) -> str:
    """The session of a recording."""
    return _ulid(number, 1)


def recording_id(number: int) -> str:
    """The recording itself."""
    return _ulid(number, 2)


def starts_at(number: int) -> datetime:
    """When it began; a hundred thousand fit into the year 2026."""
    return FIRST + APART * number


def prefix(number: int) -> str:
    """Where its bag lies."""
    return f"v1/2026/{session_id(number)}/{recording_id(number)}/b001/"


def version_id(key: str) -> str:
    """The one version of an object, of 32 characters as S3's."""
    return f"{sum(key.encode()) % 9973:04d}{key[8:34]}{len(key):02d}"


def size_of(key: str) -> int:
    """Bytes of an object."""
    return FILES[key.partition("/b001/")[2]]


class Keys(Sequence[str]):
    """The keys of all objects of `recordings` bags, in order, made when asked for."""

    def __init__(self, recordings: int) -> None:
        self._recordings = recordings

    def __len__(self) -> int:
        return self._recordings * len(NAMES)

    def __getitem__(self, at: int) -> str:  # type: ignore[override]
        if not 0 <= at < len(self):
            raise IndexError(at)
        number, name = divmod(at, len(NAMES))
        return prefix(number) + NAMES[name]

    def has(self, key: str) -> bool:
        """Whether there is an object of that key."""
        at = bisect_left(self, key)
        return at < len(self) and self[at] == key

    def kept_until(self) -> str:
        """The date of every lock."""
        return iso(KEPT_UNTIL)


def _ulid(number: int, kind: int) -> str:
    value = (int(starts_at(number).timestamp() * 1000) << 80) | (number << 8) | kind
    return "".join(CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5))
