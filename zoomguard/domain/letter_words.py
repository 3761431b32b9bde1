"""What letters share: how a time is said, whom to tell, how lines are broken."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from datetime import datetime

from zoomguard.domain.messages import Invited, Lesson
from zoomguard.domain.times import spoken

WIDTH = 72
Written = tuple[str, str]


def wrapped(text: str) -> str:
    """One paragraph in lines of a mail; links and telephone numbers are not broken."""
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def joined(paragraphs: Iterable[str]) -> str:
    """The paragraphs as a text; empty ones are left out."""
    return "\n\n".join(p for p in paragraphs if p) + "\n"


def listed(names: Iterable[str]) -> str:
    """ "Lena", "Lena and Jan", "Lena, Jan and Eva"."""
    known = list(names)
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}"


def when(lesson: Lesson) -> str:
    """The start as the college says it."""
    return spoken(lesson.starts_at, lesson.zone)


def facts(lesson: Lesson, homes: Iterable[str], before: tuple[datetime, int] | None = None) -> str:
    """Course and time as a small table, the time at home where it is another; `before` is what no longer holds."""
    others = sorted({z for z in homes if z and z != lesson.zone})
    lines = [f"  Lesson:    {lesson.course}"]
    if before is not None:
        lines += _time("Before:", *before, lesson.zone, others)
    lines += _time("When:" if before is None else "Now:", lesson.starts_at, lesson.minutes, lesson.zone, others)
    return "\n".join(lines)


def _time(label: str, starts_at: datetime, minutes: int, zone: str, homes: list[str]) -> list[str]:
    lines = [f"  {label:<10} {spoken(starts_at, zone)}, {minutes} minutes"]
    return lines + [f"             (where you are: {spoken(starts_at, home)})" for home in homes]


def doors(lesson: Lesson, children: tuple[Invited, ...]) -> str:
    """The way in, for each child its own; where we no longer know a link, the earlier mail has it."""
    opens = f"It opens {lesson.doors_open_minutes} minutes before the start. Please do not pass it on."
    known = [c for c in children if c.door]
    if not known:
        return "The link in our earlier mail stays good. Please do not pass it on."
    if len(children) == 1:
        return f"To join, open this link:\n\n  {known[0].door}\n\n{opens}"
    links = "\n".join(f"  {c.known_as}: {c.door or 'the link in our earlier mail stays good'}" for c in children)
    return f"Each child joins by a link of their own:\n\n{links}\n\n{opens}"


def observing(lesson: Lesson) -> str:
    """Who the second adult is: nobody is promised who has not said yes."""
    if lesson.observes == "yes":
        return f"{lesson.observer} observes"
    return f"{lesson.observer} is asked to observe" if lesson.observes == "asked" else "another one observes"


def added(note: str) -> str:
    """What somebody typed, marked as such."""
    return wrapped(f"The college adds: {note}") if note else ""


def tell_whom(lesson: Lesson) -> str:
    """The safeguarding lead, with the number where one is on record."""
    return lesson.lead + (f", {lesson.lead_phone}" if lesson.lead_phone else "")
