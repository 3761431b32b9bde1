"""The rows of a bag that was found in the bucket, beside those of the bags before it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from zoomguard.application.archive_found_bag import TAGS, FoundBag, NotWhole
from zoomguard.application.archive_metadata import ABSENT
from zoomguard.domain import bag as bagit
from zoomguard.domain.recordings import FileState, RecordingState, RetentionClass
from zoomguard.domain.times import parse_iso
from zoomguard.tables import recordings as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.recordings import Bag, BagFile, Recording, RecordingFile

CONTRADICTS = "it contradicts the bag before it"
NEVER_CHANGED = ("session_id", "uuid", "meeting_number", "host_id", "short_id", "retention_class", "starts_at")


class BagRows:
    """Writes one bag into the index; NotWhole where another one is there in its place."""

    def __init__(self, tx: Transaction, found: FoundBag, said: dict[str, Any]) -> None:
        self.tx, self.found, self.said, self.index = tx, found, said, said["index"]
        self.id, self.number = str(said["recording_id"]), int(said["bag"])
        self.before = table.sealed_bags(tx, self.id)
        self.is_last = all(bag.number < self.number for bag in self.before)

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
        """What the bag of the highest number says of the recording holds. NotWhole for a second copy of a recording,
        and for a bag that would change what the bags before it say."""
        self._must_be_no_copy()
        self._recording()
        self.tx.flush()
        self._bag()
        for file in self.said["files"]:
            self.tx.add(self._file(file))
            self.tx.flush()
        for file in self.said["absent"]:
            self._note_absent(file)
        self.tx.add(*self._tags())

    def _must_be_no_copy(self) -> None:
        """After an old backup was restored, a recording was copied once more under another id."""
        other = table.by_uuid(self.tx, self.said["zoom"]["meeting_uuid"])
        if other is not None and self.tx.get(Recording, self.id) is None:
            kept = next((bag.prefix for bag in table.sealed_bags(self.tx, other.id)), other.short_id)
            raise NotWhole(f"it is a second copy of a recording that is in the index: {kept}")

    def _recording(self) -> None:
        row, values = self.tx.get(Recording, self.id), self._values()
        if row is None:
            self.tx.add(Recording(id=self.id, bags=self.number, **values))
            return
        if any(getattr(row, name) != values[name] for name in NEVER_CHANGED):
            raise NotWhole(CONTRADICTS)
        if self.is_last:
            self._must_keep_as_long(row)
            row.retain_until_at, row.last_end_at = values["retain_until_at"], values["last_end_at"]
            row.bags = max(row.bags, self.number)

    def _must_keep_as_long(self, row: Recording) -> None:
        until_at = [_moment(self.index["retain_until_at"]), parse_iso(self.said["retain_until"])]
        before = [row.retain_until_at, max((bag.retain_until_at for bag in self.before), default=None)]
        if any(new is None or (old is not None and new < old) for new, old in zip(until_at, before, strict=True)):
            raise NotWhole(CONTRADICTS)

    def _bag(self) -> None:
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
        }

    def _file(self, file: dict[str, Any]) -> RecordingFile:
        """A file that was announced before and had not come is in a bag by now."""
        row = self._known(file) or RecordingFile(**self._shared(file), name="", state=FileState.VERIFIED)
        row.name, row.state, row.last_error_code = file["path"].removeprefix("data/"), FileState.VERIFIED, ""
        row.bag_number, row.key = self.number, self.found.prefix + file["path"]
        for name in ("s3_version_id", "size", "sha256", "crc64nvme", "zoom_size"):
            setattr(row, name, file[name])
        for name in ("seen_at", "downloaded_at", "verified_at"):
            setattr(row, name, _moment(file[name]))
        return row

    def _note_absent(self, file: dict[str, Any]) -> None:
        """Which one bag still expected the next may call missing."""
        state = FileState(file["state"])
        if state not in ABSENT:
            raise ValueError("a file that is archived is not absent")
        if not self.is_last and self.tx.get(RecordingFile, file["file_id"]) is not None:
            return
        row = self._known(file) or RecordingFile(**self._shared(file), name="", state=state)
        row.name, row.state, row.last_error_code = file["name"], state, file["reason"]
        row.zoom_size, row.seen_at = file["zoom_size"], _moment(file["seen_at"])
        self.tx.add(row)

    def _known(self, file: dict[str, Any]) -> RecordingFile | None:
        """The row of a file that is in no bag yet. NotWhole for one that is, or is of another recording."""
        known = self.tx.get(RecordingFile, file["file_id"])
        if known is not None and (known.recording_id != self.id or known.state is FileState.VERIFIED):
            raise NotWhole(CONTRADICTS)
        return known

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
