"""People: taken in from the school's files, and the roles of staff, given and ended by date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Unpack

from zoomguard.application.access import find_staff, require
from zoomguard.application.family_import import ChildrenImport, GroupsImport, GuardiansImport
from zoomguard.application.imports import Ask, How, ImporterOf, one_at_a_time, take_in
from zoomguard.application.person_records import new_person
from zoomguard.application.ports import Clock
from zoomguard.application.seals import Seals
from zoomguard.application.staff_import import StaffImport, a_role
from zoomguard.domain import ids, people_files
from zoomguard.domain.audit import Event
from zoomguard.domain.csv_files import FileRows
from zoomguard.domain.errors import BadInput, Conflict
from zoomguard.domain.people import COLLEGE_ZONE, OPERATOR, Kind, Role, Who
from zoomguard.domain.people_files import ImportAnswer, PersonView, staff_mail
from zoomguard.domain.times import day_in
from zoomguard.rules.terms import Terms
from zoomguard.tables import people as table
from zoomguard.tables.database import Database, Transaction
from zoomguard.tables.people import Person, RoleHeld

LEADS = (Role.DSL, Role.DEPUTY)


class People:
    """Who is at the college. `staff_domains` are the organisation's own, in lower case."""

    def __init__(
        self, database: Database, clock: Clock, seals: Seals, staff_domains: tuple[str, ...], terms: Terms
    ) -> None:
        self.database, self.clock, self.seals = database, clock, seals
        self.staff_domains, self.terms = staff_domains, terms

    def import_staff(self, content: bytes, **how: Unpack[How]) -> ImportAnswer:
        """Takes a staff file in, all or nothing. BadInput where it cannot be read, NotAllowed for others."""
        file = people_files.read_staff(content, today=self._today(), staff_domains=self.staff_domains)
        ask, now, terms = Ask(content, **how), self.clock.now(), self.terms
        return self._take_in(
            "staff",
            ask,
            file,
            lambda tx: StaffImport(tx, self.seals, file.rows, now, terms, ask.accept_changes),
        )

    def import_children(self, content: bytes, **how: Unpack[How]) -> ImportAnswer:
        """Takes a children file in, as `import_staff` does."""
        file = people_files.read_children(content, today=self._today())
        ask, now = Ask(content, **how), self.clock.now()
        return self._take_in(
            "children",
            ask,
            file,
            lambda tx: ChildrenImport(tx, self.seals, file.rows, now, ask.accept_changes),
        )

    def import_guardians(self, content: bytes, **how: Unpack[How]) -> ImportAnswer:
        """Takes a guardians file in, as `import_staff` does."""
        file = people_files.read_guardians(content)
        ask, now = Ask(content, **how), self.clock.now()
        return self._take_in(
            "guardians",
            ask,
            file,
            lambda tx: GuardiansImport(tx, self.seals, file.rows, now, ask.accept_changes),
        )

    def import_groups(self, content: bytes, **how: Unpack[How]) -> ImportAnswer:
        """Takes a groups file in, as `import_staff` does."""
        file = people_files.read_groups(content)
        ask, now = Ask(content, **how), self.clock.now()
        return self._take_in("groups", ask, file, lambda tx: GroupsImport(tx, file.rows, now))

    def give_role(
        self,
        email: str,
        role: Role,
        from_on: date | None = None,
        until_on: date | None = None,
        by: Who = OPERATOR,
    ) -> None:
        """Gives a role from a day (today) until a day (exclusive; none: open).

        Conflict ROLE_HELD where the person holds it on one of these days.
        """
        require(by, "people.roles")
        now = self.clock.now()
        begins_on = from_on or now.date()
        if until_on is not None and until_on <= begins_on:
            raise BadInput("The role would end before it begins.", "Give a later --until.", code="ROLE_DATES")
        with self.database.deciding() as tx:
            person = find_staff(tx, self.seals, email)
            tx.lock(Person, person.id)
            if any(_meets(held, begins_on, until_on) for held in _held(tx, person, role, begins_on)):
                raise Conflict("This person holds the role then already.", "Nothing to do.", code="ROLE_HELD")
            tx.add(RoleHeld(id=ids.ulid(now), person_id=person.id, role=role, from_on=begins_on, until_on=until_on))
            tx.commit(audit=_given(person.id, role, begins_on, until_on, by))

    def end_role(
        self,
        email: str,
        role: Role,
        from_on: date | None = None,
        until_on: date | None = None,
        by: Who = OPERATOR,
    ) -> None:
        """Ends a role on a day (today), the first without it; with `from_on` only the one that began then.

        Conflict ROLE_NOT_HELD, or LAST_SAFEGUARDING_LEAD where no DSL and no deputy would be left.
        """
        require(by, "people.roles")
        ends_on = until_on or self.clock.now().date()
        with self.database.deciding() as tx:
            person = find_staff(tx, self.seals, email)
            tx.lock(Person, person.id)
            held = [r for r in _held(tx, person, role, ends_on) if from_on in (None, r.from_on)]
            if not held:
                raise Conflict("This person does not hold the role then.", "Nothing to do.", code="ROLE_NOT_HELD")
            if role in LEADS:
                _keep_a_lead(tx, frozenset(r.id for r in held), ends_on)
            for row in held:
                row.until_on = max(ends_on, row.from_on)
            payload = {"role": role.value, "until_on": ends_on.isoformat()}
            tx.commit(audit=Event("people.role_ended", "person", person.id, by.id, payload))

    def hold_first(self, emails_by_role: Mapping[Role, tuple[str, ...]], by: Who = OPERATOR) -> None:
        """Makes the first holders of roles, each with an address alone.

        Once done it changes nothing any more: a role that somebody has or had is not given again.
        """
        require(by, "people.roles")
        roles = [(r, staff_mail(e, self.staff_domains)) for r, emails in emails_by_role.items() for e in emails]
        with self.database.deciding() as tx:
            one_at_a_time(tx)
            holders = self._holders(tx, {email for _, email in roles})
            ever = table.roles_ever(tx, frozenset(p.id for p in holders.values()))
            now = self.clock.now()
            missing = sorted({(holders[e].id, r) for r, e in roles} - ever)
            tx.add(*(a_role(person_id, role, now) for person_id, role in missing))
            if missing:
                tx.commit(audit=tuple(_given(i, role, now.date(), None, by) for i, role in missing))

    def list(self, who: Who) -> tuple[PersonView, ...]:
        """All staff with the roles they hold today; of children and guardians nobody gets a list."""
        require(who, "people.see")
        with self.database.reading() as tx:
            staff = table.of_kind(tx, Kind.STAFF)
            roles = table.roles_on(tx, frozenset(p.id for p in staff), self.clock.now().date())
            return tuple(self._view(person, roles[person.id]) for person in staff)

    def _take_in(self, kind: str, ask: Ask, file: FileRows[Any], importer: ImporterOf) -> ImportAnswer:
        require(ask.by, "people.import")
        return take_in(self.database, self.clock, kind, ask, file, importer)

    def _holders(self, tx: Transaction, emails: set[str]) -> dict[str, Person]:
        found = {e: table.by_email_hash(tx, self.seals.indexes(e)) for e in sorted(emails)}
        now = self.clock.now()
        new = {e: new_person(self.seals, Kind.STAFF, {"email": e}, now) for e, p in found.items() if p is None}
        tx.add(*new.values())
        tx.flush()
        return {e: p for e, p in found.items() if p is not None} | new

    def _view(self, person: Person, roles: frozenset[Role]) -> PersonView:
        email = self.seals.open("person", "email", person.id, person.email)
        return PersonView(
            person.reference or "",
            email,
            person.kind.value,
            tuple(sorted(r.value for r in roles)),
            person.active,
        )

    def _today(self) -> date:
        return day_in(self.clock.now(), COLLEGE_ZONE)


def _held(tx: Transaction, person: Person, role: Role, day: date) -> Sequence[RoleHeld]:
    return [r for r in table.roles_ending_after(tx, frozenset({person.id}), day) if r.role is role]


def _meets(held: RoleHeld, from_on: date, until_on: date | None) -> bool:
    """Whether a role that ends after `from_on` also begins before `until_on`."""
    return until_on is None or held.from_on < until_on


def _keep_a_lead(tx: Transaction, ending: frozenset[str], day: date) -> None:
    """Somebody else must be DSL or deputy on that day, and without an end in sight."""
    if all(row.id in ending for row in table.lock_holders(tx, LEADS, day)):
        raise Conflict(
            "Nobody would be DSL or deputy any more.",
            "Give the role to somebody else first, without an end.",
            code="LAST_SAFEGUARDING_LEAD",
        )


def _given(person_id: str, role: Role, from_on: date, until_on: date | None, by: Who) -> Event:
    until = until_on.isoformat() if until_on else None
    payload = {"role": role.value, "from_on": from_on.isoformat(), "until_on": until}
    return Event("people.role_given", "person", person_id, by.id, payload)
