"""Fetching a recording: every file hashed before it gets its name, a cut line goes on where it stopped."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from zoomguard.cli.answers import INTEGRITY_EXIT, Declined, Said, bad_answer
from zoomguard.cli.copies import NEW, Folder, room
from zoomguard.cli.layout import size
from zoomguard.domain.bag import NAMES
from zoomguard.domain.errors import IntegrityFailed, OutsideFailed
from zoomguard.domain.ids import is_short

if TYPE_CHECKING:
    from zoomguard.cli.client import Client

PATH = re.compile(rf"(?:(?P<bag>b[0-9]{{3}})/)?(?P<name>{NAMES.pattern})", re.ASCII)
SHA256 = re.compile(r"[0-9a-f]{64}")
FIRST_BAG = "b001"
TRIES = 3
CHUNK_BYTES = 1024 * 1024
STAYS = "All that agrees is in the folder."
Say = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """One object of a play: where it is read, and where it goes below the folder for copies."""

    number: int
    bag: str
    name: str
    size: int
    sha256: str

    @property
    def path(self) -> str:
        """The path below the folder for copies."""
        return f"{self.bag}/{self.name}"


@dataclass(frozen=True)
class Fetched:
    """A file that agrees with the archive; `outcome` says whether it was there before."""

    path: str
    size: int
    sha256: str
    outcome: str

    def as_json(self) -> dict[str, object]:
        """The parts by name."""
        return {"path": self.path, "size": self.size, "sha256": self.sha256, "outcome": self.outcome}


def wanted_of(play: Said) -> tuple[str, list[Wanted]]:
    """The recording's short id and its objects. BAD_ANSWER for any path that a bag cannot have."""
    short_id = play.needed("recording").raw("short_id")
    if not is_short(short_id) or not short_id.startswith("R-"):
        raise bad_answer()
    wanted = [_wanted(said, short_id) for said in play.parts("objects")]
    if len({w.path for w in wanted}) != len(wanted) or len({w.number for w in wanted}) != len(wanted):
        raise bad_answer()
    return short_id, wanted


def _wanted(said: Said, short_id: str) -> Wanted:
    match, sha256, size_bytes = PATH.fullmatch(said.raw("path")), said.raw("sha256"), said.number("size")
    if match is None or SHA256.fullmatch(sha256) is None or size_bytes < 0 or said.number("number") < 0:
        raise bad_answer()
    # Each bag in a folder of its own, so that each is a valid bag by itself.
    later = match["bag"] not in (None, FIRST_BAG)
    folder = f"{short_id}-{match['bag']}" if later else short_id
    return Wanted(said.number("number"), folder, match["name"], size_bytes, sha256)


@dataclass
class Brought:
    """What came of a fetch: the files that agree, and by path what is wrong with the others."""

    files: list[Fetched] = field(default_factory=list)
    wrong: dict[str, IntegrityFailed] = field(default_factory=dict)

    def must_be_whole(self) -> None:
        """IntegrityFailed where a file does not agree; the first one's words, and the paths of all."""
        if not self.wrong:
            return
        first, *others = self.wrong.values()
        if not others:
            raise first
        named = ", ".join(self.wrong)
        raise IntegrityFailed(
            f"{first.message} {len(self.wrong)} files are not here: {named}.", first.remedy, code=first.code
        )


def fetch(client: Client, play_id: str, wanted: list[Wanted], target: Path, say: Say) -> Brought:
    """Brings every object below `target`, one after the other; one that does not agree is not in the others' way."""
    brought = Brought()
    with Folder.at(target) as top:
        for each in wanted:
            try:
                brought.files.append(_one(client, play_id, each, top, say))
            except IntegrityFailed as error:
                brought.wrong[each.path] = error
    return brought


def _one(client: Client, play_id: str, wanted: Wanted, top: Folder, say: Say) -> Fetched:
    *folders, name = wanted.path.split("/")
    with room(), _inside(top, folders) as folder:
        if folder.holds(name) and _digest(folder, name) == wanted.sha256:
            return Fetched(wanted.path, wanted.size, wanted.sha256, "there already")
        part = f"{name}.part"
        _receive(client, play_id, wanted, folder, part, say)
        folder.rename(part, name)
    return Fetched(wanted.path, wanted.size, wanted.sha256, "fetched")


@contextmanager
def _inside(top: Folder, names: list[str]) -> Iterator[Folder]:
    if not names:
        yield top
        return
    with top.inner(names[0]) as folder, _inside(folder, names[1:]) as deepest:
        yield deepest


def _digest(folder: Folder, name: str) -> str:
    with os.fdopen(folder.open(name, os.O_RDONLY), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _receive(client: Client, play_id: str, wanted: Wanted, folder: Folder, part: str, say: Say) -> None:
    """Fills the part, from where an earlier run left it, until its size and SHA-256 are the archive's."""
    copy = _Copy(folder, part, wanted, say)
    try:
        for attempt in range(1, TRIES + 1):
            try:
                copy.go_on(client, play_id)
                break
            except OutsideFailed:
                if attempt == TRIES:
                    raise
        agrees = copy.done()
    except Declined as declined:
        if declined.exit_code != INTEGRITY_EXIT:
            raise
        folder.remove(part)  # The service knows that it would never agree.
        said = f"{wanted.path}: {declined.message}"
        raise IntegrityFailed(said, f"{declined.remedy} {STAYS}", code=declined.code) from None
    finally:
        copy.close()
    if not agrees:
        folder.remove(part)
        raise IntegrityFailed(
            f"{wanted.path} does not agree with the archive. It was deleted here.", f"Tell the operator. {STAYS}"
        )


class _Copy:
    """A part that grows, with the hash of all that stands in it."""

    def __init__(self, folder: Folder, part: str, wanted: Wanted, say: Say) -> None:
        self.wanted, self.say, self.told = wanted, say, -1
        self.count, self.hash = 0, hashlib.sha256()
        known = folder.holds(part)
        self.file = os.fdopen(folder.open(part, os.O_RDWR if known else NEW), "r+b" if known else "wb")
        if known:
            self._take_up()

    def _take_up(self) -> None:
        while piece := self.file.read(CHUNK_BYTES):
            self.count += len(piece)
            self.hash.update(piece)
        if self.count > self.wanted.size:
            self._start_over()

    def _start_over(self) -> None:
        self.file.seek(0)
        self.file.truncate()
        self.count, self.hash = 0, hashlib.sha256()

    def go_on(self, client: Client, play_id: str) -> None:
        """Reads on to the end. OutsideFailed where the line is cut before."""
        if self.count == self.wanted.size:
            return
        with client.reading(f"/plays/{play_id}/objects/{self.wanted.number}", self.count) as piece:
            if piece.status == 206 and not piece.content_range.startswith(f"bytes {self.count}-"):
                raise bad_answer()
            if piece.status == 200 and self.count:
                self._start_over()
            for chunk in piece.chunks:
                self._add(chunk)
                if self.count > self.wanted.size:
                    return
        if self.count < self.wanted.size:
            raise OutsideFailed("The line was cut.", "Run the same command again: it goes on.", code="CUT")

    def _add(self, chunk: bytes) -> None:
        self.file.write(chunk)
        self.hash.update(chunk)
        self.count += len(chunk)
        share = 100 * self.count // max(self.wanted.size, 1)
        if share == self.told:
            return
        self.told = share
        self.say(f"{self.wanted.path}  {share} %  {size(self.count)} of {size(self.wanted.size)}")

    def done(self) -> bool:
        """Whether all of it is there and agrees; then it is on the disk."""
        self.file.flush()
        os.fsync(self.file.fileno())
        return self.count == self.wanted.size and self.hash.hexdigest() == self.wanted.sha256

    def close(self) -> None:
        """Ends it; what was received stays for the next run."""
        self.file.close()
