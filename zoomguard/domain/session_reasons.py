"""Why a session is allowed: the rules that were asked about it, as people who may see it read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from zoomguard.domain.findings import Outcome
from zoomguard.domain.observers import DECIDE_BEFORE
from zoomguard.domain.sessions import Elsewhere, SessionView, elsewhere_as_json
from zoomguard.domain.times import iso

OBSERVER_SAID_YES = "VC-OBSERVER-ACCEPTED"
# Neither holds nor is broken: the observer was asked, and there is time to answer.
WAITING = "waiting"
# The occasion of an evaluation of something else than what stands: a change that was tried and refused.
REFUSED_CHANGE = "refused_change"
# What a verdict is as soon as one rule says it, worst first.
WORST_FIRST = (Outcome.FAIL.value, Outcome.UNKNOWN.value, WAITING)


@dataclass(frozen=True)
class WhyAllowed:
    """Why a session was allowed: the rules that were asked, and the consent events it rested on.

    A verdict is pass, fail or unknown, or waiting where nothing but the observer's yes is missing.
    """

    occasion: str
    at: datetime
    terms_version: str
    verdict: str
    rules: tuple[dict[str, str], ...] = ()
    consent_event_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class SessionDetail:
    """A session with its evaluations, and where clocks show another hour."""

    session: SessionView
    why: tuple[WhyAllowed, ...] = field(default=())
    elsewhere: Elsewhere = ()

    def as_json(self) -> dict[str, object]:
        """The answer of `sessions show`."""
        return {
            "schema": "zoomguard/1",
            "session": self.session.as_json(),
            "why": [
                {
                    "occasion": w.occasion,
                    "at": iso(w.at),
                    "terms_version": w.terms_version,
                    "verdict": w.verdict,
                    "rules": list(w.rules),
                    "consent_event_ids": list(w.consent_event_ids),
                }
                for w in self.why
            ],
            "elsewhere": elsewhere_as_json(self.elsewhere),
        }


def may_still_say_yes(asked_at: datetime, starts_at: datetime, declined_at: datetime | None) -> bool:
    """Whether, when rules were asked, the observer had not said no and had time for a yes."""
    return asked_at < starts_at - DECIDE_BEFORE and (declined_at is None or asked_at < declined_at)


def while_waiting(rules: Iterable[dict[str, str]]) -> tuple[dict[str, str], ...]:
    """The rules of an evaluation while the observer may still answer: a yes that has not come is no failure."""
    return tuple({**r, "verdict": WAITING} if _missing_yes(r) else r for r in rules)


def verdict_of(verdict: str, rules: Iterable[dict[str, str]]) -> str:
    """The verdict of an evaluation by its binding rules; its own where none of them waits."""
    verdicts = {r["verdict"] for r in rules}
    return next(v for v in WORST_FIRST if v in verdicts) if WAITING in verdicts else verdict


def _missing_yes(rule: dict[str, str]) -> bool:
    return rule["rule"] == OBSERVER_SAID_YES and rule["verdict"] == Outcome.FAIL.value
