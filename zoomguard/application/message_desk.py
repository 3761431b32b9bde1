"""Messages looked after by people: listed without addresses or texts, sent again, released. Never deleted."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sqlmodel import col, select

from zoomguard.application import work
from zoomguard.application.message_post import Post
from zoomguard.application.message_queue import SEND, judge
from zoomguard.application.message_readers import may_be_written_to
from zoomguard.domain.errors import Conflict, NotAllowed, NotThere
from zoomguard.domain.messages import DESIGNATED, IN_TIME_ONLY, TELLING, Audience, MessageView, Template
from zoomguard.domain.people import Role, Who
from zoomguard.domain.sessions import RESERVING, SessionState
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as sessions_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.messages import Delivery, Message, MessageState
from zoomguard.tables.people import Person
from zoomguard.tables.sessions import VideoSession

MOST = 500
RELEASING = frozenset({Role.MONITOR, Role.DSL, Role.DEPUTY})
NOT_FOR_YOU = ("There is no such message for you.", "See: zoomguard messages list")
SEQUENCE = re.compile(r"^SEQUENCE:(\d+)\s*$", re.MULTILINE)
# What takes the place of an earlier mail about the same lesson.
LATER = TELLING | {Template.CANCELLATION, Template.LEFT_OUT, Template.OFF}


def listed(tx: Transaction, session: str) -> tuple[MessageView, ...]:
    """Messages, newest first; of one session where one is named. NotThere where it is not on record."""
    query = select(Message).order_by(col(Message.id).desc()).limit(MOST)
    if session:
        row = sessions_table.find(tx, session.upper())
        if row is None:
            raise NotThere("There is no such session for you.", "See: zoomguard sessions list")
        query = query.where(Message.subject_id == row.id)
    return views(tx, tx.all(query))


def views(tx: Transaction, messages: list[Message]) -> tuple[MessageView, ...]:
    """Messages as people see them, with a number of queries that does not grow."""
    people = people_table.by_ids(tx, frozenset(m.to_person_id for m in messages))
    subjects = [m.subject_id for m in messages if m.subject_kind == "session"]
    sessions = tx.all(select(VideoSession).where(col(VideoSession.id).in_(subjects)))
    short_ids = {s.id: s.short_id for s in sessions}
    about = select(Delivery).where(col(Delivery.message_id).in_([m.id for m in messages])).order_by(col(Delivery.id))
    tries: dict[str, list[str]] = {}
    for delivery in tx.all(about):
        tries.setdefault(delivery.message_id, []).append(delivery.outcome)
    return tuple(
        _view(m, people[m.to_person_id], short_ids.get(m.subject_id, ""), tries.get(m.id, [])) for m in messages
    )


def _view(message: Message, to: Person, short_id: str, tries: list[str]) -> MessageView:
    return MessageView(
        message.id,
        short_id,
        message.audience,
        to.reference or "",
        message.template,
        message.state.value,
        message.made_at,
        message.not_before_at,
        message.reason,
        message.awaits,
        tuple(tries),
    )


def send_again(tx: Transaction, post: Post, who: Who, message_id: str, now: datetime) -> tuple[Message, str]:
    """Puts a message back into the queue, or releases one that waits for somebody; gives it and what was done.

    Errors as `Messages.resend`.
    """
    message = tx.lock(Message, message_id)
    if message is None:
        raise NotThere(*NOT_FOR_YOU)
    done = _release(who, message) if message.awaits else _again(message)
    _check_use(tx, post, message, now)
    _put(tx, post, message, now)
    return message, done


def _release(who: Who, message: Message) -> str:
    if message.state is not MessageState.QUEUED:
        raise _dropped()
    if message.awaits == DESIGNATED and not who.has(*RELEASING):
        needs = f"It needs one of these roles: {', '.join(sorted(RELEASING))}."
        raise NotAllowed("You may not release what somebody wrote to a child.", needs)
    message.awaits = ""
    return "released"


def _again(message: Message) -> str:
    if message.state is MessageState.DROPPED:
        raise _dropped()
    if message.state is MessageState.QUEUED:
        raise Conflict("This message has not left yet.", "It goes by itself.", code="STILL_QUEUED")
    message.state = MessageState.QUEUED
    return "resent"


def _dropped() -> Conflict:
    return Conflict("This message was dropped: what it says no longer holds.", "", code="DROPPED")


def _check_use(tx: Transaction, post: Post, message: Message, now: datetime) -> None:
    """Conflict for a message that would tell what is no longer so, or to whom it may not be told."""
    if is_too_late(tx, message, now):
        raise Conflict("The lesson is over.", "", code="OVER")
    if message.subject_kind == "session" and message.template in TELLING and _outdated(tx, post, message):
        raise Conflict("What this message says no longer holds.", "Later mail told how it is now.", code="OUTDATED")
    text = post.seals.open("message", "body", message.id, message.body)
    if not may_be_written_to(tx, post, message, text, now):
        raise Conflict("This person may not be written to now.", "The enrolment office knows more.", code="NOT_NOW")


def _outdated(tx: Transaction, post: Post, message: Message) -> bool:
    session = tx.need(VideoSession, message.subject_id)
    if session.state not in RESERVING or session.state is SessionState.REMOVING:
        return True
    told = SEQUENCE.search(post.seals.open("message", "calendar", message.id, message.calendar))
    if told is not None and int(told[1]) < session.sequence:
        return True
    later = select(Message.id).where(
        Message.subject_id == message.subject_id,
        Message.to_person_id == message.to_person_id,
        Message.id > message.id,
        col(Message.template).in_(LATER),
        Message.state != MessageState.DROPPED,
    )
    return tx.first(later) is not None


def _put(tx: Transaction, post: Post, message: Message, now: datetime) -> None:
    to = tx.need(Person, message.to_person_id)
    stops = judge(post, message.audience, message.template, to.timezone, now)
    message.not_before_at, message.reason = stops.sendable.at, stops.sendable.reason
    work.put(tx, SEND, message.id, message.not_before_at)


def is_too_late(tx: Transaction, message: Message, now: datetime) -> bool:
    """Whether the lesson is over before a message leaves that would be of no use then; to a child none is."""
    if message.subject_kind != "session":
        return False
    session = tx.get(VideoSession, message.subject_id)
    if session is None or (message.template not in IN_TIME_ONLY and message.audience != Audience.CHILD):
        return False
    return bool(now >= session.starts_at + timedelta(minutes=session.minutes))
