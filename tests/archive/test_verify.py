"""`archive verify`: what is read again agrees, or is named; what S3 does not give is never taken for read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.archive import rows, tampering
from tests.archive.bucket import Bucket, Kept
from tests.archive.lessons import held, wait
from tests.archive.s3_proxy import S3Proxy, proxied_moto
from tests.house import Home, a_home
from zoomguard.domain.bag import digest
from zoomguard.domain.incidents import IncidentKind

FILM, MANIFEST, MARK = "data/video.mp4", "manifest-sha256.txt", "tagmanifest-sha256.txt"


@pytest.fixture
def archived(home: Home) -> Home:
    held(home)
    assert home.app.archive.run().exit == "done"
    return home


def rehashed(home: Home) -> list[bool]:
    return [b.rehashed_at is not None for b in rows.bags(home)]


def test_what_was_archived_agrees_object_by_object_and_byte_by_byte(archived: Home, bucket: Bucket) -> None:
    report = archived.app.archive.verify(None)
    assert report.exit == "done" and not report.wrong and not report.unknown
    assert (report.bags, report.agreeing, report.objects) == (1, 1, len(bucket.versions()))
    assert report.read_bytes == sum(v.size for v in bucket.versions())
    assert report.never_checked == 0 and rehashed(archived) == [True]


def test_nothing_archived_is_nothing_wrong(home: Home) -> None:
    report = home.app.archive.verify(None)
    assert (report.exit, report.bags) == ("done", 0)
    assert "agree" not in "\n".join(report.lines())


def test_each_bag_that_was_read_again_is_an_event_of_the_chain(home: Home) -> None:
    for day in (1, 2, 3):
        held(home, f"2026-12-0{day} 16:00")
    home.app.archive.run()
    home.app.archive.verify(2)
    assert tampering.events(home, "recording.bag_rehashed") == 2
    home.app.archive.verify(None)
    assert tampering.events(home, "recording.bag_rehashed") == 5
    assert not home.app.audit.verify().broken


# What is wrong ------------------------------------------------------------------------------------------------------


def flipped(home: Home, bucket: Bucket, one: Kept) -> None:
    content = bytearray(bucket.read(one))
    content[len(content) // 2] ^= 1
    tampering.rot(bucket, one, bytes(content))


def cut_short(home: Home, bucket: Bucket, one: Kept) -> None:
    tampering.rot(bucket, one, bucket.read(one)[:-1])


def pointed_elsewhere(home: Home, bucket: Bucket, one: Kept) -> None:
    version = tampering.write_over(bucket, one.key, bucket.read(one) + b"!")
    table, where = (
        ("recording_file", "name = 'video.mp4'") if one.path == FILM else ("bag_file", f"path = '{one.path}'")
    )
    tampering.change_row(home, table, where, s3_version_id=version)


def gone(home: Home, bucket: Bucket, one: Kept) -> None:
    tampering.destroy(bucket, one)


@pytest.mark.parametrize("path", [FILM, MANIFEST, "metadata/recording.json", MARK])
@pytest.mark.parametrize(
    ("does", "kind"),
    [
        (flipped, "object_differs"),
        (cut_short, "object_differs"),
        (pointed_elsewhere, "object_differs"),
        (gone, "object_missing"),
    ],
)
def test_fault_50_what_is_not_as_archived_is_named_by_key_and_version(
    archived: Home, bucket: Bucket, path: str, does: Callable[[Home, Bucket, Kept], None], kind: str
) -> None:
    before = {v.path: v for v in bucket.versions()}
    does(archived, bucket, before[path])
    report = archived.app.archive.verify(None)
    (wrong,) = report.wrong
    assert (report.exit, report.bags, report.agreeing) == ("wrong", 1, 0)
    assert (wrong.kind, wrong.key) == (kind, before[path].key)
    assert (wrong.version_id == before[path].version_id) == (does is not pointed_elsewhere)
    assert tampering.opened(archived) == [(kind, f"{wrong.key}@{wrong.version_id}")]
    assert archived.app.archive.verify(None).wrong == [wrong]
    assert len(tampering.opened(archived)) == 1, "the same finding is one incident"


def test_a_manifest_that_names_another_file_than_the_index_is_a_bag_that_differs(
    archived: Home, bucket: Bucket
) -> None:
    film = tampering.kept(bucket, FILM)
    other = bucket.read(film) + b"!"
    version = tampering.write_over(bucket, film.key, other)
    proper = {"s3_version_id": version, "sha256": digest(other), "size": len(other)}
    tampering.change_row(archived, "recording_file", "name = 'video.mp4'", **proper)
    report = archived.app.archive.verify(None)
    found = {(w.kind.value, w.key.rpartition("/")[2]) for w in report.wrong}
    assert found == {("bag_differs", MANIFEST), ("bag_differs", "bag-info.txt")}
    assert report.exit == "wrong" and {k for k, _ in tampering.opened(archived)} == {"bag_differs"}


def test_an_index_that_has_another_size_is_named_at_the_file_and_at_its_bag(archived: Home) -> None:
    tampering.change_row(archived, "recording_file", "name = 'video.mp4'", size=7)
    wrong = archived.app.archive.verify(None).wrong
    found = {(w.kind.value, w.key.rpartition("/b001/")[2]) for w in wrong}
    assert found == {("object_differs", FILM), ("bag_differs", "bag-info.txt")}


def test_tag_files_that_the_index_has_lost_are_a_bag_that_differs(archived: Home) -> None:
    with archived.house.database.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM bag_file"))
    report = archived.app.archive.verify(None)
    assert report.exit == "wrong" and {w.kind for w in report.wrong} == {IncidentKind.BAG_DIFFERS}


def test_two_wrong_bags_of_one_recording_are_two_and_two_wrong_objects_of_a_bag_are_one(
    home: Home, bucket: Bucket
) -> None:
    held(home, transcript_s=30 * 3600)
    home.app.archive.run()
    for hours in (25, 6):
        wait(home, hours=hours)
        home.app.archive.run()
    held(home, "2026-12-04 16:00")
    home.app.archive.run()
    first, second = tampering.kept(bucket, FILM), tampering.kept(bucket, "data/transcript.vtt")
    assert "/b001/" in first.key and "/b002/" in second.key
    for one in (first, second, tampering.kept(bucket, "bagit.txt")):
        flipped(home, bucket, one)
    report = home.app.archive.verify(None)
    assert (report.bags, report.as_json()["agree"], len(report.wrong)) == (3, 1, 3)


# What S3 does not tell ----------------------------------------------------------------------------------------------


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[tuple[Home, S3Proxy, Bucket]]:
    with proxied_moto() as proxy, a_home(tmp_path / "home", ZOOMGUARD_S3_ENDPOINT_URL=proxy.url) as home:
        yield home, proxy, Bucket(proxy.url)


@pytest.mark.parametrize("lost", [r"(GET|HEAD) .*", r"GET .*/data/.*", r"HEAD .*/data/audio.*"])
def test_an_s3_that_is_away_is_4_and_nothing_counts_as_checked(
    proxied: tuple[Home, S3Proxy, Bucket], lost: str
) -> None:
    home, proxy, _ = proxied
    held(home)
    home.app.archive.run()
    proxy.lose_all(lost)
    report = home.app.archive.verify(None)
    assert (report.exit, report.bags, report.agreeing, report.wrong) == ("postponed", 0, 0, [])
    assert list(report.unknown) == [rows.recordings(home)[0].short_id] and report.never_checked == 1
    assert rehashed(home) == [False] and tampering.opened(home) == []
    assert tampering.events(home, "recording.bag_rehashed") == 0
    proxy.lose_all("")
    assert home.app.archive.verify(None).exit == "done" and rehashed(home) == [True]


def test_a_bag_that_s3_does_not_give_stops_none_of_the_others(proxied: tuple[Home, S3Proxy, Bucket]) -> None:
    home, proxy, _ = proxied
    for day in (1, 2, 3):
        held(home, f"2026-12-0{day} 16:00")
    home.app.archive.run()
    kept_back = rows.recordings(home)[0]
    proxy.lose_all(rf"GET .*/{kept_back.id}/.*")
    report = home.app.archive.verify(None)
    assert (report.exit, report.bags, report.agreeing) == ("postponed", 2, 2)
    assert list(report.unknown) == [kept_back.short_id]
    assert "agree" not in "\n".join(report.lines())


def test_what_was_wrong_before_s3_went_away_is_told_and_the_bag_is_read_again(
    proxied: tuple[Home, S3Proxy, Bucket],
) -> None:
    home, proxy, bucket = proxied
    held(home)
    home.app.archive.run()
    flipped(home, bucket, tampering.kept(bucket, MANIFEST))
    proxy.lose_all(r"(GET|HEAD) .*/data/.*")
    report = home.app.archive.verify(None)
    assert (report.exit, len(report.wrong), report.bags) == ("wrong", 1, 0)
    assert [k for k, _ in tampering.opened(home)] == ["object_differs"]
    assert rehashed(home) == [False]


# Samples ------------------------------------------------------------------------------------------------------------


def test_a_nightly_sample_goes_round_the_whole_archive_least_recently_read_first(home: Home) -> None:
    for day in (1, 2, 3, 4):
        held(home, f"2026-12-0{day} 16:00")
    home.app.archive.run()
    round_of: list[list[str]] = []
    for _ in range(6):
        wait(home, hours=24)
        before = {b.recording_id: b.rehashed_at for b in rows.bags(home)}
        report = home.app.archive.verify(2)
        assert report.bags == 2
        round_of.append([b.recording_id for b in rows.bags(home) if b.rehashed_at != before[b.recording_id]])
    assert sorted(round_of[0] + round_of[1]) == sorted(before)
    assert round_of[0] == round_of[2] == round_of[4] and round_of[1] == round_of[3] == round_of[5]


def test_a_bag_that_is_new_comes_before_those_that_were_read_once(home: Home) -> None:
    held(home)
    home.app.archive.run()
    home.app.archive.verify(1)
    held(home, "2026-12-02 16:00")
    home.app.archive.run()
    assert rehashed(home).count(False) == 1
    home.app.archive.verify(1)
    assert rehashed(home) == [True, True]


def test_a_bag_that_is_still_being_filled_is_not_read(home: Home) -> None:
    held(home, transcript_s=3600)
    home.app.archive.run()
    assert (home.app.archive.verify(None).bags, home.app.archive.verify(None).never_checked) == (0, 0)
