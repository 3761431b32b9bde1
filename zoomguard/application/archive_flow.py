"""The flow of one file from Zoom to S3: read, hashed and sent side by side, in two buffers and nothing on disk."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from zoomguard.application.archive_parts import ArchiveParts, lock_for_kind
from zoomguard.application.archive_reading import PART_BYTES, BeginAgain, Part, Reading
from zoomguard.application.crash import crash_point
from zoomguard.application.ports import Lock, Progress, Upload, Vault
from zoomguard.domain.errors import Conflict, OutcomeUnknown, OutsideFailed
from zoomguard.domain.recordings import ListedFile, kind_of
from zoomguard.tables.recordings import Bag, Recording, RecordingFile

BEGINNINGS = 3
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
    """A file's bytes from Zoom to S3, from the beginning again where Zoom cannot resume them. `intend` is told what was
    read before any of it is kept."""

    def __init__(
        self,
        parts: ArchiveParts,
        recording: Recording,
        into: Bag,
        file: RecordingFile,
        listed: ListedFile,
        progress: Progress,
        intend: Callable[[Reading], None],
    ) -> None:
        self.parts, self.file, self.listed, self.progress, self.intend = parts, file, listed, progress, intend
        self.lock = lock_for_kind(recording, into, kind_of(file.type), file.id)

    def run(self) -> Copied:
        """Leaves no unfinished upload behind, whatever happens but a kill."""
        for _ in range(BEGINNINGS):
            sending = Sending(self.parts.vault, self.file.place, self.lock)
            try:
                return self._once(sending)
            except BeginAgain:
                continue
            finally:
                sending.close()
        raise OutsideFailed("Zoom served another file at each try.", code="CONTENT_CHANGED", permanent=True)

    def _once(self, sending: Sending) -> Copied:
        reading = Reading(self.parts, self.listed, self.file.name, self.progress)
        for part in reading.run(sending.free_buffer):
            if len(part.content) < PART_BYTES:
                break
            sending.send(part)
        self._check_size(reading)
        self.intend(reading)
        version = sending.finish(part, reading.size, reading.crc64nvme)
        return Copied(version, reading.size, reading.sha256, reading.crc64nvme)

    def _check_size(self, reading: Reading) -> None:
        """Zoom's own size must agree before anything is completed in the bucket."""
        counts = self.listed.type in SIZE_COUNTS or self.file.attempts < TAKE_TEXT_AT
        if counts and self.listed.size is not None and reading.size != self.listed.size:
            raise OutsideFailed(
                "The recording's size is not the one that Zoom lists.", code="SIZE_MISMATCH", permanent=True
            )
        if reading.size == 0:
            raise OutsideFailed("Zoom served an empty file.", code="EMPTY_FILE")


class Sending:
    """Sends parts in a thread of its own, at most one at a time, while the next is read into the other buffer.

    What fits in one part is put at once. A failed part is raised at the next call.
    """

    def __init__(self, vault: Vault, key: str, lock: Lock) -> None:
        self.vault, self.key, self.lock = vault, key, lock
        self.upload: Upload | None = None
        self.number = 0
        self._buffers: list[memoryview] = []
        self._thread: ThreadPoolExecutor | None = None
        self._on_its_way: Future[None] | None = None

    def free_buffer(self) -> memoryview:
        """The buffer that is not on its way; the second one is made only when the first is."""
        if len(self._buffers) <= self.number % 2:
            self._buffers.append(memoryview(bytearray(PART_BYTES)))
        return self._buffers[self.number % 2]

    def send(self, part: Part) -> None:
        """Waits until the part before is there, and sends this one beside the reading."""
        self._wait()
        if self.upload is None:
            self.upload = self.vault.begin(self.key, self.lock)
            crash_point("archive.upload_begun")
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "upload")
        self.number += 1
        self._on_its_way = self._thread.submit(self._send, self.upload, self.number, part)

    def finish(self, last: Part, size: int, crc64nvme: str) -> str:
        """Sends the rest, if there is one, and completes; gives the version. A lost answer is looked up."""
        if self.upload is None:
            return self._put(bytes(last.content))
        if len(last.content):
            self.send(last)
        self._wait()
        try:
            version = self.upload.complete(size, crc64nvme)
        except OutcomeUnknown:
            version = self._version_that_stands()
        self.upload = None
        return version

    def close(self) -> None:
        """Ends the thread; an upload that is not complete is given up."""
        if self._thread is not None:
            self._thread.shutdown()
        if self.upload is not None:
            _give_up(self.upload)

    def _send(self, upload: Upload, number: int, part: Part) -> None:
        upload.part(number, part.content, part.crc64nvme)
        crash_point("archive.part_sent")

    def _wait(self) -> None:
        if self._on_its_way is not None:
            on_its_way, self._on_its_way = self._on_its_way, None
            on_its_way.result()

    def _put(self, content: bytes) -> str:
        try:
            return self.vault.put(self.key, content, self.lock)
        except Conflict:
            raise OutsideFailed("A copy stands under the key already.", code="KEY_TAKEN") from None
        except OutcomeUnknown:
            return self._version_that_stands()

    def _version_that_stands(self) -> str:
        """The answer was lost: what stands under the key, or OutsideFailed to be tried again."""
        versions = [v for v in self.vault.versions(self.key) if v.key == self.key]
        if not versions:
            raise OutsideFailed("S3 did not keep the upload.", code="S3_ANSWER_LOST")
        return versions[0].version_id


def _give_up(upload: Upload) -> None:
    try:
        upload.abort()
    except OutsideFailed:
        return  # The next run finds it under its key and gives it up.
