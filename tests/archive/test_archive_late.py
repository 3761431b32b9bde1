"""Files that Zoom finishes late: a bag waits for them up to a day, and then they have a bag of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.archive import rows
from tests.archive.bucket import Bucket
from tests.archive.lessons import held, wait
from tests.house import Home
from zoomguard.application import archive_bag
from zoomguard.application.archive_bag import Sealer
from zoomguard.application.archive_one import OneRecording
from zoomguard.domain.archive import ArchiveTally
from zoomguard.domain.recordings import RecordingState


def test_a_bag_waits_for_a_transcript_that_zoom_is_at_work_on(home: Home, bucket: Bucket, tmp_path: Path) -> None:
    held(home, transcript_s=3600)
    tally = home.app.archive.run()
    assert (tally.copied, tally.sealed, bucket.sealed()) == (3, 0, [])
    wait(home, minutes=61)
    tally = home.app.archive.run()
    assert (tally.copied, tally.sealed) == (1, 1)
    (bag,) = bucket.bags(tmp_path / "bags").values()
    assert "data/transcript.vtt" in bag.payload_files()


def test_a_late_transcript_becomes_a_second_bag_and_the_first_stays_as_it_is(
    home: Home, bucket: Bucket, tmp_path: Path
) -> None:
    held(home, transcript_s=30 * 3600)
    home.app.archive.run()
    wait(home, hours=25)
    assert home.app.archive.run().sealed == 1
    first = bucket.versions()
    wait(home, hours=6)
    tally = home.app.archive.run()
    assert (tally.copied, tally.sealed, tally.exit) == (1, 1, "done")
    assert [v for v in bucket.versions() if "/b001/" in v.key] == first
    one, two = bucket.bags(tmp_path / "bags").values()
    assert list(two.payload_files()) == ["data/transcript.vtt"]
    assert one.info["Bag-Group-Identifier"] == two.info["Bag-Group-Identifier"]
    assert (one.info["Bag-Count"], two.info["Bag-Count"]) == ("1 of ?", "2 of ?")
    assert rows.recordings(home)[0].state is RecordingState.ARCHIVED


def test_an_archived_recording_stays_archived_while_its_transcript_is_awaited(home: Home, bucket: Bucket) -> None:
    held(home, transcript_s=30 * 3600)
    home.app.archive.run()
    wait(home, hours=25)
    home.app.archive.run()
    (recording,) = rows.recordings(home)
    assert recording.state is RecordingState.ARCHIVED
    assert home.app.archive.archive_recording(recording.id) is None, "what is missing is not asked for again"
    assert rows.recordings(home)[0].state is RecordingState.ARCHIVED
    wait(home, hours=6)
    home.app.archive.discover()
    assert home.app.archive.archive_recording(recording.id) is None
    assert len(bucket.sealed()) == 2


def test_a_recording_that_somebody_else_finished_meanwhile_stays_archived(home: Home) -> None:
    """A run lists what is pending first; another run may be done with it before its turn comes."""
    held(home)
    home.app.archive.run()
    (recording,) = rows.recordings(home)
    assert OneRecording(home.app.archive.parts, recording.id, ArchiveTally()).archive()
    assert rows.recordings(home)[0].state is RecordingState.ARCHIVED


def test_a_file_that_comes_after_a_bag_was_written_down_goes_into_the_next_bag(
    home: Home, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies with the manifest fixed and the bag not sealed; meanwhile Zoom finishes the transcript."""
    held(home, transcript_s=30 * 3600)
    home.app.archive.run()
    wait(home, hours=25)
    with monkeypatch.context() as dying:
        dying.setattr(archive_bag, "crash_point", die_at("archive.bag_prepared"))
        with pytest.raises(Died):
            home.app.archive.run()
    wait(home, hours=6)
    assert home.app.archive.run().sealed == 2
    one, two = bucket.bags(tmp_path / "bags").values()
    assert (len(list(one.payload_files())), list(two.payload_files())) == (3, ["data/transcript.vtt"])
    assert rows.recordings(home)[0].state is RecordingState.ARCHIVED


def test_a_file_that_is_found_while_the_bag_is_about_to_be_sealed_is_not_left_out(
    home: Home, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run looks at Zoom at that moment: what it finds belongs to the bag, which waits for it."""
    held(home, transcript_s=30 * 3600)
    home.app.archive.run()
    wait(home, hours=25)
    seal = Sealer.seal

    def found_meanwhile(sealer: Sealer, recording_id: str, number: int) -> bool:
        wait(home, hours=6)
        home.app.archive.discover()
        return seal(sealer, recording_id, number)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Sealer, "seal", found_meanwhile)
        assert home.app.archive.run().sealed == 0
    assert home.app.archive.run().sealed == 1
    (bag,) = bucket.bags(tmp_path / "bags").values()
    assert len(list(bag.payload_files())) == 4
    assert rows.recordings(home)[0].state is RecordingState.ARCHIVED


class Died(BaseException):
    """The process ended here."""


def die_at(point: str) -> Callable[[str], None]:
    def crash_point(name: str) -> None:
        if name == point:
            raise Died

    return crash_point
