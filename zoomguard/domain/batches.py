"""Batches as people see them: rows with outcomes, and how far the whole has come."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from zoomguard.domain.findings import Finding
from zoomguard.domain.times import iso

WAITING = "waiting"


@dataclass(frozen=True)
class RowView:
    """What came of one row: waiting, created, planned, unchanged, refused, failed, skipped or possible (dry run).

    `starts_at` None where the row could not be read; `waits_until` is the day (00:00 UTC) on which its meeting is
    made, where that is not today."""

    line: int
    key: str
    label: str
    outcome: str
    code: str = ""
    remedy: str = ""
    session_id: str | None = None
    starts_at: datetime | None = None
    waits_until: datetime | None = None
    findings: tuple[Finding, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The shape of contracts: one of `rows`."""
        return {
            "line": self.line,
            "key": self.key,
            "label": self.label,
            "outcome": self.outcome,
            "code": self.code,
            "remedy": self.remedy,
            "session_id": self.session_id,
            "starts": iso(self.starts_at) if self.starts_at else None,
            "waits_until": iso(self.waits_until) if self.waits_until else None,
            "findings": [f.as_json() for f in self.findings],
        }


@dataclass(frozen=True)
class BatchView:
    """A batch with its rows; `id` is "" for a dry run."""

    id: str
    kind: str
    rows: tuple[RowView, ...]

    @property
    def done(self) -> int:
        """How many rows have an outcome."""
        return sum(r.outcome != WAITING for r in self.rows)

    @property
    def ended(self) -> bool:
        """Whether nothing waits any more."""
        return self.done == len(self.rows)

    def as_json(self) -> dict[str, object]:
        """The shape of contracts: batch, summary and rows."""
        counts = Counter(r.outcome for r in self.rows)
        return {
            "schema": "zoomguard/1",
            "batch": {
                "id": self.id,
                "kind": self.kind,
                "total": len(self.rows),
                "done": self.done,
                "ended": self.ended,
            },
            "summary": dict(sorted(counts.items())),
            "rows": [r.as_json() for r in self.rows],
        }
