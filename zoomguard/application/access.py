"""Who acts, and who may do what: the one place where permissions are checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import select

from zoomguard.application.ports import Clock
from zoomguard.application.seals import Seals
from zoomguard.domain import ids
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import BadInput, NotAllowed, NotSignedIn, NotThere, UnknownReference
from zoomguard.domain.people import COLLEGE_ZONE, OPERATOR, Kind, Role, Who, staff_address
from zoomguard.domain.times import day_in
from zoomguard.tables import people as people_table
from zoomguard.tables.access import SignIn, SignInKind
from zoomguard.tables.database import Database, Transaction
from zoomguard.tables.install import Install
from zoomguard.tables.people import Person

R = Role
EVERYBODY = frozenset(Role)
# What each act needs. Further conditions (own session, conflict) are asked by the use case itself.
PERMISSIONS: Mapping[str, frozenset[Role]] = {
    "sessions.schedule": frozenset({R.TEACHER, R.COORDINATOR, R.DSL, R.DEPUTY}),
    "sessions.schedule_for_others": frozenset({R.COORDINATOR, R.DSL, R.DEPUTY}),
    "sessions.see_own": EVERYBODY - {R.OPERATOR},
    "sessions.see_all": frozenset({R.COORDINATOR, R.DSL, R.DEPUTY, R.LEADER, R.MONITOR, R.AUDITOR}),
    "sessions.cancel": frozenset({R.TEACHER, R.COORDINATOR, R.DSL, R.DEPUTY}),
    "sessions.change": frozenset({R.TEACHER, R.COORDINATOR, R.DSL, R.DEPUTY}),
    "sessions.direct": frozenset({R.COORDINATOR, R.DSL}),
    "sessions.day_sheet": frozenset({R.COORDINATOR, R.DSL, R.DEPUTY}),
    "people.check": frozenset({R.TEACHER, R.COORDINATOR, R.DSL, R.DEPUTY}),
    "people.deactivate": frozenset({R.DSL, R.DEPUTY, R.OPERATOR}),
    "observers.see": frozenset({R.TEACHER, R.OBSERVER, R.COORDINATOR, R.DSL, R.DEPUTY}),
    "observers.answer_for": frozenset({R.COORDINATOR, R.DSL, R.DEPUTY}),
    "consents.see": frozenset({R.COORDINATOR, R.DSL, R.DEPUTY}),
    "contact.stop": frozenset({R.COORDINATOR, R.DSL, R.DEPUTY}),
    "contact.allow": frozenset({R.DSL, R.DEPUTY}),
    "recordings.see": frozenset({R.REVIEWER, R.DSL, R.DEPUTY, R.DATA_LEAD}),
    "policy.see": EVERYBODY,
    "people.see": frozenset({R.COORDINATOR, R.DSL, R.DEPUTY, R.LEADER, R.MONITOR, R.AUDITOR}),
    "people.import": frozenset({R.OPERATOR, R.COORDINATOR}),
    "people.roles": frozenset({R.OPERATOR}),
    "consents.import": frozenset({R.OPERATOR, R.COORDINATOR}),
    "incidents.see": frozenset({R.DSL, R.DEPUTY, R.MONITOR, R.DATA_LEAD, R.AUDITOR}),
    "incidents.close": frozenset({R.DSL, R.DEPUTY, R.MONITOR, R.DATA_LEAD}),
    "messages.see": frozenset({R.COORDINATOR, R.DSL, R.DEPUTY, R.MONITOR}),
    "messages.resend": frozenset({R.COORDINATOR, R.DSL, R.DEPUTY, R.MONITOR}),
}
# Purposes that only these roles may give; a reviewer's is quality review.
TOKEN_HOURS = 12


@dataclass(frozen=True)
class IssuedToken:
    """A new token, shown once."""

    token: str
    email: str
    until_at: datetime


@dataclass(frozen=True)
class Visit:
    """Somebody signed in at the pages: who acts, with the name and address to show."""

    who: Who
    name: str
    email: str


class StaffToPlay(NamedTuple):
    """Somebody of a sandbox's staff whom a visitor may play."""

    email: str
    name: str
    roles: tuple[str, ...]


def require(who: Who, act: str) -> None:
    """NotAllowed unless one of the act's roles is held."""
    if not who.roles & PERMISSIONS[act]:
        raise NotAllowed("You may not do this.", f"It needs one of these roles: {', '.join(sorted(PERMISSIONS[act]))}.")


def may(who: Who, act: str) -> bool:
    """Whether one of the act's roles is held."""
    return bool(who.roles & PERMISSIONS[act])


class Access:
    """Tokens: issued, checked, ended. They are opaque, kept only as SHA-256, and can be revoked."""

    def __init__(self, database: Database, clock: Clock, seals: Seals) -> None:
        self.database, self.clock, self.seals = database, clock, seals

    def issue(self, email: str, *, by: Who = OPERATOR, hours: int = TOKEN_HOURS) -> IssuedToken:
        """A command-line token for an active member of staff; at most 24 hours."""
        if not 1 <= hours <= 24:
            raise BadInput("A token lasts 1 to 24 hours.", "Give --hours between 1 and 24.")
        with self.database.deciding() as tx:
            return self._issue(tx, email, by, hours, SignInKind.CLI)

    def sign_in(self, email: str) -> IssuedToken:
        """A browser's token for whoever is to be played: in a sandbox only, NotThere elsewhere."""
        with self.database.deciding() as tx:
            _only_in_a_sandbox(tx)
            return self._issue(tx, email, OPERATOR, TOKEN_HOURS, SignInKind.BROWSER)

    def staff_to_play(self) -> tuple[StaffToPlay, ...]:
        """Active staff by name, with the roles they hold today: in a sandbox only, NotThere elsewhere."""
        with self.database.reading() as tx:
            _only_in_a_sandbox(tx)
            staff = [p for p in people_table.of_kind(tx, Kind.STAFF) if p.active]
            roles = people_table.roles_on(tx, frozenset(p.id for p in staff), self.clock.now().date())
            found = [StaffToPlay(self._email(p), self._name(p), tuple(sorted(roles[p.id]))) for p in staff]
            return tuple(sorted(found, key=lambda one: one.name))

    def who(self, token: str) -> Who:
        """Whose token this is; NotSignedIn where it is unknown, ended, or its person not active."""
        with self.database.reading() as tx:
            person, _ = self._signed_in(tx, token)
            return self._who(tx, person)

    def visit(self, token: str) -> Visit:
        """Whose browser this is; NotSignedIn as `who`, and for tokens of the command line."""
        with self.database.reading() as tx:
            person, kind = self._signed_in(tx, token)
            if kind is not SignInKind.BROWSER:
                raise NotSignedIn("You are not signed in here.", "Sign in.")
            return Visit(self._who(tx, person), self._name(person), self._email(person))

    def csrf(self, token: str) -> str:
        """What every form shown to the bearer of a token carries; it tells nothing of the token."""
        return self.seals.csrf(ids.token_digest(token))

    def revoke(self, token: str) -> None:
        """Ends a token; one that is unknown is as good as ended."""
        with self.database.deciding() as tx:
            row = tx.first(select(SignIn).where(SignIn.token_sha256 == ids.token_digest(token)))
            if row is not None and row.revoked_at is None:
                row.revoked_at = self.clock.now()
                tx.commit(audit=Event("access.token_ended", "sign_in", row.id, row.person_id))

    def about(self, who: Who) -> dict[str, object]:
        """What `whoami` says: address, reference and roles."""
        with self.database.reading() as tx:
            person = tx.get(Person, who.id)
            if person is None:
                raise NotSignedIn("You are not signed in, or no longer.", "Run: zoomguard login")
            return {"email": self._email(person), "reference": person.reference, "roles": sorted(who.roles)}

    def _issue(self, tx: Transaction, email: str, by: Who, hours: int, kind: SignInKind) -> IssuedToken:
        token, now = ids.token("zgt"), self.clock.now()
        until_at = now + timedelta(hours=hours)
        person = find_staff(tx, self.seals, email)
        row = SignIn(
            id=ids.ulid(now),
            token_sha256=ids.token_digest(token),
            person_id=person.id,
            kind=kind,
            issued_by=by.id,
            made_at=now,
            until_at=until_at,
        )
        tx.add(row)
        tx.commit(audit=Event("access.token_issued", "sign_in", row.id, by.id, {"person": person.id}))
        return IssuedToken(token, email, until_at)

    def _signed_in(self, tx: Transaction, token: str) -> tuple[Person, SignInKind]:
        row = tx.first(select(SignIn).where(SignIn.token_sha256 == ids.token_digest(token)))
        if row is None or row.revoked_at is not None or row.until_at <= self.clock.now():
            raise NotSignedIn("You are not signed in, or no longer.", "Run: zoomguard login")
        person = tx.get(Person, row.person_id)
        if person is None or not person.active:
            raise NotSignedIn("You are not signed in, or no longer.", "Run: zoomguard login")
        return person, row.kind

    def _who(self, tx: Transaction, person: Person) -> Who:
        roles = people_table.roles_on(tx, frozenset({person.id}), self.clock.now().date())[person.id]
        return Who(person.id, roles - {Role.OPERATOR}, person.reference or "")

    def _email(self, person: Person) -> str:
        return self.seals.open("person", "email", person.id, person.email)

    def _name(self, person: Person) -> str:
        names = (self.seals.open("person", c, person.id, getattr(person, c)) for c in ("known_as", "family_name"))
        return " ".join(n for n in names if n) or self._email(person)


def _only_in_a_sandbox(tx: Transaction) -> None:
    """Asked of the database itself: it is stamped with its environment."""
    installed = tx.first(select(Install))
    if installed is None or installed.environment != "sandbox":
        raise NotThere("There is nothing at this address.", "Sign in as your college does.")


def find_staff(tx: Transaction, seals: Seals, email: str, *, active_only: bool = True) -> Person:
    """An active member of staff by address (any +alias); UnknownReference where there is none."""
    try:
        canonical = staff_address(email)
    except ValueError:
        raise BadInput(
            "That is not an e-mail address.", "Write it as name@college.example.", code="BAD_EMAIL"
        ) from None
    person = people_table.by_email_hash(tx, seals.indexes(canonical), Kind.STAFF)
    if person is None or (active_only and not person.active):
        raise UnknownReference(
            "No active member of staff has that address.", "Check the address, or import staff first."
        )
    return person


def acting(tx: Transaction, person_id: str, now: datetime) -> Who:
    """Somebody in whose name the service goes on with what they asked for: with the roles they hold by then."""
    person = tx.get(Person, person_id)
    if person is None or not person.active:
        return Who(person_id)
    roles = people_table.roles_on(tx, frozenset({person_id}), now.date())[person_id]
    return Who(person_id, roles - {Role.OPERATOR}, person.reference or "")


def leads(tx: Transaction, now: datetime) -> tuple[str, ...]:
    """Who is told when a session needs somebody: safeguarding lead, deputies and the enrolment office."""
    return tuple(people_table.holders_of(tx, (Role.DSL, Role.DEPUTY, Role.COORDINATOR), day_in(now, COLLEGE_ZONE)))


def emails_of(tx: Transaction, seals: Seals, person_ids: Iterable[str]) -> tuple[str, ...]:
    """The addresses of members of staff, in order."""
    people = people_table.by_ids(tx, frozenset(person_ids)).values()
    return tuple(sorted(seals.open("person", "email", p.id, p.email) for p in people))
