"""What a batch has come to: the rows as decided, and for those that stand as sessions what has become of these."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from sqlmodel import col, select

from zoomguard.application import batch_rows, planning
from zoomguard.application.batch_rows import Unit
from zoomguard.application.session_parts import SessionParts, next_utc_day
from zoomguard.domain.batches import BatchView, RowView
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.domain.people import Who, staff_address
from zoomguard.domain.sessions import SessionState
from zoomguard.tables import batches as table
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as sessions_table
from zoomguard.tables.batches import Batch, BatchRow, RowOutcome
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import VideoSession

UNDER_WAY = frozenset({SessionState.REQUESTED, SessionState.CREATED, SessionState.REMOVING})
FILE = "csv"
NOT_MADE = frozenset({SessionState.FAILED, SessionState.REFUSED})


def of_kind(batch_id: str, kind: str, rows: tuple[RowView, ...]) -> BatchView:
    """A batch; what to do about the rows of a file is said by its columns."""
    return BatchView(batch_id, kind, tuple(map(batch_rows.in_columns, rows)) if kind == FILE else rows)


class BatchViews:
    """Reads only."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts

    def of(self, tx: Transaction, batch: Batch) -> BatchView:
        """A batch with all its rows; the number of queries grows with its teachers, not with its rows."""
        rows = table.rows_of(tx, batch.id)
        named = frozenset(r.session_id for r in rows if r.session_id)
        sessions = {s.id: s for s in tx.all(select(VideoSession).where(col(VideoSession.id).in_(named)))}
        made_on: dict[str, datetime] = {}
        for teacher in {s.teacher_id for s in sessions.values() if s.state is SessionState.PLANNED}:
            made_on |= planning.forecast(self.parts, tx, teacher, self._host(tx, teacher))[0]
        return of_kind(batch.id, batch.kind, tuple(self._row(r, sessions, made_on) for r in rows))

    def _row(self, row: BatchRow, sessions: dict[str, VideoSession], made_on: dict[str, datetime]) -> RowView:
        findings = tuple(Finding(**{**f, "verdict": Outcome(f["verdict"])}) for f in json.loads(row.findings))
        view = RowView(
            row.line,
            row.row_key,
            row.label,
            row.outcome.value,
            row.code,
            row.remedy,
            None,
            row.starts_at,
            None,
            findings,
        )
        session = sessions.get(row.session_id or "")
        if session is None:
            return view
        view = replace(view, session_id=session.short_id)
        return view if row.outcome is RowOutcome.UNCHANGED else self._with_state(view, session, made_on)

    def _with_state(self, view: RowView, session: VideoSession, made_on: dict[str, datetime]) -> RowView:
        if session.state in UNDER_WAY:
            return replace(view, outcome="waiting")
        if session.state in NOT_MADE:
            code = session.removal_reason.upper() or "NOT_CREATED"
            remedy = "Look at its reasons, mend them, and send the file again."
            return replace(view, outcome="failed", code=code, remedy=remedy)
        if session.state is not SessionState.PLANNED:
            return replace(view, outcome="created")
        moment = made_on.get(session.id)
        today = moment is None or moment < next_utc_day(self.parts.clock.now())
        return replace(view, outcome="waiting") if today else replace(view, waits_until=moment)

    def done_before(self, tx: Transaction, key: str) -> bool:
        """Whether a row with this key stands as a session already."""
        return sessions_table.by_key(tx, key) is not None

    def with_forecast(
        self, tx: Transaction, who: Who, rows: tuple[RowView, ...], units: tuple[Unit, ...]
    ) -> tuple[RowView, ...]:
        """Rows of a dry run with the day on which each meeting would be made, teacher by teacher."""
        waits: dict[int, datetime] = {}
        for teacher_id, places in self._by_teacher(tx, who, rows, units).items():
            starts = tuple(s for p in places if (s := rows[p].starts_at) is not None)
            _, moments = planning.forecast(self.parts, tx, teacher_id, self._host(tx, teacher_id), starts)
            waits |= dict(zip(places, moments, strict=True))
        tomorrow = next_utc_day(self.parts.clock.now())
        later = {p: m for p, m in waits.items() if m >= tomorrow}
        return tuple(replace(r, waits_until=later.get(p)) for p, r in enumerate(rows))

    def _by_teacher(
        self, tx: Transaction, who: Who, rows: tuple[RowView, ...], units: tuple[Unit, ...]
    ) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for place, (row, unit) in enumerate(zip(rows, units, strict=True)):
            if row.outcome == "possible" and unit.ask is not None:
                found.setdefault(self._teacher(tx, who, unit.ask.teacher), []).append(place)
        return found

    def _teacher(self, tx: Transaction, who: Who, email: str) -> str:
        if not email:
            return who.id
        person = people_table.by_email_hash(tx, self.parts.seals.indexes(staff_address(email)))
        return person.id if person else who.id

    def _host(self, tx: Transaction, teacher_id: str) -> str:
        """The teacher's user id at Zoom, as the last session of theirs had it; "" where none was made yet."""
        query = select(VideoSession.host_zoom_id).where(
            VideoSession.teacher_id == teacher_id, VideoSession.host_zoom_id != ""
        )
        found: str | None = tx.first(query.order_by(col(VideoSession.made_at).desc()))
        return found or ""
