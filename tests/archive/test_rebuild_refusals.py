"""What is no whole bag of ours is named and left, and keeps no other bag out of the new index."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.archive import rows, tampering
from tests.archive.bucket import Bucket, Kept
from tests.archive.forging import FILM, SOUND, TOLD, Two, bags, forged, gone, later, must_name, must_name_all
from tests.archive.lessons import held, wait
from tests.archive.rebuilding import another_house, index
from tests.archive.s3_proxy import proxied_moto
from tests.house import Home, a_home
from zoomguard.application import archive_left_bags, archive_rebuild
from zoomguard.application.archive_parts import MOST_REFUSED
from zoomguard.domain.bag import MARK_NAME, digest, manifest
from zoomguard.domain.errors import Conflict, OutsideFailed


def test_a_bag_without_a_commit_mark_is_named_and_left(two: Two) -> None:
    prefix = two.prefix
    gone(two.bucket, prefix, MARK_NAME)
    assert len(two.bucket.versions(prefix)) == 8
    must_name(two, prefix, "it has no commit mark", sound=1)
    assert len(two.bucket.versions(prefix)) == 8


def test_a_delete_marker_is_no_commit_mark(two: Two) -> None:
    prefix = two.prefix
    mark = next(v for v in two.bucket.versions(prefix) if v.path == MARK_NAME)
    tampering.mark_deleted(two.bucket, mark.key)
    tampering.destroy(two.bucket, mark)
    must_name(two, prefix, "it has no commit mark", sound=1)


def test_a_bag_that_was_still_being_filled_is_named_and_reconcile_tells_of_what_is_left(
    home: Home, bucket: Bucket, tmp_path: Path
) -> None:
    """Without its session the recording is one that nobody knows, and so are the files in the bucket."""
    held(home, transcript_s=3600)
    home.app.archive.run()
    with another_house(home, tmp_path / "anew") as anew:
        report = anew.app.archive.rebuild()
        assert (report.exit, list(report.not_whole.values())) == ("wrong", ["it has no commit mark"])
        assert rows.recordings(anew) == []
        told = [f.kind.value for f in anew.app.archive.reconcile().findings]
        assert told == ["recording_outside", "unknown_object"]
        assert len(bucket.keys()) == 3


def test_a_tag_file_that_is_not_as_the_mark_says_is_named(home: Home, bucket: Bucket, tmp_path: Path) -> None:
    paths = ["bagit.txt", "bag-info.txt", "manifest-sha256.txt", TOLD]
    with bags(home, bucket, tmp_path, 2 * len(paths) + 1) as many:
        spoilt = dict(zip(many.prefixes, paths * 2, strict=True))
        for number, (prefix, path) in enumerate(spoilt.items()):
            gone(bucket, prefix, path)
            if number < len(paths):
                tampering.write_over(bucket, prefix + path, b"{}")
        named = {prefix: f"{path} is not as its commit mark says" for prefix, path in spoilt.items()}
        must_name_all(many, named, sound=1)


def test_a_mark_of_another_form_is_none_of_ours(home: Home, bucket: Bucket, tmp_path: Path) -> None:
    marks = [b"", b"no manifest", b"\xff", manifest({"bagit.txt": digest(b"")}).encode()]
    with bags(home, bucket, tmp_path, len(marks) + 1) as many:
        for prefix, mark in zip(many.prefixes, marks, strict=True):
            gone(bucket, prefix, MARK_NAME)
            tampering.write_over(bucket, prefix + MARK_NAME, mark)
        must_name_all(many, dict.fromkeys(many.prefixes, "its commit mark is none of ours"), sound=1)


def test_a_payload_that_is_not_there_in_the_archived_version_is_named(two: Two) -> None:
    prefix = two.prefix
    gone(two.bucket, prefix, FILM)
    tampering.write_over(two.bucket, prefix + FILM, b"other")
    must_name(two, prefix, f"{FILM} is not there in the version that was archived", sound=1)


def test_a_tag_file_that_is_far_too_large_is_not_read(two: Two) -> None:
    prefix = two.prefix
    gone(two.bucket, prefix, MARK_NAME)
    tampering.write_over(two.bucket, prefix + MARK_NAME, b"0" * (4 * 1024 * 1024 + 1))
    must_name(two, prefix, "a tag file is far too large", sound=1)


# Bags that somebody else wrote --------------------------------------------------------------------------------------

ANOTHER = "its recording.json is of another bag"
OTHER_FORM = "its recording.json is of another form"


def elsewhere(two: Two, recording_id: str = SOUND) -> str:
    return "/".join([*two.prefix.split("/")[:3], recording_id, "b001/"])


@pytest.mark.parametrize("place", [1, 2, 3, 4])
def test_a_bag_that_was_copied_elsewhere_is_not_taken_twice(two: Two, place: int) -> None:
    parts = two.prefix.split("/")
    parts[place] = ("v1", "2029", SOUND, SOUND, "b007")[place]
    forged(two, "/".join(parts), lambda told: None)
    must_name(two, "/".join(parts), "its place is not what its recording.json says" if place == 1 else ANOTHER)
    assert index(two.anew) == index(two.home)


NONSENSE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no json": lambda told: b"{",
    "no text": lambda told: b"\xff\xfe",
    "a list": lambda told: [],
    "null": lambda told: b"null",
    "no files": lambda told: told.pop("files") and None,
    "files of numbers": lambda told: told.update(files=[1]),
    "an index of nothing": lambda told: told.update(index=None),
    "a bag of words": lambda told: told.update(bag="one"),
    "no moment": lambda told: (told.update(files=[]), told["index"].update(starts_at="yesterday"))[1],
    "a moment of numbers": lambda told: (told.update(files=[]), told["index"].update(starts_at=7))[1],
    "an unknown class": lambda told: told.update(files=[], retention_class="for ever"),
    "a path to elsewhere": lambda told: told["files"][0].update(path="data/../../x.mp4"),
    "no zoom": lambda told: told.update(files=[], zoom="none"),
    "a number beyond all bounds": lambda told: (told.update(files=[]), told["zoom"].update(meeting_number=10**30))[1],
    "a uuid that no index takes": lambda told: told["zoom"].update(meeting_uuid="".join(map(chr, range(33, 20_033)))),
    "a uuid of braces": lambda told: (told.update(files=[]), told["zoom"].update(meeting_uuid={"a": 1}))[1],
    "a text that no database takes": lambda told: (told.update(files=[]), told["index"].update(short_id="R-ZZ\0"))[1],
    "half a character": lambda told: (told.update(files=[]), told["index"].update(short_id="R-ZZ\ud800"))[1],
    "nested too deep": lambda told: b"[" * 100_000,
}


def forge_nonsense(two: Two) -> dict[str, str]:
    """A bag of each; what a rebuild says of them."""
    ids = {f"01M00000000000000000000{number:03d}": nonsense for number, nonsense in enumerate(NONSENSE)}
    for recording_id, nonsense in ids.items():

        def change(told: dict[str, Any], recording_id: str = recording_id, nonsense: str = nonsense) -> Any:
            told.update(recording_id=recording_id)
            told["zoom"].update(meeting_uuid=recording_id)
            return NONSENSE[nonsense](told)

        forged(two, elsewhere(two, recording_id), change)
    return {elsewhere(two, recording_id): OTHER_FORM for recording_id in ids}


def test_bags_whose_marks_agree_with_nonsense_are_named_and_stop_no_other(two: Two) -> None:
    must_name_all(two, forge_nonsense(two), sound=2)


@pytest.mark.needs_postgres
def test_the_other_database_names_the_same_nonsense(
    two: Two, tmp_path: Path, new_postgres_database: Callable[..., str]
) -> None:
    named = forge_nonsense(two)
    with another_house(two.home, tmp_path / "other", database_url=new_postgres_database()) as other:
        must_name_all(Two(two.home, other, two.bucket), named, sound=2)


def test_a_bag_of_another_schema_is_of_another_kind(two: Two) -> None:
    prefix = elsewhere(two)
    forged(two, prefix, lambda told: told.update(recording_id=SOUND, schema="theirs/1"))
    must_name(two, prefix, "its recording.json is of another kind")


def test_a_bag_that_contradicts_another_is_named(two: Two) -> None:
    """Two recordings of one short id."""
    prefix = elsewhere(two)

    def change(told: dict[str, Any]) -> None:
        told.update(recording_id=SOUND, files=[], absent=[])
        told["zoom"].update(meeting_uuid="another")

    later(two.bucket)
    forged(two, prefix, change)
    must_name(two, prefix, "it contradicts another bag")


# What S3 does not tell ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [r"GET .*[?&]versions.*", r"GET .*/b001/.*"])
def test_an_s3_that_is_away_is_no_bag_that_is_not_whole(tmp_path: Path, lost: str) -> None:
    with proxied_moto() as proxy, a_home(tmp_path / "home", ZOOMGUARD_S3_ENDPOINT_URL=proxy.url) as home:
        held(home)
        home.app.archive.run()
        with another_house(home, tmp_path / "anew") as anew:
            proxy.lose_all(lost)
            with pytest.raises(OutsideFailed):
                anew.app.archive.rebuild()
            assert rows.recordings(anew) == []
            proxy.lose_all("")
            wait(home, hours=1)
            assert anew.app.archive.rebuild().exit == "done"
            assert index(anew) == index(home)


REFUSES = "S3 refuses to give it: S3_FORBIDDEN"


def frozen(two: Two, number: int) -> dict[str, str]:
    """Commit marks in Glacier, which S3 gives to nobody; what a rebuild says of them."""
    prefixes = [elsewhere(two, f"01M00000000000000000000{n:03d}") for n in range(number)]
    later(two.bucket)
    for prefix in prefixes:
        two.bucket.s3.put_object(Bucket=two.bucket.name, Key=prefix + MARK_NAME, Body=b"mark", StorageClass="GLACIER")
    return dict.fromkeys(prefixes, REFUSES)


def test_what_s3_refuses_to_give_for_good_is_named_and_stops_no_other(two: Two) -> None:
    must_name_all(two, frozen(two, MOST_REFUSED + 1), sound=2)
    assert index(two.anew) == index(two.home)


def test_of_many_that_are_not_whole_the_rest_is_one_incident_and_the_audit_names_each(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_left_bags, "MOST_OF_A_KIND", 3)
    forged_ones = frozen(two, 5)
    must_name_all(two, forged_ones, sound=2)
    told = [("bag_not_whole", prefix) for prefix in sorted(forged_ones)[:3]]
    assert tampering.opened(two.anew) == [*told, ("bag_not_whole", "2 more")]
    assert tampering.events(two.anew, "archive.bag_left") == 2


def test_where_s3_refuses_what_it_gave_before_the_rebuild_is_not_done(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the right to read ends meanwhile: no bag is broken, and the next run goes on."""
    marks = [v for v in two.bucket.versions() if v.path == MARK_NAME]

    def end_the_right(point: str) -> None:
        if point == "archive.bag_rebuilt":
            freeze(two, marks)

    with monkeypatch.context() as patch:
        patch.setattr(archive_rebuild, "crash_point", end_the_right)
        must_be_refused_by_s3(two)
    assert len(rows.recordings(two.anew)) == 1
    thaw(two, marks)
    must_name_all(two, {}, sound=2)


def test_where_s3_gives_nothing_at_all_the_rebuild_is_not_done(two: Two) -> None:
    """As without the right to the key that all is encrypted with: no bag is broken."""
    marks = [v for v in two.bucket.versions() if v.path == MARK_NAME]
    freeze(two, marks)
    must_be_refused_by_s3(two)
    thaw(two, marks)
    must_name_all(two, {}, sound=2)


def freeze(two: Two, versions: list[Kept]) -> None:
    for version in versions:
        two.bucket.stored(version).set_storage_class("GLACIER")


def thaw(two: Two, versions: list[Kept]) -> None:
    for version in versions:
        two.bucket.stored(version).set_storage_class("STANDARD")


def must_be_refused_by_s3(two: Two) -> None:
    with pytest.raises(OutsideFailed) as refused:
        two.anew.app.archive.rebuild()
    assert refused.value.code == "S3_FORBIDDEN"
    with pytest.raises(Conflict) as unfinished:
        two.anew.app.archive.run()
    assert unfinished.value.code == "INDEX_UNFINISHED"
