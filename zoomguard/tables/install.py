"""The installation itself: its id, its terms, and the token it shares with its own processes."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from zoomguard.tables.types import Personal, Row, RowKind, UTCDateTime, column, key


class Install(Row, table=True):
    """One row: which installation and environment this database belongs to."""

    __tablename__ = "install"
    KIND: ClassVar[RowKind] = RowKind.DECISION

    id: str = key()
    genesis: str = column()
    environment: str = column()
    made_at: datetime = column(type=UTCDateTime)
    watch_from_at: datetime = column(type=UTCDateTime)
    key_check: str = column()
    version: int = column(default=1)


class TermsRow(Row, table=True):
    """A version of the organisation's terms, kept for ever."""

    __tablename__ = "terms"
    KIND: ClassVar[RowKind] = RowKind.DECISION_APPENDED

    version: str = key()
    body: str = column()
    adopted_at: datetime = column(type=UTCDateTime)


class ZoomTokenRow(Row, table=True):
    """The one access token that all processes share; sealed."""

    __tablename__ = "zoom_token"

    id: str = key()
    token: str = column(Personal.SECRET)
    expires_at: datetime = column(type=UTCDateTime)
