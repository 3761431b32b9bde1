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
from zoomguard.domain.sessions import SessionState
from zoomguard.tables import observers as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.observers import AskKind, AskState, ObserverAsk
from zoomguard.tables.sessions import VideoSession

REMINDER, OFF = "reminder", "off"
Events = tuple[Event, ...]


def ask(
    tx: Transaction, parts: SessionParts, session: VideoSession, person_id: str, kind: AskKind, now: datetime
) -> Events:
    """Asks somebody, with a link of their own; nothing where an earlier question to that person is still open, or
    who was let go and not named again since."""
    earlier = table.asks_of(tx, session.id)
    if any(a.person_id == person_id and (a.state is AskState.OPEN or a.released) for a in earlier):
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


def end(
    tx: Transaction, parts: SessionParts, session: VideoSession, now: datetime, keep: str = "", *, named: bool = False
) -> Events:
    """Closes the questions about a session, but those to `keep`: the observer who is on.

    With that observer's yes on record the others are `covered`, and reserves and colleagues are told so (who was
    assigned hears of it by the change itself). Without it the question has fallen away: `ended`, an earlier yes too.
    Who was let go, and is to be kept now, may be asked again. `named` is for another observer who was chosen and has
    not answered: the others need not answer either.
    """
    someone_is_on = bool(keep) and session.observer_id == keep and (named or session.accepted_at is not None)
    covered: set[str] = set()
    for row in table.asks_of(tx, session.id):
        if row.person_id == keep:
            if row.released or (named and row.state is AskState.DECLINED):
                row.state = AskState.ENDED
                _forget_answer(row)
            continue
        if row.state not in (AskState.OPEN, AskState.ACCEPTED):
            continue
        was_asked_too = someone_is_on and row.state is AskState.OPEN
        row.state = AskState.COVERED if was_asked_too else AskState.ENDED
        _forget_answer(row)
        if was_asked_too and row.kind is not AskKind.ASSIGNED:
            covered.add(row.person_id)
    people = tuple(sorted(covered))
    if people:
        messages.tell_staff(tx, parts.post, session, people, "covered", now)
    return tuple(Event("observer.covered", "session", session.id, SERVICE.id, {"person": p}) for p in people)


def release(tx: Transaction, parts: SessionParts, session: VideoSession, by: str, now: datetime) -> Events:
    """Lets the session's observer go, by the word of `by`: the links are dead, and who had been asked is told.

    Nothing for who said no, or was let go before; from the observer's own mouth it is a no.
    """
    if by == session.observer_id:
        note_answer(tx, session.id, by, AskState.DECLINED, by, now)
        return (Event("observer.declined", "session", session.id, by, {"person": by}),)
    mine = [a for a in table.asks_of(tx, session.id) if a.person_id == session.observer_id]
    asked = [a for a in mine if a.state not in (AskState.ENDED, AskState.DECLINED)]
    if not asked and (is_released(mine, session.observer_id) or any(a.state is AskState.DECLINED for a in mine)):
        return ()
    if not asked:
        asked = [_unsent(session.id, session.observer_id, now)]
        tx.add(*asked)
    elif knows(asked, session.observer_id):
        messages.tell_staff(tx, parts.post, session, (session.observer_id,), OFF, now)
    for row in asked:
        row.state, row.answered_at, row.answered_by = AskState.ENDED, now, by
    return (Event("observer.released", "session", session.id, by, {"person": session.observer_id}),)


def name_again(tx: Transaction, parts: SessionParts, session: VideoSession, by: str, now: datetime) -> Events:
    """Takes back that the session's observer was let go: the others' questions end, and this person is asked."""
    end(tx, parts, session, now, keep=session.observer_id, named=True)
    session.pool = False
    named = Event("observer.named_again", "session", session.id, by, {"person": session.observer_id})
    if session.state is SessionState.PLANNED:
        return (named,)  # Asked when its meeting stands.
    return named, *ask(tx, parts, session, session.observer_id, AskKind.ASSIGNED, now)


def is_released(asks: list[ObserverAsk], person_id: str) -> bool:
    """Whether somebody was let go, and not named again since."""
    return any(a.person_id == person_id and a.released for a in asks)


def not_wanted(tx: Transaction, session: VideoSession) -> frozenset[str]:
    """Who is not to be picked for a session again: its observer, and those who said no or were let go."""
    off = {a.person_id for a in table.asks_of(tx, session.id) if a.released or a.state is AskState.DECLINED}
    return frozenset(off | {session.observer_id})


def knows(asks: list[ObserverAsk], person_id: str) -> bool:
    """Whether somebody was asked, and takes it that a yes is wanted or stands."""
    return any(a.person_id == person_id and a.state in (AskState.OPEN, AskState.ACCEPTED) for a in asks)


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
            row.state = AskState.OPEN
            _forget_answer(row)
            events.append(Event("observer.reopened", "session", session.id, SERVICE.id, {"person": row.person_id}))
    return tuple(events)


def _forget_answer(row: ObserverAsk) -> None:
    row.answered_at, row.answered_by = None, ""


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
