"""Another observer for a session: named, or the first of the pool who says yes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from zoomguard.application import access, observer_asks
from zoomguard.application.observer_calls import ObserverCalls
from zoomguard.application.session_changes import SessionChanges
from zoomguard.application.session_parts import SessionParts, views
from zoomguard.domain.errors import Conflict, OutsideFailed
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.domain.people import Who
from zoomguard.domain.sessions import POOL, ChangeAnswer, SessionView, Told
from zoomguard.tables import observers as table
from zoomguard.tables.observers import AskState
from zoomguard.tables.sessions import VideoSession

RELEASED = "OBSERVER-RELEASED"


class ObserverReplacing:
    """The use case `sessions replace-observer`."""

    def __init__(self, parts: SessionParts, changes: SessionChanges, calls: ObserverCalls) -> None:
        self.parts, self.changes, self.calls = parts, changes, calls

    def replace(self, who: Who, id_or_short: str, observer: str, *, dry_run: bool = False) -> ChangeAnswer:
        """Puts the named one in (outcome "changed"), or asks colleagues who are free ("asked": the first yes gets it).

        With the pool the present observer is let go at once; a warning says so. Conflict NOBODY_FREE where there is
        nobody to ask.
        """
        if observer != POOL:
            return self._named(who, id_or_short, observer, dry_run=dry_run)
        access.require(who, "sessions.change")
        row = self.changes.changeable(who, id_or_short)
        with self._claimed(row.id):
            present = self.calls.releases(row)
            asked = self.calls.free_emails(row) if dry_run else self._ask(who, row)
        warnings = _let_go(present) if asked else ()
        return ChangeAnswer("possible" if dry_run else "asked", self._view(row.id), Told(staff=asked), warnings)

    def _named(self, who: Who, id_or_short: str, observer: str, *, dry_run: bool) -> ChangeAnswer:
        """Named again, whoever was let go is the observer after all."""
        answer = self.changes.replace_observer(who, id_or_short, observer, dry_run=dry_run)
        with self.parts.database.reading() as tx:
            row = tx.need(VideoSession, answer.session.id)
            was_let_go = observer_asks.is_released(table.asks_of(tx, row.id), row.observer_id)
        if answer.outcome != "unchanged" or not was_let_go:
            return answer
        if not dry_run:
            with self._claimed(row.id):
                self.calls.name_again(row.id, who)
        told = Told(staff=(answer.session.observer,))
        return ChangeAnswer("possible" if dry_run else "changed", self._view(row.id), told)

    @contextmanager
    def _claimed(self, session_id: str) -> Iterator[None]:
        with self.parts.claims.claim(session_id, wait_s=60) as had:
            if not had:
                raise OutsideFailed("Somebody else is at work on this session.", "Repeat in a minute.", code="CLAIMED")
            yield

    def _view(self, session_id: str) -> SessionView:
        with self.parts.database.reading() as tx:
            return views(self.parts, tx, [tx.need(VideoSession, session_id)])[0]

    def _ask(self, who: Who, row: VideoSession) -> tuple[str, ...]:
        self.calls.call_pool(row, who)
        with self.parts.database.reading() as tx:
            asks = table.asks_of(tx, row.id)
            open_to = {a.person_id for a in asks if a.state is AskState.OPEN} - {row.observer_id}
            emails = access.emails_of(tx, self.parts.seals, open_to)
        if not emails:
            raise Conflict(
                "Nobody else is free to observe then; the safeguarding lead was told.",
                "Move the lesson, or name somebody: --observer EMAIL",
                code="NOBODY_FREE",
            )
        return emails


def _let_go(observer: str) -> tuple[Finding, ...]:
    """The warning that goes with asking the pool; none where that person is off already."""
    if not observer:
        return ()
    words = "The present observer is let go at once, and told; until somebody else says yes, nobody observes."
    remedy = "To keep this observer until another one is in, name that one."
    return (Finding(RELEASED, Outcome.FAIL, observer, words, remedy=remedy),)
