"""Northmoor College on a database: its files, and the use cases that take them in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlmodel import col, select

from zoomguard.application.consents import Consents
from zoomguard.application.people import People
from zoomguard.application.seals import Seals
from zoomguard.domain.people import Kind, Role
from zoomguard.domain.people_files import ImportAnswer
from zoomguard.rules.terms import Terms
from zoomguard.sandbox.school import write_csvs
from zoomguard.tables import people as people_table
from zoomguard.tables.audit import Audit
from zoomguard.tables.database import Database
from zoomguard.tables.people import Person

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TODAY = NOW.date()
DOMAINS = ("northmoor.example",)


class FixedClock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        """Aware UTC."""
        return self.at

    def advance(self, **by: float) -> None:
        """Moves on, as timedelta counts."""
        self.at += timedelta(**by)


@dataclass(frozen=True)
class Northmoor:
    """The college. `files` are its CSVs by name."""

    database: Database
    clock: FixedClock
    seals: Seals
    people: People
    consents: Consents
    files: dict[str, str]

    def take(self, name: str) -> ImportAnswer:
        """Imports one of the college's files as it is."""
        content = self.files[name].encode()
        return self.consents.import_file(content) if name == "consents" else self.importer(name)(content)

    def take_all(self) -> None:
        """Imports children, staff, guardians, consents and groups."""
        for name in ("children", "staff", "guardians", "consents", "groups"):
            assert self.take(name).written, name

    def importer(self, name: str) -> Callable[..., ImportAnswer]:
        """The method of People for a file."""
        found: Callable[..., ImportAnswer] = getattr(self.people, f"import_{name}")
        return found

    def person(self, kind: Kind, reference: str) -> Person:
        """Somebody by reference."""
        with self.database.reading() as tx:
            return people_table.by_references(tx, kind, (reference,))[reference]

    def opened(self, person: Person, column: str) -> str:
        """What a sealed column says."""
        return self.seals.open("person", column, person.id, getattr(person, column))

    def audited(self) -> list[str]:
        """The actions in the audit, in order."""
        with self.database.reading() as tx:
            return tx.all(select(Audit.action).order_by(col(Audit.seq)))


def northmoor(database: Database, clock: FixedClock, seals: Seals, scratch: Path) -> Northmoor:
    """The college with nobody on record yet."""
    terms = Terms("0123456789ab")
    files = {path.stem: path.read_text() for path in write_csvs(scratch, TODAY)}
    people = People(database, clock, seals, DOMAINS, terms)
    return Northmoor(database, clock, seals, people, Consents(database, clock, seals, terms), files)


def refused(answer: ImportAnswer) -> list[tuple[int, str]]:
    """Lines and codes of what an import refused."""
    return [(bad.line, bad.code) for bad in answer.refused]


def counts(college: Northmoor, name: str, content: str | None = None, **how: bool) -> tuple[int, int, int, bool]:
    """What an import of one of the files, or of another content for it, came to: new, changed, same, written."""
    answer = college.importer(name)((content or college.files[name]).encode(), **how)
    return answer.new, answer.changed, answer.same, answer.written


def roles_of(college: Northmoor, reference: str, day: date = TODAY) -> frozenset[Role]:
    """The roles that a member of staff holds on a day."""
    person = college.person(Kind.STAFF, reference)
    with college.database.reading() as tx:
        return people_table.roles_on(tx, frozenset({person.id}), day)[person.id]
