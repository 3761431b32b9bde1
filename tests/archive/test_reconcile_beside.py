"""`archive reconcile` while recordings are being archived: what is under way is never found missing or strange."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.archive import rows, tampering
from tests.archive.bucket import Bucket
from tests.archive.lessons import TWO_PARTS, held
from tests.archive.s3_proxy import proxied_moto
from tests.house import Home, a_home
from zoomguard.adapters.s3_vault import S3Vault
from zoomguard.application import archive_reconcile
from zoomguard.bootstrap import House, open_house
from zoomguard.domain.archive import ArchiveTally
from zoomguard.domain.incidents import IncidentKind
from zoomguard.domain.reconcile import Difference
from zoomguard.domain.recordings import RecordingState

DEEP = os.environ.get("ZOOMGUARD_TEST_DEEP") == "1"
BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.needs_postgres)]


@pytest.fixture(params=BOTH if DEEP else BOTH[:1])
def home_on(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    with a_home(tmp_path / "home", database_url=url) as opened:
        yield opened


@contextmanager
def archiving(house: House) -> Iterator[list[ArchiveTally]]:
    """A run beside the block, which is waited for at its end."""
    tallies: list[ArchiveTally] = []
    thread = threading.Thread(target=lambda: tallies.append(house.app.archive.run()))
    thread.start()
    try:
        yield tallies
    finally:
        thread.join(120)


@pytest.mark.deep
def test_beside_a_running_archive_nothing_false_is_found(home_on: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home, rounds, each = home_on, 8 if DEEP else 2, 3
    monkeypatch.setattr(archive_reconcile, "BAGS_AT_ONCE", 2)
    compared = 0
    with open_house(home.house.settings, home.clock) as second:
        for day in range(1, rounds + 1):
            for hour in range(each):
                held(home, f"2026-12-0{day} {10 + hour}:00", size_bytes=TWO_PARTS if hour == 0 else None)
            with archiving(second) as tallies:
                while not tallies:
                    report = home.app.archive.reconcile()
                    assert (report.exit, report.findings, report.more) == ("done", [], {}), report.lines()
                    assert report.uploads_given_up == 0
                    compared += 1
            assert (tallies[0].exit, tallies[0].sealed) == ("done", each), tallies[0]
    assert tampering.opened(home) == [] and compared >= rounds
    assert {r.state for r in rows.recordings(home)} == {RecordingState.ARCHIVED}
    report = home.app.archive.reconcile()
    assert (report.exit, report.objects) == ("done", rounds * each * 9)


# The moments between ------------------------------------------------------------------------------------------------


def test_what_was_archived_between_the_two_lists_is_no_strange_object(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index was read before the recording was on record, the bucket after it was sealed."""
    held(home)
    index = archive_reconcile.Reconciler._index

    def read_before(reconciler: archive_reconcile.Reconciler) -> Iterator[object]:
        found = list(index(reconciler))
        assert found == []
        home.app.archive.run()
        return iter(found)

    monkeypatch.setattr(archive_reconcile.Reconciler, "_index", read_before)
    # Zoom's side would put it on record first: only the bucket's is looked at.
    monkeypatch.setattr(archive_reconcile.AtZoom, "compare", lambda _: None)
    report = home.app.archive.reconcile()
    assert (report.exit, report.findings, report.objects) == ("done", [], 9)


def test_what_was_archived_after_the_bucket_was_listed_is_not_missing(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bucket was read before, the index after."""
    held(home)
    archive_at(home, monkeypatch, prefix="", when="after")
    monkeypatch.setattr(archive_reconcile.AtZoom, "compare", lambda _: None)
    report = home.app.archive.reconcile()
    assert (report.exit, report.findings, report.objects) == ("done", [], 0)


def archive_at(home: Home, monkeypatch: pytest.MonkeyPatch, prefix: str, when: str) -> None:
    """All is archived just before or after `prefix` is listed."""
    listing = S3Vault.listing

    def at_that_moment(vault: S3Vault, asked: str) -> Iterator[object]:
        if (asked, when) == (prefix, "before"):
            home.app.archive.run()
        found = list(listing(vault, asked))
        if (asked, when) == (prefix, "after"):
            assert found == []
            home.app.archive.run()
        return iter(found)

    monkeypatch.setattr(S3Vault, "listing", at_that_moment)


def test_a_first_bag_that_is_sealed_meanwhile_is_no_lost_index(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index was empty when it was looked at, and the bucket held a bag a moment later."""
    held(home)
    archive_at(home, monkeypatch, prefix="v1/", when="before")
    report = home.app.archive.reconcile()
    assert (report.exit, report.findings, report.objects) == ("done", [], 9)


def test_a_difference_is_looked_at_again_on_both_sides_before_it_is_told(home: Home, bucket: Bucket) -> None:
    held(home)
    home.app.archive.run()
    reconciler = archive_reconcile.Reconciler(home.app.archive.parts, lambda *_: None)
    film = tampering.kept(bucket, "data/video.mp4")
    for kind in (IncidentKind.OBJECT_MISSING, IncidentKind.EXTRA_VERSION, IncidentKind.UNKNOWN_OBJECT):
        reconciler._name(Difference(kind, film.key, film.version_id))
    assert reconciler.report.findings == []
    other = tampering.write_over(bucket, film.key)
    reconciler._name(Difference(IncidentKind.EXTRA_VERSION, film.key, other))
    tampering.destroy(bucket, film)
    reconciler._name(Difference(IncidentKind.OBJECT_MISSING, film.key, film.version_id))
    assert [f.kind.value for f in reconciler.report.findings] == ["extra_version", "object_missing"]


def test_an_upload_that_is_under_way_is_not_given_up(tmp_path: Path) -> None:
    """Its parts wait at S3 while reconcile looks: the copy goes on and counts."""
    with proxied_moto() as proxy, a_home(tmp_path / "home", ZOOMGUARD_S3_ENDPOINT_URL=proxy.url) as home:
        held(home, size_bytes=TWO_PARTS)
        bucket, seen = Bucket(proxy.url), list[int]()

        def look(label: str, done: int, total: int | None) -> None:
            if label.endswith("video.mp4") and done > 17_000_000 and not seen:
                seen.append(len(tampering.uploads(bucket)))
                report = home.app.archive.reconcile()
                assert (report.exit, report.findings, report.uploads_given_up) == ("done", [], 0)

        tally = home.app.archive.run(progress=look)
        assert seen == [1] and (tally.exit, tally.sealed) == ("done", 1)
        assert home.app.archive.reconcile().exit == "done"
