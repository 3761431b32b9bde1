"""What a rule is: a small function with metadata, without any input or output of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from zoomguard.domain.findings import Finding, Outcome, Verdict
from zoomguard.rules.terms import Terms


class Origin(StrEnum):
    """Where a rule comes from."""

    SEED = "seed"
    BRIEF = "brief"
    GUIDANCE = "guidance"


class Level(StrEnum):
    """What a failed rule does: refuse, ask for an acknowledgement, or only go on record."""

    ENFORCE = "enforce"
    WARN = "warn"
    EVIDENCE = "evidence"


class Override(StrEnum):
    """Who may set the rule aside for one session, if anybody."""

    NONE = "none"
    DSL = "dsl"
    TWO = "two"
    EMERGENCY = "emergency"


Facts = TypeVar("Facts", contravariant=True)
F = TypeVar("F")
Judge = Callable[[F, Terms], Verdict | tuple[Verdict, ...]]


@dataclass(frozen=True)
class Rule(Generic[F]):
    """A rule about facts of one kind: a stable id, words for people, and the function that judges."""

    id: str
    title: str
    origin: Origin
    level: Level
    override: Override
    remedy: str
    who: str
    judge: Judge[F]

    def ask(self, facts: F, terms: Terms) -> Iterator[Finding]:
        """One finding for each verdict, passes included."""
        verdicts = self.judge(facts, terms)
        for verdict in verdicts if isinstance(verdicts, tuple) else (verdicts,):
            yield Finding(
                self.id,
                verdict.outcome,
                verdict.subject,
                verdict.reason,
                verdict.wanted,
                verdict.got,
                remedy="" if verdict.outcome is Outcome.PASS else verdict.remedy or self.remedy,
                who=self.who,
            )


def rule(
    id: str, *, title: str, origin: Origin, level: Level, override: Override, remedy: str, who: str = ""
) -> Callable[[Judge[F]], Rule[F]]:
    """Makes a rule of a function from facts and terms to a verdict, or a tuple of them (one for each subject)."""

    def make(judge: Judge[F]) -> Rule[F]:
        return Rule(id, title, origin, level, override, remedy, who, judge)

    return make
