"""Our word on a bag beside that of the Library of Congress's library, of the AWS command, and of sha256sum."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import bagit  # type: ignore[import-untyped]
import pytest
import sqlalchemy as sa

from tests.archive import tampering
from tests.archive.bucket import Bucket
from tests.archive.lessons import TWO_PARTS, held
from tests.house import Home
from zoomguard.domain.bag import MARK_NAME, digest, manifest, manifest_of

ROWS = {
    "recording_file": "SELECT 'data/' || name AS path, key, s3_version_id, sha256, size FROM recording_file",
    "bag_file": "SELECT f.path, b.prefix || f.path AS key, f.s3_version_id, f.sha256, f.size FROM bag_file f JOIN bag b"
    " ON b.recording_id = f.recording_id AND b.number = f.bag_number",
}
Contents = dict[str, bytes]
Change = Callable[[Contents], None]


class OneBag:
    """The one bag of a home: its files as the index has them, by path."""

    def __init__(self, home: Home, bucket: Bucket) -> None:
        self.home, self.bucket = home, bucket
        self.rows = self._rows()
        self.proper: Contents = {path: self._read(row) for path, row in self.rows.items()}

    def _rows(self) -> dict[str, tuple[str, sa.Row[tuple[str, str, str, str, int]]]]:
        with self.home.house.database.engine.connect() as connection:
            return {
                row.path: (table, row) for table, query in ROWS.items() for row in connection.execute(sa.text(query))
            }

    def _read(self, row: tuple[str, sa.Row[tuple[str, str, str, str, int]]]) -> bytes:
        named = {"Bucket": self.bucket.name, "Key": row[1].key, "VersionId": row[1].s3_version_id}
        content: bytes = self.bucket.s3.get_object(**named)["Body"].read()
        return content

    @contextmanager
    def with_changed(self, contents: Contents) -> Iterator[None]:
        """What differs from what was archived is put as another version, and the index says that it is proper."""
        changed = {path: content for path, content in contents.items() if content != self.proper[path]}
        for path, content in changed.items():
            version = tampering.write_over(self.bucket, self.rows[path][1].key, content)
            self._point(path, version, digest(content), len(content))
        yield
        for path in changed:
            row = self.rows[path][1]
            self._point(path, row.s3_version_id, row.sha256, row.size)

    def _point(self, path: str, version: str, sha256: str, size: int) -> None:
        table = self.rows[path][0]
        where = f"name = '{path.removeprefix('data/')}'" if table == "recording_file" else f"path = '{path}'"
        tampering.change_row(self.home, table, where, s3_version_id=version, sha256=sha256, size=size)


@pytest.fixture
def bag(home: Home, bucket: Bucket) -> OneBag:
    held(home)
    assert home.app.archive.run().exit == "done"
    return OneBag(home, bucket)


def is_valid(contents: Contents, folder: Path) -> bool:
    """What the stock library says of a folder with these files."""
    shutil.rmtree(folder, ignore_errors=True)
    for path, content in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    try:
        valid: bool = bagit.Bag(str(folder)).is_valid()
    except (bagit.BagError, UnicodeDecodeError):
        return False
    return valid


def remade(contents: Contents) -> None:
    """The commit mark is written anew, as somebody would who wants to hide a change."""
    tags = {p: digest(c) for p, c in contents.items() if not p.startswith("data/") and p != MARK_NAME}
    contents[MARK_NAME] = manifest(tags).encode()


def at(path: str, change: Callable[[bytes], bytes], *, hidden: bool = False) -> Change:
    def does(contents: Contents) -> None:
        contents[path] = change(contents[path])
        if hidden:
            remade(contents)

    return does


def without(name: str) -> Callable[[bytes], bytes]:
    return lambda content: b"".join(line for line in content.splitlines(True) if name.encode() not in line)


def with_more(content: bytes) -> bytes:
    return content + f"{digest(b'')}  data/more.mp4\n".encode()


def other_oxum(content: bytes) -> bytes:
    return content.replace(b"Payload-Oxum: ", b"Payload-Oxum: 1")


def flips(contents: Contents) -> Iterator[Change]:
    """A bit of every file, the commit mark as it was and remade; of what is text in letters and figures alone: the
    stock library forgives capitals and blanks."""
    drawn = random.Random(46)
    for path, content in contents.items():
        for hidden in (False, True):
            place = drawn.choice([n for n, byte in enumerate(content) if chr(byte).isalnum()])
            if path in ("bag-info.txt", "metadata/recording.json", "bagit.txt") and hidden:
                continue  # what they say besides is nobody's to check

            def flip(c: bytes, place: int = place) -> bytes:
                return c[:place] + bytes([c[place] ^ 1]) + c[place + 1 :]

            yield at(path, flip, hidden=hidden and path != MARK_NAME)


HIDDEN: dict[str, Change] = {
    "a file left out of the manifest": at("manifest-sha256.txt", without("data/chat"), hidden=True),
    "a file more in the manifest": at("manifest-sha256.txt", with_more, hidden=True),
    "an empty manifest": at("manifest-sha256.txt", lambda _: b"", hidden=True),
    "another size in bag-info.txt": at("bag-info.txt", other_oxum, hidden=True),
    "another declaration": at("bagit.txt", lambda c: c.replace(b"UTF-8", b"UTF-9"), hidden=True),
    "no declaration": at("bagit.txt", lambda _: b"\n", hidden=True),
    "a longer film": at("data/video.mp4", lambda c: c + b"\0", hidden=True),
    "a shorter film": at("data/video.mp4", lambda c: c[:-1], hidden=True),
    "no film at all": at("data/video.mp4", lambda _: b"", hidden=True),
}


def test_a_bag_that_the_stock_library_calls_invalid_is_called_wrong_and_no_other(bag: OneBag, tmp_path: Path) -> None:
    changes = [lambda _: None, *HIDDEN.values(), *flips(bag.proper)]
    said: list[tuple[bool, bool]] = []
    for change in changes:
        contents = dict(bag.proper)
        change(contents)
        with bag.with_changed(contents):
            agrees = bag.home.app.archive.verify(None).exit == "done"
        said.append((is_valid(contents, tmp_path / "bag"), agrees))
    assert [one for one in said if one[0] != one[1]] == [], said
    assert said[0] == (True, True) and said.count((False, False)) == len(changes) - 1 > 20


def test_a_commit_mark_that_lacks_a_line_is_wrong_here_and_is_nothing_to_the_stock_library(
    bag: OneBag, tmp_path: Path
) -> None:
    """RFC 8493 lets a tagmanifest leave files out; ours is the commit mark and names all."""
    contents = dict(bag.proper)
    at(MARK_NAME, without("bag-info.txt"))(contents)
    with bag.with_changed(contents):
        report = bag.home.app.archive.verify(None)
    assert is_valid(contents, tmp_path / "bag")
    assert [w.kind.value for w in report.wrong] == ["bag_differs"]


# Out of our hands ---------------------------------------------------------------------------------------------------


def test_bags_are_valid_after_aws_s3_sync_and_hold_what_zoom_served(home: Home, bucket: Bucket, tmp_path: Path) -> None:
    if shutil.which("aws") is None:
        pytest.skip("The AWS command line is missing (pip install awscli)")
    shorts = [held(home, size_bytes=TWO_PARTS), held(home, "2026-12-02 16:00", uuid_like="/")]
    assert home.app.archive.run().sealed == 2
    synchronise(bucket, tmp_path / "synced")
    served = sorted(
        file["sha256"]
        for short in shorts
        for file in home.control("POST", "recordings", {"session": short, "do": "show"})["files"]
    )
    bags = [bagit.Bag(str(mark.parent)) for mark in (tmp_path / "synced").rglob(MARK_NAME)]
    assert len(bags) == 2 and all(b.is_valid() for b in bags)
    payload = sorted(str(p) for p in (tmp_path / "synced").rglob("data/*"))
    summed = subprocess.run(["sha256sum", *payload], capture_output=True, text=True, check=True).stdout
    assert sorted(line.split()[0] for line in summed.splitlines()) == served
    for b in bags:
        check = ["sha256sum", "--check", "--strict", "manifest-sha256.txt"]
        assert subprocess.run(check, cwd=b.path, capture_output=True, check=False).returncode == 0
        named = manifest_of(Path(b.path, "manifest-sha256.txt").read_bytes())
        assert named is not None and set(named.values()) <= set(served)


def synchronise(bucket: Bucket, folder: Path) -> None:
    """`aws s3 sync`, with nothing of this process's settings."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "AWS_DEFAULT_REGION": "eu-west-2"}
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    url = bucket.s3.meta.endpoint_url
    argv = ["aws", "--endpoint-url", url, "s3", "sync", f"s3://{bucket.name}/v1/", str(folder), "--quiet"]
    subprocess.run(argv, env={**environ, **keys, "PYENV_VERSION": os.environ.get("PYENV_VERSION", "")}, check=True)
