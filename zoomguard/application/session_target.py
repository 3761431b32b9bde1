"""What a session under change is to become, and how that becomes what it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from zoomguard.application import work
from zoomguard.application.messages import Before
from zoomguard.application.session_parts import CHANGE, SessionParts, change_state, clear_change
from zoomguard.domain.people import Who
from zoomguard.domain.sessions import Change, SessionState
from zoomguard.tables.database import Transaction
from zoomguard.tables.observers import AskState, asks_of
from zoomguard.tables.sessions import VideoSession


@dataclass(frozen=True)
class Target:
    """What a session is to become; None and "" leave as it is."""

    kind: Change
    starts_at: datetime | None = None
    minutes: int | None = None
    zone: str = ""
    local_start: str = ""
    teacher_id: str | None = None
    observer_id: str | None = None
    note: str = ""


def decide(tx: Transaction, parts: SessionParts, row: VideoSession, target: Target, who: Who, now: datetime) -> None:
    """Takes the new slot and people beside the old ones, inside a transaction whose event says who and why."""
    change_state(row, SessionState.MOVING)
    intend(parts, row, target, who)
    work.put(tx, CHANGE, row.id, now + timedelta(seconds=20))


def intend(parts: SessionParts, row: VideoSession, target: Target, who: Who) -> None:
    """Writes down what is wanted."""
    row.change, row.changed_by = target.kind, who.id
    row.next_starts_at, row.next_minutes = target.starts_at, target.minutes
    row.next_zone, row.next_local_start = target.zone, target.local_start
    row.next_teacher_id, row.next_observer_id = target.teacher_id, target.observer_id
    row.change_note = parts.seals.seal("video_session", "change_note", row.id, target.note)


def take_over(parts: SessionParts, row: VideoSession) -> str:
    """The wanted values become the session's; gives the note that goes with it."""
    # Who was named is no pick of ours any more.
    row.pool = row.pool and row.change != Change.OBSERVER
    row.starts_at, row.minutes = row.next_starts_at or row.starts_at, row.next_minutes or row.minutes
    row.zone, row.local_start = row.next_zone or row.zone, row.next_local_start or row.local_start
    row.teacher_id, row.observer_id = row.next_teacher_id or row.teacher_id, row.next_observer_id or row.observer_id
    note = parts.seals.open("video_session", "change_note", row.id, row.change_note)
    clear_change(row)
    return note


def before_of(row: VideoSession) -> Before:
    """What a session is now, for those who are told what it was."""
    return Before(row.starts_at, row.minutes, row.teacher_id, row.observer_id)


def yes_at(tx: Transaction, row: VideoSession) -> datetime | None:
    """When the session's observer said yes to this session, if so."""
    said = [a for a in asks_of(tx, row.id) if a.person_id == row.observer_id and a.state is AskState.ACCEPTED]
    return said[-1].answered_at if said else None
