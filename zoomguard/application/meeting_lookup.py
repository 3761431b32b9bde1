"""Finds out what became of a creation whose answer was lost, by our mark in the host's list of meetings.

How long Zoom's lists lag is not published: a meeting counts as absent only after three looks without it, the last
at least 120 seconds after the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from zoomguard.application.session_parts import CREATE, SessionParts, note_step
from zoomguard.domain.errors import OutcomeUnknown
from zoomguard.domain.meeting_plan import read_mark
from zoomguard.tables import sessions as table
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import Step, StepState, VideoSession

LOOK = "look"
LOOKS_AFTER = (timedelta(0), timedelta(seconds=30), timedelta(seconds=120))


@dataclass(frozen=True)
class Sought:
    """What was found: a number and its attempt, or nothing. `unknown` says that something had been sent."""

    unknown: bool
    number: int | None = None
    attempt: int = 0


class StillUnknown(OutcomeUnknown):
    """Not found yet, and too early to say that it is absent; `look_at` is when to look again."""

    code = "ZOOM_ANSWER_LOST"

    def __init__(self, short_id: str, look_after: timedelta) -> None:
        super().__init__(
            f"Zoom's answer was lost; it is not known yet whether the meeting of {short_id} exists.",
            f"Nothing to do: zoomguard looks and goes on. See: zoomguard sessions show {short_id}",
        )
        self.look_after = look_after


def seek(parts: SessionParts, session: VideoSession) -> Sought:
    """Looks where an attempt's outcome is open; StillUnknown where it cannot be told yet."""
    with parts.database.reading() as tx:
        attempts = table.steps(tx, CREATE, session.id)
        if not attempts or attempts[-1].state not in (StepState.SENT, StepState.UNKNOWN):
            return Sought(unknown=False)
        looks = [s for s in table.steps(tx, LOOK, session.id) if s.attempt == session.attempt]
    found = marked(parts, session)
    if found:
        number, attempt = min(found, key=lambda f: f[1])
        return Sought(True, number, attempt)
    _note_absent(parts, session)
    wait = _wait(parts, looks)
    if wait is not None:
        raise StillUnknown(session.short_id, wait)
    return Sought(unknown=True)


def marked(parts: SessionParts, session: VideoSession) -> list[tuple[int, int]]:
    """Numbers and attempts of all meetings in the host's lists that carry this session's mark."""
    found = []
    for listed in parts.meetings.listed(session.host_zoom_id):
        mark = read_mark(listed.agenda)
        if mark is not None and mark[:2] == (parts.installation, session.id):
            found.append((listed.number, mark[2]))
    return found


def was_unknown(tx: Transaction, session_id: str) -> bool:
    """Whether any attempt's answer was lost: then a late meeting may still turn up."""
    return any(s.state is StepState.UNKNOWN for s in table.steps(tx, CREATE, session_id)) or bool(
        table.steps(tx, LOOK, session_id)
    )


def _note_absent(parts: SessionParts, session: VideoSession) -> None:
    with parts.database.deciding() as tx:
        note_step(tx, LOOK, session, StepState.DONE, parts.clock.now(), "absent")
        tx.commit()


def _wait(parts: SessionParts, looks: list[Step]) -> timedelta | None:
    """How long until the next look, or None when the one just made was the last that is needed."""
    if not looks:
        return LOOKS_AFTER[1]
    since = parts.clock.now() - looks[0].at
    if len(looks) + 1 >= len(LOOKS_AFTER) and since >= LOOKS_AFTER[-1]:
        return None
    pending = [after for after in LOOKS_AFTER[1:] if after > since]
    return pending[0] - since if pending else timedelta(seconds=1)
