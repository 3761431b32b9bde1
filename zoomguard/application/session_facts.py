"""Gathers what the rules are asked about, with a number of queries that does not grow with the class."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from zoomguard.application import consents
from zoomguard.application.seals import Seals
from zoomguard.domain import ids
from zoomguard.domain.consents import Scope
from zoomguard.domain.errors import BadInput, UnknownReference
from zoomguard.domain.meeting_plan import HostPosture, MeetingPlan
from zoomguard.domain.people import (
    COLLEGE_ZONE,
    Check,
    ChildOnRecord,
    Kind,
    StaffOnRecord,
    in_domains,
    staff_address,
)
from zoomguard.domain.sessions import Elsewhere
from zoomguard.domain.times import day_in, zone
from zoomguard.rules import occasions
from zoomguard.rules.facts import ConsentFacts, MeetingFacts, PeopleFacts
from zoomguard.rules.terms import Terms
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as sessions_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.people import Person
from zoomguard.tables.sessions import EvaluationRow


@dataclass(frozen=True)
class Cast:
    """Who an ask names, as found on record: the observer's id is None where the address is not ours to look up."""

    teacher_id: str
    teacher_email: str
    observer_id: str | None
    observer_email: str
    child_ids: tuple[str, ...]
    reserve_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Slot:
    """When, and by which session (its own bookings do not count against it)."""

    starts_at: datetime
    minutes: int
    session_id: str = ""


@dataclass(frozen=True)
class Postures:
    """What Zoom said of the two, read before the transaction; None where Zoom knows nobody. `pool` holds those of
    the pool who can host, by address."""

    teacher: HostPosture | None
    observer: HostPosture | None
    pool: Mapping[str, HostPosture | None] = field(default_factory=dict)


def find_cast(
    tx: Transaction,
    seals: Seals,
    domains: tuple[str, ...],
    teacher: str,
    observer: str,
    references: tuple[str, ...],
    reserves: tuple[str, ...] = (),
) -> Cast:
    """The people an ask names (no observer where none is named yet); UnknownReference names who is not on record,
    BadInput what is no address."""
    teacher_email = _address(teacher, "teacher")
    observer_email = _address(observer, "observer") if observer else ""
    teacher_row = _staff(tx, seals, teacher_email, "teacher")
    # An address outside the organisation is refused as such, before any look-up.
    organisational = in_domains(observer_email, domains)
    observer_row = _staff(tx, seals, observer_email, "observer") if organisational else None
    found = people_table.by_references(tx, Kind.CHILD, references)
    unknown = [r for r in references if r not in found]
    if unknown:
        raise UnknownReference(
            f"No child on record has the reference {', '.join(unknown)}.", "Check it, or import children first."
        )
    return Cast(
        teacher_row.id,
        teacher_email,
        observer_row.id if observer_row else None,
        observer_email,
        tuple(found[r].id for r in references),
        tuple(_staff(tx, seals, _address(r, "reserve"), "reserve").id for r in reserves),
    )


def people_facts(
    tx: Transaction, seals: Seals, terms: Terms, domains: tuple[str, ...], cast: Cast, slot: Slot, postures: Postures
) -> PeopleFacts:
    """Staff and children as the rules see them; their rows are locked until the transaction ends."""
    staff_ids = frozenset(i for i in (cast.teacher_id, cast.observer_id) if i)
    rows = people_table.lock_all(tx, staff_ids | frozenset(cast.child_ids))
    clashes = sessions_table.clashes(tx, frozenset(rows), slot.starts_at, slot.minutes, slot.session_id)
    staff = staff_on_record(tx, seals, terms, {i: rows[i] for i in staff_ids}, day_in(slot.starts_at, COLLEGE_ZONE))
    staff = {i: replace(s, busy_with=clashes[i]) for i, s in staff.items()}
    near = sessions_table.next_to(tx, cast.observer_id or "", slot.starts_at, slot.minutes, slot.session_id)
    children = tuple(replace(child_on_record(seals, rows[i]), busy_with=clashes[i]) for i in cast.child_ids)
    return PeopleFacts(
        starts_at=slot.starts_at,
        minutes=slot.minutes,
        teacher=staff[cast.teacher_id],
        observer=staff[cast.observer_id] if cast.observer_id else None,
        teacher_organisational=in_domains(cast.teacher_email, domains),
        observer_organisational=in_domains(cast.observer_email, domains),
        teacher_posture=postures.teacher,
        observer_posture=postures.observer,
        children=children,
        observer_gaps=tuple((s.short_id, minutes) for s, minutes in near if s.teacher_id != cast.teacher_id),
    )


def consent_facts(tx: Transaction, seals: Seals, people: PeopleFacts, known_at: datetime) -> ConsentFacts:
    """What was answered for each child, on the session's date by what is known now."""
    decided = consents.decisions(tx, people.children, people.starts_at, known_at, people.teacher.id)
    return ConsentFacts(people.starts_at, people.children, decided)


def roster_names(tx: Transaction, seals: Seals, child_ids: Iterable[str]) -> frozenset[str]:
    """The names that must stand in no public text."""
    rows = people_table.by_ids(tx, frozenset(child_ids)).values()
    names = {seals.open("person", c, p.id, getattr(p, c)) for p in rows for c in ("known_as", "family_name")}
    return frozenset(n for n in names if n)


def public_text(plan: MeetingPlan, names: frozenset[str]) -> MeetingFacts:
    """The meeting before it exists: only its public words can be judged."""
    return MeetingFacts(plan, None, None, roster_names=names)


def evaluation_row(
    evaluation: occasions.Evaluation, session_id: str | None, now: datetime, consents_used: ConsentFacts | None
) -> EvaluationRow:
    """The evaluation as it is kept, with the ids of the consent events it rested on."""
    event_ids: set[str] = set()
    for (_, scope), decision in (consents_used.decisions if consents_used else {}).items():
        if scope in (Scope.VIDEO_LIVE, Scope.VIDEO_RECORD):
            event_ids.update(decision.event_ids)
    return EvaluationRow(
        id=ids.ulid(now),
        session_id=session_id,
        occasion=evaluation.occasion,
        at=now,
        terms_version=evaluation.terms_version,
        verdict=evaluation.verdict,
        findings=json.dumps(evaluation.as_json()),
        consent_event_ids=json.dumps(sorted(event_ids)),
    )


def _address(text: str, what: str) -> str:
    try:
        return staff_address(text)
    except ValueError:
        raise BadInput(
            f"The {what}'s address is not an e-mail address.", "Write it as name@college.example.", code="BAD_EMAIL"
        ) from None


def _staff(tx: Transaction, seals: Seals, email: str, what: str) -> Person:
    row = people_table.by_email_hash(tx, seals.indexes(email))
    if row is None:
        raise UnknownReference(
            f"Nobody of the staff has the {what}'s address {email}.", "Check the address, or import staff first."
        )
    return row


def staff_on_record(
    tx: Transaction, seals: Seals, terms: Terms, rows: dict[str, Person], day: date
) -> dict[str, StaffOnRecord]:
    """Members of staff as the rules see them on a day: their roles then, and until when their papers are valid."""
    ids_ = frozenset(rows)
    roles, records = people_table.roles_on(tx, ids_, day), people_table.checks_of(tx, ids_)
    related = people_table.relations_of(tx, ids_)
    until: dict[tuple[str, Check], date | None] = {}
    for record in records:
        key = (record.person_id, record.kind)
        ends = record.valid_until_on
        if record.kind is Check.POLICY_ACK and ends is None and record.done_on is not None:
            ends = record.done_on + timedelta(days=terms.policy_ack_valid_days)
        until[key] = max((d for d in (until.get(key), ends) if d is not None), default=None)
    return {
        i: StaffOnRecord(
            id=i,
            reference=row.reference or "",
            email=seals.open("person", "email", i, row.email),
            active=row.active,
            roles=roles[i],
            training_until_on=until.get((i, Check.TRAINING)),
            dbs_until_on=until.get((i, Check.DBS)),
            policy_ack_until_on=until.get((i, Check.POLICY_ACK)),
            related_children=frozenset(r.child_id for r in related if r.person_id == i),
        )
        for i, row in rows.items()
    }


def child_on_record(seals: Seals, row: Person) -> ChildOnRecord:
    """A child as the rules see it."""
    born_on = seals.open("person", "born_on", row.id, row.born_on)
    return ChildOnRecord(row.id, row.reference or "", date.fromisoformat(born_on) if born_on else None, row.active)


def elsewhere(tx: Transaction, starts_at: datetime, zone_name: str, child_ids: Iterable[str]) -> Elsewhere:
    """The zones of children in which the clock shows another hour at that moment than in this zone."""
    here = starts_at.astimezone(zone(zone_name)).utcoffset()
    found: dict[str, list[str]] = {}
    for child in people_table.by_ids(tx, frozenset(child_ids)).values():
        if child.timezone and starts_at.astimezone(zone(child.timezone)).utcoffset() != here:
            found.setdefault(child.timezone, []).append(child.reference or "")
    return tuple((name, tuple(sorted(children))) for name, children in sorted(found.items()))
