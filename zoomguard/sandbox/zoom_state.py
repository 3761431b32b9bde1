"""What the make-believe Zoom remembers: users, meetings, registrants, instances and recordings."""

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from zoomguard.sandbox.clock import SandboxClock
from zoomguard.sandbox.faults import Faults
from zoomguard.sandbox.media import USUAL, Medium
from zoomguard.sandbox.paging import Pages
from zoomguard.sandbox.wire import Answer, Ask
from zoomguard.sandbox.zoom_errors import unknown_meeting, unknown_user
from zoomguard.sandbox.zoom_uuids import Uuids

if TYPE_CHECKING:
    from zoomguard.sandbox.webhooks import Webhooks
    from zoomguard.sandbox.zoom_oauth import Tokens


@dataclass
class User:
    """A user of the account. Licensed users are Zoom's type 2, others type 1."""

    id: str
    email: str
    first_name: str
    last_name: str
    licensed: bool
    pmi: int
    created_at: datetime
    status: str = "active"
    timezone: str = "Europe/London"

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass
class Registrant:
    """Somebody registered for one meeting; `status` is approved, pending, denied or cancelled."""

    id: str
    email: str
    first_name: str
    last_name: str
    status: str
    created_at: datetime
    join_url: str
    pin: int
    answers: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True)
class Person:
    """Who is at a meeting: a user of the account, a registrant, or a guest with neither."""

    name: str
    email: str
    user_id: str = ""
    registrant_id: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.user_id or self.registrant_id, "" if self.user_id else self.email or self.name


@dataclass
class Stay:
    """One person's time in one room: the meeting, or (`waiting`) the waiting room."""

    person: Person
    session_id: str
    join_at: datetime
    waiting: bool = False
    leave_at: datetime | None = None


@dataclass
class Instance:
    """One run of a meeting, known by its UUID. `recording_from_at` is set while recording runs."""

    uuid: str
    meeting: "Meeting"
    start_at: datetime | None = None
    end_at: datetime | None = None
    stays: list[Stay] = field(default_factory=list)
    segments: list[tuple[datetime, datetime]] = field(default_factory=list)
    recording_from_at: datetime | None = None
    film_bytes: int | None = None
    kinds: tuple[str, ...] = USUAL
    processing_s: float = 0
    transcript_s: float = 0

    @property
    def span(self) -> tuple[datetime, datetime]:
        """From start to end, or to the start while it runs."""
        start_at = self.start_at or self.meeting.start_at
        return start_at, self.end_at or start_at

    def open_stay(self, person: Person, waiting: bool) -> Stay | None:
        """Where this person is now, if there."""
        for stay in self.stays:
            if stay.person.key == person.key and stay.waiting == waiting and stay.leave_at is None:
                return stay
        return None


@dataclass
class Meeting:
    """A scheduled meeting; `uuid` is the one its next instance will have."""

    number: int
    uuid: str
    host: User
    created_at: datetime
    start_at: datetime
    password: str
    fields: dict[str, Any]
    settings: dict[str, Any]
    registrants: list[Registrant] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)
    live: Instance | None = None
    deleted: bool = False
    first_topic: str = ""

    @property
    def current_uuid(self) -> str:
        """The UUID of the run that is under way, or of the next."""
        return self.live.uuid if self.live else self.uuid

    def alternative_hosts(self, state: "ZoomState") -> list[User]:
        emails = self.settings["alternative_hosts"].split(";")
        return [state.user(email) for email in emails if email]


@dataclass
class RecordingFile:
    """One file of a recording; before `ready_at` Zoom is still processing it, before `listed_at` it shows nowhere.

    `rows` is how often lists have it. Until `told_until_at` they give `told_bytes` for its size.
    """

    id: str
    medium: Medium
    start_at: datetime
    end_at: datetime
    ready_at: datetime
    key: str
    listed_at: datetime
    rows: int = 1
    told_bytes: int | None = None
    told_until_at: datetime | None = None
    trashed_at: datetime | None = None

    def listed_bytes(self, now: datetime) -> int:
        """The size that a list gives at this time."""
        old = self.told_bytes is not None and (self.told_until_at is None or now < self.told_until_at)
        return self.told_bytes if old and self.told_bytes is not None else self.medium.size_bytes


@dataclass
class Recording:
    """All files of one instance; it stands in no list before `listed_at`."""

    instance: Instance
    files: list[RecordingFile]
    listed_at: datetime
    passcode: str


@dataclass(frozen=True)
class Call:
    """A request that came through the door: its parameters and its JSON body."""

    ask: Ask
    params: Mapping[str, str]
    body: dict[str, Any]

    @property
    def query(self) -> Mapping[str, str]:
        return self.ask.query


Handler = Callable[["ZoomState", Call], Answer]


@dataclass(frozen=True)
class Route:
    """One of Zoom's operations: its granular scope and rate limit label come from Zoom's reference."""

    method: str
    template: str
    scope: str
    label: str
    handler: Handler


class ZoomState:
    """The account. Whoever reads or writes it holds `lock`."""

    def __init__(self, clock: SandboxClock, faults: Faults, users: Iterable[User], owner: str) -> None:
        self.lock = threading.RLock()
        self.clock, self.faults = clock, faults
        self.account_id = secrets.token_urlsafe(16)
        self.users = {user.id: user for user in users}
        self.owner = self.user(owner)
        self.meetings: dict[int, Meeting] = {}
        self.coming: list[Meeting] = []
        self.instances: dict[str, Instance] = {}
        self.recordings: dict[str, Recording] = {}
        self.links: dict[str, tuple[Recording, RecordingFile]] = {}
        self.pages = Pages(clock)
        self.spent: Counter[tuple[str, ...]] = Counter()
        self.scopes: set[str] = set()
        self.origin = self.cdn_origin = ""
        self._uuids = Uuids()
        self.cdn_key = secrets.token_bytes(32)
        self.tokens: Tokens
        self.webhooks: Webhooks

    def user(self, word: str) -> User:
        """A user by id or e-mail. ZoomRefusal 1001 where there is none."""
        for user in self.users.values():
            if user.id == word or user.email.lower() == word.lower():
                return user
        raise unknown_user(word)

    def meeting(self, word: str) -> Meeting:
        """A meeting by its number. ZoomRefusal 3001 where there is none."""
        meeting = self.meetings.get(int(word)) if word.isascii() and word.isdigit() else None
        if meeting is None or meeting.deleted:
            raise unknown_meeting(word)
        return meeting

    def catch_up(self) -> None:
        """Take in the meetings that were asked for earlier and are made only now."""
        now = self.clock.now()
        for meeting in [one for one in self.coming if one.created_at <= now]:
            self.coming.remove(meeting)
            self.meetings[meeting.number] = meeting

    def spend(self, limit: int, *key: str) -> bool:
        """Use one of the `limit` that `key` has on this UTC day; False where none is left."""
        today = (self.clock.now().date().isoformat(), *key)
        if self.spent[today] >= limit:
            return False
        self.spent[today] += 1
        return True

    def new_number(self) -> int:
        """A meeting number of 11 digits that is not in use."""
        while True:
            number = 80_000_000_000 + secrets.randbelow(19_999_999_999)
            if number not in self.meetings and all(number != one.number for one in self.coming):
                return number

    def new_uuid(self, like: str = "") -> str:
        """A meeting UUID, see `Uuids`."""
        return self._uuids.next(like)

    def new_instance(self, meeting: Meeting) -> Instance:
        """The next run of a meeting, which takes its UUID; the meeting is given another."""
        instance = Instance(meeting.uuid, meeting)
        self.instances[instance.uuid] = instance
        meeting.uuid = self.new_uuid()
        meeting.instances.append(instance)
        meeting.live = instance
        return instance


def stamp(at: datetime) -> str:
    """A time as Zoom writes it: UTC, whole seconds, Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
