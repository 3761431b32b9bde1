"""Column types, and what every column says of itself: how personal it is and what erases it."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UTCDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC; naive ones are refused. SQLite forgets zones, so they are put back."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored moment has a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Personal(StrEnum):
    """How personal a column is."""

    NONE = "none"
    PSEUDONYM = "pseudonym"
    PERSONAL = "personal"
    SPECIAL = "special"
    SECRET = "secret"


class RowKind(StrEnum):
    """Decisions carry an audit event, observations are only ever inserted, service rows are our own bookkeeping."""

    DECISION = "decision"
    DECISION_APPENDED = "decision_appended"
    OBSERVATION = "observation"
    SERVICE = "service"
    SERVICE_APPENDED = "service_appended"


class Row(SQLModel):
    """What all tables share: their kind, by which a transaction knows what it may do with a row."""

    KIND: ClassVar[RowKind] = RowKind.SERVICE


def column(
    personal: Personal = Personal.NONE, erased_by: str = "", *, type: Any = None, checks: str = "", **more: Any
) -> Any:
    """A column that says how personal it is and what erases it (nothing: kept with its row)."""
    kwargs: dict[str, Any] = {"info": {"personal": personal, "erased_by": erased_by}}
    if type is not None:
        more["sa_type"] = type
    return Field(sa_column_kwargs=kwargs, **more)


def chosen(values: type[Enum], name: str) -> sa.Enum:
    """An enumeration stored as its text, with a CHECK."""
    return sa.Enum(
        values,
        native_enum=False,
        create_constraint=True,
        length=32,
        name=name,
        values_callable=lambda e: [m.value for m in e],
    )


def key(**more: Any) -> Any:
    """The primary key: a ULID of ours, or another opaque text."""
    return column(primary_key=True, **more)
