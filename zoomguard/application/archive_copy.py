"""Copies one file from Zoom to S3 in constant memory, and proves the copy before it counts.

SHA-256 and CRC64NVME run over the bytes as they flow, and are on record before the copy is kept. A cut is resumed by
Range within this process; after a crash the bucket is looked at first: unfinished uploads are given up, a version that
stands is adopted only after all of it was read again and is what was read at Zoom, and no key is ever written twice.
"""

from __future__ import annotations

import hashlib
from itertools import chain

from zoomguard.application import incidents
from zoomguard.application.archive_flow import Copied, Flow
from zoomguard.application.archive_parts import ArchiveParts
from zoomguard.application.archive_reading import Reading
from zoomguard.application.crash import crash_point
from zoomguard.application.ports import Progress, StoredObject
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import IntegrityFailed, OutsideFailed
from zoomguard.domain.incidents import IncidentKind
from zoomguard.domain.people import SERVICE
from zoomguard.domain.recordings import FileState, ListedFile
from zoomguard.tables.incidents import ARRIVED
from zoomguard.tables.recordings import Bag, Recording, RecordingFile

NOT_THERE = (IncidentKind.FILE_MISSING, IncidentKind.COPY_OVERDUE)


class TakenOver(Exception):
    """This process was held up so long that it lost its claim, and another run is at work on the file, or is done."""


class Copier:
    """Takes one file from available to verified."""

    def __init__(self, parts: ArchiveParts, progress: Progress) -> None:
        self.parts, self.progress = parts, progress

    def copy(self, recording: Recording, into: Bag, file: RecordingFile, listed: ListedFile | None) -> int:
        """Gives the bytes copied now (0 where a copy stood already). OutsideFailed: try again; IntegrityFailed;
        TakenOver."""
        if file.state is FileState.VERIFIED:
            return 0
        fresh = 0
        if file.state is FileState.COPIED:
            # A run ended between the copy and its proof: after that only the bytes themselves prove anything.
            self._must_agree(file)
        else:
            copied = self._adopt(file) if file.state is FileState.COPYING else None
            if copied is None:
                copied = self._stream(recording, into, file, listed)
                fresh = copied.size
            crash_point("archive.completed")
            self._note_copied(file, copied, listed)
            crash_point("archive.copied")
        self._verify(into, file)
        crash_point("archive.verified")
        return fresh

    # What stands already --------------------------------------------------------------------------------------

    def _adopt(self, file: RecordingFile) -> Copied | None:
        """After a crash: gives up unfinished uploads, and takes the version that is what was read at Zoom, byte by
        byte. IntegrityFailed where only others stand there."""
        for unfinished in self.parts.vault.unfinished(file.place):
            if unfinished.key == file.place:
                self.parts.vault.abort(unfinished)
                crash_point("archive.upload_given_up")
        versions = [v for v in self.parts.vault.versions(file.place) if v.key == file.place]
        if not versions:
            return None
        for found in map(self._read_again, versions):
            if found.sha256 == file.sha256:
                return found
        raise _differs()

    def _read_again(self, version: StoredObject) -> Copied:
        digest, checksum, size = hashlib.sha256(), self.parts.vault.checksum(), 0
        with self.parts.vault.read(version.key, version.version_id, 0, None) as chunks:
            for chunk in chunks:
                digest.update(chunk)
                checksum.update(chunk)
                size += len(chunk)
        return Copied(version.version_id, size, digest.hexdigest(), checksum.text())

    def _must_agree(self, file: RecordingFile) -> None:
        stored = self.parts.vault.head(file.place, file.s3_version_id)
        if stored is not None and self._read_again(stored).sha256 != file.sha256:
            raise _differs()

    # Streaming ------------------------------------------------------------------------------------------------

    def _stream(self, recording: Recording, into: Bag, file: RecordingFile, listed: ListedFile | None) -> Copied:
        if listed is None:
            raise OutsideFailed("Zoom does not list the file any more.", code="FILE_NOT_LISTED")
        self._note_copying(file)
        crash_point("archive.copying")

        def intend(reading: Reading) -> None:
            self._note_read(file, reading)

        return Flow(self.parts, recording, into, file, listed, self.progress, intend).run()

    def _note_copying(self, file: RecordingFile) -> None:
        self._change(file, "recording.copy_begun", state=FileState.COPYING, attempts=file.attempts + 1)

    def _note_read(self, file: RecordingFile, reading: Reading) -> None:
        """After a crash this alone tells our copy from another's."""
        proof = {"size": reading.size, "sha256": reading.sha256, "crc64nvme": reading.crc64nvme}
        self._change(file, "recording.file_read", **proof)
        crash_point("archive.read")

    def _note_copied(self, file: RecordingFile, copied: Copied, listed: ListedFile | None) -> None:
        self._change(
            file,
            "recording.file_copied",
            state=FileState.COPIED,
            s3_version_id=copied.version_id,
            size=copied.size,
            sha256=copied.sha256,
            crc64nvme=copied.crc64nvme,
            zoom_size=listed.size if listed else file.zoom_size,
            downloaded_at=self.parts.clock.now(),
        )

    def _change(self, file: RecordingFile, action: str, told: str = "", /, **values: object) -> None:
        """Writes the change to the stored row and to the copy at hand; `told` goes on in the history of its incidents,
        where it was missing or overdue. TakenOver where somebody else wrote there."""
        with self.parts.database.deciding() as tx:
            row = tx.hold(RecordingFile, file.id)
            if row.version != file.version:
                raise TakenOver
            for name, value in values.items():
                setattr(row, name, value)
                setattr(file, name, value)
            changed = Event(action, "recording_file", file.id, SERVICE.id, {"recording": file.recording_id})
            now = self.parts.clock.now()
            late = [incidents.happened(tx, kind, file.id, told, now) for kind in NOT_THERE] if told else []
            tx.commit(audit=(changed, *chain(*late)))
            file.version = row.version

    # Proof ----------------------------------------------------------------------------------------------------

    def _verify(self, into: Bag, file: RecordingFile) -> None:
        """Reads size, checksum and lock back by version id; a lock that a server dropped is put on again."""
        stored = self.parts.vault.head(file.place, file.s3_version_id)
        if stored is None:
            raise IntegrityFailed("A copied file is not in the bucket.", "Ask the operator.", code="VERSION_MISSING")
        if not self._same_bytes(file, stored):
            raise _differs()
        ensure_locked(self.parts, into, stored)
        self._change(
            file,
            "recording.file_verified",
            ARRIVED,
            state=FileState.VERIFIED,
            verified_at=self.parts.clock.now(),
            last_error_code="",
            failing_since_at=None,
        )

    def _same_bytes(self, file: RecordingFile, stored: StoredObject) -> bool:
        if stored.size != file.size:
            return False
        if stored.crc64nvme is not None:
            return stored.crc64nvme == file.crc64nvme
        return self._read_again(stored).sha256 == file.sha256


def _differs() -> IntegrityFailed:
    return IntegrityFailed("A copied file differs from what was read.", "Ask the operator.", code="COPY_DIFFERS")


def ensure_locked(parts: ArchiveParts, into: Bag, stored: StoredObject) -> None:
    """A version is locked until its bag's retain-until; some servers drop the lock of a multipart upload."""
    if _locked(stored, into):
        return
    parts.vault.relock(stored.key, stored.version_id, into.retain_until_at)
    crash_point("archive.relocked")
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
