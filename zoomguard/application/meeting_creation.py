"""Takes a session from `requested` to `scheduled`: create, read back, at most one repair, personal entries.

Run by the ask itself and, after a crash or a lost answer, by the worker: each step is on record before it is sent,
and what is unknown begins with looking. Whatever is not as asked is removed again: fail closed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from zoomguard.application import meeting_lookup, messages, observer_asks, session_facts, work
from zoomguard.application.crash import crash_point
from zoomguard.application.meeting_entries import MeetingEntries
from zoomguard.application.meeting_removal import MeetingRemoval
from zoomguard.application.session_facts import Cast, Postures, Slot
from zoomguard.application.session_parts import (
    CONFIRM_BEFORE,
    CREATE,
    CREATES_A_DAY,
    REPAIR,
    SETTINGS_COMPARED,
    SWEEP,
    TOO_LATE,
    WRITES_A_DAY,
    SessionParts,
    change_state,
    locked,
    note_step,
    number_of,
    plan_of,
    put_duties,
    take_budget,
)
from zoomguard.application.session_roster import open_doors
from zoomguard.domain import meeting_plan
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import NotThere, OutcomeUnknown, OutsideFailed, Refused
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.domain.meeting_plan import Meeting, MeetingPlan
from zoomguard.domain.people import SERVICE
from zoomguard.domain.sessions import SessionState
from zoomguard.rules import occasions
from zoomguard.rules.facts import ConsentFacts, MeetingFacts
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.observers import AskKind
from zoomguard.tables.sessions import StepState, VideoSession

# A fresh meeting may not be readable at once; so long we ask again before it counts as unknown.
READ_PAUSES_S = (0.0, 0.5, 1.5, 4.0)


class MeetingCreation:
    """The steps at Zoom, each committed before and after."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts
        self.removal = MeetingRemoval(parts)
        self.entries = MeetingEntries(parts)

    def make(self, session_id: str) -> None:
        """Goes on after a crash or a lost answer, unless somebody else is at it. Errors as `go_on`."""
        with self.parts.claims.claim(session_id) as had:
            if not had:
                raise OutsideFailed("Somebody else is at work on this session.", code="CLAIMED")
            self.go_on(session_id, None)

    def go_on(self, session_id: str, postures: Postures | None) -> None:
        """Goes as far as it can; the caller holds the claim. `postures` are given by the ask, just judged;
        without them this is a recovery, and the rules are asked again.

        Refused where Zoom's meeting is not as asked (it is removed), OutsideFailed where Zoom cannot tell:
        the session then stays as it is and the worker goes on.
        """
        session = self._read(session_id)
        if session.state is SessionState.REQUESTED:
            postures = self._settle_number(session, postures) or postures
            session = self._read(session_id)
        if session.state is SessionState.CREATED:
            self._confirm(session, postures)

    def _read(self, session_id: str) -> VideoSession:
        with self.parts.database.reading() as tx:
            row = tx.get(VideoSession, session_id)
            if row is None:
                raise NotThere("There is no such session.", "")
            return row

    # From requested to created -------------------------------------------------------------------------------

    def _settle_number(self, session: VideoSession, postures: Postures | None) -> Postures | None:
        """Sends, or adopts what an earlier attempt made; gives the postures under which it was sent."""
        sought = meeting_lookup.seek(self.parts, session)
        late = self.parts.clock.now() > session.starts_at - TOO_LATE
        if late and (sought.unknown or postures is None):
            self.removal.give_up(session.id, "too_late")
            return None
        if sought.number is not None:
            self._adopt(session, sought.number, sought.attempt)
            return None
        postures = postures or self._still_allowed(session)
        if postures is None:
            self.removal.give_up(session.id, "no_longer_allowed")
            return None
        return self._send(session, postures)

    def _send(self, session: VideoSession, postures: Postures) -> Postures | None:
        plan = self._intend(session, postures)
        crash_point("schedule.create_sent")
        try:
            number = self.parts.meetings.create(self._read(session.id).host_zoom_id, plan.request())
        except OutcomeUnknown as error:
            self._note(session.id, StepState.UNKNOWN, error.code)
            return self._settle_number(self._read(session.id), None)
        except OutsideFailed as error:
            self._note(session.id, StepState.REFUSED, error.code)
            if not error.permanent:
                raise  # Nothing was made, and waiting helps: the worker sends it again.
            self.removal.give_up(session.id, error.code)
            raise refusal(error, plan) from error
        crash_point("schedule.created")
        session = self._read(session.id)
        self._adopt(session, number, session.attempt)
        return postures

    def _intend(self, session: VideoSession, postures: Postures) -> MeetingPlan:
        """Commits what is about to be sent: attempt, passcode, one of the host's budget, a step `sent`."""
        posture = postures.teacher
        if posture is None:
            raise OutsideFailed("Zoom does not know the teacher.", code="ZOOM_USER_UNKNOWN")
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session.id, session.version)
            row.attempt += 1
            row.host_zoom_id = posture.zoom_user_id
            passcode = meeting_plan.new_passcode(posture.passcode_rule)
            row.passcode = self.parts.seals.seal("video_session", "passcode", row.id, passcode)
            take_budget(tx, row.host_zoom_id, now, CREATES_A_DAY)
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

    def _still_allowed(self, session: VideoSession) -> Postures | None:
        """Rules are asked again before a meeting is made, or told of, later than it was asked for."""
        postures = self.postures(session)
        with self.parts.database.deciding() as tx:
            evaluation, _ = self.judge(tx, session, postures)
            return None if evaluation.blocking else postures

    def judge(
        self, tx: Transaction, session: VideoSession, postures: Postures, occasion: str = "schedule"
    ) -> tuple[occasions.Evaluation, ConsentFacts]:
        """The rules about people and consents of a session that is on record."""
        cast = self._cast(tx, session)
        slot = Slot(session.starts_at, session.minutes, session.id)
        people = session_facts.people_facts(
            tx, self.parts.seals, self.parts.terms, self.parts.staff_domains, cast, slot, postures
        )
        consents = session_facts.consent_facts(tx, self.parts.seals, people, self.parts.clock.now())
        facts = occasions.Facts(people=people, consents=consents)
        return occasions.evaluate(occasion, facts, self.parts.terms), consents

    def _cast(self, tx: Transaction, session: VideoSession) -> Cast:
        plan = plan_of(self.parts, tx, session, session.attempt)
        children = tuple(c.child_id for c in table.roster(tx, session.id))
        return Cast(session.teacher_id, plan.host_email, session.observer_id, plan.observers[0], children)

    def postures(self, session: VideoSession) -> Postures:
        """What Zoom says of a session's teacher and observer now."""
        with self.parts.database.reading() as tx:
            plan = plan_of(self.parts, tx, session, session.attempt)
        users = self.parts.users
        return Postures(users.posture(plan.host_email), users.posture(plan.observers[0]))

    # From created to scheduled -------------------------------------------------------------------------------

    def _confirm(self, session: VideoSession, postures: Postures | None) -> None:
        if postures is None and self.parts.clock.now() > session.starts_at - CONFIRM_BEFORE:
            self.removal.give_up(session.id, "too_late")
            return
        postures = postures or self._still_allowed(session)
        if postures is None:
            self.removal.give_up(session.id, "no_longer_allowed")
            return
        facts = self._read_back(session, postures)
        findings = self._evaluate(facts).blocking
        if not findings:
            facts = replace(facts, registered=self.entries.settle(session))
            findings = self._evaluate(facts).blocking
        if findings:
            self._fail_closed(session, facts, findings)
        self._finish(session, facts)

    def _evaluate(self, facts: MeetingFacts) -> occasions.Evaluation:
        return occasions.evaluate("schedule", occasions.Facts(meeting=facts), self.parts.terms)

    def _read_back(self, session: VideoSession, postures: Postures) -> MeetingFacts:
        """A fresh GET compared with the plan; where it differs one PATCH and one GET more."""
        facts = self._compare(session, postures)
        if not facts.differences:
            return facts
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            take_budget(tx, session.host_zoom_id, now, WRITES_A_DAY)
            note_step(tx, REPAIR, session, StepState.SENT, now)
            tx.commit()
        crash_point("schedule.repair_sent")
        try:
            self.parts.meetings.update(facts.meeting.number if facts.meeting else 0, facts.plan.repair())
        except OutsideFailed as error:
            # Lost or refused: the GET says what came of it.
            if not (error.permanent or isinstance(error, OutcomeUnknown)):
                raise
        return self._compare(session, postures)

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
        for pause in READ_PAUSES_S:
            self.parts.pause(pause)
            meeting = self.parts.meetings.read(number_of(session))
            if meeting is not None:
                return meeting
        raise OutsideFailed("Zoom does not show the meeting that it made.", code="ZOOM_MEETING_UNREADABLE")

    def _fail_closed(self, session: VideoSession, facts: MeetingFacts, findings: tuple[Finding, ...]) -> None:
        self.removal.begin(session.id, "not_as_asked", self._evaluate(facts))
        self.removal.finish(session.id)
        raise Refused(findings)

    def _finish(self, session: VideoSession, facts: MeetingFacts) -> None:
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session.id, session.version)
            change_state(row, SessionState.SCHEDULED)
            evaluation = self._evaluate(facts)
            tx.add(session_facts.evaluation_row(evaluation, row.id, now, None))
            doors = open_doors(tx, self.parts, row, now)
            invitations = messages.invite(tx, self.parts.post, row, doors, now)
            asked: tuple[Event, ...] = ()
            if row.accepted_at is None:
                asked = observer_asks.ask(tx, self.parts, row, row.observer_id, AskKind.ASSIGNED, now)
            work.finish(tx, CREATE, row.id, now)
            put_duties(tx, row, now)
            payload = {"invitations": invitations, "settings_compared": SETTINGS_COMPARED}
            tx.commit(audit=(Event("session.scheduled", "session", row.id, SERVICE.id, payload), *asked))
        crash_point("schedule.scheduled")


def refusal(error: OutsideFailed, plan: MeetingPlan) -> Exception:
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
    return Refused((finding,))
