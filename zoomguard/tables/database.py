"""The database: reading, deciding (with an audit event), observing; SQLite and PostgreSQL alike.

`deciding()` is BEGIN IMMEDIATE on SQLite and READ COMMITTED on PostgreSQL. While one is open, calls to the
outside refuse to work (`refuse_inside_transaction`): a network call never keeps a lock.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlmodel import Session

from zoomguard.domain import audit as chain
from zoomguard.domain.errors import Busy, Fault
from zoomguard.tables.audit import Audit, AuditPayload
from zoomguard.tables.types import Row, RowKind

T = TypeVar("T", bound=Row)
_open = threading.local()
# One lock for the head of the chain on PostgreSQL; any constant does.
CHAIN_LOCK = 0x7A6F6F6D
# SQLite's and PostgreSQL's words for a disk that takes no more (sqlite.org/rescode.html; errcodes-appendix). A file at
# its size limit (EFBIG) is a failed write to SQLite.
FULL, DISK_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE), "53100"
DECISIONS = (RowKind.DECISION, RowKind.DECISION_APPENDED)
APPENDED = (RowKind.DECISION_APPENDED, RowKind.OBSERVATION, RowKind.SERVICE_APPENDED)


def refuse_inside_transaction() -> None:
    """The guard of every call to the outside: a Fault while this thread has a transaction open."""
    if getattr(_open, "depth", 0):
        raise Fault("A call to the outside was tried inside a transaction.", "Report this defect.")


class Transaction:
    """One open transaction. Rows added or changed are written by `commit`; without it nothing happened."""

    def __init__(self, session: Session, now: Callable[[], datetime], genesis: Callable[[], str]) -> None:
        self._session, self._now, self._genesis = session, now, genesis
        self._decided = False

    def add(self, *rows: Row) -> None:
        """Adds new rows."""
        self._session.add_all(rows)

    def flush(self) -> None:
        """Sends pending rows, so that queries see them."""
        self._session.flush()

    def get(self, model: type[T], key: Any) -> T | None:
        """A row by its primary key."""
        return self._session.get(model, key)

    def lock(self, model: type[T], key: Any) -> T | None:
        """A row by its primary key, read afresh and locked until the end of the transaction (its key is not: rows
        that name it may be inserted meanwhile)."""
        return self._session.get(model, key, with_for_update={"key_share": True}, populate_existing=True)

    def need(self, model: type[T], key: Any) -> T:
        """A row that must be there; Fault where it is not."""
        return _there(model, self.get(model, key))

    def hold(self, model: type[T], key: Any) -> T:
        """A row that must be there, read afresh and locked; Fault where it is not."""
        return _there(model, self.lock(model, key))

    def all(self, query: Any) -> list[Any]:
        """All results of a select."""
        return list(self._session.exec(query).all())

    def first(self, query: Any) -> Any:
        """The first result of a select, or None."""
        return self._session.exec(query).first()

    def insert_new(self, row: Row) -> bool:
        """Inserts a row unless its unique key is there already; says whether it was new.

        What breaks another constraint is no duplicate, and is raised as it is.
        """
        self._session.flush()
        decided = self._decided
        try:
            with self._session.begin_nested():
                self._session.add(row)
            return True
        except exc.IntegrityError as error:
            if not _is_duplicate(error.orig):
                raise
            self._decided = decided
            return False

    def commit(self, *, audit: chain.Event | tuple[chain.Event, ...] = ()) -> None:
        """Writes everything, the audit events as the last statements before COMMIT.

        Fault for a decision without an event, or an event without a decision's transaction.
        """
        events = audit if isinstance(audit, tuple) else (audit,)
        self._session.flush()
        if self._decided and not events:
            raise Fault("A decision was made without an audit event.", "Report this defect.")
        if events:
            self._append(events)
        self._session.commit()

    def before_flush(self, session: Session, *_: object) -> None:
        """Notes decisions, keeps appended rows as they are, and raises the version of each changed row."""
        changed = [r for r in session.dirty if isinstance(r, Row) and session.is_modified(r)]
        for row in session.deleted:
            raise Fault(f"A row of {row.__tablename__} was to be deleted.", "Report this defect.")
        for row in changed:
            _refuse_change(row)
            if "version" in type(row).model_fields:
                row.version += 1  # type: ignore[attr-defined]
        self._decided |= any(isinstance(r, Row) and r.KIND in DECISIONS for r in (*session.new, *changed))

    def hold_chain(self) -> None:
        """Lets nobody else append until the end of the transaction. (SQLite's BEGIN IMMEDIATE does so anyway.)"""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHAIN_LOCK})

    def _append(self, events: tuple[chain.Event, ...]) -> None:
        """The chain's head is held for the shortest time: taken here, let go by COMMIT."""
        self.hold_chain()
        head = self._session.execute(sa.text("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")).first()
        seq, prev = (head.seq, head.hash) if head else (0, self._genesis())
        for entry in events:
            seq, prev = self._append_one(entry, seq + 1, prev)
        self._session.flush()

    def _append_one(self, entry: chain.Event, seq: int, prev: str) -> tuple[int, str]:
        at, salt, payload = self._now(), secrets.token_bytes(32), chain.canonical(dict(entry.payload))
        commit = chain.commitment(salt, payload)
        body = chain.body(entry, at, commit)
        digest = chain.entry_hash(seq, prev, body)
        named = {"actor": entry.actor, "action": entry.action, "subject_kind": entry.subject_kind}
        row = Audit(
            seq=seq,
            prev_hash=prev,
            hash=digest,
            body=body,
            at=at,
            payload_commit=commit,
            subject_id=entry.subject_id,
            **named,
        )
        self._session.add_all([row, AuditPayload(seq=seq, salt=salt, body=payload)])
        return seq, digest


def _is_duplicate(error: object) -> bool:
    """SQLite's extended codes for UNIQUE and PRIMARY KEY, and SQLSTATE 23505."""
    code = getattr(error, "sqlite_errorcode", None) or getattr(error, "sqlstate", None)
    return code in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, "23505")


def _there(model: type[T], row: T | None) -> T:
    if row is None:
        raise Fault(f"A row of {model.__tablename__} is not there.", "Report this defect.")
    return row


def _refuse_change(row: Row) -> None:
    if row.KIND in APPENDED:
        raise Fault(f"A row of {row.__tablename__} was to be changed.", "Report this defect.")


class Database:
    """Opens transactions. `now` is the clock's; the installation's id is read when the chain begins."""

    def __init__(self, url: str, now: Callable[[], datetime], *, pool_size: int = 10) -> None:
        self.url = sa.make_url(url)
        self._now = now
        self.engine = _engine(self.url, pool_size)

    @contextmanager
    def deciding(self) -> Iterator[Transaction]:
        """A transaction that may decide; rolled back unless committed."""
        with self._transaction(immediate=True) as tx:
            yield tx

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A transaction that only reads."""
        with self._transaction(immediate=False) as tx:
            yield tx

    @contextmanager
    def streaming(self) -> Iterator[sa.Connection]:
        """A bare connection for reading what is too large for one answer."""
        with _busy_when_away(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def _transaction(self, immediate: bool) -> Iterator[Transaction]:
        _open.depth = getattr(_open, "depth", 0) + 1
        try:
            with _busy_when_away(), Session(self.engine, expire_on_commit=False, autoflush=True) as session:
                tx = Transaction(session, self._now, lambda: _genesis_of(session))
                event.listen(session, "before_flush", tx.before_flush)
                session.connection(execution_options={"zoomguard_immediate": immediate})
                yield tx
        finally:
            _open.depth -= 1

    def close(self) -> None:
        """Lets go of all connections."""
        self.engine.dispose()


@contextmanager
def _busy_when_away() -> Iterator[None]:
    try:
        yield
    except (exc.OperationalError, exc.TimeoutError) as error:
        # A database error can carry values: only its kind is passed on.
        orig = getattr(error, "orig", None)
        state = getattr(orig, "sqlstate", None) or type(error).__name__
        if state == DISK_FULL or getattr(orig, "sqlite_errorcode", None) in FULL:
            raise Busy(
                "The database's disk is full: nothing was changed.", "Make room on the server.", code="DISK_FULL"
            ) from None
        raise Busy(
            "The database could not be reached or is busy.", f"Try again ({state}).", code="DATABASE_BUSY"
        ) from None


def _genesis_of(session: Session) -> str:
    row = session.execute(sa.text("SELECT genesis FROM install")).first()
    if row is None:
        raise Fault("The database has no installation.", "Run: zoomguard migrate")
    return str(row.genesis)


def _engine(url: sa.URL, pool_size: int) -> sa.Engine:
    arguments: dict[str, Any] = {"pool_pre_ping": True, "hide_parameters": True, "pool_size": pool_size}
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(_as_it_stands(url), **arguments)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    options = "-c statement_timeout=60000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=30000"
    return sa.create_engine(url, connect_args={"options": options, "connect_timeout": 5}, **arguments)


def _as_it_stands(url: sa.URL) -> sa.URL:
    """The file as it is: by itself SQLite makes an empty one where none is, and a lost database looks like a new one
    (sqlite.org/uri.html)."""
    return url.set(database=f"file:{quote(str(url.database))}").update_query_dict({"mode": "rw", "uri": "true"})


def _set_up_sqlite(connection: Any, _: object) -> None:
    """sqlite3's own implicit BEGIN comes late and is never IMMEDIATE: it is switched off.

    Without recursive triggers INSERT OR REPLACE would delete a guarded row unseen (sqlite.org/lang_conflict.html).
    """
    connection.isolation_level = None
    pragmas = ("busy_timeout=5000", "journal_mode=WAL", "foreign_keys=ON", "recursive_triggers=ON", "synchronous=FULL")
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    immediate = connection.get_execution_options().get("zoomguard_immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
