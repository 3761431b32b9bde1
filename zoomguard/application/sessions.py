"""Sessions: scheduled by the rules, listed, shown with the reasons, cancelled."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col, select

from zoomguard.application import access, session_ask, session_facts, work
from zoomguard.application.crash import crash_point
from zoomguard.application.meeting_creation import MeetingCreation, Tally
from zoomguard.application.meeting_lookup import StillUnknown
from zoomguard.application.meeting_removal import CANCELLED, MeetingRemoval
from zoomguard.application.session_ask import CheckedAsk
from zoomguard.application.session_facts import Cast, Postures, Slot
from zoomguard.application.session_parts import (
    CREATE,
    CREATES_A_DAY,
    SessionParts,
    budget_used,
    views,
)  # fmt: skip
from zoomguard.domain import ids
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import Conflict, NotAllowed, NotThere, OutsideFailed, Refused
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.domain.meeting_plan import MeetingPlan
from zoomguard.domain.people import Who, in_domains, staff_address
from zoomguard.domain.sessions import (
    CANCELLABLE,
    ScheduleAnswer,
    ScheduleAsk,
    SessionDetail,
    SessionState,
    SessionView,
    WhyAllowed,
)  # fmt: skip
from zoomguard.rules import occasions
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.people import Person
from zoomguard.tables.sessions import SessionChild, VideoSession

NOT_FOR_YOU = ("There is no such session for you.", "See: zoomguard sessions list")


@dataclass(frozen=True)
class Judged:
    """The rules' answer to an ask, and what it rested on."""

    cast: Cast
    evaluation: occasions.Evaluation
    findings: tuple[Finding, ...]
    row: table.EvaluationRow


class Sessions:
    """The use cases of sessions, and the duties that go on with them after a crash."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts
        self.creation = MeetingCreation(parts)
        self.removal = MeetingRemoval(parts)

    # Schedule ------------------------------------------------------------------------------------------------

    def schedule(self, who: Who, ask: ScheduleAsk) -> ScheduleAnswer:
        """Rules first, then the meeting at Zoom, read back and confirmed.

        Refused (with findings), BadInput, Conflict for a key used for another ask, OutsideFailed where Zoom failed
        or could not tell; nothing is left at Zoom that does not stand as asked.
        """
        access.require(who, "sessions.schedule")
        checked = session_ask.check(ask, self.parts.terms, self.parts.clock.now())
        known = self._known(checked)
        if known is None:
            postures = self._postures(who, checked)
            if ask.dry_run:
                return self._rehearse(who, checked, postures)
            session_id, made = self._decide(who, checked, postures)
            known = session_id
            if made:
                return self._make(who, session_id, postures)
        return self._repeat(who, known)

    def _known(self, checked: CheckedAsk) -> str | None:
        """The session that the same key made before; Conflict where the ask was another one."""
        if not checked.ask.key:
            return None
        with self.parts.database.reading() as tx:
            row = table.by_key(tx, checked.ask.key)
        if row is None:
            return None
        if row.body_hash != checked.body_hash:
            raise Conflict(
                "This Idempotency-Key was used for another ask.", "Use a new key for a new ask.", code="KEY_REUSED"
            )
        return str(row.id)

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

    def _decide(self, who: Who, checked: CheckedAsk, postures: Postures) -> tuple[str, bool]:
        """Refuses on record, or reserves people and slot. Gives the session's id and whether this ask made it."""
        now, key = self.parts.clock.now(), checked.ask.key
        with self.parts.database.deciding() as tx:
            session_id = ids.ulid(now)
            judged = self._judge(tx, who, checked, postures, session_id)
            earlier = table.by_key(tx, key) if key else None
            if earlier is not None:
                return str(earlier.id), False
            if judged.findings:
                self._refuse(tx, who, judged)
            self._reserve(tx, who, checked, judged, session_id)
            crash_point("schedule.requested_uncommitted")
            count = len(judged.cast.child_ids)
            payload = {"starts_at": checked.local_start, "zone": checked.ask.zone, "children": count}
            tx.commit(audit=Event("session.requested", "session", session_id, who.id, payload))
        crash_point("schedule.requested")
        return session_id, True

    def _refuse(self, tx: Transaction, who: Who, judged: Judged) -> None:
        tx.add(judged.row)
        rules = sorted({f.rule for f in judged.findings})
        tx.commit(audit=Event("session.refused", "evaluation", judged.row.id, who.id, {"rules": rules}))
        raise Refused(shown(who, judged.findings))

    def _reserve(self, tx: Transaction, who: Who, checked: CheckedAsk, judged: Judged, session_id: str) -> None:
        now, cast, parts = self.parts.clock.now(), judged.cast, self.parts
        assert cast.observer_id is not None
        session = VideoSession(
            id=session_id, short_id=_free_short_id(tx), state=SessionState.REQUESTED, course=checked.ask.course,
            teacher_id=cast.teacher_id, observer_id=cast.observer_id, starts_at=checked.starts_at,
            minutes=checked.ask.minutes, zone=checked.ask.zone, local_start=checked.local_start,
            terms_version=parts.terms.version, requested_by=who.id, idempotency_key=checked.ask.key or None,
            body_hash=checked.body_hash, made_at=now,
        )  # fmt: skip
        tx.add(session)
        tx.flush()
        for position, child_id in enumerate(cast.child_ids, 1):
            address = f"{ids.token('p').lower().replace('_', '')[:24]}@{parts.registrant_domain}"
            tx.add(SessionChild(session_id=session_id, child_id=child_id, position=position, address=address))
        judged.row.session_id = session_id
        tx.add(judged.row)
        work.put(tx, CREATE, session_id, now + timedelta(seconds=20))

    def _make(self, who: Who, session_id: str, postures: Postures) -> ScheduleAnswer:
        tally = Tally()
        try:
            tally = self.creation.make(session_id, postures)
        except Refused as refused:
            view = self._view(session_id)
            raise Refused(shown(who, refused.findings), zoom_writes=refused.zoom_writes, session=view) from None
        return self._answer(session_id, tally)

    def _repeat(self, who: Who, session_id: str) -> ScheduleAnswer:
        """The same ask again: waits for the first to finish and answers like it; goes on where it was cut off."""
        with self.parts.claims.claim(session_id, wait_s=60) as had:
            if not had:
                raise OutsideFailed("The first ask is still at work.", "Repeat in a minute.", code="CLAIMED")
        view = self._view(session_id)
        if view.state in (SessionState.REQUESTED, SessionState.CREATED):
            self.creation.make(session_id)
        return self._answer(session_id, Tally())

    def _answer(self, session_id: str, tally: Tally) -> ScheduleAnswer:
        view = self._view(session_id)
        if view.state in (SessionState.FAILED, SessionState.REMOVING):
            raise OutsideFailed(
                f"{view.short_id} could not be created in time; nothing stands at Zoom, or it is being removed.",
                "Schedule again.",
                code="NOT_CREATED",
            )
        return ScheduleAnswer("scheduled", view, (), tally.writes, tally.compared, tally.invitations)

    def _view(self, session_id: str) -> SessionView:
        with self.parts.database.reading() as tx:
            row = tx.get(VideoSession, session_id)
            assert row is not None
            return views(self.parts, tx, [row])[0]

    # List, show, cancel --------------------------------------------------------------------------------------

    def list(self, who: Who, *, most: int = 200) -> tuple[SessionView, ...]:
        """The sessions that this person may see, from yesterday on, earliest first."""
        access.require(who, "sessions.see_own")
        since = self.parts.clock.now() - timedelta(days=1)
        query = select(VideoSession).where(VideoSession.starts_at >= since)
        if not access.may(who, "sessions.see_all"):
            own = sa.or_(col(VideoSession.teacher_id) == who.id, col(VideoSession.observer_id) == who.id)
            query = query.where(own)
        with self.parts.database.reading() as tx:
            rows = tx.all(query.order_by(col(VideoSession.starts_at), col(VideoSession.id)).limit(most))
            return views(self.parts, tx, rows)

    def show(self, who: Who, id_or_short: str) -> SessionDetail:
        """A session and why it is allowed; NotThere where it is not for this person."""
        with self.parts.database.reading() as tx:
            row = self._seen(tx, who, id_or_short)
            why = tuple(_why(e, access.may(who, "sessions.see_all")) for e in table.evaluations(tx, row.id))
            return SessionDetail(views(self.parts, tx, [row])[0], why)

    def cancel(self, who: Who, id_or_short: str) -> SessionView:
        """Cancels: doors shut and guardians told at once, then the meeting is taken away from Zoom."""
        access.require(who, "sessions.cancel")
        with self.parts.database.reading() as tx:
            row = self._seen(tx, who, id_or_short)
        if row.state is SessionState.CANCELLED:
            return self._view(row.id)
        with self.parts.claims.claim(row.id, wait_s=60) as had:
            if not had:
                raise OutsideFailed("Somebody else is at work on this session.", "Repeat in a minute.", code="CLAIMED")
            row = self._fresh(row.id)
            if row.state not in CANCELLABLE:
                raise Conflict(f"A session that is {row.state} cannot be cancelled.", "", code="NOT_CANCELLABLE")
            self.removal.begin(row.id, CANCELLED, who=who)
            self.removal.finish(row.id)
        return self._view(row.id)

    def _fresh(self, session_id: str) -> VideoSession:
        with self.parts.database.reading() as tx:
            row = tx.get(VideoSession, session_id)
            assert row is not None
            return row

    def _seen(self, tx: Transaction, who: Who, id_or_short: str) -> VideoSession:
        row = table.find(tx, id_or_short.upper())
        own = row is not None and who.id in (row.teacher_id, row.observer_id)
        if row is None or not (own or access.may(who, "sessions.see_all")):
            raise NotThere(*NOT_FOR_YOU)
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
        return None

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

    def sweep_meetings(self, session_id: str) -> datetime | None:
        """Removes a meeting that was created late, after another took its place."""
        self.removal.sweep(session_id)
        with self.parts.database.reading() as tx:
            row = tx.get(VideoSession, session_id)
        if row is None or self.parts.clock.now() > row.made_at + timedelta(hours=24):
            return None
        return row.made_at + timedelta(hours=24, minutes=1)


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
        cast.teacher_email, (cast.observer_email,), checked.ask.course, "", checked.starts_at, checked.ask.minutes,
        checked.ask.zone, "",
    )  # fmt: skip


def _why(row: table.EvaluationRow, all_of_it: bool) -> WhyAllowed:
    rules = tuple(json.loads(row.findings))
    if not all_of_it:
        rules = tuple({**r, "reason": ""} if r["rule"].startswith("CON-") else r for r in rules)
    return WhyAllowed(
        row.occasion, row.at, row.terms_version, row.verdict, rules, tuple(json.loads(row.consent_event_ids))
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
