"""Recordings: all files of one meeting instance (one UUID), their states, names and bytes that prove a kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import count

from zoomguard.domain.times import iso


class FileState(StrEnum):
    """Where a recording file stands on its way into the archive."""

    EXPECTED = "expected"
    AVAILABLE = "available"
    COPYING = "copying"
    COPIED = "copied"
    VERIFIED = "verified"
    MISSING = "missing"


class RecordingState(StrEnum):
    """Where a recording stands: it is archived when every file is verified and its bag is sealed."""

    AVAILABLE = "available"
    COPYING = "copying"
    ARCHIVED = "archived"


class Purpose(StrEnum):
    """Why somebody watches a recording (policy: quality assurance and transparency, nothing else)."""

    QA_REVIEW = "qa_review"
    TRANSPARENCY_COMPLAINT = "transparency_complaint"
    SAFEGUARDING = "safeguarding"
    DSAR = "dsar"
    LEGAL = "legal"
    PUBLICATION = "publication"


class RetentionClass(StrEnum):
    """How long a recording is kept; the number of days stands in the terms."""

    ROUTINE = "routine"
    NO_CHILD = "no_child"
    UNASSIGNED = "unassigned"


@dataclass(frozen=True)
class ListedFile:
    """A recording file as Zoom lists it. Some kinds lack id, size and status (CC, TIMELINE)."""

    key: str
    zoom_file_id: str | None
    type: str
    recording_type: str
    extension: str
    size: int | None
    status: str
    recorded_from_at: datetime | None
    recorded_to_at: datetime | None
    download_url: str

    @property
    def is_ready(self) -> bool:
        """Whether Zoom has finished it; kinds that are listed without a status are there when they are listed."""
        return self.status in ("completed", "")


@dataclass(frozen=True)
class ListedRecording:
    """One meeting instance with its files, as Zoom lists it."""

    uuid: str
    meeting_number: int
    host_id: str
    topic: str
    started_at: datetime
    files: tuple[ListedFile, ...]

    @property
    def processing(self) -> bool:
        """Whether Zoom is still at work on any of the files."""
        return not all(f.is_ready for f in self.files)


@dataclass(frozen=True)
class MediaKind:
    """What we know of a file type: our file name, its content type, and the bytes it must begin with."""

    name: str
    extension: str
    content_type: str
    magic: tuple[tuple[int, bytes], ...] = ()


# ISO 14496-12: a file begins with the box `ftyp` at offset 4. WebVTT (w3.org/TR/webvtt1) begins with WEBVTT,
# a byte order mark before it allowed.
ISO_MEDIA = ((4, b"ftyp"),)
WEBVTT = ((0, b"WEBVTT"), (0, b"\xef\xbb\xbfWEBVTT"))
KINDS: dict[str, MediaKind] = {
    "MP4": MediaKind("video", "mp4", "video/mp4", ISO_MEDIA),
    "M4A": MediaKind("audio", "m4a", "audio/mp4", ISO_MEDIA),
    "TRANSCRIPT": MediaKind("transcript", "vtt", "text/vtt; charset=utf-8", WEBVTT),
    "CC": MediaKind("captions", "vtt", "text/vtt; charset=utf-8", WEBVTT),
    "CHAT": MediaKind("chat", "txt", "text/plain; charset=utf-8"),
    "CHAT_MESSAGE": MediaKind("chat-messages", "json", "application/json"),
    "TIMELINE": MediaKind("timeline", "json", "application/json"),
    "SUMMARY": MediaKind("summary", "json", "application/json"),
    "CSV": MediaKind("poll", "csv", "text/csv; charset=utf-8"),
    "TB": MediaKind("thumbnail", "jpg", "image/jpeg", ((0, b"\xff\xd8\xff"),)),
}
OTHER = MediaKind("other", "bin", "application/octet-stream")


def kind_of(file_type: str) -> MediaKind:
    """Our kind for a file type of Zoom's; unknown types are kept as `other`."""
    return KINDS.get(file_type, OTHER)


def looks_like(kind: MediaKind, head: bytes) -> bool:
    """Whether the first bytes can be of that kind; a sign-in page in the place of media never is.

    Zoom is known to answer 200 with an HTML page (devforum.zoom.us/t/53338).
    """
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return False
    return not kind.magic or any(head[at : at + len(sign)] == sign for at, sign in kind.magic)


def file_name(kind: MediaKind, taken: frozenset[str]) -> str:
    """The name within the bag: `video.mp4`, and `video-2.mp4` where the first is taken."""
    plain = f"{kind.name}.{kind.extension}"
    if plain not in taken:
        return plain
    number = next(n for n in count(2) if f"{kind.name}-{n}.{kind.extension}" not in taken)
    return f"{kind.name}-{number}.{kind.extension}"


@dataclass(frozen=True)
class FileView:
    """A file of a recording as entitled people see it; `why` says why it is not archived. Files of a `bag` after the
    first came when that one was sealed already."""

    id: str
    name: str
    state: FileState
    size: int | None
    sha256: str | None
    why: str = ""
    bag: int = 1


# What a lesson recorded in the cloud usually comes with.
EXPECTED_KINDS = ("MP4", "M4A", "TRANSCRIPT", "CHAT")
NEVER_LISTED = {
    "MP4": "Zoom listed no film: ask the teacher whether it was recorded.",
    "M4A": "Zoom listed no sound apart from the film.",
    "TRANSCRIPT": "Zoom listed none: transcripts may be switched off, or nobody spoke.",
    "CHAT": "Zoom listed none: nobody wrote, or the chat was off.",
}
WHY = {
    "PROCESSING": "Zoom announced it and was still at work on it a day later.",
    "FILE_NOT_LISTED": "Zoom announced it and lists it no more.",
    "SIZE_MISMATCH": "Zoom serves another size than it lists.",
}


def why_not(state: FileState, code: str) -> str:
    """Why a file that Zoom announced is not archived, in words."""
    if state is FileState.VERIFIED:
        return ""
    if state is FileState.EXPECTED:
        return "Zoom is still at work on it."
    if state is FileState.MISSING:
        return WHY.get(code, f"It never came whole ({code}).")
    return f"The last try to copy it failed ({code})." if code else "It is being copied."


def never_listed(types: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Names of usual files that Zoom never listed, each with the reason that is likely."""
    absent = (t for t in EXPECTED_KINDS if t not in types)
    return tuple((f"{KINDS[t].name}.{KINDS[t].extension}", NEVER_LISTED[t]) for t in absent)


@dataclass(frozen=True)
class RecordingView:
    """A recording as entitled people see it; no link, no topic, no name. `session` is None where no lesson is on
    record, `session_id` where it is of none of ours."""

    id: str
    short_id: str
    session_id: str | None
    session: str | None
    course: str
    state: RecordingState
    starts_at: datetime
    retain_until_at: datetime | None
    files: tuple[FileView, ...] = ()
    absent: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, object]:
        """The answer of `recordings show`."""
        return {
            "id": self.id,
            "short_id": self.short_id,
            "session_id": self.session_id,
            "session": self.session,
            "course": self.course,
            "state": self.state.value,
            "starts_at": iso(self.starts_at),
            "retain_until": iso(self.retain_until_at) if self.retain_until_at else None,
            "files": [
                {
                    "id": f.id,
                    "name": f.name,
                    "state": f.state.value,
                    "size": f.size,
                    "sha256": f.sha256,
                    "why": f.why or None,
                    "bag": f.bag,
                }
                for f in self.files
            ],
            "absent": [{"name": name, "why": why} for name, why in self.absent],
        }


@dataclass(frozen=True)
class Play:
    """One opened fetch of a recording: the files that may be read under it, until it ends."""

    id: str
    recording: RecordingView
    until_at: datetime
    objects: tuple[PlayObject, ...]


@dataclass(frozen=True)
class PlayObject:
    """One object of the bag within a play, by its path in the bag."""

    number: int
    path: str
    size: int
    sha256: str
