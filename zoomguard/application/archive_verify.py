"""`archive verify`: reads bags again from S3, byte by byte, and compares them with their manifests and the index.

Whoever was read again longest ago comes first, so that a nightly sample goes round the whole archive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from zoomguard.application import incidents
from zoomguard.application.archive_parts import ArchiveParts
from zoomguard.application.crash import crash_point
from zoomguard.application.ports import Progress
from zoomguard.domain import bag as bagit
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import OutsideFailed
from zoomguard.domain.fixity import Disagreement, FixityReport, manifests_disagree
from zoomguard.domain.incidents import IncidentKind
from zoomguard.domain.people import SERVICE
from zoomguard.tables import recordings as table
from zoomguard.tables.recordings import Bag, BagFile, Recording, RecordingFile

K = IncidentKind
Objects = list[RecordingFile] | list[BagFile]


class Verifier:
    """Reads sealed bags again."""

    def __init__(self, parts: ArchiveParts, progress: Progress) -> None:
        self.parts, self.progress = parts, progress

    def run(self, most: int | None) -> FixityReport:
        """Checks so many bags, or all of them; one that S3 does not give stops none of the others."""
        report = FixityReport()
        with self.parts.database.reading() as tx:
            chosen = table.bags_to_rehash(tx, most)
        for which in chosen:
            self._one(which, report)
        with self.parts.database.reading() as tx:
            report.never_checked = table.bags_never_rehashed(tx)
        return report

    def _one(self, which: tuple[str, int], report: FixityReport) -> None:
        """What was found wrong stands, even where S3 could not tell of the rest: such a bag is read again."""
        checked, wrong = _BagCheck(self.parts, which, report, self.progress), list[Disagreement]()
        is_told = True
        try:
            for each in checked.disagreements():
                wrong.append(each)
        except OutsideFailed as error:
            report.unknown[checked.recording.short_id], is_told = error.code, False
        # First the incidents: a bag counts as read again only once what was found in it cannot be forgotten.
        report.wrong += self._opened(checked.recording, wrong)
        if is_told:
            report.bags += 1
            report.agreeing += not wrong
            self._note_read(which, not wrong)
        crash_point("archive.bag_verified")

    def _note_read(self, which: tuple[str, int], agrees: bool) -> None:
        recording_id, number = which
        with self.parts.database.deciding() as tx:
            tx.hold(Bag, which).rehashed_at = self.parts.clock.now()
            payload = {"bag": number, "agrees": agrees}
            tx.commit(audit=Event("recording.bag_rehashed", "recording", recording_id, SERVICE.id, payload))

    def _opened(self, recording: Recording, wrong: list[Disagreement]) -> list[Disagreement]:
        """Opens incidents where none is; gives what is wrong with what stands open about it."""
        if not wrong:
            return []
        now, events = self.parts.clock.now(), list[Event]()
        with self.parts.database.deciding() as tx:
            for each in wrong:
                told = incidents.open_(
                    tx,
                    each.kind,
                    each.subject,
                    now,
                    session_id=recording.session_id,
                    recording_id=recording.id,
                    detail={"key": each.key, "version": each.version_id},
                )
                events += [told] if told else []
            named = [replace(each, incident=incidents.open_short_id(tx, each.kind, each.subject)) for each in wrong]
            if events:
                tx.commit(audit=tuple(events))
            return named


class _BagCheck:
    """One bag: its tag files first, then every byte of its payload."""

    def __init__(self, parts: ArchiveParts, which: tuple[str, int], report: FixityReport, progress: Progress) -> None:
        self.parts, self.report, self.progress = parts, report, progress
        recording_id, number = which
        with parts.database.reading() as tx:
            self.recording, self.bag = tx.need(Recording, recording_id), tx.need(Bag, which)
            self.files = [f for f in table.files(tx, recording_id) if f.bag_number == number]
            self.tags = table.bag_files(tx, recording_id, number)

    def disagreements(self) -> Iterator[Disagreement]:
        """Everything that is not as it should be. OutsideFailed where S3 cannot tell."""
        contents: dict[str, bytes] = {}
        for tag in self.tags:
            key = bagit.key(self.bag.prefix, tag.path)
            found = self._read(key, tag.s3_version_id, keep=True)
            if found is None or found.sha256 != tag.sha256:
                yield self._wrong(key, tag.s3_version_id, found, tag.sha256)
            else:
                contents[tag.path] = found.content
        if len(contents) == len(self.tags):
            yield from self._manifests(contents)
        for file in self.files:
            found = self._read(file.place, file.s3_version_id)
            if found is None or (found.sha256, found.size) != (file.sha256, file.size):
                yield self._wrong(file.place, file.s3_version_id, found, file.sha256)

    def _manifests(self, contents: dict[str, bytes]) -> Iterator[Disagreement]:
        payload = {f"data/{f.name}": (f.sha256, f.size or 0) for f in self.files}
        versions = {t.path: t.s3_version_id for t in self.tags}
        for path, reason in manifests_disagree(contents, payload).items():
            key = bagit.key(self.bag.prefix, path)
            # A tag file that the index has lost has no version on record.
            yield Disagreement(K.BAG_DIFFERS, self.recording.short_id, key, versions.get(path, "none"), reason)

    def _wrong(self, key: str, version: str, found: _Found | None, wanted: str) -> Disagreement:
        if found is None:
            return Disagreement(K.OBJECT_MISSING, self.recording.short_id, key, version, "not in the bucket")
        reason = f"expected {wanted[:12]}..., found {found.sha256[:12]}..."
        return Disagreement(K.OBJECT_DIFFERS, self.recording.short_id, key, version, reason)

    def _read(self, key: str, version: str, *, keep: bool = False) -> _Found | None:
        """The bytes of a version, hashed; None where there is no such version."""
        if self.parts.vault.head(key, version) is None:
            return None
        found, kept = _Found(), bytearray()
        with self.parts.vault.read(key, version, 0, None) as chunks:
            for chunk in chunks:
                found.add(chunk)
                kept += chunk if keep else b""
                self.progress(self.recording.short_id, found.size, None)
        self.report.objects += 1
        self.report.read_bytes += found.size
        found.content = bytes(kept)
        return found


class _Found:
    """What was read of one object."""

    def __init__(self) -> None:
        self.digest, self.size, self.content = hashlib.sha256(), 0, b""

    def add(self, chunk: bytes) -> None:
        self.digest.update(chunk)
        self.size += len(chunk)

    @property
    def sha256(self) -> str:
        return self.digest.hexdigest()
