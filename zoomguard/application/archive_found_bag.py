"""A bag as it lies in the bucket, read without any index: whole by its commit mark, or not whole and why."""

from __future__ import annotations

import json
from typing import Any

from zoomguard.application import archive_metadata
from zoomguard.application.archive_parts import ArchiveParts
from zoomguard.application.ports import ListedVersion
from zoomguard.domain import bag as bagit
from zoomguard.domain.times import parse_iso

TAGS = ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", archive_metadata.PATH, bagit.MARK_NAME)
LARGEST_TAG_BYTES = 4 * 1024 * 1024
# PostgreSQL keeps at most 2,704 bytes of a text in an index (a third of a page), and no text with a NUL at all.
LONGEST_TEXT = 500


class NotWhole(Exception):
    """This is no whole bag; says why."""


class FoundBag:
    """A bag as it lies in the bucket: the bytes and version of each tag file."""

    def __init__(self, parts: ArchiveParts, prefix: str) -> None:
        self.parts, self.prefix = parts, prefix
        self.stored: dict[str, list[ListedVersion]] = {}
        for version in parts.vault.listing(prefix):
            if not version.is_marker:
                # S3 lists the newest first.
                self.stored.setdefault(version.key.removeprefix(prefix), []).insert(0, version)
        self.tags: dict[str, tuple[str, bytes]] = {}

    def document(self) -> dict[str, Any]:
        """recording.json, once every tag file is the one that the commit mark names. NotWhole."""
        mark = next(iter(self.stored.get(bagit.MARK_NAME, ())), None)
        if mark is None:
            raise NotWhole("it has no commit mark")
        content = self._bytes(mark)
        digests = bagit.manifest_of(content)
        if digests is None or set(digests) != set(TAGS) - {bagit.MARK_NAME}:
            raise NotWhole("its commit mark is none of ours")
        for path in TAGS[:-1]:
            self.tags[path] = self._named(path, digests[path])
        self.tags[bagit.MARK_NAME] = (mark.version_id, content)
        return self._checked(json.loads(self.tags[archive_metadata.PATH][1]))

    def _named(self, path: str, digest: str) -> tuple[str, bytes]:
        for version in self.stored.get(path, ()):
            content = self._bytes(version)
            if bagit.digest(content) == digest:
                return version.version_id, content
        raise NotWhole(f"{path} is not as its commit mark says")

    def _checked(self, said: dict[str, Any]) -> dict[str, Any]:
        if said.get("schema") != archive_metadata.SCHEMA or "index" not in said:
            raise NotWhole("its recording.json is of another kind")
        if not _is_short(said):
            raise NotWhole("its recording.json is of another form")
        self._must_be_in_place(said)
        for file in said["files"]:
            bagit.key(self.prefix, file["path"])
            versions = self.stored.get(file["path"], ())
            if file["s3_version_id"] not in [v.version_id for v in versions]:
                raise NotWhole(f"{file['path']} is not there in the version that was archived")
        return said

    def _must_be_in_place(self, said: dict[str, Any]) -> None:
        """The year is the lesson's, or the recording's where the lesson was moved or is not on record."""
        starts = [said["index"]["starts_at"], *([said["session"]["starts_at"]] if said["session"] else [])]
        which = (said["index"]["session_id"], said["recording_id"], said["bag"])
        places = [bagit.prefix(parse_iso(at), *which) for at in starts]
        if self.prefix.split("/", 2)[2] != places[0].split("/", 2)[2]:
            raise NotWhole("its recording.json is of another bag")
        if self.prefix not in places:
            raise NotWhole("its place is not what its recording.json says")

    def _bytes(self, version: ListedVersion) -> bytes:
        if version.size > LARGEST_TAG_BYTES:
            raise NotWhole("a tag file is far too large")
        with self.parts.vault.read(version.key, version.version_id, 0, None) as chunks:
            return b"".join(chunks)


def _is_short(said: object) -> bool:
    """Whether every text in a document is one that a database takes."""
    if isinstance(said, str):
        return len(said) <= LONGEST_TEXT and "\0" not in said
    within = said.values() if isinstance(said, dict) else said if isinstance(said, list) else ()
    return all(map(_is_short, within))
