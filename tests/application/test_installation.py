"""An installation begins once, and knows its environment, its key and its terms."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests.application.northmoor import FixedClock
from zoomguard.application.audit import AuditTrail
from zoomguard.application.installation import Installation, new_key
from zoomguard.application.seals import Seals
from zoomguard.bootstrap import initialise, load_settings, migrate, open_house
from zoomguard.domain.errors import Conflict, SettingsWrong
from zoomguard.rules.terms import Terms
from zoomguard.tables.audit import Audit
from zoomguard.tables.database import Database
from zoomguard.tables.install import Install, TermsRow

KEY = new_key()


def installation(database: Database, environment: str = "sandbox", terms: str = "t1", key: str = KEY) -> Installation:
    return Installation(database, FixedClock(), Seals(key), environment, Terms(terms), f"body of {terms}")


@pytest.fixture
def unbegun(database_url: str) -> Database:
    return Database(database_url, FixedClock().now)


def test_it_begins_once_and_keeps_its_id(unbegun: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        numbers = set(pool.map(lambda _: installation(unbegun).begin(), range(4)))
    (number,) = numbers
    assert number.startswith("sandbox-")
    assert installation(unbegun).check() == number
    with unbegun.reading() as tx:
        assert tx.all(select(Audit.action).order_by(Audit.seq)) == ["install.begun", "terms.adopted"]
    assert AuditTrail(unbegun).verify().broken is None
    unbegun.close()


def test_before_it_began_nothing_starts(unbegun: Database) -> None:
    with pytest.raises(Conflict) as caught:
        installation(unbegun).check()
    assert caught.value.code == "MIGRATION_NEEDED"
    unbegun.close()


def test_another_environment_and_another_key_are_both_said_at_once(unbegun: Database) -> None:
    installation(unbegun).begin()
    other = installation(unbegun, "production", key=new_key())
    with pytest.raises(SettingsWrong) as caught:
        other.check()
    assert [line.split(":")[0] for line in caught.value.lines] == ["ZOOMGUARD_ENVIRONMENT", "ZOOMGUARD_SECRET_KEY"]
    unbegun.close()


def test_a_production_id_says_nothing_of_a_sandbox(unbegun: Database) -> None:
    assert not installation(unbegun, "production").begin().startswith("sandbox")
    unbegun.close()


def test_every_version_of_the_terms_is_kept_and_adopted_once(unbegun: Database) -> None:
    installation(unbegun).begin()
    for terms in ("t1", "t1", "t2", "t1"):
        installation(unbegun, terms=terms).check()
    with unbegun.reading() as tx:
        assert {r.version: r.body for r in tx.all(select(TermsRow))} == {"t1": "body of t1", "t2": "body of t2"}
        assert tx.all(select(Audit.action)).count("terms.adopted") == 2
    unbegun.close()


# The whole, as an operator does it


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    said = {"ZOOMGUARD_ENVIRONMENT": "sandbox", "ZOOMGUARD_HOME": str(tmp_path / "home")}
    initialise(said, staff_domains=("northmoor.example",))
    return said


def test_nothing_opens_before_a_migration_and_after_a_newer_one(environ: dict[str, str]) -> None:
    settings = load_settings(environ)
    with pytest.raises(Conflict) as caught, open_house(settings, FixedClock()):
        pass
    assert caught.value.code == "NO_DATABASE"
    said = migrate(settings, FixedClock())
    with open_house(settings, FixedClock()) as house:
        assert house.app.installation.check() in said
        with pytest.raises(Conflict) as refused:
            migrate(settings, FixedClock())
        assert refused.value.code == "DATABASE_IN_USE"
    with sa.create_engine(settings.database_url).begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict, match="9999") as newer, open_house(settings, FixedClock()):
        pass
    assert newer.value.code == "MIGRATION_NEEDED"
    with pytest.raises(Conflict) as unknown:
        migrate(settings, FixedClock())
    assert unknown.value.code == "MIGRATION_UNKNOWN"


def test_migrating_again_keeps_the_installation(environ: dict[str, str]) -> None:
    settings = load_settings(environ)
    assert migrate(settings, FixedClock()) == migrate(settings, FixedClock())
    database = Database(settings.database_url, FixedClock().now)
    with database.reading() as tx:
        assert len(tx.all(select(Install.id))) == 1
    database.close()
