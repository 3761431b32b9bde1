"""The archive killed again and again (kill -9): in the end one valid bag, each key once, nothing left over."""

import random
import signal
from pathlib import Path

import pytest

from tests.archive import rows
from tests.archive.children import apart
from tests.archive.lessons import MB, held
from zoomguard.domain.recordings import FileState, RecordingState

SEED = 20261201
# Everything between the last byte and the end, the film's completion twice.
POINTS = (
    "archive.upload_begun",
    "archive.part_sent",
    "archive.completed",
    "archive.completed",
    "archive.copied",
    "archive.verified",
    "archive.bag_prepared",
    "archive.tag_put",
)
SAMPLE = ("archive.completed", "archive.completed", "archive.copied")


def moments(film_bytes: int, kills: int) -> list[int]:
    """Byte counts of the film, one drawn from each of as many equal stretches, in random order."""
    drawn = random.Random(SEED)
    stretch = film_bytes // kills
    found = [drawn.randrange(n * stretch, (n + 1) * stretch) for n in range(kills)]
    drawn.shuffle(found)
    return found


@pytest.mark.deep
def test_an_archive_that_is_killed_at_any_moment_ends_in_one_valid_bag(
    tmp_path: Path, localstack_url: str, deep: bool
) -> None:
    film_bytes, points = (300 * MB, POINTS) if deep else (50 * MB, SAMPLE)
    kills = (20 if deep else 6) - len(points)
    with apart(tmp_path, localstack_url) as there:
        held(there.home, size_bytes=film_bytes)
        for kill_at in moments(film_bytes, kills):
            ended = there.run(kill_at=kill_at)
            assert ended.code == -signal.SIGKILL and ended.film_bytes >= kill_at
            assert there.bucket.sealed() == []
        for point in points:
            assert there.run(crash=point).code == -signal.SIGKILL, point
        ended = there.run()
        assert (ended.code, ended.last["exit"]) == (0, "done"), ended.last
        assert there.large == set()
        assert there.bucket.unfinished() == []
        keys = there.bucket.keys()
        assert len(keys) == len(set(keys)) == 9
        (bag,) = there.bucket.bags(tmp_path / "bags").values()
        (recording,) = there.home.sandbox._zoom.state.recordings.values()
        assert bag.payload_entries()["data/video.mp4"]["sha256"] == recording.files[0].medium.sha256()
        assert {f.state for f in rows.files(there.home)} == {FileState.VERIFIED}
        assert {r.state for r in rows.recordings(there.home)} == {RecordingState.ARCHIVED}
        for version in there.bucket.versions():
            head = there.bucket.head(version)
            assert head["ObjectLockMode"] == "GOVERNANCE"
            assert head["ObjectLockRetainUntilDate"] == rows.bags(there.home)[0].retain_until_at
