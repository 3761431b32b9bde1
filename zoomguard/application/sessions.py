"""Sessions: scheduled by the rules, listed, shown with the reasons, cancelled."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col, select

from zoomguard.application import access
from zoomguard.application.meeting_lookup import StillUnknown
from zoomguard.application.meeting_removal import CANCELLED, MeetingRemoval
from zoomguard.application.scheduling import Scheduling
from zoomguard.application.session_parts import SessionParts, change_state, locked, number_of, views
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import Conflict, NotAllowed, NotThere, OutsideFailed, Refused
from zoomguard.domain.people import SERVICE, Who
from zoomguard.domain.sessions import (
    CANCELLABLE,
    ScheduleAnswer,
    ScheduleAsk,
    SessionDetail,
    SessionState,
    SessionView,
    WhyAllowed,
    may_become,
)
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import VideoSession

NOT_FOR_YOU = ("There is no such session for you.", "See: zoomguard sessions list")


class Sessions:
    """The use cases of sessions, and the duties that go on with them after a crash."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts
        self.scheduling = Scheduling(parts)
        self.creation = self.scheduling.creation
        self.removal = MeetingRemoval(parts)

    def schedule(self, who: Who, ask: ScheduleAsk) -> ScheduleAnswer:
        """Rules first, then the meeting at Zoom, read back and confirmed.

        Refused (with findings), BadInput, Conflict for a key used for another ask, OutsideFailed where Zoom failed
        or could not tell; nothing is left at Zoom that does not stand as asked.
        """
        return self.scheduling.schedule(who, ask)

    def _view(self, session_id: str) -> SessionView:
        with self.parts.database.reading() as tx:
            row = tx.need(VideoSession, session_id)
            return views(self.parts, tx, [row])[0]

    # List, show, cancel --------------------------------------------------------------------------------------

    def list(self, who: Who, *, most: int = 200) -> tuple[SessionView, ...]:
        """The sessions that this person may see, from yesterday on, earliest first."""
        access.require(who, "sessions.see_own")
        since = self.parts.clock.now() - timedelta(days=1)
        query = select(VideoSession).where(VideoSession.starts_at >= since)
        if not access.may(who, "sessions.see_all"):
            own = sa.or_(col(VideoSession.teacher_id) == who.id, col(VideoSession.observer_id) == who.id)
            query = query.where(own)
        with self.parts.database.reading() as tx:
            rows = tx.all(query.order_by(col(VideoSession.starts_at), col(VideoSession.id)).limit(most))
            return views(self.parts, tx, rows)

    def show(self, who: Who, id_or_short: str) -> SessionDetail:
        """A session and why it is allowed; NotThere where it is not for this person."""
        access.require(who, "sessions.see_own")
        with self.parts.database.reading() as tx:
            row = self._seen(tx, who, id_or_short)
            why = tuple(_why(e, access.may(who, "sessions.see_all")) for e in table.evaluations(tx, row.id))
            return SessionDetail(views(self.parts, tx, [row])[0], why)

    def cancel(self, who: Who, id_or_short: str) -> SessionView:
        """Cancels: doors shut and guardians told at once, then the meeting is taken away from Zoom."""
        access.require(who, "sessions.cancel")
        with self.parts.database.reading() as tx:
            row = self._seen(tx, who, id_or_short)
        own = who.id in (row.teacher_id, row.observer_id)
        if not own and not access.may(who, "sessions.schedule_for_others"):
            raise NotAllowed("You may cancel only sessions of your own.", "Ask the enrolment office.")
        if row.state is SessionState.CANCELLED:
            return self._view(row.id)
        with self.parts.claims.claim(row.id, wait_s=60) as had:
            if not had:
                raise OutsideFailed("Somebody else is at work on this session.", "Repeat in a minute.", code="CLAIMED")
            row = self._fresh(row.id)
            over = row.starts_at + timedelta(minutes=row.minutes) <= self.parts.clock.now()
            if row.state not in CANCELLABLE or over:
                state = "over" if over else row.state
                raise Conflict(f"A session that is {state} cannot be cancelled.", "", code="NOT_CANCELLABLE")
            self.removal.begin(row.id, CANCELLED, who=who)
            self.removal.finish(row.id)
        return self._view(row.id)

    def _fresh(self, session_id: str) -> VideoSession:
        with self.parts.database.reading() as tx:
            row = tx.need(VideoSession, session_id)
            return row

    def _seen(self, tx: Transaction, who: Who, id_or_short: str) -> VideoSession:
        row = table.find(tx, id_or_short.upper())
        own = row is not None and who.id in (row.teacher_id, row.observer_id)
        if row is None or not (own or access.may(who, "sessions.see_all")):
            raise NotThere(*NOT_FOR_YOU)
        return row

    # Duties --------------------------------------------------------------------------------------------------

    def create_meeting(self, session_id: str) -> datetime | None:
        """Goes on with a creation that was cut off; gives the moment to look again where it is not known yet."""
        try:
            self.creation.make(session_id)
        except StillUnknown as unknown:
            return self.parts.clock.now() + unknown.look_after
        except Refused:
            return None  # On record, and removed again.
        return None

    def remove_meeting(self, session_id: str) -> datetime | None:
        """Goes on removing until Zoom says that the meeting is gone."""
        with self.parts.claims.claim(session_id) as had:
            if not had:
                return self.parts.clock.now() + timedelta(seconds=5)
            try:
                self.removal.finish(session_id)
            except StillUnknown as unknown:
                return self.parts.clock.now() + unknown.look_after
        return None

    def end_session(self, session_id: str) -> datetime | None:
        """Notes that a session is over: its time is over, and Zoom shows no running meeting."""
        with self.parts.database.reading() as tx:
            row = tx.need(VideoSession, session_id)
        now, ends_at = self.parts.clock.now(), row.starts_at + timedelta(minutes=row.minutes)
        if not may_become(row.state, SessionState.ENDED):
            return None
        if now < ends_at:
            return ends_at
        meeting = self.parts.meetings.read(number_of(row))
        if meeting is not None and meeting.status == "started":
            return now + timedelta(minutes=5)
        with self.parts.database.deciding() as tx:
            row = locked(tx, session_id, row.version)
            change_state(row, SessionState.ENDED)
            payload = {"meeting": "gone" if meeting is None else "over"}
            tx.commit(audit=Event("session.ended", "session", session_id, SERVICE.id, payload))
        return None

    def sweep_meetings(self, session_id: str) -> datetime | None:
        """Removes a meeting that was created late, after another took its place."""
        self.removal.sweep(session_id)
        with self.parts.database.reading() as tx:
            row = tx.get(VideoSession, session_id)
        if row is None or self.parts.clock.now() > row.made_at + timedelta(hours=24):
            return None
        return row.made_at + timedelta(hours=24, minutes=1)


def _why(row: table.EvaluationRow, all_of_it: bool) -> WhyAllowed:
    rules = tuple(json.loads(row.findings))
    if not all_of_it:
        rules = tuple({**r, "reason": ""} if r["rule"].startswith("CON-") else r for r in rules)
    return WhyAllowed(
        row.occasion, row.at, row.terms_version, row.verdict, rules, tuple(json.loads(row.consent_event_ids))
    )
