"""`archive reconcile`: Zoom's word, our index and S3's word compared, in both directions. It deletes nothing.

The lists are compared whole, streaming; locks, tags and legal holds are read back for what was sealed since the
last run and for a thirtieth of the rest, whoever was read longest ago first. Nothing is taken for gone because a
side did not answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import groupby

from zoomguard.application import incidents
from zoomguard.application.archive_at_zoom import AtZoom
from zoomguard.application.archive_check import BagChecks
from zoomguard.application.archive_findings import Findings
from zoomguard.application.archive_parts import ArchiveParts
from zoomguard.application.crash import crash_point
from zoomguard.application.ports import ListedVersion, Progress, UnfinishedUpload
from zoomguard.domain.archive import count
from zoomguard.domain.bag import KEY, MARK_NAME, PROBES, place_of, prefix_of
from zoomguard.domain.errors import Conflict, OutsideFailed
from zoomguard.domain.incidents import IncidentKind
from zoomguard.domain.reconcile import Difference, Ours, ReconcileReport, differences, shown
from zoomguard.tables import recordings as table
from zoomguard.tables.recordings import Bag, Recording

K = IncidentKind
BAGS_AT_ONCE = 500
DONE = {
    K.OBJECT_MISSING: "nothing could be done here",
    K.OBJECT_DIFFERS: "left as it is",
    K.EXTRA_VERSION: "left as it is; the archived version is read by its id",
    K.DELETE_MARKER: "left as it is; the archived version is read by its id",
    K.UNKNOWN_OBJECT: "left as it is",
}


class Reconciler:
    """Compares all three."""

    def __init__(self, parts: ArchiveParts, progress: Progress) -> None:
        self.parts, self.progress = parts, progress
        self.report = ReconcileReport()
        self.findings = Findings(parts, self.report)

    def run(self) -> ReconcileReport:
        """Each side by itself: one that does not answer is named, and the other is compared all the same.

        Conflict INDEX_EMPTY beside a bucket with bags: every object would be a finding, and none of them true.
        """
        self._must_have_an_index()
        AtZoom(self.parts, self.report, self.findings).compare()
        for step in (self._compare_lists, self._uploads, BagChecks(self.parts, self.report, self.findings).run):
            try:
                step()
            except OutsideFailed as error:
                self.report.unknown["s3"] = error.code
        self.findings.end()
        self._name_incidents()
        return self.report

    def _name_incidents(self) -> None:
        with self.parts.database.reading() as tx:
            self.report.findings = [
                replace(each, incident=incidents.open_short_id(tx, each.kind, each.subject))
                for each in self.report.findings
            ]

    def _must_have_an_index(self) -> None:
        """Looked at before and after the bucket, which may be given its first bag meanwhile."""
        if not self._index_is_empty():
            return
        with suppress(OutsideFailed):
            marks = (v.key for v in self.parts.vault.listing("v1/") if v.key.endswith(MARK_NAME))
            if any(KEY.fullmatch(key) for key in marks) and self._index_is_empty():
                raise Conflict(
                    "No recording is on record, and the bucket holds bags.",
                    "If the database was lost, run: zoomguard archive reconcile --rebuild",
                    code="INDEX_EMPTY",
                )

    def _index_is_empty(self) -> bool:
        with self.parts.database.reading() as tx:
            return table.count(tx) == 0

    # The lists ------------------------------------------------------------------------------------------------

    def _compare_lists(self) -> None:
        listed = self._counted(v for v in self.parts.vault.listing("") if not v.key.startswith(PROBES))
        for bag, found in groupby(differences(self._index(), listed), self._unknown_bag):
            if bag:
                self._name_bag(bag, found)
            else:
                for difference in found:
                    self._name(difference)

    def _counted(self, listed: Iterator[ListedVersion]) -> Iterator[ListedVersion]:
        for version in listed:
            self.report.objects += 1
            if self.report.objects % 1000 == 0:
                self.progress("bucket", self.report.objects, None)
            yield version

    def _index(self) -> Iterator[Ours]:
        """All objects of the index by key, some bags in each short transaction."""
        after = ""
        while True:
            with self.parts.database.reading() as tx:
                prefixes = table.bag_prefixes(tx, after, BAGS_AT_ONCE)
                if not prefixes:
                    return
                rows = table.objects_between(tx, after, prefixes[-1])
            yield from (Ours(*row) for row in rows)
            after = prefixes[-1]

    def _unknown_bag(self, difference: Difference) -> str:
        """The prefix of the bag, where the index does not know the whole bag: that is one matter, not one for each of
        its files. "" for anything else."""
        if difference.kind is not K.UNKNOWN_OBJECT or KEY.fullmatch(difference.key) is None:
            return ""
        bag = prefix_of(difference.key)
        _, recording_id, number = place_of(bag)
        with self.parts.database.reading() as tx:
            known = tx.get(Bag, (recording_id, number))
        return "" if known is not None and known.prefix == bag else bag

    def _name_bag(self, bag: str, found: Iterator[Difference]) -> None:
        """What is added to it later is another finding."""
        versions = sum(1 for each in found if self._stands(each))
        if versions:
            _, recording = self._known(bag + MARK_NAME)
            detail: dict[str, str | int] = {"bag": bag, "versions": versions}
            subject = f"{bag} ({count(versions, 'version')})"
            self.findings.note(K.UNKNOWN_OBJECT, subject, DONE[K.UNKNOWN_OBJECT], recording=recording, detail=detail)

    def _name(self, difference: Difference) -> None:
        kind, key, version = difference.kind, difference.key, difference.version_id
        if self._stands(difference):
            _, recording = self._known(key)
            detail = {"key": shown(key), "version": version}
            self.findings.note(kind, f"{shown(key)}@{version}", DONE[kind], recording=recording, detail=detail)

    def _stands(self, difference: Difference) -> bool:
        """Looks again at both sides: copies go on while the lists are read."""
        kind, key, version = difference.kind, difference.key, difference.version_id
        now, _ = self._known(key)
        under_way = now is not None and not now[0]
        archived_since = now is not None and now[0] == version and kind in (K.EXTRA_VERSION, K.UNKNOWN_OBJECT)
        if under_way or archived_since:
            return False
        return kind is not K.OBJECT_MISSING or self.parts.vault.head(key, version) is None

    def _known(self, key: str) -> tuple[tuple[str, int | None] | None, Recording | None]:
        """What the index has under a key, and whose it is. Of a key that is none of ours no database is asked: it may
        hold what no column takes."""
        if KEY.fullmatch(key) is None:
            return None, None
        with self.parts.database.reading() as tx:
            return table.object_at(tx, key), table.by_key(tx, key)

    # Unfinished uploads ---------------------------------------------------------------------------------------

    def _uploads(self) -> None:
        for upload in self.parts.vault.unfinished(""):
            ours, recording = self._known(upload.key)
            if ours is not None and recording is not None:
                self._give_up(upload, recording.id)
            elif not upload.key.startswith(PROBES):
                detail = {"key": shown(upload.key), "upload": upload.upload_id}
                subject = f"{shown(upload.key)}@{upload.upload_id}"
                self.findings.note(K.FOREIGN_UPLOAD, subject, "left as it is", recording=recording, detail=detail)

    def _give_up(self, upload: UnfinishedUpload, recording_id: str) -> None:
        """One of ours that nobody is at work on was left by a crash."""
        with self.parts.claims.claim(recording_id) as had:
            if had:
                self.parts.vault.abort(upload)
                crash_point("archive.upload_given_up")
                self.report.uploads_given_up += 1
