"""What tests of messages do to a session without its changes at Zoom, and how they read mail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlmodel import col, select

from tests.application.lessons import only_session
from tests.house import Home
from zoomguard.application import messages
from zoomguard.application.messages import Before, Post
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import OutsideFailed
from zoomguard.domain.people import Kind
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as sessions_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.doors import Door
from zoomguard.tables.messages import Message
from zoomguard.tables.sessions import ChildState, SessionChild, VideoSession

T = TypeVar("T")
Act = Callable[[Transaction, Post, VideoSession, datetime], T]


def decide(home: Home, act: Act[T]) -> T:
    """Does something with the one session in a transaction of its own."""
    session_id = only_session(home).id
    with home.house.database.deciding() as tx:
        row = sessions_table.find(tx, session_id)
        assert row is not None
        answer = act(tx, home.app.messages.post, row, home.clock.now())
        tx.commit(audit=Event("session.tried", "session", session_id, "operator"))
    return answer


def before_of(row: VideoSession) -> Before:
    """What a session is now, before it is changed."""
    return Before(row.starts_at, row.minutes, row.teacher_id, row.observer_id)


def move(home: Home, note: str = "", **by: float) -> int:
    """Moves the one session and tells of it."""

    def act(tx: Transaction, post: Post, row: VideoSession, now: datetime) -> int:
        before = before_of(row)
        row.starts_at, row.sequence = row.starts_at + timedelta(**by), row.sequence + 1
        tx.flush()
        return messages.tell_change(tx, post, row, before, now, note)

    return decide(home, act)


def call_off(home: Home, note: str = "") -> int:
    """Tells that there is no lesson."""
    return decide(home, lambda tx, post, row, now: messages.call_off(tx, post, row, now, note))


def leave_out(home: Home, reference: str) -> int:
    """Takes a child off the roster and tells of it."""

    def act(tx: Transaction, post: Post, row: VideoSession, now: datetime) -> int:
        child_id = person_id(tx, Kind.CHILD, reference)
        tx.need(SessionChild, (row.id, child_id)).state = ChildState.REMOVED
        tx.flush()
        return messages.left_out(tx, post, row, child_id, now)

    return decide(home, act)


def remind(home: Home, reference: str) -> int:
    """Reminds a child of the one session."""

    def act(tx: Transaction, post: Post, row: VideoSession, now: datetime) -> int:
        child_id = person_id(tx, Kind.CHILD, reference)
        return messages.remind_child(tx, post, row, child_id, token_of(tx, post, row, child_id), now)

    return decide(home, act)


def token_of(tx: Transaction, post: Post, row: VideoSession, child_id: str) -> str:
    """A child's door as it is on record."""
    (door,) = tx.all(select(Door).where(Door.session_id == row.id, Door.person_id == child_id))
    return post.seals.open("door", "token", door.id, door.token)


def person_id(tx: Transaction, kind: Kind, reference: str) -> str:
    """Somebody by reference."""
    return str(people_table.by_references(tx, kind, (reference,))[reference].id)


def mails(home: Home, to: str = "") -> list[dict[str, Any]]:
    """The mails to an address that begins so, in order of arrival."""
    return [m for m in home.sandbox.mail() if m["to"].startswith(to)]


def subjects(home: Home, to: str) -> list[str]:
    """The first words of the subjects of mails to somebody, in order."""
    return [m["subject"].strip().partition(" MATHS")[0].partition(":")[0] for m in mails(home, to)]


def rows(home: Home, **having: Any) -> list[Message]:
    """Messages on record, oldest first, that have these values."""
    with home.house.database.reading() as tx:
        found: list[Message] = tx.all(select(Message).order_by(col(Message.id)))
    return [m for m in found if all(getattr(m, name) == value for name, value in having.items())]


def line(text: str) -> str:
    """A text without its line breaks."""
    return " ".join(text.split())


class Away:
    """A mail server that cannot be reached."""

    def send(self, letter: object) -> None:
        raise OutsideFailed("The mail server is away.")


class Bouncing:
    """A mail server that refuses whatever it is given."""

    def send(self, letter: object) -> None:
        raise OutsideFailed("The mail server refused a letter.", code="MAIL_REFUSED", permanent=True)
