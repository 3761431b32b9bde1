"""What the rules are asked about, gathered beforehand by the application."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from zoomguard.domain.calendars import OfficeHours
from zoomguard.domain.consents import ConsentDecision, Scope
from zoomguard.domain.meeting_plan import Difference, HostPosture, Meeting, MeetingPlan
from zoomguard.domain.people import ChildOnRecord, StaffOnRecord


@dataclass(frozen=True)
class PeopleFacts:
    """Who teaches and observes when. `observer` is None where the address is on no staff record;
    `*_organisational` says whether the address asked for belongs to the organisation's domains, and
    `*_posture` is None where Zoom knows nobody by it. `observer_accepted` is None while nobody can have answered."""

    starts_at: datetime
    minutes: int
    teacher: StaffOnRecord
    observer: StaffOnRecord | None
    teacher_organisational: bool
    observer_organisational: bool
    teacher_posture: HostPosture | None
    observer_posture: HostPosture | None
    children: tuple[ChildOnRecord, ...]
    observer_accepted: bool | None = None
    # Lessons of another teacher within an hour, by short id, with the minutes between.
    observer_gaps: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class ConsentFacts:
    """What was decided for each child on the roster, by reference and scope, on the session's date."""

    starts_at: datetime
    children: tuple[ChildOnRecord, ...]
    decisions: dict[tuple[str, Scope], ConsentDecision]


@dataclass(frozen=True)
class MeetingFacts:
    """A meeting as it is, or as it is about to be asked for (`meeting` None before anything was created).

    `differences` is what the read-back has other than the plan; `roster` and `registered` are opaque
    addresses, `registered` None where Zoom could not tell.
    """

    plan: MeetingPlan
    meeting: Meeting | None
    everyone_waits: bool | None
    differences: tuple[Difference, ...] = ()
    roster: frozenset[str] = frozenset()
    registered: frozenset[str] | None = None
    roster_names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class MessageFacts:
    """One message about to leave, to one person; None where something could not be told.

    `audience` is "guardian", "child" or "staff". `template` names the words of ours that are sent, `free_text` is
    what a person typed ("" where nobody did). `home_zone` is the child's ("" where it is not on record),
    `designated` says that a designated person released the message.
    """

    audience: str
    template: str
    free_text: str
    now: datetime
    office: OfficeHours
    college_zone: str
    home_zone: str
    organisational_sender: bool | None
    recipient_may_be_contacted: bool | None
    designated: bool
