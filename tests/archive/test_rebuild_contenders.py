"""Several bags that would be the same: the oldest is taken, and every other named."""

from __future__ import annotations

from typing import Any

from tests.archive import rows, tampering
from tests.archive.forging import FILM, Two, forged, forged_film, later, must_name
from tests.archive.lessons import held
from tests.archive.rebuilding import another_house, index
from tests.house import Home
from zoomguard.application.archive_rebuild import Rebuilder
from zoomguard.domain.bag import MARK_NAME

FIRST = "01A00000000000000000000000"


OTHER_MARK = "the index has another commit mark for it, or none"


def taken_before(prefix: str) -> str:
    return f"another bag of the same number was taken before: {prefix}"


def in_year(prefix: str, year: str) -> str:
    return "/".join(["v1", year, *prefix.split("/")[2:]])


def started(told: dict[str, Any], at: str) -> None:
    """The recording, and its lesson, in another year."""
    told["index"].update(starts_at=f"{at}T16:00:00+00:00")
    told["session"].update(starts_at=f"{at}T16:00:00Z")


def test_a_younger_bag_that_sorts_before_the_true_one_is_named(two: Two) -> None:
    early = in_year(two.prefix, "2001")
    later(two.bucket)
    film = forged_film(two, early)
    forged(two, early, lambda told: (film(told), started(told, "2001-01-01"))[1])
    must_name(two, early, taken_before(two.prefix))
    assert index(two.anew) == index(two.home)


def test_a_younger_bag_that_sorts_after_the_true_one_is_named(two: Two) -> None:
    late = in_year(two.prefix, "2031")
    forged(two, late, lambda told: (told.update(files=[], absent=[]), started(told, "2031-01-01"))[1])
    must_name(two, late, taken_before(two.prefix))
    assert index(two.anew) == index(two.home)


def test_a_place_that_is_not_the_one_of_its_recording_json_is_named(two: Two) -> None:
    early = in_year(two.prefix, "2001")
    forged(two, early, forged_film(two, early))
    must_name(two, early, "its place is not what its recording.json says")


def test_a_bag_stands_in_the_year_of_its_lesson_or_of_its_recording(two: Two) -> None:
    """A lesson that was moved, or is not on record, leaves the recording's year."""
    late = in_year(two.prefix, "2027")
    forged(two, late, lambda told: (told.update(files=[]), told["session"].update(starts_at="2027-01-01T00:00:00Z"))[1])
    must_name(two, late, taken_before(two.prefix))


def test_the_same_bags_read_again_are_there_already_and_one_with_another_mark_is_named(two: Two) -> None:
    rebuilder = Rebuilder(two.anew.app.archive.parts)
    rebuilder._begin()
    assert rebuilder._all().not_whole == {}
    assert rebuilder._all().not_whole == {}
    mark = next(v for v in two.bucket.versions(two.prefix) if v.path == MARK_NAME)
    content = two.bucket.read(mark)
    tampering.destroy(two.bucket, mark)
    tampering.write_over(two.bucket, mark.key, content)
    assert two.anew.app.archive.rebuild().not_whole == {two.prefix: OTHER_MARK}


def test_a_recording_that_discovery_gave_a_bag_does_not_hide_the_true_one(two: Two) -> None:
    """As a run of an earlier version did, beside a rebuild that was cut off."""
    rebuilder = Rebuilder(two.anew.app.archive.parts)
    rebuilder._begin()
    rebuilder._all()
    recording_id = two.prefix.split("/")[3]
    with two.anew.house.database.engine.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM bag_file WHERE recording_id = '{recording_id}'")
        connection.exec_driver_sql(f"UPDATE bag SET sealed_at = NULL WHERE recording_id = '{recording_id}'")
    assert two.anew.app.archive.rebuild().not_whole == {two.prefix: OTHER_MARK}


def test_a_forged_recording_of_the_same_uuid_does_not_come_before_the_true_one(two: Two) -> None:
    first = f"v1/2001/unassigned/{FIRST}/b001/"

    def change(told: dict[str, Any]) -> None:
        told.update(recording_id=FIRST, files=[], absent=[], session=None)
        told["index"].update(session_id=None, short_id="R-ZZZZ", starts_at="2001-01-01T00:00:00+00:00")

    later(two.bucket)
    forged(two, first, change)
    must_name(two, first, f"it is a second copy of a recording that is in the index: {two.prefix}")
    assert index(two.anew) == index(two.home)


def test_a_recording_that_was_copied_again_after_an_old_backup_is_called_a_second_copy(
    home: Home, bucket: Any, tmp_path: Any
) -> None:
    """Both copies are sound, and of both `verify` was content."""
    held(home)
    home.app.archive.run()
    (first,) = bucket.sealed()
    later(bucket)
    with home.house.database.engine.begin() as connection:
        for name in ("bag_file", "recording_file", "bag", "recording"):
            connection.exec_driver_sql(f"DELETE FROM {name}")
    assert home.app.archive.run().sealed == 1
    (second,) = set(bucket.sealed()) - {first}
    with another_house(home, tmp_path / "anew") as anew:
        report = anew.app.archive.rebuild()
        said = f"it is a second copy of a recording that is in the index: {first.removesuffix(MARK_NAME)}"
        assert report.not_whole == {second.removesuffix(MARK_NAME): said}
        assert anew.app.archive.verify(None).exit == "done"
        assert [f.bag_number for f in rows.files(anew) if f.name == FILM.removeprefix("data/")] == [1]
