"""How a session stands, in words: one sentence for each state, with the icon that goes with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from zoomguard.domain.sessions import Change, Risk, SessionState, SessionView, Told
from zoomguard.domain.times import zone
from zoomguard.rules.occasions import RULES

S = SessionState


@dataclass(frozen=True)
class Standing:
    """`kind` and `icon` of the chip, its `words`, and the `sentence` that says the same at length."""

    kind: str
    icon: str
    words: str
    sentence: str


PUPILS, OBSERVER = "{pupils}", "{observer}"
READY = Standing("ok", "two", "Ready", f"Ready. Two adults, {PUPILS}, recorded.")
WAITING = Standing(
    "warn", "one", "Waiting for the observer's yes", f"Waiting for the observer's yes: {OBSERVER} was asked."
)
NOBODY_YET = Standing("warn", "one", "Nobody observes yet", "Nobody has agreed to observe yet; we are asking.")
AT_RISK = Standing("stop", "stop", "At risk", "At risk: ")
# By state; `scheduled` and `at_risk` say more below.
STATES = {
    S.PLANNED: Standing("idle", "clock", "Planned", f"Planned. {PUPILS}; the meeting is made nearer the day."),
    S.REQUESTED: Standing("unknown", "clock", "Being made", "The meeting is being made at Zoom."),
    S.CREATED: Standing("unknown", "clock", "Being made", "The meeting is being checked at Zoom."),
    S.SCHEDULED: WAITING,
    S.AT_RISK: AT_RISK,
    S.LIVE: Standing("ok", "rec", "Under way", f"Under way, with {PUPILS} expected."),
    S.ENDED: Standing("idle", "ok", "Over", "The lesson is over."),
    S.ACCOUNTED: Standing("idle", "ok", "Over", "The lesson is over, and what was recorded is known."),
    S.REFUSED: Standing("stop", "stop", "Not made", "Not made: the rules refused it when its day came."),
    S.CANCELLED: Standing("idle", "norec", "Cancelled", "Cancelled. It does not take place."),
    S.FAILED: Standing("stop", "stop", "Not made", "Not made: Zoom did not do what was asked."),
    S.MOVING: Standing("unknown", "clock", "Being changed", "Being changed. "),
    S.REMOVING: Standing("unknown", "clock", "Being cancelled", "Being cancelled: it is taken out of Zoom."),
}
ANSWERED = {"yes": READY, "asked": WAITING, "no": NOBODY_YET, "none": NOBODY_YET}
RISKS = {
    Risk.OBSERVER_MISSING: "nobody has agreed to observe.",
    Risk.STAFF: "something about the teacher or the observer is no longer valid.",
    Risk.CONSENT_UNKNOWN: "it is not known whether every pupil may take part.",
    Risk.DRIFT: "settings were changed in Zoom.",
    Risk.STRANGER: "somebody who is not on the roster has an entry at Zoom.",
    Risk.ZOOM_UNREADABLE: "Zoom does not tell how the meeting is set up.",
    Risk.CLOCK_RULES: "the clocks' rules have changed, so its time must be looked at.",
}
CHANGES = {
    Change.TIME: "The old time stands until Zoom has confirmed the new one.",
    Change.OBSERVER: "The old observer stands until Zoom has confirmed the new one.",
    Change.MEETING: "The meeting is made anew; the pupils' links stay the same.",
}


def standing(view: SessionView) -> Standing:
    """How a session stands."""
    found = ANSWERED[view.observer_answer] if view.state is S.SCHEDULED else STATES[view.state]
    sentence = found.sentence.replace(PUPILS, pupils(len(view.children))).replace(OBSERVER, view.observer_name)
    return replace(found, sentence=sentence + _more(view))


def _more(view: SessionView) -> str:
    """Why it is at risk, and what is being changed."""
    if view.state is S.AT_RISK:
        return RISKS.get(Risk(view.risk), "somebody must look at it.")
    return CHANGES.get(view.change.kind, "") if view.change else ""


def pupils(count: int) -> str:
    """ "1 pupil", "8 pupils"."""
    return f"{count} pupil" if count == 1 else f"{count} pupils"


def hearers(told: Told) -> str:
    """Who hears of a change: "5 guardians, 1 pupil (in office hours), t.wren@northmoor.example"."""
    guardians = f"{told.guardians} guardian" if told.guardians == 1 else f"{told.guardians} guardians"
    children = f"{pupils(told.children)} (in office hours)"
    held = f"{pupils(told.held)} (once a designated person has read it)"
    counted = [guardians] * bool(told.guardians) + [children] * bool(told.children) + [held] * bool(told.held)
    return ", ".join((*counted, *told.staff)) or "nobody"


def ends(view: Any) -> Any:
    """The planned end of whatever has a start and a length."""
    return view.starts_at + timedelta(minutes=view.minutes)


def wall(view: SessionView) -> str:
    """The start as it is typed, in the session's own zone: "2026-12-01 16:00"."""
    return f"{view.starts_at.astimezone(zone(view.zone)):%Y-%m-%d %H:%M}"


def rule_title(rule: str) -> str:
    """What a rule asks; "" for what is no rule of ours (a setting, Zoom's own limit)."""
    return next((r.title for r in RULES if r.id == rule), "")


FILTERS: dict[str, Callable[..., Any]] = {
    "standing": standing,
    "pupils": pupils,
    "hearers": hearers,
    "ends": ends,
    "wall": wall,
    "rule_title": rule_title,
}
