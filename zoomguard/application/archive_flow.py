"""The flow of one file from Zoom to S3: one buffer of a part's size, nothing on disk, checksums on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from zoomguard.application.archive_parts import ArchiveParts, lock_for_kind
from zoomguard.application.crash import crash_point
from zoomguard.application.ports import Checksum, Download, Progress, Upload
from zoomguard.domain.errors import Conflict, OutcomeUnknown, OutsideFailed, Throttled
from zoomguard.domain.recordings import ListedFile, kind_of, looks_like
from zoomguard.tables.recordings import Bag, Recording, RecordingFile

PART_BYTES = 16 * 1024 * 1024
SLICE_BYTES = 256 * 1024
RESUMES = 4
# Zoom's size of small text files is known to disagree with the bytes it serves, for good: such a file is taken at
# the third try, with both sizes on record. Of media the size counts.
SIZE_COUNTS = frozenset({"MP4", "M4A"})
TAKE_TEXT_AT = 3


@dataclass(frozen=True)
class Copied:
    """What a copy is known by: its version, and the bytes' size and checksums."""

    version_id: str
    size: int
    sha256: str
    crc64nvme: str


class Flow:
    """One pass of a file's bytes from Zoom to S3: one buffer of a part's size, and nothing on disk."""

    def __init__(
        self,
        parts: ArchiveParts,
        recording: Recording,
        into: Bag,
        file: RecordingFile,
        listed: ListedFile,
        progress: Progress,
    ) -> None:
        self.parts, self.file, self.listed, self.progress = parts, file, listed, progress
        self.kind = kind_of(file.type)
        self.lock = lock_for_kind(recording, into, self.kind, file.id)
        self._begin_again()

    def _begin_again(self) -> None:
        self.upload: Upload | None = None
        self.number = 0
        self.digest, self.whole = hashlib.sha256(), self.parts.vault.checksum()
        self.size, self.total = 0, self.listed.size

    def run(self) -> Copied:
        """Reads part by part; a file that fits in one part is put at once."""
        buffer = memoryview(bytearray(PART_BYTES))
        pending: memoryview | None = None
        for part in self._parts(buffer):
            if pending is None and self.upload is None and len(part) < PART_BYTES:
                pending = part
                break
            self._send(part)
        self._check_size()
        version = self._complete(self.upload) if self.upload else self._put(bytes(pending or b""))
        return Copied(version, self.size, self.digest.hexdigest(), self.whole.text())

    def give_up(self) -> None:
        """Leaves no unfinished upload behind."""
        if self.upload is not None:
            self.upload.abort()

    def _parts(self, buffer: memoryview) -> Iterator[memoryview]:
        """Full parts and the last one, each in the same buffer; a cut is resumed where it happened, or all of the
        file is read again where Zoom does not go on there."""
        filled, resumes = 0, 0
        while True:
            try:
                with self.parts.recordings.open(self.listed.download_url, self.size) as download:
                    if not self._goes_on(download):
                        filled = 0
                    while count := self._fill(download, buffer, filled):
                        filled += count
                        if filled == len(buffer):
                            yield buffer
                            filled = 0
                    self._check_whole(download)
                break
            except Throttled:
                raise
            except OutsideFailed as error:
                resumes += 1
                if error.permanent or resumes > RESUMES or self.size == 0:
                    raise
        if filled or self.number == 0:
            yield buffer[:filled]

    def _fill(self, download: Download, buffer: memoryview, filled: int) -> int:
        count = download.read_into(buffer[filled : min(filled + SLICE_BYTES, len(buffer))])
        piece = buffer[filled : filled + count]
        if self.size == 0 and count:
            self._check_head(bytes(piece[:256]))
        self.digest.update(piece)
        self.whole.update(piece)
        self.size += count
        self.progress(self.file.name, self.size, self.total)
        return count

    def _goes_on(self, download: Download) -> bool:
        """Whether the answer goes on after what was read; where it is the whole file, all begins again."""
        if self.size and download.resumed and self.total and download.total_size not in (None, self.total):
            raise OutsideFailed("The file at Zoom changed while it was read.", code="CONTENT_CHANGED", permanent=True)
        goes_on = not self.size or download.resumed
        if not goes_on:
            self.give_up()
            self._begin_again()
        self.total = download.total_size or self.listed.size
        return goes_on

    def _check_head(self, head: bytes) -> None:
        if not looks_like(self.kind, head):
            raise OutsideFailed(
                "Zoom served something else in the place of the recording.", code="NOT_MEDIA", permanent=True
            )

    def _check_whole(self, download: Download) -> None:
        if download.total_size is not None and self.size < download.total_size:
            raise OutsideFailed("The download ended early.", code="TRUNCATED")

    def _check_size(self) -> None:
        """Zoom's own size must agree before anything is completed in the bucket."""
        counts = self.listed.type in SIZE_COUNTS or self.file.attempts < TAKE_TEXT_AT
        if counts and self.listed.size is not None and self.size != self.listed.size:
            raise OutsideFailed(
                "The recording's size is not the one that Zoom lists.", code="SIZE_MISMATCH", permanent=True
            )
        if self.size == 0:
            raise OutsideFailed("Zoom served an empty file.", code="EMPTY_FILE")

    def _send(self, part: memoryview) -> None:
        if self.upload is None:
            self.upload = self.parts.vault.begin(self.file.place, self.lock)
            crash_point("archive.upload_begun")
        self.number += 1
        self.upload.part(self.number, part, _of(self.parts.vault.checksum(), part))
        crash_point("archive.part_sent")

    def _put(self, content: bytes) -> str:
        try:
            return self.parts.vault.put(self.file.place, content, self.lock)
        except Conflict:
            raise OutsideFailed("A copy stands under the key already.", code="KEY_TAKEN") from None
        except OutcomeUnknown:
            return self._version_that_stands()

    def _complete(self, upload: Upload) -> str:
        crc = self.whole.text()
        try:
            version = upload.complete(self.size, crc)
        except OutcomeUnknown:
            version = self._version_that_stands()
        self.upload = None
        return version

    def _version_that_stands(self) -> str:
        """The answer was lost: what stands under the key, or OutsideFailed to be tried again."""
        versions = [v for v in self.parts.vault.versions(self.file.place) if v.key == self.file.place]
        if not versions:
            raise OutsideFailed("S3 did not keep the upload.", code="S3_ANSWER_LOST")
        return versions[0].version_id


def _of(checksum: Checksum, content: memoryview) -> str:
    checksum.update(content)
    return checksum.text()
