import secrets
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from tests.house import Home, a_home
from tests.web.serving import ACCOUNT, NOW, OLD_SECRET, SECRET, Site, served
from zoomguard.application.installation import Installation
from zoomguard.application.seals import Seals
from zoomguard.application.watch import Watch
from zoomguard.rules.terms import Terms
from zoomguard.tables.database import Database
from zoomguard.tables.migrations import migrate
from zoomguard.web import intake, webhooks
from zoomguard.web.intake import KEPT_WITHIN_S
from zoomguard.web.webhooks import BODY_WITHIN_S


class FixedClock:
    """Stands still until a test moves it."""

    at = NOW

    def now(self) -> datetime:
        return self.at


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Northmoor with its sandbox, as it is on the first morning."""
    with a_home(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture(scope="session")
def site(home: Home) -> Iterator[Site]:
    """Northmoor's service over HTTP."""
    with served(home.app, sandbox=home.sandbox.controls.answer) as running:
        yield running


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "zoomguard.db"
    migrate(sa.URL.create("sqlite", database=str(path)))
    return path


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def seals() -> Seals:
    return Seals(secrets.token_hex(32))


@pytest.fixture
def database(migrated: Path, tmp_path: Path, clock: FixedClock, seals: Seals) -> Iterator[Database]:
    """A database of an installation that has just begun."""
    path = shutil.copy(migrated, tmp_path / "zoomguard.db")
    opened = Database(f"sqlite:///{path}", clock.now)
    Installation(opened, clock, seals, "sandbox", Terms("0123456789ab"), "").begin()
    yield opened
    opened.close()


@pytest.fixture
def watch(database: Database, clock: FixedClock, seals: Seals) -> Watch:
    """The real intake."""
    return Watch(database, clock, seals, (SECRET, OLD_SECRET), ACCOUNT)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """So much time for a delivery that a machine that stands still for seconds decides nothing."""
    monkeypatch.setattr(webhooks, "BODY_WITHIN_S", 60)
    monkeypatch.setattr(intake, "KEPT_WITHIN_S", 60)


@pytest.fixture
def hook(watch: Watch) -> Iterator[Site]:
    """A service of which only the webhooks are used."""
    with served(SimpleNamespace(environment="sandbox", watch=watch)) as running:
        yield running


@pytest.fixture
def hook_in_time(hook: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The same with its limits of time."""
    monkeypatch.setattr(webhooks, "BODY_WITHIN_S", BODY_WITHIN_S)
    monkeypatch.setattr(intake, "KEPT_WITHIN_S", KEPT_WITHIN_S)
    return hook
