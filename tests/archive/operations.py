"""What the archive does, each with what stands before it; and what it has come to, as a picture to compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import select

from tests.application.crash_child import act
from tests.application.crashing import killed
from tests.archive import rows
from tests.archive.bucket import Bucket
from tests.archive.lessons import TWO_PARTS, held, schedule, wait
from tests.house import DSL, Home
from zoomguard.domain.recordings import FileState, RecordingState
from zoomguard.tables.incidents import Incident

LATE_S = 30 * 3600
INDEX = ("bag_file", "recording_file", "bag", "recording")
SAMPLE_BYTES = 48


@dataclass(frozen=True, eq=False)
class Operation:
    """`what` is a command, `before` brings about what stands."""

    name: str
    what: str
    before: Callable[[Home, Bucket], object]

    def begin(self, home: Home) -> None:
        """Everything that stands before it."""
        self.before(home, bucket_of(home))

    def run(self, home: Home) -> None:
        """Does it in this process."""
        act(home.house, self.what, "", {})

    def killed_at(self, point: str, home: Home, tmp: Path) -> bool:
        """Does it in a process that is killed at that point; says whether it came there."""
        return dies(home, point, self.what, tmp)


def dies(home: Home, point: str, what: str, tmp: Path) -> bool:
    """Whether another process, which has a folder of its own for temporary files, was killed at that point."""
    tmp.mkdir(exist_ok=True)
    was, home.environ["TMPDIR"] = home.environ.get("TMPDIR"), str(tmp)
    try:
        return killed(home, point, what, "", {})
    finally:
        del home.environ["TMPDIR"]
        if was is not None:
            home.environ["TMPDIR"] = was


def bucket_of(home: Home) -> Bucket:
    return Bucket(home.sandbox.settings()["ZOOMGUARD_S3_ENDPOINT_URL"])


# What stands before ---------------------------------------------------------------------------------------------


def a_film(home: Home, _: Bucket) -> None:
    """A lesson with a film of several parts."""
    held(home, size_bytes=TWO_PARTS)


def small_files(home: Home, _: Bucket) -> None:
    """A lesson whose files fit in one part each."""
    held(home)


def archived(home: Home, bucket: Bucket) -> None:
    """A lesson that is archived."""
    small_files(home, bucket)
    assert home.app.archive.run().exit == "done"


def a_file_that_never_comes(home: Home, _: Bucket) -> None:
    """A transcript has been promised for more than a day."""
    held(home, transcript_s=LATE_S)
    home.app.archive.run()
    wait(home, hours=25)


def a_late_transcript(home: Home, bucket: Bucket) -> None:
    """It has come, after the first bag was sealed without it."""
    a_file_that_never_comes(home, bucket)
    assert home.app.archive.run().sealed == 1
    wait(home, hours=6)


def two_bags(home: Home, bucket: Bucket) -> None:
    """One recording in two bags, and another in one, in an index that is lost."""
    a_late_transcript(home, bucket)
    held(home, "2026-12-04 16:00")
    assert home.app.archive.run().sealed == 2
    with home.house.database.engine.begin() as connection:
        for name in INDEX:
            connection.execute(sa.text(f"DELETE FROM {name}"))


def changed_at_zoom(home: Home, bucket: Bucket) -> None:
    """Zoom has made an archived film anew, longer than it was."""
    archived(home, bucket)
    (recording,) = rows.recordings(home)
    home.control("POST", "recordings", {"do": "replace", "uuid": recording.uuid})


def spoilt(home: Home, bucket: Bucket) -> None:
    """The bucket has lost a lock and a tag, got an object of nobody's, and keeps an upload that a kill left."""
    archived(home, bucket)
    first, second, *_ = bucket.versions()
    stored = bucket.stored(first)
    stored.lock_mode = stored.lock_until = None
    other = {"TagSet": [{"Key": "zg-class", "Value": "none"}]}
    bucket.s3.put_object_tagging(Bucket=bucket.name, Key=second.key, VersionId=second.version_id, Tagging=other)
    bucket.s3.put_object(Bucket=bucket.name, Key="left-behind", Body=b"x")
    bucket.s3.create_multipart_upload(Bucket=bucket.name, Key=first.key)


def an_upload_begun(home: Home, bucket: Bucket) -> None:
    """A run was killed between two parts of a film."""
    a_film(home, bucket)
    assert dies(home, "archive.part_sent", "archive", home.path.with_name("earlier"))


def a_copy_not_noted(home: Home, bucket: Bucket) -> None:
    """A run was killed when a film was in the bucket, and not on record."""
    a_film(home, bucket)
    assert dies(home, "archive.completed", "archive", home.path.with_name("earlier"))


def never_recorded(home: Home, _: Bucket) -> None:
    """A lesson was held a day ago, and Zoom has nothing of it."""
    home.hold(schedule(home), processing_s=40 * 24 * 3600)
    wait(home, hours=26)


def refused_at_zoom(home: Home, bucket: Bucket) -> None:
    """Zoom serves other sizes than it lists."""
    small_files(home, bucket)
    home.control("POST", "faults", {"name": "wrong_size"})


OPERATIONS = (
    Operation("a film", "archive", a_film),
    Operation("small files", "archive", small_files),
    Operation("giving up a file", "archive", a_file_that_never_comes),
    Operation("a second bag", "archive", a_late_transcript),
    Operation("a bag of what changed", "archive", changed_at_zoom),
    Operation("beginning again after a kill", "archive", an_upload_begun),
    Operation("adopting after a kill", "archive", a_copy_not_noted),
    Operation("missing a recording", "archive", never_recorded),
    Operation("a copy that fails", "archive", refused_at_zoom),
    Operation("verifying", "archive verify", archived),
    Operation("putting right", "archive reconcile", spoilt),
    Operation("rebuilding", "archive rebuild", two_bags),
)


# What it comes to -----------------------------------------------------------------------------------------------


def finish(home: Home, operation: Operation) -> None:
    """The same again, by somebody else; then a run of the archive, and a person settles what was found."""
    home.sandbox.faults.clear()
    operation.run(home)
    home.app.archive.run()
    dsl = home.who(DSL)
    for incident in home.app.incidents.list(dsl):
        home.app.incidents.close(dsl, incident.short_id, "Settled by the test.")


def check_that_all_is_whole(home: Home, tmp: Path) -> None:
    """One locked version of each object, valid bags, nothing unfinished or on disk; all sides agree."""
    bucket = bucket_of(home)
    assert bucket.unfinished() == []
    bags = bucket.bags(tmp / "bags")
    sealed = {b.prefix.rstrip("/"): b.retain_until_at for b in rows.bags(home) if b.sealed_at}
    assert sorted(bags) == sorted(sealed)
    for kept in bucket.versions():
        head = bucket.head(kept)
        until_at = sealed["/".join(kept.key.split("/", 5)[:5])]
        assert (head["ObjectLockMode"], head["ObjectLockRetainUntilDate"]) == ("GOVERNANCE", until_at), kept.key
    assert {f.state for f in rows.files(home)} <= {FileState.VERIFIED, FileState.MISSING}
    assert {r.state for r in rows.recordings(home)} <= {RecordingState.ARCHIVED}
    check_that_nothing_lies_about(home, bucket, tmp)
    check_that_all_agree(home)


def check_that_all_agree(home: Home) -> None:
    archive = home.app.archive
    assert [archive.run().exit, archive.verify(None).exit, archive.reconcile().exit] == ["done", "done", "done"]
    assert home.app.audit.verify().broken is None


def check_that_nothing_lies_about(home: Home, bucket: Bucket, tmp: Path) -> None:
    """No bytes of a recording in HOME, nothing at all where the killed one had its temporary files."""
    seen = [bucket.read(v) for v in bucket.versions() if "/data/" in v.key]
    pieces = [content[len(content) // 2 :][:SAMPLE_BYTES] for content in seen]
    for path in (p for p in home.path.rglob("*") if p.is_file()):
        content = path.read_bytes()
        assert not [p for p in pieces if p in content], path
    assert [p for folder in (tmp / "killed", tmp / "earlier") for p in folder.glob("*")] == []


def picture(home: Home) -> dict[str, Any]:
    """What stands in the index, in the bucket and in the list of incidents, without ids and moments."""
    bucket = bucket_of(home)
    with home.house.database.reading() as tx:
        incidents = sorted(i.kind.value for i in tx.all(select(Incident)))
    return {
        "objects": sorted("/".join(v.key.split("/")[4:]) for v in bucket.versions()),
        "files": sorted((f.bag_number, f.name, f.state.value, f.size, f.sha256) for f in rows.files(home)),
        "recordings": sorted((r.state.value, r.bags) for r in rows.recordings(home)),
        "incidents": incidents,
    }
