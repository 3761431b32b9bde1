"""What is looked at again between scheduling and start: when, and what follows from what is found. Decisions only.

Consents, staff and the meeting at Zoom can change after a session was allowed. What is known to be wrong has
consequences; what cannot be told is told to people, and never taken for a pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from zoomguard.domain import times
from zoomguard.domain.consents import ConsentState
from zoomguard.domain.errors import BadInput
from zoomguard.domain.meeting_plan import COPIES, Difference
from zoomguard.domain.sessions import Risk

# So long before the start is looked again, and at the start itself.
BEFORE = (timedelta(hours=24), timedelta(hours=1), timedelta(minutes=8), timedelta(minutes=5), timedelta(0))
# From here on people are told of what cannot be told, and what is known to be wrong calls the session off.
TELL_BEFORE, DECIDE_BEFORE = timedelta(hours=1), timedelta(minutes=8)
REMAKE_BEFORE = timedelta(minutes=30)
# Zoom may fail for a moment: so long it is asked again before anybody is told.
PATIENCE = timedelta(minutes=1)
# A flood of news about a meeting (its registration page is public) makes no flood of looks.
QUIET = timedelta(seconds=5)
# So often in a session's life settings are put back; who changes them a third time means it.
REPAIRS = 2
# No PATCH changes these.
NOT_REPAIRABLE = frozenset({"host_id", "pmi", "type", COPIES})
# Without these a meeting is not safe to hold.
ESSENTIAL = frozenset(
    {
        "settings.waiting_room",
        "settings.join_before_host",
        "settings.auto_recording",
        "settings.approval_type",
        "settings.encryption_type",
        "settings.use_pmi",
        "password",
        "host_id",
        "pmi",
    }
)
WORST_FIRST = (
    Risk.STAFF,
    Risk.DRIFT,
    Risk.STRANGER,
    Risk.OBSERVER_MISSING,
    Risk.CONSENT_UNKNOWN,
    Risk.ZOOM_UNREADABLE,
    Risk.CLOCK_RULES,
)
KNOWN_NO = frozenset(ConsentState) - {ConsentState.ACTIVE, ConsentState.PENDING}


@dataclass(frozen=True)
class Look:
    """A look at a session: `looked_at` when the last one began (or the meeting was made, and read back),
    `asked_at` when somebody last asked for another, None where nobody did."""

    now: datetime
    starts_at: datetime
    looked_at: datetime
    asked_at: datetime | None = None
    is_first: bool = False

    @property
    def owed_since(self) -> datetime | None:
        """Since when a look is owed; None where nothing has come up since the last one."""
        owed = self._passed
        if self.asked_at is not None and self.asked_at >= self.looked_at:
            owed.append(self.asked_at)
        return min(owed, default=None)

    @property
    def held_until(self) -> datetime | None:
        """Until when a look that is owed for news alone waits, so shortly after the last one."""
        quiet_until = self.looked_at + QUIET
        return quiet_until if not self.is_first and not self._passed and self.now < quiet_until else None

    @property
    def _passed(self) -> list[datetime]:
        return [at for at in moments(self.starts_at) if self.looked_at < at <= self.now]

    @property
    def next_at(self) -> datetime | None:
        """The next moment at which to look; None after the start."""
        return next((at for at in moments(self.starts_at) if at > self.now), None)

    @property
    def tells_unknown(self) -> bool:
        """Whether it is so late that people hear of what could not be told."""
        return self.now >= self.starts_at - TELL_BEFORE

    @property
    def decides(self) -> bool:
        """Whether what is known to be wrong calls the session off: from 8 minutes before to the look at the start."""
        return self.now >= self.starts_at - DECIDE_BEFORE and not self.is_under_way

    @property
    def may_remake(self) -> bool:
        """Whether there is time to make the meeting anew."""
        return self.now < self.starts_at - REMAKE_BEFORE

    @property
    def is_under_way(self) -> bool:
        """Whether the session runs, and was looked at when it began: nothing is called off by a look any more."""
        return self.looked_at >= self.starts_at

    def may_move_to(self, starts_at: datetime) -> bool:
        """Whether people who are told of another start now can still act upon it."""
        return self.now < min(self.starts_at, starts_at) - TELL_BEFORE

    def is_out_of_patience(self, unknown_until: datetime) -> bool:
        """Whether people are told that Zoom cannot be read, where it will not be asked again before that moment."""
        since = self.owed_since or self.now
        return self.tells_unknown and unknown_until - since >= PATIENCE


def moments(starts_at: datetime) -> tuple[datetime, ...]:
    """When a session is looked at again, earliest first."""
    return tuple(starts_at - before for before in BEFORE)


class Stance(StrEnum):
    """Whether a child may take part, by what guardians answered."""

    MAY = "may"
    MAY_NOT = "may_not"
    UNKNOWN = "unknown"


def stance(answers: Iterable[ConsentState | None]) -> Stance:
    """Of the answers to all that is asked about a child: one known no decides, and a yes that nobody has checked
    (or that could not be looked up) is unknown."""
    states = tuple(answers)
    if KNOWN_NO.intersection(states):
        return Stance.MAY_NOT
    return Stance.MAY if states and all(s is ConsentState.ACTIVE for s in states) else Stance.UNKNOWN


def repairable(differences: Iterable[Difference]) -> bool:
    """Whether one PATCH may put anything back."""
    return any(d.setting not in NOT_REPAIRABLE for d in differences)


def unsafe(differences: Iterable[Difference]) -> bool:
    """Whether something essential is known to be other than asked; what Zoom does not report is not known."""
    return any(d.setting in ESSENTIAL and d.got is not None for d in differences)


def worst(risks: Iterable[Risk]) -> Risk:
    """The risk that a session is shown with."""
    found = frozenset(risks)
    return next((r for r in WORST_FIRST if r in found), Risk.NONE)


def start_by_wall_time(local_start: str, zone: str, starts_at: datetime) -> datetime | None:
    """The moment that a session's wall time means by the clock rules of today; None where it no longer exists.

    Where the time comes twice, the one that was meant stays; otherwise the nearer one counts.
    """
    meant = []
    for fold in ("earlier", "later"):
        try:
            meant.append(times.to_utc(times.local_start(local_start), zone, fold))
        except BadInput:
            return None
    return min(meant, key=lambda at: abs(at - starts_at))
