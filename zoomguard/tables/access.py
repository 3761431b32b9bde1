"""Tokens by which people act. Only their digests are kept."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from zoomguard.tables.types import Personal, Row, RowKind, UTCDateTime, chosen, column, key


class SignInKind(StrEnum):
    """Where a token is used."""

    CLI = "cli"
    BROWSER = "browser"


class SignIn(Row, table=True):
    """A token's digest with whom it belongs to and until when."""

    __tablename__ = "sign_in"
    KIND: ClassVar[RowKind] = RowKind.DECISION

    id: str = key()
    token_sha256: str = column(Personal.SECRET, unique=True)
    person_id: str = column(Personal.PSEUDONYM, foreign_key="person.id", index=True)
    kind: SignInKind = column(type=chosen(SignInKind, "kind"))
    issued_by: str = column(Personal.PSEUDONYM)
    made_at: datetime = column(type=UTCDateTime)
    until_at: datetime = column(type=UTCDateTime)
    revoked_at: datetime | None = column(default=None, type=UTCDateTime)
    version: int = column(default=1)
