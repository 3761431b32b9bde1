"""Runs duties on one machine (or on several, over PostgreSQL: each piece of work is claimed).

One thread for what is quick, some for long copies. A failed try is put off with a growing pause; a fault of
ours is logged by its type and code, never by its text, and put off likewise.
"""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

from zoomguard.application import Application
from zoomguard.application.ports import Claims, Clock
from zoomguard.domain.errors import OutsideFailed, Throttled, ZoomguardError
from zoomguard.domain.work import DueWork
from zoomguard.worker.duties import SLOW, Duty, duties

log = logging.getLogger("zoomguard.worker")
IDLE_S = 0.5


class Runner:
    """Takes due work until it is told to stop: what is quick in one thread, long copies in as many as the terms say."""

    def __init__(self, app: Application, claims: Claims, clock: Clock, *, copies: bool = True) -> None:
        self.app, self.claims, self.clock, self.copies = app, claims, clock, copies
        self.duties = {d.kind: d for d in duties(app)}
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Starts its threads; without `copies` the archive is left to `zoomguard archive`."""
        quick = tuple(k for k in self.duties if k not in SLOW)
        copies = [(f"copies-{n + 1}", tuple(SLOW)) for n in range(self.app.archive.at_once if self.copies else 0)]
        for name, kinds in [("duties", quick), *copies]:
            thread = threading.Thread(target=self._loop, args=(kinds,), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, within_s: float = 25) -> None:
        """Takes no more, and waits for what is in hand; a claim dies with the process in any case."""
        self._stop.set()
        for thread in self._threads:
            thread.join(within_s)

    def run_due(self, kinds: tuple[str, ...]) -> int:
        """Does everything that is due now, once; gives how many pieces were taken."""
        taken = 0
        for work in self.app.work.due(kinds):
            if self._stop.is_set():
                break
            taken += self._take(work)
        return taken

    def _loop(self, kinds: tuple[str, ...]) -> None:
        while not self._stop.is_set():
            try:
                self._plan(kinds)
                taken = self.run_due(kinds)
            except ZoomguardError as error:
                # The database is away: nothing can be noted, so wait and try again.
                log.warning("duties wait: %s", error.code)
                taken = 0
            except Exception as error:
                # A thread that ends here would be missed by nobody until mails and copies are late.
                log.critical("duties met a fault: %s", type(error).__name__)
                taken = 0
            self._stop.wait(0 if taken else IDLE_S)

    def _plan(self, kinds: tuple[str, ...]) -> None:
        """What comes by itself is put as work, so that every process sees when it was done last."""
        for kind in kinds:
            duty = self.duties[kind]
            if duty.every is not None:
                self.app.work.plan(kind, "all", duty.every)

    def _take(self, work: DueWork) -> bool:
        with self.claims.claim(f"work/{work.id}") as had:
            if not had or not self.app.work.is_open(work.id):
                return False
            self._do(self.duties[work.kind], work)
            return True

    def _do(self, duty: Duty, work: DueWork) -> None:
        try:
            again_at = duty.method(work.subject)
        except Throttled as error:
            self.app.work.postponed(work.id, error.code, error.retry_at)
        except OutsideFailed as error:
            log.info("%s postponed: %s", work.kind, error.code)
            self.app.work.postponed(work.id, error.code)
        except ZoomguardError as error:
            log.error("%s failed: %s", work.kind, error.code)
            self.app.work.postponed(work.id, error.code)
        except Exception as error:
            # The loop must live: the fault is told by its type, since its text could hold anything.
            log.critical("%s met a fault: %s", work.kind, type(error).__name__)
            self.app.work.postponed(work.id, "FAULT", self.clock.now() + timedelta(minutes=5))
        else:
            self.app.work.done(work, again_at)
