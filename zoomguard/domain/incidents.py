"""Incidents: findings about evidence that a person must settle."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from zoomguard.domain.times import iso


class IncidentKind(StrEnum):
    """What was found. The subject of an incident names it exactly: a session, a file, a version in the bucket."""

    RECORDING_MISSING = "recording_missing"
    FILE_MISSING = "file_missing"
    COPY_OVERDUE = "copy_overdue"
    CONTENT_CHANGED = "content_changed"
    HOST_UNKNOWN = "host_unknown"
    RECORDING_OUTSIDE = "recording_outside"
    GONE_AT_ZOOM = "gone_at_zoom"
    OBJECT_MISSING = "object_missing"
    OBJECT_DIFFERS = "object_differs"
    BAG_DIFFERS = "bag_differs"
    BAG_NOT_WHOLE = "bag_not_whole"
    EXTRA_VERSION = "extra_version"
    DELETE_MARKER = "delete_marker"
    LOCK_MISSING = "lock_missing"
    LEGAL_HOLD = "legal_hold"
    TAGS_CHANGED = "tags_changed"
    UNKNOWN_OBJECT = "unknown_object"
    FOREIGN_UPLOAD = "foreign_upload"


GRAVE_MEANS = "evidence is, or may be, missing or not what it was"


@dataclass(frozen=True)
class IncidentWords:
    """A kind in words: what happened, and what the person who settles it does. `grave` says GRAVE_MEANS, and the
    archive says so (exit 5) until the incident is closed. `short` is the title for one line, in at most 52 characters,
    where it is longer itself."""

    title: str
    remedy: str
    grave: bool = True
    short: str = ""


K = IncidentKind
WORDS: dict[IncidentKind, IncidentWords] = {
    K.RECORDING_MISSING: IncidentWords(
        "A lesson was held and Zoom lists no recording of it",
        "Ask the teacher whether it was recorded; look into the host's recordings and trash at Zoom.",
    ),
    K.FILE_MISSING: IncidentWords(
        "A file of a recording never came from Zoom whole",
        "Look at the recording in Zoom; download the file there by hand if it plays.",
    ),
    K.COPY_OVERDUE: IncidentWords(
        "A recording, or a file of it, is not in the archive after three days",
        "Look with the operator at the reason that the incident names: line, S3 or Zoom. It is tried again each time,"
        " while Zoom has it.",
        short="Not in the archive after three days",
    ),
    K.CONTENT_CHANGED: IncidentWords(
        "Zoom serves another file than the one that was archived; both are kept",
        "Ask who edited the recording in Zoom, and note which of the two counts.",
        grave=False,
        short="Zoom serves another file than the archived one",
    ),
    K.HOST_UNKNOWN: IncidentWords(
        "Zoom no longer knows an account that held lessons",
        "Ask who removed it; its recordings that are not archived yet may be with whoever took them over.",
    ),
    K.RECORDING_OUTSIDE: IncidentWords(
        "A teacher's account holds a recording of a meeting that is no lesson of ours",
        "Ask the teacher what it was. With children in it, it was held outside the rules.",
        grave=False,
        short="A recording at Zoom is of no lesson of ours",
    ),
    K.GONE_AT_ZOOM: IncidentWords(
        "A recording that is not archived whole is gone from Zoom",
        "Recover it from the host's trash at Zoom (30 days); the next run copies it.",
        short="A recording not archived whole is gone from Zoom",
    ),
    K.OBJECT_MISSING: IncidentWords(
        "A version that the archive rests on is not in the bucket",
        "Find out who could delete it. Zoom may still have the recording: download it there by hand, and keep it.",
        short="A version of the archive is not in the bucket",
    ),
    K.OBJECT_DIFFERS: IncidentWords(
        "A version in the bucket is not what was archived",
        "Keep the bucket as it is and call whoever runs the storage.",
    ),
    K.BAG_DIFFERS: IncidentWords(
        "A bag does not agree with the archive's index",
        "Keep bucket and database as they are; compare them with a backup.",
    ),
    K.BAG_NOT_WHOLE: IncidentWords(
        "A bag in the bucket was not taken into the index that was made anew",
        "Keep the bucket as it is; the incident says why. Zoom may still have the recording: get it there by hand.",
        short="A bag was not taken into the new index",
    ),
    K.EXTRA_VERSION: IncidentWords(
        "Somebody wrote over a key of the archive; the archived version is still read",
        "Find out who can write to the bucket besides zoomguard.",
        short="Somebody wrote over a key of the archive",
    ),
    K.DELETE_MARKER: IncidentWords(
        "Somebody put a delete marker over a key of the archive; its versions are read by their ids",
        "Find out who can delete in the bucket. The marker may be removed by hand.",
        short="Somebody put a delete marker over a key",
    ),
    K.LOCK_MISSING: IncidentWords(
        "A version had lost its lock, or had a shorter one",
        "Its history says whether it could be locked again; find out who can change locks in the bucket.",
    ),
    K.LEGAL_HOLD: IncidentWords(
        "A version carries a legal hold that zoomguard did not place",
        "Ask who placed it, and why. It was left as it is.",
        grave=False,
        short="A version carries a legal hold that is not ours",
    ),
    K.TAGS_CHANGED: IncidentWords(
        "Tags of an archived version were changed",
        "Find out who can change tags in the bucket.",
        grave=False,
    ),
    K.UNKNOWN_OBJECT: IncidentWords(
        "The bucket holds an object, or a whole bag, that is not in the archive's index",
        "It may be of a bag that a restored or rebuilt index does not know: keep it. If it is not, find out who put it"
        " there. It was left as it is.",
        grave=False,
        short="An object in the bucket is not in the index",
    ),
    K.FOREIGN_UPLOAD: IncidentWords(
        "The bucket holds an unfinished upload that is not ours",
        "Find out whose it is. It was left as it is.",
        grave=False,
        short="An unfinished upload in the bucket is not ours",
    ),
}


GRAVE = frozenset(kind for kind, words in WORDS.items() if words.grave)
# What a line of a history says happened; a line that stands here in no other way speaks for itself.
HAPPENED: dict[str, str] = {
    "opened": "Found",
    "told": "Safeguarding lead, deputies and monitors were written to",
    "arrived": "It came after all",
    "closed": "Closed",
}


def next_step(short_ids: Collection[str]) -> str:
    """Where to look next, said to the operator, who sees no incident: these are for the leads."""
    look = f"show {next(iter(short_ids))}" if len(short_ids) == 1 else "list"
    return f"Next: a lead or the data lead looks at: zoomguard incidents {look}"


@dataclass(frozen=True)
class IncidentNote:
    """One line of an incident's history: `what` is a key of HAPPENED or says itself what was done; `by` an address or
    "service"; `text` a person's words."""

    at: datetime
    by: str
    what: str
    text: str = ""


@dataclass(frozen=True)
class IncidentView:
    """An incident as entitled people see it: ids, keys and counts, no name and no topic. `session` and `recording`
    are short ids (ids where no row is left, "" for none); `may_close` says whether whoever looks may settle it."""

    id: str
    short_id: str
    kind: IncidentKind
    subject: str
    session: str
    recording: str
    detail: dict[str, str | int]
    opened_at: datetime
    closed_at: datetime | None = None
    may_close: bool = False
    history: tuple[IncidentNote, ...] = ()

    @property
    def words(self) -> IncidentWords:
        """What happened and what to do."""
        return WORDS[self.kind]

    def summary(self) -> dict[str, object]:
        """One entry of `incidents list`."""
        return {
            "id": self.id,
            "short_id": self.short_id,
            "kind": self.kind.value,
            "title": self.words.title,
            "remedy": self.words.remedy,
            "grave": self.words.grave,
            "subject": self.subject,
            "session": self.session or None,
            "recording": self.recording or None,
            "detail": dict(self.detail),
            "opened_at": iso(self.opened_at),
            "closed_at": iso(self.closed_at) if self.closed_at else None,
            "may_close": self.may_close,
        }

    def as_json(self) -> dict[str, object]:
        """The answer of `incidents show`: the same with its history."""
        history = [{"at": iso(n.at), "by": n.by, "what": n.what, "text": n.text} for n in self.history]
        return {**self.summary(), "history": history}


@dataclass(frozen=True)
class OpenIncidents:
    """How many are open, and how many of them are grave."""

    total: int
    grave: int

    def as_json(self) -> dict[str, int]:
        """The parts by name."""
        return {"total": self.total, "grave": self.grave}
