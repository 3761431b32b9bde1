"""Finds recordings at Zoom: every teaching host, with an overlap, by UUID only.

Zoom's list filters by the meeting's start date, so a late lesson that is processed the next day carries
yesterday's date: the window begins three days before the cursor. Its window is at most one month.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import col, select

from zoomguard.application import work
from zoomguard.application.archive_parts import ARCHIVE, OVERLAP, WINDOW, ArchiveParts
from zoomguard.domain import bag, ids, retention
from zoomguard.domain.archive import ArchiveTally
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import OutsideFailed
from zoomguard.domain.people import SERVICE, Role
from zoomguard.domain.recordings import (
    FileState,
    ListedFile,
    ListedRecording,
    RecordingState,
    RetentionClass,
    file_name,
    kind_of,
)
from zoomguard.domain.sessions import SessionState
from zoomguard.domain.times import parse_iso
from zoomguard.tables import people as people_table
from zoomguard.tables import recordings as table
from zoomguard.tables import sessions as sessions_table
from zoomguard.tables import watch as watch_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.install import Install
from zoomguard.tables.people import RoleHeld
from zoomguard.tables.recordings import Bag, Recording, RecordingFile
from zoomguard.tables.sessions import VideoSession
from zoomguard.tables.watch import MeetingInstance
from zoomguard.tables.work import Cursor

# A session that was cancelled while it ran was held all the same.
TAKEN_AWAY = (SessionState.REMOVING, SessionState.CANCELLED)


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

    def run(self, tally: ArchiveTally, since: date | None) -> None:
        """All hosts; one that fails keeps its cursor where it was and does not stop the others."""
        for host in self._hosts():
            tally.hosts += 1
            try:
                self._walk(host, since, tally)
            except OutsideFailed as error:
                tally.postponed[f"host {tally.hosts}"] = error.code

    def _hosts(self) -> tuple[Host, ...]:
        """Everybody who holds or held the role of teacher, whether active or not, by each account that ever hosted
        for them: one that was replaced at Zoom keeps the recordings it made."""
        with self.parts.database.reading() as tx:
            teachers = frozenset(r.person_id for r in tx.all(select(RoleHeld).where(RoleHeld.role == Role.TEACHER)))
            hosted = select(VideoSession.teacher_id, VideoSession.host_zoom_id).distinct()
            known = sorted(tuple(row) for row in tx.all(hosted.where(VideoSession.host_zoom_id != "")))
            others = people_table.by_ids(tx, teachers - {person_id for person_id, _ in known})
            emails = {i: self.parts.seals.open("person", "email", i, p.email) for i, p in others.items()}
        hosts = [Host(i, at_zoom, f"recordings/{i}/{at_zoom}") for i, at_zoom in known]
        return tuple(hosts + [Host(i, mail, f"recordings/{i}") for i, mail in sorted(emails.items()) if mail])

    def _walk(self, host: Host, since: date | None, tally: ArchiveTally) -> None:
        watch_from, cursor = self._begin(host)
        today = self.parts.clock.now().date()
        usual = max((cursor - OVERLAP).date(), watch_from.date())
        start = max(since or usual, watch_from.date())
        for from_on, to_on in _windows(start, today + timedelta(days=1)):
            for listed in self.parts.recordings.listed(host.at_zoom, from_on, to_on):
                if listed.started_at >= watch_from:
                    self.note(listed, tally)
        if start <= usual:
            self._advance(host)

    def _begin(self, host: Host) -> tuple[datetime, datetime]:
        with self.parts.database.reading() as tx:
            install = tx.first(select(Install))
            row = tx.get(Cursor, host.cursor)
            # Meetings are listed by their start, which Zoom rounds: nothing of the day before is looked into.
            watch_from = install.watch_from_at.replace(hour=0, minute=0, second=0, microsecond=0)
            return watch_from, parse_iso(row.value) if row else watch_from

    def _advance(self, host: Host) -> None:
        now, name = self.parts.clock.now(), host.cursor
        with self.parts.database.deciding() as tx:
            row = tx.lock(Cursor, name)
            if row is None:
                tx.insert_new(Cursor(name=name, value=now.isoformat(), at=now))
            else:
                row.value, row.at = now.isoformat(), now
            tx.commit()

    def note(self, listed: ListedRecording, tally: ArchiveTally) -> None:
        """Puts one listed recording on record; one outside our sessions is only counted, never opened."""
        with self.parts.database.deciding() as tx:
            session = sessions_table.by_meeting(tx, listed.meeting_number)
            if session is None:
                tally.outside += 1
                return
            tally.recordings += 1
            tally.files += len(listed.files)
            known = table.by_uuid(tx, listed.uuid)
            made = None if known else self._new(tx, listed, session)
            recording = made or _locked(tx, listed.uuid)
            added = add_files(tx, self.parts, recording, listed)
            tally.safe += sum(f.state is FileState.VERIFIED for f in table.files(tx, recording.id))
            if not made and not added:
                return
            recording.state = RecordingState.AVAILABLE
            work.put(tx, ARCHIVE, recording.id, self.parts.clock.now())
            payload = {"files_added": added, "uuid": listed.uuid}
            tx.commit(audit=Event("recording.found", "recording", recording.id, SERVICE.id, payload))

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


def _locked(tx: Transaction, uuid: str) -> Recording:
    known = table.by_uuid(tx, uuid)
    return tx.hold(Recording, known.id if known else "")


def add_files(tx: Transaction, parts: ArchiveParts, recording: Recording, listed: ListedRecording) -> int:
    """Rows for files that are not on record yet and that Zoom has finished; gives how many."""
    known = table.files(tx, recording.id)
    keys = {f.zoom_file_key for f in known}
    fresh = [f for f in listed.files if f.key not in keys and f.status in ("completed", "")]
    if not fresh:
        return 0
    into = _filling_bag(tx, recording.id) or _new_bag(tx, parts, recording, listed)
    for file in fresh:
        taken = frozenset(f.name for f in table.files(tx, recording.id) if f.bag_number == into.number)
        tx.add(_new_file(parts, recording, into, file, taken))
        tx.flush()
    return len(fresh)


def _filling_bag(tx: Transaction, recording_id: str) -> Bag | None:
    """The open bag whose tag files are not written down yet: what has a manifest takes no more files."""
    unsealed = table.open_bags(tx, recording_id)
    return next((b for b in unsealed if not table.bag_files(tx, recording_id, b.number)), None)


def _new_bag(tx: Transaction, parts: ArchiveParts, recording: Recording, listed: ListedRecording) -> Bag:
    now = parts.clock.now()
    # A lock cannot be taken back: an end that is still to come is an error of Zoom's.
    ends = [min(f.recorded_to_at, now) for f in listed.files if f.recorded_to_at is not None]
    recording.last_end_at = max([*ends, recording.last_end_at or listed.started_at])
    days = parts.terms.retention_days[recording.retention_class.value]
    until = retention.retain_until(recording.last_end_at, days)
    recording.retain_until_at = max(until, recording.retain_until_at or until)
    number = recording.bags + len(table.open_bags(tx, recording.id)) + 1
    session = tx.get(VideoSession, recording.session_id) if recording.session_id else None
    year_of = session.starts_at if session else recording.starts_at
    made = Bag(
        recording_id=recording.id,
        number=number,
        begun_at=now,
        retain_until_at=recording.retain_until_at,
        prefix=bag.prefix(year_of, recording.session_id, recording.id, number),
    )
    tx.add(made)
    tx.flush()
    return made


def _new_file(
    parts: ArchiveParts, recording: Recording, into: Bag, file: ListedFile, taken: frozenset[str]
) -> RecordingFile:
    name = file_name(kind_of(file.type), taken)
    return RecordingFile(
        id=ids.ulid(parts.clock.now()),
        recording_id=recording.id,
        zoom_file_key=file.key,
        type=file.type,
        recording_type=file.recording_type,
        zoom_size=file.size,
        recorded_from_at=file.recorded_from_at,
        recorded_to_at=file.recorded_to_at,
        name=name,
        bag_number=into.number,
        state=FileState.AVAILABLE,
        key=bag.key(into.prefix, f"data/{name}"),
    )


def _windows(start: date, end: date) -> Iterator[tuple[date, date]]:
    while start <= end:
        yield start, min(start + WINDOW, end)
        start = start + WINDOW + timedelta(days=1)


def _free_short_id(tx: Transaction) -> str:
    while True:
        drawn = ids.short("R")
        if table.find(tx, drawn) is None:
            return drawn


def expected(parts: ArchiveParts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Short ids of ended sessions without any recording: those still expected, and those that were held and are
    missing after 24 hours. Whether a session was held is told by Zoom's own event; without one it is only expected."""
    now = parts.clock.now()
    waiting, missing = [], []
    with parts.database.reading() as tx:
        have = set(tx.all(select(Recording.session_id)))
        recent = tx.all(
            select(VideoSession).where(
                VideoSession.starts_at < now,
                VideoSession.starts_at > now - timedelta(days=7),
                col(VideoSession.meeting_number).is_not(None),
                col(VideoSession.state).in_((*sessions_table.HELD, *TAKEN_AWAY)),
            )
        )
        started = watch_table.started_numbers(tx, frozenset(s.meeting_number for s in recent))
    for session in recent:
        ends_at = session.starts_at + timedelta(minutes=session.minutes)
        if session.id in have or ends_at > now:
            continue
        if session.state in TAKEN_AWAY and session.meeting_number not in started:
            continue
        held, late = session.meeting_number in started, now > ends_at + timedelta(hours=24)
        if held and late:
            missing.append(session.short_id)
        elif not late:
            waiting.append(session.short_id)
    return tuple(waiting), tuple(missing)
