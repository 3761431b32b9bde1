"""Makes the index of recordings anew from the bags alone: an empty database and the bucket are enough.

A bag counts by its commit mark: the oldest tagmanifest, and of every other tag file the version that it names. Of
several that would be the same, the one whose mark is oldest is taken; the others are left, and so is what is no whole
bag: each is named, and an incident. Its recording is found at Zoom again where its session is on record; where not, the
nightly comparison makes it an incident. That the rebuild was begun is on record until it ends: cut off, it is done
again, which passes over the bags that are in the index; nothing else is found, copied or compared before, since a
recording that the index does not know yet would be copied a second time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import select

from zoomguard.application import archive_index
from zoomguard.application.archive_bag_rows import BagRows
from zoomguard.application.archive_found_bag import FoundBag, NotWhole
from zoomguard.application.archive_left_bags import LeftBags
from zoomguard.application.archive_parts import MOST_REFUSED, ArchiveParts
from zoomguard.application.crash import crash_point
from zoomguard.domain import bag as bagit
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import Conflict, OutsideFailed
from zoomguard.domain.people import SERVICE
from zoomguard.domain.rebuild import RebuildReport
from zoomguard.domain.times import iso
from zoomguard.tables import recordings as table
from zoomguard.tables import work as work_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.install import Install

# Who can write to the bucket can write a bag whose mark agrees with anything.
MALFORMED = (
    ArithmeticError,
    AttributeError,
    KeyError,
    RecursionError,
    TypeError,
    ValueError,
    sa.exc.StatementError,
)
NEVER = datetime.max.replace(tzinfo=UTC)


class Rebuilder:
    """Reads the bucket and writes the index."""

    def __init__(self, parts: ArchiveParts) -> None:
        self.parts = parts
        self.refused: list[OutsideFailed] = []
        self._given: str | None = None

    def run(self) -> RebuildReport:
        """Conflict INDEX_NOT_EMPTY where recordings are on record that no rebuild put there, REBUILD_RUNNING where
        another run is at it. OutsideFailed where S3 does not answer, or refuses what it gave before: the next run goes
        on."""
        with self.parts.claims.claim(archive_index.REBUILT) as had:
            if not had:
                raise Conflict("The index is being made anew by another run.", "Wait for it.", code="REBUILD_RUNNING")
            self._begin()
            crash_point("archive.rebuild_begun")
            report = self._all()
            self._end()
        crash_point("archive.rebuild_ended")
        return report

    def _begin(self) -> None:
        with self.parts.database.deciding() as tx:
            if archive_index.is_unfinished(tx):
                return
            if table.count(tx):
                raise Conflict(
                    "There are recordings on record already.",
                    "The index is made anew only in a database without any.",
                    code="INDEX_NOT_EMPTY",
                )
            self._note(tx, archive_index.BEGUN)

    def _end(self) -> None:
        with self.parts.database.deciding() as tx:
            self._note(tx, archive_index.ENDED)

    def _note(self, tx: Transaction, value: str) -> None:
        work_table.move(tx, archive_index.REBUILT, value, self.parts.clock.now())
        tx.commit()

    def _all(self) -> RebuildReport:
        report = RebuildReport()
        for prefix in self._oldest_first():
            self._one(prefix, report)
        self._must_have_given(report)
        LeftBags(self.parts).tell(report.not_whole)
        self._watch_as_before()
        return report

    def _oldest_first(self) -> list[str]:
        """The prefixes of bags by the age of their commit marks, those without one last. S3 sets that moment: whoever
        can write comes after what was archived, and cannot take its place."""
        marked: dict[str, datetime] = {}
        for version in self.parts.vault.listing("v1/"):
            if bagit.KEY.fullmatch(version.key):
                prefix = bagit.prefix_of(version.key)
                is_mark = version.key == prefix + bagit.MARK_NAME and not version.is_marker
                marked[prefix] = min(marked.get(prefix, NEVER), version.stored_at if is_mark else NEVER)
        return sorted(marked, key=lambda prefix: (marked[prefix], prefix))

    def _watch_as_before(self) -> None:
        """A new database begins to watch when it is made; lessons were watched since the first that is archived."""
        with self.parts.database.deciding() as tx:
            first_at, install = table.first_start(tx), tx.first(select(Install))
            if first_at is not None and first_at < install.watch_from_at:
                install.watch_from_at = first_at
                payload = {"from": iso(first_at)}
                tx.commit(audit=Event("install.watched_from", "install", install.id, SERVICE.id, payload))

    def _one(self, prefix: str, report: RebuildReport) -> None:
        try:
            found = FoundBag(self.parts, prefix)
            said = found.document()
            self._write(found, said)
        except NotWhole as error:
            report.not_whole[prefix] = str(error)
        except OutsideFailed as error:
            if not error.permanent or not self._gives_others():
                raise
            self.refused.append(error)
            report.not_whole[prefix] = f"S3 refuses to give it: {error.code}"
        except sa.exc.IntegrityError:
            report.not_whole[prefix] = "it contradicts another bag"
        except MALFORMED:
            report.not_whole[prefix] = "its recording.json is of another form"
        else:
            crash_point("archive.bag_rebuilt")
            self._given = prefix
            report.bags += 1
            report.files += len(said["files"])
            report.recordings.add(said["recording_id"])

    def _gives_others(self) -> bool:
        """Whether what S3 refused is wrong with that bag alone: it still gives one that it gave before. Until it gave
        one it may be any of the first few."""
        if self._given is None:
            return len(self.refused) < MOST_REFUSED
        try:
            FoundBag(self.parts, self._given).document()
        except OutsideFailed:
            return False
        return True

    def _must_have_given(self, report: RebuildReport) -> None:
        """Where S3 gives not one bag and refuses some, a right is wanting, not bags."""
        if self.refused and not report.bags:
            raise self.refused[0]

    def _write(self, found: FoundBag, said: dict[str, Any]) -> None:
        with self.parts.database.deciding() as tx:
            bag = BagRows(tx, found, said)
            if not bag.are_there():
                bag.write()
                payload = {"bag": bag.number}
                tx.commit(audit=Event("recording.index_rebuilt", "recording", bag.id, SERVICE.id, payload))
