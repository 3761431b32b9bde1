"""Consent as an append-only series of events, folded into one answer at a moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum


class Scope(StrEnum):
    """What a guardian is asked about; each scope is a decision of its own."""

    VIDEO_LIVE = "video_live"
    VIDEO_RECORD = "video_record"
    EMAIL = "email"
    PUBLICATION = "publication"


class ConsentType(StrEnum):
    """What happened to a consent."""

    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    DISPUTED = "disputed"


class ConsentState(StrEnum):
    """What is so for one child and scope at a moment."""

    ACTIVE = "active"
    MISSING = "missing"
    PENDING = "pending"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    DISPUTED = "disputed"


@dataclass(frozen=True)
class ConsentEvent:
    """One event. `authority` says whether the giver holds parental responsibility; `verified` whether the
    evidence was checked by a second person (an unverified yes is pending, and pending never passes)."""

    id: str
    child_id: str
    giver_id: str
    scope: Scope
    type: ConsentType
    effective_on: date
    valid_until_on: date | None
    recorded_at: datetime
    verified: bool
    authority: bool
    verified_by: str | None = None


@dataclass(frozen=True)
class ConsentDecision:
    """The answer for one child and scope, with the ids of the events it rests on."""

    state: ConsentState
    event_ids: tuple[str, ...] = ()


OBJECTIONS = {
    ConsentType.REFUSED: ConsentState.REFUSED,
    ConsentType.WITHDRAWN: ConsentState.WITHDRAWN,
    ConsentType.DISPUTED: ConsentState.DISPUTED,
}


def decide(events: Iterable[ConsentEvent], scope: Scope, on: date, known_at: datetime) -> ConsentDecision:
    """The state on the date `on` by what was known at `known_at`.

    Per giver the latest effective event counts. A refusal, withdrawal or dispute of any guardian beats
    every yes, whether verified or not and whoever gave it: stopping is as easy as it can be.
    """
    known = [e for e in events if e.scope is scope and e.recorded_at <= known_at.astimezone(UTC)]
    latest: dict[str, ConsentEvent] = {}
    for event in sorted(known, key=lambda e: (e.effective_on, e.recorded_at, e.id)):
        if event.effective_on <= on:
            latest[event.giver_id] = event
    objections = [e for e in latest.values() if e.type in OBJECTIONS]
    if objections:
        newest = max(objections, key=lambda e: (e.effective_on, e.recorded_at, e.id))
        return ConsentDecision(OBJECTIONS[newest.type], tuple(sorted(e.id for e in objections)))
    return _of_yeses(tuple(latest.values()), on)


def _of_yeses(yeses: tuple[ConsentEvent, ...], on: date) -> ConsentDecision:
    active = [e for e in yeses if e.verified and e.authority and not _over(e, on)]
    if active:
        return ConsentDecision(ConsentState.ACTIVE, tuple(sorted(e.id for e in active)))
    ids = tuple(sorted(e.id for e in yeses))
    if any(not _over(e, on) for e in yeses):
        return ConsentDecision(ConsentState.PENDING, ids)
    return ConsentDecision(ConsentState.EXPIRED if yeses else ConsentState.MISSING, ids)


def _over(event: ConsentEvent, on: date) -> bool:
    return event.valid_until_on is None or event.valid_until_on < on
