"""The rows of a bag that was found in the bucket, beside those of the bags before it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from zoomguard.application.archive_found_bag import TAGS, FoundBag, NotWhole
from zoomguard.domain import bag as bagit
from zoomguard.domain.recordings import FileState, RecordingState, RetentionClass
from zoomguard.domain.times import parse_iso
from zoomguard.tables import recordings as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.recordings import Bag, BagFile, Recording, RecordingFile


class BagRows:
    """Writes one bag into the index; NotWhole where another one is there in its place."""

    def __init__(self, tx: Transaction, found: FoundBag, said: dict[str, Any]) -> None:
        self.tx, self.found, self.said, self.index = tx, found, said, said["index"]
        self.id, self.number = str(said["recording_id"]), int(said["bag"])

    def are_there(self) -> bool:
        """Whether this very bag is in the index already. NotWhole where another one of its number is."""
        there = self.tx.get(Bag, (self.id, self.number))
        if there is None:
            return False
        if there.prefix != self.found.prefix:
            raise NotWhole(f"another bag of the same number was taken before: {there.prefix}")
        version, content = self.found.tags[bagit.MARK_NAME]
        mark = self.tx.get(BagFile, (self.id, self.number, bagit.MARK_NAME))
        if mark is None or (mark.s3_version_id, mark.content) != (version, content.decode()):
            raise NotWhole("the index has another commit mark for it, or none")
        return True

    def write(self) -> None:
        """Bags come in the order of their numbers: what the last one says of the recording holds."""
        self._must_be_no_copy()
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

    def _must_be_no_copy(self) -> None:
        """After an old backup was restored, a recording was copied once more under another id."""
        other = table.by_uuid(self.tx, self.said["zoom"]["meeting_uuid"])
        if other is not None and self.tx.get(Recording, self.id) is None:
            kept = next((bag.prefix for bag in table.sealed_bags(self.tx, other.id)), other.short_id)
            raise NotWhole(f"it is a second copy of a recording that is in the index: {kept}")

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
