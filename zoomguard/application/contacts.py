"""Whether a guardian is written to about a child: stopped by office or leads, allowed again by the leads alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from zoomguard.application import access, work
from zoomguard.application.contact_stops import RENEW_DOORS
from zoomguard.application.ports import Clock
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import BadInput, NotAllowed, UnknownReference
from zoomguard.domain.people import Kind, Who
from zoomguard.tables import people as table
from zoomguard.tables.database import Database, Transaction
from zoomguard.tables.people import Relation

# One word with a number in it: it goes into the audit, where no name may stand.
EVIDENCE = re.compile(r"(?=.*[0-9])[A-Za-z0-9][A-Za-z0-9._/-]{0,39}")


@dataclass(frozen=True)
class ContactAnswer:
    """`outcome` is "changed" or "unchanged"."""

    outcome: str
    guardian: str
    child: str
    may_contact: bool

    def as_json(self) -> dict[str, object]:
        """The shape `zoomguard/1` of the answer."""
        said = {"guardian": self.guardian, "child": self.child, "may_contact": self.may_contact}
        return {"schema": "zoomguard/1", "outcome": self.outcome, **said}


class Contacts:
    """The one way to lift "no contact"; a school's file can set it, and never lifts it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database, self.clock = database, clock

    def change(self, who: Who, guardian: str, child: str, evidence: str, *, may_contact: bool) -> ContactAnswer:
        """Stops contact, or allows it, from now on; `evidence` names the court's order, the call, the file. After a
        stop the child's doors are made anew: links that were mailed before open nothing.

        NotAllowed for others, BadInput NO_EVIDENCE, UnknownReference where the two are not related on record.
        """
        access.require(who, "contact.allow" if may_contact else "contact.stop")
        evidence = evidence.strip()
        if EVIDENCE.fullmatch(evidence) is None:
            raise BadInput(
                "It is not said on what this rests, or not by a reference.",
                "Give the number of the order, the call or the file, such as ORDER-12: one word, no names.",
                code="NO_EVIDENCE",
            )
        with self.database.deciding() as tx:
            relation = _relation(tx, guardian, child)
            if relation.may_contact == may_contact:
                return ContactAnswer("unchanged", guardian, child, may_contact)
            if may_contact and table.relation_between(tx, who.id, relation.child_id) is not None:
                raise NotAllowed("It is about a child of your own family.", "Have another lead or deputy decide.")
            relation.may_contact, relation.evidence_ref = may_contact, evidence
            if not may_contact:
                work.put(tx, RENEW_DOORS, relation.child_id, self.clock.now())
            said = "people.contact_allowed" if may_contact else "people.contact_stopped"
            payload = {"guardian_id": relation.person_id, "child_id": relation.child_id, "evidence_ref": evidence}
            tx.commit(audit=Event(said, "relation", relation.id, who.id, payload))
        return ContactAnswer("changed", guardian, child, may_contact)


def _relation(tx: Transaction, guardian: str, child: str) -> Relation:
    guardians = table.by_references(tx, Kind.GUARDIAN, (guardian,))
    children = table.by_references(tx, Kind.CHILD, (child,))
    known = guardian in guardians and child in children
    relation = table.relation_between(tx, guardians[guardian].id, children[child].id) if known else None
    if relation is None:
        raise UnknownReference("No such guardian of such a child is on record.", "Check both references.")
    return tx.hold(Relation, relation.id)
