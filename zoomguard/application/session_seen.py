"""Which session somebody means, whether it is theirs, and who would be told of a change."""

from __future__ import annotations

from zoomguard.application import access
from zoomguard.application.session_parts import SessionParts
from zoomguard.domain.errors import NotAllowed, NotThere
from zoomguard.domain.people import Kind, Who
from zoomguard.domain.sessions import Told
from zoomguard.tables import messages as messages_table
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.messages import MessageState
from zoomguard.tables.sessions import VideoSession

NOT_FOR_YOU = ("There is no such session for you.", "See: zoomguard sessions list")
INVITATION = "invitation"


def seen(tx: Transaction, who: Who, id_or_short: str) -> VideoSession:
    """A session that this person may see; NotThere for another's as for none, so that nothing can be guessed."""
    row = table.find(tx, id_or_short.upper())
    own = row is not None and who.id in (row.teacher_id, row.observer_id)
    if row is None or not (own or access.may(who, "sessions.see_all")):
        raise NotThere(*NOT_FOR_YOU)
    return row


def own_or_for_others(who: Who, row: VideoSession) -> None:
    """NotAllowed unless it is this person's own lesson, or they act for others."""
    if who.id != row.teacher_id and not access.may(who, "sessions.schedule_for_others"):
        raise NotAllowed("You may change only lessons that you teach.", "Ask the enrolment office.")


def families_of(tx: Transaction, child_ids: frozenset[str]) -> Told:
    """Who hears of it when these children come or leave: their guardians who may be written to, nobody else."""
    relations = [r for r in people_table.relations_to(tx, child_ids) if r.may_contact]
    people = people_table.by_ids(tx, frozenset(r.person_id for r in relations)).values()
    return Told(sum(p.kind is Kind.GUARDIAN and p.active and bool(p.email) for p in people))


def told_of(tx: Transaction, parts: SessionParts, session: VideoSession, also: tuple[str, ...] = ()) -> Told:
    """Who hears of a change of this session: everybody who was invited, its staff, and those who come new."""
    sent = [
        m
        for m in messages_table.about(tx, session.id)
        if m.template == INVITATION and m.state is not MessageState.DROPPED
    ]
    staff = people_table.by_ids(tx, frozenset({session.teacher_id, session.observer_id, *also}))
    emails = (parts.seals.open("person", "email", p.id, p.email) for p in staff.values())
    guardians = {m.to_person_id for m in sent if m.audience == "guardian"}
    children = {m.to_person_id for m in sent if m.audience == "child"}
    return Told(len(guardians), len(children), tuple(sorted(emails)))
