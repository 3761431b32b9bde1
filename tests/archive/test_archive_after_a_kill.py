"""What the next run believes after a kill: nothing but the bytes. And a rebuild that was cut off, which goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.archive import rows, tampering
from tests.archive.lessons import TWO_PARTS, held
from tests.archive.operations import bucket_of, check_that_all_is_whole, dies, two_bags
from tests.archive.s3_proxy import S3Proxy, proxied_moto
from tests.house import Home, a_home
from zoomguard.domain.errors import Conflict
from zoomguard.domain.recordings import FileState
from zoomguard.tables.recordings import RecordingFile

# The kills that leave a copy in the bucket whose proof is not on record.
UNPROVED = ("archive.completed", "archive.copied", "archive.relocked")
EXCHANGED = [*((point, None) for point in UNPROVED[:2]), *((point, TWO_PARTS) for point in UNPROVED)]


@pytest.fixture
def s3() -> Iterator[S3Proxy]:
    with proxied_moto() as proxy:
        yield proxy


def film(home: Home) -> RecordingFile:
    return next(f for f in rows.files(home) if f.name == "video.mp4")


def believe_checksums(home: Home) -> None:
    """S3 verifies what it is sent, as AWS does and moto does not: its own word then stands for a reading."""
    assert home.app.archive.parts.vault is home.house.vault
    home.house.vault._verifies = True


def reads(s3: S3Proxy, file: RecordingFile) -> int:
    """How often the whole of an object was read from the bucket."""
    return len([a for a in s3.asked if a.startswith("GET ") and f"{file.key}?" in a and "versionId" in a])


@pytest.mark.parametrize("point", UNPROVED)
def test_a_copy_that_was_not_proved_before_a_kill_is_read_whole_before_it_counts(
    tmp_path: Path, s3: S3Proxy, point: str
) -> None:
    with a_home(tmp_path / "home", ZOOMGUARD_S3_ENDPOINT_URL=s3.url) as home:
        held(home, size_bytes=TWO_PARTS)
        assert dies(home, point, "archive", tmp_path / "killed")
        believe_checksums(home)
        before, downloads = reads(s3, film(home)), rows.downloads(home)
        assert home.app.archive.run().exit == "done"
        assert reads(s3, film(home)) == before + 1
        assert rows.downloads(home) == downloads + 3, "the film is not asked for at Zoom again"


def test_a_copy_that_was_proved_before_a_kill_is_not_read_again(tmp_path: Path, s3: S3Proxy) -> None:
    with a_home(tmp_path / "home", ZOOMGUARD_S3_ENDPOINT_URL=s3.url) as home:
        held(home, size_bytes=TWO_PARTS)
        assert dies(home, "archive.bag_prepared", "archive", tmp_path / "killed")
        before = reads(s3, film(home))
        assert home.app.archive.run().exit == "done"
        assert reads(s3, film(home)) == before


# moto keeps the lock of what was put at once.
@pytest.mark.parametrize(("point", "size_bytes"), EXCHANGED)
def test_a_copy_whose_bytes_were_exchanged_after_a_kill_never_counts(
    tmp_path: Path, point: str, size_bytes: int | None
) -> None:
    with a_home(tmp_path / "home") as home:
        held(home, size_bytes=size_bytes)
        bucket = bucket_of(home)
        assert dies(home, point, "archive", tmp_path / "killed")
        if size_bytes is not None:
            believe_checksums(home)
        (kept,) = bucket.versions()
        proper = bucket.read(kept)
        bucket.stored(kept).value = proper[:-1] + bytes([proper[-1] ^ 1])
        for _ in range(2):
            tally = home.app.archive.run()
            assert (tally.exit, set(tally.wrong.values())) == ("wrong", {"COPY_DIFFERS"})
            assert film(home).state is not FileState.VERIFIED and bucket.sealed() == []
        bucket.stored(kept).value = proper
        assert home.app.archive.run().exit == "done"
        assert film(home).sha256 == hashlib.sha256(proper).hexdigest()
        check_that_all_is_whole(home, tmp_path)


def test_what_somebody_put_under_the_key_of_a_copy_is_not_taken_for_it(tmp_path: Path) -> None:
    """The run was killed before it had read anything: no version can be its own."""
    with a_home(tmp_path / "home") as home:
        held(home)
        bucket = bucket_of(home)
        assert dies(home, "archive.copying", "archive", tmp_path / "killed")
        (recording,) = home.sandbox._zoom.state.recordings.values()
        medium = recording.files[0].medium
        bucket.s3.put_object(Bucket=bucket.name, Key=film(home).place, Body=medium.read(0, medium.size_bytes))
        assert set(home.app.archive.run().wrong.values()) == {"COPY_DIFFERS"}
        assert film(home).state is FileState.COPYING and bucket.sealed() == []


def test_an_unfinished_upload_under_a_longer_key_than_ours_is_left(tmp_path: Path) -> None:
    """S3 lists by prefix: `video.mp4.part` is not `video.mp4`."""
    with a_home(tmp_path / "home") as home:
        held(home)
        bucket = bucket_of(home)
        assert dies(home, "archive.copying", "archive", tmp_path / "killed")
        ours, other = (tampering.begin_upload(bucket, film(home).place + more) for more in ("", ".part"))
        assert home.app.archive.run().exit == "done"
        assert ours != other and tampering.uploads(bucket) == [other]


# A rebuild ------------------------------------------------------------------------------------------------------


def must_be_refused(home: Home) -> None:
    archive = home.app.archive
    uses: list[Callable[[], object]] = [archive.run, archive.reconcile, archive.discover, lambda: archive.verify(None)]
    uses += [lambda: archive.hear("x"), lambda: archive.archive_recording("x")]
    uses += [partial(archive.archive_recording, known.id) for known in rows.recordings(home)]
    for refused in uses:
        with pytest.raises(Conflict) as unfinished:
            refused()
        assert unfinished.value.code == "INDEX_UNFINISHED"


@pytest.mark.parametrize("point", ["archive.rebuild_begun", "archive.bag_rebuilt", "archive.bag_rebuilt:2"])
def test_a_rebuild_that_was_killed_goes_on_before_anything_is_found_or_compared(tmp_path: Path, point: str) -> None:
    with ExitStack() as stack:
        home = stack.enter_context(a_home(tmp_path / "home"))
        two_bags(home, bucket_of(home))
        keys = bucket_of(home).keys()
        assert dies(home, point, "archive rebuild", tmp_path / "killed")
        archive = home.app.archive
        must_be_refused(home)
        assert bucket_of(home).keys() == keys
        report = archive.rebuild()
        assert (report.exit, report.bags, len(report.recordings)) == ("done", 3, 2)
        assert archive.run().copied == 0 and bucket_of(home).keys() == keys
        with pytest.raises(Conflict) as refused_now:
            archive.rebuild()
        assert refused_now.value.code == "INDEX_NOT_EMPTY"


def test_two_rebuilds_do_not_run_at_once(tmp_path: Path) -> None:
    with a_home(tmp_path / "home") as home:
        with home.house.claims.claim("recordings/rebuilt"), pytest.raises(Conflict) as running:
            home.app.archive.rebuild()
        assert running.value.code == "REBUILD_RUNNING"
        assert home.app.archive.rebuild().bags == 0
