"""What a session's page changes: each change is first tried (who would be told?), then done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import FormData

from zoomguard.application import Application
from zoomguard.application.session_changes import NewTime
from zoomguard.domain.people import Who
from zoomguard.domain.sessions import POOL, ChangeAnswer
from zoomguard.domain.times import a_day
from zoomguard.web.pages.staff import listed, number, said

Run = Callable[[Application, Who, str, FormData, bool], ChangeAnswer]


@dataclass(frozen=True)
class Act:
    """One kind of change, in words: what would happen, what the button says, and what did not happen."""

    name: str
    would: str
    button: str
    refused: str
    run: Run


@dataclass(frozen=True)
class Proposal:
    """A change that was tried, and the fields by which it is done."""

    act: Act
    answer: ChangeAnswer
    fields: tuple[tuple[str, str], ...]

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What is wanted, in words."""
        wanted: dict[str, list[str]] = {}
        for name, value in self.fields:
            if name in LABELS:
                wanted.setdefault(LABELS[name], []).append(_spoken(name, value))
        return tuple((label, ", ".join(values)) for label, values in wanted.items())


# Fields as they are repeated before anything is done.
LABELS = {
    "date": "New date",
    "time": "New start",
    "minutes": "Minutes",
    "fold": "Of the two",
    "observer": "Observer",
    "teacher": "Teacher",
    "add": "Comes",
    "remove": "Leaves",
    "note": "Sentence to them",
}


def _spoken(name: str, value: str) -> str:
    if name == "date":
        return f"{a_day(value):%a %-d %b %Y}"
    return "whoever of these says yes first" if value == POOL else value


def _reschedule(app: Application, who: Who, session: str, typed: FormData, dry_run: bool) -> ChangeAnswer:
    minutes = number(said(typed, "minutes"), "The length")
    start = f"{said(typed, 'date')} {said(typed, 'time')}"
    to = NewTime(start, minutes, said(typed, "timezone"), said(typed, "fold") or None, said(typed, "note"))
    return app.sessions.reschedule(who, session, to, dry_run=dry_run)


def _observer(app: Application, who: Who, session: str, typed: FormData, dry_run: bool) -> ChangeAnswer:
    return app.observers.replacing.replace(who, session, said(typed, "observer") or POOL, dry_run=dry_run)


def _roster(app: Application, who: Who, session: str, typed: FormData, dry_run: bool) -> ChangeAnswer:
    add, remove = listed(typed, "add"), listed(typed, "remove")
    return app.sessions.rosters.change(who, session, add, remove, dry_run=dry_run)


def _reassign(app: Application, who: Who, session: str, typed: FormData, dry_run: bool) -> ChangeAnswer:
    return app.sessions.changes.reassign(who, session, said(typed, "teacher"), dry_run=dry_run)


def _cancel(app: Application, who: Who, session: str, typed: FormData, dry_run: bool) -> ChangeAnswer:
    return app.sessions.cancel(who, session, note=said(typed, "note"), dry_run=dry_run)


ACTS = {
    act.name: act
    for act in (
        Act("reschedule", "It can be moved", "Move it and tell them", "Not moved", _reschedule),
        Act("observer", "The observer can be changed", "Change the observer", "Observer not changed", _observer),
        Act("roster", "The roster can be changed", "Change the roster", "Roster not changed", _roster),
        Act("reassign", "It can be given to another teacher", "Give it away", "Not reassigned", _reassign),
        Act("cancel", "Cancel this lesson?", "Cancel it and tell them", "Not cancelled", _cancel),
    )
}
# What came of it: told once, after the page was loaded anew.
DONE = {
    "schedule-scheduled": "Scheduled. The families are being invited.",
    "schedule-planned": "Planned. The meeting is made nearer the day, and the families are invited then.",
    "reschedule-changed": "Moved. Everybody who was invited is being told.",
    "observer-changed": "The observer was changed, and is being asked.",
    "observer-asked": "Colleagues who are free were asked. The first yes gets it.",
    "roster-changed": "The roster was changed. Only the families of those who come or leave are being told.",
    "reassign-changed": "It has another teacher now. The families' links stay the same.",
    "cancel-changed": "Cancelled. Everybody who was invited is being told.",
    "moving": "Zoom has not confirmed it yet; we go on by ourselves. Look again in a minute.",
    "unchanged": "It was so already. Nothing was changed.",
    "accepted": "The yes is on record.",
    "declined": "The no is on record. Somebody else is being looked for.",
    "covered": "Somebody else had said yes first.",
}


def done(act: str, outcome: str) -> str:
    """The key into DONE for an outcome of an act."""
    return f"{act}-{outcome}" if f"{act}-{outcome}" in DONE else outcome


def sent(typed: FormData) -> tuple[tuple[str, str], ...]:
    """The fields of a form as they came, for the second press."""
    mine = ((n, v) for n, v in typed.multi_items() if isinstance(v, str) and v and n not in ("csrf", "step"))
    return tuple((name, value) for name, value in mine)
