"""Duties: which kind of work each is, and the method that does it. What comes by itself also says how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from zoomguard.application import Application

Method = Callable[[str], datetime | None]


@dataclass(frozen=True)
class Duty:
    """A kind of work: `method` takes the subject and gives the moment to come again, or None when it is done.
    `every` makes it due by itself, about the subject "all"."""

    kind: str
    method: Method
    every: timedelta | None = None


def duties(app: Application) -> tuple[Duty, ...]:
    """All duties, the urgent ones first."""
    return (
        Duty("create_meeting", app.sessions.create_meeting),
        Duty("remove_meeting", app.sessions.remove_meeting),
        Duty("send_message", app.messages.send),
        Duty("end_session", app.sessions.end_session),
        Duty("sweep_meetings", app.sessions.sweep_meetings),
        Duty("discover_recordings", app.archive.discover, timedelta(hours=1)),
        Duty("archive_recording", app.archive.archive_recording),
    )


# Long copies run apart, so that no mail and no meeting waits for them.
SLOW = frozenset({"discover_recordings", "archive_recording"})
