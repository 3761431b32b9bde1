"""Verdicts and findings: truth has more than two values, and unknown is never a pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The value of one rule about one subject."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    OVERRIDDEN = "overridden"


@dataclass(frozen=True)
class Verdict:
    """What a rule says: `outcome`, a reason in one sentence, and about whom (a reference, never a name);
    `wanted` and `got` where a setting was compared."""

    outcome: Outcome
    reason: str = ""
    subject: str = ""
    remedy: str = ""
    wanted: str | int | bool | None = None
    got: str | int | bool | None = None


def passed(reason: str = "", subject: str = "") -> Verdict:
    """The rule holds."""
    return Verdict(Outcome.PASS, reason, subject)


def failed(reason: str, subject: str = "", remedy: str = "") -> Verdict:
    """The rule does not hold."""
    return Verdict(Outcome.FAIL, reason, subject, remedy)


def unknown(reason: str, subject: str = "", remedy: str = "") -> Verdict:
    """It could not be told; never a pass."""
    return Verdict(Outcome.UNKNOWN, reason, subject, remedy)


def not_applicable(reason: str = "", subject: str = "") -> Verdict:
    """The rule has nothing to say here."""
    return Verdict(Outcome.NOT_APPLICABLE, reason, subject)


@dataclass(frozen=True)
class Finding:
    """A failed or unknown verdict as people and programs see it.

    `rule` is the stable code, `subject` a reference or a setting, `wanted` and `got` are given where a
    setting was compared, `who` says who can help.
    """

    rule: str
    verdict: Outcome
    subject: str = ""
    reason: str = ""
    wanted: str | int | bool | None = None
    got: str | int | bool | None = None
    remedy: str = ""
    who: str = ""

    def as_json(self) -> dict[str, object]:
        """The finding as JSON gives it."""
        return {**asdict(self), "verdict": self.verdict.value}


def blocking(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that stop a session: failed and unknown ones."""
    return tuple(f for f in findings if f.verdict in (Outcome.FAIL, Outcome.UNKNOWN))
