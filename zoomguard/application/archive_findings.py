"""What a comparison found: each finding is an incident until a person has settled it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from zoomguard.application import incidents
from zoomguard.application.archive_parts import ArchiveParts
from zoomguard.application.crash import crash_point
from zoomguard.domain.audit import Event
from zoomguard.domain.incidents import IncidentKind
from zoomguard.domain.people import SERVICE
from zoomguard.domain.reconcile import ReconcileFinding, ReconcileReport
from zoomguard.domain.times import iso
from zoomguard.tables import incidents as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.recordings import Recording

# Of one kind so many get a new incident in one run; more are counted, and those that stay get theirs in later runs.
MOST_OF_A_KIND = 50


class Findings:
    """Takes findings in."""

    def __init__(self, parts: ArchiveParts, report: ReconcileReport) -> None:
        self.parts, self.report = parts, report
        self._opened: Counter[IncidentKind] = Counter()
        self._beyond: Counter[IncidentKind] = Counter()
        self._noted: set[tuple[IncidentKind, str]] = set()

    def note(
        self,
        kind: IncidentKind,
        subject: str,
        done: str | Callable[[], str],
        *,
        recording: Recording | None = None,
        detail: Mapping[str, str | int] | None = None,
    ) -> None:
        """One finding, with what was done about it: `done` may do it, once the incident is on record. The same found by
        two comparisons is one."""
        if (kind, subject) in self._noted:
            return
        self._noted.add((kind, subject))
        with self.parts.database.deciding() as tx:
            is_new = not incidents.is_known(tx, kind, subject)
            settled = not is_new and not incidents.open_short_id(tx, kind, subject)
            is_told = not is_new or self._opened[kind] < MOST_OF_A_KIND
            if is_told:
                self._open(tx, kind, subject, recording, detail)
        crash_point("archive.finding_noted")
        if not is_told:
            self.report.more[kind.value] = self.report.more.get(kind.value, 0) + 1
            if callable(done):
                self._put_right_beyond(kind, subject, done)
            return
        said = self._did(kind, subject, done) if callable(done) else done
        self._opened[kind] += is_new
        self.report.findings.append(ReconcileFinding(kind, subject, said, settled))

    def came_back(self, kind: IncidentKind, subject: str) -> None:
        """What was gone is there again: its incident says so, and a next time is a new matter."""
        with self.parts.database.deciding() as tx:
            noted = incidents.happened(tx, kind, subject, table.ARRIVED, self.parts.clock.now())
            if noted:
                tx.commit(audit=noted)

    def end(self) -> None:
        """Nothing is put right in silence: what got no incident of its own has one together, and the audit each."""
        for kind, count in self._beyond.items():
            self._opened[kind] = 0
            subject = f"{count} more, {iso(self.parts.clock.now())}"
            self.note(kind, subject, "put right; the audit names each", detail={"more": count})

    def _put_right_beyond(self, kind: IncidentKind, subject: str, do: Callable[[], str]) -> None:
        payload = {"subject": subject, "done": do()}
        with self.parts.database.deciding() as tx:
            tx.commit(audit=Event("archive.put_right", "incident_kind", kind.value, SERVICE.id, payload))
        self._beyond[kind] += 1

    def _did(self, kind: IncidentKind, subject: str, do: Callable[[], str]) -> str:
        """Puts something right; what came of it stands in the incident's history too."""
        said = do()
        with self.parts.database.deciding() as tx:
            noted = incidents.happened(tx, kind, subject, said, self.parts.clock.now())
            if noted:
                tx.commit(audit=noted)
        return said

    def _open(
        self,
        tx: Transaction,
        kind: IncidentKind,
        subject: str,
        recording: Recording | None,
        detail: Mapping[str, str | int] | None,
    ) -> None:
        told = incidents.open_(
            tx,
            kind,
            subject,
            self.parts.clock.now(),
            session_id=recording.session_id if recording else None,
            recording_id=recording.id if recording else None,
            detail=detail,
        )
        if told:
            tx.commit(audit=told)
