"""The databases of tests/application: migrated, with an installation that has just begun, on both engines."""

from tests.application.conftest import clock, database, database_url, postgres_template, seals, sqlite_template

__all__ = ["clock", "database", "database_url", "postgres_template", "seals", "sqlite_template"]
