"""The bytes of one object on their way to a reader: nobody gets the last of them where they are not the bag's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from zoomguard.application import incidents
from zoomguard.application.ports import Vault
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import IntegrityFailed, OutsideFailed
from zoomguard.domain.incidents import IncidentKind
from zoomguard.tables.database import Transaction
from zoomguard.tables.recordings import Recording


@contextmanager
def from_bucket(
    vault: Vault, key: str, version_id: str, start: int, stop: int, gone: Callable[[], None]
) -> Iterator[Iterator[bytes]]:
    """The bytes of a version as a slice; where there is none, after `gone()`, IntegrityFailed OBJECT_MISSING."""
    try:
        with vault.read(key, version_id, start, stop) as chunks:
            yield chunks
    except OutsideFailed as error:
        # The bucket itself may be what was not found: head tells, and is an error of S3's then.
        if error.code != "S3_NOT_FOUND" or vault.head(key, version_id) is not None:
            raise
        gone()
        raise IntegrityFailed(
            "The archived version is not in the bucket.", "Tell the operator.", code="OBJECT_MISSING"
        ) from None


class Checked:
    """Chunks that are counted as they are given, and judged before the last one is.

    `length` is how many bytes the bag says there are, `sha256` (lower-case hex) what they are: for a reading of the
    whole object. "" where only a range is read, which nothing in the bag describes: there its length is all that can
    be judged here, and the reader's own SHA-256 over the whole decides (cli/fetch.py).

    IntegrityFailed OBJECT_DIFFERS in the place of the last chunk. Hashing is the dearest thing that the service does
    with a byte: about 0.6 CPU s/GB where the processor knows SHA-256 (scripts/bench fetch).
    """

    def __init__(self, chunks: Iterator[bytes], length: int, sha256: str) -> None:
        self.given, self.differs = 0, False
        self._chunks, self._length, self._sha256 = chunks, length, sha256
        self._hash = hashlib.sha256()

    def __iter__(self) -> Checked:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks, b"")
        if self._sha256:
            self._hash.update(chunk)
        if self._is_wrong(chunk):
            self.differs = True
            raise IntegrityFailed(
                "What stands in the bucket is not what the bag says.", "Tell the operator.", code="OBJECT_DIFFERS"
            )
        if not chunk:
            raise StopIteration
        self.given += len(chunk)
        return chunk

    def _is_wrong(self, chunk: bytes) -> bool:
        """Whether with this chunk (b"": the end) it is too long, too short, or another object altogether."""
        seen = self.given + len(chunk)
        if seen > self._length or (not chunk and seen < self._length):
            return True
        return seen == self._length and self._sha256 not in ("", self._hash.hexdigest())


def open_wrong(
    tx: Transaction, kind: IncidentKind, recording: Recording, key: str, version_id: str, now: datetime
) -> Event | None:
    """Opens the incident that reading the bags again would open (archive_verify): the same object gives one."""
    return incidents.open_(
        tx,
        kind,
        f"{key}@{version_id}",
        now,
        session_id=recording.session_id,
        recording_id=recording.id,
        detail={"key": key, "version": version_id},
    )
