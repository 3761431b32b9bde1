"""Sessions without a recording: still expected for a day, then missing if anybody came. Where Zoom ran the meeting
several times, as after a host lost the line, each time that somebody came must have one.

Each session is judged a day after its end, once Zoom's list of its host was read and Zoom said who came: the cursor
moves on past it only then.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import groupby

from sqlmodel import col, select

from zoomguard.application import incidents
from zoomguard.application.archive_discovery import watch_from
from zoomguard.application.archive_parts import ArchiveParts
from zoomguard.application.crash import crash_point
from zoomguard.application.ports import Attendance
from zoomguard.domain.archive import LISTED_AFTER, ArchiveTally
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import OutsideFailed
from zoomguard.domain.incidents import IncidentKind
from zoomguard.domain.people import SERVICE
from zoomguard.domain.sessions import SessionState
from zoomguard.domain.times import parse_iso
from zoomguard.tables import incidents as incidents_table
from zoomguard.tables import recordings as table
from zoomguard.tables import sessions as sessions_table
from zoomguard.tables import watch as watch_table
from zoomguard.tables import work as work_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import VideoSession
from zoomguard.tables.work import Cursor

# A session that was cancelled while it ran was held all the same.
TAKEN_AWAY = (SessionState.REMOVING, SessionState.CANCELLED)
LONGEST = timedelta(hours=4)
CURSOR = "recordings/judged"


class Missing:
    """Looks for sessions whose recording never came. `looked` says by each account from which day on Zoom's list is
    known: who was not looked at has nothing missing."""

    def __init__(self, parts: ArchiveParts, looked: Mapping[str, date]) -> None:
        self.parts, self.looked = parts, looked

    def judge(self, tally: ArchiveTally, told_of: str | None = None) -> None:
        """Judges what is due; a session of which Zoom says nothing stays due, and is not in the way of others. The
        tally holds what stands in the way: of every session, or of `told_of` alone."""
        until, all_judged = self.parts.clock.now() - LISTED_AFTER, True
        # Many lessons end at the same minute: the cursor moves on to it once all of them are judged.
        for end, together in groupby(self._due(until), _end):
            for session in together:
                counts = tally if told_of in (None, session.id) else ArchiveTally()
                all_judged = self._is_judged(session, counts) and all_judged
            if all_judged:
                self._advance(end, until)
        if all_judged:
            self._advance(until, until)

    def _is_judged(self, session: VideoSession, tally: ArchiveTally) -> bool:
        from_on = self.looked.get(session.host_zoom_id)
        if from_on is None or from_on > session.starts_at.date():
            return False
        try:
            self._judge(session)
        except OutsideFailed as error:
            tally.postponed[session.short_id] = error.code
            return False
        return True

    def _due(self, until: datetime) -> list[VideoSession]:
        """Sessions whose day is over and that were not judged yet, in the order of their end."""
        with self.parts.database.reading() as tx:
            row = tx.get(Cursor, CURSOR)
            is_known = row and not _is_ahead(row, until)
            since = parse_iso(row.value) if row and is_known else watch_from(self.parts)
            return [s for s in _perhaps_held(tx, since, until) if since < _end(s) <= until]

    def _judge(self, session: VideoSession) -> None:
        with self.parts.database.reading() as tx:
            recorded = table.uuids_of(tx, session.id)
        there = self.parts.attendance.of_meeting(session.meeting_number or 0, recorded)
        came = [uuid for uuid, visitors in there.visitors.items() if visitors] if there else []
        if there is not None and there.instances > 1:
            subjects = came
        else:
            subjects = [session.id] if not recorded and (came or self._was_held(session, there)) else []
        for subject in subjects:
            self._tell(session, subject)

    def _tell(self, session: VideoSession, subject: str) -> None:
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            recorded = table.uuids_of(tx, session.id)
            if subject in recorded or (subject == session.id and recorded):
                return
            kind = IncidentKind.RECORDING_MISSING
            told = incidents.open_(tx, kind, subject, now, session_id=session.id)
            if told:
                missed = Event("recording.missing", "video_session", session.id, SERVICE.id)
                tx.commit(audit=(told, missed))
        crash_point("archive.judged_missing")

    def _was_held(self, session: VideoSession, there: Attendance | None) -> bool:
        """Where Zoom names no visitor: not if it knows of an instance. Where it knows of none its own event decides;
        where it knows no such meeting at all it is taken as held, unless we took the meeting away ourselves."""
        if there is not None and there.instances:
            return False
        with self.parts.database.reading() as tx:
            started = bool(watch_table.started_numbers(tx, frozenset({session.meeting_number or 0})))
        return started or (there is None and session.state not in TAKEN_AWAY)

    def _advance(self, to: datetime, until: datetime) -> None:
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = tx.lock(Cursor, CURSOR)
            if row is None or parse_iso(row.value) < to or _is_ahead(row, until):
                work_table.move(tx, CURSOR, to.isoformat(), now)
                tx.commit()
        crash_point("archive.judged")


def _is_ahead(cursor: Cursor, until: datetime) -> bool:
    """Whether a clock that was wrong moved it beyond what can be judged by now: it says nothing then, and all is
    judged again from the beginning, which opens nothing twice."""
    return parse_iso(cursor.value) > until


def say_what_waits(parts: ArchiveParts, tally: ArchiveTally, told_of: str | None = None) -> None:
    """Says how long recordings have waited, and names the sessions whose recording is expected or missing, and the
    grave incidents that nobody has closed: all of them, or those of the session `told_of`."""
    now = parts.clock.now()
    with parts.database.reading() as tx:
        recent = [s for s in _without_recording(tx, now - LISTED_AFTER, now) if told_of in (None, s.id)]
        waiting = [r for r in table.unarchived(tx) if told_of in (None, r.session_id)]
        tally.waiting = tuple(now - r.first_seen_at for r in waiting)
        tally.expected = tuple(
            s.short_id for s in recent if now - LISTED_AFTER < _end(s) <= now and s.state not in TAKEN_AWAY
        )
        grave = [i for i in incidents_table.grave(tx) if told_of in (None, i.session_id)]
        missing = {i.session_id for i in grave if i.kind is IncidentKind.RECORDING_MISSING}
        rows = tx.all(select(VideoSession).where(col(VideoSession.id).in_(missing)))
        tally.missing = tuple(sorted(s.short_id for s in rows))
        others = (i for i in grave if i.kind is not IncidentKind.RECORDING_MISSING)
        tally.open_incidents = tuple((i.short_id, i.kind.value) for i in others)


def _without_recording(tx: Transaction, since: datetime, until: datetime) -> list[VideoSession]:
    found = _perhaps_held(tx, since, until)
    have = table.of_sessions(tx, frozenset(s.id for s in found))
    return [s for s in found if s.id not in have]


def _perhaps_held(tx: Transaction, since: datetime, until: datetime) -> list[VideoSession]:
    """Sessions that may have been held and end about then, in the order of their end."""
    query = select(VideoSession).where(
        VideoSession.starts_at > since - LONGEST,
        VideoSession.starts_at <= until,
        col(VideoSession.meeting_number).is_not(None),
        col(VideoSession.state).in_((*sessions_table.HELD, *TAKEN_AWAY)),
    )
    found: list[VideoSession] = tx.all(query)
    return sorted(found, key=lambda s: (_end(s), s.id))


def _end(session: VideoSession) -> datetime:
    return session.starts_at + timedelta(minutes=session.minutes)
