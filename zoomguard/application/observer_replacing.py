"""Another observer for a session: named, or the first of the pool who says yes."""

from __future__ import annotations

from zoomguard.application import access
from zoomguard.application.observer_calls import ObserverCalls
from zoomguard.application.session_changes import SessionChanges
from zoomguard.application.session_parts import SessionParts, views
from zoomguard.domain.errors import Conflict, OutsideFailed
from zoomguard.domain.people import Who
from zoomguard.domain.sessions import POOL, ChangeAnswer, Told
from zoomguard.tables import observers as table
from zoomguard.tables.observers import AskState
from zoomguard.tables.sessions import VideoSession


class ObserverReplacing:
    """The use case `sessions replace-observer`."""

    def __init__(self, parts: SessionParts, changes: SessionChanges, calls: ObserverCalls) -> None:
        self.parts, self.changes, self.calls = parts, changes, calls

    def replace(self, who: Who, id_or_short: str, observer: str, *, dry_run: bool = False) -> ChangeAnswer:
        """Puts the named one in (outcome "changed"), or asks colleagues who are free ("asked": the first yes gets it).

        Conflict NOBODY_FREE where there is nobody to ask.
        """
        if observer != POOL:
            return self.changes.replace_observer(who, id_or_short, observer, dry_run=dry_run)
        access.require(who, "sessions.change")
        row = self.changes.changeable(who, id_or_short)
        with self.parts.claims.claim(row.id, wait_s=60) as had:
            if not had:
                raise OutsideFailed("Somebody else is at work on this session.", "Repeat in a minute.", code="CLAIMED")
            asked = self.calls.free_emails(row) if dry_run else self._ask(who, row)
        with self.parts.database.reading() as tx:
            view = views(self.parts, tx, [tx.need(VideoSession, row.id)])[0]
        return ChangeAnswer("possible" if dry_run else "asked", view, Told(staff=asked))

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
