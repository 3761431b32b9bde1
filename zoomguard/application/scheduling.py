"""Scheduling: rules first, then the meeting at Zoom, read back and confirmed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from zoomguard.application import access, messages, session_ask, session_facts, work
from zoomguard.application.crash import crash_point
from zoomguard.application.meeting_creation import MeetingCreation
from zoomguard.application.session_ask import CheckedAsk
from zoomguard.application.session_facts import Cast, Postures, Slot
from zoomguard.application.session_parts import (
    CREATE,
    CREATES_A_DAY,
    SETTINGS_COMPARED,
    SessionParts,
    budget_used,
    views,
    writes_at_zoom,
)
from zoomguard.domain import ids
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import Conflict, NotAllowed, OutsideFailed, Refused
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.domain.meeting_plan import MeetingPlan
from zoomguard.domain.people import Who, in_domains, staff_address
from zoomguard.domain.sessions import ScheduleAnswer, ScheduleAsk, SessionState, SessionView
from zoomguard.rules import occasions
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.people import Person
from zoomguard.tables.sessions import SessionChild, VideoSession


@dataclass(frozen=True)
class Judged:
    """The rules' answer to an ask, and what it rested on."""

    cast: Cast
    evaluation: occasions.Evaluation
    findings: tuple[Finding, ...]
    row: table.EvaluationRow


class Scheduling:
    """From an ask to a session that stands at Zoom as asked."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts
        self.creation = MeetingCreation(parts)

    def schedule(self, who: Who, ask: ScheduleAsk) -> ScheduleAnswer:
        """See `Sessions.schedule`."""
        access.require(who, "sessions.schedule")
        checked = session_ask.check(ask, self.parts.terms, self.parts.clock.now())
        if ask.dry_run:
            return self._rehearse(who, checked, self._postures(who, checked))
        with self.parts.database.reading() as tx:
            earlier = _earlier(tx, who, checked)
        if earlier is not None:
            return self._repeat(who, earlier)
        postures = self._postures(who, checked)
        session_id = ids.ulid(self.parts.clock.now())
        # Claimed before anybody can see it, so that the same ask again waits for this one.
        with self.parts.claims.claim(session_id):
            earlier = self._decide(who, checked, postures, session_id)
            if earlier is None:
                return self._make(who, session_id, postures)
        return self._repeat(who, earlier)

    def _postures(self, who: Who, checked: CheckedAsk) -> Postures:
        """What Zoom says of the two, asked before any transaction."""
        with self.parts.database.reading() as tx:
            cast = self._cast(tx, who, checked)
        observer = self.parts.users.posture(cast.observer_email) if cast.observer_id else None
        teacher = None
        if in_domains(cast.teacher_email, self.parts.staff_domains):
            teacher = self.parts.users.posture(cast.teacher_email)
        return Postures(teacher, observer)

    def _cast(self, tx: Transaction, who: Who, checked: CheckedAsk) -> Cast:
        ask, parts = checked.ask, self.parts
        teacher = ask.teacher or _email_of(tx, parts, who)
        cast = session_facts.find_cast(tx, parts.seals, parts.staff_domains, teacher, ask.observer, ask.children)
        if cast.teacher_id != who.id and not access.may(who, "sessions.schedule_for_others"):
            raise NotAllowed("You may schedule only for yourself.", "Leave out --teacher, or ask the office.")
        return cast

    def _judge(self, tx: Transaction, who: Who, checked: CheckedAsk, postures: Postures, session_id: str) -> Judged:
        parts, now = self.parts, self.parts.clock.now()
        cast = self._cast(tx, who, checked)
        slot = Slot(checked.starts_at, checked.ask.minutes, session_id)
        people = session_facts.people_facts(tx, parts.seals, parts.terms, parts.staff_domains, cast, slot, postures)
        consents = session_facts.consent_facts(tx, parts.seals, people, now)
        names = session_facts.roster_names(tx, parts.seals, cast.child_ids)
        words = session_facts.public_text(_draft(checked, cast), names)
        facts = occasions.Facts(people=people, consents=consents, meeting=words)
        evaluation = occasions.evaluate("schedule", facts, parts.terms)
        findings = evaluation.blocking + self._budget(tx, postures, now)
        row = session_facts.evaluation_row(evaluation, None, now, consents)
        return Judged(cast, evaluation, findings, row)

    def _budget(self, tx: Transaction, postures: Postures, now: datetime) -> tuple[Finding, ...]:
        host = postures.teacher.zoom_user_id if postures.teacher else ""
        if budget_used(tx, host, now) < CREATES_A_DAY:
            return ()
        words = f"Zoom allows 100 new or changed meetings for each teacher and day; {CREATES_A_DAY} are used."
        return (Finding("ZOOM-BUDGET", Outcome.FAIL, "", words, remedy="Schedule again after 00:00 UTC."),)

    def _rehearse(self, who: Who, checked: CheckedAsk, postures: Postures) -> ScheduleAnswer:
        """The same rules on the same facts, and no write anywhere."""
        with self.parts.database.reading() as tx:
            judged = self._judge(tx, who, checked, postures, "")
        if judged.findings:
            raise Refused(shown(who, judged.findings))
        return ScheduleAnswer("possible", None)

    def _decide(self, who: Who, checked: CheckedAsk, postures: Postures, session_id: str) -> str | None:
        """Refuses on record, or reserves people and slot; gives the session that the same ask made meanwhile."""
        with self.parts.database.deciding() as tx:
            judged = self._judge(tx, who, checked, postures, session_id)
            earlier = _earlier(tx, who, checked)
            if earlier is not None:
                return earlier
            if judged.findings:
                self._refuse(tx, who, judged)
            if not self._reserve(tx, who, checked, judged, session_id):
                return _earlier(tx, who, checked)
            crash_point("schedule.requested_uncommitted")
            count = len(judged.cast.child_ids)
            payload = {"starts_at": checked.local_start, "zone": checked.ask.zone, "children": count}
            tx.commit(audit=Event("session.requested", "session", session_id, who.id, payload))
        crash_point("schedule.requested")
        return None

    def _refuse(self, tx: Transaction, who: Who, judged: Judged) -> None:
        tx.add(judged.row)
        rules = sorted({f.rule for f in judged.findings})
        tx.commit(audit=Event("session.refused", "evaluation", judged.row.id, who.id, {"rules": rules}))
        raise Refused(shown(who, judged.findings))

    def _reserve(self, tx: Transaction, who: Who, checked: CheckedAsk, judged: Judged, session_id: str) -> bool:
        """False where another ask took the key in the same moment."""
        now, cast, parts = self.parts.clock.now(), judged.cast, self.parts
        session = VideoSession(
            id=session_id,
            short_id=_free_short_id(tx),
            state=SessionState.REQUESTED,
            course=checked.ask.course,
            teacher_id=cast.teacher_id,
            observer_id=cast.observer_id or "",
            starts_at=checked.starts_at,
            minutes=checked.ask.minutes,
            zone=checked.ask.zone,
            local_start=checked.local_start,
            terms_version=parts.terms.version,
            requested_by=who.id,
            idempotency_key=checked.ask.key or None,
            body_hash=checked.body_hash,
            made_at=now,
        )
        if not tx.insert_new(session):
            return False
        for position, child_id in enumerate(cast.child_ids, 1):
            address = f"{ids.token('p').lower().replace('_', '')[:24]}@{parts.registrant_domain}"
            tx.add(SessionChild(session_id=session_id, child_id=child_id, position=position, address=address))
        judged.row.session_id = session_id
        tx.add(judged.row)
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
        return ScheduleAnswer("scheduled", view, (), writes, SETTINGS_COMPARED, invitations)

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


def shown(who: Who, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What this person may read of findings: why a child may not attend is for the office and the DSL."""
    if access.may(who, "consents.see"):
        return findings
    return tuple(_neutral(f) if f.rule in ("CON-CHANNEL", "CON-RECORD") else f for f in findings)


def _neutral(finding: Finding) -> Finding:
    return replace(
        finding,
        reason=f"{finding.subject} cannot attend yet. The enrolment office knows.",
        remedy=f"Go on without: leave out --child {finding.subject}",
        verdict=Outcome.FAIL,
        who="the enrolment office",
    )


def _draft(checked: CheckedAsk, cast: Cast) -> MeetingPlan:
    """The public words of the meeting to be; the short id is not known yet."""
    return MeetingPlan(
        cast.teacher_email,
        (cast.observer_email,),
        checked.ask.course,
        "",
        checked.starts_at,
        checked.ask.minutes,
        checked.ask.zone,
        "",
    )


def _email_of(tx: Transaction, parts: SessionParts, who: Who) -> str:
    person = tx.get(Person, who.id)
    if person is None:
        raise NotAllowed("You are not on record as staff.", "Ask the office.")
    return staff_address(parts.seals.open("person", "email", person.id, person.email))


def _free_short_id(tx: Transaction) -> str:
    """Four letters are few: drawn again where another session has them."""
    while True:
        drawn = ids.short("S")
        if table.find(tx, drawn) is None:
            return drawn
