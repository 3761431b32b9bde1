"""Scheduling: rules first, then the meeting at Zoom, read back and confirmed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from zoomguard.application import access, ask_completion, chase, messages, session_ask, session_facts, work
from zoomguard.application.casting import Casting, is_pool
from zoomguard.application.crash import crash_point
from zoomguard.application.meeting_creation import MeetingCreation
from zoomguard.application.refusals import shown
from zoomguard.application.session_ask import CheckedAsk
from zoomguard.application.session_facts import Cast, Postures, Slot
from zoomguard.application.session_parts import (
    CREATE,
    CREATES_A_DAY,
    PLANNED,
    SETTINGS_COMPARED,
    TOO_LATE,
    SessionParts,
    budget_used,
    next_utc_day,
    views,
    writes_at_zoom,
)
from zoomguard.application.session_roster import first_roster
from zoomguard.domain import ids
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import Conflict, OutsideFailed, Refused
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.domain.meeting_plan import MeetingPlan
from zoomguard.domain.people import Who
from zoomguard.domain.sessions import ScheduleAnswer, ScheduleAsk, SessionState, SessionView
from zoomguard.rules import occasions
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import SessionReserve, VideoSession


@dataclass(frozen=True)
class Judged:
    """The rules' answer to an ask, and what it rested on."""

    cast: Cast
    evaluation: occasions.Evaluation
    findings: tuple[Finding, ...]
    row: table.EvaluationRow


@dataclass(frozen=True)
class Origin:
    """Where a session comes from: a batch, and whether its meeting is left to the duty that makes meetings."""

    batch_id: str | None = None
    planned: bool = False


class Scheduling:
    """From an ask to a session that stands at Zoom as asked, or is planned for the day its meeting is made."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts
        self.creation = MeetingCreation(parts)
        self.casting = Casting(parts)

    def schedule(self, who: Who, ask: ScheduleAsk) -> ScheduleAnswer:
        """See `Sessions.schedule`."""
        checked = self.checked(who, ask)
        if ask.dry_run:
            return self._rehearse(who, checked, self.casting.postures(who, checked))
        with self.parts.database.reading() as tx:
            earlier = _earlier(tx, who, checked)
        if earlier is not None:
            return self._repeat(who, earlier)
        postures = self.casting.postures(who, checked)
        session_id = ids.ulid(self.parts.clock.now())
        # Claimed before anybody can see it, so that the same ask again waits for this one.
        with self.parts.claims.claim(session_id):
            earlier, warnings = self._decide(who, checked, postures, session_id, Origin())
            if earlier is None:
                return replace(self._make(who, session_id, postures), warnings=warnings)
        return self._repeat(who, earlier)

    def plan(self, who: Who, ask: ScheduleAsk, postures: Postures, origin: Origin) -> tuple[str, bool]:
        """Reserves people and slot for a row of a batch and leaves the meeting to the duty that makes meetings.

        Gives the session, and whether it is new. Errors as `schedule`.
        """
        checked = self.checked(who, ask)
        with self.parts.database.reading() as tx:
            earlier = _earlier(tx, who, checked)
        if earlier is not None:
            return earlier, False
        session_id = ids.ulid(self.parts.clock.now())
        earlier, _ = self._decide(who, checked, postures, session_id, origin)
        return earlier or session_id, earlier is None

    def rehearse(self, who: Who, ask: ScheduleAsk, postures: Postures) -> ScheduleAnswer:
        """What the rules would say to a row of a batch; no write anywhere."""
        return self._rehearse(who, self.checked(who, ask), postures)

    def look_ahead(self, who: Who, ask: ScheduleAsk) -> tuple[CheckedAsk, Judged]:
        """What the rules say to an ask, passes included; no write anywhere."""
        checked = self.checked(who, ask)
        postures = self.casting.postures(who, checked)
        with self.parts.database.reading() as tx:
            judged = self._judge(tx, who, checked, postures, "")
        return checked, replace(judged, findings=self._suggested(checked, judged))

    def checked(self, who: Who, ask: ScheduleAsk) -> CheckedAsk:
        """The ask completed and of the right shape."""
        access.require(who, "sessions.schedule")
        with self.parts.database.reading() as tx:
            whole = ask_completion.complete(tx, self.parts, who, ask)
        return session_ask.check(whole, self.parts.terms, self.parts.clock.now(), said=ask)

    def _judge(self, tx: Transaction, who: Who, checked: CheckedAsk, postures: Postures, session_id: str) -> Judged:
        parts, now = self.parts, self.parts.clock.now()
        cast = self.casting.cast(tx, who, checked)
        slot = Slot(checked.starts_at, checked.minutes, session_id)
        pool = is_pool(checked)
        candidates = self.casting.candidates(tx, cast, checked) if pool else ()
        cast, people = self.casting.facts(tx, cast, slot, postures, pool=pool, candidates=candidates)
        consents = session_facts.consent_facts(tx, parts.seals, people, now)
        names = session_facts.roster_names(tx, parts.seals, cast.child_ids)
        words = session_facts.public_text(_draft(checked, cast), names)
        facts = occasions.Facts(people=people, consents=consents, meeting=words)
        evaluation = occasions.evaluate("schedule", facts, parts.terms)
        findings = evaluation.blocking + self._budget(tx, postures, checked.starts_at, now)
        row = session_facts.evaluation_row(evaluation, None, now, consents)
        return Judged(cast, evaluation, findings, row)

    def _budget(self, tx: Transaction, postures: Postures, starts_at: datetime, now: datetime) -> tuple[Finding, ...]:
        """Used up is a reason to wait, and to refuse only where the lesson is over before Zoom's next day."""
        host = postures.teacher.zoom_user_id if postures.teacher else ""
        if budget_used(tx, host, now) < CREATES_A_DAY or starts_at > next_utc_day(now) + TOO_LATE:
            return ()
        words = f"Zoom allows 100 new or changed meetings for each teacher and day; {CREATES_A_DAY} are used."
        return (Finding("ZOOM-BUDGET", Outcome.FAIL, "", words, remedy="Schedule it for after 00:00 UTC."),)

    def _waits(self, tx: Transaction, postures: Postures, starts_at: datetime, now: datetime) -> bool:
        if starts_at - now > timedelta(days=self.parts.terms.create_ahead_days):
            return True
        return budget_used(tx, postures.teacher.zoom_user_id if postures.teacher else "", now) >= CREATES_A_DAY

    def _rehearse(self, who: Who, checked: CheckedAsk, postures: Postures) -> ScheduleAnswer:
        """The same rules on the same facts, and no write anywhere."""
        with self.parts.database.reading() as tx:
            judged = self._judge(tx, who, checked, postures, "")
        if judged.findings:
            raise Refused(shown(who, self._suggested(checked, judged)))
        return ScheduleAnswer("possible", None, warnings=judged.evaluation.warnings)

    def _decide(
        self, who: Who, checked: CheckedAsk, postures: Postures, session_id: str, origin: Origin
    ) -> tuple[str | None, tuple[Finding, ...]]:
        """Refuses on record, or reserves people and slot; gives the session that the same ask made meanwhile."""
        with self.parts.database.deciding() as tx:
            # Looked for before people are locked, so that a crowd of the same ask does not queue for them, and after.
            earlier = _earlier(tx, who, checked)
            if earlier is not None:
                return earlier, ()
            judged = self._judge(tx, who, checked, postures, session_id)
            earlier = _earlier(tx, who, checked)
            if earlier is not None:
                return earlier, ()
            if judged.findings:
                self._refuse(tx, who, checked, judged)
            else:
                later = origin.planned or self._waits(tx, postures, checked.starts_at, self.parts.clock.now())
                if not self._reserve(tx, who, checked, judged, session_id, replace(origin, planned=later)):
                    return _earlier(tx, who, checked), ()
                crash_point("schedule.requested_uncommitted")
                count = len(judged.cast.child_ids)
                payload = {"starts_at": checked.local_start, "zone": checked.ask.zone, "children": count}
                said = "session.planned" if later else "session.requested"
                tx.commit(audit=Event(said, "session", session_id, who.id, payload))
        if judged.findings:
            raise Refused(shown(who, self._suggested(checked, judged)))
        crash_point("schedule.requested")
        return None, judged.evaluation.warnings

    def _refuse(self, tx: Transaction, who: Who, checked: CheckedAsk, judged: Judged) -> None:
        tx.add(judged.row)
        wanted = chase.WantedBy(judged.cast.teacher_id, checked.ask.course, checked.starts_at, checked.ask.zone)
        chase.note(tx, judged.findings, wanted, judged.row.at)
        rules = sorted({f.rule for f in judged.findings})
        tx.commit(audit=Event("session.refused", "evaluation", judged.row.id, who.id, {"rules": rules}))

    def _suggested(self, checked: CheckedAsk, judged: Judged) -> tuple[Finding, ...]:
        """The findings, with who could observe instead; outside any transaction."""
        slot = Slot(checked.starts_at, checked.minutes)
        return self.casting.suggested(judged.findings, judged.cast, slot)

    def _reserve(
        self, tx: Transaction, who: Who, checked: CheckedAsk, judged: Judged, session_id: str, origin: Origin
    ) -> bool:
        """False where another ask took the key in the same moment."""
        now, cast, parts = self.parts.clock.now(), judged.cast, self.parts
        session = VideoSession(
            id=session_id,
            short_id=_free_short_id(tx),
            state=SessionState.PLANNED if origin.planned else SessionState.REQUESTED,
            course=checked.ask.course,
            teacher_id=cast.teacher_id,
            observer_id=cast.observer_id or "",
            starts_at=checked.starts_at,
            minutes=checked.minutes,
            zone=checked.ask.zone,
            local_start=checked.local_start,
            terms_version=parts.terms.version,
            requested_by=who.id,
            idempotency_key=checked.ask.key or None,
            body_hash=checked.body_hash,
            made_at=now,
            batch_id=origin.batch_id,
            pool=is_pool(checked),
        )
        if not tx.insert_new(session):
            return False
        first_roster(tx, parts, session, cast.child_ids)
        for rank, person_id in enumerate(cast.reserve_ids, 1):
            tx.add(SessionReserve(session_id=session_id, person_id=person_id, rank=rank))
        judged.row.session_id = session_id
        tx.add(judged.row)
        if origin.planned:
            wanted_at = checked.starts_at - timedelta(days=parts.terms.create_ahead_days)
            work.put(tx, PLANNED, cast.teacher_id, max(wanted_at, now))
        else:
            work.put(tx, CREATE, session_id, now + timedelta(seconds=20))
        return True

    def _make(self, who: Who, session_id: str, postures: Postures | None) -> ScheduleAnswer:
        """Goes on with a claimed session as far as it can, and answers by what is on record then."""
        try:
            self.creation.go_on(session_id, postures)
        except Refused as refused:
            view, writes, _ = self._on_record(session_id)
            raise Refused(shown(who, refused.findings), zoom_writes=writes, session=view) from None
        return self._answer(session_id)

    def _repeat(self, who: Who, session_id: str) -> ScheduleAnswer:
        """The same ask again: waits for the first to finish and answers like it; goes on where it was cut off."""
        with self.parts.claims.claim(session_id, wait_s=60) as had:
            if not had:
                raise OutsideFailed("The first ask is still at work.", "Repeat in a minute.", code="CLAIMED")
            return self._make(who, session_id, None)

    def _answer(self, session_id: str) -> ScheduleAnswer:
        view, writes, invitations = self._on_record(session_id)
        if view.state is SessionState.CANCELLED:
            raise Conflict(f"{view.short_id} was cancelled.", "Use a new key for a new session.", code="CANCELLED")
        if view.state in (SessionState.FAILED, SessionState.REMOVING):
            raise OutsideFailed(
                f"{view.short_id} could not be created; nothing stands at Zoom, or it is being removed.",
                "Schedule again.",
                code="NOT_CREATED",
            )
        if view.state is SessionState.REFUSED:
            raise Conflict(f"{view.short_id} was refused when its day came.", "Schedule it anew.", code="REFUSED_LATER")
        planned = view.state is SessionState.PLANNED
        compared = 0 if planned else SETTINGS_COMPARED
        return ScheduleAnswer("planned" if planned else "scheduled", view, (), writes, compared, invitations)

    def _on_record(self, session_id: str) -> tuple[SessionView, int, int]:
        """The session, how much was written at Zoom for it, and how many guardians were invited."""
        with self.parts.database.reading() as tx:
            row = tx.need(VideoSession, session_id)
            view = views(self.parts, tx, [row])[0]
            return view, writes_at_zoom(tx, session_id), messages.invitations(tx, session_id)


def _earlier(tx: Transaction, who: Who, checked: CheckedAsk) -> str | None:
    """The session that the same key made before; Conflict where the ask or the asker was another one."""
    row = table.by_key(tx, checked.ask.key) if checked.ask.key else None
    if row is None:
        return None
    if (row.body_hash, row.requested_by) != (checked.body_hash, who.id):
        raise Conflict(
            "This Idempotency-Key was used for another ask.", "Use a new key for a new ask.", code="KEY_REUSED"
        )
    return str(row.id)


def _draft(checked: CheckedAsk, cast: Cast) -> MeetingPlan:
    """The public words of the meeting to be; the short id is not known yet."""
    slot = checked.starts_at, checked.minutes, checked.ask.zone
    return MeetingPlan(cast.teacher_email, (cast.observer_email,), checked.ask.course, "", *slot, "")


def _free_short_id(tx: Transaction) -> str:
    """Four letters are few: drawn again where another session has them."""
    while True:
        drawn = ids.short("S")
        if table.find(tx, drawn) is None:
            return drawn
