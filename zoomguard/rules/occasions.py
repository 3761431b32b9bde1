"""Which rules are asked when, and what came of asking them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from zoomguard.domain import findings
from zoomguard.domain.errors import Fault, UnknownReference
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.rules import consents, days, meeting, messages, people
from zoomguard.rules.facts import ConsentFacts, MeetingFacts, MessageFacts, PeopleFacts
from zoomguard.rules.rule import F, Level, Rule
from zoomguard.rules.terms import Terms

RULES: tuple[Rule[Any], ...] = (*people.RULES, *days.RULES, *consents.RULES, *meeting.RULES, *messages.RULES)
# The ids of the rules that stop no session.
ADVISORY = frozenset(r.id for r in RULES if r.level is not Level.ENFORCE)
ASKED: dict[str, tuple[str, ...]] = {
    "schedule": (
        "VC-PASSCODE",
        "VC-WAITING",
        "VC-IDENTITY",
        "VC-CONTENT",
        "VC-RECORD",
        "VC-OBSERVER",
        "OBSERVER-GAP",
        "COLLEGE-OPEN",
        "CON-CHANNEL",
        "CON-RECORD",
        "ID-NOPUBLISH",
        "ACC-NO-PERSONAL",
        "TRAIN-ONLINE",
        "POL-ACK",
        "STAFF-SUITABLE",
        "SESSION-APPROVED",
        "OBSERVER-AT-ZOOM",
        "OVERLAP",
        "ROSTER-ACTIVE",
        "ZOOM-LICENCE",
        "SESSION_HAS_NO_CHILD",
    ),
    # What can have changed since. Nobody can have come into two sessions: slots are kept free of each other.
    "recheck": (
        "VC-PASSCODE",
        "VC-WAITING",
        "VC-IDENTITY",
        "VC-CONTENT",
        "VC-RECORD",
        "VC-OBSERVER",
        "VC-OBSERVER-ACCEPTED",
        "CON-CHANNEL",
        "CON-RECORD",
        "ID-NOPUBLISH",
        "ACC-NO-PERSONAL",
        "TRAIN-ONLINE",
        "POL-ACK",
        "STAFF-SUITABLE",
        "SESSION-APPROVED",
        "OBSERVER-AT-ZOOM",
        "ROSTER-ACTIVE",
        "ZOOM-LICENCE",
        "SESSION_HAS_NO_CHILD",
    ),
    # Rules about who is in the room come with the watch.
    "live": (),
    # Rules about what was recorded, and who was there for how long, come with coverage.
    "after": (),
    # Rules about the Zoom account come with its nightly look.
    "nightly": (),
    "message": ("ACC-ORG-PARENTS", "MSG-VIA-DESIGNATED", "MSG-HOURS", "MSG-TONE", "MSG-RECIPIENT"),
}


@dataclass(frozen=True)
class Facts:
    """What is known when rules are asked; rules about a kind of facts that is absent are not asked."""

    people: PeopleFacts | None = None
    consents: ConsentFacts | None = None
    meeting: MeetingFacts | None = None
    message: MessageFacts | None = None


@dataclass(frozen=True)
class Evaluation:
    """Rules asked on one occasion. `findings` holds each verdict, passes included; `advisory` the ids of the
    rules that stop no session."""

    occasion: str
    terms_version: str
    findings: tuple[Finding, ...]
    advisory: frozenset[str] = frozenset()

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that stop the session: failed and unknown ones of rules that are enforced."""
        return findings.blocking(f for f in self.findings if f.rule not in self.advisory)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Failed findings of rules that only warn."""
        return tuple(f for f in self.findings if f.rule in self.advisory and f.verdict is Outcome.FAIL)

    @property
    def verdict(self) -> str:
        """One of "pass", "fail" and "unknown"; where nothing passed, nothing is known."""
        stopped = {f.verdict for f in self.blocking}
        if Outcome.FAIL in stopped:
            return "fail"
        any_passed = any(f.verdict is Outcome.PASS for f in self.findings)
        return "pass" if any_passed and not stopped else "unknown"

    def as_json(self) -> list[dict[str, str]]:
        """One entry for each verdict, as it is kept with the session."""
        return [
            {"rule": f.rule, "verdict": f.verdict.value, "subject": f.subject, "reason": f.reason}
            for f in self.findings
        ]


def evaluate(occasion: str, facts: Facts, terms: Terms) -> Evaluation:
    """Asks the rules of an occasion about the facts at hand."""
    if occasion not in ASKED:
        raise Fault(f"No rules are asked on the occasion {occasion!r}.")
    asked = frozenset(ASKED[occasion])
    found = (
        *_found(people.RULES, facts.people, asked, terms),
        *_found(days.RULES, facts.people, asked, terms),
        *_found(consents.RULES, facts.consents, asked, terms),
        *_found(meeting.RULES, facts.meeting, asked, terms),
        *_found(messages.RULES, facts.message, asked, terms),
    )
    return Evaluation(occasion, terms.version, found, ADVISORY)


def _found(rules: tuple[Rule[F], ...], facts: F | None, asked: frozenset[str], terms: Terms) -> Iterator[Finding]:
    if facts is not None:
        for each in rules:
            if each.id in asked:
                yield from each.ask(facts, terms)


def rule_by_id(rule_id: str) -> Rule[Any]:
    """The rule of that id; UnknownReference where there is none."""
    for each in RULES:
        if each.id == rule_id:
            return each
    raise UnknownReference(f"There is no rule {rule_id!r}.", "See: zoomguard policy list")
