"""A reviewer before the real service: `zoomguard serve` and `zoomguard recordings fetch` as processes of their own."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import urllib3

from tests.e2e.town import PROGRAM, ROOT, wait_for
from tests.house import REVIEWER, Home
from tests.servers.shared import free_port

REASON = ("--purpose", "qa_review", "--reason", "Weekly sample, week 49")


def peak_kb(process: int) -> int:
    """The most memory that a process has had in use; 0 where it is gone."""
    with suppress(OSError, StopIteration):
        status = Path(f"/proc/{process}/status").read_text().splitlines()
        return int(next(line.split()[1] for line in status if line.startswith("VmHWM:")))
    return 0


def cpu_s_of(process: int) -> float:
    """The processor seconds of a process so far, by its CPU clock: the id's complement, 3 bits up, CPUCLOCK_SCHED
    (linux/posix-timers.h; what clock_getcpuclockid gives)."""
    return time.clock_gettime((~process << 3) | 2)


@dataclass
class Fetched:
    """How a fetch ended, and the most memory that its process had in use."""

    code: int
    err: str
    peak_kb: int
    cpu_s: float


@dataclass
class Reviewing:
    """A service beside a home, reading from `s3_url`; `tree` is where its program lies."""

    home: Home
    s3_url: str
    tree: Path = ROOT
    most_files: int | None = None
    url: str = field(default_factory=lambda: f"http://127.0.0.1:{free_port()}")
    service: subprocess.Popen[bytes] | None = None

    @property
    def environ(self) -> dict[str, str]:
        """All that the processes get to know of this one."""
        kept = {n: v for n, v in os.environ.items() if n == "PATH" or n.startswith("COVERAGE_")}
        said = {"S3_ENDPOINT_URL": self.s3_url, "LISTEN": self.url.removeprefix("http://"), "SERVER": self.url}
        named = {f"ZOOMGUARD_{name}": text for name, text in {**said, "TOKEN": self._token()}.items()}
        return {**kept, "LANG": "C.UTF-8", **self.home.environ, **named}

    def _token(self) -> str:
        token: str = self.home.app.access.issue(REVIEWER).token
        return token

    @property
    def bearer(self) -> dict[str, str]:
        """The header of a reviewer's request."""
        return {"Authorization": f"Bearer {self._token()}"}

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the service."""
        host, port = self.url.removeprefix("http://").split(":")
        return host, int(port)

    @property
    def log(self) -> str:
        """All that the services have printed."""
        return self._log.read_text()

    def forget(self) -> None:
        """Begins the log anew."""
        self._log.unlink()

    @property
    def _log(self) -> Path:
        return self.home.path / "serve.log"

    def start(self) -> None:
        """Starts the service, and waits until it is ready."""

        def few_files() -> None:
            if self.most_files is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (self.most_files, self.most_files))

        with self._log.open("ab") as log:
            self.service = subprocess.Popen(
                [*PROGRAM, "serve"], env=self.environ, stdout=log, stderr=log, cwd=self.tree, preexec_fn=few_files
            )
        wait_for(self._ready, 30, 0.05)

    def _ready(self) -> bool:
        assert self.service is not None and self.service.poll() is None, self.log
        with suppress(urllib3.exceptions.HTTPError):
            return urllib3.request("GET", self.url + "/readyz", retries=False).status == 200
        return False

    def kill(self) -> None:
        """kill -9."""
        if self.service is not None:
            self.service.kill()
            self.service.wait(20)
            self.service = None

    def begin(self, short: str, to: Path, *under: str) -> subprocess.Popen[bytes]:
        """A fetch under way, run by another program where one is named."""
        argv = [*under, *PROGRAM, "recordings", "fetch", short, *REASON, "--to", str(to)]
        return subprocess.Popen(
            argv, env=self.environ, cwd=self.tree, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    def ended(self, fetch: subprocess.Popen[bytes]) -> Fetched:
        """Waits for the end of a fetch."""
        peak = 0
        while True:
            peak = max(peak, peak_kb(fetch.pid))
            process, status, used = os.wait4(fetch.pid, os.WNOHANG)
            if process:
                break
            time.sleep(0.01)
        fetch.returncode = os.waitstatus_to_exitcode(status)
        assert fetch.stderr is not None
        with fetch.stderr:
            return Fetched(fetch.returncode, fetch.stderr.read().decode(), peak, used.ru_utime + used.ru_stime)

    def fetch(self, short: str, to: Path, *under: str) -> Fetched:
        """A whole fetch."""
        return self.ended(self.begin(short, to, *under))

    @property
    def peak_kb(self) -> int:
        """The most memory that the service has had in use."""
        assert self.service is not None
        return peak_kb(self.service.pid)

    def forget_peak(self) -> None:
        """Measures that from now on: a start takes more than most that comes after it (proc(5), clear_refs)."""
        assert self.service is not None
        Path(f"/proc/{self.service.pid}/clear_refs").write_text("5")

    @property
    def cpu_s(self) -> float:
        """The processor seconds of the service so far, all threads, those that ended too."""
        assert self.service is not None
        return cpu_s_of(self.service.pid)


@contextmanager
def reviewing(home: Home, s3_url: str, **more: object) -> Iterator[Reviewing]:
    """A service that runs until the end of the block."""
    found = Reviewing(home, s3_url, **more)  # type: ignore[arg-type]
    try:
        found.start()
        yield found
    finally:
        found.kill()
