"""One recording on its way into the archive: listed anew, copied file by file, sealed."""

from __future__ import annotations

from zoomguard.application import work
from zoomguard.application.archive_bag import Sealer
from zoomguard.application.archive_copy import Copier, TakenOver
from zoomguard.application.archive_files import AT_ZOOM, MISSING_AFTER, NOT_LISTED, give_up, note_files, tell_of_changes
from zoomguard.application.archive_index import must_be_whole
from zoomguard.application.archive_parts import ARCHIVE, ArchiveParts
from zoomguard.application.crash import crash_point
from zoomguard.application.ports import Progress
from zoomguard.domain.archive import ArchiveTally
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import IntegrityFailed, NotThere, OutsideFailed, Throttled, ZoomguardError
from zoomguard.domain.people import SERVICE
from zoomguard.domain.recordings import FileState, ListedFile, ListedRecording, RecordingState
from zoomguard.tables import recordings as table
from zoomguard.tables.recordings import Bag, Recording, RecordingFile

# What a fresh list may put right at once: Zoom went on working on the file, or its link or token has ended.
STALE = frozenset(
    {
        "SIZE_MISMATCH",
        "CONTENT_CHANGED",
        "ZOOM_FILE_GONE",
        "ZOOM_DOWNLOAD_REFUSED",
        "HTML_INSTEAD_OF_MEDIA",
        "NOT_MEDIA",
    }
)


def silent(label: str, done: int, total: int | None) -> None:
    """Progress that nobody watches."""


class OneRecording:
    """Takes a claimed recording as far as it goes."""

    def __init__(
        self,
        parts: ArchiveParts,
        recording_id: str,
        tally: ArchiveTally,
        progress: Progress = silent,
        *,
        again: bool = False,
    ) -> None:
        self.parts, self.id, self.tally, self.again = parts, recording_id, tally, again
        self.copier = Copier(parts, progress)
        self.listed: ListedRecording | None = None

    def archive(self) -> bool:
        """Copies all files, gives up what Zoom has not served for a day, seals; says whether nothing is left to do.

        The first failure is raised once every file was tried, integrity before the rest. TakenOver. Conflict
        INDEX_UNFINISHED: its next bags may not be on record yet.
        """
        must_be_whole(self.parts)
        self._list()
        failed = self._copy_files()
        self._give_up()
        done = self._seal()
        if failed is not None and not done:
            raise failed
        return done

    def _list(self) -> None:
        with self.parts.database.reading() as tx:
            recording = tx.get(Recording, self.id)
            if recording is None:
                raise NotThere("There is no such recording.", "")
        self.listed = self.parts.recordings.of_meeting(recording.uuid)
        if self.listed is not None:
            self._note_files(self.listed)

    def _note_files(self, listed: ListedRecording) -> None:
        with self.parts.database.deciding() as tx:
            row = tx.hold(Recording, self.id)
            noted = note_files(tx, self.parts, row, listed, again=self.again)
            # One that is archived stays so: another run may have finished it, or only a transcript is awaited.
            if row.state is RecordingState.AVAILABLE or noted.anything:
                if row.state is RecordingState.AVAILABLE or noted.to_copy:
                    row.state = RecordingState.COPYING
                payload = {"files_added": noted.to_copy}
                archiving = Event("recording.archiving", "recording", self.id, SERVICE.id, payload)
                tx.commit(audit=(archiving, *noted.events))
        crash_point("archive.listed")

    # Files ----------------------------------------------------------------------------------------------------

    def _copy_files(self) -> ZoomguardError | None:
        """Each file as far as it goes; gives the first failure, integrity before the rest."""
        with self.parts.database.reading() as tx:
            recording = tx.need(Recording, self.id)
            files = [f for f in table.files(tx, self.id) if f.key is not None]
            bags = {f.bag_number: tx.need(Bag, (self.id, f.bag_number)) for f in files}
        failures: list[ZoomguardError] = []
        for file in files:
            try:
                copied = self._copy(recording, bags[file.bag_number], file)
            except Throttled:
                raise
            except (OutsideFailed, IntegrityFailed) as error:
                self._note_failure(file, error.code)
                failures.append(error)
            else:
                self.tally.copied += bool(copied)
                self.tally.copied_bytes += copied
        return min(failures, key=lambda e: not isinstance(e, IntegrityFailed), default=None)

    def _copy(self, recording: Recording, into: Bag, file: RecordingFile) -> int:
        try:
            return self.copier.copy(recording, into, file, self._at_zoom(file))
        except OutsideFailed as error:
            if error.code not in STALE:
                raise
        self.listed = self.parts.recordings.of_meeting(recording.uuid)
        return self.copier.copy(recording, into, file, self._at_zoom(file))

    def _at_zoom(self, file: RecordingFile) -> ListedFile | None:
        key = table.zoom_key(file)
        return next((f for f in self.listed.files if f.key == key), None) if self.listed else None

    def _note_failure(self, file: RecordingFile, code: str) -> None:
        with self.parts.database.deciding() as tx:
            row = tx.hold(RecordingFile, file.id)
            if row.version != file.version:
                raise TakenOver
            row.last_error_code = code
            row.failing_since_at = (row.failing_since_at or self.parts.clock.now()) if code in AT_ZOOM else None
            payload = {"recording": file.recording_id, "code": code}
            tx.commit(audit=Event("recording.copy_failed", "recording_file", file.id, SERVICE.id, payload))
        crash_point("archive.failure_noted")

    # The end --------------------------------------------------------------------------------------------------

    def _give_up(self) -> None:
        with self.parts.database.deciding() as tx:
            tx.hold(Recording, self.id)
            self._note_vanished(table.files(tx, self.id))
            events = give_up(tx, self.parts, self.id) + tell_of_changes(tx, self.parts, self.id)
            if events:
                tx.commit(audit=tuple(events))
        if events:
            crash_point("archive.given_up")

    def _note_vanished(self, files: list[RecordingFile]) -> None:
        """A file that was announced and is listed no more will not come."""
        listed = {f.key for f in self.listed.files} if self.listed else set()
        for file in files:
            if file.state is FileState.EXPECTED and table.zoom_key(file) not in listed:
                file.last_error_code = NOT_LISTED

    def _seal(self) -> bool:
        """Seals every bag whose files are all verified, unless Zoom is still at work, at the latest after a day."""
        with self.parts.database.reading() as tx:
            recording = tx.need(Recording, self.id)
            unsealed = [b.number for b in table.waiting_bags(tx, self.id)]
        waiting = self.listed is not None and self.listed.processing
        overdue = self.parts.clock.now() > recording.first_seen_at + MISSING_AFTER
        if not waiting or overdue:
            sealer = Sealer(self.parts)
            self.tally.sealed += sum(sealer.seal(self.id, number) for number in unsealed)
        return self._is_done()

    def _is_done(self) -> bool:
        """Nothing is left: all is archived and nothing more announced; then the duty ends."""
        with self.parts.database.deciding() as tx:
            recording = tx.need(Recording, self.id)
            announced = any(f.state is FileState.EXPECTED for f in table.files(tx, self.id))
            done = recording.state is RecordingState.ARCHIVED and not announced
            if done:
                work.finish(tx, ARCHIVE, self.id, self.parts.clock.now())
                tx.commit()
        if done:
            crash_point("archive.finished")
        return done
