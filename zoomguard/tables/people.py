"""People, their roles, what must be valid for staff, and who belongs to whom."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import col, select

from zoomguard.domain.people import Check, Kind, Role
from zoomguard.tables.database import Transaction
from zoomguard.tables.types import Personal, Row, RowKind, UTCDateTime, chosen, column, key


class Person(Row, table=True):
    """Somebody; names, birth and address are sealed, the address is looked up by a keyed hash."""

    __tablename__ = "person"
    KIND: ClassVar[RowKind] = RowKind.DECISION
    __table_args__ = (sa.UniqueConstraint("kind", "reference"), sa.UniqueConstraint("kind", "email_hash"))

    id: str = key()
    kind: Kind = column(type=chosen(Kind, "kind"))
    reference: str | None = column(Personal.PSEUDONYM, default=None)
    known_as: str = column(Personal.PERSONAL, "erasure", default="")
    family_name: str = column(Personal.PERSONAL, "erasure", default="")
    born_on: str = column(Personal.PERSONAL, "erasure", default="")
    email: str = column(Personal.PERSONAL, "erasure", default="")
    email_hash: str | None = column(Personal.PSEUDONYM, "erasure", default=None, index=True)
    language: str = column(Personal.PERSONAL, default="en")
    country: str = column(Personal.PERSONAL, default="")
    timezone: str = column(Personal.PERSONAL, default="")
    active: bool = column(default=True)
    made_at: datetime = column(type=UTCDateTime)
    version: int = column(default=1)


class RoleHeld(Row, table=True):
    """A role from a date on, until a date (exclusive) where it ended."""

    __tablename__ = "role"
    KIND: ClassVar[RowKind] = RowKind.DECISION

    id: str = key()
    person_id: str = column(Personal.PSEUDONYM, foreign_key="person.id", index=True)
    role: Role = column(type=chosen(Role, "role"))
    from_on: date = column()
    until_on: date | None = column(default=None)
    version: int = column(default=1)


class CheckRecord(Row, table=True):
    """A training, vetting or acknowledgement: when it was done and how long it is valid. No certificate."""

    __tablename__ = "check_record"
    KIND: ClassVar[RowKind] = RowKind.DECISION

    id: str = key()
    person_id: str = column(Personal.PSEUDONYM, foreign_key="person.id", index=True)
    kind: Check = column(type=chosen(Check, "kind"))
    done_on: date | None = column(default=None)
    valid_until_on: date | None = column(default=None)
    evidence_ref: str = column(Personal.PERSONAL, default="")
    version: int = column(default=1)


class Relation(Row, table=True):
    """A guardian (or a member of staff) and a child."""

    __tablename__ = "relation"
    KIND: ClassVar[RowKind] = RowKind.DECISION
    __table_args__ = (sa.UniqueConstraint("person_id", "child_id"),)

    id: str = key()
    person_id: str = column(Personal.PSEUDONYM, foreign_key="person.id", index=True)
    child_id: str = column(Personal.PSEUDONYM, foreign_key="person.id", index=True)
    kind: str = column(Personal.PERSONAL, default="")
    parental_responsibility: bool = column(Personal.PERSONAL, default=False)
    may_contact: bool = column(Personal.SPECIAL, default=False)
    # On what the last word about contact rests, where it was not the school's file.
    evidence_ref: str = column(Personal.PERSONAL, default="")
    version: int = column(default=1)


class Group(Row, table=True):
    """A class."""

    __tablename__ = "group"
    KIND: ClassVar[RowKind] = RowKind.DECISION

    id: str = key()
    name: str = column(unique=True)
    version: int = column(default=1)


class GroupMember(Row, table=True):
    """A child in a class."""

    __tablename__ = "group_member"
    KIND: ClassVar[RowKind] = RowKind.DECISION

    group_id: str = column(primary_key=True, foreign_key="group.id")
    child_id: str = column(Personal.PSEUDONYM, primary_key=True, foreign_key="person.id")


def by_references(tx: Transaction, kind: Kind, references: tuple[str, ...]) -> dict[str, Person]:
    """People of a kind by the school's references; absent ones are left out."""
    rows = tx.all(select(Person).where(Person.kind == kind, col(Person.reference).in_(references)))
    return {row.reference: row for row in rows if row.reference is not None}


def by_email_hash(tx: Transaction, digests: tuple[str, ...], kind: Kind = Kind.STAFF) -> Person | None:
    """The person of a kind with that address, by any of the keyed hashes that it may be stored under."""
    return tx.first(select(Person).where(Person.kind == kind, col(Person.email_hash).in_(digests)))


def by_email_hashes(tx: Transaction, kind: Kind, digests: tuple[str, ...]) -> dict[str, Person]:
    """People of a kind by the keyed hash of their address; absent ones are left out."""
    rows = tx.all(select(Person).where(Person.kind == kind, col(Person.email_hash).in_(digests)))
    return {row.email_hash: row for row in rows if row.email_hash is not None}


def of_kind(tx: Transaction, kind: Kind) -> list[Person]:
    """Everybody of a kind, by reference; who has none comes by id."""
    rows = tx.all(select(Person).where(Person.kind == kind).order_by(col(Person.id)))
    return sorted(rows, key=lambda p: p.reference or "")


def by_ids(tx: Transaction, ids: frozenset[str]) -> dict[str, Person]:
    """People by id."""
    return {p.id: p for p in tx.all(select(Person).where(col(Person.id).in_(ids)))}


def lock_all(tx: Transaction, ids: frozenset[str]) -> dict[str, Person]:
    """People by id, locked in order of id so that two asks for the same people wait for each other."""
    query = select(Person).where(col(Person.id).in_(ids)).order_by(col(Person.id))
    # Not their keys: rows that only name these people must not wait for us, nor we for them.
    return {p.id: p for p in tx.all(query.with_for_update(key_share=True))}


def roles_on(tx: Transaction, ids: frozenset[str], day: date) -> dict[str, frozenset[Role]]:
    """The roles that people hold on a day."""
    rows = tx.all(
        select(RoleHeld).where(
            col(RoleHeld.person_id).in_(ids),
            RoleHeld.from_on <= day,
            sa.or_(col(RoleHeld.until_on).is_(None), col(RoleHeld.until_on) > day),
        )
    )
    return {i: frozenset(r.role for r in rows if r.person_id == i) for i in ids}


def roles_ending_after(tx: Transaction, ids: frozenset[str], day: date) -> list[RoleHeld]:
    """Roles that people hold on a day or will hold later."""
    return tx.all(
        select(RoleHeld).where(
            col(RoleHeld.person_id).in_(ids),
            sa.or_(col(RoleHeld.until_on).is_(None), col(RoleHeld.until_on) > day),
        )
    )


def roles_ever(tx: Transaction, ids: frozenset[str]) -> frozenset[tuple[str, Role]]:
    """Who has, had or will have which role."""
    rows = tx.all(select(RoleHeld).where(col(RoleHeld.person_id).in_(ids)))
    return frozenset((r.person_id, r.role) for r in rows)


def lock_holders(tx: Transaction, roles: tuple[Role, ...], day: date) -> list[RoleHeld]:
    """Roles that active people hold on a day without an end, locked so that two cannot end the last two."""
    active = select(Person.id).where(col(Person.active).is_(True))
    return tx.all(
        select(RoleHeld)
        .where(
            col(RoleHeld.role).in_(roles),
            RoleHeld.from_on <= day,
            col(RoleHeld.until_on).is_(None),
            col(RoleHeld.person_id).in_(active),
        )
        .order_by(col(RoleHeld.id))
        .with_for_update()
    )


def holders_of(tx: Transaction, roles: tuple[Role, ...], day: date) -> list[str]:
    """The ids of active people who hold one of the roles on a day, each once."""
    query = select(RoleHeld.person_id).join(Person, col(Person.id) == col(RoleHeld.person_id))
    held = query.where(
        col(RoleHeld.role).in_(roles),
        col(Person.active).is_(True),
        RoleHeld.from_on <= day,
        sa.or_(col(RoleHeld.until_on).is_(None), col(RoleHeld.until_on) > day),
    )
    return sorted(set(tx.all(held)))


def checks_of(tx: Transaction, ids: frozenset[str]) -> list[CheckRecord]:
    """All check records of people."""
    return tx.all(select(CheckRecord).where(col(CheckRecord.person_id).in_(ids)))


def relations_of(tx: Transaction, ids: frozenset[str]) -> list[Relation]:
    """Which children people are related to."""
    return tx.all(select(Relation).where(col(Relation.person_id).in_(ids)))


def relation_between(tx: Transaction, person_id: str, child_id: str) -> Relation | None:
    """How somebody is related to a child, if at all."""
    found: Relation | None = tx.first(
        select(Relation).where(Relation.person_id == person_id, Relation.child_id == child_id)
    )
    return found


def relations_to(tx: Transaction, child_ids: frozenset[str]) -> list[Relation]:
    """Who is related to these children."""
    return tx.all(select(Relation).where(col(Relation.child_id).in_(child_ids)).order_by(col(Relation.id)))


def groups_by_name(tx: Transaction, names: tuple[str, ...]) -> dict[str, Group]:
    """Classes by name; absent ones are left out."""
    return {g.name: g for g in tx.all(select(Group).where(col(Group.name).in_(names)))}


def group_named(tx: Transaction, name: str) -> Group | None:
    """The class of that name; where there is none, the only one that is written so in other capitals."""
    alike = sa.or_(col(Group.name) == name, sa.func.lower(col(Group.name)) == name.lower())
    found = tx.all(select(Group).where(alike))
    exact = [g for g in found if g.name == name]
    return exact[0] if exact else found[0] if len(found) == 1 else None


def members_of(tx: Transaction, group_ids: frozenset[str]) -> frozenset[tuple[str, str]]:
    """Class and child, by id."""
    rows = tx.all(select(GroupMember).where(col(GroupMember.group_id).in_(group_ids)))
    return frozenset((m.group_id, m.child_id) for m in rows)
