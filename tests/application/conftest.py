import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.application.northmoor import NOW, FixedClock, Northmoor, northmoor
from tests.house import Home, a_home
from zoomguard.application.seals import Seals
from zoomguard.domain import audit
from zoomguard.tables.database import Database
from zoomguard.tables.install import Install
from zoomguard.tables.migrations import migrate


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "zoomguard.db"
    migrate(sa.URL.create("sqlite", database=str(path)))
    return path


@pytest.fixture(scope="session")
def postgres_template(request: pytest.FixtureRequest) -> str:
    """The name of a migrated PostgreSQL database, to be copied."""
    url = request.getfixturevalue("new_postgres_database")()
    migrate(sa.make_url(url))
    return str(sa.make_url(url).database)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs_postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a migrated database that this test has to itself, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        path = shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "zoomguard.db")
        return f"sqlite:///{path}"
    new_database = request.getfixturevalue("new_postgres_database")
    return str(new_database(template=request.getfixturevalue("postgres_template")))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def seals() -> Seals:
    return Seals(secrets.token_hex(32))


@pytest.fixture
def database(database_url: str, clock: FixedClock, seals: Seals) -> Iterator[Database]:
    """A database of an installation that has just begun."""
    opened = Database(database_url, clock.now)
    with opened.deciding() as tx:
        name = "sandbox-test"
        tx.add(
            Install(
                id=name, genesis=audit.genesis(name), environment="sandbox", made_at=NOW, watch_from_at=NOW,
                key_check=seals.key_check,
            )
        )  # fmt: skip
        tx.flush()
        tx.commit(audit=audit.Event("install.begun", "install", name, "operator"))
    yield opened
    opened.close()


@pytest.fixture
def college(database: Database, clock: FixedClock, seals: Seals, tmp_path: Path) -> Northmoor:
    """Northmoor with nobody on record yet."""
    return northmoor(database, clock, seals, tmp_path / "school")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A whole installation on SQLite."""
    with a_home(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def either_home(database_url: str, tmp_path: Path) -> Iterator[Home]:
    """A whole installation, on SQLite and on PostgreSQL."""
    with a_home(tmp_path / "home", database_url=database_url) as opened:
        yield opened
