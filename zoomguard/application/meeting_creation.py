"""Takes a session from `requested` to `scheduled`: create, read back, at most one repair, personal entries.

Run by the ask itself and, after a crash or a lost answer, by the worker: each step is on record before it is sent,
and what is unknown begins with looking. Whatever is not as asked is removed again: fail closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from zoomguard.application import meeting_lookup, messages, session_facts, work
from zoomguard.application.crash import crash_point
from zoomguard.application.meeting_removal import MeetingRemoval
from zoomguard.application.ports import NewRegistrant, Registrant
from zoomguard.application.session_facts import Cast, Postures, Slot
from zoomguard.application.session_parts import (
    CONFIRM_BEFORE,
    CREATE,
    SWEEP,
    TOO_LATE,
    SessionParts,
    change_state,
    locked,
    note_step,
    plan_of,
    take_budget,
)  # fmt: skip
from zoomguard.domain import ids, meeting_plan
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import NotThere, OutcomeUnknown, OutsideFailed, Refused
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.domain.meeting_plan import GOVERNED, Meeting, MeetingPlan
from zoomguard.domain.people import SERVICE
from zoomguard.domain.sessions import SessionState
from zoomguard.rules import occasions
from zoomguard.rules.facts import MeetingFacts
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as table
from zoomguard.tables.sessions import Door, SessionChild, StepState, VideoSession

# A fresh meeting may not be readable at once; so long we ask again before it counts as unknown.
READ_PAUSES_S = (0.0, 0.5, 1.5, 4.0)


@dataclass
class Tally:
    """What was written at Zoom, and what was compared."""

    writes: int = 0
    compared: int = 0
    invitations: int = 0


class MeetingCreation:
    """The steps at Zoom, each committed before and after."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts
        self.removal = MeetingRemoval(parts)

    def make(self, session_id: str, postures: Postures | None = None) -> Tally:
        """Goes as far as it can. `postures` are given by the ask; without them this is a recovery.

        Refused where Zoom's meeting is not as asked (it is removed), OutsideFailed where Zoom cannot tell:
        the session then stays as it is and the worker goes on.
        """
        tally = Tally()
        with self.parts.claims.claim(session_id, wait_s=60 if postures else 0) as had:
            if not had:
                raise OutsideFailed("Somebody else is at work on this session.", code="CLAIMED")
            session = self._read(session_id)
            if session.state is SessionState.REQUESTED:
                self._settle_number(session, postures, tally)
                session = self._read(session_id)
            if session.state is SessionState.CREATED:
                self._confirm(session, postures, tally)
            return tally

    def _read(self, session_id: str) -> VideoSession:
        with self.parts.database.reading() as tx:
            row = tx.get(VideoSession, session_id)
            if row is None:
                raise NotThere("There is no such session.", "")
            return row

    # From requested to created -------------------------------------------------------------------------------

    def _settle_number(self, session: VideoSession, postures: Postures | None, tally: Tally) -> None:
        sought = meeting_lookup.seek(self.parts, session)
        late = self.parts.clock.now() > session.starts_at - TOO_LATE
        if late and (sought.unknown or postures is None):
            self.removal.give_up(session.id, "too_late")
            return
        if sought.number is not None:
            self._adopt(session, sought.number, sought.attempt)
            return
        if postures is None and not self._still_allowed(session):
            self.removal.give_up(session.id, "no_longer_allowed")
            return
        self._send(session, postures, tally)

    def _send(self, session: VideoSession, postures: Postures | None, tally: Tally) -> None:
        plan = self._intend(session, postures)
        crash_point("schedule.create_sent")
        tally.writes += 1
        try:
            number = self.parts.meetings.create(self._read(session.id).host_zoom_id, plan.request())
        except OutcomeUnknown as error:
            self._note(session.id, StepState.UNKNOWN, error.code)
            self._settle_number(self._read(session.id), None, tally)
            return
        except OutsideFailed as error:
            self._note(session.id, StepState.REFUSED, error.code)
            self.removal.give_up(session.id, error.code)
            raise _refusal(error, plan) from error
        crash_point("schedule.created")
        self._adopt(self._read(session.id), number, self._read(session.id).attempt)

    def _intend(self, session: VideoSession, postures: Postures | None) -> MeetingPlan:
        """Commits what is about to be sent: attempt, passcode, one of the host's budget, a step `sent`."""
        posture = (postures or self._postures(session)).teacher
        if posture is None:
            raise OutsideFailed("Zoom does not know the teacher.", code="ZOOM_USER_UNKNOWN")
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session.id, session.version)
            row.attempt += 1
            row.host_zoom_id = posture.zoom_user_id
            passcode = meeting_plan.new_passcode(posture.passcode_rule)
            row.passcode = self.parts.seals.seal("video_session", "passcode", row.id, passcode)
            take_budget(tx, row.host_zoom_id, now)
            note_step(tx, CREATE, row, StepState.SENT, now)
            plan = plan_of(self.parts, tx, row, row.attempt)
            tx.commit(audit=Event("session.creation_sent", "session", row.id, SERVICE.id, {"attempt": row.attempt}))
        return plan

    def _adopt(self, session: VideoSession, number: int, attempt: int) -> None:
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session.id, session.version)
            change_state(row, SessionState.CREATED)
            row.meeting_number, row.attempt = number, attempt
            note_step(tx, CREATE, row, StepState.DONE, now, str(number))
            if attempt > 1 or meeting_lookup.was_unknown(tx, row.id):
                work.put(tx, SWEEP, row.id, now + timedelta(minutes=10))
            tx.commit(audit=Event("session.created", "session", row.id, SERVICE.id, {"number": number}))
        crash_point("schedule.adopted")

    def _note(self, session_id: str, state: StepState, outcome: str) -> None:
        with self.parts.database.deciding() as tx:
            row = locked(tx, session_id)
            note_step(tx, CREATE, row, state, self.parts.clock.now(), outcome)
            tx.commit()

    def _still_allowed(self, session: VideoSession) -> bool:
        """Rules are asked again before a meeting is made later than it was asked for."""
        postures, now = self._postures(session), self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            cast = self._cast(tx, session)
            slot = Slot(session.starts_at, session.minutes, session.id)
            people = session_facts.people_facts(
                tx, self.parts.seals, self.parts.terms, self.parts.staff_domains, cast, slot, postures
            )
            consents = session_facts.consent_facts(tx, self.parts.seals, people, now)
            facts = occasions.Facts(people=people, consents=consents)
            evaluation = occasions.evaluate("schedule", facts, self.parts.terms)
            return not evaluation.blocking

    def _cast(self, tx: table.Transaction, session: VideoSession) -> Cast:
        plan = plan_of(self.parts, tx, session, session.attempt)
        children = tuple(c.child_id for c in table.roster(tx, session.id))
        return Cast(session.teacher_id, plan.host_email, session.observer_id, plan.observers[0], children)

    def _postures(self, session: VideoSession) -> Postures:
        with self.parts.database.reading() as tx:
            plan = plan_of(self.parts, tx, session, session.attempt)
        users = self.parts.users
        return Postures(users.posture(plan.host_email), users.posture(plan.observers[0]))

    # From created to scheduled -------------------------------------------------------------------------------

    def _confirm(self, session: VideoSession, postures: Postures | None, tally: Tally) -> None:
        if postures is None and self.parts.clock.now() > session.starts_at - CONFIRM_BEFORE:
            self.removal.give_up(session.id, "too_late")
            return
        facts = self._read_back(session, postures or self._postures(session), tally)
        findings = self._evaluate(facts).blocking
        if not findings:
            facts = self._register(session, facts, tally)
            findings = self._evaluate(facts).blocking
        if findings:
            self._fail_closed(session, facts, findings, tally)
        assert facts.meeting is not None
        self._finish(session, facts, tally)

    def _evaluate(self, facts: MeetingFacts) -> occasions.Evaluation:
        return occasions.evaluate("schedule", occasions.Facts(meeting=facts), self.parts.terms)

    def _read_back(self, session: VideoSession, postures: Postures, tally: Tally) -> MeetingFacts:
        """A fresh GET compared with the plan; where it differs one PATCH and one GET more."""
        facts = self._compare(session, postures)
        if facts.differences:
            with self.parts.database.deciding() as tx:
                take_budget(tx, session.host_zoom_id, self.parts.clock.now())
                tx.commit()
            tally.writes += 1
            try:
                self.parts.meetings.update(facts.meeting.number if facts.meeting else 0, facts.plan.repair())
            except OutcomeUnknown:
                pass  # The GET says what came of it.
            facts = self._compare(session, postures)
        tally.compared = len(GOVERNED) + 6
        return facts

    def _compare(self, session: VideoSession, postures: Postures) -> MeetingFacts:
        meeting = self._get(session)
        everyone_waits = postures.teacher.everyone_waits if postures.teacher else None
        with self.parts.database.reading() as tx:
            plan = plan_of(self.parts, tx, session, session.attempt)
            roster = table.roster(tx, session.id)
            names = session_facts.roster_names(tx, self.parts.seals, (c.child_id for c in roster))
        found = meeting_plan.differences(plan, meeting, everyone_waits)
        addresses = frozenset(c.address for c in roster)
        # Before anybody is registered the roster is not judged: it is equal to itself.
        return MeetingFacts(plan, meeting, everyone_waits, found, addresses, addresses, names)

    def _get(self, session: VideoSession) -> Meeting:
        assert session.meeting_number is not None
        for pause in READ_PAUSES_S:
            self.parts.pause(pause)
            meeting = self.parts.meetings.read(session.meeting_number)
            if meeting is not None:
                return meeting
        raise OutsideFailed("Zoom does not show the meeting that it made.", code="ZOOM_MEETING_UNREADABLE")

    def _register(self, session: VideoSession, facts: MeetingFacts, tally: Tally) -> MeetingFacts:
        """Personal entries in one batch; after a lost answer only those that are missing are sent again."""
        assert session.meeting_number is not None
        number = session.meeting_number
        with self.parts.database.reading() as tx:
            people = self._newcomers(tx, session)
            sent_before = bool(table.steps(tx, "register", session.id))
        approved = self.parts.meetings.registrants(number, "approved") if sent_before else ()
        for _ in range(2):
            missing = tuple(p for p in people if p.address not in {r.address.lower() for r in approved})
            if not missing:
                break
            lost = self._register_batch(session, missing, tally)
            approved = self.parts.meetings.registrants(number, "approved")
            if not lost:
                break
        self._keep_entries(session, approved)
        registered = frozenset(r.address.lower() for r in approved)
        return MeetingFacts(
            facts.plan, facts.meeting, facts.everyone_waits, facts.differences, facts.roster, registered,
            facts.roster_names,
        )  # fmt: skip

    def _register_batch(self, session: VideoSession, people: tuple[NewRegistrant, ...], tally: Tally) -> bool:
        """Sends one batch and says whether its answer was lost."""
        assert session.meeting_number is not None
        with self.parts.database.deciding() as tx:
            note_step(tx, "register", session, StepState.SENT, self.parts.clock.now(), str(len(people)))
            tx.commit()
        crash_point("schedule.register_sent")
        tally.writes += 1
        try:
            self.parts.meetings.register(session.meeting_number, people)
        except OutcomeUnknown:
            return True
        return False

    def _newcomers(self, tx: table.Transaction, session: VideoSession) -> tuple[NewRegistrant, ...]:
        roster = table.roster(tx, session.id)
        children = people_table.by_ids(tx, frozenset(c.child_id for c in roster))
        return tuple(self._newcomer(c, children[c.child_id]) for c in roster)

    def _newcomer(self, entry: SessionChild, child: people_table.Person) -> NewRegistrant:
        if self.parts.terms.shown_name == "known_as":
            known_as = self.parts.seals.open("person", "known_as", child.id, child.known_as)
            return NewRegistrant(entry.address, known_as or "Student", str(entry.position))
        return NewRegistrant(entry.address, "Student", str(entry.position))

    def _keep_entries(self, session: VideoSession, approved: tuple[Registrant, ...]) -> None:
        by_address = {r.address.lower(): r for r in approved}
        with self.parts.database.deciding() as tx:
            for entry in table.roster(tx, session.id):
                registrant = by_address.get(entry.address)
                if registrant is not None:
                    entry.registrant_id = registrant.id
                    place = f"{entry.session_id}/{entry.child_id}"
                    entry.join_url = self.parts.seals.seal("session_child", "join_url", place, registrant.join_url)
            payload = {"registrants": len(by_address)}
            tx.commit(audit=Event("session.registered", "session", session.id, SERVICE.id, payload))

    def _fail_closed(
        self, session: VideoSession, facts: MeetingFacts, findings: tuple[Finding, ...], tally: Tally
    ) -> None:
        evaluation = self._evaluate(facts)
        self.removal.begin(session.id, "not_as_asked", evaluation)
        tally.writes += 1
        self.removal.finish(session.id)
        raise Refused(findings, zoom_writes=tally.writes)

    def _finish(self, session: VideoSession, facts: MeetingFacts, tally: Tally) -> None:
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session.id, session.version)
            change_state(row, SessionState.SCHEDULED)
            evaluation = self._evaluate(facts)
            tx.add(session_facts.evaluation_row(evaluation, row.id, now, None))
            doors = self._open_doors(tx, row, now)
            tx.flush()
            tally.invitations = messages.invite(tx, self.parts.post, row, doors, now)
            work.finish(tx, CREATE, row.id, now)
            payload = {"invitations": tally.invitations, "settings_compared": tally.compared}
            tx.commit(audit=Event("session.scheduled", "session", row.id, SERVICE.id, payload))
        crash_point("schedule.scheduled")

    def _open_doors(self, tx: table.Transaction, session: VideoSession, now: datetime) -> dict[str, str]:
        tokens = {}
        for entry in table.roster(tx, session.id):
            token = ids.token("zgj")
            tx.add(
                Door(
                    id=ids.ulid(now), token_sha256=ids.token_digest(token), session_id=session.id,
                    person_id=entry.child_id,
                )  # fmt: skip
            )
            tokens[entry.child_id] = token
        return tokens


def _refusal(error: OutsideFailed, plan: MeetingPlan) -> Exception:
    """1114 names the observer: that is a finding with a remedy, not a failure of Zoom."""
    if error.code != "ZOOM_ALTERNATIVE_HOST":
        return error
    finding = Finding(
        "VC-OBSERVER",
        Outcome.FAIL,
        plan.observers[0],
        "Zoom does not accept the observer as alternative host.",
        remedy="Give the observer a Zoom licence in this account, or name another observer.",
        who="the Zoom administrator",
    )
    return Refused((finding,), zoom_writes=0)
