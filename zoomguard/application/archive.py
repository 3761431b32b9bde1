"""The archive: finds recordings, copies them, proves the copies and seals them into bags.

Safe to run twice, at the same time, and beside the service: each recording is claimed by a lock that dies with its
process, and what was done is on record before the next step begins.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date, datetime, timedelta

from zoomguard.application.archive_at_zoom import NO_TEACHERS
from zoomguard.application.archive_copy import TakenOver
from zoomguard.application.archive_discovery import Discovery
from zoomguard.application.archive_index import must_be_whole
from zoomguard.application.archive_missing import Missing, say_what_waits
from zoomguard.application.archive_one import OneRecording, silent
from zoomguard.application.archive_overdue import tell_of_overdue
from zoomguard.application.archive_parts import ArchiveParts
from zoomguard.application.archive_rebuild import Rebuilder
from zoomguard.application.archive_reconcile import Reconciler
from zoomguard.application.archive_verify import Verifier
from zoomguard.application.ports import Progress
from zoomguard.domain.archive import ArchiveTally
from zoomguard.domain.errors import BadInput, IntegrityFailed, NotThere, OutsideFailed, Throttled
from zoomguard.domain.fixity import FixityReport
from zoomguard.domain.people import COLLEGE_ZONE
from zoomguard.domain.rebuild import RebuildReport
from zoomguard.domain.reconcile import ReconcileReport
from zoomguard.domain.times import day_in
from zoomguard.tables import recordings as table
from zoomguard.tables import sessions as sessions_table

CLAIMED_AGAIN = timedelta(seconds=30)
LOOK_AGAIN = timedelta(minutes=5)
INTERRUPTED_WITHIN_S = 5.0


class Stopped(BaseException):
    """The run was told to end: copies that are under way stop at the next bytes."""


class Archive:
    """The use cases of the archive."""

    def __init__(self, parts: ArchiveParts) -> None:
        self.parts = parts
        self.at_once = parts.terms.copies_at_once

    def run(self, since: date | None = None, session: str | None = None, progress: Progress = silent) -> ArchiveTally:
        """Discovers, then takes every recording that is not archived as far as it goes, some at a time.

        With `session` that one alone, what was given up as missing included; of others nothing is said. BadInput for a
        `since` that is still to come: nothing would be looked for, and it would look done.
        """
        must_be_whole(self.parts)
        if since is not None and since > day_in(self.parts.clock.now(), COLLEGE_ZONE):
            raise BadInput("That day is still to come.", "Give --since a day that has begun.", code="BAD_DATE")
        tally, session_id = ArchiveTally(), self._session(session)
        looked = Discovery(self.parts).run(tally, since)
        self._must_have_hosts(tally)
        _Run(self.parts, tally, progress, again=session_id is not None).all(self._pending(session_id))
        Missing(self.parts, looked).judge(tally, session_id)
        tell_of_overdue(self.parts)
        say_what_waits(self.parts, tally, session_id)
        return tally

    def _must_have_hosts(self, tally: ArchiveTally) -> None:
        """Without a teacher on record nothing is looked for, which must not look like a quiet night."""
        with self.parts.database.reading() as tx:
            if not tally.hosts and table.count(tx):
                tally.postponed["hosts"] = NO_TEACHERS

    def _session(self, id_or_short: str | None) -> str | None:
        if id_or_short is None:
            return None
        with self.parts.database.reading() as tx:
            wanted = sessions_table.find(tx, id_or_short.upper())
            if wanted is None:
                raise NotThere("There is no such session.", "See: zoomguard sessions list")
            return wanted.id

    def _pending(self, session_id: str | None) -> tuple[tuple[str, str], ...]:
        with self.parts.database.reading() as tx:
            return tuple((r.id, r.short_id) for r in table.unarchived(tx, session_id))

    # Proof ----------------------------------------------------------------------------------------------------

    def verify(self, most: int | None, progress: Progress = silent) -> FixityReport:
        """Reads so many bags again from S3 (None: all of them), those first that were read longest ago."""
        must_be_whole(self.parts)
        return Verifier(self.parts, progress).run(most)

    def reconcile(self, progress: Progress = silent) -> ReconcileReport:
        """Compares Zoom, the index and S3."""
        must_be_whole(self.parts)
        return Reconciler(self.parts, progress).run()

    def rebuild(self) -> RebuildReport:
        """Makes the index anew from the bags alone; goes on where a run before was cut off."""
        return Rebuilder(self.parts).run()

    # Duties ---------------------------------------------------------------------------------------------------

    def discover(self, _: str = "") -> datetime | None:
        """The duty of finding recordings, and of missing those that never came; comes again by itself."""
        must_be_whole(self.parts)
        tally = ArchiveTally()
        Missing(self.parts, Discovery(self.parts).run(tally, None)).judge(tally)
        tell_of_overdue(self.parts)
        return None

    def hear(self, uuid: str) -> datetime | None:
        """The duty of looking at a recording that Zoom told of."""
        must_be_whole(self.parts)
        Discovery(self.parts).hear(uuid)
        return None

    def archive_recording(self, recording_id: str) -> datetime | None:
        """The duty of archiving one recording; gives the moment to look again while Zoom is still at work on it."""
        with self.parts.claims.claim(recording_id) as had:
            try:
                if not had:
                    raise TakenOver
                done = OneRecording(self.parts, recording_id, ArchiveTally()).archive()
            except TakenOver:
                return self.parts.clock.now() + CLAIMED_AGAIN
            return None if done else self.parts.clock.now() + LOOK_AGAIN


class _Run:
    """Several recordings at a time. The other side's wish to wait ends it: what is under way is finished."""

    def __init__(self, parts: ArchiveParts, tally: ArchiveTally, progress: Progress, *, again: bool) -> None:
        self.parts, self.tally, self.again = parts, tally, again
        self.one_at_a_time, self.stop, self.throttled = threading.Lock(), threading.Event(), threading.Event()
        self.progress = self._watched(progress)

    def all(self, pending: tuple[tuple[str, str], ...]) -> None:
        """Takes each; whatever ends the run ends what is under way."""
        threads = ThreadPoolExecutor(self.parts.terms.copies_at_once, "archive")
        running = [threads.submit(self._one, recording_id, short_id) for recording_id, short_id in pending]
        try:
            for each in running:
                each.result()
        except BaseException as error:
            self.stop.set()
            threads.shutdown(wait=False, cancel_futures=True)
            # Whoever interrupts does not wait until a part has crawled to S3: it ends with the process.
            wait(running, INTERRUPTED_WITHIN_S if isinstance(error, KeyboardInterrupt) else None)
            raise
        threads.shutdown()

    def _one(self, recording_id: str, short_id: str) -> None:
        if self.throttled.is_set():
            return
        tally = ArchiveTally()
        with self.parts.claims.claim(recording_id) as had:
            try:
                if not had:
                    raise TakenOver
                self._archive(recording_id, short_id, tally)
            except TakenOver:
                tally.elsewhere += 1
        with self.one_at_a_time:
            self.tally.add(tally)

    def _archive(self, recording_id: str, short_id: str, tally: ArchiveTally) -> None:
        try:
            OneRecording(self.parts, recording_id, tally, self.progress, again=self.again).archive()
        except Throttled as error:
            tally.postponed[short_id] = error.code
            self.throttled.set()
        except OutsideFailed as error:
            tally.postponed[short_id] = error.code
        except IntegrityFailed as error:
            tally.wrong[short_id] = error.code

    def _watched(self, progress: Progress) -> Callable[[str, int, int | None], None]:
        def say(label: str, done: int, total: int | None) -> None:
            if self.stop.is_set():
                raise Stopped
            with self.one_at_a_time:
                progress(label, done, total)

        return say
