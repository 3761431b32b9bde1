"""Consents: taken in from the school's file, and decided for the children of a session."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Unpack

from zoomguard.application.access import require
from zoomguard.application.consent_import import ConsentsImport
from zoomguard.application.imports import Ask, How, take_in
from zoomguard.application.ports import Clock
from zoomguard.application.seals import Seals
from zoomguard.domain.consent_files import read_consents
from zoomguard.domain.consents import ConsentDecision, ConsentEvent, Scope, decide
from zoomguard.domain.people import COLLEGE_ZONE, ChildOnRecord, is_child
from zoomguard.domain.people_files import ImportAnswer
from zoomguard.domain.times import day_in
from zoomguard.rules.terms import Terms
from zoomguard.tables import consents as table
from zoomguard.tables.consents import ConsentEventRow
from zoomguard.tables.database import Database, Transaction


class Consents:
    """What guardians, and learners of age, allowed."""

    def __init__(self, database: Database, clock: Clock, seals: Seals, terms: Terms) -> None:
        self.database, self.clock, self.seals, self.terms = database, clock, seals, terms

    def import_file(self, content: bytes, **how: Unpack[How]) -> ImportAnswer:
        """Takes a consents file in, all or nothing; what is on record already is left as it is.

        BadInput where the file cannot be read, NotAllowed for others.
        """
        ask, now = Ask(content, **how), self.clock.now()
        require(ask.by, "consents.import")
        today = day_in(now, COLLEGE_ZONE)
        file = read_consents(content, today=today, max_months=self.terms.consent_max_months)
        return take_in(
            self.database,
            self.clock,
            "consents",
            ask,
            file,
            lambda tx: ConsentsImport(tx, self.seals, file.rows, now, ask.by),
        )


def decisions(
    tx: Transaction,
    children: tuple[ChildOnRecord, ...],
    starts_at: datetime,
    known_at: datetime,
    teacher_id: str | None,
) -> dict[tuple[str, Scope], ConsentDecision]:
    """The answer for each child (by reference) and scope on the session's day in London, as known then.

    One query. A learner of age answers alone; what the session's own teacher verified counts as unverified.
    """
    said = table.with_authority(tx, frozenset(child.id for child in children))
    return decisions_among(said, children, starts_at, known_at, teacher_id)


def decisions_among(
    answers: Iterable[tuple[ConsentEventRow, bool]],
    children: tuple[ChildOnRecord, ...],
    starts_at: datetime,
    known_at: datetime,
    teacher_id: str | None,
) -> dict[tuple[str, Scope], ConsentDecision]:
    """The same among answers that were read already; those of other children do not count."""
    said: dict[str, list[ConsentEvent]] = {child.id: [] for child in children}
    of_age = {child.id for child in children if not is_child(child.born_on, starts_at)}
    for row, authority in answers:
        if row.child_id not in said:
            continue
        own = row.giver_id == row.child_id
        if own or row.child_id not in of_age:
            authority = row.child_id in of_age if own else authority
            said[row.child_id].append(_event(row, authority, teacher_id))
    on = day_in(starts_at, COLLEGE_ZONE)
    return {(c.reference, scope): decide(said[c.id], scope, on, known_at) for c in children for scope in Scope}


def _event(row: ConsentEventRow, authority: bool, teacher_id: str | None) -> ConsentEvent:
    return ConsentEvent(
        id=row.id,
        child_id=row.child_id,
        giver_id=row.giver_id,
        scope=row.scope,
        type=row.type,
        effective_on=row.effective_on,
        valid_until_on=row.valid_until_on,
        recorded_at=row.recorded_at,
        verified=row.verified_by is not None and row.verified_by != teacher_id,
        authority=authority,
        verified_by=row.verified_by,
    )
