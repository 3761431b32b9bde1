"""One row in every table, made from the columns themselves, so that a new table is never forgotten."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

import zoomguard.tables.all  # noqa: F401
from zoomguard.tables.types import Row, RowKind

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
APPENDED = (RowKind.DECISION_APPENDED, RowKind.OBSERVATION, RowKind.SERVICE_APPENDED)
METADATA = Row.metadata
VALUES: tuple[tuple[type[Any], Any], ...] = (
    (sa.DateTime, AT),
    (sa.Date, date(2026, 11, 23)),
    (sa.Boolean, True),
    (sa.Integer, 1),
    (sa.LargeBinary, b"x"),
    (sa.String, "x"),
)


def models() -> list[type[Row]]:
    """Every table's class."""
    return sorted((m.class_ for m in Row._sa_registry.mappers), key=lambda m: str(m.__tablename__))


def appended() -> list[type[Row]]:
    """The classes whose rows are only ever inserted."""
    return [m for m in models() if m.KIND in APPENDED]


def value(column: sa.Column[Any]) -> Any:
    """Something that the column takes; all keys are alike, so that every reference fits."""
    kind = column.type
    if isinstance(kind, sa.Enum):
        return kind.enum_class(kind.enums[0]) if kind.enum_class else kind.enums[0]
    while isinstance(kind, sa.types.TypeDecorator):
        kind = kind.impl_instance
    return next(v for k, v in VALUES if isinstance(kind, k))


def fill(connection: sa.Connection, *without: str) -> int:
    """Puts one row into each table that has none; gives how many tables there are."""
    for table in METADATA.sorted_tables:
        if table.name not in without and not rows(connection, table.name):
            connection.execute(table.insert().values({c.name: value(c) for c in table.columns}))
    connection.commit()
    return len(METADATA.sorted_tables)


def rows(connection: sa.Connection, table: str) -> int:
    """How many rows a table has."""
    return int(connection.execute(sa.text(f'SELECT count(*) FROM "{table}"')).scalar_one())


def contents(connection: sa.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the database."""
    return {
        t.name: [tuple(r) for r in connection.execute(sa.text(f'SELECT * FROM "{t.name}"'))]
        for t in METADATA.sorted_tables
    }
