"""Who gets what about a session: guardians who may be written to, learners of age, children with permission."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import col, select

from zoomguard.application import consents, session_facts
from zoomguard.application.contact_stops import bare, stopped
from zoomguard.application.message_post import Post
from zoomguard.domain import ids
from zoomguard.domain.consents import ConsentState, Scope
from zoomguard.domain.messages import Audience, Invited
from zoomguard.domain.people import ChildOnRecord, Kind, is_child
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as sessions_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.doors import Door
from zoomguard.tables.messages import Message
from zoomguard.tables.observers import AskState, ask_by_token
from zoomguard.tables.people import Person, Relation
from zoomguard.tables.sessions import SessionChild, VideoSession

DOOR, QUESTION = re.compile(r"/j/([A-Za-z0-9_-]+)"), re.compile(r"/o/([A-Za-z0-9_-]+)")
ONESELF = (Audience.CHILD, Audience.LEARNER)


@dataclass(frozen=True)
class Reader:
    """Somebody who is written to, and about which learners; `zone` is the reader's own where it is on record."""

    id: str
    audience: Audience
    children: tuple[Invited, ...]
    zone: str = ""

    @property
    def links(self) -> tuple[str, ...]:
        """The doors that are this reader's to know."""
        return tuple(c.door for c in self.children)


def readers(
    tx: Transaction, post: Post, session: VideoSession, tokens: Mapping[str, str], now: datetime, child_id: str = ""
) -> tuple[Reader, ...]:
    """Everybody who may be written to about the learners on the roster, or about one learner only.

    Guardians first, each once; `tokens` are door tokens by child that are not on record yet.
    """
    asked = (child_id,) if child_id else tuple(c.child_id for c in sessions_table.roster(tx, session.id))
    known = _tokens(tx, post, session) | dict(tokens)
    people = people_table.by_ids(tx, frozenset(asked))
    learners = [(session_facts.child_on_record(post.seals, people[i]), people[i]) for i in asked]
    invited = {p.id: _invited(post, p, known.get(p.id, "")) for _, p in learners}
    children = [(c, p) for c, p in learners if is_child(c.born_on, session.starts_at)]
    of_age = [p for c, p in learners if not is_child(c.born_on, session.starts_at)]
    return (
        *_guardians(tx, [invited[p.id] for _, p in children]),
        *(_oneself(p, Audience.LEARNER, invited[p.id]) for p in of_age if p.active and p.email),
        *(_oneself(p, Audience.CHILD, invited[p.id]) for p in _with_permission(tx, session, children, now)),
    )


def _tokens(tx: Transaction, post: Post, session: VideoSession) -> dict[str, str]:
    doors = tx.all(select(Door).where(Door.session_id == session.id).order_by(col(Door.id)))
    return {d.person_id: post.seals.open("door", "token", d.id, d.token) for d in doors}


def _invited(post: Post, person: Person, token: str) -> Invited:
    known_as = post.seals.open("person", "known_as", person.id, person.known_as)
    return Invited(known_as, post.door(token), person.timezone, person.id)


def _oneself(person: Person, audience: Audience, invited: Invited) -> Reader:
    return Reader(person.id, audience, (replace(invited, oneself=True),), person.timezone)


def _guardians(tx: Transaction, children: list[Invited]) -> Iterable[Reader]:
    relations = people_table.relations_to(tx, frozenset(c.id for c in children))
    people = people_table.by_ids(tx, frozenset(r.person_id for r in relations))
    theirs: dict[str, set[str]] = {}
    for relation in relations:
        guardian = people[relation.person_id]
        if relation.may_contact and guardian.kind is Kind.GUARDIAN and guardian.active and guardian.email:
            theirs.setdefault(guardian.id, set()).add(relation.child_id)
    for guardian_id, known in theirs.items():
        yield Reader(guardian_id, Audience.GUARDIAN, tuple(c for c in children if c.id in known))


def _with_permission(
    tx: Transaction, session: VideoSession, children: list[tuple[ChildOnRecord, Person]], now: datetime
) -> list[Person]:
    """Children with an address whose guardians allow mail to them, today."""
    asked = [(c, p) for c, p in children if p.active and p.email and p.timezone]
    if not asked:
        return []
    decided = consents.decisions(tx, tuple(c for c, _ in asked), now, now, session.teacher_id)
    return [p for c, p in asked if decided[(c.reference, Scope.EMAIL)].state is ConsentState.ACTIVE]


def may_be_written_to(tx: Transaction, post: Post, message: Message, text: str, now: datetime) -> bool:
    """Asked again when a mail leaves: much can have changed since it was queued.

    A letter with the door or the name of a child about whom this person is not written to stays here altogether.
    """
    person = tx.get(Person, message.to_person_id)
    if person is None or not person.active or not person.email:
        return False
    if message.audience == Audience.STAFF:
        return person.kind is Kind.STAFF and _still_asked(tx, text)
    session = tx.get(VideoSession, message.subject_id)
    if session is None or _is_stopped(tx, post, person, session):
        return False
    if message.audience == Audience.GUARDIAN:
        return _may_guardian(tx, post, person, session, text)
    return _children_in(tx, text) <= {person.id} and _may_oneself(tx, post, person, session, message, now)


def _is_stopped(tx: Transaction, post: Post, person: Person, session: VideoSession) -> bool:
    """Whether the address is that of somebody else who is not to be contacted about a child in question."""
    related = {r.child_id for r in people_table.relations_of(tx, frozenset({person.id}))} | {person.id}
    roster = set(tx.all(select(SessionChild.child_id).where(SessionChild.session_id == session.id)))
    mail = post.seals.open("person", "email", person.id, person.email)
    return stopped(tx, post.seals, related & roster).get(bare(mail), person.id) != person.id


def _may_guardian(tx: Transaction, post: Post, person: Person, session: VideoSession, text: str) -> bool:
    relations = people_table.relations_of(tx, frozenset({person.id}))
    contacts = {r.child_id for r in relations if r.may_contact}
    roster = set(tx.all(select(SessionChild.child_id).where(SessionChild.session_id == session.id)))
    named = _named_in(tx, post, [r for r in relations if not r.may_contact], text)
    return bool(contacts & roster) and _children_in(tx, text) <= contacts and not named


def _may_oneself(
    tx: Transaction, post: Post, person: Person, session: VideoSession, message: Message, now: datetime
) -> bool:
    learner = session_facts.child_on_record(post.seals, person)
    child = is_child(learner.born_on, session.starts_at)
    if not child or message.audience != Audience.CHILD:
        return not child and message.audience == Audience.LEARNER
    return bool(_with_permission(tx, session, [(learner, person)], now))


def _children_in(tx: Transaction, text: str) -> set[str]:
    """The children whose doors stand in a text."""
    digests = [ids.token_digest(token) for token in DOOR.findall(text)]
    return set(tx.all(select(Door.person_id).where(col(Door.token_sha256).in_(digests)))) if digests else set()


def _named_in(tx: Transaction, post: Post, relations: list[Relation], text: str) -> bool:
    """Whether one of these children is called by name in a text."""
    people = people_table.by_ids(tx, frozenset(r.child_id for r in relations)).values()
    names = (post.seals.open("person", "known_as", p.id, p.known_as) for p in people)
    words = " ".join(text.split())
    return any(re.search(rf"(?<!\w){re.escape(' '.join(n.split()))}(?!\w)", words) for n in names if n)


def _still_asked(tx: Transaction, text: str) -> bool:
    """A question that was answered, or fell away, before its mail left is not asked any more."""
    asks = [ask_by_token(tx, ids.token_digest(token)) for token in QUESTION.findall(text)]
    return all(a is None or a.state is AskState.OPEN for a in asks)
