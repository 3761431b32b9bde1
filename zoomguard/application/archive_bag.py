"""Seals a bag (RFC 8493): its tag files are written from rows, `tagmanifest-sha256.txt` last as the commit mark."""

from __future__ import annotations

import json

from zoomguard.application import archive_metadata, incidents
from zoomguard.application.archive_copy import ensure_locked
from zoomguard.application.archive_parts import ArchiveParts, lock_for
from zoomguard.application.crash import crash_point
from zoomguard.domain import bag as bagit
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import Conflict, IntegrityFailed, OutcomeUnknown, OutsideFailed
from zoomguard.domain.incidents import IncidentKind
from zoomguard.domain.people import SERVICE
from zoomguard.domain.recordings import FileState, RecordingState
from zoomguard.domain.times import parse_iso
from zoomguard.tables import recordings as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.incidents import ARRIVED
from zoomguard.tables.recordings import Bag, BagFile, Recording, RecordingFile


class Sealer:
    """Writes the tag files of a bag whose payload is verified."""

    def __init__(self, parts: ArchiveParts) -> None:
        self.parts = parts

    def seal(self, recording_id: str, number: int) -> bool:
        """Writes what is missing and commits; run again after a crash it writes the same bytes.

        False where the bag got another file meanwhile: that is copied first.
        """
        if not self._prepare(recording_id, number):
            return False
        with self.parts.database.reading() as tx:
            recording, into = tx.need(Recording, recording_id), tx.need(Bag, (recording_id, number))
            tags = table.bag_files(tx, recording_id, number)
        for tag in tags:
            if not tag.s3_version_id:
                self._write(recording, into, tag)
        self._close(recording_id, number)
        return True

    def _prepare(self, recording_id: str, number: int) -> bool:
        """Fixes the text of every tag file in rows, once all files are verified; from then on none is added."""
        with self.parts.database.deciding() as tx:
            recording, into = tx.hold(Recording, recording_id), tx.need(Bag, (recording_id, number))
            if table.bag_files(tx, recording_id, number):
                return True
            files = [f for f in table.files(tx, recording_id) if f.bag_number == number]
            if any(f.state is not FileState.VERIFIED for f in files):
                return False
            texts = self._texts(tx, recording, into, files)
            for position, (path, text) in enumerate(texts.items()):
                tx.add(
                    BagFile(
                        recording_id=recording_id,
                        bag_number=number,
                        path=path,
                        position=position,
                        content=text,
                        size=len(text.encode()),
                        sha256=bagit.digest(text.encode()),
                    )
                )
            payload = {"bag": number, "files": len(files)}
            tx.commit(audit=Event("recording.bag_prepared", "recording", recording_id, SERVICE.id, payload))
        crash_point("archive.bag_prepared")
        return True

    def _texts(self, tx: Transaction, recording: Recording, into: Bag, files: list[RecordingFile]) -> dict[str, str]:
        payload = {f"data/{f.name}": f for f in files}
        sizes = {path: f.size or 0 for path, f in payload.items()}
        texts = {
            "bagit.txt": bagit.DECLARATION,
            "bag-info.txt": bagit.info(
                recording.id,
                self.parts.clock.now().date(),
                sizes,
                self.parts.terms.organisation,
                into.number,
                self.parts.version,
            ),
            "manifest-sha256.txt": bagit.manifest({path: f.sha256 for path, f in payload.items()}),
            archive_metadata.PATH: archive_metadata.text(tx, recording, into, files, self.parts.clock.now()),
        }
        digests = {path: bagit.digest(text.encode()) for path, text in texts.items()}
        return {**texts, bagit.MARK_NAME: bagit.manifest(digests)}

    def _write(self, recording: Recording, into: Bag, tag: BagFile) -> None:
        key, content = bagit.key(into.prefix, tag.path), tag.content.encode()
        version = self._already_there(key, content)
        if version is None:
            file_id = f"{recording.id}/{into.number}/{tag.position}"
            lock = lock_for(recording, into, "text/plain; charset=utf-8", file_id)
            try:
                version = self.parts.vault.put(key, content, lock)
            except (OutcomeUnknown, Conflict):
                version = self._already_there(key, content)
            if version is None:
                raise OutsideFailed("S3 did not keep a tag file.", code="S3_ANSWER_LOST")
        crash_point("archive.tag_put")
        stored = self.parts.vault.head(key, version)
        if stored is None or stored.size != len(content):
            raise IntegrityFailed("A tag file is not in the bucket as written.", "", code="COPY_DIFFERS")
        ensure_locked(self.parts, into, stored)
        with self.parts.database.deciding() as tx:
            row = tx.hold(BagFile, (tag.recording_id, tag.bag_number, tag.path))
            row.s3_version_id = version
            payload = {"path": tag.path, "version": version}
            tx.commit(audit=Event("recording.tag_written", "recording", recording.id, SERVICE.id, payload))
        crash_point("archive.tag_noted")

    def _already_there(self, key: str, content: bytes) -> str | None:
        """The version that stands under a key already; IntegrityFailed where its bytes are others."""
        versions = [v for v in self.parts.vault.versions(key) if v.key == key]
        if not versions:
            return None
        if versions[0].size == len(content):
            with self.parts.vault.read(key, versions[0].version_id, 0, None) as chunks:
                if b"".join(chunks) == content:
                    return versions[0].version_id
        raise IntegrityFailed("Another text stands under a tag file's key.", "", code="COPY_DIFFERS")

    def _close(self, recording_id: str, number: int) -> None:
        with self.parts.database.deciding() as tx:
            recording, into = tx.hold(Recording, recording_id), tx.hold(Bag, (recording_id, number))
            if into.sealed_at is not None:
                return
            said = tx.need(BagFile, (recording_id, number, archive_metadata.PATH)).content
            into.sealed_at = parse_iso(json.loads(said)["index"]["bagged_at"])
            recording.bags = max(recording.bags, number)
            tx.flush()
            left = table.waiting_bags(tx, recording_id)
            recording.state = RecordingState.COPYING if left else RecordingState.ARCHIVED
            now = self.parts.clock.now()
            late = () if left else incidents.happened(tx, IncidentKind.COPY_OVERDUE, recording_id, ARRIVED, now)
            archived = Event("recording.archived", "recording", recording_id, SERVICE.id, {"bag": number})
            tx.commit(audit=(archived, *late))
        crash_point("archive.sealed")
