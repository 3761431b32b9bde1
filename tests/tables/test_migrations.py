"""One history for both databases: there and back on filled tables, and killed in between."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from tests.tables import one_of_each
from zoomguard.domain.errors import Conflict, IntegrityFailed, OutsideFailed
from zoomguard.tables import migrations
from zoomguard.tables.all import metadata
from zoomguard.tables.migrations import alone, head, in_use, migrate, require_head, scripts

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(str(m.__tablename__) for m in one_of_each.appended())


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs_postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> sa.URL:
    """The address of a database that nothing stands in."""
    if request.param == "sqlite":
        return sa.URL.create("sqlite", database=str(tmp_path / "zoomguard.db"))
    return sa.make_url(request.getfixturevalue("postgres_url"))


def on(url: sa.URL) -> sa.Engine:
    return sa.create_engine(url, poolclass=sa.NullPool)


def triggers(connection: sa.Connection) -> list[str]:
    asked = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'",
    }
    return sorted(connection.execute(sa.text(asked[connection.dialect.name])).scalars())


def expected(dialect: str) -> list[str]:
    ends = ("delete", "update") if dialect == "sqlite" else ("delete", "truncate", "update")
    return sorted(f"{name}_no_{end}" for name in NAMES for end in ends)


def test_there_and_back_on_filled_tables_and_every_trigger_stands_each_time(empty: sa.URL) -> None:
    migrate(empty, "base")
    for _ in range(2):
        migrate(empty)
        with on(empty).connect() as connection:
            require_head(connection.engine)
            assert one_of_each.fill(connection) == len(metadata().tables)
            assert triggers(connection) == expected(connection.dialect.name)
        migrate(empty)
        with on(empty).connect() as connection:
            assert all(len(rows) == 1 for rows in one_of_each.contents(connection).values())
        migrate(empty, "base")
        with on(empty).connect() as connection:
            assert sa.inspect(connection).get_table_names() == ["alembic_version"]
            assert triggers(connection) == []


def test_the_schema_is_what_the_models_say(database_url: str) -> None:
    with on(sa.make_url(database_url)).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata()) == []
        inspector = sa.inspect(connection)
        for table in metadata().sorted_tables:
            stands = {str(c["name"]): str(c["sqltext"]) for c in inspector.get_check_constraints(table.name)}
            for column in table.columns:
                if isinstance(column.type, sa.Enum):
                    text = stands[str(column.type.name)]
                    assert sorted(text.split("'")[1::2]) == sorted(column.type.enums), column


def test_migrating_what_is_at_head_changes_nothing(database_url: str) -> None:
    url = sa.make_url(database_url)
    with on(url).connect() as connection:
        one_of_each.fill(connection)
        before = one_of_each.contents(connection)
    migrate(url)
    with on(url).connect() as connection:
        assert one_of_each.contents(connection) == before


def test_another_revision_is_refused_and_says_what_to_do(empty: sa.URL) -> None:
    with pytest.raises(Conflict, match="at revision none") as caught:
        require_head(on(empty))
    assert (caught.value.code, caught.value.remedy) == ("MIGRATION_NEEDED", "Run: zoomguard migrate")


def test_a_newer_revision_is_refused_and_left_as_it_is(database_url: str) -> None:
    url = sa.make_url(database_url)
    with on(url).begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict, match="9999") as caught:
        migrate(url)
    assert caught.value.code == "MIGRATION_UNKNOWN"
    with pytest.raises(Conflict) as refused:
        require_head(on(url))
    assert refused.value.code == "MIGRATION_NEEDED"
    assert migrations.current(on(url)) == "9999"
    if url.get_backend_name() == "sqlite":
        assert not list(Path(str(url.database)).parent.glob("*.migrating*"))


def test_a_migration_that_loses_a_trigger_changes_nothing(empty: sa.URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(migrations.TRIGGERS, empty.get_backend_name(), 99)
    with pytest.raises(IntegrityFailed, match="triggers"):
        migrate(empty)
    if empty.get_backend_name() == "sqlite":
        assert not list(Path(str(empty.database)).parent.glob("*.db*migrating*"))
        assert not Path(str(empty.database)).exists()
    else:
        assert sa.inspect(on(empty)).get_table_names() == []


def test_a_database_that_is_away_is_told_without_its_password() -> None:
    for job in (migrate, lambda url: require_head(on(url))):
        with pytest.raises(OutsideFailed) as caught:
            job(sa.make_url("postgresql+psycopg://zoomguard:geheim@127.0.0.1:9/zoomguard"))
        assert "geheim" not in f"{caught.value} {caught.value.remedy}"


# One file


@pytest.fixture
def file(sqlite_template: Path, tmp_path: Path) -> Path:
    """A migrated SQLite file with a row in every table, closed by everybody."""
    path = Path(shutil.copy(sqlite_template, tmp_path / "zoomguard.db"))
    os.chmod(path, 0o600)
    with on(at(path)).connect() as connection:
        one_of_each.fill(connection)
    return path


def at(path: Path) -> sa.URL:
    return sa.URL.create("sqlite", database=str(path))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_database_in_use_is_not_migrated(file: Path) -> None:
    before = digest(file)
    with in_use(at(file)), pytest.raises(Conflict) as caught:
        migrate(at(file))
    assert (caught.value.code, digest(file)) == ("DATABASE_IN_USE", before)
    migrate(at(file))


def test_another_process_that_uses_the_database_stops_a_migration(file: Path) -> None:
    code = (
        "import sys, sqlalchemy as sa\nfrom zoomguard.tables.migrations import in_use\n"
        "with in_use(sa.URL.create('sqlite', database=sys.argv[1])):\n"
        "    print('in', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"in\n"
        with pytest.raises(Conflict, match="in use"):
            migrate(at(file))
        other.kill()
    migrate(at(file))


def test_nothing_opens_a_database_that_is_being_migrated(file: Path) -> None:
    with alone(file), pytest.raises(Conflict, match="being migrated"), in_use(at(file)):
        pass


def test_a_stranger_with_the_file_open_stops_a_migration_before_the_log_is_lost(file: Path) -> None:
    """Another program reads while there is something in the write-ahead log: it cannot be folded in."""
    stranger, writer = sqlite3.connect(file), sqlite3.connect(file)
    try:
        writer.execute("PRAGMA journal_mode=WAL")
        stranger.execute("BEGIN")
        stranger.execute("SELECT count(*) FROM work").fetchone()
        writer.execute("INSERT INTO cursor VALUES ('kept', '1', '2026-11-23 09:00:00.000000')")
        writer.commit()
        with pytest.raises(Conflict) as caught:
            migrate(at(file))
        assert caught.value.code == "DATABASE_IN_USE"
    finally:
        stranger.close()
        writer.close()
    migrate(at(file))
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT value FROM cursor WHERE name = 'kept'").fetchone() == ("1",)


def test_what_a_killed_service_left_in_the_log_is_kept(file: Path) -> None:
    code = (
        "import os, sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\nc.execute('PRAGMA journal_mode=WAL')\n"
        "c.execute(\"INSERT INTO cursor VALUES ('kept', '1', '2026-11-23 09:00:00.000000')\"); c.commit()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(file)], check=False)
    assert file.with_name("zoomguard.db-wal").stat().st_size > 0
    migrate(at(file))
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT value FROM cursor WHERE name = 'kept'").fetchone() == ("1",)


def test_two_migrations_at_once_do_it_once(tmp_path: Path) -> None:
    url, start = at(tmp_path / "zoomguard.db"), threading.Barrier(4)

    def one(_: int) -> str:
        start.wait(5)
        try:
            migrate(url)
        except Conflict as conflict:
            return conflict.code
        return "done"

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(one, range(4)))
    assert "done" in said and set(said) <= {"done", "DATABASE_IN_USE"}
    require_head(on(url))


def test_what_is_no_database_is_said_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "zoomguard.db"
    path.write_bytes(b"this is a letter, not a database" * 200)
    before = digest(path)
    for job in (migrate, lambda url: require_head(on(url))):
        with pytest.raises(IntegrityFailed):
            job(at(path))
    assert digest(path) == before


def test_a_migrated_file_is_for_us_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        migrate(at(tmp_path / "new" / "zoomguard.db"))
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert {p.name: p.stat().st_mode & 0o777 for p in (tmp_path / "new").iterdir()} == {
        "zoomguard.db": 0o600,
        "zoomguard.db.lock": 0o600,
    }


# Killed in between


class Children:
    """Migrates in children, each killed at a moment of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def migrate(self, path: Path, revision: str, moment: int = 0) -> list[int]:
        """How the child ended; where it lived, how many lines it ran, and how many before it put the copy in place."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{path} {revision} {moment}\n")
        self.process.stdin.flush()
        return [int(said) for said in self.process.stdout.readline().split()]


@pytest.fixture
def children() -> Iterator[Children]:
    command = [sys.executable, "-m", "tests.tables.migrating"]
    with subprocess.Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as process:
        yield Children(process)


def is_at(path: Path, revision: str) -> None:
    """It opens, nothing is broken in it, and it stands wholly at that revision."""
    with on(at(path)).connect() as connection:
        assert connection.execute(sa.text("PRAGMA integrity_check")).scalar_one() == "ok"
        assert MigrationContext.configure(connection).get_current_revision() == (None if revision == "base" else head())
        assert triggers(connection) == ([] if revision == "base" else expected("sqlite"))


@pytest.mark.deep
@pytest.mark.parametrize("revision", ["head", "base"])
def test_fault_73_a_killed_migration_leaves_the_old_file_or_the_new_one(
    file: Path, revision: str, deep: bool, children: Children
) -> None:
    if revision == "head":
        migrate(at(file), "base")
    old, kept = digest(file), Path(shutil.copy(file, file.with_name("old")))
    before, after = ("base", "head") if revision == "head" else ("head", "base")
    _, lines, placing = children.migrate(file, revision)
    seen = set()
    for moment in moments(lines, placing, deep):
        shutil.copy(kept, file)
        assert children.migrate(file, revision, moment) == [-9]
        same = digest(file) == old
        is_at(file, before if same else after)
        seen.add(same)
        migrate(at(file), revision)
        is_at(file, after)
        assert not list(file.parent.glob("*.migrating*"))
    assert seen == {True, False}


def moments(lines: int, placing: int, deep: bool) -> list[int]:
    """Spread over the whole, and each line that puts the copy in its place."""
    return sorted({*range(1, lines, lines // (60 if deep else 4)), *range(placing, placing + 14), lines})


# The wheel


def test_there_is_one_history() -> None:
    found = ScriptDirectory(str(scripts()))
    assert len(found.get_heads()) == len(found.get_bases()) == 1


def test_the_history_names_nothing_of_ours() -> None:
    """What was once written for a revision stays as it was, however the models change."""
    for path in (ROOT / "migrations" / "versions").glob("*.py"):
        assert "import zoomguard" not in path.read_text() and "from zoomguard" not in path.read_text()


def test_the_wheel_carries_the_history_and_finds_it_elsewhere(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="hatchling is missing (pip install hatchling)")
    code = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("zoomguard-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        assert {"zoomguard/_migrations/env.py", "zoomguard/_migrations/versions/0001_main_job.py"} <= names
        assert not [n for n in names if n.startswith(("tests/", "migrations/"))]
        archive.extractall(tmp_path / "target")
    code = (
        "import sys, sqlalchemy as sa\nfrom zoomguard.tables import migrations\n"
        "migrations.migrate(sa.URL.create('sqlite', database=sys.argv[1]))\n"
        "print(migrations.scripts(), migrations.head())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "zoomguard.db")],
        cwd=tmp_path,
        # Not measured: it is the same code in another place.
        env={k: v for k, v in os.environ.items() if not k.startswith("COV")} | {"PYTHONPATH": str(tmp_path / "target")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == [str(tmp_path / "target" / "zoomguard" / "_migrations"), head()], done.stderr
    is_at(tmp_path / "zoomguard.db", "head")
