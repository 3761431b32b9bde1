"""The staff file: people, what must be valid for them, and their own children at the college."""

from __future__ import annotations

from datetime import date, datetime, timedelta

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
from zoomguard.domain.people import Check, Kind, Role
from zoomguard.domain.people_files import StaffRow
from zoomguard.rules.terms import Terms
from zoomguard.tables import people as people_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.people import CheckRecord, Person, RoleHeld

RELATIVE = "relative"


class StaffImport:
    """Plans the lines of one staff file; everything on record is read once, here."""

    def __init__(
        self,
        tx: Transaction,
        seals: Seals,
        rows: tuple[StaffRow, ...],
        now: datetime,
        terms: Terms,
        accept: bool,
    ) -> None:
        self.seals, self.now, self.terms = seals, now, terms
        self.records = PersonRecords(tx, seals, Kind.STAFF, [r.details for r in rows], now, accept)
        self.children = children_named(tx, (ref for row in rows for ref in row.relatives))
        self.relations = RelationRecords(tx, self.records.ids, now)
        self.roles = _roles(tx, self.records.ids, now.date())
        self.checks = {(c.person_id, c.kind): c for c in people_table.checks_of(tx, self.records.ids)}
        self.children_of = self._children_of_guardians(tx, rows)

    def line(self, plan: Plan, row: StaffRow) -> Outcome:
        """One member of staff. Roles are given to somebody new only; later they have dates of their own."""
        children = [known_child(self.children, ref).id for ref in row.relatives]
        known = self.records.find(row.details)
        if known is not None and row.roles and row.roles != self.roles.get(known.id, frozenset()):
            raise BadInput(
                "The roles are others than on record.",
                "Leave them empty here, and use: zoomguard people roles give|end",
                code="ROLE_CHANGE",
            )
        person, outcome = self.records.take(plan, known, row.details)
        if known is None:
            plan.then += [a_role(person.id, role, self.now) for role in sorted(row.roles)]
        related = [*children, *self.children_of.get(row.email, ())]
        outcomes = [self._check(plan, person, kind, *dates) for kind, dates in self._dates(row).items()]
        outcomes += [self.relations.add(plan, person.id, child, RELATIVE) for child in related]
        return max(outcome, min(max(outcomes), Outcome.CHANGED))

    def _children_of_guardians(self, tx: Transaction, rows: tuple[StaffRow, ...]) -> dict[str, list[str]]:
        """Children of guardians who have the address of a member of staff: the same person in two lists."""
        mails = {email_hash(self.seals, Kind.GUARDIAN, row.email): row.email for row in rows}
        found = by_address(tx, self.seals, Kind.GUARDIAN, mails.values())
        mail_of = {guardian.id: mails[digest] for digest, guardian in found.items()}
        children: dict[str, list[str]] = {}
        for relation in people_table.relations_of(tx, frozenset(mail_of)):
            children.setdefault(mail_of[relation.person_id], []).append(relation.child_id)
        return children

    def _dates(self, row: StaffRow) -> dict[Check, tuple[date | None, date | None]]:
        done_on = row.policy_ack_on
        valid = timedelta(days=self.terms.policy_ack_valid_days)
        return {
            Check.TRAINING: (None, row.training_until_on),
            Check.DBS: (None, row.dbs_until_on),
            Check.POLICY_ACK: (done_on, done_on + valid if done_on else None),
        }

    def _check(self, plan: Plan, person: Person, kind: Check, done_on: date | None, until_on: date | None) -> Outcome:
        """An empty date in the file means that nothing is on record: that errs on the safe side."""
        row = self.checks.get((person.id, kind))
        if row is not None:
            same = (row.done_on, row.valid_until_on) == (done_on, until_on)
            return plan.change(row, {} if same else {"done_on": done_on, "valid_until_on": until_on})
        if until_on is None:
            return Outcome.SAME
        new_id = ids.ulid(self.now)
        plan.then.append(
            CheckRecord(id=new_id, person_id=person.id, kind=kind, done_on=done_on, valid_until_on=until_on)
        )
        return Outcome.NEW


def a_role(person_id: str, role: Role, now: datetime) -> RoleHeld:
    """A role from today on. Days of roles are those of UTC, as whoever signs in is asked about."""
    return RoleHeld(id=ids.ulid(now), person_id=person_id, role=role, from_on=now.date())


def _roles(tx: Transaction, person_ids: frozenset[str], day: date) -> dict[str, frozenset[Role]]:
    held: dict[str, set[Role]] = {}
    for row in people_table.roles_ending_after(tx, person_ids, day):
        held.setdefault(row.person_id, set()).add(row.role)
    return {person_id: frozenset(roles) for person_id, roles in held.items()}
