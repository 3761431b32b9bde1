"""The reading side of a copy: one file's bytes from Zoom, resumed where they were cut, hashed as they come."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from zoomguard.application.archive_parts import ArchiveParts
from zoomguard.application.ports import Checksum, Download, Progress
from zoomguard.domain.errors import OutsideFailed, Throttled
from zoomguard.domain.recordings import ListedFile, kind_of, looks_like

PART_BYTES = 16 * 1024 * 1024
SLICE_BYTES = 256 * 1024
RESUMES = 4


class BeginAgain(Exception):
    """Zoom does not go on where it was cut, or has another file there by now: all that was read counts for nothing."""


@dataclass(frozen=True)
class Part:
    """Bytes in a row, with their checksum."""

    content: memoryview
    crc64nvme: str


class Reading:
    """One pass over a file. `size`, `sha256` and `crc64nvme` speak of all that was read; `size_told` is what the
    answer said of the whole, None where it said nothing."""

    def __init__(self, parts: ArchiveParts, listed: ListedFile, label: str, progress: Progress) -> None:
        self.parts, self.listed, self.label, self.progress = parts, listed, label, progress
        self.kind = kind_of(listed.type)
        self.digest, self.whole = hashlib.sha256(), parts.vault.checksum()
        self.size = 0
        self.size_told: int | None = None
        self.etag = ""

    @property
    def sha256(self) -> str:
        """SHA-256 in hex."""
        return self.digest.hexdigest()

    @property
    def crc64nvme(self) -> str:
        """Base64 of the eight bytes, as S3 writes it."""
        return self.whole.text()

    def run(self, free_buffer: Callable[[], memoryview]) -> Iterator[Part]:
        """Full parts and a last one that is shorter, maybe empty. Each part lies in a buffer that was asked for.

        A cut is resumed a few times. BeginAgain where Zoom cannot resume; OutsideFailed.
        """
        filled = _Filled(self.parts.vault.checksum(), free_buffer())
        resumes = 0
        while True:
            try:
                for full in self._pass(filled):
                    yield full
                    filled.begin(self.parts.vault.checksum(), free_buffer())
                break
            except Throttled:
                raise
            except OutsideFailed as error:
                resumes += 1
                if error.permanent or resumes > RESUMES or self.size == 0:
                    raise
        yield filled.part(self.whole)

    def _pass(self, filled: _Filled) -> Iterator[Part]:
        """Reads until the answer ends; gives each part that is full. OutsideFailed where it was cut."""
        with self.parts.recordings.open(self.listed.download_url, self.size, self.etag) as download:
            self._must_go_on(download)
            while count := self._read(download, filled):
                self.size += count
                self.progress(self.label, self.size, self.size_told or self.listed.size)
                if filled.is_full:
                    yield filled.part(self.whole)
            if self.size_told is not None and self.size < self.size_told:
                raise OutsideFailed("The download ended early.", code="TRUNCATED")

    def _must_go_on(self, download: Download) -> None:
        if not self.size:
            self.size_told, self.etag = download.total_size, download.etag
        elif not download.resumed or _another(download, self.size_told, self.etag):
            raise BeginAgain

    def _read(self, download: Download, filled: _Filled) -> int:
        self.parts.pace.wait()
        piece = filled.take(download)
        if self.size == 0 and len(piece):
            self._check_head(bytes(piece[:256]))
        self.digest.update(piece)
        self.parts.pace.used(len(piece))
        return len(piece)

    def _check_head(self, head: bytes) -> None:
        if not looks_like(self.kind, head):
            raise OutsideFailed(
                "Zoom served something else in the place of the recording.", code="NOT_MEDIA", permanent=True
            )


class _Filled:
    """A buffer that fills, and the checksum of what stands in it."""

    def __init__(self, checksum: Checksum, buffer: memoryview) -> None:
        self.begin(checksum, buffer)

    def begin(self, checksum: Checksum, buffer: memoryview) -> None:
        self.checksum, self.buffer, self.count = checksum, buffer, 0

    @property
    def is_full(self) -> bool:
        return self.count == len(self.buffer)

    def take(self, download: Download) -> memoryview:
        """Reads one slice; gives it, empty at the end."""
        end = min(self.count + SLICE_BYTES, len(self.buffer))
        count = download.read_into(self.buffer[self.count : end])
        piece = self.buffer[self.count : self.count + count]
        self.checksum.update(piece)
        self.count += count
        return piece

    def part(self, whole: Checksum) -> Part:
        """What stands in the buffer; the checksum of the whole goes on over it."""
        whole.extend(self.checksum, self.count)
        return Part(self.buffer[: self.count], self.checksum.text())


def _another(download: Download, size: int | None, etag: str) -> bool:
    """Whether a resumed answer is of another file than the one begun: its whole size or its entity tag differs."""
    other_size = None not in (size, download.total_size) and size != download.total_size
    return other_size or bool(etag and download.etag and etag != download.etag)
