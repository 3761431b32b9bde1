"""Bags that a rebuild left: each is an incident, and the number of none is given out again."""

from __future__ import annotations

from collections.abc import Mapping

from zoomguard.application import incidents
from zoomguard.application.archive_findings import MOST_OF_A_KIND
from zoomguard.application.archive_parts import ArchiveParts
from zoomguard.domain import bag as bagit
from zoomguard.domain.audit import Event
from zoomguard.domain.incidents import IncidentKind
from zoomguard.domain.people import SERVICE
from zoomguard.tables.database import Transaction
from zoomguard.tables.recordings import Recording


class LeftBags:
    """Tells of them; of more than MOST_OF_A_KIND the rest is one incident together, and the audit names each."""

    def __init__(self, parts: ArchiveParts) -> None:
        self.parts = parts
        self._told = self._beyond = 0

    def tell(self, not_whole: Mapping[str, str]) -> None:
        """`not_whole` maps prefixes to reasons."""
        for prefix, why in sorted(not_whole.items()):
            self._leave(prefix, why)
        if self._beyond:
            with self.parts.database.deciding() as tx:
                told = self._open(tx, f"{self._beyond} more", {"more": self._beyond})
                if told:
                    tx.commit(audit=told)

    def _leave(self, prefix: str, why: str) -> None:
        """Where its number would be the next one it is spent: what comes late must not go over what lies there."""
        session_id, recording_id, number = bagit.place_of(prefix)
        with self.parts.database.deciding() as tx:
            row, events = tx.lock(Recording, recording_id), list[Event]()
            if row is not None and number == row.bags + 1:
                row.bags = number
                events.append(Event("recording.bag_left", "recording", recording_id, SERVICE.id, {"bag": number}))
            if self._told < MOST_OF_A_KIND or incidents.is_known(tx, IncidentKind.BAG_NOT_WHOLE, prefix):
                about = (row.session_id, row.id) if row else (session_id, None)
                told = self._open(tx, prefix, {"reason": why}, *about)
                self._told += told is not None
                events += [told] if told else []
            else:
                self._beyond += 1
                events.append(Event("archive.bag_left", "bag", prefix, SERVICE.id, {"reason": why}))
            if events:
                tx.commit(audit=tuple(events))

    def _open(
        self,
        tx: Transaction,
        subject: str,
        detail: Mapping[str, str | int],
        session_id: str | None = None,
        recording_id: str | None = None,
    ) -> Event | None:
        kind, now = IncidentKind.BAG_NOT_WHOLE, self.parts.clock.now()
        return incidents.open_(tx, kind, subject, now, session_id=session_id, recording_id=recording_id, detail=detail)
