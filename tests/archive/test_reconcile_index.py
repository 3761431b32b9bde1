"""The index as a sorted walk, on both databases: against the bucket's own order, and night after night."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.archive import rows, tampering
from tests.archive.bucket import Bucket
from tests.archive.lessons import held, wait
from tests.house import Home, a_home
from zoomguard.application import archive_reconcile
from zoomguard.domain import ids
from zoomguard.domain.audit import Event
from zoomguard.tables import recordings as table
from zoomguard.tables.recordings import Bag, BagFile

SESSIONS = ("unassigned", "01M83T4CSHB5MSHV8MV9GYA1XJ", "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "00000000000000000000000000")
TAGS = ("bag-info.txt", "bagit.txt", "manifest-sha256.txt", "metadata/recording.json", "tagmanifest-sha256.txt")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs_postgres)])
def home_on(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    with a_home(tmp_path / "home", database_url=url) as opened:
        yield opened


def fill(home: Home, count: int) -> list[str]:
    """So many bags of made-up recordings, every third with a second bag, some without a session; all their keys."""
    now, keys = home.clock.now(), []
    with home.house.database.deciding() as tx:
        for number in range(count):
            session, recording_id = SESSIONS[number % len(SESSIONS)], ids.ulid(now)
            tx.add(a_recording(home, recording_id, None if session == "unassigned" else session, number))
            tx.flush()
            for bag in range(1, 3 if number % 3 == 0 else 2):
                prefix = f"v1/{2026 + number % 2}/{session}/{recording_id}/b{bag:03d}/"
                moments = {"begun_at": now, "retain_until_at": now, "sealed_at": now}
                tx.add(Bag(recording_id=recording_id, number=bag, prefix=prefix, **moments))
                tx.flush()
                tx.add(*(a_tag(recording_id, bag, path, position) for position, path in enumerate(TAGS)))
                keys += [prefix + path for path in TAGS]
        tx.commit(audit=Event("test.filled", "archive", "all", "service", {}))
    return keys


def a_recording(home: Home, recording_id: str, session: str | None, number: int) -> table.Recording:
    now = home.clock.now()
    return table.Recording(
        id=recording_id,
        short_id=f"R-{number:04d}",
        session_id=session,
        uuid=f"uuid-{number}",
        meeting_number=number,
        host_id="host",
        state="archived",
        retention_class="routine",
        starts_at=now,
        terms_version="1",
        first_seen_at=now,
    )


def a_tag(recording_id: str, bag: int, path: str, position: int) -> BagFile:
    named = {"recording_id": recording_id, "bag_number": bag, "path": path, "position": position}
    return BagFile(**named, content="", size=position, sha256="", s3_version_id=f"v{position}")


def test_the_index_is_walked_in_the_order_of_s3_however_small_the_pages(
    home_on: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = fill(home_on, 40)
    for most in (1, 7, 500):
        monkeypatch.setattr(archive_reconcile, "BAGS_AT_ONCE", most)
        reconciler = archive_reconcile.Reconciler(home_on.app.archive.parts, lambda *_: None)
        walked = [one.key for one in reconciler._index()]
        assert walked == sorted(keys, key=str.encode), most


def test_prefixes_are_sorted_by_bytes_in_the_database(home_on: Home) -> None:
    """A German or English collation would sort `unassigned` before the ids' capitals, and ignore the slashes."""
    fill(home_on, 12)
    with home_on.house.database.reading() as tx:
        found = table.bag_prefixes(tx, "", 100)
        assert found == sorted(found, key=str.encode) and len(found) == 16
        assert any("/unassigned/" in p for p in found)
        assert table.bag_prefixes(tx, found[3], 2) == found[4:6]
        objects = table.objects_between(tx, found[3], found[4])
        assert [key for key, _, _ in objects] == [found[4] + path for path in TAGS]


def test_every_object_is_found_by_its_key_and_no_other(home_on: Home) -> None:
    held(home_on)
    home_on.app.archive.run()
    bucket = Bucket(home_on.sandbox.settings()["ZOOMGUARD_S3_ENDPOINT_URL"])
    (recording,) = rows.recordings(home_on)
    with home_on.house.database.reading() as tx:
        for one in bucket.versions():
            assert table.object_at(tx, one.key) == (one.version_id, one.size)
            found = table.by_key(tx, one.key)
            assert found is not None and found.id == recording.id
            for other in (one.key + "x", one.key[:-1], one.key.replace("/b001/", "/b002/"), one.path):
                assert table.object_at(tx, other) is None
        assert table.by_key(tx, "v1") is None and table.by_key(tx, "a/b/c/d/e/f") is None


def test_several_recordings_agree_with_the_bucket_on_both_databases(
    home_on: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_reconcile, "BAGS_AT_ONCE", 2)
    for day in (1, 2, 3, 4):
        held(home_on, f"2026-12-0{day} 16:00")
    home_on.app.archive.run()
    report = home_on.app.archive.reconcile()
    assert (report.exit, report.objects, report.findings) == ("done", 36, [])
    assert home_on.app.archive.verify(None).agreeing == 4


# Night after night --------------------------------------------------------------------------------------------------


def test_what_is_new_is_checked_at_once_and_in_thirty_nights_every_bag_was(home_on: Home) -> None:
    fill(home_on, 47)  # with the second ones 63 bags
    bags = {(b.recording_id, b.number) for b in rows.bags(home_on)}
    assert len(due(home_on)) == len(bags) == 63
    check(home_on, due(home_on))
    seen: set[tuple[str, int]] = set()
    for night in range(30):
        tonight = due(home_on)
        assert len(tonight) <= 3 and (night < 21) == (not seen & set(tonight)), night
        seen |= set(tonight)
        check(home_on, tonight)
    assert seen == bags


def test_a_bag_that_was_never_checked_does_not_wait_for_its_turn(home_on: Home) -> None:
    fill(home_on, 30)
    everyone = due(home_on)
    check(home_on, everyone[:-2])
    tonight = due(home_on)
    assert set(everyone[-2:]) <= set(tonight) and len(tonight) == 2 + 2


def due(home: Home) -> list[tuple[str, int]]:
    with home.house.database.reading() as tx:
        return table.bags_to_check(tx, 30)


def check(home: Home, which: list[tuple[str, int]]) -> None:
    """A night goes by, in which these were checked."""
    wait(home, hours=24)
    with home.house.database.engine.begin() as connection:
        for recording_id, number in which:
            named = {"r": recording_id, "n": number, "now": home.clock.now().replace(tzinfo=None)}
            update = "UPDATE bag SET checked_at = :now WHERE recording_id = :r AND number = :n"
            connection.execute(sa.text(update), named)


def test_a_night_s_checks_are_on_record_once_and_only_what_was_looked_at(home: Home) -> None:
    for day in (1, 2):
        held(home, f"2026-12-0{day} 16:00")
    home.app.archive.run()
    assert home.app.archive.reconcile().bags_checked == 2
    assert [b.checked_at is not None for b in rows.bags(home)] == [True, True]
    assert tampering.events(home, "archive.bags_checked") == 1
    first = {b.recording_id: b.checked_at for b in rows.bags(home)}
    wait(home, hours=24)
    assert home.app.archive.reconcile().bags_checked == 1
    assert [b.checked_at == first[b.recording_id] for b in rows.bags(home)].count(True) == 1
