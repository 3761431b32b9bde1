"""Many asks at once: each row is a unit, a rerun changes nothing that is done, and the service goes on by itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime

from zoomguard.application import access, batch_rows, work
from zoomguard.application.batch_rows import Unit
from zoomguard.application.batch_views import FILE, BatchViews, of_kind
from zoomguard.application.casting import Casting
from zoomguard.application.crash import crash_point
from zoomguard.application.ports import ZoomUsers
from zoomguard.application.refusals import shown
from zoomguard.application.scheduling import Origin, Scheduling
from zoomguard.application.session_facts import Postures
from zoomguard.application.session_parts import SessionParts
from zoomguard.domain import ids
from zoomguard.domain.audit import Event
from zoomguard.domain.batches import BatchView, RowView
from zoomguard.domain.errors import BadInput, Conflict, NotThere, OutsideFailed, Refused, ZoomguardError
from zoomguard.domain.meeting_plan import HostPosture
from zoomguard.domain.people import Who
from zoomguard.domain.sessions import ScheduleAsk
from zoomguard.domain.spoken_starts import wall_start
from zoomguard.tables import batches as table
from zoomguard.tables import sessions as sessions_table
from zoomguard.tables.batches import Batch, BatchRow, RowOutcome
from zoomguard.tables.database import Transaction

BATCH = "schedule_batch"
MOST_ROWS = 2000
# So many rows are done before mails and other duties have their turn.
ROWS_AT_A_TIME = 10


class RememberedUsers:
    """What Zoom says of people, asked once for each in a run."""

    def __init__(self, users: ZoomUsers) -> None:
        self._users, self._known = users, dict[str, HostPosture | None]()

    def posture(self, email: str) -> HostPosture | None:
        """As `ZoomUsers.posture`."""
        if email not in self._known:
            self._known[email] = self._users.posture(email)
        return self._known[email]


def key_of(unit: Unit, who: Who) -> str:
    """The key of a row in every run of the same person: "my lesson" is another one for somebody else."""
    return f"{unit.key}-{ids.token_digest(who.id)[:8]}" if unit.key else ""


class Batches:
    """Takes batches in, shows how far they are, and does their rows as the duty finds them."""

    def __init__(self, parts: SessionParts, scheduling: Scheduling) -> None:
        self.parts, self.scheduling = parts, scheduling
        self.views = BatchViews(parts)

    def submit_file(self, who: Who, content: bytes, key: str, *, dry_run: bool = False) -> BatchView:
        """A timetable file (contracts: columns of `timetable`); BadInput where it cannot be read at all."""
        return self._submit(who, FILE, batch_rows.of_timetable(content, self.parts.terms), key, dry_run)

    def submit_series(
        self, who: Who, ask: ScheduleAsk, until_on: date, key: str, *, dry_run: bool = False
    ) -> BatchView:
        """A weekly series; each occurrence is a session of its own."""
        first = wall_start(ask.start, ask.zone, self.parts.clock.now())
        whole = replace(ask, start=f"{first:%Y-%m-%d %H:%M}")
        return self._submit(who, "series", batch_rows.of_series(whole, until_on, self.parts.terms), key, dry_run)

    def show(self, who: Who, batch_id: str) -> BatchView:
        """A batch of one's own (or anybody's, for those who schedule for others)."""
        access.require(who, "sessions.schedule")
        with self.parts.database.reading() as tx:
            batch = tx.get(Batch, batch_id)
            if batch is None or not self._seen(who, batch):
                raise NotThere("There is no such batch for you.", "See: zoomguard sessions list")
            return self.views.of(tx, batch)

    def _seen(self, who: Who, batch: Batch) -> bool:
        return batch.made_by == who.id or access.may(who, "sessions.schedule_for_others")

    def _submit(self, who: Who, kind: str, units: tuple[Unit, ...], key: str, dry_run: bool) -> BatchView:
        access.require(who, "sessions.schedule")
        if not units:
            raise BadInput("There is no lesson in it.", "Add a row for each lesson.", code="EMPTY_BATCH")
        if len(units) > MOST_ROWS:
            raise BadInput(f"It makes more than {MOST_ROWS} lessons.", "Split it.", code="TOO_MANY_ROWS")
        return self._rehearse(who, kind, units) if dry_run else self._keep(who, kind, units, key)

    def _keep(self, who: Who, kind: str, units: tuple[Unit, ...], key: str) -> BatchView:
        now, batch_id = self.parts.clock.now(), ids.ulid(self.parts.clock.now())
        digest = ids.token_digest(json.dumps([(u.line, u.key, u.code) for u in units]))
        with self.parts.database.deciding() as tx:
            row = Batch(
                id=batch_id, key=key or f"batch-{batch_id}", kind=kind, made_by=who.id, made_at=now, body_hash=digest
            )
            if not tx.insert_new(row):
                return self._repeat(tx, who, key, digest)
            for position, unit in enumerate(units, 1):
                tx.add(self._row(who, batch_id, position, unit))
            work.put(tx, BATCH, batch_id, now)
            payload = {"rows": len(units), "kind": kind}
            tx.commit(audit=Event("batch.taken_in", "batch", batch_id, who.id, payload))
        crash_point("batch.taken_in")
        return self.show(who, batch_id)

    def _repeat(self, tx: Transaction, who: Who, key: str, digest: str) -> BatchView:
        earlier = table.by_key(tx, key)
        if earlier is None or (earlier.body_hash, earlier.made_by) != (digest, who.id):
            raise Conflict(
                "This Idempotency-Key was used for another batch.", "Use a new key for a new batch.", code="KEY_REUSED"
            )
        return self.views.of(tx, earlier)

    def _row(self, who: Who, batch_id: str, position: int, unit: Unit) -> BatchRow:
        row_id = ids.ulid(self.parts.clock.now())
        text = batch_rows.as_text(unit.ask) if unit.ask else ""
        return BatchRow(
            id=row_id,
            batch_id=batch_id,
            position=position,
            line=unit.line,
            row_key=key_of(unit, who),
            label=unit.label,
            ask=self.parts.seals.seal("batch_row", "ask", row_id, text),
            starts_at=unit.starts_at,
            outcome=RowOutcome(unit.outcome),
            code=unit.code,
            remedy=unit.remedy,
        )

    # Dry run -------------------------------------------------------------------------------------------------

    def _rehearse(self, who: Who, kind: str, units: tuple[Unit, ...]) -> BatchView:
        known = RememberedUsers(self.parts.users)
        rows = tuple(self._rehearsed(who, unit, known) for unit in units)
        with self.parts.database.reading() as tx:
            return of_kind("", kind, self.views.with_forecast(tx, who, rows, units))

    def _rehearsed(self, who: Who, unit: Unit, known: RememberedUsers) -> RowView:
        key = key_of(unit, who)
        row = RowView(unit.line, key, unit.label, unit.outcome, unit.code, unit.remedy, None, unit.starts_at)
        if unit.ask is None or unit.outcome != "waiting":
            return row
        with self.parts.database.reading() as tx:
            if self.views.done_before(tx, key):
                return replace(row, outcome="unchanged")
        try:
            self.scheduling.rehearse(who, unit.ask, self._postures(who, unit.ask, known))
        except Refused as refused:
            findings = shown(who, refused.findings)
            return replace(row, outcome="refused", code=findings[0].rule, remedy=findings[0].remedy, findings=findings)
        except OutsideFailed:
            raise
        except ZoomguardError as error:
            return replace(row, outcome="refused", code=error.code, remedy=f"{error.message} {error.remedy}".strip())
        return replace(row, outcome="possible")

    def _postures(self, who: Who, ask: ScheduleAsk, users: RememberedUsers) -> Postures:
        parts = replace(self.parts, users=users)
        return Casting(parts).postures(who, self.scheduling.checked(who, ask))

    # The duty ------------------------------------------------------------------------------------------------

    def go_on(self, batch_id: str) -> datetime | None:
        """Reserves people and slots for the next rows, earliest lesson first; None when all rows are decided."""
        with self.parts.database.reading() as tx:
            batch = tx.need(Batch, batch_id)
            rows = table.waiting(tx, batch_id, ROWS_AT_A_TIME)
            who = access.acting(tx, batch.made_by, self.parts.clock.now())
        if not rows:
            self._end(batch_id)
            return None
        known = RememberedUsers(self.parts.users)
        for row in rows:
            self._do(who, row, known)
        return self.parts.clock.now()

    def _do(self, who: Who, row: BatchRow, known: RememberedUsers) -> None:
        if self._done_before(who, row):
            return
        ask = replace(batch_rows.of_text(self.parts.seals.open("batch_row", "ask", row.id, row.ask)), key=row.row_key)
        try:
            origin = Origin(row.batch_id, planned=True)
            session_id, new = self.scheduling.plan(who, ask, self._postures(who, ask, known), origin)
        except Refused as refused:
            findings = shown(who, refused.findings)
            self._note(row, RowOutcome.REFUSED, findings[0].rule, findings[0].remedy, findings=findings)
        except OutsideFailed:
            raise  # Zoom could not tell: the batch is taken up again later, at this very row.
        except ZoomguardError as error:
            self._note(row, RowOutcome.REFUSED, error.code, f"{error.message} {error.remedy}".strip())
        else:
            crash_point("batch.row_planned")
            self._note(row, RowOutcome.PLANNED if new else RowOutcome.UNCHANGED, session_id=session_id)

    def _done_before(self, who: Who, row: BatchRow) -> bool:
        """A row that stands already is not judged again: its lesson may be over, or the terms be others by now.

        Whether it is new is told by whose batch it came with: a kill may lie in between.
        """
        with self.parts.database.reading() as tx:
            session = sessions_table.by_key(tx, row.row_key)
        if session is None or session.requested_by != who.id:
            return False
        ours = session.batch_id == row.batch_id
        self._note(row, RowOutcome.PLANNED if ours else RowOutcome.UNCHANGED, session_id=session.id)
        return True

    def _note(
        self,
        row: BatchRow,
        outcome: RowOutcome,
        code: str = "",
        remedy: str = "",
        *,
        session_id: str | None = None,
        findings: tuple[object, ...] = (),
    ) -> None:
        with self.parts.database.deciding() as tx:
            kept = tx.hold(BatchRow, row.id)
            kept.outcome, kept.code, kept.remedy, kept.session_id = outcome, code, remedy, session_id
            kept.findings = json.dumps([f.as_json() for f in findings])  # type: ignore[attr-defined]
            payload = {"line": row.line, "outcome": outcome.value, "code": code}
            tx.commit(audit=Event("batch.row_decided", "batch", row.batch_id, "service", payload))
        crash_point("batch.row_decided")

    def _end(self, batch_id: str) -> None:
        with self.parts.database.deciding() as tx:
            batch = tx.hold(Batch, batch_id)
            if batch.ended_at is None:
                batch.ended_at = self.parts.clock.now()
                tx.commit(audit=Event("batch.ended", "batch", batch_id, "service"))
