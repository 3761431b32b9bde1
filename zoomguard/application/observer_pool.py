"""Who is free to observe a lesson, best first. A constant number of queries, however many observers there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlmodel import col, select

from zoomguard.application.session_facts import Slot, staff_on_record
from zoomguard.application.session_parts import SessionParts, full_name
from zoomguard.domain import observers
from zoomguard.domain.errors import OutsideFailed
from zoomguard.domain.observers import BACK_TO_BACK_MINUTES, PAIR_DAYS, Candidate
from zoomguard.domain.people import COLLEGE_ZONE, Kind, Role, StaffOnRecord, in_domains
from zoomguard.domain.sessions import SessionState
from zoomguard.domain.times import day_in, zone
from zoomguard.tables import sessions as sessions_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.people import Person, RoleHeld
from zoomguard.tables.sessions import VideoSession

# Sessions that never took place, and never will, are nobody's load.
NEVER_HELD = (SessionState.REFUSED, SessionState.CANCELLED, SessionState.FAILED, SessionState.REMOVING)


def candidates(
    tx: Transaction, parts: SessionParts, slot: Slot, teacher_id: str, child_ids: tuple[str, ...]
) -> tuple[Candidate, ...]:
    """Everybody who may observe and is free then, best first (`domain.observers.best_first`).

    Zoom is not asked here: see `able`. Nobody is locked: whoever picks one has the rules judge that person.
    `teacher_id` is "" where it is not known yet.
    """
    people = _observers(tx, day_in(slot.starts_at, COLLEGE_ZONE))
    teacher = tx.get(Person, teacher_id) if teacher_id else None
    fit = {s.id: s for s in _fit(tx, parts, slot, people) if not _is_teacher(s, teacher) and not _related(s, child_ids)}
    free = _free(tx, slot, frozenset(fit), parts.terms.observer_gap_minutes)
    tight = _tight(tx, slot, free, teacher_id)
    load, pairs = _load(tx, slot), _pairs(tx, slot, teacher_id)
    found = tuple(
        Candidate(i, fit[i].email, full_name(parts.seals, people[i]), load.get(i, 0), pairs.get(i, 0), i in tight)
        for i in free
    )
    return observers.best_first(found, sum(pairs.values()))


def able(parts: SessionParts, found: tuple[Candidate, ...], most: int) -> tuple[Candidate, ...]:
    """The first `most` of them whose Zoom account can open a meeting; outside any transaction.

    Where Zoom cannot tell, nobody is left out: whoever is chosen is judged again.
    """

    def is_able(one: Candidate) -> bool:
        try:
            posture = parts.users.posture(one.email)
        except OutsideFailed:
            return True
        return posture is not None and posture.active and posture.licensed

    return tuple(_first(found, is_able, most))


def _first(found: tuple[Candidate, ...], wanted: Callable[[Candidate], bool], most: int) -> Iterator[Candidate]:
    for one in found:
        if most <= 0:
            return
        if wanted(one):
            most -= 1
            yield one


def _observers(tx: Transaction, day: date) -> dict[str, Person]:
    """Active staff who hold the role of observer on that day."""
    held = select(RoleHeld.person_id).where(
        RoleHeld.role == Role.OBSERVER,
        RoleHeld.from_on <= day,
        sa.or_(col(RoleHeld.until_on).is_(None), col(RoleHeld.until_on) > day),
    )
    query = select(Person).where(col(Person.id).in_(held), Person.kind == Kind.STAFF, col(Person.active).is_(True))
    return {p.id: p for p in tx.all(query)}


def _fit(tx: Transaction, parts: SessionParts, slot: Slot, people: dict[str, Person]) -> Iterator[StaffOnRecord]:
    """Those with an address of the organisation whose training, check and acknowledgement hold on the day."""
    day = day_in(slot.starts_at, COLLEGE_ZONE)
    for staff in staff_on_record(tx, parts.seals, parts.terms, people, day).values():
        ends = (staff.training_until_on, staff.dbs_until_on, staff.policy_ack_until_on)
        if in_domains(staff.email, parts.staff_domains) and all(end is not None and end >= day for end in ends):
            yield staff


def _is_teacher(staff: StaffOnRecord, teacher: Person | None) -> bool:
    """A second record with the same staff number is the same person."""
    if teacher is None:
        return False
    return staff.id == teacher.id or (bool(teacher.reference) and staff.reference == teacher.reference)


def _related(staff: StaffOnRecord, child_ids: tuple[str, ...]) -> bool:
    return bool(staff.related_children.intersection(child_ids))


def _free(tx: Transaction, slot: Slot, person_ids: frozenset[str], gap_minutes: int) -> frozenset[str]:
    """Those in no other session then, nor in the minutes before and after that the terms keep free."""
    clashes = _clashes(tx, slot, person_ids, gap_minutes)
    return frozenset(p for p in person_ids if not clashes[p])


def _tight(tx: Transaction, slot: Slot, person_ids: frozenset[str], teacher_id: str) -> frozenset[str]:
    """Those with less than five minutes to a lesson in which this teacher is not."""
    near = _clashes(tx, slot, person_ids | {teacher_id}, BACK_TO_BACK_MINUTES)
    return frozenset(p for p in person_ids if set(near[p]) - set(near[teacher_id]))


def _clashes(tx: Transaction, slot: Slot, person_ids: frozenset[str], margin: int) -> dict[str, tuple[str, ...]]:
    begins, minutes = slot.starts_at - timedelta(minutes=margin), slot.minutes + 2 * margin
    return sessions_table.clashes(tx, person_ids, begins, minutes, slot.session_id)


def _load(tx: Transaction, slot: Slot) -> dict[str, int]:
    """How many lessons everybody teaches or observes in the ISO week, as London counts days."""
    begins, ends = _week(slot.starts_at)
    columns = (VideoSession.teacher_id, VideoSession.observer_id, VideoSession.next_observer_id)
    taken = sa.union_all(
        *(
            select(col(c).label("person")).where(
                col(c).is_not(None), VideoSession.starts_at >= begins, VideoSession.starts_at < ends, _held(slot)
            )
            for c in columns
        )
    ).subquery()
    return dict(tx.all(sa.select(taken.c.person, sa.func.count()).group_by(taken.c.person)))


def _pairs(tx: Transaction, slot: Slot, teacher_id: str) -> dict[str, int]:
    """How many of this teacher's lessons each observer has, from 60 days before to the end of the week."""
    begins, ends = slot.starts_at - timedelta(days=PAIR_DAYS), _week(slot.starts_at)[1]
    query = (
        select(VideoSession.observer_id, sa.func.count())
        .where(
            VideoSession.teacher_id == teacher_id,
            VideoSession.starts_at >= begins,
            VideoSession.starts_at < ends,
            _held(slot),
        )
        .group_by(col(VideoSession.observer_id))
    )
    return dict(tx.all(query))


def _held(slot: Slot) -> sa.ColumnElement[bool]:
    """Any session but this one, unless it never took place."""
    return sa.and_(col(VideoSession.state).not_in(NEVER_HELD), col(VideoSession.id) != slot.session_id)


def _week(starts_at: datetime) -> tuple[datetime, datetime]:
    """The first moment of the week's Monday and of the next, in London."""
    day = day_in(starts_at, COLLEGE_ZONE)
    monday = day - timedelta(days=day.weekday())
    first, last = (datetime.combine(d, time(), zone(COLLEGE_ZONE)) for d in (monday, monday + timedelta(days=7)))
    return first, last
