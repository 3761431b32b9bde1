"""The planned lesson: its states, which transitions there are, and what people see of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from zoomguard.domain.findings import Finding
from zoomguard.domain.times import iso


class SessionState(StrEnum):
    """Where a session stands."""

    PLANNED = "planned"
    REQUESTED = "requested"
    CREATED = "created"
    SCHEDULED = "scheduled"
    AT_RISK = "at_risk"
    LIVE = "live"
    ENDED = "ended"
    ACCOUNTED = "accounted"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    FAILED = "failed"
    MOVING = "moving"
    REMOVING = "removing"


S = SessionState
TRANSITIONS: dict[SessionState, frozenset[SessionState]] = {
    S.PLANNED: frozenset({S.REQUESTED, S.CANCELLED, S.REFUSED}),
    S.REQUESTED: frozenset({S.CREATED, S.FAILED, S.REMOVING}),
    S.CREATED: frozenset({S.SCHEDULED, S.REMOVING}),
    S.SCHEDULED: frozenset({S.AT_RISK, S.LIVE, S.ENDED, S.MOVING, S.REMOVING}),
    S.AT_RISK: frozenset({S.SCHEDULED, S.LIVE, S.ENDED, S.MOVING, S.REMOVING}),
    # A meeting that is made anew begins again: under another host, or because somebody deleted it in Zoom.
    S.MOVING: frozenset({S.SCHEDULED, S.AT_RISK, S.REMOVING, S.REQUESTED, S.ENDED}),
    S.LIVE: frozenset({S.ENDED, S.REMOVING}),
    S.ENDED: frozenset({S.ACCOUNTED, S.LIVE}),
    S.ACCOUNTED: frozenset(),
    S.REMOVING: frozenset({S.CANCELLED, S.FAILED}),
    S.REFUSED: frozenset(),
    S.CANCELLED: frozenset(),
    S.FAILED: frozenset(),
}
# A state that keeps teacher, observer and children reserved: all but the ones in which nothing can happen any more.
RESERVING = frozenset(S) - {S.REFUSED, S.CANCELLED, S.FAILED, S.ACCOUNTED}
CANCELLABLE = frozenset({S.PLANNED, S.SCHEDULED, S.AT_RISK, S.CREATED, S.REQUESTED, S.MOVING, S.LIVE})
# A session that stands at Zoom and has not begun may be changed; a planned one is changed on paper alone.
CHANGEABLE = frozenset({S.PLANNED, S.SCHEDULED, S.AT_RISK})


class Change(StrEnum):
    """What is being changed while a session is `moving`."""

    NONE = ""
    TIME = "time"
    OBSERVER = "observer"
    MEETING = "meeting"


class Risk(StrEnum):
    """Why a session is `at_risk`."""

    NONE = ""
    OBSERVER_MISSING = "OBSERVER_MISSING"
    STAFF = "STAFF"
    CONSENT_UNKNOWN = "CONSENT_UNKNOWN"
    DRIFT = "DRIFT"
    STRANGER = "STRANGER"
    ZOOM_UNREADABLE = "ZOOM_UNREADABLE"
    CLOCK_RULES = "CLOCK_RULES"


POOL = "pool"


def may_become(old: SessionState, new: SessionState) -> bool:
    """Whether a session in state `old` may become `new`."""
    return new in TRANSITIONS[old]


def overlaps(a_start: datetime, a_minutes: int, b_start: datetime, b_minutes: int) -> bool:
    """Whether two slots share a moment; back to back does not."""
    return a_start < b_start + timedelta(minutes=b_minutes) and b_start < a_start + timedelta(minutes=a_minutes)


@dataclass(frozen=True)
class ScheduleAsk:
    """What a person asks for: references and addresses as typed, the start as naive wall time and zone.

    `observer` is an address, or "pool" (or nothing) to have one picked. `group` adds a class, `without` takes
    children out again, `like` takes from a session whatever is not given here. `minutes` None is as long as before.
    """

    teacher: str
    observer: str
    children: tuple[str, ...]
    course: str
    start: str
    minutes: int | None
    zone: str = "Europe/London"
    fold: str | None = None
    key: str = ""
    dry_run: bool = False
    group: str = ""
    without: tuple[str, ...] = ()
    like: str = ""
    reserves: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """What a session under change is to become; what is left as it is has the old value."""

    kind: Change
    starts_at: datetime
    minutes: int
    teacher: str
    observer: str

    def as_json(self) -> dict[str, object]:
        """The shape of `session.change`."""
        return {
            "kind": self.kind.value,
            "starts_at": iso(self.starts_at),
            "minutes": self.minutes,
            "teacher": self.teacher,
            "observer": self.observer,
        }


@dataclass(frozen=True)
class SessionView:
    """A session as people who may see it get it; children by reference, no link, no passcode."""

    id: str
    short_id: str
    state: SessionState
    course: str
    starts_at: datetime
    minutes: int
    zone: str
    meeting_number: int | None
    teacher: str
    observer: str
    children: tuple[str, ...]
    teacher_name: str = ""
    observer_name: str = ""
    # "yes", "no", "asked" (no answer yet), or "none" (not asked, or not wanted any more).
    observer_answer: str = "none"
    risk: str = ""
    # The first moment at which the meeting of a planned session is made.
    waits_until: datetime | None = None
    change: Wanted | None = None
    # The viewer was asked to observe it, has not answered, and sees no more of it than the question says.
    asked: bool = False

    @property
    def ready(self) -> bool:
        """Stands at Zoom as asked, and the observer said yes: assigned is not accepted."""
        return self.state is SessionState.SCHEDULED and self.observer_answer == "yes"

    def as_json(self) -> dict[str, object]:
        """The shape of contracts: `session` in every answer."""
        return {
            "id": self.id,
            "short_id": self.short_id,
            "state": self.state.value,
            "course": self.course,
            "starts_at": iso(self.starts_at),
            "minutes": self.minutes,
            "zone": self.zone,
            "meeting_number": self.meeting_number,
            "teacher": self.teacher,
            "observer": self.observer,
            "children": list(self.children),
            "teacher_name": self.teacher_name,
            "observer_name": self.observer_name,
            "observer_answer": self.observer_answer,
            "ready": self.ready,
            "risk": self.risk,
            "waits_until": iso(self.waits_until) if self.waits_until else None,
            "change": self.change.as_json() if self.change else None,
            "asked": self.asked,
        }


# Zones in which the clock shows another hour, each with the references of the children there.
Elsewhere = tuple[tuple[str, tuple[str, ...]], ...]


def elsewhere_as_json(elsewhere: Elsewhere) -> list[dict[str, object]]:
    """The shape of `elsewhere`."""
    return [{"zone": zone, "children": list(children)} for zone, children in elsewhere]


@dataclass(frozen=True)
class MovedTo:
    """When a session is to be, or is now, in its zone and where children live elsewhere."""

    starts_at: datetime
    minutes: int
    zone: str
    elsewhere: Elsewhere = ()

    def as_json(self) -> dict[str, object]:
        """The shape of `to`."""
        return {
            "starts_at": iso(self.starts_at),
            "minutes": self.minutes,
            "zone": self.zone,
            "elsewhere": elsewhere_as_json(self.elsewhere),
        }


@dataclass(frozen=True)
class ScheduleAnswer:
    """What came of an ask: `outcome` is scheduled, planned, refused, unchanged or possible (dry run)."""

    outcome: str
    session: SessionView | None
    findings: tuple[Finding, ...] = ()
    zoom_writes: int = 0
    settings_compared: int = 0
    invitations: int = 0
    warnings: tuple[Finding, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The shape `zoomguard/1` of a schedule."""
        return {
            "schema": "zoomguard/1",
            "outcome": self.outcome,
            "session": self.session.as_json() if self.session else None,
            "findings": [f.as_json() for f in self.findings],
            "zoom_writes": self.zoom_writes,
            "settings_compared": self.settings_compared,
            "invitations": self.invitations,
            "warnings": [f.as_json() for f in self.warnings],
        }


@dataclass(frozen=True)
class Told:
    """Who is being told of a change: how many guardians and children, and which staff by address. Mails are queued,
    and those to children wait for office hours; `held` are children whose mail somebody designated reads first."""

    guardians: int = 0
    children: int = 0
    staff: tuple[str, ...] = ()
    held: int = 0

    def as_json(self) -> dict[str, object]:
        """The shape of `told`."""
        counted = {"guardians": self.guardians, "children": self.children, "held": self.held}
        return {**counted, "staff": list(self.staff)}


@dataclass(frozen=True)
class ChangeAnswer:
    """What came of a change: changed, unchanged, moving (Zoom's answer is open), asked or possible (dry run). `to` is
    the time of a session that is moved."""

    outcome: str
    session: SessionView
    told: Told = field(default_factory=Told)
    warnings: tuple[Finding, ...] = ()
    zoom_writes: int = 0
    to: MovedTo | None = None

    def as_json(self) -> dict[str, object]:
        """The answer of `sessions reschedule` and its like."""
        return {
            "schema": "zoomguard/1",
            "outcome": self.outcome,
            "session": self.session.as_json(),
            "findings": [],
            "warnings": [f.as_json() for f in self.warnings],
            "told": self.told.as_json(),
            "zoom_writes": self.zoom_writes,
            "to": self.to.as_json() if self.to else None,
        }
