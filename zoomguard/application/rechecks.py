"""Looks at a session again between scheduling and start: consents, staff, the meeting at Zoom, who may come in.

A child that is known not to be allowed leaves. What was changed in Zoom is put back. What stays wrong is told to the
leads, and from eight minutes before the start calls the session off, unless the lesson is on already. What cannot be
told is told, and never decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from zoomguard.application import chase, recheck_people, recheck_risks, session_facts, session_target, work
from zoomguard.application.crash import crash_point
from zoomguard.application.meeting_change import MeetingChange
from zoomguard.application.meeting_removal import DELETED_AT_ZOOM, NO_CHILD, NOT_ALLOWED, MeetingRemoval
from zoomguard.application.recheck_meeting import Entries, MeetingLook, Seen
from zoomguard.application.recheck_people import PeopleFound
from zoomguard.application.recheck_risks import Before, before_look, event
from zoomguard.application.session_parts import RECHECK, SessionParts, locked, note_step
from zoomguard.application.session_roster import has_child, remove_child
from zoomguard.application.session_target import Target
from zoomguard.domain import rechecks
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import OutsideFailed, Refused, Throttled
from zoomguard.domain.findings import Outcome
from zoomguard.domain.people import SERVICE
from zoomguard.domain.rechecks import Look
from zoomguard.domain.sessions import CHANGEABLE, Change, Risk, SessionState
from zoomguard.domain.times import iso
from zoomguard.rules import occasions
from zoomguard.rules.facts import MeetingFacts
from zoomguard.rules.occasions import Evaluation
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import StepState, VideoSession

S = SessionState
STANDING = frozenset({S.SCHEDULED, S.AT_RISK, S.LIVE})
WHILE_CLAIMED, WHILE_MOVING = timedelta(seconds=5), timedelta(seconds=20)


class Act(StrEnum):
    """What a look does at Zoom, each at most once."""

    REPAIR = "repair"
    ENTRIES = "entries"


@dataclass(frozen=True)
class Found:
    """What one reading came to; without a meeting `facts` are None."""

    people: PeopleFound
    evaluation: Evaluation
    facts: MeetingFacts | None
    entries: Entries
    acts: frozenset[Act] = frozenset()


def ask(tx: Transaction, session: VideoSession, now: datetime, why: str) -> None:
    """Makes a look at a session due at once: something was heard about its meeting."""
    note_step(tx, RECHECK, session, StepState.INTENDED, now, why)
    work.put(tx, RECHECK, session.id, now)


class Rechecks:
    """The duty that looks again. It gives the next moment itself."""

    def __init__(self, parts: SessionParts, changes: MeetingChange) -> None:
        self.parts, self.changes = parts, changes
        self.meeting = MeetingLook(parts)
        self.removal = MeetingRemoval(parts)

    def recheck(self, session_id: str) -> datetime | None:
        """Looks where a moment has come or something was heard; gives the next moment, None after the start.

        OutsideFailed where Zoom cannot tell: the look is still owed.
        """
        with self.parts.claims.claim(session_id) as had:
            now = self.parts.clock.now()
            if not had:
                return now + WHILE_CLAIMED
            with self.parts.database.reading() as tx:
                session = tx.get(VideoSession, session_id)
                if session is None or now >= session.starts_at + timedelta(minutes=session.minutes):
                    return None
                before = before_look(tx, session, now)
            if session.state is S.MOVING:
                return now + WHILE_MOVING
            if session.state not in STANDING:
                return None
            return self._look_if_owed(session, before)

    def _look_if_owed(self, session: VideoSession, before: Before) -> datetime | None:
        look = before.look
        if look.owed_since is None:
            return look.next_at
        if look.held_until is not None:
            return look.held_until
        try:
            return self._look(session, before)
        except Throttled as error:
            retry_at = error.retry_at or self.parts.clock.now() + WHILE_MOVING
            self._unreadable(session, before, retry_at)
            # Zoom may want us to wait till tomorrow: each moment is tried nevertheless.
            return min(retry_at, look.next_at or retry_at)
        except OutsideFailed:
            self._unreadable(session, before, self.parts.clock.now())
            raise

    # One look ------------------------------------------------------------------------------------------------

    def _look(self, session: VideoSession, before: Before) -> datetime | None:
        kept = self._keep_wall_time(session, before)
        if kept is None:
            return None
        done: frozenset[Act] = frozenset()
        while True:
            session = self._read(session.id)
            if session.state not in STANDING:
                return self.parts.clock.now() + WHILE_MOVING
            found = self._judge(session, self.meeting.see(session), before, done, wall_time_kept=kept)
            if found is None:
                self.removal.finish(session.id)
                return None
            if found.facts is None:
                return self._without_meeting(session, before.look)
            if not found.acts:
                return before.look.next_at
            self._act(session, found, found.facts)
            done |= found.acts

    def _judge(
        self, session: VideoSession, seen: Seen, before: Before, done: frozenset[Act], *, wall_time_kept: bool
    ) -> Found | None:
        """Judges one reading on record, with what follows on paper; None where the session is called off."""
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session.id, session.version)
            people = recheck_people.look(tx, self.parts, row, seen.postures, now)
            facts = self.meeting.facts(tx, row, seen)
            evaluation = occasions.evaluate(
                "recheck", occasions.Facts(people.people, people.consents, facts), self.parts.terms
            )
            tx.add(session_facts.evaluation_row(evaluation, row.id, now, people.consents))
            chase.note(tx, evaluation.blocking, chase.wanted_by(row), now)
            events = [event(row, "rechecked", verdict=evaluation.verdict)]
            events += self._part_with(tx, row, people, now)
            found = Found(people, evaluation, facts, self.meeting.against_roster(tx, row, seen))
            if has_child(tx, self.parts, row):
                acts = self._acts(tx, row, found, done, now)
                found = Found(people, evaluation, facts, found.entries, acts)
                events += self._follow(tx, row, found, before, wall_time_kept, now)
            else:
                events += self._call_off(tx, row, NO_CHILD, now)
            tx.commit(audit=tuple(events))
            over = row.state is S.REMOVING
        crash_point("recheck.judged")
        return None if over else found

    def _part_with(self, tx: Transaction, row: VideoSession, people: PeopleFound, now: datetime) -> list[Event]:
        """Children who are known not to be allowed leave; the session goes on without them."""
        for child_id in people.leaving:
            remove_child(tx, self.parts, row, child_id, now)
        return [event(row, "child_left", child=c, reason="not_allowed") for c in people.leaving]

    def _acts(
        self, tx: Transaction, row: VideoSession, found: Found, done: frozenset[Act], now: datetime
    ) -> frozenset[Act]:
        """What is to be done at Zoom now: strangers go before anything else. A repair is counted here, right before
        it is sent."""
        if found.facts is None:
            return frozenset()
        if not found.entries.in_line and Act.ENTRIES not in done:
            return frozenset({Act.ENTRIES})
        if Act.REPAIR not in done and self.meeting.take_repair(tx, row, found.facts, now):
            return frozenset({Act.REPAIR})
        return frozenset()

    def _act(self, session: VideoSession, found: Found, facts: MeetingFacts) -> None:
        if Act.ENTRIES in found.acts:
            self.meeting.bring_in_line(session, found.entries)
        if Act.REPAIR in found.acts:
            self.meeting.put_back(session, facts)

    # What follows --------------------------------------------------------------------------------------------

    def _follow(
        self, tx: Transaction, row: VideoSession, found: Found, before: Before, wall_time_kept: bool, now: datetime
    ) -> list[Event]:
        if found.facts is None:
            return []
        risks = _risks(row, found, before, wall_time_kept)
        if found.acts:
            alarm = risks & {Risk.STRANGER}
            known = recheck_risks.shown_with(row)
            events = recheck_risks.show(tx, self.parts, row, known | alarm, before, now) if alarm else []
            return [*events, event(row, "put_back", acts=sorted(found.acts), settings=_settings(found))]
        wrong = Outcome.FAIL in recheck_people.against_staff(found.evaluation)
        decides = before.look.decides and not _is_held(row, found.facts, now)
        if decides and (wrong or rechecks.unsafe(found.facts.differences)):
            recheck_risks.tell(tx, self.parts, row, risks - before.risks, now)
            return self._call_off(tx, row, NOT_ALLOWED, now)
        note_step(tx, RECHECK, row, StepState.DONE, before.look.now, " ".join(sorted(risks)))
        return recheck_risks.show(tx, self.parts, row, risks, before, now)

    def _call_off(self, tx: Transaction, row: VideoSession, reason: str, now: datetime) -> list[Event]:
        told = self.removal.decide(tx, row, reason, now)
        return [event(row, "removal_decided", reason=reason, guardians_told=told)]

    def _unreadable(self, session: VideoSession, before: Before, unknown_until: datetime) -> None:
        """Shortly before the start the leads hear, once, that nobody can tell how the meeting is."""
        if before.told_unreadable or not before.look.is_out_of_patience(unknown_until):
            return
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session.id)
            if row.state not in STANDING:
                return
            note_step(tx, RECHECK, row, StepState.UNKNOWN, now)
            known = recheck_risks.shown_with(row)
            events = recheck_risks.show(tx, self.parts, row, known | {Risk.ZOOM_UNREADABLE}, before, now)
            tx.commit(audit=tuple(events))
        crash_point("recheck.unreadable")

    def _without_meeting(self, session: VideoSession, look: Look) -> datetime | None:
        """Zoom has no such meeting any more: it is made anew, or too late for that. One that was held is gone too."""
        crash_point("recheck.gone")
        if look.is_under_way:
            return None
        if look.may_remake and session.state in CHANGEABLE:
            try:
                self.changes.remake(session.id, DELETED_AT_ZOOM)
            except Refused:
                return None  # On record, and removed again.
            return look.next_at
        self.removal.begin(session.id, DELETED_AT_ZOOM)
        self.removal.finish(session.id)
        return None

    def _keep_wall_time(self, session: VideoSession, before: Before) -> bool | None:
        """A session is at its wall time, whatever becomes of clock rules. None where it was moved for that; False
        where it is not at its wall time and stays where it is."""
        meant = rechecks.start_by_wall_time(session.local_start, session.zone, session.starts_at)
        if meant == session.starts_at or before.look.is_under_way or session.state not in CHANGEABLE:
            return True
        if meant is None or Risk.CLOCK_RULES in before.risks or not before.look.may_move_to(meant):
            return False
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session.id, session.version)
            people = table.adults_of(row) | {c.child_id for c in table.roster(tx, row.id)}
            if any(table.clashes(tx, people, meant, row.minutes, row.id).values()):
                return False
            was = {"from": iso(row.starts_at), "to": iso(meant), "reason": "clock_rules"}
            session_target.decide(tx, self.parts, row, Target(Change.TIME, starts_at=meant), SERVICE, now)
            tx.commit(audit=event(row, "change_decided", change="time", **was))
        crash_point("recheck.clock_rules")
        try:
            self.changes.go_on(session.id)
        except Refused:
            return False
        return None

    def _read(self, session_id: str) -> VideoSession:
        with self.parts.database.reading() as tx:
            return tx.need(VideoSession, session_id)


def _risks(row: VideoSession, found: Found, before: Before, wall_time_kept: bool) -> frozenset[Risk]:
    """Everything that stands against the session by this reading."""
    staff, late = recheck_people.against_staff(found.evaluation), before.look.tells_unknown
    differences = found.facts.differences if found.facts else ()
    stands = {
        Risk.STAFF: Outcome.FAIL in staff or (late and bool(staff)),
        Risk.DRIFT: bool(differences) or found.entries.unsettled,
        Risk.STRANGER: bool(found.entries.strangers),
        Risk.CONSENT_UNKNOWN: late and found.people.consent_unknown,
        Risk.CLOCK_RULES: not wall_time_kept,
        # The search for an observer decides this one; a yes ends it.
        Risk.OBSERVER_MISSING: row.accepted_at is None and Risk.OBSERVER_MISSING in before.risks,
    }
    return frozenset(risk for risk, so in stands.items() if so)


def _is_held(row: VideoSession, facts: MeetingFacts, now: datetime) -> bool:
    """Whether the lesson is on: a look that comes late ends none, for a child may be in the middle of telling
    something."""
    return now >= row.starts_at and facts.meeting is not None and facts.meeting.status == "started"


def _settings(found: Found) -> list[str]:
    """The settings that are put back, by name; their values can be secrets."""
    return [d.setting for d in found.facts.differences] if found.facts and Act.REPAIR in found.acts else []
