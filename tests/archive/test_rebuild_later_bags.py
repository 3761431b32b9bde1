"""A later bag of a recording adds to it; what the bags before it say stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.archive import rows, tampering
from tests.archive.bucket import Bucket
from tests.archive.forging import FILM, Two, forged, forged_film, gone, later, must_name
from tests.archive.rebuilding import another_house, index
from tests.archive.test_rebuild import with_a_late_second_bag
from tests.house import DSL, Home
from zoomguard.application.archive_rebuild import Rebuilder
from zoomguard.domain.bag import MARK_NAME

CONTRADICTS = "it contradicts the bag before it"
OTHER_FORM = "its recording.json is of another form"
SESSION = "01Z00000000000000000000000"
TAKEN = ("file_id", "zoom_file_key", "type", "recording_type", "recorded_from", "recorded_to", "zoom_size", "seen_at")


def second(two: Two, change: Callable[[dict[str, Any]], Any], prefix: str = "") -> str:
    """A second bag, younger than the first."""
    prefix = prefix or two.prefix.replace("/b001/", "/b002/")
    later(two.bucket)

    def as_second(told: dict[str, Any]) -> None:
        told["bag"] = 2
        change(told)

    forged(two, prefix, as_second)
    return prefix


def empty(told: dict[str, Any]) -> None:
    told.update(files=[], absent=[])


def must_change_nothing(two: Two, prefix: str, reason: str = CONTRADICTS) -> None:
    """Beyond its number, which is spent."""
    must_name(two, prefix, reason)
    before, after = index(two.home), index(two.anew)
    for row in before["Recording"]:
        row["bags"] += row["id"] == two.prefix.split("/")[3]
    assert after == before


def test_a_file_that_is_archived_is_not_taken_by_a_later_bag(two: Two) -> None:
    prefix = two.prefix.replace("/b001/", "/b002/")
    film = forged_film(two, prefix)
    must_change_nothing(two, second(two, lambda told: (film(told), told.update(absent=[]))))


@pytest.mark.parametrize("state", ["missing", "expected"])
def test_a_file_that_is_archived_is_not_called_absent_by_a_later_bag(two: Two, state: str) -> None:
    def change(told: dict[str, Any]) -> None:
        film = next(f for f in told["files"] if f["path"] == FILM)
        told["absent"] = [{k: film[k] for k in TAKEN} | {"name": "video.mp4", "state": state, "reason": "PROCESSING"}]
        told["files"] = []

    must_change_nothing(two, second(two, change))


def test_a_file_of_another_recording_is_not_taken(two: Two) -> None:
    """Its row is of the other one, and no bag of this one can say anything of it."""
    other = next(f for f in rows.files(two.home) if f.recording_id != two.prefix.split("/")[3])

    def change(told: dict[str, Any]) -> None:
        taken = {k: told["files"][0][k] for k in TAKEN} | {"file_id": other.id}
        told["absent"] = [taken | {"name": "video.mp4", "state": "missing", "reason": "PROCESSING"}]
        told["files"] = []

    must_change_nothing(two, second(two, change))


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "uuid": lambda told: told["zoom"].update(meeting_uuid="another"),
    "meeting number": lambda told: told["zoom"].update(meeting_number=1),
    "host": lambda told: told["zoom"].update(host_id="another"),
    "class": lambda told: told.update(retention_class="no_child"),
    "short id": lambda told: told["index"].update(short_id="R-ZZZZ"),
    "start": lambda told: told["index"].update(starts_at="2026-01-01T00:00:00+00:00"),
    "shorter retention": lambda told: told["index"].update(retain_until_at="2026-12-02T00:00:00+00:00"),
    "no retention": lambda told: told["index"].update(retain_until_at=None),
    "shorter lock": lambda told: told.update(retain_until="2026-12-02T00:00:00Z"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_later_bag_does_not_change_the_recording(two: Two, what: str) -> None:
    must_change_nothing(two, second(two, lambda told: (empty(told), CHANGES[what](told))))


def test_a_later_bag_does_not_give_the_recording_to_another_lesson(two: Two) -> None:
    parts = two.prefix.split("/")
    prefix = "/".join([*parts[:2], SESSION, parts[3], "b002/"])
    must_change_nothing(two, second(two, lambda told: (empty(told), told["index"].update(session_id=SESSION)), prefix))


def test_a_later_bag_that_only_raises_the_retention_is_taken(two: Two) -> None:
    def change(told: dict[str, Any]) -> None:
        empty(told)
        told.update(retain_until="2030-01-01T00:00:00Z")
        told["index"].update(retain_until_at="2030-01-01T00:00:00+00:00")

    second(two, change)
    report = two.anew.app.archive.rebuild()
    assert (report.not_whole, report.bags) == ({}, 3)
    (raised,) = [r for r in rows.recordings(two.anew) if r.bags == 2]
    assert raised.retain_until_at is not None and raised.retain_until_at.year == 2030


def test_a_file_is_not_absent_and_archived(two: Two) -> None:
    def change(told: dict[str, Any]) -> None:
        one = {k: told["files"][0][k] for k in TAKEN} | {"file_id": SESSION, "zoom_file_key": "another"}
        told["absent"] = [one | {"name": "video.mp4", "state": "verified", "reason": ""}]
        told["files"] = []

    must_change_nothing(two, second(two, change), OTHER_FORM)


def test_an_earlier_bag_whose_mark_is_younger_adds_to_what_is_there(two: Two) -> None:
    """As in a bucket that was copied with its version ids and not with its dates: the last number holds."""
    later(two.bucket)
    parts = two.prefix.split("/")

    def change(told: dict[str, Any]) -> None:
        empty(told)
        told["bag"] = 0
        told.update(retain_until="2026-12-02T00:00:00Z")
        told["index"].update(retain_until_at="2026-12-02T00:00:00+00:00", last_end_at=None)

    forged(two, "/".join([*parts[:4], "b000/"]), change)
    report = two.anew.app.archive.rebuild()
    assert (report.not_whole, report.bags) == ({}, 3)
    assert index(two.anew)["Recording"] == index(two.home)["Recording"]


# What stays of a bag that was left -----------------------------------------------------------------------------------


def test_a_recording_whose_first_bag_is_not_whole_stays_grave_until_somebody_settles_it(
    home: Home, bucket: Bucket, tmp_path: Path
) -> None:
    """Its second bag makes it archived, and what Zoom has is no longer more than that."""
    with_a_late_second_bag(home, bucket)
    first = bucket.sealed()[0].removesuffix(MARK_NAME)
    gone(bucket, first, MARK_NAME)
    for recording in rows.recordings(home):
        home.control("POST", "recordings", {"do": "trash", "uuid": recording.uuid})
    with another_house(home, tmp_path / "anew") as anew:
        assert anew.app.archive.rebuild().not_whole == {first: "it has no commit mark"}
        (recording,) = rows.recordings(anew)
        (view,) = anew.app.incidents.list(anew.who(DSL))
        assert (view.kind.value, view.subject, view.recording) == ("bag_not_whole", first, recording.short_id)
        assert view.words.grave and view.detail == {"reason": "it has no commit mark"}
        assert anew.app.archive.run().exit == "wrong"
        rows.close_all_incidents(anew)
        assert anew.app.archive.run().exit == "done"


def test_a_bag_of_a_recording_that_is_not_on_record_is_told_of_with_its_lesson(two: Two) -> None:
    gone(two.bucket, two.prefix, MARK_NAME)
    two.anew.app.archive.rebuild()
    (view,) = two.anew.app.incidents.list(two.anew.who(DSL))
    assert (view.subject, view.recording, view.session) == (two.prefix, "", two.prefix.split("/")[2])


def test_a_rebuild_that_is_done_again_tells_of_each_bag_once(two: Two) -> None:
    gone(two.bucket, two.prefix, MARK_NAME)
    rebuilder = Rebuilder(two.anew.app.archive.parts)
    rebuilder._begin()
    rebuilder._all()
    two.anew.app.archive.rebuild()
    assert tampering.opened(two.anew) == [("bag_not_whole", two.prefix)]
    assert tampering.settle_all(two.anew) == 1
    assert two.anew.app.audit.verify().broken is None
