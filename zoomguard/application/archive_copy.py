"""Copies one file from Zoom to S3 in constant memory, and proves the copy before it counts.

SHA-256 and CRC64NVME run over the bytes as they flow. A cut is resumed by Range within this process; after a crash
the bucket is looked at first: unfinished uploads are given up, a version that stands is adopted only after all of
it was read again, and no key is ever written twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from zoomguard.application.archive_parts import ArchiveParts, lock_for_kind
from zoomguard.application.crash import crash_point
from zoomguard.application.ports import Checksum, Download, Progress, StoredObject, Upload
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import Conflict, IntegrityFailed, OutcomeUnknown, OutsideFailed
from zoomguard.domain.people import SERVICE
from zoomguard.domain.recordings import FileState, ListedFile, kind_of, looks_like
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


class Copier:
    """Takes one file from available to verified."""

    def __init__(self, parts: ArchiveParts, progress: Progress) -> None:
        self.parts, self.progress = parts, progress

    def copy(self, recording: Recording, into: Bag, file: RecordingFile, listed: ListedFile | None) -> int:
        """Gives the bytes copied now (0 where a copy stood already). OutsideFailed: try again; IntegrityFailed."""
        if file.state is FileState.VERIFIED:
            return 0
        fresh = 0
        if file.state in (FileState.AVAILABLE, FileState.COPYING):
            copied = self._adopt(file) if file.state is FileState.COPYING else None
            if copied is None:
                copied = self._stream(recording, into, file, listed)
                fresh = copied.size
            crash_point("archive.completed")
            self._note_copied(file, copied)
            crash_point("archive.copied")
        self._verify(into, file)
        crash_point("archive.verified")
        return fresh

    # What stands already --------------------------------------------------------------------------------------

    def _adopt(self, file: RecordingFile) -> Copied | None:
        """After a crash: gives up unfinished uploads, and takes a version that stands after reading all of it."""
        for unfinished in self.parts.vault.unfinished(file.key):
            self.parts.vault.abort(unfinished)
        versions = [v for v in self.parts.vault.versions(file.key) if v.key == file.key]
        if not versions:
            return None
        return self._read_again(versions[0])

    def _read_again(self, version: StoredObject) -> Copied:
        digest, checksum, size = hashlib.sha256(), self.parts.vault.checksum(), 0
        with self.parts.vault.read(version.key, version.version_id, 0, None) as chunks:
            for chunk in chunks:
                digest.update(chunk)
                checksum.update(chunk)
                size += len(chunk)
        return Copied(version.version_id, size, digest.hexdigest(), checksum.text())

    # Streaming ------------------------------------------------------------------------------------------------

    def _stream(self, recording: Recording, into: Bag, file: RecordingFile, listed: ListedFile | None) -> Copied:
        if listed is None:
            raise OutsideFailed("Zoom does not list the file any more.", code="FILE_NOT_LISTED")
        self._note_copying(file)
        crash_point("archive.copying")
        flow = _Flow(self.parts, recording, into, file, listed, self.progress)
        try:
            return flow.run()
        except BaseException:
            # A kill cannot do this; then the next run gives the upload up.
            with suppress(OutsideFailed):
                flow.give_up()
            raise

    def _note_copying(self, file: RecordingFile) -> None:
        self._change(file, "recording.copy_begun", state=FileState.COPYING, attempts=file.attempts + 1)

    def _note_copied(self, file: RecordingFile, copied: Copied) -> None:
        self._change(
            file,
            "recording.file_copied",
            state=FileState.COPIED,
            s3_version_id=copied.version_id,
            size=copied.size,
            sha256=copied.sha256,
            crc64nvme=copied.crc64nvme,
            downloaded_at=self.parts.clock.now(),
        )

    def _change(self, file: RecordingFile, action: str, **values: object) -> None:
        """Writes the change to the stored row and to the copy at hand."""
        with self.parts.database.deciding() as tx:
            row = tx.lock(RecordingFile, file.id)
            assert row is not None
            for name, value in values.items():
                setattr(row, name, value)
                setattr(file, name, value)
            tx.commit(audit=Event(action, "recording_file", file.id, SERVICE.id, {"recording": file.recording_id}))

    # Proof ----------------------------------------------------------------------------------------------------

    def _verify(self, into: Bag, file: RecordingFile) -> None:
        """Reads size, checksum and lock back by version id; a lock that a server dropped is put on again."""
        stored = self.parts.vault.head(file.key, file.s3_version_id)
        if stored is None:
            raise IntegrityFailed("A copied file is not in the bucket.", "Ask the operator.", code="VERSION_MISSING")
        if not self._same_bytes(file, stored):
            raise IntegrityFailed("A copied file differs from what was read.", "Ask the operator.", code="COPY_DIFFERS")
        ensure_locked(self.parts, into, stored)
        self._change(
            file, "recording.file_verified", state=FileState.VERIFIED, verified_at=self.parts.clock.now(),
            last_error_code="",
        )  # fmt: skip

    def _same_bytes(self, file: RecordingFile, stored: StoredObject) -> bool:
        if stored.size != file.size:
            return False
        if stored.crc64nvme is not None:
            return stored.crc64nvme == file.crc64nvme
        return self._read_again(stored).sha256 == file.sha256


def ensure_locked(parts: ArchiveParts, into: Bag, stored: StoredObject) -> None:
    """A version is locked until its bag's retain-until; some servers drop the lock of a multipart upload."""
    if _locked(stored, into):
        return
    parts.vault.relock(stored.key, stored.version_id, into.retain_until_at)
    again = parts.vault.head(stored.key, stored.version_id)
    if again is None or not _locked(again, into):
        raise IntegrityFailed(
            "A copied file cannot be locked in the bucket.", "Check the bucket's Object Lock.", code="LOCK_MISSING"
        )


def _locked(stored: StoredObject, into: Bag) -> bool:
    return (
        stored.lock_mode in ("GOVERNANCE", "COMPLIANCE")
        and stored.retain_until_at is not None
        and stored.retain_until_at >= into.retain_until_at
    )


class _Flow:
    """One pass of a file's bytes from Zoom to S3: one buffer of a part's size, and nothing on disk."""

    def __init__(
        self, parts: ArchiveParts, recording: Recording, into: Bag, file: RecordingFile, listed: ListedFile,
        progress: Progress,
    ) -> None:  # fmt: skip
        self.parts, self.file, self.listed, self.progress = parts, file, listed, progress
        self.kind = kind_of(file.type)
        self.lock = lock_for_kind(recording, into, self.kind, file.id)
        self.upload: Upload | None = None
        self.number = 0
        self._begin_again()

    def _begin_again(self) -> None:
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
        if self.upload is None:
            version = self._put(bytes(pending) if pending is not None else b"")
        else:
            version = self._complete()
        return Copied(version, self.size, self.digest.hexdigest(), self.whole.text())

    def give_up(self) -> None:
        """Leaves no unfinished upload behind."""
        if self.upload is not None:
            self.upload.abort()

    def _parts(self, buffer: memoryview) -> Iterator[memoryview]:
        """Full parts and the last one, each in the same buffer; a cut is resumed where it happened."""
        filled, resumes = 0, 0
        while True:
            try:
                with self.parts.recordings.open(self.listed.download_url, self.size) as download:
                    self._check_opening(download)
                    while count := self._fill(download, buffer, filled):
                        filled += count
                        if filled == len(buffer):
                            yield buffer
                            filled = 0
                    self._check_whole(download)
                break
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

    def _check_opening(self, download: Download) -> None:
        if self.size and not download.resumed:
            raise OutsideFailed(
                "Zoom does not go on where the download was cut.", code="NO_RESUME", permanent=True
            )
        self.total = download.total_size or self.listed.size

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
            self.upload = self.parts.vault.begin(self.file.key, self.lock)
            crash_point("archive.upload_begun")
        self.number += 1
        self.upload.part(self.number, part, _of(self.parts.vault.checksum(), part))
        crash_point("archive.part_sent")

    def _put(self, content: bytes) -> str:
        try:
            return self.parts.vault.put(self.file.key, content, self.lock)
        except Conflict:
            raise OutsideFailed("A copy stands under the key already.", code="KEY_TAKEN") from None
        except OutcomeUnknown:
            return self._version_that_stands()

    def _complete(self) -> str:
        assert self.upload is not None
        upload, crc = self.upload, self.whole.text()
        try:
            version = upload.complete(self.size, crc)
        except OutcomeUnknown:
            version = self._version_that_stands()
        self.upload = None
        return version

    def _version_that_stands(self) -> str:
        """The answer was lost: what stands under the key, or OutsideFailed to be tried again."""
        versions = [v for v in self.parts.vault.versions(self.file.key) if v.key == self.file.key]
        if not versions:
            raise OutsideFailed("S3 did not keep the upload.", code="S3_ANSWER_LOST")
        return versions[0].version_id


def _of(checksum: Checksum, content: memoryview) -> str:
    checksum.update(content)
    return checksum.text()
