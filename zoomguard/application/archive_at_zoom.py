"""Zoom's side of the comparison: every recording that teaching hosts have, against the index."""

from __future__ import annotations

from datetime import date, timedelta

from zoomguard.application.archive_discovery import UNKNOWN_AT_ZOOM, Discovery, Host, hosts, note_unknown, watch_from
from zoomguard.application.archive_findings import Findings
from zoomguard.application.archive_parts import ArchiveParts
from zoomguard.domain.archive import ArchiveTally
from zoomguard.domain.errors import OutsideFailed, Throttled
from zoomguard.domain.incidents import IncidentKind
from zoomguard.domain.reconcile import ReconcileReport
from zoomguard.tables import incidents as incidents_table
from zoomguard.tables import recordings as table
from zoomguard.tables.recordings import Recording

K = IncidentKind
NO_TEACHERS = "NO_TEACHERS"
# How far back Zoom's lists are told to reach; what is older is in the archive, or lost.
REACH = timedelta(days=180)


class AtZoom:
    """Walks all hosts over all that Zoom still lists."""

    def __init__(self, parts: ArchiveParts, report: ReconcileReport, findings: Findings) -> None:
        self.parts, self.report, self.findings = parts, report, findings
        self.discovery, self.tally = Discovery(parts), ArchiveTally()

    def compare(self) -> None:
        """What Zoom has and we have not, and what it no longer has before it is archived. Where Zoom wants us to wait
        the rest is left to the next run, and is not known."""
        try:
            self._compare()
        except Throttled as error:
            self.report.unknown["zoom and the rest of it"] = error.code

    def _compare(self) -> None:
        earliest = max(watch_from(self.parts), self.parts.clock.now() - REACH)
        with self.parts.database.reading() as tx:
            before = table.count(tx)
        for number, host in enumerate(hosts(self.parts), 1):
            self._host(host, number, earliest.date())
        if before and not self.report.hosts:
            self.report.unknown["zoom"] = NO_TEACHERS
        with self.parts.database.reading() as tx:
            self.report.found_late = table.count(tx) - before
            waiting = table.unarchived(tx)
        for recording in waiting:
            self._still_there(recording)

    def _host(self, host: Host, number: int, earliest: date) -> None:
        self.report.hosts += 1
        tomorrow = self.parts.clock.now().date() + timedelta(days=1)
        began_at = watch_from(self.parts)
        try:
            for listed in self.parts.recordings.listed(host.at_zoom, earliest, tomorrow):
                self.report.zoom_recordings += 1
                if listed.started_at >= began_at and not self.discovery.note(listed, self.tally):
                    detail: dict[str, str | int] = {"meeting_number": listed.meeting_number, "person": host.person_id}
                    done = "not opened; it stays at Zoom"
                    self.findings.note(K.RECORDING_OUTSIDE, listed.uuid, done, detail=detail)
        except Throttled:
            raise
        except OutsideFailed as error:
            if error.code == UNKNOWN_AT_ZOOM:
                self._unknown(host)
            else:
                self.report.unknown[f"zoom host {number}"] = error.code

    def _unknown(self, host: Host) -> None:
        """An account that Zoom does not know: a finding where it held lessons, for nothing of it can be compared."""
        note_unknown(self.parts, host)
        with self.parts.database.reading() as tx:
            held_lessons = incidents_table.latest(tx, K.HOST_UNKNOWN, host.at_zoom) is not None
        if held_lessons:
            self.findings.note(K.HOST_UNKNOWN, host.at_zoom, "its recordings could not be compared")

    def _still_there(self, recording: Recording) -> None:
        """A recording that is not archived whole, asked for by its UUID: only Zoom's own "none" counts as gone."""
        try:
            listed = self.parts.recordings.of_meeting(recording.uuid)
        except Throttled:
            raise
        except OutsideFailed as error:
            self.report.unknown[f"zoom {recording.short_id}"] = error.code
            return
        if listed is None:
            done = "the copies that are made are kept"
            self.findings.note(K.GONE_AT_ZOOM, recording.id, done, recording=recording)
        else:
            self.findings.came_back(K.GONE_AT_ZOOM, recording.id)
