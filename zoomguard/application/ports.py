"""Where the application calls out. An adapter stands behind each; `bootstrap` brings them together.

Errors that every call to the outside may raise: OutsideFailed (permanent or not), Throttled (with the
moment to go on). A call that changes something may raise OutcomeUnknown: look before repeating.
No call is possible while a transaction of ours is open (Fault).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, Self

from zoomguard.domain.calendars import CalendarEntry
from zoomguard.domain.meeting_plan import HostPosture, Meeting
from zoomguard.domain.recordings import ListedRecording
from zoomguard.domain.storage import StorageReport, StorageWanted


class Clock(Protocol):
    """The time: aware UTC."""

    def now(self) -> datetime: ...


@dataclass(frozen=True)
class Registrant:
    """A personal entry to a meeting; `address` is ours and opaque, `join_url` is a secret."""

    id: str
    address: str
    status: str
    join_url: str


@dataclass(frozen=True)
class NewRegistrant:
    """Whom to register: an opaque address and the name shown in the room."""

    address: str
    first_name: str
    last_name: str


@dataclass(frozen=True)
class MarkedMeeting:
    """A meeting in a host's list, with the agenda that may hold our mark."""

    number: int
    agenda: str


class ZoomUsers(Protocol):
    """People in the Zoom account."""

    def posture(self, email: str) -> HostPosture | None:
        """Licence, activity, passcode rule and waiting room of a user, or None where Zoom knows nobody."""


class ZoomMeetings(Protocol):
    """Meetings of a host. Numbers are Zoom's meeting numbers."""

    def create(self, host_id: str, request: dict[str, object]) -> int:
        """Creates a meeting and gives its number. OutcomeUnknown where the answer was lost."""

    def read(self, number: int) -> Meeting | None:
        """A fresh read, or None where Zoom has no such meeting (3001)."""

    def update(self, number: int, request: dict[str, object]) -> None:
        """One PATCH; Zoom answers 204 whether or not it obeyed."""

    def delete(self, number: int) -> None:
        """Deletes; gone already is done."""

    def listed(self, host_id: str) -> tuple[MarkedMeeting, ...]:
        """All upcoming and scheduled meetings of a host, all pages."""

    def register(self, number: int, people: tuple[NewRegistrant, ...]) -> None:
        """Registers all in one batch with auto-approval; one by one where Zoom refuses the batch."""

    def registrants(self, number: int, status: str) -> tuple[Registrant, ...]:
        """All registrants of that status (approved, pending, denied), all pages."""

    def cancel_registrants(self, number: int, registrants: tuple[Registrant, ...]) -> None:
        """Takes their entries away. Zoom allows ten changes of a registrant a day: list first."""

    def end(self, number: int) -> None:
        """Ends whatever runs under this number now, for everybody; nothing running is done."""

    def start_url(self, number: int) -> str:
        """A fresh link that enters as the host: a secret, good for two hours, never stored and never logged."""


class Download(Protocol):
    """An open download; `total_size` in bytes where the server says, `resumed` whether it honoured the offset,
    `etag` a strong entity tag or ""."""

    total_size: int | None
    content_type: str
    resumed: bool
    etag: str

    def read_into(self, buffer: memoryview) -> int:
        """Fills up to the buffer's length and gives the count; 0 at the end. OutsideFailed when cut."""


class ZoomRecordings(Protocol):
    """Cloud recordings, by UUID only."""

    def listed(self, host: str, from_on: date, to_on: date) -> Iterator[ListedRecording]:
        """All recordings of a host (e-mail or id) with a start date in the window, both days included."""

    def of_meeting(self, uuid: str) -> ListedRecording | None:
        """The recording of one meeting instance, freshly listed, or None where Zoom has none (3301)."""

    def open(self, url: str, offset: int, etag: str = "") -> AbstractContextManager[Download]:
        """Streams a file from `offset` bytes on, from the beginning where its entity tag is another by now;
        redirects only to hosts on our lists."""


@dataclass(frozen=True)
class Attendance:
    """How often a meeting ran, and by the UUID of each time that was asked for how many people from outside the
    account were let in."""

    instances: int
    visitors: Mapping[str, int]


class ZoomAttendance(Protocol):
    """Who was at a meeting that is over."""

    def of_meeting(self, number: int, but: frozenset[str]) -> Attendance | None:
        """Who was there at all instances of a meeting but these; None where Zoom knows no such meeting."""


@dataclass(frozen=True)
class Lock:
    """What an object carries besides its bytes: retention, metadata and tags."""

    retain_until_at: datetime
    metadata: dict[str, str]
    tags: dict[str, str]
    content_type: str


@dataclass(frozen=True)
class StoredObject:
    """A version of an object as S3 reports it. `crc64nvme` is base64 text, and None where the server does not say
    or is not known to compare checksums with the bytes (some echo what they were given): then all is read again.
    `legal_hold` is None where S3 does not tell."""

    key: str
    version_id: str
    size: int
    crc64nvme: str | None
    lock_mode: str | None
    retain_until_at: datetime | None
    metadata: dict[str, str]
    legal_hold: bool | None = None


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """A version or a delete marker (whose size is 0) in the bucket's list; size in bytes, `stored_at` by S3's clock."""

    key: str
    version_id: str
    size: int
    is_marker: bool
    is_latest: bool
    stored_at: datetime


@dataclass(frozen=True)
class UnfinishedUpload:
    """A multipart upload that nobody completed."""

    key: str
    upload_id: str


class Upload(Protocol):
    """A running multipart upload of one object."""

    upload_id: str

    def part(self, number: int, content: bytes | memoryview, crc64nvme: str) -> None:
        """Sends part `number` (from 1) with its checksum."""

    def complete(self, size: int, crc64nvme: str) -> str:
        """Completes with the checksum of the whole and gives the version id. OutcomeUnknown where lost."""

    def abort(self) -> None:
        """Gives the upload up; gone already is done."""


class Vault(Protocol):
    """The bucket: versioned, locked, written once."""

    def put(self, key: str, content: bytes, lock: Lock) -> str:
        """Puts a small object with its lock and gives the version id. Conflict where the key is taken already."""

    def begin(self, key: str, lock: Lock) -> Upload:
        """Begins a multipart upload with a full-object CRC64NVME."""

    def head(self, key: str, version_id: str) -> StoredObject | None:
        """What S3 says of one version."""

    def listing(self, prefix: str) -> Iterator[ListedVersion]:
        """Every version and delete marker under a prefix, in constant memory: keys by their UTF-8 bytes, for each the
        newest first. OutsideFailed, at any step, rather than a list that is short or out of order."""

    def versions(self, prefix: str) -> tuple[StoredObject, ...]:
        """Every version under a prefix (without checksums, locks and delete markers), oldest first for each key."""

    def tags(self, key: str, version_id: str) -> dict[str, str] | None:
        """The tags of one version, or None where there is no such version."""

    def retag(self, key: str, version_id: str, tags: dict[str, str]) -> None:
        """Puts these tags in the place of all that the version had. OutcomeUnknown where the answer was lost."""

    def relock(self, key: str, version_id: str, retain_until_at: datetime) -> None:
        """Puts the GOVERNANCE lock on a version that came out without it."""

    def read(self, key: str, version_id: str, start: int, stop: int | None) -> AbstractContextManager[Iterator[bytes]]:
        """Streams the bytes of one version from `start` up to `stop` (exclusive; None: the end)."""

    def unfinished(self, prefix: str) -> tuple[UnfinishedUpload, ...]:
        """Uploads under a prefix that nobody completed."""

    def abort(self, upload: UnfinishedUpload) -> None:
        """Gives one of them up."""

    def checksum(self) -> Checksum:
        """A fresh CRC-64/NVME over bytes."""

    def prepare(self, environment: str, *, create: bool) -> None:
        """Checks versioning, lock and the stamp of our environment; creates the bucket where allowed."""


class StorageProbes(Protocol):
    """Trials of the bucket with small objects under a prefix of their own."""

    def ask(self, wanted: StorageWanted) -> StorageReport:
        """Asks everything and takes away what was made; what S3 cannot be asked is unknown, never an error."""


class Checksum(Protocol):
    """A running CRC-64/NVME."""

    def update(self, content: bytes | memoryview) -> None: ...

    def extend(self, other: Self, size: int) -> None:
        """Goes on over the `size` bytes that the other one was made of."""

    def text(self) -> str:
        """Base64 of the eight bytes, as S3 writes it."""


@dataclass(frozen=True)
class Letter:
    """A mail to one recipient; `message_id` is the same at each try.

    `calendar` is an iCalendar text to attach, of the method `calendar_method` (RFC 5546); both or neither.
    """

    to: str
    subject: str
    text: str
    message_id: str
    headers: dict[str, str]
    calendar: str = ""
    calendar_method: str = ""


class Mailer(Protocol):
    """The organisation's mail server."""

    def send(self, letter: Letter) -> None:
        """Hands a letter over; returns when the server has accepted it."""


class Calendars(Protocol):
    """Entries for people's calendars."""

    def event(self, entry: CalendarEntry) -> str:
        """The entry as an iCalendar text (RFC 5545), times in UTC, lines ending in CRLF."""


Progress = Callable[[str, int, int | None], None]


class Claims(Protocol):
    """Locks that die with their process: whoever holds one works alone on that subject."""

    def claim(self, name: str, wait_s: float = 0) -> AbstractContextManager[bool]:
        """Tries for up to `wait_s` to take a claim and says whether it was had; let go at the end of the block."""
