"""The watch's intake on both databases."""

import json
from datetime import timedelta

import pytest
from sqlmodel import select

from tests.application.northmoor import NOW, FixedClock
from zoomguard.application.seals import Seals
from zoomguard.application.watch import Delivery, Watch
from zoomguard.tables.database import Database
from zoomguard.tables.watch import ZoomEvent
from zoomguard.tables.work import Work


@pytest.fixture
def watch(database: Database, clock: FixedClock, seals: Seals) -> Watch:
    return Watch(database, clock, seals, ("now", "before"), "A-1")


def delivery(watch: Watch, event: str, number: int = 5, **told: str) -> Delivery:
    """A delivery as the route hands it on."""
    payload = {"account_id": "A-1", "object": {"id": number, "uuid": "u==", **told}}
    body = json.dumps({"event": event, "event_ts": 1_795_424_400_000, "payload": payload}).encode()
    return Delivery(b"1795424400", body, watch.parse(body))


def rows(database: Database) -> list[ZoomEvent]:
    with database.reading() as tx:
        return tx.all(select(ZoomEvent))


def test_deliveries_are_kept_together_and_each_once(watch: Watch, database: Database, seals: Seals) -> None:
    ended = delivery(watch, "meeting.ended", password="geheim")
    watch.receive((ended, delivery(watch, "meeting.started"), ended))
    watch.receive((ended, delivery(watch, "meeting.started", number=6)))
    kept = rows(database)
    assert sorted((r.event, r.number) for r in kept) == [
        ("meeting.ended", 5), ("meeting.started", 5), ("meeting.started", 6),
    ]  # fmt: skip
    said = [seals.open("zoom_event", "body", r.id, r.body or "") for r in kept]
    assert "geheim" not in str(said) + str(kept)


def test_each_event_makes_its_own_work_due_and_a_repeat_makes_none(watch: Watch, database: Database) -> None:
    ended, completed = delivery(watch, "meeting.ended"), delivery(watch, "recording.completed")

    def due() -> list[tuple[str, str, timedelta]]:
        with database.reading() as tx:
            return sorted((w.kind, w.subject, w.due_at - NOW) for w in tx.all(select(Work)))

    watch.receive((ended,))
    assert due() == [("discover_recordings", "all", timedelta(minutes=2))]
    watch.receive((completed, ended))
    hosts, heard = ("discover_recordings", "all", timedelta(minutes=2)), ("hear_recording", "u==", timedelta(0))
    assert due() == [hosts, heard]
    watch.receive((completed,))
    assert due() == [hosts, heard]


def test_another_process_that_was_first_loses_us_nothing(
    watch: Watch, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = delivery(watch, "meeting.started"), delivery(watch, "meeting.ended")
    watch.receive((first,))
    # As if the other process had committed after we looked.
    monkeypatch.setattr("zoomguard.application.watch._known", lambda tx, keys: frozenset())
    watch.receive((first, second))
    assert sorted(r.event for r in rows(database)) == ["meeting.ended", "meeting.started"]


def test_nothing_belongs_to_a_service_without_an_account(database: Database, clock: FixedClock, seals: Seals) -> None:
    nobodys = Watch(database, clock, seals, (), "")
    assert not nobodys.belongs({"event": "a", "payload": {"account_id": ""}})
    assert nobodys.challenge({"event": "a", "payload": {"plainToken": "abc"}}) is None
    assert not nobodys.is_signed(b"1795424400", b"", b"v0=" + b"0" * 64)
