"""Changes that people ask for: another time, observer, teacher or roster. Rules first, then Zoom, then the families."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from zoomguard.application import access, chase, messages, observer_asks, session_facts, session_target, work
from zoomguard.application.casting import Casting
from zoomguard.application.crash import crash_point
from zoomguard.application.meeting_change import MeetingChange
from zoomguard.application.meeting_removal import JUST_BEFORE
from zoomguard.application.refusals import TAKE_OFF, shown
from zoomguard.application.scheduling import Scheduling
from zoomguard.application.session_facts import Cast, Postures, Slot
from zoomguard.application.session_notes import note_warnings
from zoomguard.application.session_parts import (
    CREATES_A_DAY,
    PLANNED,
    WRITES_A_DAY,
    SessionParts,
    budget_used,
    locked,
    looks_again,
    number_of,
    plan_of,
    views,
    writes_at_zoom,
)
from zoomguard.application.session_seen import known_of, own_or_for_others, seen, told_of, told_since
from zoomguard.application.session_target import Target
from zoomguard.domain import times
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import BadInput, Conflict, OutsideFailed, Refused
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.domain.people import Who
from zoomguard.domain.sessions import CHANGEABLE, Change, ChangeAnswer, SessionState, Told
from zoomguard.domain.spoken_starts import wall_start
from zoomguard.rules import occasions
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import VideoSession

# So long before the start a change can still be confirmed; a meeting made anew takes longer.
LEAD = {
    Change.TIME: timedelta(minutes=9),
    Change.OBSERVER: timedelta(minutes=9),
    Change.MEETING: timedelta(minutes=30),
}
CALLED_OFF = frozenset({SessionState.REMOVING, SessionState.CANCELLED, SessionState.FAILED})


@dataclass(frozen=True)
class NewTime:
    """Another time for a session, as typed; `minutes` 0 and `zone` "" leave as it is."""

    start: str
    minutes: int = 0
    zone: str = ""
    fold: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Proposal:
    """What a session would be: who takes part when, and what of it is new."""

    cast: Cast
    slot: Slot
    target: Target


class SessionChanges:
    """The use cases of changing one session. Many at once are many asks, each with an outcome of its own."""

    def __init__(self, parts: SessionParts, scheduling: Scheduling, change: MeetingChange) -> None:
        self.parts, self.change = parts, change
        self.casting: Casting = scheduling.casting

    @looks_again
    def reschedule(self, who: Who, id_or_short: str, to: NewTime, *, dry_run: bool = False) -> ChangeAnswer:
        """Another time, for the same people: everybody is asked and told anew. Refused leaves all as it is."""
        row = self.changeable(who, id_or_short)
        warnings = note_warnings(self.parts, row, to.note)
        zone = to.zone or row.zone
        wall = wall_start(to.start, zone, self.parts.clock.now())
        starts_at, minutes = times.to_utc(wall, zone, to.fold), to.minutes or row.minutes
        times.check_slot(starts_at, minutes, self.parts.clock.now())
        if minutes > self.parts.terms.max_minutes:
            raise BadInput(f"Sessions last at most {self.parts.terms.max_minutes} minutes here.", "Give fewer minutes.")
        if (starts_at, minutes, zone) == (row.starts_at, row.minutes, row.zone):
            return self._unchanged(row)
        local = wall.isoformat(timespec="minutes")
        target = Target(Change.TIME, starts_at, minutes, zone, local, note=to.note)
        answer = self._propose(who, row, Proposal(self._cast(row), Slot(starts_at, minutes, row.id), target), dry_run)
        return replace(answer, warnings=answer.warnings + warnings)

    @looks_again
    def replace_observer(self, who: Who, id_or_short: str, observer: str, *, dry_run: bool = False) -> ChangeAnswer:
        """Another observer, by address."""
        row = self.changeable(who, id_or_short)
        with self.parts.database.reading() as tx:
            cast = self._recast(tx, row, observer=observer)
        if cast.observer_id == row.observer_id:
            return self._unchanged(row)
        target = Target(Change.OBSERVER, observer_id=cast.observer_id)
        return self._propose(who, row, Proposal(cast, self._slot(row), target), dry_run)

    @looks_again
    def reassign(self, who: Who, id_or_short: str, teacher: str, *, dry_run: bool = False) -> ChangeAnswer:
        """Another teacher: Zoom cannot give a meeting another host, so it is made anew behind the same doors."""
        access.require(who, "sessions.schedule_for_others")
        row = self.changeable(who, id_or_short)
        with self.parts.database.reading() as tx:
            cast = self._recast(tx, row, teacher=teacher)
        if cast.teacher_id == row.teacher_id:
            return self._unchanged(row)
        target = Target(Change.MEETING, teacher_id=cast.teacher_id)
        return self._propose(who, row, Proposal(cast, self._slot(row), target), dry_run)

    # What would be -------------------------------------------------------------------------------------------

    def changeable(self, who: Who, id_or_short: str) -> VideoSession:
        """A session that this person may change, and that can be changed now."""
        access.require(who, "sessions.change")
        with self.parts.database.reading() as tx:
            row = seen(tx, who, id_or_short)
        own_or_for_others(who, row)
        self._check_state(row)
        return row

    def _check_state(self, row: VideoSession) -> None:
        if row.state not in CHANGEABLE or row.starts_at <= self.parts.clock.now():
            state = "under way or over" if row.starts_at <= self.parts.clock.now() else row.state.value
            raise Conflict(
                f"A session that is {state} cannot be changed.", "Look again in a minute.", code="NOT_CHANGEABLE"
            )

    def _check_time(self, row: VideoSession, target: Target) -> None:
        """Zoom needs a moment to confirm a change, and a new meeting more; a lesson that is on is not changed."""
        if row.state is SessionState.PLANNED:
            return
        now = self.parts.clock.now()
        if now <= max(row.starts_at, target.starts_at or row.starts_at) - LEAD[target.kind]:
            near = target.kind is Change.MEETING or now >= row.starts_at - JUST_BEFORE
            meeting = self.parts.meetings.read(number_of(row)) if near else None
            if meeting is None or meeting.status != "started":
                return
        raise Conflict(
            "It is too late to change this lesson at Zoom.", "Cancel it, or call the safeguarding lead.", code="LATE"
        )

    def _slot(self, row: VideoSession) -> Slot:
        return Slot(row.starts_at, row.minutes, row.id)

    def _cast(self, row: VideoSession) -> Cast:
        with self.parts.database.reading() as tx:
            return self._recast(tx, row)

    def _recast(self, tx: Transaction, row: VideoSession, teacher: str = "", observer: str = "") -> Cast:
        """The session's people, with another teacher or observer where one is named."""
        plan = plan_of(self.parts, tx, row, row.attempt)
        named = session_facts.find_cast(
            tx,
            self.parts.seals,
            self.parts.staff_domains,
            teacher or plan.host_email,
            observer or plan.observers[0],
            (),
        )
        return replace(named, child_ids=tuple(c.child_id for c in table.roster(tx, row.id)))

    def _judge(
        self, tx: Transaction, row: VideoSession, proposal: Proposal, postures: Postures
    ) -> tuple[occasions.Evaluation, tuple[Finding, ...], table.EvaluationRow]:
        now, parts = self.parts.clock.now(), self.parts
        _, people = self.casting.facts(tx, proposal.cast, proposal.slot, postures, pool=False, candidates=())
        consents = session_facts.consent_facts(tx, parts.seals, people, now)
        evaluation = occasions.evaluate("schedule", occasions.Facts(people=people, consents=consents), parts.terms)
        findings = evaluation.blocking + self._budget(tx, row, proposal.target, postures)
        kept = session_facts.evaluation_row(evaluation, row.id, now, consents)
        return evaluation, findings, kept

    def _budget(self, tx: Transaction, row: VideoSession, target: Target, postures: Postures) -> tuple[Finding, ...]:
        """A change that Zoom would not take today is refused before anything is begun: for another teacher a whole
        meeting must still fit."""
        now, host, most = self.parts.clock.now(), row.host_zoom_id, WRITES_A_DAY
        if target.kind is Change.MEETING:
            host, most = postures.teacher.zoom_user_id if postures.teacher else "", CREATES_A_DAY
        if row.state is SessionState.PLANNED or budget_used(tx, host, now) < most:
            return ()
        words = "Zoom takes no more changes of this teacher's meetings today."
        return (Finding("ZOOM-BUDGET", Outcome.FAIL, "", words, remedy="Change it after 00:00 UTC."),)

    # What is done --------------------------------------------------------------------------------------------

    def _propose(self, who: Who, row: VideoSession, proposal: Proposal, dry_run: bool) -> ChangeAnswer:
        self._check_time(row, proposal.target)
        postures = self._postures(proposal.cast)
        told = self._told(who, row, proposal)
        if dry_run:
            with self.parts.database.reading() as tx:
                evaluation, findings, _ = self._judge(tx, row, proposal, postures)
                view = views(self.parts, tx, [row])[0]
            if findings:
                raise self._refused(who, proposal, findings)
            return ChangeAnswer("possible", view, told, evaluation.warnings)
        with self.parts.claims.claim(row.id, wait_s=60) as had:
            if not had:
                raise OutsideFailed("Somebody else is at work on this session.", "Repeat in a minute.", code="CLAIMED")
            with self.parts.database.reading() as tx:
                known = known_of(tx, row.id)
            warnings = self._decide(who, row, proposal, postures)
            answer = self._carry_out(who, row.id, told, warnings)
            if answer.outcome == "moving":
                return answer  # Who will be told, as soon as Zoom has confirmed it.
            with self.parts.database.reading() as tx:
                return replace(answer, told=told_since(tx, self.parts, row.id, known))

    def _refused(self, who: Who, proposal: Proposal, findings: tuple[Finding, ...]) -> Refused:
        """What stands in the way, with who could observe instead; outside any transaction."""
        return Refused(shown(who, self.casting.suggested(findings, proposal.cast, proposal.slot), TAKE_OFF))

    def _postures(self, cast: Cast) -> Postures:
        users = self.parts.users
        observer = users.posture(cast.observer_email) if cast.observer_id else None
        return Postures(users.posture(cast.teacher_email), observer)

    def _told(self, who: Who, row: VideoSession, proposal: Proposal) -> Told:
        named = (proposal.target.teacher_id, proposal.target.observer_id)
        with self.parts.database.reading() as tx:
            return told_of(tx, self.parts, row, who, tuple(p for p in named if p))

    def _decide(self, who: Who, row: VideoSession, proposal: Proposal, postures: Postures) -> tuple[Finding, ...]:
        """Refuses on record, or takes the new beside the old; a planned session simply becomes what is wanted."""
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            # Who takes part and when was read before: a session that was changed since is looked at again.
            fresh = locked(tx, row.id, row.version)
            self._check_state(fresh)
            evaluation, findings, kept = self._judge(tx, fresh, proposal, postures)
            tx.add(kept)
            payload: dict[str, object] = {"change": proposal.target.kind.value, "starts_at": fresh.local_start}
            asked: tuple[Event, ...] = ()
            if findings:
                zone = proposal.target.zone or row.zone
                wanted = chase.WantedBy(proposal.cast.teacher_id, row.course, proposal.slot.starts_at, zone)
                chase.note(tx, findings, wanted, now)
                said, payload = "session.change_refused", {"rules": sorted({f.rule for f in findings})}
            elif fresh.state is SessionState.PLANNED:
                said, asked = "session.changed", self._change_plan(tx, who, fresh, proposal.target)
            else:
                said = "session.change_decided"
                session_target.decide(tx, self.parts, fresh, proposal.target, who, now)
            tx.commit(audit=(Event(said, "session", row.id, who.id, payload), *asked))
        if findings:
            raise self._refused(who, proposal, findings)
        crash_point("change.decided")
        return evaluation.warnings

    def _change_plan(self, tx: Transaction, who: Who, row: VideoSession, target: Target) -> tuple[Event, ...]:
        """Nothing stands at Zoom, and nobody was invited: it becomes what is wanted at once. A yes was said to the
        old time and by the old observer."""
        before = session_target.before_of(row)
        told = ({before.teacher_id} | ({before.observer_id} if row.accepted_at else set())) - {who.id}
        session_target.intend(self.parts, row, target, who)
        session_target.take_over(self.parts, row)
        messages.tell_of_changed_plan(tx, self.parts.post, row, before, told, self.parts.clock.now())
        asked: tuple[Event, ...] = ()
        if target.kind in (Change.TIME, Change.OBSERVER):
            row.accepted_at = None
            named = row.observer_id if target.kind is Change.OBSERVER else ""
            asked = observer_asks.end(tx, self.parts, row, self.parts.clock.now(), keep=named)
        due_at = row.starts_at - timedelta(days=self.parts.terms.create_ahead_days)
        work.put(tx, PLANNED, row.teacher_id, max(due_at, self.parts.clock.now()))
        return asked

    def _carry_out(self, who: Who, session_id: str, told: Told, warnings: tuple[Finding, ...]) -> ChangeAnswer:
        """Goes as far as Zoom lets it; what Zoom refuses is told with what was wanted and got."""
        try:
            self.change.go_on(session_id)
        except Refused as refused:
            with self.parts.database.reading() as tx:
                view = views(self.parts, tx, [tx.need(VideoSession, session_id)])[0]
                writes = writes_at_zoom(tx, session_id)
            raise Refused(shown(who, refused.findings), zoom_writes=writes, session=view) from None
        with self.parts.database.reading() as tx:
            view = views(self.parts, tx, [tx.need(VideoSession, session_id)])[0]
            if view.state in CALLED_OFF:
                raise OutsideFailed(
                    f"Zoom did not confirm the change in time: {view.short_id} was called off, and everybody told.",
                    "Schedule it anew.",
                    code="CALLED_OFF",
                )
            outcome = "moving" if view.state is SessionState.MOVING else "changed"
            return ChangeAnswer(outcome, view, told, warnings, writes_at_zoom(tx, session_id))

    def _unchanged(self, row: VideoSession) -> ChangeAnswer:
        with self.parts.database.reading() as tx:
            return ChangeAnswer("unchanged", views(self.parts, tx, [row])[0])
