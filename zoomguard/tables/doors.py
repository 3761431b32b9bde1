"""Doors: our own pages in front of Zoom's links, and their use."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from zoomguard.tables.types import Personal, Row, RowKind, UTCDateTime, chosen, column, key


class DoorState(StrEnum):
    """Whether a door may open."""

    OPEN = "open"
    SHUT = "shut"


class Door(Row, table=True):
    """Our own stable page in front of a Zoom link: found by the token's digest."""

    __tablename__ = "door"
    KIND: ClassVar[RowKind] = RowKind.DECISION

    id: str = key()
    token_sha256: str = column(Personal.SECRET, unique=True)
    session_id: str = column(foreign_key="video_session.id", index=True)
    person_id: str = column(Personal.PSEUDONYM, foreign_key="person.id")
    # Sealed: a change is told with the same door.
    token: str = column(Personal.SECRET, default="")
    state: DoorState = column(type=chosen(DoorState, "state"), default=DoorState.OPEN)


class DoorOpened(Row, table=True):
    """A door was used."""

    __tablename__ = "door_opened"
    KIND: ClassVar[RowKind] = RowKind.OBSERVATION

    id: str = key()
    door_id: str = column(foreign_key="door.id")
    at: datetime = column(type=UTCDateTime)
