"""The folder that a fetched recording goes to: our own, closed to others, never through a link."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from zoomguard.domain.errors import BadInput, OutsideFailed
from zoomguard.domain.times import printable

NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# How the folders begin that programs copy to somebody else's machines.
SYNCED = (
    "onedrive",
    "dropbox",
    "icloud",
    "mobile documents",
    "google drive",
    "googledrive",
    "google-drive",
    "my drive",
    "cloudstorage",
    "nextcloud",
    "owncloud",
    "box sync",
    "syncthing",
)


def in_the_way(name: str, what: str) -> BadInput:
    """Something stands where a file of ours should go."""
    return BadInput(f"{name} {what}.", "Move it away, or choose another folder with --to.", code="IN_THE_WAY")


def folder_for_copies(given: str) -> Path:
    """The folder, made 0700 where it is absent. BadInput where others can read it or it is copied to the cloud."""
    path = Path(given).expanduser()
    try:
        real = path.resolve()
        # The name as typed counts too: a link may be called OneDrive, or lead there.
        if any(_synced(part) for part in (*path.absolute().parts, *real.parts)):
            raise BadInput("That folder is copied to the cloud.", "Choose another with --to.", code="TO_CLOUD")
        real.mkdir(mode=0o700, exist_ok=True)
        found = real.stat()
    except FileNotFoundError:
        raise BadInput("The folder above it does not exist.", "Make it, or choose another.", code="TO_FOLDER") from None
    except (OSError, ValueError, RuntimeError):
        raise BadInput("That folder cannot be used.", "Choose another with --to.", code="TO_FOLDER") from None
    if found.st_uid != os.geteuid() or found.st_mode & 0o077:
        shown = printable(str(real))
        raise BadInput(
            f"{shown} can be read by others.", f"Choose another, or run: chmod 700 {shown}", code="TO_READABLE"
        )
    return real


def _synced(part: str) -> bool:
    return part.lower().lstrip(".").startswith(SYNCED)


@contextmanager
def room() -> Iterator[None]:
    """OutsideFailed DISK_FULL where the disk takes no more."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise OutsideFailed(
            "Your disk is full.", "Make room and run the same command again: it goes on.", code="DISK_FULL"
        ) from None


class Folder:
    """An open folder; every name in it is used through its handle, so that no link can lead elsewhere."""

    def __init__(self, handle: int, shown: str) -> None:
        self.handle, self.shown = handle, shown

    @classmethod
    @contextmanager
    def at(cls, path: Path) -> Iterator[Folder]:
        """The folder at a path that was found good."""
        handle = os.open(path, FOLDER)
        try:
            yield cls(handle, str(path))
        finally:
            os.close(handle)

    @contextmanager
    def inner(self, name: str) -> Iterator[Folder]:
        """A folder in it, made 0700 where it is absent."""
        with suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=self.handle)
        try:
            handle = os.open(name, FOLDER, dir_fd=self.handle)
        except OSError:
            raise in_the_way(name, "is there already and is no folder") from None
        try:
            os.fchmod(handle, 0o700)
            yield Folder(handle, f"{self.shown}/{name}")
        finally:
            os.close(handle)

    def holds(self, name: str) -> bool:
        """Whether a plain file has that name; BadInput where it is a link or something else."""
        try:
            found = os.stat(name, dir_fd=self.handle, follow_symlinks=False)
        except FileNotFoundError:
            return False
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_uid != os.geteuid():
            raise in_the_way(name, "is there already and is not a plain file of yours")
        return True

    def open(self, name: str, flags: int) -> int:
        """A handle of a plain file; a new one is 0600."""
        try:
            handle = os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=self.handle)
        except OSError as error:
            if error.errno in FULL:
                raise
            raise in_the_way(name, "is there already and cannot be used") from None
        os.fchmod(handle, 0o600)
        return handle

    def rename(self, old: str, new: str) -> None:
        """Gives a file its name, for good."""
        os.rename(old, new, src_dir_fd=self.handle, dst_dir_fd=self.handle)
        os.fsync(self.handle)

    def remove(self, name: str) -> None:
        """Removes a file, if it is there."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.handle)
