"""What the archive works with, and the small things its files share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from zoomguard.application.archive_pace import Pace
from zoomguard.application.ports import Claims, Clock, Lock, Vault, ZoomAttendance, ZoomRecordings
from zoomguard.application.seals import Seals
from zoomguard.domain.recordings import MediaKind
from zoomguard.domain.times import iso
from zoomguard.rules.terms import Terms
from zoomguard.tables.database import Database
from zoomguard.tables.recordings import Bag, Recording

DISCOVER, ARCHIVE = "discover_recordings", "archive_recording"
OVERLAP = timedelta(days=3)
# A bag is sealed at the latest so long after its recording was first seen; what comes later is a second bag.
SEAL_AFTER = timedelta(hours=24)
# If S3 refuses more bags than these in one run, it refuses all.
MOST_REFUSED = 20
METADATA_SCHEMA = "zoomguard/object/1"


@dataclass(frozen=True)
class ArchiveParts:
    """Everything from outside that the archive needs."""

    database: Database
    clock: Clock
    claims: Claims
    seals: Seals
    terms: Terms
    recordings: ZoomRecordings
    attendance: ZoomAttendance
    vault: Vault
    pace: Pace
    version: str


def lock_for(recording: Recording, bag: Bag, content_type: str, file_id: str) -> Lock:
    """The lock, metadata and tags of an object: our ids and dates, nothing else."""
    until = iso(bag.retain_until_at)
    metadata = {
        "schema": METADATA_SCHEMA,
        "recording-id": recording.id,
        "file-id": file_id,
        "retention-class": recording.retention_class.value,
        "retain-until": until,
    }
    return Lock(bag.retain_until_at, metadata, tags_of(recording, bag), content_type)


def tags_of(recording: Recording, bag: Bag) -> dict[str, str]:
    """The tags of every object of a bag: labels for lifecycle rules, which a lock does not cover."""
    return {"zg-class": recording.retention_class.value, "zg-retain-until": iso(bag.retain_until_at)}


def lock_for_kind(recording: Recording, bag: Bag, kind: MediaKind, file_id: str) -> Lock:
    """The lock of a recording file of that kind."""
    return lock_for(recording, bag, kind.content_type, file_id)
