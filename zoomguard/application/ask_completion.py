"""Completes an ask with what it says by name: a class, a session to be like, a reason to look up children."""

from __future__ import annotations

from dataclasses import dataclass, replace

from zoomguard.application import access
from zoomguard.application.session_parts import SessionParts
from zoomguard.application.session_seen import seen
from zoomguard.domain.errors import BadInput, UnknownReference
from zoomguard.domain.people import Who
from zoomguard.domain.sessions import POOL, ScheduleAsk
from zoomguard.domain.times import printable
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction


@dataclass(frozen=True)
class Pattern:
    """What a session gives to one that shall be like it."""

    teacher: str = ""
    observer: str = ""
    course: str = ""
    minutes: int = 0
    children: tuple[str, ...] = ()


def complete(tx: Transaction, parts: SessionParts, who: Who, ask: ScheduleAsk) -> ScheduleAsk:
    """The ask with children, course, length and people in place of class and pattern.

    UnknownReference for a class that is not on record, NotThere for a session that is not theirs, BadInput for a
    child to be left out who is not in it.
    """
    pattern = _pattern(tx, parts, who, ask.like) if ask.like else Pattern()
    children, group = ask.children, ask.group
    if group:
        group, members = _class(tx, group)
        children += tuple(r for r in members if r not in children)
    elif not children:
        children = pattern.children
    course = ask.course or pattern.course or group
    minutes = ask.minutes
    if minutes is None:
        minutes = pattern.minutes or _usual_minutes(tx, who, ask.teacher, course)
    return replace(
        ask,
        teacher=ask.teacher or pattern.teacher,
        observer=ask.observer or pattern.observer or POOL,
        course=course,
        minutes=minutes,
        children=_without(children, ask.without),
    )


def _usual_minutes(tx: Transaction, who: Who, teacher: str, course: str) -> int:
    """As the course's last lesson by this person; by anybody where it is asked for somebody else."""
    for_others = bool(teacher) and access.may(who, "sessions.schedule_for_others")
    last = table.last_lessons(tx, frozenset({course}), "" if for_others else who.id).get(course)
    if last is None:
        raise BadInput(
            f"How long it lasts is not said, and no earlier lesson of {printable(course)[:40]} tells.",
            "Add --minutes, such as --minutes 50.",
            code="NO_LENGTH",
        )
    return last.minutes


def _class(tx: Transaction, name: str) -> tuple[str, tuple[str, ...]]:
    """The class's name as it is on record, and the references of its children."""
    group = people_table.group_named(tx, name)
    if group is None:
        raise UnknownReference(
            f"There is no class {printable(name)[:40]}.",
            "Check its name; the enrolment office imports classes.",
            code="UNKNOWN_GROUP",
        )
    ids = frozenset(child for _, child in people_table.members_of(tx, frozenset({group.id})))
    references = sorted(p.reference or "" for p in people_table.by_ids(tx, ids).values())
    if not references:
        words = f"Nobody is in the class {printable(name)[:40]}."
        raise BadInput(words, "The enrolment office imports its children.", code="EMPTY_GROUP")
    return group.name, tuple(references)


def _without(children: tuple[str, ...], out: tuple[str, ...]) -> tuple[str, ...]:
    absent = sorted(set(out) - set(children))
    if absent:
        named = ", ".join(printable(r)[:40] for r in absent)
        raise BadInput(f"{named} is not among the children.", "Leave out --except for it.", code="NOT_IN_ROSTER")
    return tuple(r for r in children if r not in out)


def _pattern(tx: Transaction, parts: SessionParts, who: Who, like: str) -> Pattern:
    row = seen(tx, who, like)
    staff = people_table.by_ids(tx, frozenset({row.teacher_id, row.observer_id}))
    emails = {i: parts.seals.open("person", "email", i, p.email) for i, p in staff.items()}
    ids = frozenset(c.child_id for c in table.roster(tx, row.id))
    references = sorted(p.reference or "" for p in people_table.by_ids(tx, ids).values())
    observer = POOL if row.pool else emails[row.observer_id]
    return Pattern(emails[row.teacher_id], observer, row.course, row.minutes, tuple(references))
