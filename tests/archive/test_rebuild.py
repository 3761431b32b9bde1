"""`archive reconcile --rebuild`: an empty database and the bucket give the same index again, column by column."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.archive import rows, tampering
from tests.archive.bucket import Bucket
from tests.archive.lessons import MB, held, wait
from tests.archive.rebuilding import EXCLUDED, another_house, index
from tests.archive.tampering import kept
from tests.house import DSL, REVIEWER, Home
from zoomguard.application.archive_discovery import Discovery
from zoomguard.application.archive_rebuild import Rebuilder
from zoomguard.domain.archive import ArchiveTally
from zoomguard.domain.bag import MARK_NAME
from zoomguard.domain.errors import Conflict, NotThere
from zoomguard.domain.rebuild import RebuildReport
from zoomguard.domain.recordings import FileState, RecordingState

FILM, TOLD = "data/video.mp4", "metadata/recording.json"
KINDS = ["MP4", "MP4", "M4A", "TRANSCRIPT", "CHAT", "CC", "TIMELINE", "SUMMARY", "POLL"]


def quirk(home: Home, session: str, **asked: Any) -> None:
    home.control("POST", "recordings", {"session": session, **asked})


# What is archived ---------------------------------------------------------------------------------------------------


def plain(home: Home, bucket: Bucket) -> None:
    held(home)
    home.app.archive.run()


def several(home: Home, bucket: Bucket) -> None:
    for day in (1, 2, 3):
        held(home, f"2026-12-0{day} 16:00")
    home.app.archive.run()


def with_a_late_second_bag(home: Home, bucket: Bucket) -> None:
    held(home, transcript_s=30 * 3600)
    home.app.archive.run()
    for hours in (25, 6):
        wait(home, hours=hours)
        home.app.archive.run()
    assert len(bucket.sealed()) == 2


def with_changed_content(home: Home, bucket: Bucket) -> None:
    short = held(home)
    home.app.archive.run()
    quirk(home, short, do="replace", file="MP4", by_bytes=MB)
    home.app.archive.run()
    assert [k for k, _ in tampering.opened(home)] == ["content_changed"] and len(bucket.sealed()) == 2


def with_a_missing_file(home: Home, bucket: Bucket) -> None:
    short = held(home)
    quirk(home, short, do="never", file="TRANSCRIPT")
    home.app.archive.run()
    wait(home, hours=25)
    home.app.archive.run()
    assert FileState.MISSING in {f.state for f in rows.files(home)} and len(bucket.sealed()) == 1


def with_a_file_that_is_awaited_still(home: Home) -> str:
    """Announced late and never finished: when the bag is sealed it may come yet."""
    short = held(home)
    quirk(home, short, do="never", file="TRANSCRIPT")
    home.app.archive.run()
    wait(home, hours=23)
    quirk(home, short, do="add", kind="SUMMARY", ready_in_s=90 * 3600, processing=True)
    home.app.archive.run()
    wait(home, hours=2)
    home.app.archive.run()
    assert [f.state for f in rows.files(home) if f.type == "SUMMARY"] == [FileState.EXPECTED]
    assert home.app.archive.verify(None).bags == 1
    return short


def with_a_file_that_the_next_bag_calls_missing(home: Home, bucket: Bucket) -> None:
    short = with_a_file_that_is_awaited_still(home)
    wait(home, hours=26)
    quirk(home, short, do="add", kind="CC")
    home.app.archive.run()
    assert len(bucket.sealed()) == 2
    assert [f.state for f in rows.files(home) if f.type == "SUMMARY"] == [FileState.MISSING]


def of_every_kind(home: Home, bucket: Bucket) -> None:
    held(home, files=KINDS)
    home.app.archive.run()
    assert {f.type for f in rows.files(home)} >= {"CC", "TIMELINE", "MP4"}


def with_a_uuid_of_slashes(home: Home, bucket: Bucket) -> None:
    for day, like in ((1, "/"), (2, "//"), (3, "+")):
        held(home, f"2026-12-0{day} 16:00", uuid_like=like)
    home.app.archive.run()
    assert any("//" in r.uuid for r in rows.recordings(home))


def in_a_bucket_that_was_written_over(home: Home, bucket: Bucket) -> None:
    plain(home, bucket)
    for one in bucket.versions():
        tampering.write_over(bucket, one.key, b"{}")
        tampering.mark_deleted(bucket, one.key)


def beside_what_is_not_ours(home: Home, bucket: Bucket) -> None:
    plain(home, bucket)
    beside = kept(bucket, FILM).key.replace("video.mp4", "video-2.mp4")
    for key in ("v1/strange", "zz", beside):
        tampering.write_over(bucket, key)


SCENES: tuple[Callable[[Home, Bucket], None], ...] = (
    plain,
    several,
    with_a_late_second_bag,
    with_changed_content,
    with_a_missing_file,
    with_a_file_that_the_next_bag_calls_missing,
    of_every_kind,
    with_a_uuid_of_slashes,
    in_a_bucket_that_was_written_over,
    beside_what_is_not_ours,
)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_the_index_is_the_same_column_by_column(
    home: Home, bucket: Bucket, tmp_path: Path, scene: Callable[[Home, Bucket], None]
) -> None:
    scene(home, bucket)
    with another_house(home, tmp_path / "anew") as anew:
        report = anew.app.archive.rebuild()
        assert (report.exit, report.not_whole) == ("done", {})
        assert index(anew) == index(home)
        assert (len(report.recordings), report.bags) == (len(rows.recordings(home)), len(rows.bags(home)))
        must_be_as_good_as_the_old_one(anew, bucket)


def must_be_as_good_as_the_old_one(anew: Home, bucket: Bucket) -> None:
    """All bags agree with it, and nothing is copied a second time: recordings are known by their UUIDs."""
    before = index(anew)
    report = anew.app.archive.verify(None)
    assert (report.exit, report.agreeing) == ("done", len(rows.bags(anew)))
    downloads = rows.downloads(anew)
    tally = anew.app.archive.run()
    assert (tally.copied, tally.sealed, tally.outside, tally.exit) == (0, 0, 0, "done")
    assert tally.recordings == len(rows.recordings(anew)) and rows.downloads(anew) == downloads
    assert index(anew) == before


def test_what_is_left_out_of_the_comparison_is_little_and_said_why() -> None:
    left_out = {(model.__name__, name) for model, excluded in EXCLUDED.items() for name in excluded}
    assert left_out == {
        ("Recording", "version"),
        ("Recording", "restricted"),
        ("RecordingFile", "version"),
        ("RecordingFile", "attempts"),
        ("Bag", "version"),
        ("Bag", "checked_at"),
        ("Bag", "rehashed_at"),
    }


@pytest.mark.needs_postgres
def test_the_index_is_the_same_in_the_other_database(
    home: Home, bucket: Bucket, tmp_path: Path, postgres_url: str
) -> None:
    with_a_late_second_bag(home, bucket)
    with another_house(home, tmp_path / "anew", database_url=postgres_url) as anew:
        assert anew.app.archive.rebuild().exit == "done"
        assert index(anew) == index(home)
        must_be_as_good_as_the_old_one(anew, bucket)
        assert anew.app.archive.reconcile().exit == "done"


def test_a_file_that_went_missing_after_its_bag_was_sealed_is_awaited_until_the_next_run(
    home: Home, bucket: Bucket, tmp_path: Path
) -> None:
    """No bag tells of that: the one was sealed before, and there is no other."""
    with_a_file_that_is_awaited_still(home)
    sealed = index(home)
    wait(home, hours=26)
    home.app.archive.run()
    assert index(home) != sealed
    with another_house(home, tmp_path / "anew") as anew:
        anew.app.archive.rebuild()
        assert index(anew) == sealed
        anew.app.archive.run()
        assert index(anew) == index(home)
        assert {k for k, _ in tampering.opened(anew)} == {"file_missing"}


def test_the_number_of_a_bag_that_is_not_whole_is_spent(home: Home, bucket: Bucket, tmp_path: Path) -> None:
    """What lies there is locked: the transcript that comes again goes beside it, not over it."""
    with_a_late_second_bag(home, bucket)
    broken = bucket.sealed()[1].removesuffix(MARK_NAME)
    tampering.destroy(bucket, next(v for v in bucket.versions(broken) if v.path == MARK_NAME))
    left = bucket.versions(broken)
    with another_house(home, tmp_path / "anew") as anew:
        assert anew.app.archive.rebuild().not_whole == {broken: "it has no commit mark"}
        assert anew.app.archive.run().sealed == 1
        assert [(r.bags, r.state) for r in rows.recordings(anew)] == [(3, RecordingState.ARCHIVED)]
        assert bucket.versions(broken) == left
        told = {f.kind.value for f in anew.app.archive.reconcile().findings}
        assert told == {"unknown_object"}


def test_a_new_database_watches_from_the_first_lesson_that_is_archived(
    home: Home, bucket: Bucket, tmp_path: Path, new_postgres_database: Callable[..., str]
) -> None:
    """It would look at nothing older than itself, and a transcript that comes late would be lost."""
    short = held(home)
    home.app.archive.run()
    wait(home, days=3)
    with another_house(home, tmp_path / "anew", database_url=new_postgres_database()) as anew:
        anew.app.archive.rebuild()
        assert tampering.events(anew, "install.watched_from") == 1
        quirk(home, short, do="add", kind="SUMMARY")
        assert anew.app.archive.run().sealed == 1
        assert not anew.app.audit.verify().broken


# Who sees it --------------------------------------------------------------------------------------------------------


def test_without_the_sessions_leads_see_the_recordings_and_reviewers_none(
    home: Home, bucket: Bucket, tmp_path: Path
) -> None:
    several(home, bucket)
    content = bucket.read(kept(bucket, FILM))
    with another_house(home, tmp_path / "anew") as anew:
        anew.app.archive.rebuild()
        assert len(home.app.recordings.list(home.who(REVIEWER))) == 3
        assert anew.app.recordings.list(anew.who(REVIEWER)) == ()
        seen = anew.app.recordings.list(anew.who(DSL))
        assert {r.short_id for r in seen} == {r.short_id for r in rows.recordings(home)}
        assert {(r.session, r.session_id) for r in seen} == {(None, r.session_id) for r in rows.recordings(home)}
        with pytest.raises(NotThere):
            anew.app.recordings.show(anew.who(REVIEWER), seen[0].short_id)
        first = min(rows.recordings(anew), key=lambda r: kept(bucket, FILM).key.find(r.id) < 0)
        play = anew.app.recordings.open(anew.who(DSL), first.short_id, "safeguarding", "After the fire")
        number = next(o.number for o in play.objects if o.path == FILM)
        with anew.app.recordings.read(anew.who(DSL), play.id, number, 0, None) as chunks:
            assert b"".join(chunks) == content


# What is refused ----------------------------------------------------------------------------------------------------


def test_an_index_that_has_recordings_is_not_made_anew(home: Home, bucket: Bucket) -> None:
    plain(home, bucket)
    before = index(home)
    with pytest.raises(Conflict) as refused:
        home.app.archive.rebuild()
    assert refused.value.code == "INDEX_NOT_EMPTY" and index(home) == before


def must_be_unfinished(use: Callable[[], object]) -> None:
    with pytest.raises(Conflict) as refused:
        use()
    assert refused.value.code == "INDEX_UNFINISHED"


def test_a_walk_that_began_before_a_rebuild_puts_nothing_on_record_beside_it(home: Home) -> None:
    """It would make a second recording of one that lies in a bag."""
    held(home)
    parts = home.app.archive.parts
    Rebuilder(parts)._begin()
    must_be_unfinished(lambda: Discovery(parts).run(ArchiveTally(), None))
    assert rows.recordings(home) == []
    home.app.archive.rebuild()
    assert home.app.archive.run().sealed == 1


def test_a_walk_that_began_before_a_rebuild_adds_nothing_to_what_it_has_put_on_record(
    home: Home, bucket: Bucket, tmp_path: Path
) -> None:
    """The second bag's transcript would be taken for a new file, and its number for another bag."""
    with_a_late_second_bag(home, bucket)
    with another_house(home, tmp_path / "anew") as anew:
        parts = anew.app.archive.parts
        rebuilder = Rebuilder(parts)
        rebuilder._begin()
        rebuilder._one(bucket.sealed()[0].removesuffix(MARK_NAME), RebuildReport())
        (known,) = rows.recordings(anew)
        listed = parts.recordings.of_meeting(known.uuid)
        assert listed is not None
        must_be_unfinished(lambda: Discovery(parts).note(listed, ArchiveTally()))
        assert [b.number for b in rows.bags(anew)] == [1]
        assert anew.app.archive.rebuild().exit == "done"
        assert index(anew) == index(home)


def test_an_empty_bucket_gives_an_empty_index(home: Home) -> None:
    assert home.app.archive.rebuild() == RebuildReport()
