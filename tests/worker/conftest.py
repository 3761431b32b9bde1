"""The databases of tests/application, and a hand that does duties."""

import pytest

from tests.application.conftest import clock, database, database_url, postgres_template, seals, sqlite_template
from tests.application.northmoor import FixedClock
from tests.worker.hand import Hand, claims_of
from zoomguard.tables.database import Database

__all__ = ["clock", "database", "database_url", "postgres_template", "seals", "sqlite_template"]


@pytest.fixture
def hand(database: Database, clock: FixedClock) -> Hand:
    return Hand(database, clock, claims_of(database.url))
