"""The watch's intake: what Zoom tells us is checked, kept once, and makes us go and look."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exc
from sqlmodel import col, select

from zoomguard.application import rechecks, work
from zoomguard.application.ports import Clock
from zoomguard.application.seals import Seals
from zoomguard.domain import ids, signatures, watch
from zoomguard.domain.sessions import SessionState
from zoomguard.tables.database import Database, Transaction
from zoomguard.tables.sessions import VideoSession
from zoomguard.tables.watch import ZoomEvent

# States in which a meeting stands, or is being changed.
STANDING = (SessionState.SCHEDULED, SessionState.AT_RISK, SessionState.LIVE, SessionState.MOVING)


@dataclass(frozen=True)
class Delivery:
    """A delivery whose signature, age and account were found right; `said` is what its body says."""

    timestamp: bytes
    body: bytes
    said: dict[str, Any]


class Watch:
    """Takes Zoom's deliveries in. `secrets` are the current secret token and, for a while, the one before."""

    def __init__(
        self, database: Database, clock: Clock, seals: Seals, secrets: tuple[str, ...], account_id: str
    ) -> None:
        self.database, self.clock, self.seals = database, clock, seals
        self.secrets, self.account_id = secrets, account_id

    def is_signed(self, timestamp: bytes, body: bytes, signature: bytes) -> bool:
        """Whether one of our secrets made this signature."""
        return signatures.is_signed(self.secrets, timestamp, body, signature)

    def is_fresh(self, timestamp: bytes) -> bool:
        """Whether a delivery is neither too old nor from the future, by the application's clock."""
        return signatures.is_fresh(timestamp, self.clock.now())

    def parse(self, body: bytes) -> dict[str, Any]:
        """What a body says, read strictly; BadInput BAD_EVENT."""
        return watch.parse(body)

    def belongs(self, said: dict[str, Any]) -> bool:
        """Whether an event is about our Zoom account."""
        return bool(self.account_id) and watch.account_of(said) == self.account_id

    def is_challenge(self, said: dict[str, Any]) -> bool:
        """Whether Zoom asks us to prove that the endpoint is ours."""
        return said["event"] == watch.CHALLENGE

    def challenge(
        self, said: dict[str, Any], timestamp: bytes = b"", body: bytes = b"", signature: bytes = b""
    ) -> dict[str, str] | None:
        """The answer to a challenge under the secret that signed it (the current one where none did).

        None where it asks for anything but a plain token: we sign no text of somebody's choice.
        """
        signers = (s for s in self.secrets if signatures.is_signed((s,), timestamp, body, signature))
        secret = next(signers, self.secrets[0] if self.secrets else None)
        return signatures.challenge_answer(secret, watch.plain_token(said)) if secret else None

    def receive(self, deliveries: tuple[Delivery, ...]) -> None:
        """Keeps all deliveries in one commit, each one once; Busy where the database does not take them."""
        now = self.clock.now()
        rows: dict[str, ZoomEvent] = {}
        for delivery in deliveries:
            row = self._row(delivery, now)
            rows.setdefault(row.dedupe_key, row)
        try:
            self._keep(rows, now, singly=False)
        except exc.IntegrityError:
            # Another process kept one of them since we looked: that one counts, and ours go in one by one.
            self._keep(rows, now, singly=True)

    def _keep(self, rows: dict[str, ZoomEvent], now: datetime, *, singly: bool) -> None:
        with self.database.deciding() as tx:
            known = _known(tx, tuple(rows))
            new = [row for key, row in rows.items() if key not in known]
            if singly:
                new = [row for row in new if tx.insert_new(row)]
            tx.add(*new)
            for kind, wait in {watch.MAKES_DUE[row.event] for row in new if row.event in watch.MAKES_DUE}:
                work.put(tx, kind, "all", now + wait)
            for uuid in sorted({r.uuid for r in new if r.event in watch.ABOUT_A_RECORDING and r.uuid}):
                work.put(tx, watch.HEAR, uuid, now)
            _look_again(tx, new, now)
            tx.commit()

    def _row(self, delivery: Delivery, now: datetime) -> ZoomEvent:
        said, event_id = delivery.said, ids.ulid(now)
        text = json.dumps(watch.without_secrets(said), separators=(",", ":"))
        return ZoomEvent(
            id=event_id,
            dedupe_key=signatures.receipt(delivery.timestamp, delivery.body),
            event=said["event"],
            event_at=watch.happened_at(said),
            received_at=now,
            number=watch.meeting_number(said),
            uuid=watch.meeting_uuid(said),
            body=self.seals.seal("zoom_event", "body", event_id, text),
            body_sha256=hashlib.sha256(delivery.body).hexdigest(),
        )


def _look_again(tx: Transaction, new: list[ZoomEvent], now: datetime) -> None:
    """Sessions whose meetings were changed, or registered for, are looked at again."""
    heard = {row.number: row.event for row in new if row.event in watch.LOOK_AGAIN and row.number is not None}
    if not heard:
        return
    meant = select(VideoSession).where(
        col(VideoSession.meeting_number).in_(heard), col(VideoSession.state).in_(STANDING)
    )
    for session in tx.all(meant.order_by(col(VideoSession.id))):
        rechecks.ask(tx, session, now, heard[session.meeting_number])


def _known(tx: Transaction, keys: tuple[str, ...]) -> frozenset[str]:
    return frozenset(tx.all(select(ZoomEvent.dedupe_key).where(col(ZoomEvent.dedupe_key).in_(keys))))
