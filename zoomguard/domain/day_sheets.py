"""The sheet of a day as a printed page: sessions, people, numbers. No name of a child stands on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from zoomguard.domain.sessions import SessionView
from zoomguard.domain.times import zone as zone_of

ANSWERS = {"yes": "said yes", "asked": "asked, no answer yet", "no": "said no", "none": "not asked"}


@dataclass(frozen=True)
class DaySheet:
    """All sessions of one day, earliest first, and the telephone numbers that belong to it."""

    on: date
    zone: str
    organisation: str
    sessions: tuple[SessionView, ...]
    numbers: tuple[tuple[str, str], ...]


def text(sheet: DaySheet) -> str:
    """The sheet in 80 columns."""
    lines = [f"{sheet.organisation}: online lessons on {sheet.on:%A %-d %B %Y} ({sheet.zone})", ""]
    if not sheet.sessions:
        lines += ["No lessons on this day.", ""]
    for session in sheet.sessions:
        lines += [*_session(session, sheet.zone), ""]
    lines += [f"{who}: {number}" for who, number in sheet.numbers]
    lines += ["", "Doors down?  zoomguard sessions invitation ID --direct --reason TEXT"]
    return "\n".join(lines) + "\n"


def _state(session: SessionView) -> str:
    return "ready" if session.ready else session.state.value.replace("_", " ")


def _observer(session: SessionView) -> str:
    if not session.observer:
        return "nobody yet"
    return f"{session.observer_name}  {session.observer}  ({ANSWERS[session.observer_answer]})"


def _session(session: SessionView, zone: str) -> list[str]:
    where = zone_of(zone)
    starts = session.starts_at.astimezone(where)
    ends = (session.starts_at + timedelta(minutes=session.minutes)).astimezone(where)
    number = f"Zoom meeting {session.meeting_number}" if session.meeting_number else "no meeting at Zoom yet"
    return [
        f"{starts:%H:%M}-{ends:%H:%M}  {session.short_id}  {session.course}  {_state(session)}",
        f"  Teacher   {session.teacher_name}  {session.teacher}",
        f"  Observer  {_observer(session)}",
        f"  Children  {len(session.children)}: {', '.join(session.children)}",
        f"  {number}",
    ]
