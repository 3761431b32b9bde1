"""Who acts, and who may do what: the one place where permissions are checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import select

from zoomguard.application.ports import Clock
from zoomguard.application.seals import Seals
from zoomguard.domain import ids
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import BadInput, NotAllowed, NotSignedIn, UnknownReference
from zoomguard.domain.people import OPERATOR, Kind, Role, Who, staff_address
from zoomguard.tables import people as people_table
from zoomguard.tables.access import SignIn, SignInKind
from zoomguard.tables.database import Database, Transaction
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
    "consents.see": frozenset({R.COORDINATOR, R.DSL, R.DEPUTY}),
    "recordings.see": frozenset({R.REVIEWER, R.DSL, R.DEPUTY, R.DATA_LEAD}),
    "policy.see": EVERYBODY,
    "people.see": frozenset({R.COORDINATOR, R.DSL, R.DEPUTY, R.LEADER, R.MONITOR, R.AUDITOR}),
    "people.import": frozenset({R.OPERATOR, R.COORDINATOR}),
    "people.roles": frozenset({R.OPERATOR}),
    "consents.import": frozenset({R.OPERATOR, R.COORDINATOR}),
}
# Purposes that only these roles may give; a reviewer's is quality review.
TOKEN_HOURS = 12


@dataclass(frozen=True)
class IssuedToken:
    """A new token, shown once."""

    token: str
    email: str
    until_at: datetime


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
        token, now = ids.token("zgt"), self.clock.now()
        until_at = now + timedelta(hours=hours)
        with self.database.deciding() as tx:
            person = find_staff(tx, self.seals, email)
            row = SignIn(
                id=ids.ulid(now),
                token_sha256=ids.token_digest(token),
                person_id=person.id,
                kind=SignInKind.CLI,
                issued_by=by.id,
                made_at=now,
                until_at=until_at,
            )
            tx.add(row)
            tx.commit(audit=Event("access.token_issued", "sign_in", row.id, by.id, {"person": person.id}))
        return IssuedToken(token, email, until_at)

    def who(self, token: str) -> Who:
        """Whose token this is; NotSignedIn where it is unknown, ended, or its person not active."""
        with self.database.reading() as tx:
            row = tx.first(select(SignIn).where(SignIn.token_sha256 == ids.token_digest(token)))
            now = self.clock.now()
            if row is None or row.revoked_at is not None or row.until_at <= now:
                raise NotSignedIn("You are not signed in, or no longer.", "Run: zoomguard login")
            person = tx.get(Person, row.person_id)
            if person is None or not person.active:
                raise NotSignedIn("You are not signed in, or no longer.", "Run: zoomguard login")
            roles = people_table.roles_on(tx, frozenset({person.id}), now.date())[person.id]
            return Who(person.id, roles - {Role.OPERATOR}, person.reference or "")

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
            email = self.seals.open("person", "email", person.id, person.email)
            return {"email": email, "reference": person.reference, "roles": sorted(who.roles)}


def find_staff(tx: Transaction, seals: Seals, email: str) -> Person:
    """An active member of staff by address (any +alias); UnknownReference where there is none."""
    try:
        canonical = staff_address(email)
    except ValueError:
        raise BadInput(
            "That is not an e-mail address.", "Write it as name@college.example.", code="BAD_EMAIL"
        ) from None
    person = people_table.by_email_hash(tx, seals.indexes(canonical), Kind.STAFF)
    if person is None or not person.active:
        raise UnknownReference(
            "No active member of staff has that address.", "Check the address, or import staff first."
        )
    return person
