"""The audit chain: appended as the last statement of the transaction that decides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

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


ENTRIES = sa.text(
    "SELECT a.seq, a.prev_hash, a.hash, a.body, a.at, a.actor, a.action, a.subject_kind, a.subject_id,"
    " a.payload_commit, p.salt, p.body AS payload FROM audit a LEFT JOIN audit_payload p ON p.seq = a.seq"
    " ORDER BY a.seq"
).columns(at=UTCDateTime)


def entries(connection: sa.Connection) -> Iterator[Entry]:
    """The whole chain in order, streamed."""
    for row in connection.execution_options(yield_per=1000).execute(ENTRIES):
        yield Entry(
            row.seq,
            row.prev_hash,
            row.hash,
            bytes(row.body),
            row.at,
            row.actor,
            row.action,
            row.subject_kind,
            row.subject_id,
            row.payload_commit,
            None if row.salt is None else bytes(row.salt),
            None if row.payload is None else bytes(row.payload),
        )
