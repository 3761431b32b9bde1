"""The one access token that all processes share, sealed in a row of its own."""

from __future__ import annotations

from datetime import datetime

from zoomguard.application.seals import Seals
from zoomguard.tables.database import Database
from zoomguard.tables.install import ZoomTokenRow

SHARED = "shared"


class ZoomTokens:
    """Keeps and gives the shared token."""

    def __init__(self, database: Database, seals: Seals) -> None:
        self.database, self.seals = database, seals

    def load(self) -> tuple[str, datetime] | None:
        """The token kept last and when it ends (aware UTC), or None."""
        with self.database.reading() as tx:
            row = tx.get(ZoomTokenRow, SHARED)
            if row is None:
                return None
            return self.seals.open("zoom_token", "token", SHARED, row.token), row.expires_at

    def save(self, token: str, expires_at: datetime) -> None:
        """Keeps a new token in the place of the one before."""
        sealed = self.seals.seal("zoom_token", "token", SHARED, token)
        with self.database.deciding() as tx:
            row = tx.lock(ZoomTokenRow, SHARED)
            if row is None:
                tx.insert_new(ZoomTokenRow(id=SHARED, token=sealed, expires_at=expires_at))
            else:
                row.token, row.expires_at = sealed, expires_at
            tx.commit()
