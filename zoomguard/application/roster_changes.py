"""Children who come to a session that is scheduled already, and children who leave it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from zoomguard.application import access, chase, messages, session_facts, session_roster, work
from zoomguard.application.casting import Casting
from zoomguard.application.crash import crash_point
from zoomguard.application.meeting_entries import MeetingEntries
from zoomguard.application.refusals import LEAVE_OUT, shown
from zoomguard.application.scheduling import Scheduling
from zoomguard.application.session_ask import MOST_CHILDREN
from zoomguard.application.session_facts import Cast, Postures, Slot
from zoomguard.application.session_parts import ENTRIES, RECHECK, SessionParts, locked, plan_of, views
from zoomguard.application.session_seen import families_of, own_or_for_others, seen
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import BadInput, Conflict, OutsideFailed, Refused, UnknownReference
from zoomguard.domain.findings import Finding
from zoomguard.domain.people import Kind, Who
from zoomguard.domain.sessions import CHANGEABLE, ChangeAnswer, SessionState
from zoomguard.domain.times import printable
from zoomguard.rules import occasions
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import VideoSession

# A child who leaves need not wait for what is wrong with the others.
ASKED_WHEN_LEAVING = frozenset({"SESSION_HAS_NO_CHILD"})


class RosterChanges:
    """The use case `sessions roster`, and the duty that brings Zoom's entries in line."""

    def __init__(self, parts: SessionParts, scheduling: Scheduling) -> None:
        self.parts, self.entries = parts, MeetingEntries(parts)
        self.casting: Casting = scheduling.casting

    def change(
        self, who: Who, id_or_short: str, add: tuple[str, ...], remove: tuple[str, ...], *, dry_run: bool = False
    ) -> ChangeAnswer:
        """Adds and removes children by reference; who is to be added is judged like everybody at scheduling."""
        access.require(who, "sessions.change")
        with self.parts.database.reading() as tx:
            row = seen(tx, who, id_or_short)
            own_or_for_others(who, row)
            self._check_state(row)
            coming, leaving = self._people(tx, row, add, remove)
            told, view = families_of(tx, coming | leaving), views(self.parts, tx, [row])[0]
        if not coming and not leaving:
            return ChangeAnswer("unchanged", view)
        postures = self._postures(row)
        if dry_run:
            with self.parts.database.reading() as tx:
                self._refuse_if(who, self._judge(tx, row, coming, leaving, postures)[0])
            return ChangeAnswer("possible", view, told)
        with self.parts.claims.claim(row.id, wait_s=60) as had:
            if not had:
                raise OutsideFailed("Somebody else is at work on this session.", "Repeat in a minute.", code="CLAIMED")
            self._decide(who, row, coming, leaving, postures)
            self._bring_in_line(row.id)
        with self.parts.database.reading() as tx:
            return ChangeAnswer("changed", views(self.parts, tx, [tx.need(VideoSession, row.id)])[0], told)

    def settle(self, session_id: str) -> datetime | None:
        """The duty: goes on with entries that Zoom did not take yet."""
        with self.parts.claims.claim(session_id) as had:
            if not had:
                return self.parts.clock.now() + timedelta(seconds=5)
            return self._bring_in_line(session_id)

    def _check_state(self, row: VideoSession) -> None:
        if row.state not in CHANGEABLE or row.starts_at <= self.parts.clock.now():
            raise Conflict(f"The roster of a session that is {row.state} cannot be changed.", "", code="NOT_CHANGEABLE")

    def _people(
        self, tx: Transaction, row: VideoSession, add: tuple[str, ...], remove: tuple[str, ...]
    ) -> tuple[frozenset[str], frozenset[str]]:
        known = people_table.by_references(tx, Kind.CHILD, (*add, *remove))
        unknown = [printable(r)[:40] for r in (*add, *remove) if r not in known]
        if unknown:
            raise UnknownReference(f"No child on record has the reference {', '.join(unknown)}.", "Check it.")
        if both := sorted(set(add) & set(remove)):
            raise BadInput(f"{', '.join(both)} is to come and to leave.", "Say one of the two.", code="REPEATED_REF")
        here = frozenset(c.child_id for c in table.roster(tx, row.id))
        coming = frozenset(known[r].id for r in add) - here
        leaving = frozenset(known[r].id for r in remove) & here
        if len(here) + len(coming) > MOST_CHILDREN:
            raise BadInput(f"More than {MOST_CHILDREN} children.", "Split the class.", code="TOO_MANY_CHILDREN")
        return coming, leaving

    def _postures(self, row: VideoSession) -> Postures:
        with self.parts.database.reading() as tx:
            plan = plan_of(self.parts, tx, row, row.attempt)
        return Postures(self.parts.users.posture(plan.host_email), self.parts.users.posture(plan.observers[0]))

    def _judge(
        self, tx: Transaction, row: VideoSession, coming: frozenset[str], leaving: frozenset[str], postures: Postures
    ) -> tuple[tuple[Finding, ...], table.EvaluationRow]:
        plan, now = plan_of(self.parts, tx, row, row.attempt), self.parts.clock.now()
        stay = [c.child_id for c in table.roster(tx, row.id) if c.child_id not in leaving]
        children = (*stay, *sorted(coming))
        cast = Cast(row.teacher_id, plan.host_email, row.observer_id, plan.observers[0], children)
        slot = Slot(row.starts_at, row.minutes, row.id)
        _, people = self.casting.facts(tx, cast, slot, postures, pool=False, candidates=())
        consents = session_facts.consent_facts(tx, self.parts.seals, people, now)
        facts = occasions.Facts(people=people, consents=consents)
        evaluation = occasions.evaluate("schedule", facts, self.parts.terms)
        blocking = evaluation.blocking
        if not coming:
            blocking = tuple(f for f in blocking if f.rule in ASKED_WHEN_LEAVING)
        return blocking, session_facts.evaluation_row(evaluation, row.id, now, consents)

    def _refuse_if(self, who: Who, findings: tuple[Finding, ...]) -> None:
        if findings:
            raise Refused(shown(who, tuple(_in_place(f) for f in findings), LEAVE_OUT))

    def _decide(
        self, who: Who, row: VideoSession, coming: frozenset[str], leaving: frozenset[str], postures: Postures
    ) -> None:
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            fresh = locked(tx, row.id)
            self._check_state(fresh)
            findings, evaluation = self._judge(tx, fresh, coming, leaving, postures)
            tx.add(evaluation)
            if findings:
                chase.note(tx, findings, chase.wanted_by(fresh), now)
                rules = {"rules": sorted({f.rule for f in findings})}
                tx.commit(audit=Event("session.change_refused", "session", row.id, who.id, rules))
                self._refuse_if(who, findings)
            # A change like any other: whoever judged the roster of before is told to look again, and calendars too.
            fresh.sequence += 1
            for child_id in sorted(coming):
                session_roster.add_child(tx, self.parts, fresh, child_id)
            for child_id in sorted(leaving):
                session_roster.remove_child(tx, self.parts, fresh, child_id, now)
            if fresh.state is not SessionState.PLANNED:
                self._invite(tx, fresh, coming, now)
            payload = {"added": sorted(coming), "removed": sorted(leaving)}
            tx.commit(audit=Event("session.roster_changed", "session", row.id, who.id, payload))
        crash_point("roster.decided")

    def _invite(self, tx: Transaction, row: VideoSession, coming: frozenset[str], now: datetime) -> None:
        session_roster.open_doors(tx, self.parts, row, now)
        tokens = session_roster.tokens_of(tx, self.parts, row)
        messages.invite(tx, self.parts.post, row, {c: tokens[c] for c in sorted(coming)}, now)
        work.put(tx, ENTRIES, row.id, now + timedelta(seconds=20))

    def _bring_in_line(self, session_id: str) -> datetime | None:
        """Zoom's entries follow the roster. A session under change is left until that is over."""
        with self.parts.database.reading() as tx:
            row = tx.need(VideoSession, session_id)
            roster = frozenset(c.address for c in table.roster(tx, session_id))
        if row.state is SessionState.MOVING:
            return self.parts.clock.now() + timedelta(seconds=20)
        if row.state not in session_roster.AT_ZOOM:
            return None
        approved = self.entries.bring_in_line(row)
        if missing := roster - approved:
            raise OutsideFailed(f"Zoom does not have {len(missing)} of the entries yet.", code="ZOOM_ENTRY_MISSING")
        self._done(session_id, strangers=bool(approved - roster))
        return None

    def _done(self, session_id: str, *, strangers: bool) -> None:
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            work.finish(tx, ENTRIES, session_id, now)
            if strangers:
                work.put(tx, RECHECK, session_id, now)
            tx.commit()


def _in_place(finding: Finding) -> Finding:
    """What helps here is another word than at scheduling."""
    if finding.rule == "SESSION_HAS_NO_CHILD":
        return replace(finding, remedy="Cancel the session instead: zoomguard sessions cancel ID")
    return finding
