"""Who is on a session's roster. There is one way for a child to leave it, and one to come to it."""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import select

from zoomguard.application import messages, work
from zoomguard.application.session_parts import ENTRIES, SessionParts
from zoomguard.domain import ids
from zoomguard.domain.people import is_child
from zoomguard.domain.sessions import SessionState
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.doors import Door, DoorState
from zoomguard.tables.sessions import ChildState, SessionChild, VideoSession

# States in which an entry at Zoom stands behind a place on the roster.
AT_ZOOM = frozenset({SessionState.SCHEDULED, SessionState.AT_RISK, SessionState.LIVE, SessionState.MOVING})


def remove_child(tx: Transaction, parts: SessionParts, session: VideoSession, child_id: str, now: datetime) -> bool:
    """Takes a child off: the door shuts with this commit, the family is told, the entry at Zoom is cancelled.

    Gives whether anybody under 18 is left; the caller cancels a session without a child. The caller's own audit
    event says who left and why.
    """
    entry = tx.hold(SessionChild, (session.id, child_id))
    if entry.state is ChildState.REMOVED:
        return has_child(tx, parts, session)
    entry.state = ChildState.REMOVED
    shut_doors(tx, session.id, child_id)
    tx.flush()
    if session.state in AT_ZOOM:
        messages.left_out(tx, parts.post, session, child_id, now)
        work.put(tx, ENTRIES, session.id, now)
    return has_child(tx, parts, session)


def add_child(tx: Transaction, parts: SessionParts, session: VideoSession, child_id: str) -> None:
    """Puts a child on the roster with an opaque address of its own; one that had left comes back under a new one."""
    known = tx.lock(SessionChild, (session.id, child_id))
    if known is None:
        tx.add(
            SessionChild(session_id=session.id, child_id=child_id, position=_next(tx, session), address=_fresh(parts))
        )
    elif known.state is ChildState.REMOVED:
        known.state, known.address, known.registrant_id, known.join_url = ChildState.ADDED, _fresh(parts), "", ""
    tx.flush()


def first_roster(tx: Transaction, parts: SessionParts, session: VideoSession, child_ids: tuple[str, ...]) -> None:
    """The roster of a new session, in the order in which the children were named."""
    for position, child_id in enumerate(child_ids, 1):
        tx.add(SessionChild(session_id=session.id, child_id=child_id, position=position, address=_fresh(parts)))


def has_child(tx: Transaction, parts: SessionParts, session: VideoSession) -> bool:
    """Whether anybody on the roster is under 18 at the start."""
    people = people_table.by_ids(tx, frozenset(c.child_id for c in table.roster(tx, session.id)))
    births = (parts.seals.open("person", "born_on", p.id, p.born_on) for p in people.values())
    return any(is_child(date.fromisoformat(b) if b else None, session.starts_at) for b in births)


def open_doors(tx: Transaction, parts: SessionParts, session: VideoSession, now: datetime) -> dict[str, str]:
    """Makes a door for each child who has none yet; gives the tokens of the new ones by child."""
    known = {d.person_id: d for d in tx.all(select(Door).where(Door.session_id == session.id))}
    tokens = {}
    for entry in table.roster(tx, session.id):
        door = known.get(entry.child_id)
        if door is not None:
            door.state = DoorState.OPEN
            continue
        tokens[entry.child_id] = _new_door(tx, parts, session.id, entry.child_id, now)
    tx.flush()
    return tokens


def tokens_of(tx: Transaction, parts: SessionParts, session: VideoSession) -> dict[str, str]:
    """The tokens of a session's open doors, by child."""
    doors = tx.all(select(Door).where(Door.session_id == session.id, Door.state == DoorState.OPEN))
    return {d.person_id: parts.seals.open("door", "token", d.id, d.token) for d in doors}


def shut_doors(tx: Transaction, session_id: str, child_id: str = "") -> None:
    """Shuts the doors of a session (or one child's), before Zoom is asked for anything."""
    for door in tx.all(select(Door).where(Door.session_id == session_id)):
        if child_id in ("", door.person_id):
            door.state = DoorState.SHUT


def renew_door(tx: Transaction, parts: SessionParts, session: VideoSession, child_id: str) -> str | None:
    """Gives a child's open door another address, so that the one before opens nothing; None where there is none."""
    for door in tx.all(select(Door).where(Door.session_id == session.id, Door.person_id == child_id)):
        if door.state is DoorState.OPEN:
            token = ids.token("zgj")
            door.token_sha256, door.token = ids.token_digest(token), parts.seals.seal("door", "token", door.id, token)
            return token
    return None


def _new_door(tx: Transaction, parts: SessionParts, session_id: str, child_id: str, now: datetime) -> str:
    token, door_id = ids.token("zgj"), ids.ulid(now)
    tx.add(
        Door(
            id=door_id,
            token_sha256=ids.token_digest(token),
            session_id=session_id,
            person_id=child_id,
            token=parts.seals.seal("door", "token", door_id, token),
        )
    )
    return token


def _fresh(parts: SessionParts) -> str:
    return f"{ids.token('p').lower().replace('_', '')[:24]}@{parts.registrant_domain}"


def _next(tx: Transaction, session: VideoSession) -> int:
    query = select(SessionChild.position).where(SessionChild.session_id == session.id)
    return max(tx.all(query), default=0) + 1
