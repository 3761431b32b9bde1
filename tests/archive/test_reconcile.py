"""`archive reconcile` before a bucket that somebody else can write to: everything is found, and nothing deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.archive import rows, tampering
from tests.archive.bucket import Bucket, Kept
from tests.archive.lessons import TWO_PARTS, wait
from tests.archive.proving import Place, archived, found
from tests.archive.s3_proxy import proxied_moto
from tests.archive.tampering import kept
from tests.house import DSL, REVIEWER, Home, a_home
from zoomguard.adapters.s3_vault import S3Vault
from zoomguard.application import archive_findings
from zoomguard.application.ports import ListedVersion, UnfinishedUpload
from zoomguard.domain.bag import prefix_of

FILM, CHAT, MANIFEST = "data/video.mp4", "data/chat.txt", "manifest-sha256.txt"


def test_what_nobody_touched_agrees(either: Place) -> None:
    home, _ = either
    archived(home, size_bytes=TWO_PARTS)
    report = home.app.archive.reconcile()
    assert (report.exit, report.findings, report.unknown) == ("done", [], {})
    assert (report.objects, report.bags_checked, report.object_reads) == (9, 1, 18)
    assert (report.zoom_recordings, report.found_late) == (1, 0)
    assert tampering.opened(home) == []


# Versions -----------------------------------------------------------------------------------------------------------


def must_still_be_read(home: Home, one: Kept, content: bytes) -> None:
    """A reviewer fetches the recording: what comes is what was archived."""
    (recording,) = rows.recordings(home)
    play = home.app.recordings.open(home.who(REVIEWER), recording.short_id, "qa_review", "Weekly sample, week 49")
    number = next(o.number for o in play.objects if o.path == one.path)
    with home.app.recordings.read(home.who(REVIEWER), play.id, number, 0, None) as chunks:
        assert b"".join(chunks) == content


def test_fault_50_another_version_put_behind_our_back_is_named_and_the_archived_one_is_read(either: Place) -> None:
    home, bucket = either
    archived(home)
    film = kept(bucket, FILM)
    content = bucket.read(film)
    other = tampering.write_over(bucket, film.key, content[:-1] + b"!")
    report = home.app.archive.reconcile()
    assert (report.exit, found(report)) == ("wrong", [("extra_version", f"{film.key}@{other}")])
    assert {film.key, other} <= {word for line in report.lines() for word in line.strip().split("@")}
    assert home.app.archive.verify(None).exit == "done"
    must_still_be_read(home, film, content)


def test_fault_51_a_delete_marker_is_an_incident_and_the_archived_version_is_read(either: Place) -> None:
    home, bucket = either
    archived(home)
    film = kept(bucket, FILM)
    content = bucket.read(film)
    marker = tampering.mark_deleted(bucket, film.key)
    report = home.app.archive.reconcile()
    assert (report.exit, found(report)) == ("wrong", [("delete_marker", f"{film.key}@{marker}")])
    assert tampering.opened(home) == found(report)
    assert home.app.archive.verify(None).exit == "done"
    must_still_be_read(home, film, content)


def test_fault_52_every_extra_version_of_a_file_is_named(either: Place) -> None:
    home, bucket = either
    archived(home)
    film, tag = kept(bucket, FILM), kept(bucket, MANIFEST)
    extra = {(one.key, tampering.write_over(bucket, one.key, b"x")) for one in (film, film, tag)}
    report = home.app.archive.reconcile()
    assert set(found(report)) == {("extra_version", f"{key}@{version}") for key, version in extra}
    assert len(report.findings) == 3


def test_a_version_that_is_gone_is_found_once_however_it_was_looked_for(either: Place) -> None:
    home, bucket = either
    archived(home)
    film = kept(bucket, FILM)
    tampering.destroy(bucket, film)
    report = home.app.archive.reconcile()
    assert (report.exit, found(report)) == ("wrong", [("object_missing", f"{film.key}@{film.version_id}")])


def test_an_object_of_another_size_is_found_by_the_list_alone(home: Home, bucket: Bucket) -> None:
    archived(home)
    chat = kept(bucket, CHAT)
    tampering.rot(bucket, chat, b"shorter")
    assert ("object_differs", f"{chat.key}@{chat.version_id}") in found(home.app.archive.reconcile())


# What is not ours ---------------------------------------------------------------------------------------------------


def test_objects_that_nobody_knows_are_named_by_version_and_left(either: Place) -> None:
    home, bucket = either
    archived(home)
    beside = kept(bucket, FILM).key.replace("video.mp4", "video-2.mp4")
    strange = ("a.txt", beside, "v1/2026/strange", "zz/ü.txt")
    subjects = [("unknown_object", f"{key}@{tampering.write_over(bucket, key)}") for key in strange]
    report = home.app.archive.reconcile()
    assert (report.exit, found(report)) == ("wrong", subjects)
    assert tampering.opened(home) == subjects
    assert len(bucket.versions("")) == 9 + len(strange)


def test_a_bag_that_the_index_does_not_know_is_one_finding_and_what_is_added_to_it_another(
    home: Home, bucket: Bucket
) -> None:
    """As after the restore of an older backup."""
    archived(home)
    sealed = [v.key for v in bucket.versions()]
    bag = prefix_of(sealed[0]).replace("b001", "b002")
    for key in sealed:
        tampering.write_over(bucket, key.replace("b001", "b002"))
    one = ("unknown_object", f"{bag} (9 versions)")
    assert found(home.app.archive.reconcile()) == [one] == tampering.opened(home)
    (incident,) = home.app.incidents.list(home.who(DSL))
    assert (incident.recording, incident.detail) == (rows.recordings(home)[0].short_id, {"bag": bag, "versions": 9})
    assert tampering.settle_all(home) == 1 and home.app.archive.reconcile().exit == "done"
    tampering.write_over(bucket, sealed[0].replace("b001", "b002"))
    assert home.app.archive.reconcile().exit == "wrong"
    assert tampering.opened(home) == [("unknown_object", f"{bag} (10 versions)")]


def test_of_many_findings_some_get_an_incident_each_night_until_all_have_one(
    home: Home, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_findings, "MOST_OF_A_KIND", 3)
    for n in range(8):
        tampering.write_over(bucket, f"strange/{n}")
    opened = []
    for _ in range(4):
        report = home.app.archive.reconcile()
        assert report.exit == "wrong"
        opened.append((len(tampering.opened(home)), report.more.get("unknown_object", 0), len(report.findings)))
    assert opened == [(3, 5, 3), (6, 2, 6), (8, 0, 8), (8, 0, 8)]
    for n in range(4):
        tampering.write_over(bucket, f"earlier/{n}")
    report = home.app.archive.reconcile()
    assert (len(tampering.opened(home)), report.more, len(report.findings)) == (11, {"unknown_object": 1}, 11)
    assert home.app.archive.reconcile().more == {} and tampering.settle_all(home) == 12
    assert home.app.archive.reconcile().exit == "done"


def test_a_finding_that_a_person_closed_is_settled_and_no_longer_5(home: Home, bucket: Bucket) -> None:
    archived(home)
    for one in (kept(bucket, FILM), kept(bucket, CHAT)):
        tampering.write_over(bucket, one.key)
    assert home.app.archive.reconcile().exit == "wrong"
    assert tampering.settle_all(home) == 2
    report = home.app.archive.reconcile()
    assert (report.exit, [f.settled for f in report.findings]) == ("done", [True, True])
    assert tampering.opened(home) == []
    tampering.write_over(bucket, kept_key(bucket, FILM))
    third = home.app.archive.reconcile()
    assert (third.exit, sorted(f.settled for f in third.findings)) == ("wrong", [False, True, True])


def kept_key(bucket: Bucket, path: str) -> str:
    return kept(bucket, path).key


def test_a_foreign_unfinished_upload_is_named_and_left_and_one_of_ours_is_given_up(either: Place) -> None:
    home, bucket = either
    archived(home)
    ours = tampering.begin_upload(bucket, kept_key(bucket, FILM))
    foreign = tampering.begin_upload(bucket, "theirs/film.mp4")
    report = home.app.archive.reconcile()
    assert found(report) == [("foreign_upload", f"theirs/film.mp4@{foreign}")]
    assert report.uploads_given_up == 1 and ours not in tampering.uploads(bucket)
    assert tampering.uploads(bucket) == [foreign]


def test_a_foreign_upload_beside_the_files_of_a_recording_is_about_that_recording(home: Home, bucket: Bucket) -> None:
    archived(home)
    tampering.begin_upload(bucket, kept_key(bucket, FILM).replace("video.mp4", "video-2.mp4"))
    assert home.app.archive.reconcile().exit == "wrong"
    (incident,) = home.app.incidents.list(home.who(DSL))
    assert incident.recording == rows.recordings(home)[0].short_id


STRANGE = "theirs/\x1b[2J\u202efilm\x00 \r\n.mp4"


@pytest.mark.parametrize("url", ["sqlite", pytest.param("postgres", marks=pytest.mark.needs_postgres)])
def test_a_key_that_neither_a_column_nor_a_screen_takes_is_named_in_the_way_of_urls(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    database_url = request.getfixturevalue("postgres_url") if url == "postgres" else ""
    with a_home(tmp_path / "home", database_url=database_url) as home:
        archived(home)
        strange = ListedVersion(STRANGE, "v1", 5, False, True, home.clock.now())
        listing = S3Vault.listing
        monkeypatch.setattr(S3Vault, "listing", lambda vault, prefix: iter([strange, *listing(vault, prefix)]))
        upload = UnfinishedUpload(STRANGE, "u1")
        monkeypatch.setattr(S3Vault, "unfinished", lambda *_: (upload,))
        report = home.app.archive.reconcile()
        name = "theirs/%1B[2J%E2%80%AEfilm%00 %0D%0A.mp4"
        assert found(report) == [("unknown_object", f"{name}@v1"), ("foreign_upload", f"{name}@u1")]
        assert tampering.opened(home) == found(report)


def test_an_upload_of_ours_is_left_while_somebody_is_at_work_on_it(home: Home, bucket: Bucket) -> None:
    archived(home)
    ours = tampering.begin_upload(bucket, kept_key(bucket, FILM))
    with home.app.archive.parts.claims.claim(rows.recordings(home)[0].id) as had:
        assert had
        report = home.app.archive.reconcile()
        assert (report.exit, report.uploads_given_up) == ("done", 0)
    assert tampering.uploads(bucket) == [ours]
    wait(home, hours=1)
    assert home.app.archive.reconcile().uploads_given_up == 1


# What is asked of S3 ------------------------------------------------------------------------------------------------


def test_nothing_is_ever_deleted(tmp_path: Path) -> None:
    with proxied_moto() as proxy, a_home(tmp_path / "home", ZOOMGUARD_S3_ENDPOINT_URL=proxy.url) as home:
        bucket = Bucket(proxy.url)
        archived(home)
        film = kept(bucket, FILM)
        tampering.lock(bucket, film, datetime.now(UTC) + timedelta(days=2))
        tampering.retag(bucket, film, {})
        tampering.write_over(bucket, "strange")
        tampering.write_over(bucket, film.key)
        tampering.mark_deleted(bucket, kept_upload(film.key))
        upload = tampering.begin_upload(bucket, film.key)
        proxy.asked.clear()
        assert home.app.archive.reconcile().exit == "wrong"
        assert home.app.archive.verify(None).exit == "done"
        deletes = [asked for asked in proxy.asked if asked.startswith("DELETE") or "?delete" in asked]
        assert len(deletes) == 1 and f"uploadId={upload}" in deletes[0], "an unfinished upload of ours, and no version"
        assert home.zoom_calls("DELETE", "/status") == []


def kept_upload(key: str) -> str:
    return key.replace("video.mp4", "chat.txt")


@pytest.mark.parametrize("lost", [r".*", r"GET .*[?&]versions.*", r"GET .*uploads.*", r"HEAD .*"])
def test_an_s3_that_is_away_is_4_and_nothing_is_gone_because_of_it(tmp_path: Path, lost: str) -> None:
    with proxied_moto() as proxy, a_home(tmp_path / "home", ZOOMGUARD_S3_ENDPOINT_URL=proxy.url) as home:
        archived(home)
        proxy.lose_all(lost)
        report = home.app.archive.reconcile()
        assert (report.exit, list(report.unknown), report.findings) == ("postponed", ["s3"], [])
        assert tampering.opened(home) == []
        assert "agree" not in "\n".join(report.lines())
        if lost in (".*", "HEAD .*"):
            assert [b.checked_at for b in rows.bags(home)] == [None]
        proxy.lose_all("")
        assert home.app.archive.reconcile().exit == "done"
