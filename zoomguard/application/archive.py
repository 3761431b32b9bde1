"""The archive: finds recordings, copies them, proves the copies and seals them into bags.

Safe to run twice, at the same time, and beside the service: each recording is claimed by a lock that dies with its
process, and what was done is on record before the next step begins.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from zoomguard.application import work
from zoomguard.application.archive_bag import Sealer
from zoomguard.application.archive_copy import Copier
from zoomguard.application.archive_discovery import Discovery, add_files, expected
from zoomguard.application.archive_parts import ARCHIVE, SEAL_AFTER, ArchiveParts
from zoomguard.application.ports import Progress
from zoomguard.domain.archive import ArchiveTally
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import IntegrityFailed, NotThere, OutsideFailed, Throttled, ZoomguardError
from zoomguard.domain.people import SERVICE
from zoomguard.domain.recordings import ListedRecording, RecordingState
from zoomguard.tables import recordings as table
from zoomguard.tables import sessions as sessions_table
from zoomguard.tables.recordings import Bag, Recording, RecordingFile


def silent(label: str, done: int, total: int | None) -> None:
    """Progress that nobody watches."""


class Archive:
    """The use cases of the archive."""

    def __init__(self, parts: ArchiveParts) -> None:
        self.parts = parts

    def run(self, since: date | None = None, session: str | None = None, progress: Progress = silent) -> ArchiveTally:
        """Discovers, then takes every recording that is not archived as far as it goes."""
        tally, session_id = ArchiveTally(), self._session(session)
        Discovery(self.parts).run(tally, since)
        for recording_id, short_id in self._pending(session_id):
            if not self._one(recording_id, short_id, tally, progress):
                break
        tally.expected, tally.missing = expected(self.parts)
        return tally

    def _session(self, id_or_short: str | None) -> str | None:
        if id_or_short is None:
            return None
        with self.parts.database.reading() as tx:
            wanted = sessions_table.find(tx, id_or_short.upper())
            if wanted is None:
                raise NotThere("There is no such session.", "See: zoomguard sessions list")
            return wanted.id

    def _pending(self, session_id: str | None) -> tuple[tuple[str, str], ...]:
        with self.parts.database.reading() as tx:
            rows = table.unarchived(tx)
            return tuple((r.id, r.short_id) for r in rows if session_id in (None, r.session_id))

    def _one(self, recording_id: str, short_id: str, tally: ArchiveTally, progress: Progress) -> bool:
        """One recording; says whether the run may go on with the next."""
        with self.parts.claims.claim(recording_id) as had:
            if not had:
                tally.elsewhere += 1
                return True
            try:
                self._archive(recording_id, tally, progress)
            except Throttled as error:
                tally.postponed[short_id] = error.code
                return False
            except OutsideFailed as error:
                tally.postponed[short_id] = error.code
            except IntegrityFailed as error:
                tally.wrong[short_id] = error.code
        return True

    # Duties ---------------------------------------------------------------------------------------------------

    def discover(self, _: str = "") -> datetime | None:
        """The duty of finding recordings; comes again by itself."""
        tally = ArchiveTally()
        Discovery(self.parts).run(tally, None)
        return None

    def archive_recording(self, recording_id: str) -> datetime | None:
        """The duty of archiving one recording; gives the moment to look again while Zoom is still at work on it."""
        with self.parts.claims.claim(recording_id) as had:
            if not had:
                return self.parts.clock.now() + timedelta(seconds=30)
            if self._archive(recording_id, ArchiveTally(), silent):
                return None
            return self.parts.clock.now() + timedelta(minutes=5)

    # One recording ----------------------------------------------------------------------------------------------

    def _archive(self, recording_id: str, tally: ArchiveTally, progress: Progress) -> bool:
        """Copies all files, then seals; says whether the recording is archived."""
        recording = self._recording(recording_id)
        listed = self.parts.recordings.of_meeting(recording.uuid)
        if listed is not None:
            self._note_files(recording_id, listed)
        failed = self._copy_files(recording_id, listed, tally, progress)
        if failed is not None:
            raise failed
        return self._seal(recording_id, listed, tally)

    def _recording(self, recording_id: str) -> Recording:
        with self.parts.database.reading() as tx:
            row = tx.get(Recording, recording_id)
            if row is None:
                raise NotThere("There is no such recording.", "")
            return row

    def _note_files(self, recording_id: str, listed: ListedRecording) -> None:
        with self.parts.database.deciding() as tx:
            row = tx.hold(Recording, recording_id)
            added = add_files(tx, self.parts, row, listed)
            # One that is archived stays so: another run may have finished it, or only a transcript is awaited.
            if row.state is RecordingState.AVAILABLE or added:
                row.state = RecordingState.COPYING
                payload = {"files_added": added}
                tx.commit(audit=Event("recording.archiving", "recording", recording_id, SERVICE.id, payload))

    def _copy_files(
        self, recording_id: str, listed: ListedRecording | None, tally: ArchiveTally, progress: Progress
    ) -> ZoomguardError | None:
        """Each file as far as it goes; gives the first failure, integrity before the rest."""
        with self.parts.database.reading() as tx:
            recording = tx.need(Recording, recording_id)
            files = table.files(tx, recording_id)
            bags = {f.bag_number: tx.need(Bag, (recording_id, f.bag_number)) for f in files}
        at_zoom = {f.key: f for f in listed.files} if listed else {}
        copier, failures = Copier(self.parts, progress), []
        for file in files:
            into = bags[file.bag_number]
            try:
                copied = copier.copy(recording, into, file, at_zoom.get(file.zoom_file_key))
            except Throttled:
                raise
            except (OutsideFailed, IntegrityFailed) as error:
                self._note_failure(file, error.code)
                failures.append(error)
            else:
                tally.copied += bool(copied)
                tally.copied_bytes += copied
        return min(failures, key=lambda e: not isinstance(e, IntegrityFailed), default=None)

    def _note_failure(self, file: RecordingFile, code: str) -> None:
        with self.parts.database.deciding() as tx:
            row = tx.hold(RecordingFile, file.id)
            row.last_error_code = code
            payload = {"recording": file.recording_id, "code": code}
            tx.commit(audit=Event("recording.copy_failed", "recording_file", file.id, SERVICE.id, payload))

    def _seal(self, recording_id: str, listed: ListedRecording | None, tally: ArchiveTally) -> bool:
        """Seals when Zoom lists nothing as processing, at the latest a day after the recording was seen."""
        with self.parts.database.reading() as tx:
            recording = tx.need(Recording, recording_id)
            unsealed = [b.number for b in table.open_bags(tx, recording_id)]
        waiting = listed is not None and listed.processing
        overdue = self.parts.clock.now() > recording.first_seen_at + SEAL_AFTER
        if not waiting or overdue:
            sealer = Sealer(self.parts)
            tally.sealed += sum(sealer.seal(recording_id, number) for number in unsealed)
        done = self._recording(recording_id).state is RecordingState.ARCHIVED
        if done and not waiting:
            with self.parts.database.deciding() as tx:
                work.finish(tx, ARCHIVE, recording_id, self.parts.clock.now())
                tx.commit()
        return done and not waiting
