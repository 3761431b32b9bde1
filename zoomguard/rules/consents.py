"""Rules about what guardians allowed (from 18 on the learner alone decides, and only own answers are folded).

Somebody without any permission gives one finding, not two.
"""

from __future__ import annotations

from zoomguard.domain.consents import ConsentDecision, ConsentState, Scope
from zoomguard.domain.findings import Verdict, failed, not_applicable, passed, unknown
from zoomguard.domain.people import ChildOnRecord, is_child
from zoomguard.rules.facts import ConsentFacts
from zoomguard.rules.rule import Level, Origin, Override, Rule, rule
from zoomguard.rules.terms import Terms

OFFICE = "the enrolment office"


@rule(
    "CON-CHANNEL",
    title="A guardian has allowed lessons by video for each child (from 18 on the learner)",
    origin=Origin.SEED,
    level=Level.ENFORCE,
    override=Override.TWO,
    remedy="This learner cannot attend yet; the enrolment office knows more.",
    who=OFFICE,
)
def lessons_by_video_are_allowed(consents: ConsentFacts, terms: Terms) -> tuple[Verdict, ...]:
    return tuple(_live(consents, c) for c in consents.children) if _with_a_child(consents) else (_NOBODY,)


@rule(
    "CON-RECORD",
    title="A guardian has allowed the recording of each child (from 18 on the learner)",
    origin=Origin.SEED,
    level=Level.ENFORCE,
    override=Override.TWO,
    remedy="This learner cannot attend a recorded session yet; the enrolment office knows more.",
    who=OFFICE,
)
def recording_is_allowed(consents: ConsentFacts, terms: Terms) -> tuple[Verdict, ...]:
    return tuple(_recorded(consents, c) for c in consents.children) if _with_a_child(consents) else (_NOBODY,)


_NOBODY = not_applicable("Nobody under 18 is on the roster.")
_LIVE, _RECORDED = "Lessons by video", "Recording"


def _with_a_child(consents: ConsentFacts) -> bool:
    """A roster of adults alone is refused as such (SESSION_HAS_NO_CHILD), not for want of permission."""
    return any(is_child(c.born_on, consents.starts_at) for c in consents.children)


def _live(consents: ConsentFacts, child: ChildOnRecord) -> Verdict:
    return _judged(_decision(consents, child, Scope.VIDEO_LIVE), _LIVE, child.reference)


def _recorded(consents: ConsentFacts, child: ChildOnRecord) -> Verdict:
    live = _decision(consents, child, Scope.VIDEO_LIVE)
    if live is None or live.state is not ConsentState.ACTIVE:
        return not_applicable("Lessons by video come first.", child.reference)
    return _judged(_decision(consents, child, Scope.VIDEO_RECORD), _RECORDED, child.reference)


def _decision(consents: ConsentFacts, child: ChildOnRecord, scope: Scope) -> ConsentDecision | None:
    return consents.decisions.get((child.reference, scope))


def _judged(decision: ConsentDecision | None, what: str, subject: str) -> Verdict:
    if decision is None:
        return unknown(f"{what}: permission could not be looked up.", subject)
    if decision.state is ConsentState.ACTIVE:
        return passed(subject=subject)
    return failed(f"{what}: permission is {decision.state.value}.", subject)


RULES: tuple[Rule[ConsentFacts], ...] = (lessons_by_video_are_allowed, recording_is_allowed)
