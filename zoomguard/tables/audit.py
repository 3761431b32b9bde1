"""The audit chain: appended as the last statement of the transaction that decides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

import sqlalchemy as sa

from zoomguard.domain.audit import Entry
from zoomguard.tables.types import Personal, Row, RowKind, UTCDateTime, column


class Audit(Row, table=True):
    """One entry: the very bytes that were hashed, and columns that repeat what they say."""

    __tablename__ = "audit"
    KIND: ClassVar[RowKind] = RowKind.SERVICE_APPENDED

    seq: int = column(primary_key=True, type=sa.BigInteger().with_variant(sa.Integer(), "sqlite"))
    prev_hash: str = column(unique=True)
    hash: str = column(unique=True)
    body: bytes = column(Personal.PSEUDONYM, type=sa.LargeBinary)
    at: datetime = column(type=UTCDateTime)
    actor: str = column(Personal.PSEUDONYM)
    action: str = column()
    subject_kind: str = column()
    subject_id: str = column(Personal.PSEUDONYM)
    payload_commit: str = column()


class AuditPayload(Row, table=True):
    """What an entry commits to; may be erased while the chain still verifies."""

    __tablename__ = "audit_payload"
    KIND: ClassVar[RowKind] = RowKind.SERVICE

    seq: int = column(primary_key=True, type=sa.BigInteger().with_variant(sa.Integer(), "sqlite"))
    salt: bytes = column(Personal.SECRET, "its rule", type=sa.LargeBinary)
    body: bytes = column(Personal.PERSONAL, "its rule", type=sa.LargeBinary)


class Anchor(Row, table=True):
    """A checkpoint of the chain that was put outside. (Making them comes with the watch.)"""

    __tablename__ = "anchor"
    KIND: ClassVar[RowKind] = RowKind.SERVICE_APPENDED

    seq: int = column(primary_key=True, type=sa.BigInteger().with_variant(sa.Integer(), "sqlite"))
    head: str = column()
    signed: bytes = column(type=sa.LargeBinary)
    put_at: datetime | None = column(default=None, type=UTCDateTime)
    s3_version_id: str = column(default="")


# Every column as its bytes on SQLite, which keeps whatever was put there: what has no form is one bad entry, and
# does not end the walk. The moment is text for the same reason (PostgreSQL knows "infinity").
_TEXTS = ("prev_hash", "hash", "actor", "action", "subject_kind", "subject_id", "payload_commit")
_COLUMNS = {
    "sqlite": [f"CAST(a.{c} AS BLOB) AS {c}" for c in (*_TEXTS, "at", "body")]
    + ["CAST(p.salt AS BLOB) AS salt", "CAST(p.body AS BLOB) AS payload"],
    "postgresql": [f"a.{c}" for c in (*_TEXTS, "body")]
    + ["to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') AS at", "p.salt", "p.body AS payload"],
}


def entries(connection: sa.Connection) -> Iterator[Entry | None]:
    """The whole chain in order, streamed; None for an entry that cannot be read."""
    columns = ", ".join(_COLUMNS[connection.dialect.name])
    query = f"SELECT a.seq, {columns} FROM audit a LEFT JOIN audit_payload p ON p.seq = a.seq ORDER BY a.seq"  # noqa: S608
    for row in connection.execution_options(yield_per=1000).exec_driver_sql(query):
        yield _entry(row)


def _entry(row: Any) -> Entry | None:
    try:
        texts = {name: _text(getattr(row, name)) for name in _TEXTS}
        at, body = datetime.fromisoformat(_text(row.at)), bytes(row.body)
    except (TypeError, ValueError):
        return None
    if at.tzinfo is not None:
        return None
    salt, payload = (None if content is None else bytes(content) for content in (row.salt, row.payload))
    return Entry(seq=row.seq, body=body, at=at.replace(tzinfo=UTC), salt=salt, payload=payload, **texts)


def _text(stored: str | bytes | None) -> str:
    if stored is None:
        raise ValueError("nothing stands there")
    return stored if isinstance(stored, str) else stored.decode()
