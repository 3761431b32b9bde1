"""The operator's question whether the bucket can keep evidence."""

from __future__ import annotations

from zoomguard.application.ports import Clock, StorageProbes
from zoomguard.domain.storage import StorageReport, StorageWanted
from zoomguard.rules.terms import Terms


class Storage:
    """Holds the bucket against our environment and terms. Nothing is decided, so nothing is recorded."""

    def __init__(self, probes: StorageProbes, clock: Clock, environment: str, terms: Terms) -> None:
        self._probes, self._clock = probes, clock
        self._environment, self._terms = environment, terms

    def examine(self) -> StorageReport:
        """Tries all that evidence needs, with real calls and small objects of its own."""
        days = self._terms.retention_days.values()
        production = self._environment == "production"
        wanted = StorageWanted(self._environment, production, self._clock.now(), min(days), max(days))
        return self._probes.ask(wanted)
