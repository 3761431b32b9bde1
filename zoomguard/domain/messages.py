"""What we write to guardians: words, not decisions. Plain English, short sentences."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from datetime import datetime

from zoomguard.domain.times import spoken

INVITATION, CANCELLATION = "invitation", "cancellation"
VERSION = "1"
WIDTH = 72


@dataclass(frozen=True)
class Lesson:
    """What a mail says of a session. `zone` is the organisation's, `home_zone` the child's where it differs."""

    organisation: str
    course: str
    starts_at: datetime
    minutes: int
    zone: str
    teacher: str
    observer: str
    lead: str
    lead_phone: str
    office_phone: str
    nspcc: str
    doors_open_minutes: int
    retention_days: int


@dataclass(frozen=True)
class Invited:
    """A child as its own guardian is written to: the known name, the door, and the zone at home."""

    known_as: str
    door: str
    zone: str


def invitation(lesson: Lesson, children: tuple[Invited, ...]) -> tuple[str, str]:
    """Subject and text of an invitation; the subject holds no name."""
    subject = f"Online lesson {lesson.course}: {spoken(lesson.starts_at, lesson.zone)}"
    paragraphs = [
        "Hello,",
        _wrapped(
            f"{_names(children)} {'has' if len(children) == 1 else 'have'} an online lesson with {lesson.organisation}."
        ),
        _facts(lesson, children),
        _doors(lesson, children),
        "You may sit in on the lesson, beside your child. You do not have to.",
        _wrapped(
            f"Two members of staff are there: {lesson.teacher} teaches, {lesson.observer} observes. The lesson is"
            " recorded (picture, sound and chat). Staff use the recording to check the quality of teaching and to"
            f" keep children safe. It is kept for {lesson.retention_days} days. Nobody publishes it."
        ),
        _worried(lesson),
        f"{lesson.organisation}",
    ]
    return subject, "\n\n".join(paragraphs) + "\n"


def cancellation(lesson: Lesson, children: tuple[Invited, ...]) -> tuple[str, str]:
    """Subject and text of a cancellation."""
    subject = f"Cancelled: online lesson {lesson.course}, {spoken(lesson.starts_at, lesson.zone)}"
    paragraphs = [
        "Hello,",
        _wrapped(f"The online lesson {lesson.course} on {spoken(lesson.starts_at, lesson.zone)} will not take place."),
        "The link we sent you no longer opens. There is nothing for you to do.",
        _worried(lesson),
        f"{lesson.organisation}",
    ]
    return subject, "\n\n".join(paragraphs) + "\n"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH)


def _names(children: tuple[Invited, ...]) -> str:
    names = [c.known_as for c in children]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _facts(lesson: Lesson, children: tuple[Invited, ...]) -> str:
    lines = [
        f"  Lesson:    {lesson.course}",
        f"  When:      {spoken(lesson.starts_at, lesson.zone)}, {lesson.minutes} minutes",
    ]
    for home in sorted({c.zone for c in children if c.zone and c.zone != lesson.zone}):
        lines.append(f"             (where you are: {spoken(lesson.starts_at, home)})")
    return "\n".join(lines)


def _doors(lesson: Lesson, children: tuple[Invited, ...]) -> str:
    opens = f"It opens {lesson.doors_open_minutes} minutes before the start. Please do not pass it on."
    if len(children) == 1:
        return f"To join, open this link:\n\n  {children[0].door}\n\n{opens}"
    links = "\n".join(f"  {c.known_as}: {c.door}" for c in children)
    return f"Each child joins by a link of their own:\n\n{links}\n\n{opens}"


def _worried(lesson: Lesson) -> str:
    lead = lesson.lead + (f", {lesson.lead_phone}" if lesson.lead_phone else "")
    lines = [f"Worried about something? Tell {lead}.", f"You can also call the NSPCC helpline: {lesson.nspcc}."]
    if lesson.office_phone:
        lines.append(f"Questions about the lesson: {lesson.office_phone}.")
    return "\n".join(lines) + "\nIf a child is in danger now, call your local emergency number (999 in the UK)."
