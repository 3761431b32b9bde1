"""Finds recordings at Zoom: every teaching host, with an overlap, by UUID only.

Zoom's list filters by the meeting's start date, so a late lesson that is processed the next day carries
yesterday's date: the window begins three days before the cursor. What comes later still is told by Zoom's events,
or found by the nightly comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain

from sqlmodel import col, select

from zoomguard.application import incidents, work
from zoomguard.application.archive_files import note_files
from zoomguard.application.archive_index import refuse_unfinished
from zoomguard.application.archive_parts import ARCHIVE, OVERLAP, ArchiveParts
from zoomguard.application.crash import crash_point
from zoomguard.domain import ids
from zoomguard.domain.archive import ArchiveTally
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import OutsideFailed, Throttled
from zoomguard.domain.incidents import IncidentKind
from zoomguard.domain.people import SERVICE, Role
from zoomguard.domain.recordings import FileState, ListedRecording, RecordingState, RetentionClass
from zoomguard.domain.times import parse_iso
from zoomguard.tables import people as people_table
from zoomguard.tables import recordings as table
from zoomguard.tables import sessions as sessions_table
from zoomguard.tables import work as work_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.incidents import ARRIVED
from zoomguard.tables.install import Install
from zoomguard.tables.people import RoleHeld
from zoomguard.tables.recordings import Recording
from zoomguard.tables.sessions import VideoSession
from zoomguard.tables.watch import MeetingInstance
from zoomguard.tables.work import Cursor

UNKNOWN_AT_ZOOM = "ZOOM_NO_USER"


@dataclass(frozen=True)
class Host:
    """A teaching host: our person, and how Zoom knows them; `cursor` names how far we got with that account."""

    person_id: str
    at_zoom: str
    cursor: str


class Discovery:
    """Walks the hosts and puts on record what Zoom lists."""

    def __init__(self, parts: ArchiveParts) -> None:
        self.parts = parts

    def run(self, tally: ArchiveTally, since: date | None) -> Mapping[str, date]:
        """All hosts; one that fails keeps its cursor where it was and does not stop the others. Where Zoom wants us to
        wait the rest is left to the next run.

        Gives by each account that was looked at the day from which on all is known; one that Zoom does not know
        lists nothing, and never will.
        """
        looked = dict[str, date]()
        for host in self._longest_ago_first(hosts(self.parts)):
            tally.hosts += 1
            try:
                looked[host.at_zoom] = self._walk(host, since, tally)
            except Throttled as error:
                tally.postponed[f"host {tally.hosts} and the rest"] = error.code
                break
            except OutsideFailed as error:
                if error.code == UNKNOWN_AT_ZOOM:
                    note_unknown(self.parts, host)
                    looked[host.at_zoom] = date.min
                else:
                    tally.postponed[f"host {tally.hosts}"] = error.code
        return looked

    def hear(self, uuid: str) -> None:
        """Zoom told of a recording: looks at that one, whenever its lesson was."""
        listed = self.parts.recordings.of_meeting(uuid)
        if listed is not None and listed.started_at >= watch_from(self.parts):
            self.note(listed, ArchiveTally())

    def _walk(self, host: Host, since: date | None, tally: ArchiveTally) -> date:
        earliest = watch_from(self.parts)
        usual = max((self._cursor(host, earliest) - OVERLAP).date(), earliest.date())
        start = max(since or usual, earliest.date())
        tomorrow = self.parts.clock.now().date() + timedelta(days=1)
        for listed in self.parts.recordings.listed(host.at_zoom, start, tomorrow):
            if listed.started_at >= earliest:
                self.note(listed, tally)
        if start > usual:
            return start
        self._advance(host)
        return date.min

    def _longest_ago_first(self, found: tuple[Host, ...]) -> list[Host]:
        """Where Zoom lets us look at a few each time, in the end everybody was looked at."""
        with self.parts.database.reading() as tx:
            at = {c.name: c.at for c in tx.all(select(Cursor).where(col(Cursor.name).in_([h.cursor for h in found])))}
        return sorted(found, key=lambda host: at.get(host.cursor, datetime.min.replace(tzinfo=UTC)))

    def _cursor(self, host: Host, earliest: datetime) -> datetime:
        with self.parts.database.reading() as tx:
            row = tx.get(Cursor, host.cursor)
            got_to = parse_iso(row.value) if row else earliest
        # What a clock that was ahead has written says nothing.
        return got_to if got_to <= self.parts.clock.now() else earliest

    def _advance(self, host: Host) -> None:
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            work_table.move(tx, host.cursor, now.isoformat(), now)
            tx.commit()
        crash_point("archive.host_walked")

    def note(self, listed: ListedRecording, tally: ArchiveTally) -> bool:
        """Puts one listed recording on record; one outside our sessions is only counted, never opened. Says whether
        it is one of ours. Conflict INDEX_UNFINISHED."""
        with self.parts.database.deciding() as tx:
            session = sessions_table.by_meeting(tx, listed.meeting_number)
            known = table.by_uuid(tx, listed.uuid)
            if session is None and known is None:
                tally.outside += 1
                return False
            refuse_unfinished(tx)
            tally.recordings += 1
            tally.files += len(listed.files)
            made = self._new(tx, listed, session) if session and not known else None
            recording = made or _locked(tx, listed.uuid)
            noted = note_files(tx, self.parts, recording, listed)
            tally.safe += sum(f.state is FileState.VERIFIED for f in table.files(tx, recording.id))
            if made or noted.anything:
                self._commit_found(tx, listed, recording, noted.to_copy, noted.events)
        if made or noted.anything:
            crash_point("archive.found")
        return True

    def _commit_found(
        self, tx: Transaction, listed: ListedRecording, recording: Recording, files: int, events: list[Event]
    ) -> None:
        now = self.parts.clock.now()
        if files:
            recording.state = RecordingState.AVAILABLE
        work.put(tx, ARCHIVE, recording.id, now)
        payload = {"files_added": files, "uuid": listed.uuid}
        found = Event("recording.found", "recording", recording.id, SERVICE.id, payload)
        missed = (recording.session_id or "", recording.uuid)
        late = [incidents.happened(tx, IncidentKind.RECORDING_MISSING, one, ARRIVED, now) for one in missed]
        tx.commit(audit=(found, *events, *chain(*late)))

    def _new(self, tx: Transaction, listed: ListedRecording, session: VideoSession) -> Recording | None:
        """None where another run has put it on record in this very moment."""
        now = self.parts.clock.now()
        recording = Recording(
            id=ids.ulid(now),
            short_id=_free_short_id(tx),
            session_id=session.id,
            uuid=listed.uuid,
            meeting_number=listed.meeting_number,
            host_id=listed.host_id,
            state=RecordingState.AVAILABLE,
            retention_class=RetentionClass.ROUTINE,
            starts_at=listed.started_at,
            terms_version=self.parts.terms.version,
            first_seen_at=now,
        )
        if not tx.insert_new(recording):
            return None
        tx.insert_new(
            MeetingInstance(uuid=listed.uuid, session_id=session.id, number=listed.meeting_number, first_seen_at=now)
        )
        return recording


def hosts(parts: ArchiveParts) -> tuple[Host, ...]:
    """Everybody who holds or held the role of teacher, whether active or not, by each account that ever hosted for
    them: one that was replaced at Zoom keeps the recordings it made."""
    with parts.database.reading() as tx:
        teachers = frozenset(r.person_id for r in tx.all(select(RoleHeld).where(RoleHeld.role == Role.TEACHER)))
        hosted = select(VideoSession.teacher_id, VideoSession.host_zoom_id).distinct()
        known = sorted(tuple(row) for row in tx.all(hosted.where(col(VideoSession.host_zoom_id) != "")))
        others = people_table.by_ids(tx, teachers - {person_id for person_id, _ in known})
        emails = {i: parts.seals.open("person", "email", i, p.email) for i, p in others.items()}
    found = [Host(i, at_zoom, f"recordings/{i}/{at_zoom}") for i, at_zoom in known]
    return tuple(found + [Host(i, mail, f"recordings/{i}") for i, mail in sorted(emails.items()) if mail])


def watch_from(parts: ArchiveParts) -> datetime:
    """Nothing older is ever looked into. Meetings are listed by their start, which Zoom rounds: by whole days."""
    with parts.database.reading() as tx:
        began_at: datetime = tx.first(select(Install.watch_from_at))
    return began_at.replace(hour=0, minute=0, second=0, microsecond=0)


def note_unknown(parts: ArchiveParts, host: Host) -> None:
    """Zoom does not know the account: an incident where it held lessons of ours, for its recordings went with it.
    A teacher who never taught may have none yet."""
    now = parts.clock.now()
    with parts.database.deciding() as tx:
        row = tx.first(select(VideoSession.id).where(VideoSession.host_zoom_id == host.at_zoom).limit(1))
        if row is None:
            return
        told = incidents.open_(tx, IncidentKind.HOST_UNKNOWN, host.at_zoom, now, detail={"person": host.person_id})
        if told:
            tx.commit(audit=told)


def _locked(tx: Transaction, uuid: str) -> Recording:
    known = table.by_uuid(tx, uuid)
    return tx.hold(Recording, known.id if known else "")


def _free_short_id(tx: Transaction) -> str:
    while True:
        drawn = ids.short("R")
        if table.find(tx, drawn) is None:
            return drawn
