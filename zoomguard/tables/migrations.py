"""Brings a database to a revision: PostgreSQL in one transaction, SQLite as a copy that then takes its place.

A SQLite file is copied (VACUUM INTO), the copy migrated and checked, then put in place by one rename, so that a
kill at any moment leaves the old file or the new one.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import exc

from zoomguard.domain.errors import Conflict, IntegrityFailed, OutsideFailed

# The migration's own lock on PostgreSQL; any constant does.
MIGRATION_LOCK = 0x7A676D67
# So many triggers stand at head; fewer means that evidence is no longer guarded.
TRIGGERS = {"sqlite": 24, "postgresql": 36}


def scripts() -> Path:
    """Where the history lies: beside the package in a clone, within it in a wheel."""
    package = Path(__file__).resolve().parent.parent
    packaged = package / "_migrations"
    return packaged if packaged.is_dir() else package.parent / "migrations"


def head() -> str:
    """The newest revision of this version of zoomguard."""
    return ScriptDirectory(str(scripts())).get_current_head() or "none"


def current(engine: sa.Engine) -> str | None:
    """The revision that a database is at, or None where it is empty."""
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except exc.OperationalError:
        raise OutsideFailed("The database cannot be reached.", "Check DATABASE_URL.", code="DATABASE_BUSY") from None
    except exc.DatabaseError as error:
        raise IntegrityFailed(
            f"The database cannot be read ({type(error.orig).__name__}).", "Check DATABASE_URL, or restore a backup."
        ) from None


def require_there(url: sa.URL) -> None:
    """Conflict NO_DATABASE where a SQLite file is not there."""
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        raise Conflict(
            f"There is no database {url.database}.",
            'If there was one, see README, "The database is lost". For a new installation, run: zoomguard migrate',
            code="NO_DATABASE",
        )


def require_head(engine: sa.Engine) -> None:
    """Conflict unless the database stands at exactly our revision."""
    at = current(engine)
    if at != head():
        raise Conflict(
            f"The database is at revision {at or 'none'}, this zoomguard needs {head()}.",
            "Run: zoomguard migrate",
            code="MIGRATION_NEEDED",
        )


def migrate(url: sa.URL, revision: str = "head") -> None:
    """Brings the database to a revision ("head", "base" or one by name)."""
    if url.get_backend_name() == "sqlite":
        _migrate_sqlite(Path(str(url.database)), revision)
    else:
        _migrate_postgresql(url, revision)


def _migrate_postgresql(url: sa.URL, revision: str) -> None:
    engine = sa.create_engine(url, hide_parameters=True, connect_args={"options": "-c lock_timeout=5000"})
    try:
        with engine.begin() as connection:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            _run(connection, revision)
            _check(connection, revision)
    except exc.OperationalError:
        raise OutsideFailed("The database cannot be reached.", "Check DATABASE_URL.", code="DATABASE_BUSY") from None
    finally:
        engine.dispose()


def _migrate_sqlite(path: Path, revision: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with alone(path):
        fresh = path.with_name(path.name + ".migrating")
        _remove(fresh)
        try:
            os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
            _migrate_copy(path, fresh, revision)
            _put_in_place(fresh, path)
        except exc.DatabaseError as error:
            raise IntegrityFailed(
                f"The database file cannot be copied and migrated ({type(error.orig).__name__}).",
                "Nothing was changed. Look whether the disk is full; else restore a backup.",
            ) from None
        finally:
            # No second copy of everybody's data stays behind.
            _remove(fresh)


def _migrate_copy(path: Path, fresh: Path, revision: str) -> None:
    if path.exists():
        with _opened(path) as connection:
            _copy(connection, fresh)
    with _opened(fresh) as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        # The copy counts only once it is in place, and is brought to the disk as a whole before that.
        connection.exec_driver_sql("PRAGMA synchronous=OFF")
        _run(connection, revision)
        connection.commit()
        _check(connection, revision)


@contextmanager
def _opened(path: Path) -> Iterator[sa.Connection]:
    url = sa.URL.create("sqlite", database=str(path))
    engine = sa.create_engine(url, hide_parameters=True, connect_args={"timeout": 2})
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _copy(connection: sa.Connection, fresh: Path) -> None:
    # What stands in the write-ahead log goes into the file first: the log would not fit the new one.
    blocked = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
    if blocked:
        raise Conflict(
            "Another program has the database file open.", "Close it, then migrate again.", code="DATABASE_IN_USE"
        )
    connection.exec_driver_sql("VACUUM INTO ?", (str(fresh),))


def _put_in_place(fresh: Path, path: Path) -> None:
    os.chmod(fresh, 0o600)
    with fresh.open("rb") as handle:
        os.fsync(handle.fileno())
    for leftover in ("-wal", "-shm"):
        path.with_name(path.name + leftover).unlink(missing_ok=True)
    os.replace(fresh, path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _run(connection: sa.Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.attributes["connection"] = connection
    at = MigrationContext.configure(connection).get_current_revision()
    known = [s.revision for s in ScriptDirectory(str(scripts())).walk_revisions()]
    if at is not None and at not in known:
        raise Conflict(
            f"The database is at revision {at}, which this zoomguard does not know.",
            "Use the zoomguard that made it, or a newer one.",
            code="MIGRATION_UNKNOWN",
        )
    down = revision == "base" or (revision in known and at in known and known.index(revision) > known.index(at))
    (command.downgrade if down else command.upgrade)(config, revision)


def _check(connection: sa.Connection, revision: str) -> None:
    if revision not in ("head", head()):
        return
    name = connection.dialect.name
    counts = {
        "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal",
    }
    found = connection.exec_driver_sql(counts[name]).scalar_one()
    if found < TRIGGERS[name]:
        raise IntegrityFailed(
            f"Only {found} of {TRIGGERS[name]} triggers stand after the migration.",
            "Nothing was changed on SQLite. Report this defect.",
        )
    if name == "sqlite" and connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() != "ok":
        raise IntegrityFailed("The copied database is damaged.", "Restore a backup.")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Holds the database file for one migration; Conflict while a service or command uses it."""
    with _lock_file(path) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                "The database is in use.", "Stop zoomguard's other processes first.", code="DATABASE_IN_USE"
            ) from None
        yield


@contextmanager
def in_use(url: sa.URL) -> Iterator[None]:
    """Marks a SQLite file as in use, so that no migration replaces it under us; PostgreSQL needs no mark."""
    if url.get_backend_name() != "sqlite":
        yield
        return
    with _lock_file(Path(str(url.database))) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict("The database is being migrated.", "Try again later.", code="DATABASE_IN_USE") from None
        yield


@contextmanager
def _lock_file(path: Path) -> Iterator[int]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)
