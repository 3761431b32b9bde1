"""The meeting at Zoom, looked at again: what it is now, and what was changed there put back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from zoomguard.application import session_facts
from zoomguard.application.crash import crash_point
from zoomguard.application.meeting_entries import MeetingEntries
from zoomguard.application.ports import Registrant
from zoomguard.application.session_facts import Postures
from zoomguard.application.session_parts import (
    REPAIR,
    WRITES_A_DAY,
    SessionParts,
    note_step,
    number_of,
    plan_of,
    take_budget,
)
from zoomguard.domain import meeting_plan, rechecks
from zoomguard.domain.errors import OutcomeUnknown, OutsideFailed, Throttled
from zoomguard.domain.meeting_plan import Meeting
from zoomguard.rules.facts import MeetingFacts
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import SessionChild, StepState, VideoSession

# A meeting counts as deleted only where Zoom says so twice.
SECOND_READ_S = 1.0


@dataclass(frozen=True)
class Seen:
    """What Zoom says now: `meeting` None where it has none (asked twice), `approved` who may come in."""

    postures: Postures
    meeting: Meeting | None
    approved: tuple[Registrant, ...]


@dataclass(frozen=True)
class Entries:
    """Approved entries against the roster. `strangers` never were on it; `unwanted` are all who are not on it now.
    `unsettled` says that somebody of the roster has no entry, or another than the one we know."""

    strangers: tuple[Registrant, ...]
    unwanted: tuple[Registrant, ...]
    unsettled: bool

    @property
    def in_line(self) -> bool:
        """Whether exactly the roster may come in."""
        return not self.unwanted and not self.unsettled


class MeetingLook:
    """Reads a session's meeting afresh, and puts it back to what it was."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts
        self.entries = MeetingEntries(parts)

    def see(self, session: VideoSession) -> Seen:
        """Accounts, meeting and approved entries, read now; OutsideFailed where Zoom cannot tell."""
        with self.parts.database.reading() as tx:
            plan = plan_of(self.parts, tx, session, session.attempt)
        users = self.parts.users
        postures = Postures(users.posture(plan.host_email), users.posture(plan.observers[0]))
        number = number_of(session)
        meeting = self.parts.meetings.read(number)
        if meeting is None:
            self.parts.pause(SECOND_READ_S)
            meeting = self.parts.meetings.read(number)
        approved = self.parts.meetings.registrants(number, "approved") if meeting else ()
        return Seen(postures, meeting, approved)

    def facts(self, tx: Transaction, session: VideoSession, seen: Seen) -> MeetingFacts | None:
        """The meeting compared with what the session is to have; None where there is none."""
        if seen.meeting is None:
            return None
        plan = plan_of(self.parts, tx, session, session.attempt)
        everyone_waits = seen.postures.teacher.everyone_waits if seen.postures.teacher else None
        roster = table.roster(tx, session.id)
        return MeetingFacts(
            plan,
            seen.meeting,
            everyone_waits,
            meeting_plan.differences(plan, seen.meeting, everyone_waits),
            frozenset(c.address for c in roster),
            frozenset(r.address for r in seen.approved),
            session_facts.roster_names(tx, self.parts.seals, (c.child_id for c in roster)),
        )

    def against_roster(self, tx: Transaction, session: VideoSession, seen: Seen) -> Entries:
        """Who may come in, against the roster as it is in this transaction."""
        roster = {c.address: c for c in table.roster(tx, session.id)}
        left = table.removed_addresses(tx, session.id)
        unwanted = tuple(r for r in seen.approved if r.address not in roster)
        known = {r.address: r for r in seen.approved}
        return Entries(
            strangers=tuple(r for r in unwanted if r.address not in left),
            unwanted=unwanted,
            unsettled=any(not self._is_ours(entry, known.get(address)) for address, entry in roster.items()),
        )

    def _is_ours(self, entry: SessionChild, registrant: Registrant | None) -> bool:
        """Whether the child's door leads to the entry that Zoom has: registered anew in Zoom it has another link."""
        if registrant is None or not registrant.join_url:
            return False
        place = f"{entry.session_id}/{entry.child_id}"
        link = self.parts.seals.open("session_child", "join_url", place, entry.join_url)
        return (registrant.id, registrant.join_url) == (entry.registrant_id, link)

    def bring_in_line(self, session: VideoSession, entries: Entries) -> None:
        """Cancels entries that are not on the roster, and registers who is missing."""
        self.entries.take_out(session, entries.unwanted)
        crash_point("recheck.taken_out")
        self.entries.settle(session)
        crash_point("recheck.settled_entries")

    def take_repair(self, tx: Transaction, row: VideoSession, facts: MeetingFacts, now: datetime) -> bool:
        """Counts one repair before it is sent; False where none is left, today or at all, or none would help."""
        if row.repairs >= rechecks.REPAIRS or not rechecks.repairable(facts.differences):
            return False
        try:
            take_budget(tx, row.host_zoom_id, now, WRITES_A_DAY)
        except Throttled:
            return False
        row.repairs += 1
        note_step(tx, REPAIR, row, StepState.SENT, now)
        return True

    def put_back(self, session: VideoSession, facts: MeetingFacts) -> None:
        """One PATCH with what was asked for; whether Zoom obeyed is seen by the next read.

        OutsideFailed where it surely did not reach Zoom, and waiting helps.
        """
        crash_point("recheck.repair_sent")
        asked, changed = facts.plan.request(), {d.setting for d in facts.differences}
        words: dict[str, object] = {name: asked[name] for name in ("topic", "agenda") if name in changed}
        try:
            self.parts.meetings.update(number_of(session), {**facts.plan.repair(), **words})
        except OutcomeUnknown:
            return
        except OutsideFailed as error:
            self._note_refused(session, error.code)
            if not error.permanent:
                raise
        crash_point("recheck.repaired")

    def _note_refused(self, session: VideoSession, code: str) -> None:
        with self.parts.database.deciding() as tx:
            note_step(tx, REPAIR, session, StepState.REFUSED, self.parts.clock.now(), code)
            tx.commit()
