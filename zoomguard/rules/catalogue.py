"""The policy clause by clause, and the rules behind it, for people who ask what is held and by what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zoomguard.domain.errors import UnknownReference
from zoomguard.rules.clauses import CLAUSES, Clause, Held
from zoomguard.rules.occasions import ASKED, RULES
from zoomguard.rules.rule import Rule

_RULES: dict[str, Rule[Any]] = {r.id: r for r in RULES}
_CLAUSES: dict[str, Clause] = {c.id: c for c in CLAUSES}


@dataclass(frozen=True)
class ClauseRow:
    """One line of the catalogue: what is asked, how strictly, what holds it, and how."""

    id: str
    title: str
    origin: str
    level: str
    held_by: str
    words: str


@dataclass(frozen=True)
class Explanation:
    """All there is to say about a clause or rule. `override` and `remedy` are empty where no rule exists."""

    id: str
    title: str
    origin: str
    level: str
    held_by: str
    words: str
    override: str
    remedy: str
    asked_at: tuple[str, ...]


def rows() -> tuple[ClauseRow, ...]:
    """The policy's clauses in their order, then the product's own rules."""
    own = tuple(r.id for r in RULES if r.id not in _CLAUSES)
    return tuple(_row(i) for i in (*_CLAUSES, *own))


def explain(rule_id: str) -> Explanation:
    """What a clause or rule asks and does, in any case of letters; UnknownReference where there is none."""
    known = rule_id.strip().upper()
    if known not in _CLAUSES and known not in _RULES:
        raise UnknownReference("There is no such rule.", "zoomguard policy list shows them all.")
    row, rule = _row(known), _RULES.get(known)
    return Explanation(
        id=row.id,
        title=row.title,
        origin=row.origin,
        level=row.level,
        held_by=row.held_by,
        words=row.words,
        override=rule.override.value if rule else "",
        remedy=rule.remedy if rule else "",
        asked_at=tuple(occasion for occasion, ids in ASKED.items() if known in ids),
    )


def markdown() -> str:
    """The README's table of clauses and rules."""
    lines = ["| Clause | Asks | From | Level | Held by | How |", "|---|---|---|---|---|---|"]
    lines += [_line(r.id, r.title, r.origin, r.level, r.held_by, r.words) for r in rows()]
    return "\n".join(lines) + "\n"


def _line(*cells: str) -> str:
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"


def _row(known: str) -> ClauseRow:
    clause = _CLAUSES.get(known)
    if clause is None:
        own = _RULES[known]
        held, words = Held.RULE.value, "A rule of zoomguard's own."
        return ClauseRow(known, own.title, own.origin.value, own.level.value, held, words)
    words = clause.how or f"{_RULES[known].title}."
    level = clause.level.value if clause.level else "none"
    return ClauseRow(known, clause.asks, clause.origin.value, level, clause.held.value, words)
