"""The files of children, guardians and classes."""

from __future__ import annotations

from datetime import datetime

from zoomguard.application.contact_stops import RENEW_DOORS, bare, stopped
from zoomguard.application.imports import Outcome, Plan
from zoomguard.application.person_records import (
    PersonRecords,
    RelationRecords,
    by_address,
    children_named,
    email_hash,
    known_child,
)
from zoomguard.application.seals import Seals
from zoomguard.domain import ids
from zoomguard.domain.errors import BadInput
from zoomguard.domain.people import Kind
from zoomguard.domain.people_files import ChildRow, GroupRow, GuardianRow
from zoomguard.tables import people as people_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.people import Group, GroupMember, Person

WRITE_NO = "Write no; the safeguarding lead can allow it: zoomguard people contact allow."


def _held(message: str, remedy: str) -> BadInput:
    return BadInput(message, remedy, code="CONTACT_CHANGE")


class ChildrenImport:
    """Plans the lines of one children file."""

    def __init__(self, tx: Transaction, seals: Seals, rows: tuple[ChildRow, ...], now: datetime, accept: bool) -> None:
        self.records = PersonRecords(tx, seals, Kind.CHILD, [r.details for r in rows], now, accept)
        self.stopped = stopped(tx, seals)

    def line(self, plan: Plan, row: ChildRow) -> Outcome:
        """One child. A child's own mail does not go to a guardian who is not to be contacted."""
        if row.email and bare(row.email) in self.stopped:
            raise _held("The address is a guardian's who is not to be contacted.", "Leave it out.")
        _, outcome = self.records.take(plan, self.records.find(row.details), row.details)
        return outcome


class GuardiansImport:
    """Plans the lines of one guardians file; each is a guardian and one child."""

    def __init__(
        self, tx: Transaction, seals: Seals, rows: tuple[GuardianRow, ...], now: datetime, accept: bool
    ) -> None:
        self.seals = seals
        self.records = PersonRecords(tx, seals, Kind.GUARDIAN, [r.details for r in rows], now, accept)
        self.children = children_named(tx, (row.child for row in rows))
        self.staff = by_address(tx, seals, Kind.STAFF, {row.email for row in rows})
        staff_ids = frozenset(p.id for p in self.staff.values())
        self.stopped = stopped(tx, seals)
        self.relations = RelationRecords(tx, self.records.ids | staff_ids, now)
        self.held = {r.person_id for r in self.relations.known.values() if not r.may_contact}

    def line(self, plan: Plan, row: GuardianRow) -> Outcome:
        """A guardian's own row, the relation, and where the guardian is of the staff, that relation too."""
        child = known_child(self.children, row.child)
        known = self.records.find(row.details)
        self._guard_contact(known, child, row)
        person, outcome = self.records.take(plan, known, row.details)
        return max(outcome, self._relate(plan, person, child, row), self._as_staff(plan, child, row))

    def _guard_contact(self, known: Person | None, child: Person, row: GuardianRow) -> None:
        """Accepted changes do not lift it: a file that was filled in wrongly must not reach that guardian, neither
        under another reference or address nor about a child that is new to the record."""
        relation, owner = self.relations.find(known, child), self.stopped.get(bare(row.email))
        if relation is not None and row.may_contact and not relation.may_contact:
            raise _held("On record this guardian is not to be contacted about this child.", WRITE_NO)
        if owner is not None and (known is None or known.id != owner):
            raise _held("The address is another guardian's who is not to be contacted.", "Correct the address.")
        if known is not None and known.id in self.held:
            if self.records.opened(known, "email") not in ("", row.email):
                raise _held("On record this guardian is not to be contacted.", "Leave the address as it is on record.")
            if relation is None and row.may_contact:
                raise _held("On record this guardian is not to be contacted about another child.", WRITE_NO)

    def _relate(self, plan: Plan, person: Person, child: Person, row: GuardianRow) -> Outcome:
        said: dict[str, object] = {
            "kind": row.relation,
            "parental_responsibility": row.parental_responsibility,
            "may_contact": row.may_contact,
        }
        known = self.relations.find(person, child)
        if known is not None:
            different = {c: v for c, v in said.items() if getattr(known, c) != v}
            if "may_contact" in different:
                # What a lead's word rested on does not stand beside what the file says.
                different["evidence_ref"] = ""
            if different.get("may_contact") is False:
                plan.due.add((RENEW_DOORS, child.id))
            return plan.change(known, different)
        rights = {"parental_responsibility": row.parental_responsibility, "may_contact": row.may_contact}
        return self.relations.add(plan, person.id, child.id, row.relation, **rights)

    def _as_staff(self, plan: Plan, child: Person, row: GuardianRow) -> Outcome:
        """The same person in the staff list is related too, for conflicts to be seen; it gives no rights."""
        staff = self.staff.get(email_hash(self.seals, Kind.STAFF, row.email) or "")
        if staff is None:
            return Outcome.SAME
        return min(self.relations.add(plan, staff.id, child.id, row.relation), Outcome.CHANGED)


class GroupsImport:
    """Plans the lines of one groups file; who is not in it stays where they are."""

    def __init__(self, tx: Transaction, rows: tuple[GroupRow, ...], now: datetime) -> None:
        self.now = now
        self.children = children_named(tx, (row.child for row in rows))
        self.groups = people_table.groups_by_name(tx, tuple({row.group for row in rows}))
        self.members = set(people_table.members_of(tx, frozenset(g.id for g in self.groups.values())))

    def line(self, plan: Plan, row: GroupRow) -> Outcome:
        """One child of one class."""
        child = known_child(self.children, row.child)
        group = self.groups.get(row.group) or self._new_group(plan, row.group)
        if (group.id, child.id) in self.members:
            return Outcome.SAME
        self.members.add((group.id, child.id))
        plan.then.append(GroupMember(group_id=group.id, child_id=child.id))
        return Outcome.NEW

    def _new_group(self, plan: Plan, name: str) -> Group:
        group = Group(id=ids.ulid(self.now), name=name)
        self.groups[name] = group
        plan.first.append(group)
        return group
