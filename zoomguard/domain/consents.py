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
    every yes, whether verified or not and whoever gave it: stopping is as easy as it can be. So an objection
    ends only by a yes of the same giver that was recorded after it and takes effect no earlier.
    """
    by_giver: dict[str, list[ConsentEvent]] = {}
    for event in events:
        known = event.recorded_at <= known_at.astimezone(UTC)
        if event.scope is scope and known and event.effective_on <= on:
            by_giver.setdefault(event.giver_id, []).append(event)
    latest = tuple(_word_of(said) for said in by_giver.values())
    objections = [e for e in latest if e.type in OBJECTIONS]
    if objections:
        newest = max(objections, key=_order)
        return ConsentDecision(OBJECTIONS[newest.type], tuple(sorted(e.id for e in objections)))
    return _of_yeses(latest, on)


def _word_of(said: list[ConsentEvent]) -> ConsentEvent:
    """What counts of all that one giver said: an objection that still stands, or else the latest yes."""
    yeses = [e for e in said if e.type not in OBJECTIONS]
    standing = [e for e in said if e.type in OBJECTIONS and not any(_ends(yes, e) for yes in yeses)]
    return max(standing or yeses, key=_order)


def _ends(yes: ConsentEvent, objection: ConsentEvent) -> bool:
    return yes.effective_on >= objection.effective_on and yes.recorded_at > objection.recorded_at


def _order(event: ConsentEvent) -> tuple[date, datetime, str]:
    return event.effective_on, event.recorded_at, event.id


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
