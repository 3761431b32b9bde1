"""Messages to people: which there are, to whom, and what their words are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from zoomguard.domain.times import iso

VERSION = "2"
LONGEST_NOTE = 300
DESIGNATED, TOO_LATE = "designated", "too_late"


class Audience(StrEnum):
    """As what somebody is written to; a learner is one who is 18 at the start."""

    GUARDIAN = "guardian"
    CHILD = "child"
    LEARNER = "learner"
    STAFF = "staff"


class Template(StrEnum):
    """Which words of ours a message has."""

    INVITATION = "invitation"
    CHANGE = "change"
    CANCELLATION = "cancellation"
    LEFT_OUT = "left_out"
    REMINDER = "reminder"
    TEACHING = "teaching"
    ASK = "ask"
    ON = "on"
    OFF = "off"
    COVERED = "covered"
    REASSIGNED = "reassigned"
    OBSERVER_MISSING = "observer_missing"
    AT_RISK = "at_risk"
    NOT_CREATED = "not_created"
    DAY_SHEET = "day_sheet"
    INCIDENT = "incident"


# Whoever has one of these believes that the lesson takes place as it says.
TELLING = frozenset({Template.INVITATION, Template.CHANGE, Template.REMINDER, Template.TEACHING, Template.ON})
# Of no use to anybody once the lesson is over.
IN_TIME_ONLY = TELLING | {Template.ASK, Template.OBSERVER_MISSING, Template.AT_RISK}


@dataclass(frozen=True)
class Lesson:
    """What a mail says of a session. `zone` is the organisation's; `staff_door` and `children` are for staff.

    `observes` says how it stands with the observer: "yes" who agreed, "asked", or "off" who will not.
    """

    organisation: str
    course: str
    starts_at: datetime
    minutes: int
    zone: str
    teacher: str
    observer: str
    lead: str
    lead_phone: str
    office_phone: str
    nspcc: str
    doors_open_minutes: int
    retention_days: int
    short_id: str = ""
    staff_door: str = ""
    children: int = 0
    observes: str = "yes"


@dataclass(frozen=True)
class Invited:
    """A learner as the family is written to: the known name, the door, and the zone at home.

    `door` is "" where only an earlier mail has it; `oneself` says that the learner of age is the reader.
    """

    known_as: str
    door: str
    zone: str
    id: str = ""
    oneself: bool = False


@dataclass(frozen=True)
class Was:
    """What a session was before a change, with the names of the staff."""

    starts_at: datetime
    minutes: int
    teacher: str
    observer: str


@dataclass(frozen=True)
class MessageView:
    """A message as those see it who look after mail: to whom by reference, never the address, never the text.

    `tries` says in order what came of each step towards the mail server.
    """

    id: str
    session: str
    audience: str
    to_reference: str
    template: str
    state: str
    made_at: datetime
    not_before_at: datetime
    reason: str = ""
    awaits: str = ""
    tries: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The shape of one entry of `messages`."""
        return {
            "id": self.id,
            "session": self.session,
            "audience": self.audience,
            "to_reference": self.to_reference,
            "template": self.template,
            "state": self.state,
            "made_at": iso(self.made_at),
            "not_before_at": iso(self.not_before_at),
            "reason": self.reason,
            "awaits": self.awaits,
            "tries": list(self.tries),
        }
