"""Letters to staff: what is asked of them, and what is new. No child is named."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from zoomguard.domain.letter_words import Written, added, joined, when, wrapped
from zoomguard.domain.messages import Lesson, Template, Was
from zoomguard.domain.times import spoken

T = Template
# When we look again for a yes: what is unanswered then goes on to reserves, to everybody free, to the lead.
LOOKS = (timedelta(hours=24), timedelta(hours=4), timedelta(minutes=15))
RISKS = {
    "OBSERVER_MISSING": "nobody has agreed to observe",
    "STAFF": "somebody of the staff may not teach or observe it as things are",
    "CONSENT_UNKNOWN": "a permission could not be read",
    "DRIFT": "its settings at Zoom were changed",
    "STRANGER": "somebody is registered at Zoom who is not on the roster",
    "ZOOM_UNREADABLE": "Zoom does not show it",
    "CLOCK_RULES": "the clocks of its time zone were changed by law",
}
# Why the service itself called a lesson off, by the reason on record.
CALLED_OFF = {
    "no_observer": "Nobody had agreed to observe it 15 minutes before its start.",
    "no_child": "No child is left in it.",
    "not_allowed": "A rule does not allow it any more.",
    "deleted_at_zoom": "Its meeting was deleted in Zoom, and could not be made anew in time.",
    "not_confirmed": "Zoom did not confirm a change of it in time.",
    "not_made_anew": "Its meeting could not be made anew at Zoom.",
}
NEWS: dict[Template, tuple[str, str]] = {
    T.COVERED: ("Covered", "Somebody else observes this lesson. Thank you: there is nothing for you to do."),
    T.ON: ("You observe", "You are the observer of this lesson."),
    T.OFF: ("No longer yours", "You are no longer needed in this lesson. Your way in no longer opens."),
    T.TEACHING: ("You teach", "This lesson of yours stands: the families are told now."),
    T.REASSIGNED: ("Another teacher", "Another teacher has taken this lesson over. Your way in no longer opens."),
    T.OBSERVER_MISSING: (
        "No observer",
        "Nobody has agreed to observe this lesson. Please decide: name an observer, or cancel the lesson.",
    ),
    T.NOT_CREATED: (
        "Not set up",
        "This lesson was not set up: the rules refused it, Zoom did, or it became too late. No family was invited."
        " Open it to see why, and schedule it anew.",
    ),
}


def ask(lesson: Lesson, kind: str, link: str, now: datetime) -> Written:
    """Somebody is asked to observe: `kind` is "assigned", "reserve", "pool" or "reminder"."""
    first = {
        "pool": "This lesson needs an observer, and you are free then. Whoever says yes first is on.",
        "reserve": "You are a reserve of this lesson, and its observer cannot come. Can you observe it?",
        "reminder": "We asked you to observe this lesson, and have no answer yet. Can you observe it?",
    }.get(kind, "You are asked to observe this lesson. Being asked is not a yes: it counts once you say so.")
    subject = f"{'Please answer' if kind == 'reminder' else 'Can you observe'}: {lesson.course}, {when(lesson)}"
    press = f"Open this page and press Yes or No there. Opening it answers nothing yet:\n\n  {link}"
    by = wrapped(f"Please answer by {spoken(answer_by(kind, lesson.starts_at, now), lesson.zone)}.")
    return subject, _letter(lesson, [wrapped(first), _facts(lesson, observer=False), press, by])


def answer_by(kind: str, starts_at: datetime, now: datetime) -> datetime:
    """By when an answer is wanted: the next look that is at least an hour away, for everybody's call the last."""
    looks = [starts_at - look for look in LOOKS]
    ahead = [at for at in looks if at >= now + timedelta(hours=1)] if kind != "pool" else []
    return ahead[0] if ahead else looks[-1]


def news(template: Template, lesson: Lesson, risk: str = "") -> Written:
    """One of the short letters that say how things stand."""
    if template is T.AT_RISK:
        why = RISKS.get(risk, "something about it could not be confirmed")
        what, text = "At risk", f"This lesson is at risk: {why}. Please look at it."
    else:
        what, text = NEWS[template]
    way = _way_in(lesson) if template in (T.ON, T.TEACHING) else _look(lesson) if template in _TO_LOOK_AT else ""
    return f"{what}: {lesson.course}, {when(lesson)}", _letter(lesson, [wrapped(text), _facts(lesson), way])


_TO_LOOK_AT = (T.OBSERVER_MISSING, T.AT_RISK, T.NOT_CREATED)


def change(lesson: Lesson, was: Was | None, note: str = "", *, planned: bool = False) -> Written:
    """A lesson that the reader teaches or observes has changed; of one that is `planned` no family knows yet."""
    lines = ["This lesson has changed." + (" No family knows of it yet." if planned else " The families are told.")]
    if was is not None and (was.starts_at, was.minutes) != (lesson.starts_at, lesson.minutes):
        lines.append(f"It was on {spoken(was.starts_at, lesson.zone)}, {was.minutes} minutes.")
        lines += ["A yes to observing it was for that time, and is asked for again."] if planned else []
    if was is not None and was.teacher != lesson.teacher:
        lines.append(f"{lesson.teacher} now teaches, in place of {was.teacher}.")
    if was is not None and was.observer != lesson.observer:
        verb = "now observes" if lesson.observes == "yes" else "is now asked to observe"
        lines.append(f"{lesson.observer} {verb}, in place of {was.observer}.")
    parts = [wrapped(" ".join(lines)), _facts(lesson), added(note), _way_in(lesson)]
    return f"Lesson changed: {lesson.course}, {when(lesson)}", _letter(lesson, parts)


def cancellation(lesson: Lesson, note: str = "", reason: str = "", *, may_look: bool = True) -> Written:
    """A lesson that concerns the reader will not take place; `reason` is the one on record."""
    why = CALLED_OFF.get(reason, "")
    shut = "Families who knew of it are told. No way in opens any more."
    text = " ".join(filter(None, ("This lesson will not take place.", why, shut)))
    parts = [wrapped(text), _facts(lesson), added(note), _look(lesson) if why and may_look else ""]
    return f"Called off: {lesson.course}, {when(lesson)}", _letter(lesson, parts)


def day_sheet(organisation: str, on: date, sheet: str) -> Written:
    """The sheet of a day, as it is printed."""
    return f"Lessons on {on:%a %-d %b %Y}", joined(["Hello,", sheet.strip("\n"), organisation])


def _letter(lesson: Lesson, parts: list[str]) -> str:
    return joined(["Hello,", *parts, lesson.organisation])


def _facts(lesson: Lesson, observer: bool = True) -> str:
    lines = [
        f"  Lesson:    {lesson.course}" + (f" ({lesson.short_id})" if lesson.short_id else ""),
        f"  When:      {when(lesson)}, {lesson.minutes} minutes",
        f"  Teacher:   {lesson.teacher}",
        f"  Observer:  {_observer(lesson)}" if observer else "",
        f"  Children:  {lesson.children}",
    ]
    return "\n".join(line for line in lines if line)


def _observer(lesson: Lesson) -> str:
    said = {"yes": lesson.observer, "asked": f"{lesson.observer}, who has not said yes yet", "off": "nobody yet"}
    return said[lesson.observes]


def _way_in(lesson: Lesson) -> str:
    opens = f"it opens {lesson.doors_open_minutes} minutes before"
    return f"Your way in (you sign in first; {opens}):\n\n  {lesson.staff_door}"


def _look(lesson: Lesson) -> str:
    return f"Look at it here (you sign in first):\n\n  {lesson.staff_door}"
