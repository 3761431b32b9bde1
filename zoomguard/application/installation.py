"""The installation: begun once, stamped with its environment, and true to its key and its terms."""

from __future__ import annotations

import secrets

from sqlmodel import select

from zoomguard.application.ports import Clock
from zoomguard.application.seals import Seals
from zoomguard.domain import audit
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import Conflict, SettingsWrong
from zoomguard.domain.people import OPERATOR
from zoomguard.rules.terms import Terms
from zoomguard.tables.database import Database
from zoomguard.tables.install import Install, TermsRow


class Installation:
    """Begins and checks the installation that a database belongs to."""

    def __init__(
        self, database: Database, clock: Clock, seals: Seals, environment: str, terms: Terms, terms_body: str
    ) -> None:
        self.database, self.clock, self.seals = database, clock, seals
        self.environment, self.terms, self.terms_body = environment, terms, terms_body

    def begin(self) -> str:
        """Makes the installation's row where there is none, and gives its id."""
        with self.database.deciding() as tx:
            tx.hold_chain()
            row = tx.first(select(Install))
            if row is not None:
                return str(row.id)
            now = self.clock.now()
            prefix = "sandbox-" if self.environment == "sandbox" else ""
            installation = prefix + secrets.token_hex(6)
            row = Install(
                id=installation,
                genesis=audit.genesis(installation),
                environment=self.environment,
                made_at=now,
                watch_from_at=now,
                key_check=self.seals.key_check,
            )
            tx.add(row)
            tx.flush()
            tx.commit(
                audit=Event("install.begun", "install", installation, OPERATOR.id, {"environment": self.environment})
            )
            return installation

    def check(self) -> str:
        """The installation's id; SettingsWrong where environment or key are not the ones it was begun with."""
        with self.database.reading() as tx:
            row = tx.first(select(Install))
        if row is None:
            raise Conflict("The database has no installation yet.", "Run: zoomguard migrate", code="MIGRATION_NEEDED")
        wrong = []
        if row.environment != self.environment:
            wrong.append(f"ZOOMGUARD_ENVIRONMENT: this database belongs to {row.environment}")
        if row.key_check not in self.seals.key_ids:
            wrong.append("ZOOMGUARD_SECRET_KEY: another one than the database was begun with; set that one again")
        if wrong:
            raise SettingsWrong(tuple(wrong))
        self._adopt_terms()
        return str(row.id)

    def _adopt_terms(self) -> None:
        with self.database.reading() as tx:
            if tx.get(TermsRow, self.terms.version) is not None:
                return
        with self.database.deciding() as tx:
            row = TermsRow(version=self.terms.version, body=self.terms_body, adopted_at=self.clock.now())
            if tx.insert_new(row):
                tx.commit(audit=Event("terms.adopted", "terms", self.terms.version, OPERATOR.id))


def new_key() -> str:
    """A new SECRET_KEY: 32 random bytes in hex."""
    return secrets.token_hex(32)
