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
    sessions = app.sessions
    return (
        Duty("create_meeting", sessions.create_meeting),
        Duty("remove_meeting", sessions.remove_meeting),
        Duty("change_meeting", sessions.change_meeting),
        Duty("settle_entries", sessions.settle_entries),
        Duty("send_message", app.messages.send),
        Duty("tell_incident", app.incident_notices.tell),
        Duty("recheck", app.rechecks.recheck),
        Duty("call_observers", app.observers.call_observers),
        Duty("remind_learners", app.reminders.remind),
        Duty("schedule_batch", app.batches.go_on),
        Duty("create_planned", sessions.create_planned),
        Duty("end_session", sessions.end_session),
        Duty("renew_doors", app.door_renewal.renew),
        Duty("void_direct_links", app.direct_links.void),
        Duty("day_sheet", app.day_sheets.send, timedelta(days=1)),
        Duty("sweep_meetings", sessions.sweep_meetings),
        Duty("discover_recordings", app.archive.discover, timedelta(hours=1)),
        Duty("hear_recording", app.archive.hear),
        Duty("archive_recording", app.archive.archive_recording),
    )


# Long copies run apart, so that no mail and no meeting waits for them.
SLOW = frozenset({"discover_recordings", "hear_recording", "archive_recording"})
