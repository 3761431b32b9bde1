"""One server of a kind for all workers of a test run: the first that asks starts it."""

import fcntl
import json
import os
import random
import shutil
import socket
from collections.abc import Callable, Iterator
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
    """A port of 127.0.0.1 where nobody listens yet, told to nobody else of this run.

    The kernel gives ports from 32768 up to whoever asks for any (ip(7), ip_local_port_range), and to every connection:
    one from there may be taken by the time that a server begins to listen.
    """
    return next(_PORTS)


def _untaken() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
    mine = range(10_000 + worker, 32_768, 8)
    for port in random.SystemRandom().sample(mine, len(mine)):  # another run beside this one draws from the same
        if _nobody_listens(port):
            yield port


def _nobody_listens(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


_PORTS = _untaken()
