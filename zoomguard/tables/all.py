"""Every table, for what walks them all: migrations' check and the register of personal data."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import SQLModel

from zoomguard.tables import (
    access,
    audit,
    batches,
    consents,
    doors,
    incidents,
    install,
    messages,
    observers,
    people,
    recordings,
    sessions,
    watch,
    work,
)

MODULES = (
    access,
    audit,
    batches,
    consents,
    doors,
    incidents,
    install,
    messages,
    observers,
    people,
    recordings,
    sessions,
    watch,
    work,
)


def metadata() -> sa.MetaData:
    """The metadata that holds all tables."""
    return SQLModel.metadata
