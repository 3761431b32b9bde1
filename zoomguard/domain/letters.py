"""Letters to guardians, and to learners of age themselves. Plain English, short sentences."""

from __future__ import annotations

from zoomguard.domain.letter_words import (
    Written,
    added,
    doors,
    facts,
    joined,
    listed,
    observing,
    tell_whom,
    when,
    wrapped,
)
from zoomguard.domain.messages import Invited, Lesson, Was
from zoomguard.domain.times import spoken

Learners = tuple[Invited, ...]


def invitation(lesson: Lesson, children: Learners, note: str = "") -> Written:
    """Subject and text of an invitation; no subject holds a name."""
    whose = "have" if _oneself(children) or len(children) > 1 else "has"
    first = f"{_names(children)} {whose} an online lesson with {lesson.organisation}."
    parts = [wrapped(first), facts(lesson, _homes(children)), added(note), *_usual(lesson, children)]
    return _begun(lesson, "Online lesson", ": "), _letter(lesson, parts)


def change(lesson: Lesson, was: Was | None, children: Learners, note: str = "") -> Written:
    """What is new; `was` is None where more than one change is told at once."""
    whose = "Your" if _oneself(children) else f"{listed(_possessive(c) for c in children)}"
    first = f"{whose} online lesson with {lesson.organisation} has changed."
    moved = was is not None and (was.starts_at, was.minutes) != (lesson.starts_at, lesson.minutes)
    before = (was.starts_at, was.minutes) if was is not None and moved else None
    parts = [wrapped(first), facts(lesson, _homes(children), before), wrapped(_news(lesson, was, moved)), added(note)]
    return _begun(lesson, "Changed: online lesson", ", "), _letter(lesson, parts + _usual(lesson, children))


def cancellation(lesson: Lesson, children: Learners, note: str = "") -> Written:
    """Subject and text of a cancellation; it holds no name and no link."""
    first = f"The online lesson {lesson.course} on {when(lesson)} will not take place."
    shut = "The link we sent you no longer opens. There is nothing for you to do."
    parts = [wrapped(first), *_at_home(lesson, children), wrapped(shut), added(note), _worried(lesson)]
    return _begun(lesson, "Cancelled: online lesson", ", "), _letter(lesson, parts)


def left_out(lesson: Lesson, children: Learners) -> Written:
    """A learner is no longer in a lesson; no reason is given."""
    verb = "are" if _oneself(children) else "is"
    first = f"{_names(children)} {verb} no longer in the online lesson {lesson.course} on {when(lesson)}."
    shut = "The link for this lesson no longer opens. Other lessons stay as they are."
    call = "If you did not expect this, please call us" + (f": {lesson.office_phone}." if lesson.office_phone else ".")
    parts = [wrapped(first), wrapped(shut), wrapped(call), _worried(lesson)]
    return _begun(lesson, "No longer in lesson", ", "), _letter(lesson, parts)


def _begun(lesson: Lesson, words: str, between: str) -> str:
    return f"{words} {lesson.course}{between}{when(lesson)}"


def _letter(lesson: Lesson, parts: list[str]) -> str:
    return joined(["Hello,", *parts, lesson.organisation])


def _usual(lesson: Lesson, children: Learners) -> list[str]:
    """What stands in each invitation and change: the way in, who is there, that it is recorded, whom to tell."""
    sit_in = "" if _oneself(children) else "You may sit in on the lesson, beside your child. You do not have to."
    there = (
        f"Two members of staff are there: {lesson.teacher} teaches, {observing(lesson)}. The lesson is"
        " recorded (picture, sound and chat). Staff use the recording to check the quality of teaching and to"
        f" keep children safe. It is kept for {lesson.retention_days} days. Nobody publishes it."
    )
    return [doors(lesson, children), sit_in, wrapped(there), _worried(lesson)]


def _news(lesson: Lesson, was: Was | None, moved: bool) -> str:
    if was is None:
        return "What we told you before about this lesson no longer holds. Above is how it is now."
    staff = []
    if was.teacher != lesson.teacher:
        staff.append(f"{lesson.teacher} now teaches, in place of {was.teacher}.")
    if was.observer != lesson.observer:
        verb = "now observes" if lesson.observes == "yes" else "is now asked to observe"
        staff.append(f"{lesson.observer} {verb}, in place of {was.observer}.")
    return " ".join(staff if moved else ["The time stays as it was.", *staff])


def _at_home(lesson: Lesson, children: Learners) -> list[str]:
    homes = sorted({z for z in _homes(children) if z and z != lesson.zone})
    return [f"(Where you are: {spoken(lesson.starts_at, home)}.)" for home in homes]


def _worried(lesson: Lesson) -> str:
    lines = [f"Worried about something? Tell {tell_whom(lesson)}."]
    lines.append(f"You can also call the NSPCC helpline: {lesson.nspcc}.")
    if lesson.office_phone:
        lines.append(f"Questions about the lesson: {lesson.office_phone}.")
    return "\n".join(lines) + "\nIf a child is in danger now, call your local emergency number (999 in the UK)."


def _oneself(children: Learners) -> bool:
    return any(c.oneself for c in children)


def _names(children: Learners) -> str:
    return "You" if _oneself(children) else listed(c.known_as for c in children)


def _possessive(child: Invited) -> str:
    return f"{child.known_as}'s"


def _homes(children: Learners) -> list[str]:
    return [c.zone for c in children]
