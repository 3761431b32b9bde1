"""The consents file: answers, appended unless the very same is on record."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

from zoomguard.application.imports import Outcome, Plan
from zoomguard.application.person_records import by_address, children_named, email_hash, email_hashes, known_child
from zoomguard.application.seals import Seals
from zoomguard.domain import audit, ids
from zoomguard.domain.consent_files import ConsentRow
from zoomguard.domain.consents import ConsentType
from zoomguard.domain.errors import BadInput, UnknownReference
from zoomguard.domain.people import Kind, Who
from zoomguard.tables import consents as consents_table
from zoomguard.tables import people as people_table
from zoomguard.tables.consents import ConsentEventRow
from zoomguard.tables.database import Transaction
from zoomguard.tables.people import Person


class ConsentsImport:
    """Plans the lines of one consents file; everything on record is read once, here."""

    def __init__(self, tx: Transaction, seals: Seals, rows: tuple[ConsentRow, ...], now: datetime, by: Who) -> None:
        self.seals, self.now, self.by = seals, now, by
        self.children = children_named(tx, (row.child for row in rows))
        guardians = tuple({row.guardian for row in rows})
        self.guardians = people_table.by_references(tx, Kind.GUARDIAN, guardians)
        self.staff = self._staff(tx, {row.verified_by for row in rows if row.verified_by})
        ids_ = frozenset(p.id for p in self.guardians.values())
        self.related = {(r.person_id, r.child_id) for r in people_table.relations_of(tx, ids_)}
        self.events = {row.line: self._event_or_reason(row) for row in rows}
        hashes = tuple(e.content_hash for e in self.events.values() if isinstance(e, ConsentEventRow))
        self.known = set(consents_table.known_hashes(tx, hashes))

    def line(self, plan: Plan, row: ConsentRow) -> Outcome:
        """One answer."""
        event = self.events[row.line]
        if isinstance(event, BadInput):
            raise event
        if event.content_hash in self.known:
            return Outcome.SAME
        self.known.add(event.content_hash)
        plan.then.append(event)
        plan.pending += row.answer is ConsentType.GIVEN and event.verified_by is None
        return Outcome.NEW

    def _event_or_reason(self, row: ConsentRow) -> ConsentEventRow | BadInput:
        try:
            return self._event(row)
        except BadInput as reason:
            return reason

    def _event(self, row: ConsentRow) -> ConsentEventRow:
        child = known_child(self.children, row.child)
        giver = self._giver(row, child)
        verifier = self._verifier(row, giver)
        event = ConsentEventRow(
            id=ids.ulid(self.now),
            child_id=child.id,
            giver_id=giver.id,
            scope=row.scope,
            type=row.answer,
            effective_on=row.effective_on,
            valid_until_on=row.valid_until_on,
            received_at=self.now,
            recorded_at=self.now,
            recorded_by=self.by.id,
            method=row.method,
            form_version=row.form_version,
            evidence_ref=row.evidence_ref,
            verified_by=verifier.id if verifier else None,
            verified_on=row.verified_on if verifier else None,
            content_hash="",
        )
        event.content_hash = content_hash(event)
        return event

    def _giver(self, row: ConsentRow, child: Person) -> Person:
        """The learner, or a guardian of that learner."""
        guardian = self.guardians.get(row.guardian)
        if row.guardian == row.child:
            if guardian is not None:
                # From 18 on an answer of the learner's own counts for itself: nobody may give it by accident.
                raise BadInput(
                    "A guardian on record has the same reference as this learner.",
                    "Give the guardian another reference.",
                    code="WHOSE_ANSWER",
                )
            return child
        if guardian is None:
            raise UnknownReference(
                "No guardian on record has the reference that is given.",
                "Correct it, or import the guardians first.",
            )
        if (guardian.id, child.id) not in self.related:
            raise BadInput(
                "The guardian is not one of this child's.",
                "Correct the line, or import the relation first.",
                code="NOT_A_GUARDIAN",
            )
        return guardian

    def _verifier(self, row: ConsentRow, giver: Person) -> Person | None:
        """Who checked the evidence, where there is any; None leaves the answer pending."""
        staff = self.staff.get(row.verified_by)
        if staff is None or not staff.active or not row.verified_on or not row.evidence_ref:
            return None
        return None if staff.email_hash in self._as_staff(giver) else staff

    def _as_staff(self, giver: Person) -> tuple[str, ...]:
        """The giver's address as the staff list would know it: nobody verifies their own answer."""
        return email_hashes(self.seals, Kind.STAFF, self.seals.open("person", "email", giver.id, giver.email))

    def _staff(self, tx: Transaction, named: set[str]) -> dict[str, Person]:
        """Verifiers by what the file calls them: an address or a reference."""
        hashes = {n: email_hash(self.seals, Kind.STAFF, n) or "" for n in named if "@" in n}
        by_hash = by_address(tx, self.seals, Kind.STAFF, hashes)
        by_reference = people_table.by_references(tx, Kind.STAFF, tuple(n for n in named if "@" not in n))
        return by_reference | {n: by_hash[h] for n, h in hashes.items() if h in by_hash}


def content_hash(event: ConsentEventRow) -> str:
    """SHA-256 over what was answered, by whom and on what evidence; not over who took it in when."""
    meaning = {
        "child": event.child_id,
        "giver": event.giver_id,
        "scope": event.scope.value,
        "type": event.type.value,
        "effective_on": event.effective_on.isoformat(),
        "valid_until_on": _iso(event.valid_until_on),
        "method": event.method,
        "form_version": event.form_version,
        "evidence_ref": event.evidence_ref,
        "verified_by": event.verified_by,
        "verified_on": _iso(event.verified_on),
    }
    return hashlib.sha256(audit.canonical(meaning)).hexdigest()


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
