"""Another observer for a session: named, or the first of the pool who says yes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from zoomguard.application import access
from zoomguard.application.meeting_change import CHANGED_BEFORE
from zoomguard.application.observer_calls import ObserverCalls
from zoomguard.application.session_changes import SessionChanges
from zoomguard.application.session_parts import SessionParts, views
from zoomguard.domain.errors import Conflict, OutsideFailed
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.domain.people import Who
from zoomguard.domain.sessions import POOL, ChangeAnswer, SessionState, SessionView, Told
from zoomguard.tables import observers as table
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
        seen = self.changes.changeable(who, id_or_short)
        with self._claimed(seen.id):
            row = self.changes.changeable(who, seen.id)
            self._check(seen, row)
            present = self.calls.releases(row)
            asked = self.calls.would_ask(row) if dry_run else self._ask(who, row)
        warnings = _let_go(present) if asked else ()
        return ChangeAnswer("possible" if dry_run else "asked", self._view(row.id), Told(staff=asked), warnings)

    def _check(self, seen: VideoSession, row: VideoSession) -> None:
        """Nobody is let go whom the asker did not mean, or whom nobody can follow any more."""
        if (seen.observer_id, seen.accepted_at) != (row.observer_id, row.accepted_at):
            raise Conflict("Somebody else said yes meanwhile.", "Look again, then repeat.", code="CHANGED_MEANWHILE")
        if row.state is not SessionState.PLANNED and self.parts.clock.now() > row.starts_at - CHANGED_BEFORE:
            raise Conflict("It is too late to change the observer at Zoom.", "Call the safeguarding lead.", code="LATE")

    def _named(self, who: Who, id_or_short: str, observer: str, *, dry_run: bool) -> ChangeAnswer:
        """Named again, whoever said no or was let go is asked to be the observer after all."""
        answer = self.changes.replace_observer(who, id_or_short, observer, dry_run=dry_run)
        with self.parts.database.reading() as tx:
            row = tx.need(VideoSession, answer.session.id)
            is_off = row.observer_id in table.off(tx, row.id)
            emails = access.emails_of(tx, self.parts.seals, {row.observer_id})
        if answer.outcome != "unchanged" or not is_off:
            return answer
        if not dry_run:
            with self._claimed(row.id):
                if not self.calls.name_again(row, who):
                    raise Conflict("Somebody else said yes meanwhile.", "Look again.", code="CHANGED_MEANWHILE")
        told = Told(staff=() if row.state is SessionState.PLANNED else emails)
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
        emails = self.calls.asked_emails(row)
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
