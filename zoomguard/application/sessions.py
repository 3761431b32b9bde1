"""Sessions: scheduled by the rules, listed, shown with the reasons, cancelled."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from zoomguard.application import access, session_facts
from zoomguard.application.meeting_change import MeetingChange
from zoomguard.application.meeting_lookup import StillUnknown
from zoomguard.application.meeting_removal import CANCELLED, MeetingRemoval
from zoomguard.application.planning import Planning
from zoomguard.application.roster_changes import RosterChanges
from zoomguard.application.scheduling import Scheduling
from zoomguard.application.session_changes import NewTime, SessionChanges
from zoomguard.application.session_notes import note_warnings
from zoomguard.application.session_parts import TOO_LATE, SessionParts, change_state, locked, number_of, views
from zoomguard.application.session_seen import (
    as_asked,
    known_of,
    seen,
    still_asked,
    takes_part,
    told_of,
    told_since,
)
from zoomguard.domain import session_reasons, times
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import Conflict, NotAllowed, OutsideFailed, Refused, Throttled
from zoomguard.domain.people import SERVICE, Who
from zoomguard.domain.session_reasons import SessionDetail, WhyAllowed
from zoomguard.domain.sessions import (
    CANCELLABLE,
    ChangeAnswer,
    MovedTo,
    ScheduleAnswer,
    ScheduleAsk,
    SessionState,
    SessionView,
    may_become,
)
from zoomguard.domain.spoken_starts import wall_start
from zoomguard.rules.occasions import ADVISORY
from zoomguard.tables import observers as observers_table
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.observers import AskState
from zoomguard.tables.sessions import VideoSession


@dataclass(frozen=True)
class Sought:
    """Which sessions are wanted: of a teacher (address), a course, a day of the college, a state."""

    teacher: str = ""
    course: str = ""
    on: date | None = None
    state: SessionState | None = None


class Sessions:
    """The use cases of sessions, and the duties that go on with them after a crash."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts
        self.scheduling = Scheduling(parts)
        self.creation = self.scheduling.creation
        self.removal = MeetingRemoval(parts)
        self.change = MeetingChange(parts, self.creation)
        self.planning = Planning(parts, self.creation)
        self.changes = SessionChanges(parts, self.scheduling, self.change)
        self.rosters = RosterChanges(parts, self.scheduling)

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

    def list(self, who: Who, wanted: Sought | None = None, *, most: int = 500) -> tuple[SessionView, ...]:
        """The sessions that this person may see, earliest first: from yesterday on, or those that are sought. Those
        that they were asked to observe come too, with no more than the question says."""
        access.require(who, "sessions.see_own")
        wanted, now = wanted or Sought(), self.parts.clock.now()
        everybodys = access.may(who, "sessions.see_all")
        with self.parts.database.reading() as tx:
            query = self._sought(tx, wanted)
            if not everybodys:
                own = (col(VideoSession.teacher_id) == who.id, col(VideoSession.observer_id) == who.id)
                query = query.where(sa.or_(*own, still_asked(who.id, now)))
            rows = tx.all(query.order_by(col(VideoSession.starts_at), col(VideoSession.id)).limit(most))
            shown = zip(rows, views(self.parts, tx, rows), strict=True)
            return tuple(v for row, view in shown if (v := view if everybodys else _own(who, row, view)))

    def _sought(self, tx: Transaction, wanted: Sought) -> Any:
        query = select(VideoSession)
        if wanted.on is None:
            query = query.where(VideoSession.starts_at >= self.parts.clock.now() - timedelta(days=1))
        else:
            from_at, until_at = times.day_bounds(wanted.on, self.parts.terms.zone)
            query = query.where(VideoSession.starts_at >= from_at, VideoSession.starts_at < until_at)
        if wanted.teacher:
            person = access.find_staff(tx, self.parts.seals, wanted.teacher, active_only=False)
            query = query.where(VideoSession.teacher_id == person.id)
        if wanted.course:
            query = query.where(VideoSession.course == wanted.course)
        return query.where(VideoSession.state == wanted.state) if wanted.state else query

    def show(self, who: Who, id_or_short: str) -> SessionDetail:
        """A session and why it is allowed; NotThere where it is not for this person."""
        access.require(who, "sessions.see_own")
        with self.parts.database.reading() as tx:
            row = seen(tx, who, id_or_short)
            no_at, all_of_it = _declined_at(tx, row), access.may(who, "consents.see")
            why = tuple(_why(e, row, no_at, all_of_it=all_of_it) for e in table.evaluations(tx, row.id))
            children = (c.child_id for c in table.roster(tx, row.id))
            elsewhere = session_facts.elsewhere(tx, row.starts_at, row.zone, children)
            return SessionDetail(views(self.parts, tx, [row])[0], why, elsewhere)

    def reschedule(self, who: Who, id_or_short: str, to: NewTime, *, dry_run: bool = False) -> ChangeAnswer:
        """As `SessionChanges.reschedule`, with what clocks show then where the children are."""
        answer = self.changes.reschedule(who, id_or_short, to, dry_run=dry_run)
        if answer.outcome == "unchanged":
            return answer
        view, zone = answer.session, to.zone or answer.session.zone
        starts_at, minutes = view.starts_at, view.minutes
        if answer.outcome == "possible":
            starts_at = times.to_utc(wall_start(to.start, zone, self.parts.clock.now()), zone, to.fold)
            minutes = to.minutes or minutes
        elif view.change:
            starts_at, minutes = view.change.starts_at, view.change.minutes
        with self.parts.database.reading() as tx:
            children = (c.child_id for c in table.roster(tx, view.id))
            elsewhere = session_facts.elsewhere(tx, starts_at, zone, children)
        return replace(answer, to=MovedTo(starts_at, minutes, zone, elsewhere))

    def cancel(self, who: Who, id_or_short: str, *, note: str = "", dry_run: bool = False) -> ChangeAnswer:
        """Cancels: doors shut and everybody told at once, then the meeting is ended and taken away from Zoom."""
        access.require(who, "sessions.cancel")
        with self.parts.database.reading() as tx:
            row = seen(tx, who, id_or_short)
            asked = observers_table.waited_for(tx, row.id)
            told, own, known = told_of(tx, self.parts, row, who, asked), takes_part(tx, who, row), known_of(tx, row.id)
        if not own and not access.may(who, "sessions.schedule_for_others"):
            raise NotAllowed("You may cancel only sessions of your own.", "Ask the enrolment office.")
        warnings = note_warnings(self.parts, row, note)
        if row.state is SessionState.CANCELLED:
            return ChangeAnswer("unchanged", self._view(row.id))
        if dry_run:
            self._check_cancellable(row)
            return ChangeAnswer("possible", self._view(row.id), told, warnings)
        with self.parts.claims.claim(row.id, wait_s=60) as had:
            if not had:
                raise OutsideFailed("Somebody else is at work on this session.", "Repeat in a minute.", code="CLAIMED")
            self._check_cancellable(self._fresh(row.id))
            self.removal.begin(row.id, CANCELLED, who=who, note=note)
            self.removal.finish(row.id)
        with self.parts.database.reading() as tx:
            told = told_since(tx, self.parts, row.id, known)
        return ChangeAnswer("changed", self._view(row.id), told, warnings)

    def _check_cancellable(self, row: VideoSession) -> None:
        over = row.starts_at + timedelta(minutes=row.minutes) <= self.parts.clock.now()
        if row.state not in CANCELLABLE or over:
            state = "over" if over else row.state
            raise Conflict(f"A session that is {state} cannot be cancelled.", "", code="NOT_CANCELLABLE")

    def _fresh(self, session_id: str) -> VideoSession:
        with self.parts.database.reading() as tx:
            row = tx.need(VideoSession, session_id)
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
        except Throttled as error:
            return self._before_it_is_too_late(session_id, error)
        return None

    def _before_it_is_too_late(self, session_id: str, error: Throttled) -> datetime:
        """When Zoom wants to be asked again; but where the lesson begins before, when that is given up and told."""
        with self.parts.database.reading() as tx:
            given_up_at = tx.need(VideoSession, session_id).starts_at - TOO_LATE + timedelta(seconds=1)
        if error.retry_at is None or not self.parts.clock.now() < given_up_at < error.retry_at:
            raise error
        return given_up_at

    def create_planned(self, teacher_id: str) -> datetime | None:
        """Makes the next meeting of a teacher's planned sessions whose day has come."""
        return self.planning.create_next(teacher_id)

    def change_meeting(self, session_id: str) -> datetime | None:
        """Goes on with a change that was cut off, or whose answer was lost."""
        with self.parts.claims.claim(session_id) as had:
            if not had:
                return self.parts.clock.now() + timedelta(seconds=5)
            try:
                self.change.go_on(session_id)
            except StillUnknown as unknown:
                return self.parts.clock.now() + unknown.look_after
            except Refused:
                return None  # On record; the session is what it was.
        return None

    def settle_entries(self, session_id: str) -> datetime | None:
        """Brings Zoom's entries in line with the roster."""
        return self.rosters.settle(session_id)

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


def _own(who: Who, row: VideoSession, view: SessionView) -> SessionView | None:
    """What one of its adults sees of a session, or who was asked to observe it; None for who was let go."""
    if who.id == row.teacher_id or (who.id == row.observer_id and view.observer):
        return view
    return None if who.id == row.observer_id else as_asked(view)


def _declined_at(tx: Transaction, row: VideoSession) -> datetime | None:
    """When the present observer said no, or was let go."""
    asks = (a for a in observers_table.asks_of(tx, row.id) if a.person_id == row.observer_id)
    over = (a for a in asks if a.state is AskState.DECLINED or a.released)
    return max((a.answered_at for a in over if a.answered_at), default=None)


def _why(row: table.EvaluationRow, session: VideoSession, no_at: datetime | None, *, all_of_it: bool) -> WhyAllowed:
    """An evaluation as this person may see it: consents are for those who may see them."""
    rules = tuple(json.loads(row.findings))
    if session_reasons.may_still_say_yes(row.at, session.starts_at, no_at):
        rules = session_reasons.while_waiting(rules)
    verdict = session_reasons.verdict_of(row.verdict, (r for r in rules if r["rule"] not in ADVISORY))
    consents = tuple(json.loads(row.consent_event_ids)) if all_of_it else ()
    # What stands was allowed: a refusal beside it is of something that was only tried.
    tried = row.occasion == "schedule" and verdict in ("fail", "unknown") and session.state is not SessionState.REFUSED
    if not all_of_it:
        rules = tuple({**r, "reason": ""} if r["rule"].startswith("CON-") else r for r in rules)
    occasion = session_reasons.REFUSED_CHANGE if tried else row.occasion
    return WhyAllowed(occasion, row.at, row.terms_version, verdict, rules, consents)
