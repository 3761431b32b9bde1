"""Messages: queued with the decision they follow from, sent later by a duty, never deleted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import col, select

from zoomguard.application import work
from zoomguard.application.ports import Claims, Clock, Letter, Mailer
from zoomguard.application.seals import Seals
from zoomguard.domain import ids, messages
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import OutcomeUnknown, OutsideFailed
from zoomguard.domain.people import SERVICE, Kind, is_child
from zoomguard.rules.terms import Terms
from zoomguard.tables import people as people_table
from zoomguard.tables.database import Database, Transaction
from zoomguard.tables.messages import Delivery, Message, MessageState, about
from zoomguard.tables.people import Person
from zoomguard.tables.sessions import Door, SessionChild, VideoSession

SEND = "send_message"
DOOR = re.compile(r"/j/([A-Za-z0-9_-]+)")
FINAL = {"accepted": MessageState.SENT, "refused": MessageState.BOUNCED, "withheld": MessageState.DROPPED}


@dataclass(frozen=True)
class Post:
    """What is needed to write to guardians."""

    seals: Seals
    terms: Terms
    public_url: str


def invite(tx: Transaction, post: Post, session: VideoSession, doors: Mapping[str, str], now: datetime) -> int:
    """Queues one invitation for each guardian who may be contacted; `doors` maps child ids to door tokens."""
    letters = _letters(tx, post, session, doors)
    for guardian, children in letters.items():
        subject, text = messages.invitation(_lesson(tx, post, session), children)
        _queue(tx, post, session, guardian, messages.INVITATION, subject, text, now)
    return len(letters)


def invitations(tx: Transaction, session_id: str) -> int:
    """How many guardians were invited."""
    return sum(m.template == messages.INVITATION for m in about(tx, session_id))


def call_off(tx: Transaction, post: Post, session: VideoSession, now: datetime) -> int:
    """Tells every guardian whose invitation was sent; one that still waits is dropped instead."""
    told = 0
    for found in about(tx, session.id):
        # Held, so that a try that begins in this moment is either seen here or does not begin.
        message = tx.hold(Message, found.id)
        if message.template != messages.INVITATION:
            continue
        if message.state is MessageState.QUEUED:
            # One that was tried is not tried again either: it would come after the cancellation.
            message.state = MessageState.DROPPED
            work.finish(tx, SEND, message.id, now)
            if not _was_tried(tx, message.id):
                continue
        subject, text = messages.cancellation(_lesson(tx, post, session), ())
        _queue(tx, post, session, message.to_person_id, messages.CANCELLATION, subject, text, now)
        told += 1
    return told


def _was_tried(tx: Transaction, message_id: str) -> bool:
    return tx.first(select(Delivery).where(Delivery.message_id == message_id)) is not None


def _letters(
    tx: Transaction, post: Post, session: VideoSession, doors: Mapping[str, str]
) -> dict[str, tuple[messages.Invited, ...]]:
    """For each guardian who may be contacted the children of theirs on this roster; of who is 18 by then none."""
    learners = people_table.by_ids(tx, frozenset(doors))
    children = {i: c for i, c in learners.items() if _is_child(post, c, session.starts_at)}
    letters: dict[str, list[messages.Invited]] = {}
    relations = people_table.relations_to(tx, frozenset(children))
    kinds = people_table.by_ids(tx, frozenset(r.person_id for r in relations))
    for relation in relations:
        guardian = kinds[relation.person_id]
        if relation.may_contact and guardian.kind is Kind.GUARDIAN and guardian.active and guardian.email:
            child = children[relation.child_id]
            known_as = post.seals.open("person", "known_as", child.id, child.known_as)
            door = f"{post.public_url}/j/{doors[child.id]}"
            letters.setdefault(guardian.id, []).append(messages.Invited(known_as, door, child.timezone))
    order = [post.public_url + "/j/" + token for token in doors.values()]
    return {g: tuple(sorted(invited, key=lambda i: order.index(i.door))) for g, invited in letters.items()}


def _is_child(post: Post, learner: Person, starts_at: datetime) -> bool:
    born_on = post.seals.open("person", "born_on", learner.id, learner.born_on)
    return is_child(date.fromisoformat(born_on) if born_on else None, starts_at)


def _may_be_written_to(tx: Transaction, message: Message, text: str) -> bool:
    """Asked again when a mail leaves: the guardian may have been marked `no contact` since it was queued.

    A letter that holds the door of a child about whom there is to be no contact stays here altogether.
    """
    person = tx.get(Person, message.to_person_id)
    if person is None or not person.active:
        return False
    roster = set(tx.all(select(SessionChild.child_id).where(SessionChild.session_id == message.subject_id)))
    relations = people_table.relations_of(tx, frozenset({person.id}))
    contacts = {r.child_id for r in relations if r.may_contact}
    return bool(contacts & roster) and _children_in(tx, text) <= contacts


def _children_in(tx: Transaction, text: str) -> set[str]:
    """The children whose doors stand in a text."""
    digests = [ids.token_digest(token) for token in DOOR.findall(text)]
    return set(tx.all(select(Door.person_id).where(col(Door.token_sha256).in_(digests))))


def _lesson(tx: Transaction, post: Post, session: VideoSession) -> messages.Lesson:
    staff = people_table.by_ids(tx, frozenset({session.teacher_id, session.observer_id}))
    contacts = post.terms.contacts
    return messages.Lesson(
        organisation=post.terms.organisation,
        course=session.course,
        starts_at=session.starts_at,
        minutes=session.minutes,
        zone=post.terms.zone,
        teacher=_full_name(post.seals, staff[session.teacher_id]),
        observer=_full_name(post.seals, staff[session.observer_id]),
        lead=contacts.safeguarding_lead,
        lead_phone=contacts.safeguarding_phone,
        office_phone=contacts.office_phone,
        nspcc=contacts.nspcc,
        doors_open_minutes=post.terms.door_opens_minutes_before,
        retention_days=post.terms.retention_days["routine"],
    )


def _full_name(seals: Seals, person: Person) -> str:
    names = (seals.open("person", c, person.id, getattr(person, c)) for c in ("known_as", "family_name"))
    return " ".join(n for n in names if n) or "a member of staff"


def _queue(
    tx: Transaction, post: Post, session: VideoSession, to: str, template: str, subject: str, text: str, now: datetime
) -> None:
    message_id = ids.ulid(now)
    tx.add(
        Message(
            id=message_id,
            to_person_id=to,
            template=template,
            template_version=messages.VERSION,
            subject_kind="session",
            subject_id=session.id,
            subject_line=subject,
            body=post.seals.seal("message", "body", message_id, text),
            not_before_at=now,
            made_at=now,
        )
    )
    work.put(tx, SEND, message_id, now)


class Messages:
    """The duty that hands messages to the mail server."""

    def __init__(self, database: Database, clock: Clock, claims: Claims, mailer: Mailer, post: Post, host: str) -> None:
        self.database, self.clock, self.claims = database, clock, claims
        self.mailer, self.post, self.host = mailer, post, host

    def send(self, message_id: str) -> datetime | None:
        """Sends one message unless it is sent already. At least once: a repeat has the same Message-ID."""
        with self.database.reading() as tx:
            message = tx.get(Message, message_id)
            if message is None or message.state is not MessageState.QUEUED:
                return None
            if message.not_before_at > self.clock.now():
                return message.not_before_at
            letter = self._letter(tx, message)
            allowed = _may_be_written_to(tx, message, letter.text)
        if not allowed:
            self._note(message_id, "withheld", "")
            return None
        if not self._begin_try(message_id):
            return None
        try:
            self.mailer.send(letter)
        except OutcomeUnknown as error:
            self._note(message_id, "unknown", error.code)
            raise
        except OutsideFailed as error:
            self._note(message_id, "refused" if error.permanent else "failed", error.code)
            if error.permanent:
                return None
            raise
        self._note(message_id, "accepted", "")
        return None

    def _begin_try(self, message_id: str) -> bool:
        """Noted before the first byte leaves: whoever cancels in between knows that this guardian may have it.

        False where the message was dropped since it was looked at.
        """
        now = self.clock.now()
        with self.database.deciding() as tx:
            if tx.hold(Message, message_id).state is not MessageState.QUEUED:
                return False
            tx.add(Delivery(id=ids.ulid(now), message_id=message_id, at=now, outcome="trying"))
            tx.commit()
            return True

    def _letter(self, tx: Transaction, message: Message) -> Letter:
        person = tx.need(Person, message.to_person_id)
        return Letter(
            to=self.post.seals.open("person", "email", person.id, person.email),
            subject=message.subject_line,
            text=self.post.seals.open("message", "body", message.id, message.body),
            message_id=f"<{message.id}@{self.host}>",
            headers={},
        )

    def _note(self, message_id: str, outcome: str, detail: str) -> None:
        """What came of a try; a message that was accepted or refused for good is decided."""
        now = self.clock.now()
        with self.database.deciding() as tx:
            tx.add(Delivery(id=ids.ulid(now), message_id=message_id, at=now, outcome=outcome, detail=detail))
            message = tx.lock(Message, message_id)
            final = FINAL.get(outcome)
            if message is None or final is None or message.state is not MessageState.QUEUED:
                tx.commit()
                return
            message.state = final
            tx.commit(audit=Event(f"message.{final.value}", "message", message_id, SERVICE.id))
