"""Letters to children, in words that a child understands. The time is the child's own."""

from __future__ import annotations

from zoomguard.domain.letter_words import Written, added, doors, joined, tell_whom, wrapped
from zoomguard.domain.messages import Invited, Lesson, Was
from zoomguard.domain.times import spoken, zone

CHILDLINE = "0800 1111"


def invitation(lesson: Lesson, child: Invited, note: str = "") -> Written:
    """A child's own invitation with its own door."""
    first = f"You have an online lesson with {lesson.organisation}."
    parts = [first, _facts(lesson, child), added(note), *_usual(lesson, child)]
    return f"Your online lesson {lesson.course}: {_begins(lesson, child)}", _letter(lesson, child, parts)


def change(lesson: Lesson, was: Was | None, child: Invited, note: str = "") -> Written:
    """Something about a lesson is new: the child is told how it is now."""
    moved = was is None or (was.starts_at, was.minutes) != (lesson.starts_at, lesson.minutes)
    what = "has a new time" if moved and was is not None else "has changed"
    parts = [f"Your online lesson {what}. This is how it is now:", _facts(lesson, child), added(note)]
    subject = f"Your lesson has changed: {lesson.course}, {_begins(lesson, child)}"
    return subject, _letter(lesson, child, parts + _usual(lesson, child))


def reminder(lesson: Lesson, child: Invited, note: str = "") -> Written:
    """The lesson is soon."""
    parts = ["Your online lesson is soon.", _facts(lesson, child), *_usual(lesson, child)]
    return f"Soon: your lesson {lesson.course}, {_begins(lesson, child)}", _letter(lesson, child, parts)


def cancellation(lesson: Lesson, child: Invited, note: str = "") -> Written:
    """There will be no lesson."""
    first = f"There is no lesson. Your online lesson {lesson.course} on {_when(lesson, child)} will not take place."
    shut = "The link no longer opens. You need not do anything. It is not because of you."
    subject = f"Your lesson is cancelled: {lesson.course}, {_begins(lesson, child)}"
    return subject, _letter(lesson, child, [wrapped(first), wrapped(shut), added(note), _safe(lesson)])


def left_out(lesson: Lesson, child: Invited) -> Written:
    """The child is not in this lesson any more; no reason is given."""
    first = f"You are not in the online lesson {lesson.course} on {_when(lesson, child)} any more."
    shut = "The link no longer opens. You did nothing wrong. If you have a question, ask at home or ask the college"
    shut += f": {lesson.office_phone}." if lesson.office_phone else "."
    subject = f"Not in this lesson any more: {lesson.course}, {_begins(lesson, child)}"
    return subject, _letter(lesson, child, [wrapped(first), wrapped(shut), _safe(lesson)])


def _letter(lesson: Lesson, child: Invited, parts: list[str]) -> str:
    return joined([f"Hello {child.known_as},", *parts, lesson.organisation])


def _usual(lesson: Lesson, child: Invited) -> list[str]:
    there = (
        f"Two adults are there: {lesson.teacher} and {_second(lesson)}. First you wait in a waiting room, until"
        " you are let in. The lesson is recorded. Your camera may be off. A parent may sit beside you."
    )
    kept = f"The college keeps the recording for {lesson.retention_days} days, to check that lessons are good and safe."
    return [doors(lesson, (child,)), wrapped(f"{there} {kept}"), _safe(lesson)]


def _second(lesson: Lesson) -> str:
    """Nobody is promised who has not said yes."""
    return lesson.observer if lesson.observes == "yes" else "another one of the college"


def _safe(lesson: Lesson) -> str:
    secret = "Nobody may ask you to keep a secret."
    leave = f"Is something wrong? Leave, and tell an adult you trust, or {tell_whom(lesson)}."
    call = f"Or call Childline: {CHILDLINE}, or the NSPCC: {lesson.nspcc}."
    return wrapped(f"{secret} {leave} {call} In danger now? Call your local emergency number (999 in the UK).")


def _begins(lesson: Lesson, child: Invited) -> str:
    """For a subject: the name of a zone can hold the name of a child."""
    return f"{lesson.starts_at.astimezone(zone(child.zone or lesson.zone)):%a %-d %b %Y %H:%M} your time"


def _when(lesson: Lesson, child: Invited) -> str:
    return spoken(lesson.starts_at, child.zone or lesson.zone)


def _facts(lesson: Lesson, child: Invited) -> str:
    lines = [f"  Lesson:    {lesson.course}", f"  When:      {_when(lesson, child)}, {lesson.minutes} minutes"]
    if child.zone and child.zone != lesson.zone:
        lines.append(f"             (at the college: {spoken(lesson.starts_at, lesson.zone)})")
    return "\n".join(lines)
