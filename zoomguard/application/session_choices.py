"""What somebody may do with a session now, so that a page offers nothing else. Each use case asks again itself."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from zoomguard.application import access, observer_asks
from zoomguard.application.session_parts import SessionParts
from zoomguard.application.session_seen import seen
from zoomguard.domain.people import Who
from zoomguard.domain.sessions import CANCELLABLE, CHANGEABLE, SessionState
from zoomguard.tables import observers as observers_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.observers import AskState
from zoomguard.tables.sessions import VideoSession


class Choice(StrEnum):
    """Something to do with a session."""

    ENTER = "enter"
    ACCEPT = "accept"
    DECLINE = "decline"
    ANSWER_FOR = "answer_for"
    RESCHEDULE = "reschedule"
    OBSERVER = "observer"
    ROSTER = "roster"
    REASSIGN = "reassign"
    CANCEL = "cancel"
    AGAIN = "again"


C = Choice


class SessionChoices:
    """Reads only."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts

    def of(self, who: Who, id_or_short: str) -> frozenset[Choice]:
        """NotThere for a session that is not for this person."""
        with self.parts.database.reading() as tx:
            row = seen(tx, who, id_or_short)
            return self._answers(tx, who, row) | self._changes(who, row) | self._ends(who, row)

    def _changes(self, who: Who, row: VideoSession) -> frozenset[Choice]:
        others = access.may(who, "sessions.schedule_for_others")
        if not (others or who.id == row.teacher_id):
            return frozenset()
        again = {C.AGAIN} if access.may(who, "sessions.schedule") else set()
        if row.state not in CHANGEABLE or row.starts_at <= self.parts.clock.now():
            return frozenset(again)
        changes = {C.RESCHEDULE, C.OBSERVER, C.ROSTER} if access.may(who, "sessions.change") else set()
        return frozenset(again | changes | ({C.REASSIGN} if others else set()))

    def _ends(self, who: Who, row: VideoSession) -> frozenset[Choice]:
        own = who.id in (row.teacher_id, row.observer_id)
        over = row.starts_at + timedelta(minutes=row.minutes) <= self.parts.clock.now()
        allowed = access.may(who, "sessions.cancel") and (own or access.may(who, "sessions.schedule_for_others"))
        if row.state not in CANCELLABLE or over:
            return frozenset()
        return frozenset(({C.CANCEL} if allowed else set()) | ({C.ENTER} if own else set()))

    def _answers(self, tx: Transaction, who: Who, row: VideoSession) -> frozenset[Choice]:
        if row.state not in CANCELLABLE - {SessionState.LIVE} or row.starts_at <= self.parts.clock.now():
            return frozenset()
        found = set()
        if access.may(who, "observers.answer_for") and who.id not in (row.teacher_id, row.observer_id):
            found.add(C.ANSWER_FOR)
        all_asks = observers_table.asks_of(tx, row.id)
        if observer_asks.is_released(all_asks, who.id):
            return frozenset(found)
        asks = observer_asks.standing_asks(all_asks, who.id)
        assigned, is_open = row.observer_id == who.id, any(a.state is AskState.OPEN for a in asks)
        if row.accepted_at is None and (assigned or is_open):
            found.add(C.ACCEPT)
        if (assigned and row.accepted_at is not None) or is_open or (assigned and not asks):
            found.add(C.DECLINE)
        return frozenset(found)
