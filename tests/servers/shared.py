"""One server of a kind for all workers of a test run: the first that asks starts it."""

import fcntl
import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

from tests.servers.keeper import Kept, stop


class Missing(Exception):
    """This machine lacks a part that a test needs; the text says which, and how to install it."""


def address(directory: Path, name: str, start: Callable[[], tuple[str, Kept]]) -> str:
    """The address of the server `name`, started once for everybody who shares `directory`."""
    noted = directory / f"{name}.json"
    with (directory / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not noted.exists():
            url, kept = start()
            note = {"url": url, "keeper": kept.keeper.pid, "directory": str(kept.directory)}
            noted.write_text(json.dumps(note))
    url = json.loads(noted.read_text())["url"]
    assert isinstance(url, str)
    return url


def stop_all(directory: Path) -> None:
    """Stop every server noted in `directory`, and remove it."""
    for noted in directory.glob("*.json"):
        note = json.loads(noted.read_text())
        stop(note["keeper"], Path(note["directory"]))
    shutil.rmtree(directory, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port
