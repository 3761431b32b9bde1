"""What operators do in process: migrate, serve, work."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from zoomguard import settings as settings_module
from zoomguard.adapters.clock import SystemClock, UrlClock
from zoomguard.application.installation import Installation
from zoomguard.application.people import People
from zoomguard.application.ports import Clock
from zoomguard.bootstrap.building import load_settings, seals_of, terms_of
from zoomguard.bootstrap.first_setup import read_holders
from zoomguard.domain.errors import BadInput
from zoomguard.settings import Settings
from zoomguard.tables import migrations
from zoomguard.tables.database import Database

if TYPE_CHECKING:
    from zoomguard.sandbox import Sandbox


def migrate(settings: Settings, clock: Clock | None = None) -> str:
    """Brings the database to our revision and begins the installation; gives a line for people."""
    os.umask(0o077)
    url = sa.make_url(settings.migration_database_url or settings.database_url)
    migrations.migrate(url)
    clock = clock or (UrlClock(settings.clock_url) if settings.clock_url else SystemClock())
    with migrations.in_use(sa.make_url(settings.database_url)):
        number = _begin(settings, clock)
    return f"The database is at revision {migrations.head()}. Installation {number}."


def _begin(settings: Settings, clock: Clock) -> str:
    database = Database(settings.database_url, clock.now)
    try:
        seals, terms = seals_of(settings), terms_of(settings)
        body = settings.terms_file.read_text()
        installation = Installation(database, clock, seals, settings.environment, terms, body)
        number = installation.begin()
        installation.check()
        people = People(database, clock, seals, settings.staff_domains, terms)
        people.hold_first(read_holders(settings.home))
    finally:
        database.close()
    return number


@contextmanager
def in_sandbox(environ: Mapping[str, str], sandbox: Sandbox) -> Iterator[Settings]:
    """Settings that point to a sandbox of this process; other processes find it by HOME/sandbox.json."""
    home = settings_module.home_of(environ)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = {k.removeprefix(settings_module.PREFIX): v for k, v in sandbox.settings().items()}
    settings = load_settings(environ, beside)
    if not settings.sandbox:
        raise BadInput("The sandbox is for ENVIRONMENT=sandbox.", "Leave out --sandbox in production.")
    path = home / settings_module.ADDRESSES
    sandbox.write_address_file(path)
    try:
        yield settings
    finally:
        path.unlink(missing_ok=True)


def with_public_url(settings: Settings, host: str, port: int) -> Settings:
    """Settings for a service that listens on a port the system chose."""
    return replace(settings, listen=(host, port), public_url=f"http://{host}:{port}")
