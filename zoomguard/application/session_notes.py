"""A word that somebody adds to the mails about a session: it goes to every family, so it names no child."""

from __future__ import annotations

import re

from zoomguard.application import messages, session_facts
from zoomguard.application.session_parts import SessionParts
from zoomguard.domain.errors import BadInput
from zoomguard.domain.findings import Finding
from zoomguard.tables import sessions as table
from zoomguard.tables.sessions import VideoSession


def note_warnings(parts: SessionParts, session: VideoSession, note: str) -> tuple[Finding, ...]:
    """The warnings about a note (none for ""). BadInput NAME_IN_NOTE where it holds a name of the roster, Refused
    where it asks for secrecy or leads out of our sight."""
    if not note:
        return ()
    with parts.database.reading() as tx:
        names = session_facts.roster_names(tx, parts.seals, (c.child_id for c in table.roster(tx, session.id)))
    words = set(re.findall(r"\w+", note.casefold()))
    if any(part in words for name in names for part in re.findall(r"\w+", name.casefold())):
        raise BadInput(
            "The note holds the name of a child, and it goes to every family.", "Leave names out.", code="NAME_IN_NOTE"
        )
    return messages.check_note(parts.terms, note)
