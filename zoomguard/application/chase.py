"""Permissions that lessons want: kept where one is refused for want of them, listed for the office.

An item ends by itself: when the permission is there, or when no lesson that wants it is to come.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from zoomguard.application import access, session_facts
from zoomguard.application.consents import decisions_among
from zoomguard.application.ports import Clock
from zoomguard.application.seals import Seals
from zoomguard.domain import ids
from zoomguard.domain.chase import CHASED, Wanted, WantedLesson
from zoomguard.domain.consents import ConsentState, Scope
from zoomguard.domain.findings import Finding
from zoomguard.domain.people import ChildOnRecord, Kind, Who, is_child
from zoomguard.tables import consents as table
from zoomguard.tables import people as people_table
from zoomguard.tables.consents import ConsentEventRow, PermissionWanted
from zoomguard.tables.database import Database, Transaction
from zoomguard.tables.people import Relation
from zoomguard.tables.sessions import VideoSession

PERMISSION_RULES = frozenset({"CON-CHANNEL", "CON-RECORD"})


@dataclass(frozen=True)
class WantedBy:
    """The lesson that wants permissions, as it was asked for."""

    teacher_id: str
    course: str
    starts_at: datetime
    zone: str
    session_id: str = ""


def wanted_by(session: VideoSession) -> WantedBy:
    """A session as it stands."""
    return WantedBy(session.teacher_id, session.course, session.starts_at, session.zone, session.id)


def note(tx: Transaction, findings: Iterable[Finding], lesson: WantedBy, now: datetime) -> None:
    """Keeps whose permission a lesson wants, by the findings that refuse it; each learner, teacher and start once."""
    wanting = tuple(sorted({f.subject for f in findings if f.rule in PERMISSION_RULES}))
    if not wanting:
        return
    children = people_table.by_references(tx, Kind.CHILD, wanting)
    for child in (children[reference] for reference in sorted(children)):
        tx.insert_new(PermissionWanted(id=ids.ulid(now), child_id=child.id, at=now, **asdict(lesson)))


class Chase:
    """The office's list."""

    def __init__(self, database: Database, clock: Clock, seals: Seals) -> None:
        self.database, self.clock, self.seals = database, clock, seals

    def show(self, who: Who) -> tuple[Wanted, ...]:
        """Whose permission is still wanted for lessons to come, soonest lesson first; NotAllowed for others."""
        access.require(who, "consents.see")
        now = self.clock.now()
        with self.database.reading() as tx:
            return _Reading(tx, self.seals, table.wanted_after(tx, now), now).items()


class _Reading:
    """All that the list rests on, read at once."""

    def __init__(self, tx: Transaction, seals: Seals, rows: list[PermissionWanted], now: datetime) -> None:
        self.rows, self.now = rows, now
        child_ids = frozenset(r.child_id for r in rows)
        people = people_table.by_ids(tx, child_ids | {r.teacher_id for r in rows})
        self.children = {i: session_facts.child_on_record(seals, people[i]) for i in child_ids}
        teachers = {r.teacher_id for r in rows}
        self.emails = {i: seals.open("person", "email", i, people[i].email) for i in teachers}
        self.answers: dict[str, list[tuple[ConsentEventRow, bool]]] = {}
        for row, authority in table.with_authority(tx, child_ids):
            self.answers.setdefault(row.child_id, []).append((row, authority))
        relations = [r for r in people_table.relations_to(tx, child_ids) if _can_allow(r)]
        guardians = people_table.by_ids(tx, frozenset(r.person_id for r in relations))
        self.guardians: dict[str, list[str]] = {}
        for relation in relations:
            guardian = guardians[relation.person_id]
            if guardian.kind is Kind.GUARDIAN and guardian.active:
                self.guardians.setdefault(relation.child_id, []).append(guardian.reference or "")

    def items(self) -> tuple[Wanted, ...]:
        """One for each learner, in the order of their first lesson."""
        found: dict[str, Wanted] = {}
        for row in self.rows:
            child = self.children[row.child_id]
            missing = self._missing(child, row) if child.active else ()
            if missing:
                known = found.get(child.id) or self._begun(child, row, missing)
                # A lesson that a learner left, and was to come into again, is one.
                lessons = tuple(dict.fromkeys((*known.lessons, self._lesson(row))))
                since = min(known.since, row.at)
                found[child.id] = Wanted(known.child, known.missing, known.ask, lessons, since)
        return tuple(found.values())

    def _begun(
        self, child: ChildOnRecord, row: PermissionWanted, missing: tuple[tuple[Scope, ConsentState], ...]
    ) -> Wanted:
        own = (child.reference,)
        ask = tuple(sorted(self.guardians.get(child.id, ()))) if is_child(child.born_on, row.starts_at) else own
        return Wanted(child.reference, missing, ask, (), row.at)

    def _missing(self, child: ChildOnRecord, row: PermissionWanted) -> tuple[tuple[Scope, ConsentState], ...]:
        said = self.answers.get(child.id, [])
        decided = decisions_among(said, (child,), row.starts_at, self.now, row.teacher_id)
        states = ((scope, decided[child.reference, scope].state) for scope in CHASED)
        return tuple((scope, state) for scope, state in states if state is not ConsentState.ACTIVE)

    def _lesson(self, row: PermissionWanted) -> WantedLesson:
        return WantedLesson(row.course, self.emails[row.teacher_id], row.starts_at, row.zone)


def _can_allow(relation: Relation) -> bool:
    """Whoever is not to be contacted is not asked either."""
    return relation.parental_responsibility and relation.may_contact
