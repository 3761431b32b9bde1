"""What stands in the way, told on the page where it was met: what happened, what did not, what to do, the code last."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from zoomguard.domain.errors import BadInput, Conflict, OutcomeUnknown, OutsideFailed, Refused, ZoomguardError
from zoomguard.domain.findings import Finding

# Told where they are met; everything else has a page of its own.
TOLD_HERE = (Refused, Conflict, BadInput, OutsideFailed)
NOTHING = "Nothing was changed, and nobody was told."
UNSURE = "We cannot say whether it was done: look before you repeat it."
# Remedies name options of the command line; on a page they name its fields.
ON_PAGE = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"Take the first: add --observer (\S+)", r"Choose \1 as the observer."),
        (r"Go on without: add --except (\S+)", r"Leave \1 out."),
        (r"Leave out --except for it\.", "Take it out of “Leave out”."),
        (r"Add --group CLASS, or --child REF once for each child\.", "Choose a class, or name the children."),
        (r"Say (?:which with )?--fold earlier or --fold later(?:, or leave it out)?\.", "Say which under “More”."),
        (r" and give the zone with --timezone\.", "."),
        (r'Write it as "2026-12-01 16:00", "1 Dec 16:00" or "tue 16:00"\.', "Fill in the date and the start."),
        (r"Add --minutes, such as --minutes 50\.", "Fill in the minutes, such as 50."),
        (r"Add --teacher EMAIL\.", "Choose who teaches."),
        (r"Leave out --teacher, or ask the office\.", "Ask the office."),
        (r"(?: instead)?: zoomguard sessions (?:cancel|replace-observer)(?: ID)?", "."),
        (r"or name somebody: --observer EMAIL", "or name somebody."),
        (r" ?See: zoomguard sessions (?:list|show \S+)", ""),
    )
)


@dataclass(frozen=True)
class Notice:
    """An error as a page tells it; `again` says that the same may be sent once more as it is."""

    title: str
    happened: str
    not_done: str
    do: str
    code: str
    findings: tuple[Finding, ...] = ()
    again: bool = False


def notice_of(error: ZoomguardError, title: str, not_done: str = NOTHING) -> Notice:
    """The error in words; `not_done` is what is certain where Zoom has answered."""
    found = error.findings if isinstance(error, Refused) else ()
    unsure = isinstance(error, OutcomeUnknown)
    happened = of_findings(len(gathered(found))) if found else error.message
    again = isinstance(error, OutsideFailed) and error.code != "NOT_CREATED"
    said = UNSURE if unsure else not_done
    return Notice(title, happened, said, on_page(error.remedy), error.code, found, again)


@dataclass(frozen=True)
class Gathered:
    """Findings of one rule that ask for the same: `lines` say what is so, each about as many as it holds for."""

    finding: Finding
    lines: tuple[str, ...]


def gathered(findings: Iterable[Finding]) -> tuple[Gathered, ...]:
    """Findings that differ only in whom or what they are about, as one; in the order of the first of each."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for one in findings:
        shared = (one.rule, one.verdict, _without(one.remedy, one), one.who, one.wanted, one.got)
        groups.setdefault(shared, []).append(one)
    return tuple(Gathered(_first(group), _lines(group)) for group in groups.values())


def _without(words: str, finding: Finding) -> str:
    return words.replace(finding.subject, "") if finding.subject else words


def _first(group: list[Finding]) -> Finding:
    """The one for all: a remedy that names one of several would leave out the others."""
    remedies = " ".join(dict.fromkeys(f.remedy for f in group if f.remedy))
    return replace(group[0], remedy=remedies)


def _lines(group: list[Finding]) -> tuple[str, ...]:
    reasons: dict[str, list[str]] = {}
    for one in group:
        reasons.setdefault(one.reason, []).append("" if one.subject in one.reason else one.subject)
    said = ((", ".join(filter(None, about)), reason) for reason, about in reasons.items())
    return tuple(f"{about}: {reason}" if about and reason else about or reason for about, reason in said)


def of_findings(count: int) -> str:
    """How many things are in the way."""
    return "One thing stands in the way." if count == 1 else f"{count} things stand in the way."


def on_page(remedy: str) -> str:
    """What to do, without the command line's options."""
    for pattern, words in ON_PAGE:
        remedy = pattern.sub(words, remedy)
    return remedy


FILTERS: dict[str, Callable[..., Any]] = {"on_page": on_page, "gathered": gathered, "in_the_way": of_findings}
