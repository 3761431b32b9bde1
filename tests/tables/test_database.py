"""What a transaction may write, and what it may not, on both databases."""

from __future__ import annotations

import stat
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests.application.northmoor import FixedClock
from tests.tables import one_of_each
from tests.tables.one_of_each import AT, appended
from zoomguard.adapters.http import Http
from zoomguard.application.audit import AuditTrail
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import Busy, Fault
from zoomguard.domain.sessions import SessionState
from zoomguard.tables.audit import Audit
from zoomguard.tables.database import Database, Transaction, refuse_inside_transaction
from zoomguard.tables.install import TermsRow
from zoomguard.tables.migrations import migrate
from zoomguard.tables.people import Group, GroupMember
from zoomguard.tables.sessions import VideoSession
from zoomguard.tables.watch import ZoomEvent
from zoomguard.tables.work import Cursor

NAMES = [str(m.__tablename__) for m in appended()]
DECIDED = Event("group.made", "group", "G1", "operator")
SEEN = "a-delivery"


def count(database: Database, table: str) -> int:
    with database.streaming() as connection:
        return one_of_each.rows(connection, table)


def event(key: str = SEEN) -> ZoomEvent:
    return ZoomEvent(id=key, dedupe_key=key, event="meeting.started", received_at=AT, body="{}", body_sha256="x")


def decide(database: Database, does: Callable[[Transaction], object], *events: Event) -> None:
    """One transaction that does something and commits."""
    with database.deciding() as tx:
        does(tx)
        tx.commit(audit=events)


@pytest.fixture
def filled(database: Database) -> Database:
    with database.streaming() as connection:
        one_of_each.fill(connection)
    return database


# Decisions and their events


def test_a_decision_without_an_event_is_refused_and_nothing_is_written(database: Database) -> None:
    rows = Group(id="G1", name="7B"), Cursor(name="c", value="1", at=AT)
    with pytest.raises(Fault, match="without an audit event"):
        decide(database, lambda tx: tx.add(*rows))
    assert (count(database, "group"), count(database, "cursor")) == (0, 0)


def test_a_changed_decision_without_an_event_is_refused(database: Database) -> None:
    with database.deciding() as tx:
        tx.add(Group(id="G1", name="7B"))
        tx.commit(audit=DECIDED)

    def rename(tx: Transaction) -> None:
        tx.first(select(Group)).name = "7C"
        tx.all(select(Group))  # The flush happens here, long before the commit.

    with pytest.raises(Fault):
        decide(database, rename)
    with database.reading() as tx:
        assert tx.all(select(Group.name)) == ["7B"]


def test_an_appended_decision_without_an_event_is_refused(database: Database) -> None:
    with pytest.raises(Fault):
        decide(database, lambda tx: tx.add(TermsRow(version="v", body="x", adopted_at=AT)))
    assert count(database, "terms") == 0


def test_observations_and_service_rows_need_no_event(database: Database) -> None:
    before = count(database, "audit")
    with database.deciding() as tx:
        tx.add(event(), Cursor(name="c", value="1", at=AT))
        tx.commit()
    assert (count(database, "zoom_event"), count(database, "cursor")) == (1, 1)
    assert count(database, "audit") == before


def test_a_decision_and_its_event_are_written_together(database: Database) -> None:
    before = count(database, "audit")
    with database.deciding() as tx:
        tx.add(Group(id="G1", name="7B"))
        tx.commit(audit=(DECIDED, DECIDED))
    assert (count(database, "group"), count(database, "audit")) == (1, before + 2)
    assert AuditTrail(database).verify().broken is None


def test_an_event_that_cannot_be_kept_takes_its_decision_with_it(database: Database) -> None:
    unkept = Event("group.made", "group", "G1", "operator", {"half": 0.5})
    with pytest.raises(ValueError, match="canonical"):
        decide(database, lambda tx: tx.add(Group(id="G1", name="7B")), unkept)
    assert count(database, "group") == 0


@pytest.mark.parametrize("kind", ["deciding", "reading"])
def test_a_transaction_left_without_commit_writes_nothing(database: Database, kind: str) -> None:
    with getattr(database, kind)() as tx:
        tx.add(Group(id="G1", name="7B"), event())
        tx.flush()
        assert tx.get(Group, "G1") is not None
    assert (count(database, "group"), count(database, "zoom_event")) == (0, 0)


def test_the_version_rises_with_each_change_and_only_then(database: Database) -> None:
    with database.deciding() as tx:
        tx.add(Group(id="G1", name="7B"))
        tx.commit(audit=DECIDED)
    versions = []
    for name in ("7B", "7C", "7D"):
        with database.deciding() as tx:
            row = tx.lock(Group, "G1")
            assert row is not None
            row.name = name
            tx.commit(audit=DECIDED)
            versions.append(row.version)
    assert versions == [1, 2, 3]


def test_a_new_row_with_a_known_key_is_told_from_one_that_breaks_a_reference(database: Database) -> None:
    with database.deciding() as tx:
        assert tx.insert_new(event()) is True
        assert tx.insert_new(event()) is False
        with pytest.raises(sa.exc.IntegrityError):
            tx.insert_new(GroupMember(group_id="nobody", child_id="nobody"))
    with database.deciding() as tx:
        tx.add(event("another"))
        assert tx.insert_new(event("another")) is False
        tx.commit()
    assert count(database, "zoom_event") == 1


def test_a_decision_that_was_there_already_needs_no_event(database: Database) -> None:
    with database.deciding() as tx:
        tx.add(Group(id="G1", name="7B"))
        tx.commit(audit=DECIDED)
    with database.deciding() as tx:
        assert tx.insert_new(Group(id="G2", name="7B")) is False
        tx.add(event())
        tx.commit()
    with pytest.raises(Fault):
        decide(database, lambda tx: (tx.add(Group(id="G3", name="7C")), tx.insert_new(Group(id="G2", name="7B"))))


# Rows that are only ever inserted


def test_no_appended_row_can_be_changed_through_a_transaction(filled: Database) -> None:
    for model in appended():
        column = next(c.name for c in model.__table__.columns if not c.primary_key and not c.foreign_keys)
        change = partial(lambda model, column, tx: setattr(tx.first(select(model)), column, None), model, column)
        with pytest.raises(Fault, match=f"row of {model.__tablename__} was to be changed"):
            decide(filled, change, DECIDED)


def test_no_row_of_any_table_is_deleted_through_a_transaction(filled: Database) -> None:
    for model in one_of_each.models():
        delete = partial(lambda model, tx: tx._session.delete(tx.first(select(model))), model)
        with pytest.raises(Fault, match=f"row of {model.__tablename__} was to be deleted"):
            decide(filled, delete, DECIDED)


def attempts(table: str, dialect: str) -> list[str]:
    columns = one_of_each.METADATA.tables[table].columns
    name = next(c.name for c in columns if not c.primary_key)
    key = next(c.name for c in columns if c.primary_key)
    said = [
        f"UPDATE {table} SET {name} = {name}",
        f"DELETE FROM {table}",
        f"INSERT INTO {table} SELECT * FROM {table} WHERE true "
        f"ON CONFLICT ({key}) DO UPDATE SET {name} = excluded.{name}",
    ]
    only = {
        "sqlite": [
            f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
            f"UPDATE OR REPLACE {table} SET {key}={key}",
        ],
        "postgresql": [f"TRUNCATE {table}", "TRUNCATE person CASCADE", f"TRUNCATE {table} CASCADE"],
    }
    return said + only[dialect]


def test_no_appended_row_can_be_changed_or_deleted_by_sql(filled: Database) -> None:
    with filled.streaming() as connection:
        before = one_of_each.contents(connection)
        for table in NAMES:
            for statement in attempts(table, connection.dialect.name):
                with pytest.raises(sa.exc.DBAPIError, match="only appended to"):
                    connection.execute(sa.text(statement))
                connection.rollback()
        assert one_of_each.contents(connection) == before


def test_of_an_event_the_body_alone_can_be_erased_and_never_comes_back(filled: Database) -> None:
    with filled.streaming() as connection:
        for statement in ("UPDATE zoom_event SET body = NULL, event = 'x2'", "UPDATE zoom_event SET body = 'other'"):
            with pytest.raises(sa.exc.DBAPIError, match="only appended to"):
                connection.execute(sa.text(statement))
            connection.rollback()
        connection.execute(sa.text("UPDATE zoom_event SET body = NULL"))
        connection.commit()
        with pytest.raises(sa.exc.DBAPIError, match="only appended to"):
            connection.execute(sa.text("UPDATE zoom_event SET body = 'back'"))


# Calls to the outside


def test_no_call_to_the_outside_is_made_inside_a_transaction(database: Database) -> None:
    http = Http(refuse_inside_transaction)
    with database.deciding(), pytest.raises(Fault, match="inside a transaction"):
        http.ask("GET", "http://127.0.0.1:9/", {}, changes=False)
    with database.reading(), pytest.raises(Fault, match="inside a transaction"):
        refuse_inside_transaction()
    refuse_inside_transaction()


def test_the_guard_of_a_transaction_goes_with_it_even_when_it_fails(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.deciding(), database.reading():
        raise ZeroDivisionError
    refuse_inside_transaction()


# Many at once


def test_two_who_decide_at_once_wait_for_each_other(database: Database) -> None:
    inside, both = threading.Event(), []

    def first() -> None:
        with database.deciding() as tx:
            tx.add(Group(id="G1", name="7B"))
            tx.flush()
            inside.set()
            time.sleep(0.3)
            tx.commit(audit=DECIDED)
            both.append("first")

    def second() -> None:
        assert inside.wait(5)
        with database.deciding() as tx:
            tx.add(Group(id="G2", name="7C"))
            tx.commit(audit=DECIDED)
            both.append("second")

    with ThreadPoolExecutor(2) as pool:
        for job in [pool.submit(first), pool.submit(second)]:
            job.result(timeout=10)
    assert sorted(both) == ["first", "second"]
    assert count(database, "group") == 2


def test_fault_63_fifty_writers_leave_no_gap_and_no_fork(database: Database) -> None:
    start = threading.Barrier(50)

    def write(n: int) -> None:
        start.wait(20)
        with database.deciding() as tx:
            tx.add(Group(id=f"G{n}", name=f"class {n}"))
            tx.commit(audit=(DECIDED, DECIDED))

    before = count(database, "audit")
    with ThreadPoolExecutor(50) as pool:
        list(pool.map(write, range(50)))
    with database.reading() as tx:
        assert sorted(tx.all(select(Audit.seq))) == list(range(1, before + 101))
    found = AuditTrail(database).verify()
    assert (found.broken, found.entries) == (None, before + 100)


# The database is away


AWAY: dict[str, Callable[[Path], str]] = {
    "sqlite": lambda folder: f"sqlite:///{folder}/nowhere/zoomguard.db",
    "postgresql": lambda _: "postgresql+psycopg://zoomguard:geheim@127.0.0.1:9/zoomguard",
}


@pytest.mark.parametrize("dialect", AWAY)
@pytest.mark.parametrize("kind", ["deciding", "reading", "streaming"])
def test_a_database_that_is_away_is_busy_and_says_nothing_of_itself(tmp_path: Path, dialect: str, kind: str) -> None:
    database = Database(AWAY[dialect](tmp_path), FixedClock().now)
    with pytest.raises(Busy) as caught, getattr(database, kind)():
        pass
    said = f"{caught.value} {caught.value.remedy} {caught.value.__cause__}"
    assert caught.value.code == "DATABASE_BUSY"
    assert not any(secret in said for secret in ("geheim", "127.0.0.1", str(tmp_path), "SELECT", "zoomguard.db"))


def test_a_statement_that_fails_tells_no_values(database: Database) -> None:
    child = "Zo\u00eb Harding"
    with pytest.raises(sa.exc.IntegrityError) as caught:
        decide(database, lambda tx: tx.add(Group(id="G1", name=child), Group(id="G2", name=child)), DECIDED)
    assert "[SQL parameters hidden" in str(caught.value)


def test_fault_58_a_connection_that_dies_is_busy_once_and_then_works_again(database: Database) -> None:
    if database.url.get_backend_name() == "sqlite":
        return  # It has no connection that could die.
    killer = sa.create_engine(database.url, poolclass=sa.NullPool)

    def lose_the_connection(tx: Transaction) -> None:
        tx.add(Group(id="G1", name="7B"))
        mine = tx.first(sa.text("SELECT pg_backend_pid() AS pid")).pid
        with killer.connect() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})

    with pytest.raises(Busy):
        decide(database, lose_the_connection, DECIDED)
    with database.deciding() as tx:
        tx.add(Group(id="G1", name="7B"))
        tx.commit(audit=DECIDED)
    assert count(database, "group") == 1


def test_no_connection_makes_a_sqlite_file_whatever_its_folder_is_called(tmp_path: Path) -> None:
    folder = tmp_path / "50% of 7B #1"
    folder.mkdir()
    database = Database(f"sqlite:///{folder / 'zoomguard.db'}", FixedClock().now)
    with pytest.raises(Busy), database.reading():
        pass
    assert list(folder.iterdir()) == []
    migrate(database.url)
    assert count(database, "audit") == 0
    database.close()


def test_files_of_a_sqlite_database_are_for_us_alone(database: Database) -> None:
    if database.url.get_backend_name() == "sqlite":
        with database.deciding() as tx:
            tx.add(event())
            tx.commit()
            path = Path(str(database.url.database))
            names = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.glob("zoomguard.db*")}
        assert {"zoomguard.db", "zoomguard.db-wal", "zoomguard.db-shm"} <= set(names)
        assert set(names.values()) == {0o600}


def test_a_state_that_does_not_exist_is_refused_by_the_database_itself(filled: Database) -> None:
    assert SessionState.PLANNED in set(SessionState)
    with filled.streaming() as connection, pytest.raises(sa.exc.IntegrityError):
        connection.execute(sa.update(VideoSession.__table__).values(state=sa.literal_column("'perfect'")))
