"""Bags in the bucket that somebody else wrote, or broke, and an empty installation beside them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.archive import rows, tampering
from tests.archive.bucket import Bucket
from tests.archive.lessons import held
from tests.archive.rebuilding import another_house
from tests.house import Home
from zoomguard.domain.bag import MARK_NAME, digest, manifest

FILM, TOLD = "data/video.mp4", "metadata/recording.json"
SOUND = "01M000000000000000000000AA"


@dataclass
class Two:
    """A home with two bags or more, of which the last stays whole, and an empty installation beside it."""

    home: Home
    anew: Home
    bucket: Bucket

    @cached_property
    def prefix(self) -> str:
        """Of a bag that is tampered with."""
        return self.bucket.sealed()[0].removesuffix(MARK_NAME)

    @cached_property
    def prefixes(self) -> list[str]:
        """Of all bags but the last."""
        return [key.removesuffix(MARK_NAME) for key in self.bucket.sealed()[:-1]]


@contextmanager
def bags(home: Home, bucket: Bucket, tmp_path: Path, number: int) -> Iterator[Two]:
    for day in range(1, number + 1):
        held(home, f"2026-12-0{day} 16:00")
    assert home.app.archive.run().sealed == number
    with another_house(home, tmp_path / "anew") as anew:
        yield Two(home, anew, bucket)


def forged(two: Two, prefix: str, change: Callable[[dict[str, Any]], Any]) -> None:
    """A bag under a prefix of its own, by somebody who can write: the first one's, with another recording.json, whose
    commit mark agrees."""
    tags = {v.path: two.bucket.read(v) for v in two.bucket.versions(two.prefix) if not v.path.startswith("data/")}
    told = json.loads(tags[TOLD])
    changed = change(told)
    tags[TOLD] = changed if isinstance(changed, bytes) else json.dumps(told if changed is None else changed).encode()
    tags[MARK_NAME] = manifest({p: digest(c) for p, c in tags.items() if p != MARK_NAME}).encode()
    for path, content in tags.items():
        tampering.write_over(two.bucket, prefix + path, content)


def must_name(two: Two, prefix: str, reason: str, sound: int = 2) -> None:
    must_name_all(two, {prefix: reason}, sound)


def must_name_all(two: Two, reasons: dict[str, str], sound: int) -> None:
    report = two.anew.app.archive.rebuild()
    assert (report.exit, report.not_whole, report.bags) == ("wrong" if reasons else "done", reasons, sound), report
    assert len(rows.recordings(two.anew)) == sound
    said = report.lines()
    assert all(f"    {prefix}" in said and f"not whole  {reason}" in said for prefix, reason in reasons.items())


def gone(bucket: Bucket, prefix: str, path: str) -> None:
    tampering.destroy(bucket, next(v for v in bucket.versions(prefix) if v.path == path))


def forged_film(two: Two, prefix: str) -> Callable[[dict[str, Any]], None]:
    """Another film, and what makes it the only file of a recording.json."""
    content = b"\0\0\0\x18ftypisom another film"
    version = tampering.write_over(two.bucket, prefix + FILM, content)

    def change(told: dict[str, Any]) -> None:
        film = next(f for f in told["files"] if f["path"] == FILM)
        film.update(s3_version_id=version, sha256=digest(content), size=len(content), crc64nvme="")
        told["files"] = [film]

    return change


def later(bucket: Bucket) -> None:
    """S3 counts whole seconds, by this machine's clock where it is moto: what is written now is the youngest."""
    newest = max(v.at for v in bucket.versions())
    while datetime.now(UTC).replace(microsecond=0) <= newest:
        time.sleep(0.05)
