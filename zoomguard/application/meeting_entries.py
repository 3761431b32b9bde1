"""Personal entries to a meeting: everybody of the roster registered once, and nobody else."""

from __future__ import annotations

from contextlib import suppress

from zoomguard.application.crash import crash_point
from zoomguard.application.ports import NewRegistrant, Registrant
from zoomguard.application.session_parts import REGISTER, UNREGISTER, SessionParts, note_step, number_of
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import OutcomeUnknown, OutsideFailed
from zoomguard.domain.people import SERVICE
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import SessionChild, StepState, VideoSession


class MeetingEntries:
    """Registers the roster and keeps each child's own link, sealed."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts

    def settle(self, session: VideoSession) -> frozenset[str]:
        """Registers in one batch and gives who is approved, by address; after a lost answer only those that are
        missing are sent again."""
        number = number_of(session)
        with self.parts.database.reading() as tx:
            people = self._newcomers(tx, session)
            sent_before = any(s.attempt == session.attempt for s in table.steps(tx, REGISTER, session.id))
        approved = self.parts.meetings.registrants(number, "approved") if sent_before else ()
        for _ in range(2):
            missing = tuple(p for p in people if p.address not in {r.address for r in approved})
            if not missing:
                break
            lost = self._register(session, number, missing)
            approved = self.parts.meetings.registrants(number, "approved")
            if not lost:
                break
        self._keep(session, approved)
        # An entry without a link of its own lets nobody in: the child would stand before a shut door.
        ours = {p.address for p in people}
        return frozenset(r.address for r in approved if r.join_url or r.address not in ours)

    def bring_in_line(self, session: VideoSession) -> frozenset[str]:
        """After a change of the roster: who left it is cancelled, who came is registered; gives who is approved."""
        approved = self.parts.meetings.registrants(number_of(session), "approved")
        with self.parts.database.reading() as tx:
            removed = table.removed_addresses(tx, session.id)
        self.take_out(session, tuple(r for r in approved if r.address in removed))
        return self.settle(session)

    def take_out(self, session: VideoSession, unwanted: tuple[Registrant, ...]) -> None:
        """Cancels entries, and looks whether they are gone; OutsideFailed where Zoom still has one."""
        if not unwanted:
            return
        with self.parts.database.deciding() as tx:
            note_step(tx, UNREGISTER, session, StepState.SENT, self.parts.clock.now(), str(len(unwanted)))
            tx.commit()
        crash_point("roster.unregister_sent")
        # A lost answer is looked up by the very read that follows.
        with suppress(OutcomeUnknown):
            self.parts.meetings.cancel_registrants(number_of(session), unwanted)
        left = {r.id for r in self.parts.meetings.registrants(number_of(session), "approved")}
        if left.intersection(r.id for r in unwanted):
            raise OutsideFailed("Zoom still has an entry that was cancelled.", code="ZOOM_ENTRY_STAYS")
        crash_point("roster.unregistered")

    def _register(self, session: VideoSession, number: int, people: tuple[NewRegistrant, ...]) -> bool:
        """Sends one batch and says whether its answer was lost."""
        with self.parts.database.deciding() as tx:
            note_step(tx, REGISTER, session, StepState.SENT, self.parts.clock.now(), str(len(people)))
            tx.commit()
        crash_point("schedule.register_sent")
        try:
            self.parts.meetings.register(number, people)
        except OutcomeUnknown:
            return True
        crash_point("schedule.registered")
        return False

    def _newcomers(self, tx: Transaction, session: VideoSession) -> tuple[NewRegistrant, ...]:
        roster = table.roster(tx, session.id)
        children = people_table.by_ids(tx, frozenset(c.child_id for c in roster))
        return tuple(self._newcomer(c, children[c.child_id]) for c in roster)

    def _newcomer(self, entry: SessionChild, child: people_table.Person) -> NewRegistrant:
        if self.parts.terms.shown_name == "known_as":
            known_as = self.parts.seals.open("person", "known_as", child.id, child.known_as)
            return NewRegistrant(entry.address, known_as or "Student", str(entry.position))
        return NewRegistrant(entry.address, "Student", str(entry.position))

    def _keep(self, session: VideoSession, approved: tuple[Registrant, ...]) -> None:
        by_address = {r.address: r for r in approved}
        with self.parts.database.deciding() as tx:
            for entry in table.roster(tx, session.id):
                registrant = by_address.get(entry.address)
                if registrant is not None:
                    entry.registrant_id = registrant.id
                    place = f"{entry.session_id}/{entry.child_id}"
                    entry.join_url = self.parts.seals.seal("session_child", "join_url", place, registrant.join_url)
            payload = {"registrants": len(by_address)}
            tx.commit(audit=Event("session.registered", "session", session.id, SERVICE.id, payload))
