"""Which session somebody means, whether it is theirs, and who would be told of a change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col

from zoomguard.application import access
from zoomguard.application.session_parts import SessionParts
from zoomguard.domain.errors import NotAllowed, NotThere
from zoomguard.domain.people import Kind, Who
from zoomguard.domain.sessions import CANCELLABLE, CHANGEABLE, SessionState, SessionView, Told
from zoomguard.tables import messages as messages_table
from zoomguard.tables import observers as observers_table
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.messages import MessageState
from zoomguard.tables.sessions import VideoSession

NOT_FOR_YOU = ("There is no such session for you.", "See: zoomguard sessions list")
INVITATION = "invitation"
# In these a yes or a no still means something.
ANSWERABLE = CANCELLABLE - {SessionState.LIVE}


def takes_part(tx: Transaction, who: Who, row: VideoSession) -> bool:
    """Whether this person is one of the two adults; an observer who was let go is not."""
    if who.id == row.teacher_id:
        return True
    return who.id == row.observer_id and who.id not in observers_table.let_go(tx, row.id)


def seen(tx: Transaction, who: Who, id_or_short: str) -> VideoSession:
    """A session that this person may see; NotThere for another's as for none, so that nothing can be guessed."""
    row = table.find(tx, id_or_short.upper())
    if row is None or not (access.may(who, "sessions.see_all") or takes_part(tx, who, row)):
        raise NotThere(*NOT_FOR_YOU)
    return row


def still_asked(person_id: str, now: datetime) -> sa.ColumnElement[bool]:
    """Lessons to come that this person was asked to observe, has not answered about, and that nobody observes yet."""
    return sa.and_(
        col(VideoSession.id).in_(observers_table.open_to(person_id)),
        col(VideoSession.accepted_at).is_(None),
        col(VideoSession.state).in_(ANSWERABLE),
        col(VideoSession.starts_at) > now,
    )


def as_asked(view: SessionView) -> SessionView:
    """A session as somebody sees it who was only asked to observe it: the question, not who is in it."""
    state = SessionState.SCHEDULED if view.state in CHANGEABLE else view.state
    view = replace(view, observer="", observer_name="", observer_answer="none", children=(), state=state, risk="")
    return replace(view, asked=True, meeting_number=None, change=None)


def own_or_for_others(who: Who, row: VideoSession) -> None:
    """NotAllowed unless it is this person's own lesson, or they act for others."""
    if who.id != row.teacher_id and not access.may(who, "sessions.schedule_for_others"):
        raise NotAllowed("You may change only lessons that you teach.", "Ask the enrolment office.")


def families_of(tx: Transaction, child_ids: frozenset[str]) -> Told:
    """Who hears of it when these children come or leave: their guardians who may be written to, nobody else."""
    return Told(len(_reachable(tx, child_ids)))


def _reachable(tx: Transaction, child_ids: frozenset[str]) -> set[str]:
    relations = [r for r in people_table.relations_to(tx, child_ids) if r.may_contact]
    people = people_table.by_ids(tx, frozenset(r.person_id for r in relations)).values()
    return {p.id for p in people if p.kind is Kind.GUARDIAN and p.active and p.email}


def told_of(tx: Transaction, parts: SessionParts, session: VideoSession, who: Who, also: tuple[str, ...] = ()) -> Told:
    """Who would hear of a change of this session by `who`: everybody who was invited
    and may be written to, its staff, and `also` these.
    Of one that is planned only staff know, and whoever changes it needs no mail."""
    sent = [
        m
        for m in messages_table.about(tx, session.id)
        if m.template == INVITATION and m.state is not MessageState.DROPPED
    ]
    roster = frozenset(c.child_id for c in table.roster(tx, session.id))
    guardians = {m.to_person_id for m in sent if m.audience == "guardian"} & _reachable(tx, roster)
    children = {m.to_person_id for m in sent if m.audience == "child"}
    emails = _emails(tx, parts, _staff_of(tx, session, who) | set(also))
    return Told(len(guardians), len(children), emails)


def _emails(tx: Transaction, parts: SessionParts, person_ids: set[str]) -> tuple[str, ...]:
    """The addresses of those who still get mail: nobody writes to who was shut out."""
    people = people_table.by_ids(tx, frozenset(person_ids)).values()
    return access.emails_of(tx, parts.seals, (p.id for p in people if p.active))


def _staff_of(tx: Transaction, session: VideoSession, who: Who) -> set[str]:
    out = observers_table.off(tx, session.id) - {session.teacher_id}
    if session.state is SessionState.PLANNED:
        return {session.teacher_id, *([session.observer_id] if session.accepted_at else [])} - out - {who.id}
    return {session.teacher_id, session.observer_id} - out


def known_of(tx: Transaction, session_id: str) -> frozenset[str]:
    """The ids of all messages about a session as yet."""
    return frozenset(m.id for m in messages_table.about(tx, session_id))


def told_since(tx: Transaction, parts: SessionParts, session_id: str, known: frozenset[str]) -> Told:
    """Who is being told by the messages that are new since then; `held` are those to children that wait until
    somebody designated has read them."""
    new = [m for m in messages_table.about(tx, session_id) if m.id not in known and m.state is not MessageState.DROPPED]
    to = {kind: {m.to_person_id for m in new if m.audience == kind} for kind in ("guardian", "child", "staff")}
    held = {m.to_person_id for m in new if m.audience == "child" and m.awaits}
    emails = _emails(tx, parts, to["staff"])
    return Told(len(to["guardian"]), len(to["child"] - held), emails, len(held))
