"""Questions to observers: asked once, reminded once, and ended when somebody else is on or the question falls away.

Inside the caller's transaction. What is given back are the audit events that belong into the caller's commit.
"""

from __future__ import annotations

from datetime import datetime

from zoomguard.application import messages
from zoomguard.application.session_parts import SessionParts
from zoomguard.domain import ids
from zoomguard.domain.audit import Event
from zoomguard.domain.people import SERVICE
from zoomguard.tables import observers as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.observers import AskKind, AskState, ObserverAsk
from zoomguard.tables.sessions import VideoSession

REMINDER = "reminder"
Events = tuple[Event, ...]


def ask(
    tx: Transaction, parts: SessionParts, session: VideoSession, person_id: str, kind: AskKind, now: datetime
) -> Events:
    """Asks somebody, with a link of their own; nothing where an earlier question to that person is still open."""
    earlier = table.asks_of(tx, session.id)
    if any(a.person_id == person_id and a.state is AskState.OPEN for a in earlier):
        return ()
    return _ask(tx, parts, session, person_id, kind, kind.value, now)


def remind(
    tx: Transaction, parts: SessionParts, session: VideoSession, person_id: str, kind: AskKind, now: datetime
) -> Events:
    """Asks again who has not answered. The link is a second one: of the first only a digest is kept, and both open
    the same question."""
    return _ask(tx, parts, session, person_id, kind, REMINDER, now)


def _ask(
    tx: Transaction,
    parts: SessionParts,
    session: VideoSession,
    person_id: str,
    kind: AskKind,
    how: str,
    now: datetime,
) -> Events:
    token = ids.token("zgo")
    row = ObserverAsk(
        id=ids.ulid(now),
        session_id=session.id,
        person_id=person_id,
        kind=kind,
        token_sha256=ids.token_digest(token),
        asked_at=now,
    )
    tx.add(row)
    tx.flush()
    messages.ask_observer(tx, parts.post, session, person_id, token, how, now)
    return (Event("observer.asked", "session", session.id, SERVICE.id, {"person": person_id, "as": how}),)


def end(tx: Transaction, parts: SessionParts, session: VideoSession, now: datetime, keep: str = "") -> Events:
    """Closes the questions about a session, but those to `keep`: the observer who is on.

    With that observer's yes on record the others are `covered`, and reserves and colleagues are told so (who was
    assigned hears of it by the change itself). Without it the question has fallen away: `ended`, an earlier yes too.
    """
    someone_is_on = bool(keep) and session.observer_id == keep and session.accepted_at is not None
    covered: set[str] = set()
    for row in table.asks_of(tx, session.id):
        if row.person_id == keep or row.state not in (AskState.OPEN, AskState.ACCEPTED):
            continue
        was_asked_too = someone_is_on and row.state is AskState.OPEN
        row.state = AskState.COVERED if was_asked_too else AskState.ENDED
        if was_asked_too and row.kind is not AskKind.ASSIGNED:
            covered.add(row.person_id)
    people = tuple(sorted(covered))
    if people:
        messages.tell_staff(tx, parts.post, session, people, "covered", now)
    return tuple(Event("observer.covered", "session", session.id, SERVICE.id, {"person": p}) for p in people)


def note_answer(tx: Transaction, session_id: str, person_id: str, state: AskState, by: str, now: datetime) -> None:
    """What somebody said, to every question about the session that has not fallen away.

    Who observes without having been asked by mail gets a question on record that is answered already.
    """
    standing = standing_asks(table.asks_of(tx, session_id), person_id)
    if not standing:
        standing = [_unsent(session_id, person_id, now)]
        tx.add(*standing)
    for row in standing:
        row.state, row.answered_at, row.answered_by = state, now, by


def standing_asks(asks: list[ObserverAsk], person_id: str) -> list[ObserverAsk]:
    """The questions to somebody that have not fallen away, oldest first."""
    return [a for a in asks if a.person_id == person_id and a.state is not AskState.ENDED]


def take_back(tx: Transaction, session: VideoSession) -> Events:
    """Opens the questions again of those whose yes came to nothing because Zoom did not make them observer."""
    events = []
    for row in table.asks_of(tx, session.id):
        if row.state is AskState.ACCEPTED and row.person_id != session.observer_id:
            row.state, row.answered_at, row.answered_by = AskState.OPEN, None, ""
            events.append(Event("observer.reopened", "session", session.id, SERVICE.id, {"person": row.person_id}))
    return tuple(events)


def _unsent(session_id: str, person_id: str, now: datetime) -> ObserverAsk:
    """A question whose link nobody has."""
    return ObserverAsk(
        id=ids.ulid(now),
        session_id=session_id,
        person_id=person_id,
        kind=AskKind.ASSIGNED,
        token_sha256=ids.token_digest(ids.token("zgo")),
        asked_at=now,
    )
