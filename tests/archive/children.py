"""Starts `archive` as a process of its own beside a home whose bucket is LocalStack's, and watches its files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.archive.bucket import Bucket
from tests.house import Home, a_home

CHILD = Path(__file__).with_name("archive_child.py")
LARGEST_BYTES = 1_000_000


@dataclass
class Ended:
    """How a child ended: its last word, the most bytes of a film it told of, how often another film had its turn."""

    code: int
    last: dict[str, Any] = field(default_factory=dict)
    film_bytes: int = 0
    turns: int = 0


@dataclass
class Apart:
    """A home with its bucket, and children that archive beside it."""

    home: Home
    bucket: Bucket
    tmp: Path
    large: set[str] = field(default_factory=set)

    def run(self, *, kill_at: int | None = None, crash: str = "") -> Ended:
        """One child; killed once it told of so many bytes of the film, or by itself at a crash point."""
        self.tmp.mkdir(exist_ok=True)
        environ = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(self.tmp)}
        environ |= self.home.environ | ({"ZOOMGUARD_TEST_CRASH": crash} if crash else {})
        child = subprocess.Popen([sys.executable, str(CHILD)], stdout=subprocess.PIPE, env=environ, cwd=self.tmp)
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(over,))
        watcher.start()
        ended = Ended(0)
        assert child.stdout is not None
        for line in child.stdout:
            ended.last = json.loads(line)
            if ended.last.get("name") == "video.mp4":
                # One after the other there is one turn: the second film begins with fewer bytes than the first had.
                ended.turns += ended.last["done"] < ended.film_bytes
                ended.film_bytes = ended.last["done"]
                if kill_at is not None and ended.film_bytes >= kill_at:
                    child.kill()
                    break
        ended.code = child.wait(60)
        child.stdout.close()
        over.set()
        watcher.join()
        return ended

    def _watch(self, over: threading.Event) -> None:
        while not over.is_set():
            for folder in (self.home.path, self.tmp):
                for path in folder.rglob("*"):
                    self._look(path)
            time.sleep(0.02)

    def _look(self, path: Path) -> None:
        try:
            large = path.is_file() and path.stat().st_size > LARGEST_BYTES
        except FileNotFoundError:
            return
        if large and not path.name.startswith("zoomguard.db"):
            self.large.add(str(path))


@contextmanager
def apart(path: Path, localstack_url: str) -> Iterator[Apart]:
    """A home on LocalStack, in a bucket of its own."""
    name = f"storm-{uuid.uuid4().hex[:12]}"
    with a_home(path / "home", ZOOMGUARD_S3_ENDPOINT_URL=localstack_url, ZOOMGUARD_S3_BUCKET=name) as home:
        yield Apart(home, Bucket(localstack_url, name), path / "tmp")
