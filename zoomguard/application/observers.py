"""Observers: who is free, the questions to them, and their answers.

Whoever was asked answers by the link in the mail, or signed in. The safeguarding lead, a deputy and the coordinators
may record an answer for somebody who telephoned: it stands in the audit under who recorded it. The teacher of the
lesson may not, in whichever role. Where nobody agrees, the lead decides by other use cases: another observer is
named, the lesson is moved, or cancelled.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from zoomguard.application import access, observer_asks, observer_pool
from zoomguard.application.observer_answers import ObserverAnswers
from zoomguard.application.observer_calls import ObserverCalls
from zoomguard.application.observer_replacing import ObserverReplacing
from zoomguard.application.session_facts import Slot
from zoomguard.application.session_parts import SessionParts, full_name, views
from zoomguard.application.session_seen import as_asked, takes_part
from zoomguard.application.sessions import Sessions
from zoomguard.domain import ids, times
from zoomguard.domain.errors import Conflict, NotAllowed, NotThere
from zoomguard.domain.observers import CallState, Candidate, ObserverCall
from zoomguard.domain.people import Role, Who
from zoomguard.domain.sessions import SessionState, SessionView
from zoomguard.domain.spoken_starts import wall_start
from zoomguard.tables import observers as table
from zoomguard.tables import sessions as sessions_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.observers import AskState, ObserverAsk
from zoomguard.tables.people import Person
from zoomguard.tables.sessions import VideoSession

UNKNOWN_LINK = ("This link does not open a question.", "Look for the newest mail about the lesson.")
NOT_FOR_YOU = ("There is no such session for you.", "See: zoomguard sessions list")
# The question has fallen away with the lesson.
GONE = frozenset({SessionState.REFUSED, SessionState.CANCELLED, SessionState.FAILED, SessionState.REMOVING})
MOST_SHOWN = 10


class Observers:
    """The use cases of observers, and the duty that calls them."""

    def __init__(self, parts: SessionParts, sessions: Sessions) -> None:
        self.parts = parts
        self.calls = ObserverCalls(parts, sessions.removal)
        self.answers = ObserverAnswers(parts, sessions.change, self.calls)
        self.replacing = ObserverReplacing(parts, sessions.changes, self.calls)

    def free(self, who: Who, start: str, minutes: int, zone: str, fold: str | None = None) -> tuple[Candidate, ...]:
        """Who could observe at a start as it was said; see `moment_of` and `free_at`."""
        return self.free_at(who, self.moment_of(who, start, zone, fold), minutes)

    def moment_of(self, who: Who, start: str, zone: str, fold: str | None = None) -> datetime:
        """The aware UTC moment that is meant by a start. BadInput for times that cannot be, as for a schedule."""
        access.require(who, "observers.see")
        return times.to_utc(wall_start(start, zone, self.parts.clock.now()), zone, fold)

    def free_at(self, who: Who, starts_at: datetime, minutes: int) -> tuple[Candidate, ...]:
        """Who could observe then, best first for this person's own lessons; at most ten, all able to at Zoom.

        BadInput for slots that cannot be, as for a schedule.
        """
        access.require(who, "observers.see")
        times.check_slot(starts_at, minutes, self.parts.clock.now())
        teacher_id = who.id if who.has(Role.TEACHER) else ""
        with self.parts.database.reading() as tx:
            found = observer_pool.candidates(tx, self.parts, Slot(starts_at, minutes), teacher_id, ())
        return observer_pool.able(self.parts, found, MOST_SHOWN)

    # By the link ---------------------------------------------------------------------------------------------

    def look(self, token: str) -> ObserverCall:
        """The question that a link belongs to, and how it stands; changes nothing. NotThere for any other token."""
        with self.parts.database.reading() as tx:
            asked, person = self._asked(tx, token)
            session = tx.need(VideoSession, asked.session_id)
            teacher = tx.need(Person, session.teacher_id)
            return ObserverCall(
                session=session.short_id,
                course=session.course,
                starts_at=session.starts_at,
                minutes=session.minutes,
                zone=session.zone,
                teacher=full_name(self.parts.seals, teacher),
                children=len(sessions_table.roster(tx, session.id)),
                kind=asked.kind.value,
                state=_state(asked, session, over=self.parts.clock.now() >= session.starts_at),
                person=full_name(self.parts.seals, person),
            )

    def answer(self, token: str, yes: bool) -> ObserverCall:
        """Takes the answer of whoever holds the link, and gives how the question stands then.

        A question that is over, covered or has ended stays as it is. Errors as `ObserverAnswers.yes`.
        """
        call = self.look(token)
        if call.state in (CallState.ENDED, CallState.OVER, CallState.COVERED):
            return call
        with self.parts.database.reading() as tx:
            asked, person = self._asked(tx, token)
        said = self.answers.yes if yes else self.answers.no
        said(asked.session_id, person.id, Who(person.id, frozenset(), person.reference or ""))
        return self.look(token)

    def _asked(self, tx: Transaction, token: str) -> tuple[ObserverAsk, Person]:
        """The question and who was asked; of somebody who has left, no link opens."""
        asked = table.ask_by_token(tx, ids.token_digest(token))
        person = tx.get(Person, asked.person_id) if asked is not None else None
        if asked is None or person is None or not person.active:
            raise NotThere(*UNKNOWN_LINK)
        return asked, person

    # Signed in -----------------------------------------------------------------------------------------------

    def accept(self, who: Who, session_id: str, for_email: str = "") -> tuple[str, SessionView]:
        """Says yes; "accepted", "covered" (somebody else came first) or "unchanged", and the session.

        With `for_email` the yes of somebody who telephoned, recorded by the safeguarding lead, a deputy or a
        coordinator. Errors as `ObserverAnswers.yes`; NotThere where the question was never this person's.
        """
        session, person_id = self._who_answers(who, session_id, for_email)
        outcome = self.answers.yes(session, person_id, who)
        return outcome, self._view(who, session)

    def decline(self, who: Who, session_id: str, for_email: str = "") -> tuple[str, SessionView]:
        """Says no, also after a yes; "declined" or "unchanged", and the session. For others as `accept`."""
        session, person_id = self._who_answers(who, session_id, for_email)
        outcome = self.answers.no(session, person_id, who)
        return outcome, self._view(who, session)

    def _who_answers(self, who: Who, id_or_short: str, for_email: str) -> tuple[str, str]:
        """The session, and whose answer it is."""
        access.require(who, "sessions.see_own")
        with self.parts.database.reading() as tx:
            person_id = access.find_staff(tx, self.parts.seals, for_email).id if for_email else who.id
            for_another = person_id != who.id
            if for_another:
                access.require(who, "observers.answer_for")
            session = sessions_table.find(tx, id_or_short.upper())
            if session is None:
                raise NotThere(*NOT_FOR_YOU)
            if for_another and who.id == session.teacher_id:
                raise NotAllowed("You teach this lesson.", "Have somebody else record the answer.")
            asks = table.asks_of(tx, session.id)
            asked = observer_asks.standing_asks(asks, person_id) or observer_asks.is_released(asks, person_id)
            if not asked and session.observer_id != person_id:
                raise _never_asked() if for_another else NotThere(*NOT_FOR_YOU)
            return session.id, person_id

    def _view(self, who: Who, session_id: str) -> SessionView:
        """The session as that person may see it: whoever is not in it reads no more than the question said."""
        with self.parts.database.reading() as tx:
            row = tx.need(VideoSession, session_id)
            view = views(self.parts, tx, [row])[0]
            may_see = access.may(who, "sessions.see_all") or takes_part(tx, who, row)
            return view if may_see else as_asked(view)

    # Duty ----------------------------------------------------------------------------------------------------

    def call_observers(self, session_id: str) -> datetime | None:
        """Goes on with the search for a yes; gives the next moment to look, None where there is none."""
        with self.parts.claims.claim(session_id) as had:
            if not had:
                return self.parts.clock.now() + timedelta(seconds=5)
            return self.calls.go_on(session_id)


def _never_asked() -> Conflict:
    return Conflict(
        "This person was not asked to observe this lesson.",
        "Name another observer: zoomguard sessions replace-observer",
        code="NOT_ASKED",
    )


def _state(asked: ObserverAsk, session: VideoSession, *, over: bool) -> CallState:
    """How a question stands. A yes that Zoom has not confirmed yet is no yes."""
    if session.state in GONE or asked.state is AskState.ENDED:
        return CallState.ENDED
    taken = session.accepted_at is not None
    if taken and session.observer_id == asked.person_id:
        return CallState.ACCEPTED
    if over:
        return CallState.OVER
    if asked.state is AskState.DECLINED:
        return CallState.DECLINED
    return CallState.COVERED if taken else CallState.OPEN
