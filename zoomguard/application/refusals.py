"""What a person reads of a refusal: no more than they may know, and a way on."""

from __future__ import annotations

from dataclasses import replace

from zoomguard.application import access
from zoomguard.application.observer_pool import Candidate
from zoomguard.application.session_facts import Cast
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.domain.people import Who

ABOUT_OBSERVER = frozenset({"VC-OBSERVER", "TRAIN-ONLINE", "STAFF-SUITABLE", "POL-ACK"})
MOST_NAMED = 3
# How to go on without a child: at scheduling, for a lesson that stands, for children who are to come into one.
ADD_EXCEPT = "Go on without: add --except {}"
# What the enrolment office itself can do.
IMPORT_IT = "you: import the permission, once it is given"
TAKE_OFF, LEAVE_OUT = "Go on without: take {} off the roster first.", "Go on without: leave {} out."


def with_suggestions(
    findings: tuple[Finding, ...], cast: Cast, candidates: tuple[Candidate, ...]
) -> tuple[Finding, ...]:
    """The findings, those about the observer with who is free and trained then."""
    free = [c.email for c in candidates if c.email != cast.observer_email][:MOST_NAMED]
    return tuple(_with_names(f, free) if is_about_observer(f, cast) else f for f in findings)


def is_about_observer(finding: Finding, cast: Cast) -> bool:
    """Whether another observer would mend it."""
    return finding.rule in ABOUT_OBSERVER and finding.subject in (cast.observer_email, "observer", "")


def _with_names(finding: Finding, free: list[str]) -> Finding:
    if not free:
        return replace(finding, remedy=f"{finding.remedy} Nobody of the pool is free and trained then.")
    return replace(
        finding, remedy=f"Free and trained then: {', '.join(free)}. Take the first: add --observer {free[0]}"
    )


def shown(who: Who, findings: tuple[Finding, ...], without: str = ADD_EXCEPT) -> tuple[Finding, ...]:
    """What this person may read of findings: why a child may not attend is for the office and the DSL.

    `without` says how to go on without that child, named by {}.
    """
    told = _to_office if access.may(who, "consents.see") else _neutral
    can_help = IMPORT_IT if access.may(who, "consents.import") else "the enrolment office"
    return tuple(
        told(replace(f, who=can_help), without) if f.rule in ("CON-CHANNEL", "CON-RECORD") else f for f in findings
    )


def _to_office(finding: Finding, without: str) -> Finding:
    return replace(finding, remedy=without.format(finding.subject))


def _neutral(finding: Finding, without: str) -> Finding:
    return replace(
        finding,
        reason=f"{finding.subject} cannot attend yet. The enrolment office knows.",
        remedy=without.format(finding.subject),
        verdict=Outcome.FAIL,
    )
