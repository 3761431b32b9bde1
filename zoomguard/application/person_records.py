"""What a file says of people, against what is on record: found, compared, and made into rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from zoomguard.application.imports import Outcome, Plan
from zoomguard.application.seals import Seals
from zoomguard.domain import ids
from zoomguard.domain.errors import BadInput, UnknownReference
from zoomguard.domain.people import Kind, address, staff_address
from zoomguard.domain.people_files import DUPLICATE_EMAIL
from zoomguard.tables import people as people_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.people import Person, Relation

SEALED = frozenset({"known_as", "family_name", "born_on", "email"})
# These need a second look: they could hand somebody's access to another, or make a child an adult.
GUARDED = {
    "email": ("EMAIL_CHANGE", "The e-mail address"),
    "born_on": ("BORN_ON_CHANGE", "The date of birth"),
}
ACCEPT = "Check it with the person, then import again and accept changes."
Details = Mapping[str, str]


def email_hash(seals: Seals, kind: Kind, email: str) -> str | None:
    """What is stored of an address to find it by; None for none. A +alias of staff is cut off."""
    return next(iter(email_hashes(seals, kind, email)), None)


def email_hashes(seals: Seals, kind: Kind, email: str) -> tuple[str, ...]:
    """All that an address may be stored under, the current key's first; none for none."""
    if not email:
        return ()
    return seals.indexes(staff_address(email) if kind is Kind.STAFF else address(email))


def by_address(tx: Transaction, seals: Seals, kind: Kind, emails: Iterable[str]) -> dict[str, Person]:
    """People of a kind by the current key's hash of their address, whichever key it is stored under."""
    current = {h: hashes[0] for hashes in (email_hashes(seals, kind, e) for e in emails) for h in hashes}
    found = people_table.by_email_hashes(tx, kind, tuple(current))
    return {current[stored]: person for stored, person in found.items()}


def sealed_columns(seals: Seals, person_id: str, kind: Kind, said: Details) -> dict[str, object]:
    """Columns as they are stored, with the hash that goes with an address."""
    columns: dict[str, object] = {
        c: seals.seal("person", c, person_id, text) if c in SEALED else text for c, text in said.items()
    }
    if "email" in said:
        columns["email_hash"] = email_hash(seals, kind, said["email"])
    return columns


def new_person(seals: Seals, kind: Kind, said: Details, now: datetime) -> Person:
    """A person that is not on record yet."""
    person_id = ids.ulid(now)
    columns: dict[str, Any] = sealed_columns(seals, person_id, kind, said)
    return Person(id=person_id, kind=kind, made_at=now, **columns)


def children_named(tx: Transaction, references: Iterable[str]) -> dict[str, Person]:
    """The children on record by reference, read at once."""
    return people_table.by_references(tx, Kind.CHILD, tuple(set(references)))


def known_child(children: Mapping[str, Person], reference: str) -> Person:
    """One of them; UNKNOWN_REF where there is none."""
    if reference not in children:
        raise UnknownReference(
            "No child on record has the reference that is given.", "Correct it, or import the children first."
        )
    return children[reference]


class PersonRecords:
    """The people of one kind that a file speaks of, read at once."""

    def __init__(
        self, tx: Transaction, seals: Seals, kind: Kind, said: Iterable[Details], now: datetime, accept: bool
    ) -> None:
        self.seals, self.kind, self.now, self.accept = seals, kind, now, accept
        said = tuple(said)
        references = tuple({one["reference"] for one in said})
        self.by_reference = people_table.by_references(tx, kind, references)
        self.by_hash = by_address(tx, seals, kind, {one["email"] for one in said})
        self._settled: set[str] = set()

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all that were found."""
        return frozenset(p.id for p in (*self.by_reference.values(), *self.by_hash.values()))

    def find(self, said: Details) -> Person | None:
        """Whom the line means; BadInput where the address is another's or the change is not accepted.

        A first holder of a role has an address and no reference yet, and is found by the address.
        """
        known = self.by_reference.get(said["reference"])
        holder = self.by_hash.get(email_hash(self.seals, self.kind, said["email"]) or "")
        if known is None and holder is not None and holder.reference is None:
            return holder
        if holder is not None and holder is not known:
            raise BadInput(
                "The address belongs to another reference on record.",
                "Correct the address or the reference.",
                code=DUPLICATE_EMAIL,
            )
        if known is not None and not self.accept:
            self._guard(known, said)
        return known

    def take(self, plan: Plan, known: Person | None, said: Details) -> tuple[Person, Outcome]:
        """Plans the person's own row: made, changed or left; a person on several lines is done once."""
        if known is None:
            person = new_person(self.seals, self.kind, said, self.now)
            plan.first.append(person)
            self._settle(person, said)
            return person, Outcome.NEW
        if known.id in self._settled:
            return known, Outcome.SAME
        self._settle(known, said)
        different = {c: text for c, text in said.items() if self.opened(known, c) != text}
        return known, plan.change(known, sealed_columns(self.seals, known.id, self.kind, different))

    def opened(self, person: Person, name: str) -> str:
        """What a column says."""
        stored = getattr(person, name) or ""
        return self.seals.open("person", name, person.id, stored) if name in SEALED else stored

    def _guard(self, known: Person, said: Details) -> None:
        for name, (code, what) in GUARDED.items():
            if name in said and self.opened(known, name) != said[name]:
                raise BadInput(f"{what} is another than on record.", ACCEPT, code=code)

    def _settle(self, person: Person, said: Details) -> None:
        self._settled.add(person.id)
        self.by_reference[said["reference"]] = person


class RelationRecords:
    """Who belongs to which child, of the people that a file speaks of."""

    def __init__(self, tx: Transaction, person_ids: frozenset[str], now: datetime) -> None:
        self.now = now
        found = people_table.relations_of(tx, person_ids)
        self.known: dict[tuple[str, str], Relation] = {(r.person_id, r.child_id): r for r in found}

    def find(self, person: Person | None, child: Person) -> Relation | None:
        """The relation of the two, if there is one."""
        return self.known.get((person.id, child.id)) if person else None

    def add(self, plan: Plan, person_id: str, child_id: str, kind: str, **rights: bool) -> Outcome:
        """Plans a new relation; one that is there stays. Without `rights` it only tells who is related."""
        if (person_id, child_id) in self.known:
            return Outcome.SAME
        columns: dict[str, Any] = {"person_id": person_id, "child_id": child_id, "kind": kind, **rights}
        row = Relation(id=ids.ulid(self.now), **columns)
        self.known[person_id, child_id] = row
        plan.then.append(row)
        return Outcome.NEW
