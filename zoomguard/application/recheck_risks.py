"""Why a session is at risk, as looks find it: shown with the session, and told to the leads once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from zoomguard.application import access, messages
from zoomguard.application.session_parts import CREATE, RECHECK, SessionParts, change_state
from zoomguard.domain import rechecks
from zoomguard.domain.audit import Event
from zoomguard.domain.people import SERVICE
from zoomguard.domain.rechecks import WORST_FIRST, Look
from zoomguard.domain.sessions import Risk, SessionState
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import StepState, VideoSession

S = SessionState


@dataclass(frozen=True)
class Before:
    """What is on record when a look begins: `risks` are those that stand, and were told."""

    look: Look
    risks: frozenset[Risk]
    told_unreadable: bool


def before_look(tx: Transaction, session: VideoSession, now: datetime) -> Before:
    """A meeting that was just made was read back then; later looks stand as steps."""
    steps, made = table.steps(tx, RECHECK, session.id), table.steps(tx, CREATE, session.id)
    ended = [s for s in steps if s.state is StepState.DONE]
    looked_at = max((s.at for s in (*ended, *made) if s.state is StepState.DONE), default=session.made_at)
    asked_at = max((s.at for s in steps if s.state is StepState.INTENDED), default=None)
    risks = {Risk(r) for r in ended[-1].outcome.split()} if ended and session.state is not S.SCHEDULED else set()
    told = any(s.state is StepState.UNKNOWN and s.at >= looked_at for s in steps)
    return Before(
        Look(now, session.starts_at, looked_at, asked_at, is_first=not ended),
        frozenset(risks) | shown_with(session),
        told,
    )


def show(
    tx: Transaction, parts: SessionParts, row: VideoSession, risks: frozenset[Risk], before: Before, now: datetime
) -> list[Event]:
    """Puts the session at risk, or out of it; the leads hear of each risk once."""
    shown, risk = row.risk, rechecks.worst(risks)
    # One that runs has no such state.
    if row.state is not S.LIVE:
        wanted = S.AT_RISK if risk else S.SCHEDULED
        if row.state is not wanted:
            change_state(row, wanted)
        row.risk = risk
    new = risks - before.risks
    tell(tx, parts, row, new, now)
    if new or shown != row.risk:
        return [event(row, "at_risk" if risks else "out_of_risk", risks=sorted(risks))]
    return []


def tell(tx: Transaction, parts: SessionParts, row: VideoSession, risks: Iterable[Risk], now: datetime) -> None:
    """One mail to each lead for each risk. Of a missing observer the search for one tells."""
    shown, new = row.risk, frozenset(risks) - {Risk.OBSERVER_MISSING}
    for risk in (r for r in WORST_FIRST if r in new):
        row.risk = risk
        messages.tell_staff(tx, parts.post, row, access.leads(tx, now), "at_risk", now)
    row.risk = shown


def shown_with(row: VideoSession) -> frozenset[Risk]:
    """The risk that stands in the session's row."""
    return frozenset({Risk(row.risk)} - {Risk.NONE})


def event(row: VideoSession, what: str, **payload: object) -> Event:
    """What a look decided, for the audit."""
    return Event(f"session.{what}", "session", row.id, SERVICE.id, payload)
