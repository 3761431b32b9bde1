"""What is done while nobody has said yes: reminding, calling others, telling the safeguarding lead, deciding.

When each falls due is decided by `domain.observers.Standing`; what was done is read from the questions and messages
on record, so that a repeat asks nobody twice.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from zoomguard.application import access, messages, observer_asks, observer_pool, work
from zoomguard.application.crash import crash_point
from zoomguard.application.meeting_removal import NO_OBSERVER, MeetingRemoval
from zoomguard.application.observer_asks import Events
from zoomguard.application.session_facts import Slot
from zoomguard.application.session_parts import OBSERVER, SessionParts, change_state, locked
from zoomguard.domain.audit import Event
from zoomguard.domain.observers import DECIDE_BEFORE, Candidate, Standing, Step
from zoomguard.domain.people import SERVICE, Who
from zoomguard.domain.sessions import CHANGEABLE, Risk, SessionState
from zoomguard.tables import messages as messages_table
from zoomguard.tables import observers as table
from zoomguard.tables import sessions as sessions_table
from zoomguard.tables import watch as watch_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.observers import AskKind, AskState, ObserverAsk
from zoomguard.tables.sessions import VideoSession

Act = Callable[[Transaction, VideoSession, datetime], Events]
MOST_CALLED = 4
MISSING, AT_RISK = "observer_missing", "at_risk"
# Under way to standing, or to another shape: who observes is looked at again when that is settled.
UNDER_WAY = frozenset({SessionState.REQUESTED, SessionState.CREATED, SessionState.MOVING})
LOOK_AGAIN = timedelta(minutes=1)
# What somebody said, or is still to say: nobody is asked twice.
ANSWERING = frozenset({AskState.OPEN, AskState.ACCEPTED, AskState.DECLINED})


class ObserverCalls:
    """Goes on with the search for a yes. The caller holds the session's claim."""

    def __init__(self, parts: SessionParts, removal: MeetingRemoval) -> None:
        self.parts, self.removal = parts, removal

    def go_on(self, session_id: str) -> datetime | None:
        """Does what is due now; gives the next moment at which something may be, None where nothing will."""
        session = self._read(session_id)
        now = self.parts.clock.now()
        if session is None or session.starts_at + timedelta(minutes=session.minutes) <= now:
            return None
        if session.state in UNDER_WAY:
            return now + LOOK_AGAIN
        if session.state not in CHANGEABLE or session.accepted_at is not None:
            return None
        for step in self._due(session, now):
            self._do(step, session, now)
        standing = self._standing_of(session_id)
        return standing.next_at(now) if standing else None

    def call_pool(self, session: VideoSession, who: Who = SERVICE) -> None:
        """Asks reserves and colleagues now, because `who` wants another observer; the first yes gets it.

        The present observer's yes ends with it. Where nobody is free that observer stays, and the leads are told.
        """
        free, asked = self._able(session), self.asked_emails(session)
        if free or asked:
            self._release(session.id, who)
        if free:
            self._call(session, all_at_once=True)
        elif not asked:
            self._decide(session.id, self._nobody, even_if_taken=True)

    def _release(self, session_id: str, who: Who) -> None:
        """Lets the present observer go: whoever says yes now comes first."""

        def act(tx: Transaction, row: VideoSession, now: datetime) -> Events:
            row.accepted_at = None
            work.put(tx, OBSERVER, row.id, now)
            return observer_asks.release(tx, self.parts, row, who.id, now)

        self._decide(session_id, act, even_if_taken=True)
        crash_point("observer.released")

    def asked_emails(self, session: VideoSession) -> tuple[str, ...]:
        """Who but the session's observer was asked, and has not answered."""
        with self.parts.database.reading() as tx:
            asks = table.asks_of(tx, session.id)
            open_to = {a.person_id for a in asks if a.state is AskState.OPEN} - {session.observer_id}
            return access.emails_of(tx, self.parts.seals, open_to)

    def would_ask(self, session: VideoSession) -> tuple[str, ...]:
        """Who may say yes once `call_pool` is done: whoever was asked already, and who would be."""
        return tuple(dict.fromkeys((*(c.email for c in self._able(session)), *self.asked_emails(session))))

    def _able(self, session: VideoSession) -> tuple[Candidate, ...]:
        with self.parts.database.reading() as tx:
            reserves, pool = self._free(tx, session)
        return observer_pool.able(self.parts, (*reserves, *pool), MOST_CALLED)

    def name_again(self, session: VideoSession, who: Who) -> bool:
        """The observer who will not come is the one after all, and is asked again; False where somebody else said yes
        meanwhile."""
        done = False

        def act(tx: Transaction, row: VideoSession, now: datetime) -> Events:
            nonlocal done
            if row.observer_id != session.observer_id:
                return ()
            done = True
            return observer_asks.name_again(tx, self.parts, row, who.id, now)

        self._decide(session.id, act)
        return done

    def releases(self, session: VideoSession) -> str:
        """The address of the observer whom `call_pool` would let go; "" where that person is off already."""
        with self.parts.database.reading() as tx:
            off = standing(tx, session).declined_at is not None
            return "" if off else access.emails_of(tx, self.parts.seals, {session.observer_id})[0]

    def _due(self, session: VideoSession, now: datetime) -> tuple[Step, ...]:
        with self.parts.database.reading() as tx:
            due = standing(tx, session).due(now)
        if due != (Step.ASK,):
            return due
        if session.state is SessionState.PLANNED:
            return ()  # Asked when its meeting stands.
        self._decide(session.id, self._ask_assigned)
        with self.parts.database.reading() as tx:
            return standing(tx, session).due(now)

    def _standing_of(self, session_id: str) -> Standing | None:
        """How the search stands, where the session still looks for somebody."""
        session = self._read(session_id)
        if session is None or session.state not in CHANGEABLE or session.accepted_at is not None:
            return None
        with self.parts.database.reading() as tx:
            return standing(tx, session)

    def _read(self, session_id: str) -> VideoSession | None:
        with self.parts.database.reading() as tx:
            return tx.get(VideoSession, session_id)

    def _do(self, step: Step, session: VideoSession, now: datetime) -> None:
        if step is Step.REMIND:
            self._decide(session.id, self._remind)
        elif step is Step.FOLLOW:
            self._call(session, all_at_once=False)
        elif step is Step.CALL:
            self._call(session, all_at_once=True)
        elif step is Step.TELL:
            self._decide(session.id, self._tell)
        elif step is Step.DECIDE:
            self._end_of_patience(session)

    def _decide(self, session_id: str, act: Act, *, even_if_taken: bool = False) -> None:
        """Acts in one transaction, unless somebody said yes or the session changed since it was looked at."""
        now = self.parts.clock.now()
        with self.parts.database.deciding() as tx:
            row = locked(tx, session_id)
            if row.state not in CHANGEABLE or (row.accepted_at is not None and not even_if_taken):
                return
            if events := act(tx, row, now):
                tx.commit(audit=events)

    # Asking --------------------------------------------------------------------------------------------------

    def _ask_assigned(self, tx: Transaction, row: VideoSession, now: datetime) -> Events:
        return observer_asks.ask(tx, self.parts, row, row.observer_id, AskKind.ASSIGNED, now)

    def _remind(self, tx: Transaction, row: VideoSession, now: datetime) -> Events:
        if standing(tx, row).remind_at is None:
            return ()
        return observer_asks.remind(tx, self.parts, row, row.observer_id, AskKind.ASSIGNED, now)

    def _call(self, session: VideoSession, *, all_at_once: bool) -> None:
        """Asks the next named reserve, or where there is none the best of the pool; all of them `all_at_once`."""
        with self.parts.database.reading() as tx:
            reserves, pool = self._free(tx, session)
        if all_at_once:
            chosen = observer_pool.able(self.parts, (*reserves, *pool), MOST_CALLED)
        else:
            chosen = observer_pool.able(self.parts, reserves, 1) or observer_pool.able(self.parts, pool, MOST_CALLED)
        named = frozenset(c.person_id for c in reserves)

        def act(tx: Transaction, row: VideoSession, now: datetime) -> Events:
            if not chosen:
                return self._nobody(tx, row, now)
            return tuple(
                event
                for one in chosen
                for event in observer_asks.ask(tx, self.parts, row, one.person_id, _as(one, named), now)
            )

        self._decide(session.id, act)

    def _free(self, tx: Transaction, session: VideoSession) -> tuple[tuple[Candidate, ...], tuple[Candidate, ...]]:
        """The named reserves by rank and the pool, best first: who may observe, is free, and was not asked yet."""
        slot = Slot(session.starts_at, session.minutes, session.id)
        children = tuple(c.child_id for c in sessions_table.roster(tx, session.id))
        asks = table.asks_of(tx, session.id)
        had = {a.person_id for a in asks if a.released} | {session.observer_id}
        latest = {a.person_id: a.state for a in asks}
        found = {
            c.person_id: c
            for c in observer_pool.candidates(tx, self.parts, slot, session.teacher_id, children)
            if c.person_id not in had and latest.get(c.person_id) not in ANSWERING
        }
        ranked = [r.person_id for r in sessions_table.reserves(tx, session.id)]
        reserves = tuple(found[p] for p in ranked if p in found)
        return reserves, tuple(c for p, c in found.items() if p not in ranked)

    # Telling and deciding ------------------------------------------------------------------------------------

    def _nobody(self, tx: Transaction, row: VideoSession, now: datetime) -> Events:
        """Nobody is left to ask: told once for each call, and for each no."""
        stands = standing(tx, row)
        since = max((at for at in (stands.follow_at, stands.call_at) if at is not None and at <= now), default=now)
        if stands.told_at is not None and stands.told_at >= since:
            return ()
        return self._told(tx, row, now)

    def _tell(self, tx: Transaction, row: VideoSession, now: datetime) -> Events:
        return self._told(tx, row, now) if Step.TELL in standing(tx, row).due(now) else ()

    def _told(self, tx: Transaction, row: VideoSession, now: datetime) -> Events:
        told = messages.tell_staff(tx, self.parts.post, row, access.leads(tx, now), MISSING, now)
        return (Event("observer.missing", "session", row.id, SERVICE.id, {"told": told}),) if told else ()

    def _end_of_patience(self, session: VideoSession) -> None:
        """Cancelled, and everybody told; or left to the safeguarding lead, as is a lesson that has begun."""
        if self.parts.terms.without_observer == "cancel" and not self._has_begun(session):
            self.removal.begin(session.id, NO_OBSERVER)
            self.removal.finish(session.id)
        else:
            self._decide(session.id, self._at_risk)

    def _has_begun(self, session: VideoSession) -> bool:
        """A lesson that is on is never ended by us: a child may be in the middle of telling something. One whose hour
        has come and that is over already is not called off either: Zoom then says only that it once started."""
        if session.meeting_number is None:
            return False
        meeting = self.parts.meetings.read(session.meeting_number)
        if meeting is not None and meeting.status == "started":
            return True
        # Before its hour a start that has ended was no lesson, and nobody keeps one by it.
        if self.parts.clock.now() < session.starts_at:
            return False
        with self.parts.database.reading() as tx:
            return watch_table.started_since(tx, session.meeting_number, session.starts_at - DECIDE_BEFORE)

    def _at_risk(self, tx: Transaction, row: VideoSession, now: datetime) -> Events:
        known = row.state is SessionState.AT_RISK
        if row.state is SessionState.SCHEDULED:
            change_state(row, SessionState.AT_RISK)
        row.risk = row.risk or Risk.OBSERVER_MISSING
        told = messages.tell_staff(tx, self.parts.post, row, access.leads(tx, now), AT_RISK, now)
        payload = {"risk": Risk.OBSERVER_MISSING.value, "told": told}
        if known and not told:
            return ()
        return (Event("session.at_risk", "session", row.id, SERVICE.id, payload),)


def standing(tx: Transaction, session: VideoSession) -> Standing:
    """How the search for a yes stands, by what is on record."""
    asks = [a for a in table.asks_of(tx, session.id) if a.state in ANSWERING or a.released]
    mine = _last_run([a for a in asks if a.person_id == session.observer_id])
    others = [a for a in asks if a.person_id != session.observer_id and not a.released]
    # Whoever was let go is as far away as who said no.
    is_off = bool(mine) and mine[-1].state in (AskState.DECLINED, AskState.ENDED)
    sent = messages_table.about(tx, session.id)
    left_to_lead = session.state is SessionState.AT_RISK and session.risk == Risk.OBSERVER_MISSING
    return Standing(
        starts_at=session.starts_at,
        asked_at=mine[0].asked_at if mine else None,
        declined_at=mine[-1].answered_at if is_off else None,
        reminded=len(mine) > 1,
        called_at=max((a.asked_at for a in others), default=None),
        refused_at=max((a.answered_at for a in others if a.state is AskState.DECLINED and a.answered_at), default=None),
        waiting=any(a.state is AskState.OPEN for a in others),
        told_at=max((m.made_at for m in sent if m.template == MISSING), default=None),
        decided_at=max((m.made_at for m in sent if left_to_lead and m.template == AT_RISK), default=None),
    )


def _last_run(asks: list[ObserverAsk]) -> list[ObserverAsk]:
    """The questions at the end that stand alike: the one that counts, and its reminder."""
    return [a for a in asks if a.state is asks[-1].state]


def _as(one: Candidate, named: frozenset[str]) -> AskKind:
    return AskKind.RESERVE if one.person_id in named else AskKind.POOL
