"""Duties that note what they were given, over a real list of work and real claims.

As a program (`python -m tests.worker.hand URL FILE`) it does all that is due and notes each subject in the file.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from zoomguard.adapters.claims import FileClaims, PostgresClaims
from zoomguard.application.work import WorkList
from zoomguard.tables.database import Database
from zoomguard.worker.runner import Runner

QUICK, SLOW, PLANNED = "send_message", "archive_recording", "discover_recordings"


def claims_of(url: sa.URL) -> FileClaims | PostgresClaims:
    """As bootstrap chooses them."""
    if url.get_backend_name() == "postgresql":
        return PostgresClaims(url)
    return FileClaims(Path(str(url.database)).parent / "locks")


class Hand:
    """`does` is what every duty does with its subject; `did` are the subjects in order."""

    def __init__(self, database: Database, clock: Any, claims: Any) -> None:
        self.work, self.clock, self.claims = WorkList(database, clock), clock, claims
        self.did: list[str] = []
        self.does: Callable[[str], datetime | None] = lambda _: None
        self._noting = threading.Lock()

    def duty(self, subject: str) -> datetime | None:
        with self._noting:
            self.did.append(subject)
        return self.does(subject)

    def runner(self, **how: bool) -> Runner:
        """Another runner of the same duties."""
        duty = self.duty
        app: Any = SimpleNamespace(
            work=self.work,
            sessions=SimpleNamespace(
                create_meeting=duty,
                remove_meeting=duty,
                change_meeting=duty,
                settle_entries=duty,
                create_planned=duty,
                end_session=duty,
                sweep_meetings=duty,
            ),
            messages=SimpleNamespace(send=duty),
            reminders=SimpleNamespace(remind=duty),
            incident_notices=SimpleNamespace(tell=duty),
            rechecks=SimpleNamespace(recheck=duty),
            observers=SimpleNamespace(call_observers=duty),
            batches=SimpleNamespace(go_on=duty),
            door_renewal=SimpleNamespace(renew=duty),
            direct_links=SimpleNamespace(void=duty),
            day_sheets=SimpleNamespace(send=duty),
            archive=SimpleNamespace(discover=duty, hear=duty, archive_recording=duty, at_once=2),
        )
        return Runner(app, self.claims, self.clock, **how)

    def run(self) -> int:
        """Does what is due, once."""
        runner = self.runner()
        return runner.run_due(tuple(runner.duties))


def main(url: str, file: Path) -> None:
    clock = SimpleNamespace(now=lambda: datetime(2026, 11, 24, tzinfo=UTC))
    database = Database(url, clock.now)
    hand = Hand(database, clock, claims_of(database.url))
    with file.open("a", buffering=1) as noted:

        def slowly(subject: str) -> None:
            time.sleep(0.02)
            noted.write(f"{subject}\n")

        hand.does = slowly
        while hand.run():
            pass


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
