"""Whose address nobody writes to about a child, whoever else is said to have it.

A stop is about a person. An address with another +alias, or under another reference, is that person still.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import col, select

from zoomguard.application.seals import Seals
from zoomguard.domain.people import Kind, staff_address
from zoomguard.tables.database import Transaction
from zoomguard.tables.people import Person, Relation

# The duty that makes the doors of a child anew, so that links which the stopped guardian has open nothing.
RENEW_DOORS = "renew_doors"


def bare(mail: str) -> str:
    """An address with any +alias cut off; what is no address stays as it is."""
    try:
        return staff_address(mail)
    except ValueError:
        return mail


def stopped(tx: Transaction, seals: Seals, child_ids: Iterable[str] | None = None) -> dict[str, str]:
    """The bare addresses of guardians who are not to be contacted about one of these children (of any child), each
    with whose it is."""
    query = (
        select(Person)
        .join(Relation, col(Relation.person_id) == col(Person.id))
        .where(col(Person.kind) == Kind.GUARDIAN, col(Relation.may_contact).is_(False))
    )
    if child_ids is not None:
        query = query.where(col(Relation.child_id).in_(list(child_ids)))
    people = {p.id: seals.open("person", "email", p.id, p.email) for p in tx.all(query) if p.email}
    return {bare(mail): person_id for person_id, mail in people.items()}
