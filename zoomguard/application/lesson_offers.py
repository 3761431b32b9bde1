"""Before a lesson is asked for: what there is to choose from, and what the rules would say. Reads only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from zoomguard.application import access, session_facts
from zoomguard.application.refusals import ABOUT_OBSERVER, shown
from zoomguard.application.scheduling import Judged, Scheduling
from zoomguard.application.session_ask import CheckedAsk
from zoomguard.application.session_facts import Slot
from zoomguard.application.session_parts import SessionParts, full_name
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.domain.people import COLLEGE_ZONE, Role, Who
from zoomguard.domain.sessions import Elsewhere, ScheduleAsk
from zoomguard.domain.times import day_in
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as sessions_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.people import Group, GroupMember
from zoomguard.tables.sessions import VideoSession

# Where no lesson of a class is on record.
USUAL_MINUTES = 50


@dataclass(frozen=True)
class Named:
    """A member of staff who may be chosen."""

    email: str
    name: str


@dataclass(frozen=True)
class OfferedClass:
    """A class: how many children, and length and wall time ("16:00", "" where unknown) of its last lesson."""

    name: str
    children: int
    minutes: int = USUAL_MINUTES
    at: str = ""


@dataclass(frozen=True)
class Offers:
    """What may be chosen; `teachers` is empty for those who schedule only for themselves."""

    classes: tuple[OfferedClass, ...]
    observers: tuple[Named, ...]
    teachers: tuple[Named, ...]
    minutes: int = USUAL_MINUTES


@dataclass(frozen=True)
class Rehearsal:
    """What an ask would come to: nothing stands in the way where `findings` is empty. `passed` holds rules' ids,
    `elsewhere` the zones in which the clock shows another time, with the references of the children there, `instead`
    who could observe where the one who is named cannot."""

    course: str
    starts_at: datetime
    minutes: int
    teacher: str
    observer: str
    children: tuple[str, ...]
    findings: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    passed: tuple[str, ...]
    elsewhere: Elsewhere
    instead: tuple[Named, ...]


class LessonOffers:
    """The use cases of the page on which lessons are asked for."""

    def __init__(self, parts: SessionParts, scheduling: Scheduling) -> None:
        self.parts, self.scheduling = parts, scheduling

    def offers(self, who: Who) -> Offers:
        """Classes, observers and teachers, each by name."""
        access.require(who, "sessions.schedule")
        with self.parts.database.reading() as tx:
            classes = self._classes(tx, who)
            teachers = self._staff(tx, Role.TEACHER) if access.may(who, "sessions.schedule_for_others") else ()
            lengths = Counter(c.minutes for c in classes if c.at)
            usual = lengths.most_common(1)[0][0] if lengths else USUAL_MINUTES
            return Offers(classes, self._staff(tx, Role.OBSERVER), teachers, usual)

    def rehearse(self, who: Who, ask: ScheduleAsk) -> Rehearsal:
        """What the rules say to an ask, with what passed. Errors as `Sessions.schedule`, without Refused."""
        checked, judged = self.scheduling.look_ahead(who, ask)
        with self.parts.database.reading() as tx:
            people = people_table.by_ids(tx, frozenset({judged.cast.teacher_id, judged.cast.observer_id or ""}))
            names = {i: full_name(self.parts.seals, p) for i, p in people.items()}
            elsewhere = session_facts.elsewhere(tx, checked.starts_at, checked.ask.zone, judged.cast.child_ids)
        return Rehearsal(
            course=checked.ask.course,
            starts_at=checked.starts_at,
            minutes=checked.minutes,
            teacher=names[judged.cast.teacher_id],
            observer=names.get(judged.cast.observer_id or "", ""),
            children=checked.ask.children,
            findings=shown(who, judged.findings),
            warnings=judged.evaluation.warnings,
            passed=_passed(judged.evaluation.findings),
            elsewhere=elsewhere,
            instead=self._instead(checked, judged),
        )

    def _instead(self, checked: CheckedAsk, judged: Judged) -> tuple[Named, ...]:
        if not any(f.rule in ABOUT_OBSERVER for f in judged.findings):
            return ()
        free = self.scheduling.casting.instead(judged.cast, Slot(checked.starts_at, checked.minutes))
        return tuple(Named(c.email, c.name) for c in free)

    def _classes(self, tx: Transaction, who: Who) -> tuple[OfferedClass, ...]:
        """Each with the latest lesson that this person taught; of anybody for those who act for others."""
        names = {g.id: g.name for g in tx.all(select(Group).order_by(col(Group.name)))}
        sizes = Counter(tx.all(select(GroupMember.group_id)))
        whose = "" if access.may(who, "sessions.schedule_for_others") else who.id
        lasts = sessions_table.last_lessons(tx, frozenset(names.values()), whose)
        return tuple(_offered(name, sizes[i], lasts.get(name)) for i, name in names.items())

    def _staff(self, tx: Transaction, role: Role) -> tuple[Named, ...]:
        holders = people_table.holders_of(tx, (role,), day_in(self.parts.clock.now(), COLLEGE_ZONE))
        people = people_table.by_ids(tx, frozenset(holders)).values()
        seals = self.parts.seals
        found = [Named(seals.open("person", "email", p.id, p.email), full_name(seals, p)) for p in people]
        return tuple(sorted(found, key=lambda one: (one.name, one.email)))


def _offered(name: str, children: int, last: VideoSession | None) -> OfferedClass:
    if last is None:
        return OfferedClass(name, children)
    return OfferedClass(name, children, last.minutes, last.local_start[-5:])


def _passed(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    """Rules that were asked about everybody and passed for each, in the order they were asked."""
    against = {f.rule for f in findings if f.verdict is not Outcome.PASS}
    return tuple(dict.fromkeys(f.rule for f in findings if f.rule not in against))
