"""Makes the index of recordings anew from the bags alone: an empty database and the bucket are enough.

A bag counts by its commit mark: the oldest tagmanifest, and of every other tag file the version that it names.
What is no whole bag is named and left: its recording is found at Zoom again where its session is on record; where
not, the nightly comparison makes it an incident. That it was begun is on record until it ends: cut off, it is done
again, which passes over the bags that are in the index; nothing else is found or compared before, since a recording
that the index does not know yet would be copied a second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlmodel import select

from zoomguard.application import archive_index
from zoomguard.application.archive_found_bag import TAGS, FoundBag, NotWhole
from zoomguard.application.archive_parts import ArchiveParts
from zoomguard.application.crash import crash_point
from zoomguard.application.ports import ListedVersion
from zoomguard.domain import bag as bagit
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import Conflict
from zoomguard.domain.people import SERVICE
from zoomguard.domain.rebuild import RebuildReport
from zoomguard.domain.recordings import FileState, RecordingState, RetentionClass
from zoomguard.domain.times import iso, parse_iso
from zoomguard.tables import recordings as table
from zoomguard.tables import work as work_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.install import Install
from zoomguard.tables.recordings import Bag, BagFile, Recording, RecordingFile


class Rebuilder:
    """Reads the bucket and writes the index."""

    def __init__(self, parts: ArchiveParts) -> None:
        self.parts = parts

    def run(self) -> RebuildReport:
        """Conflict INDEX_NOT_EMPTY where recordings are on record that no rebuild put there, REBUILD_RUNNING where
        another run is at it. OutsideFailed where S3 does not answer: the next run goes on."""
        with self.parts.claims.claim(archive_index.REBUILT) as had:
            if not had:
                raise Conflict("The index is being made anew by another run.", "Wait for it.", code="REBUILD_RUNNING")
            self._begin()
            crash_point("archive.rebuild_begun")
            report = self._all()
            self._end()
        crash_point("archive.rebuild_ended")
        return report

    def _begin(self) -> None:
        with self.parts.database.deciding() as tx:
            if archive_index.is_unfinished(tx):
                return
            if table.count(tx):
                raise Conflict(
                    "There are recordings on record already.",
                    "The index is made anew only in a database without any.",
                    code="INDEX_NOT_EMPTY",
                )
            self._note(tx, archive_index.BEGUN)

    def _end(self) -> None:
        with self.parts.database.deciding() as tx:
            self._note(tx, archive_index.ENDED)

    def _note(self, tx: Transaction, value: str) -> None:
        work_table.move(tx, archive_index.REBUILT, value, self.parts.clock.now())
        tx.commit()

    def _all(self) -> RebuildReport:
        report = RebuildReport()
        listed = (v for v in self.parts.vault.listing("v1/") if bagit.KEY.fullmatch(v.key))
        for prefix, versions in groupby(listed, lambda v: bagit.prefix_of(v.key)):
            self._one(prefix, list(versions), report)
        self._watch_as_before()
        return report

    def _watch_as_before(self) -> None:
        """A new database begins to watch when it is made; lessons were watched since the first that is archived."""
        with self.parts.database.deciding() as tx:
            first_at, install = table.first_start(tx), tx.first(select(Install))
            if first_at is not None and first_at < install.watch_from_at:
                install.watch_from_at = first_at
                payload = {"from": iso(first_at)}
                tx.commit(audit=Event("install.watched_from", "install", install.id, SERVICE.id, payload))

    def _one(self, prefix: str, versions: list[ListedVersion], report: RebuildReport) -> None:
        try:
            found = FoundBag(self.parts, prefix, versions)
            said = found.document()
            self._write(found, said)
        except NotWhole as error:
            self._leave(prefix, str(error), report)
            return
        except (ArithmeticError, AttributeError, KeyError, RecursionError, TypeError, ValueError):
            # Who can write to the bucket can write a bag whose mark agrees with anything.
            self._leave(prefix, "its recording.json is of another form", report)
            return
        except sa.exc.StatementError:
            self._leave(prefix, "it contradicts another bag", report)
            return
        crash_point("archive.bag_rebuilt")
        report.bags += 1
        report.files += len(said["files"])
        report.recordings.add(said["recording_id"])

    def _leave(self, prefix: str, why: str, report: RebuildReport) -> None:
        """Names it. Where its number would be the next one it is spent: what comes late must not go over what lies
        there."""
        report.not_whole[prefix] = why
        recording_id, number = bagit.place_of(prefix)
        with self.parts.database.deciding() as tx:
            row = tx.lock(Recording, recording_id)
            if row is not None and number == row.bags + 1:
                row.bags = number
                payload = {"bag": number}
                tx.commit(audit=Event("recording.bag_left", "recording", recording_id, SERVICE.id, payload))

    def _write(self, found: FoundBag, said: dict[str, Any]) -> None:
        number, recording_id = said["bag"], said["recording_id"]
        with self.parts.database.deciding() as tx:
            if tx.get(Bag, (recording_id, number)) is None:
                _Index(tx, said, found).write()
                rebuilt = Event("recording.index_rebuilt", "recording", recording_id, SERVICE.id, {"bag": number})
                tx.commit(audit=rebuilt)


class _Index:
    """The rows of one bag."""

    def __init__(self, tx: Transaction, said: dict[str, Any], found: FoundBag) -> None:
        self.tx, self.said, self.found, self.index = tx, said, found, said["index"]
        self.id, self.number = str(said["recording_id"]), int(said["bag"])

    def write(self) -> None:
        """Bags come in the order of their numbers: what the last one says of the recording holds."""
        self._recording()
        self.tx.flush()
        self.tx.add(
            Bag(
                recording_id=self.id,
                number=self.number,
                prefix=self.found.prefix,
                begun_at=parse_iso(self.index["bag_begun_at"]),
                retain_until_at=parse_iso(self.said["retain_until"]),
                sealed_at=parse_iso(self.index["bagged_at"]),
            )
        )
        self.tx.flush()
        self.tx.add(*self._files(), *self._tags())
        self._absent()

    def _recording(self) -> None:
        row = self.tx.get(Recording, self.id)
        values = self._values()
        if row is None:
            self.tx.add(Recording(id=self.id, **values))
        for name, value in values.items():
            if row is not None:
                setattr(row, name, value)

    def _values(self) -> dict[str, Any]:
        zoom, index = self.said["zoom"], self.index
        return {
            "short_id": index["short_id"],
            "session_id": index["session_id"],
            "uuid": zoom["meeting_uuid"],
            "meeting_number": zoom["meeting_number"],
            "host_id": zoom["host_id"],
            "state": RecordingState.ARCHIVED,
            "retention_class": RetentionClass(self.said["retention_class"]),
            "retain_until_at": _moment(index["retain_until_at"]),
            "starts_at": parse_iso(index["starts_at"]),
            "last_end_at": _moment(index["last_end_at"]),
            "terms_version": self.said["terms_version"],
            "first_seen_at": parse_iso(index["first_seen_at"]),
            "bags": self.number,
        }

    def _files(self) -> Iterator[RecordingFile]:
        for file in self.said["files"]:
            # A file that was announced before and had not come is in a bag by now.
            known = self.tx.get(RecordingFile, file["file_id"])
            row = known or RecordingFile(**self._shared(file), name="", state=FileState.VERIFIED)
            row.name, row.state, row.last_error_code = file["path"].removeprefix("data/"), FileState.VERIFIED, ""
            row.bag_number, row.key = self.number, self.found.prefix + file["path"]
            for name in ("s3_version_id", "size", "sha256", "crc64nvme", "zoom_size"):
                setattr(row, name, file[name])
            for name in ("seen_at", "downloaded_at", "verified_at"):
                setattr(row, name, _moment(file[name]))
            yield row

    def _absent(self) -> None:
        for file in self.said["absent"]:
            # Which one bag still expected the next may call missing.
            known = self.tx.get(RecordingFile, file["file_id"])
            row = known or RecordingFile(**self._shared(file), name="", state=FileState.EXPECTED)
            row.name, row.state, row.last_error_code = file["name"], FileState(file["state"]), file["reason"]
            row.zoom_size, row.seen_at = file["zoom_size"], _moment(file["seen_at"])
            self.tx.add(row)

    def _shared(self, file: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": file["file_id"],
            "recording_id": self.id,
            "zoom_file_key": file["zoom_file_key"],
            "type": file["type"],
            "recording_type": file["recording_type"],
            "recorded_from_at": _moment(file["recorded_from"]),
            "recorded_to_at": _moment(file["recorded_to"]),
        }

    def _tags(self) -> Iterator[BagFile]:
        for position, path in enumerate(TAGS):
            version, content = self.found.tags[path]
            yield BagFile(
                recording_id=self.id,
                bag_number=self.number,
                path=path,
                position=position,
                content=content.decode(),
                size=len(content),
                sha256=bagit.digest(content),
                s3_version_id=version,
            )


def _moment(text: str | None) -> datetime | None:
    return parse_iso(text) if text is not None else None
