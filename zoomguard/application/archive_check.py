"""Locks, tags and legal holds of archived versions, read back one by one and put right where that is possible."""

from __future__ import annotations

from collections.abc import Callable

from zoomguard.application.archive_findings import Findings
from zoomguard.application.archive_parts import MOST_REFUSED, ArchiveParts, tags_of
from zoomguard.application.crash import crash_point
from zoomguard.application.ports import StoredObject
from zoomguard.domain import bag as bagit
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import IntegrityFailed, OutsideFailed
from zoomguard.domain.incidents import IncidentKind
from zoomguard.domain.people import COLLEGE_ZONE, SERVICE
from zoomguard.domain.reconcile import ReconcileReport
from zoomguard.domain.times import spoken
from zoomguard.tables import recordings as table
from zoomguard.tables.recordings import Bag, Recording

K = IncidentKind
# Each night the rest is looked at in so many parts: all of it in a month.
PARTS_OF_THE_REST = 30
BAGS_AT_ONCE = 100
LOCKING = ("GOVERNANCE", "COMPLIANCE")


class BagChecks:
    """Reads back what is due: two reads for each object."""

    def __init__(self, parts: ArchiveParts, report: ReconcileReport, findings: Findings) -> None:
        self.parts, self.report, self.findings = parts, report, findings
        self.refused = 0

    def run(self) -> None:
        """What was never looked at, and a part of the rest. OutsideFailed where S3 does not answer, or refuses one bag
        after another; what was looked at before that counts."""
        with self.parts.database.reading() as tx:
            due = table.bags_to_check(tx, PARTS_OF_THE_REST)
        for start in range(0, len(due), BAGS_AT_ONCE):
            self._some(due[start : start + BAGS_AT_ONCE])

    def _some(self, due: list[tuple[str, int]]) -> None:
        done: list[tuple[str, int]] = []
        try:
            for which in due:
                if self._is_told(*which):
                    done.append(which)
        finally:
            self._note(done)

    def _is_told(self, recording_id: str, number: int) -> bool:
        """Looks at one bag; one that S3 refuses for good is named and is not in the way of the others."""
        try:
            self._one(recording_id, number)
        except OutsideFailed as error:
            if not error.permanent or self.refused == MOST_REFUSED:
                raise
            self.refused += 1
            self.report.unknown[f"s3 {recording_id} b{number:03d}"] = error.code
            return False
        return True

    def _note(self, done: list[tuple[str, int]]) -> None:
        if not done:
            return
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            for which in done:
                tx.hold(Bag, which).checked_at = now
            tx.commit(audit=Event("archive.bags_checked", "archive", "all", SERVICE.id, {"bags": len(done)}))
        crash_point("archive.bags_checked")

    def _one(self, recording_id: str, number: int) -> None:
        with self.parts.database.reading() as tx:
            recording, bag = tx.need(Recording, recording_id), tx.need(Bag, (recording_id, number))
            objects = [
                (f.place, f.s3_version_id, f.crc64nvme) for f in table.files(tx, recording_id) if f.bag_number == number
            ]
            tags = table.bag_files(tx, recording_id, number)
            objects += [(bagit.key(bag.prefix, t.path), t.s3_version_id, "") for t in tags]
        for key, version, crc64nvme in objects:
            self._object(recording, bag, key, version, crc64nvme)
        self.report.bags_checked += 1

    def _object(self, recording: Recording, bag: Bag, key: str, version: str, crc64nvme: str) -> None:
        stored = self.parts.vault.head(key, version)
        self.report.object_reads += 1
        if stored is None:
            return self._find(K.OBJECT_MISSING, recording, key, version, "nothing could be done here")
        if crc64nvme and stored.crc64nvme not in (None, crc64nvme):
            self._find(K.OBJECT_DIFFERS, recording, key, version, "left as it is")
        if stored.legal_hold:
            self._find(K.LEGAL_HOLD, recording, key, version, "left as it is")
        self._lock(recording, bag, stored)
        self._tags(recording, bag, key, version)

    def _lock(self, recording: Recording, bag: Bag, stored: StoredObject) -> None:
        until_at = stored.retain_until_at
        if stored.lock_mode in LOCKING and until_at is not None and until_at >= bag.retain_until_at:
            return

        def relock() -> str:
            try:
                self.parts.vault.relock(stored.key, stored.version_id, bag.retain_until_at)
            except (IntegrityFailed, OutsideFailed) as error:
                return f"could not be locked again ({error.code})"
            crash_point("archive.lock_put_back")
            return f"locked again until {spoken(bag.retain_until_at, COLLEGE_ZONE)}"

        self._find(K.LOCK_MISSING, recording, stored.key, stored.version_id, relock)

    def _tags(self, recording: Recording, bag: Bag, key: str, version: str) -> None:
        wanted, found = tags_of(recording, bag), self.parts.vault.tags(key, version)
        self.report.object_reads += 1

        def retag() -> str:
            try:
                self.parts.vault.retag(key, version, wanted)
            except OutsideFailed as error:
                # The service is best without the right to change tags: whoever has it puts them back.
                return f"could not be put back ({error.code})"
            crash_point("archive.tags_put_back")
            return "put back"

        if found is not None and found != wanted:
            self._find(K.TAGS_CHANGED, recording, key, version, retag)

    def _find(
        self, kind: IncidentKind, recording: Recording, key: str, version: str, done: str | Callable[[], str]
    ) -> None:
        detail = {"key": key, "version": version}
        self.findings.note(kind, f"{key}@{version}", done, recording=recording, detail=detail)
