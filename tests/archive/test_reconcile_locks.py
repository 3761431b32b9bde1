"""`archive reconcile` reads locks, holds and tags back: what was lost is put on again, and told of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.poor_storage import forgets_locks, worsened
from tests.archive import rows, tampering
from tests.archive.bucket import Bucket
from tests.archive.lessons import TWO_PARTS, held
from tests.archive.proving import Place, archived, found
from tests.archive.s3_proxy import proxied_moto
from tests.archive.tampering import kept
from tests.house import DSL, Home, a_home
from zoomguard.adapters.s3_vault import S3Vault
from zoomguard.application import archive_check, archive_findings
from zoomguard.application.ports import StoredObject
from zoomguard.domain.errors import OutsideFailed
from zoomguard.domain.recordings import FileState

FILM, CHAT = "data/video.mp4", "data/chat.txt"


# Locks --------------------------------------------------------------------------------------------------------------


def test_fault_46_a_lock_that_the_server_dropped_is_put_on_before_anything_is_verified(
    home: Home, bucket: Bucket
) -> None:
    """moto drops the lock of a multipart upload."""
    archived(home, size_bytes=TWO_PARTS)
    asked = home.app.archive.reconcile()
    assert asked.exit == "done"
    film = kept(bucket, FILM)
    head = bucket.head(film)
    assert head["ObjectLockMode"] == "GOVERNANCE"
    assert head["ObjectLockRetainUntilDate"] == rows.bags(home)[0].retain_until_at
    assert {f.state for f in rows.files(home)} == {FileState.VERIFIED}


def test_fault_46_what_cannot_be_locked_is_never_verified(tmp_path: Path) -> None:
    with worsened(forgets_locks) as url, a_home(tmp_path / "home", ZOOMGUARD_S3_ENDPOINT_URL=url) as home:
        held(home)
        for _ in range(3):
            tally = home.app.archive.run()
            assert (tally.exit, set(tally.wrong.values())) == ("wrong", {"S3_NO_LOCK"})
        assert FileState.VERIFIED not in {f.state for f in rows.files(home)}
        assert [b.sealed_at for b in rows.bags(home)] == [None] and Bucket(url).sealed() == []


def test_a_lock_that_was_shortened_is_put_on_again_and_told_of(either: Place) -> None:
    home, bucket = either
    archived(home)
    film, until = kept(bucket, FILM), rows.bags(home)[0].retain_until_at
    tampering.lock(bucket, film, datetime.now(UTC) + timedelta(days=2))
    report = home.app.archive.reconcile()
    assert (report.exit, found(report)) == ("wrong", [("lock_missing", f"{film.key}@{film.version_id}")])
    done = report.findings[0].done
    assert done.startswith("locked again until ") and done.endswith(" Europe/London")
    assert bucket.head(film)["ObjectLockRetainUntilDate"] == until
    assert tampering.opened(home) == found(report)


def test_a_lock_that_reaches_further_is_no_finding(either: Place) -> None:
    home, bucket = either
    archived(home)
    tampering.lock(bucket, kept(bucket, FILM), rows.bags(home)[0].retain_until_at + timedelta(days=30))
    assert home.app.archive.reconcile().exit == "done"


def test_a_lock_that_is_lost_again_is_another_incident(home: Home, bucket: Bucket) -> None:
    archived(home)
    film = kept(bucket, FILM)
    for times in (1, 2):
        tampering.lock(bucket, film, datetime.now(UTC) + timedelta(days=2))
        assert home.app.archive.reconcile().exit == "wrong"
        assert home.app.archive.reconcile().exit == "done", "it was put right"
        assert tampering.settle_all(home) == 1
        with_closed = home.app.incidents.list(home.who(DSL), closed=True)
        assert [i.kind.value for i in with_closed] == ["lock_missing"] * times


def test_many_lost_locks_are_all_put_on_again_and_none_in_silence(
    home: Home, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_findings, "MOST_OF_A_KIND", 3)
    archived(home)
    versions = bucket.versions()
    for version in versions:
        stored = bucket.stored(version)
        stored.lock_mode = stored.lock_until = None
    report = home.app.archive.reconcile()
    beyond = len(versions) - 3
    assert (report.exit, report.more) == ("wrong", {"lock_missing": beyond})
    assert None not in {bucket.stored(version).lock_until for version in versions}
    told = [i for i in home.app.incidents.list(home.who(DSL)) if "more" in i.detail]
    assert [i.detail["more"] for i in told] == [beyond]
    assert tampering.events(home, "archive.put_right") == beyond
    assert len(tampering.opened(home)) == 3 + 1


def test_a_lock_that_cannot_be_put_on_again_is_told_of_and_the_rest_is_looked_at_all_the_same(tmp_path: Path) -> None:
    with (
        worsened(forgets_locks_from(after := [])) as url,
        a_home(tmp_path / "home", ZOOMGUARD_S3_ENDPOINT_URL=url) as home,
    ):
        bucket = Bucket(url)
        archived(home)
        film, chat = kept(bucket, FILM), kept(bucket, CHAT)
        tampering.lock(bucket, film, datetime.now(UTC) + timedelta(days=2))
        tampering.retag(bucket, chat, {"zg-class": "none"})
        after.append(True)
        for _ in range(2):
            report = home.app.archive.reconcile()
            assert report.exit == "wrong" and not report.unknown
            done = {f.kind.value: f.done for f in report.findings}
            assert done["lock_missing"] == "could not be locked again (S3_NO_LOCK)"
        assert bucket.tags(chat)["zg-class"] == "routine"
        lead = home.who(DSL)
        (found,) = [i for i in home.app.incidents.list(lead) if i.kind.value == "lock_missing"]
        history = [n.what for n in home.app.incidents.show(lead, found.short_id).history]
        assert [w for w in history if "could not" in w] == ["could not be locked again (S3_NO_LOCK)"]


def forgets_locks_from(after: list[bool]) -> Callable[[dict[str, Any]], bool]:
    return lambda environ: not (after and environ["QUERY_STRING"].startswith("retention"))


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Under these prefixes S3 lets nobody look, as where a KMS key is gone."""
    prefixes, head = list[str](), S3Vault.head

    def looked_at(vault: S3Vault, key: str, version_id: str) -> StoredObject | None:
        if key.startswith(tuple(prefixes)):
            raise OutsideFailed("S3 answered head_object with 403.", code="S3_FORBIDDEN", permanent=True)
        return head(vault, key, version_id)

    monkeypatch.setattr(S3Vault, "head", looked_at)
    return prefixes


def unchecked(home: Home) -> int:
    return [b.checked_at for b in rows.bags(home)].count(None)


def test_a_bag_that_s3_refuses_is_named_every_night_and_is_not_in_the_way_of_others(
    home: Home, refused: list[str]
) -> None:
    several_are_archived(home, 3)
    refused.append(min(b.prefix for b in rows.bags(home)))
    for _ in range(2):
        report = home.app.archive.reconcile()
        assert (report.exit, list(report.unknown.values()), unchecked(home)) == ("postponed", ["S3_FORBIDDEN"], 1)
    refused.clear()
    assert (home.app.archive.reconcile().exit, unchecked(home)) == ("done", 0)


def test_an_s3_that_refuses_one_bag_after_another_is_not_asked_for_all_of_them(
    home: Home, refused: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_check, "MOST_REFUSED", 2)
    several_are_archived(home, 4)
    refused.append("v1/")
    report = home.app.archive.reconcile()
    assert (report.exit, len(report.unknown), report.unknown["s3"]) == ("postponed", 3, "S3_FORBIDDEN")
    assert unchecked(home) == 4


def several_are_archived(home: Home, days: int) -> None:
    for day in range(1, days + 1):
        held(home, f"2026-12-0{day} 16:00")
    assert home.app.archive.run().sealed == days


def test_a_denied_lock_is_told_of_and_keeps_nothing_else_from_being_looked_at(tmp_path: Path) -> None:
    """The answer to the lock is lost each time: whether it stands is not known, and the others are looked at."""
    with proxied_moto() as proxy, a_home(tmp_path / "home", ZOOMGUARD_S3_ENDPOINT_URL=proxy.url) as home:
        bucket = Bucket(proxy.url)
        archived(home)
        tampering.lock(bucket, kept(bucket, FILM), datetime.now(UTC) + timedelta(days=2))
        proxy.lose_all(r"PUT .*(retention|tagging).*")
        report = home.app.archive.reconcile()
        assert (report.exit, report.bags_checked, report.unknown) == ("wrong", 1, {})
        assert [(f.kind.value, f.done[:26]) for f in report.findings] == [
            ("lock_missing", "could not be locked again ")
        ]


# Holds and tags -----------------------------------------------------------------------------------------------------


def test_fault_54_a_legal_hold_set_by_hand_is_found_and_left(either: Place) -> None:
    home, bucket = either
    archived(home)
    film = kept(bucket, FILM)
    tampering.hold(bucket, film)
    report = home.app.archive.reconcile()
    assert (report.exit, found(report)) == ("wrong", [("legal_hold", f"{film.key}@{film.version_id}")])
    assert bucket.head(film)["ObjectLockLegalHoldStatus"] == "ON"
    tampering.settle_all(home)
    again = home.app.archive.reconcile()
    assert (again.exit, [f.settled for f in again.findings]) == ("done", [True])
    assert bucket.head(film)["ObjectLockLegalHoldStatus"] == "ON"


def test_changed_tags_are_put_back_and_told_of(either: Place) -> None:
    home, bucket = either
    archived(home)
    film, proper = kept(bucket, FILM), bucket.tags(kept(bucket, FILM))
    for tags in ({"zg-class": "no_child", "zg-retain-until": proper["zg-retain-until"]}, {}, {**proper, "more": "x"}):
        tampering.retag(bucket, film, tags)
        report = home.app.archive.reconcile()
        assert (report.exit, found(report)) == ("wrong", [("tags_changed", f"{film.key}@{film.version_id}")])
        assert bucket.tags(film) == proper
        assert home.app.archive.reconcile().exit == "done"
        assert tampering.settle_all(home) == 1
