"""Northmoor from outside: the program as processes of their own, beside a sandbox that outlives them.

Nothing of the application is imported here: what tests see is exit codes, JSON, HTTP, mails, S3 and Zoom's own lists.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import urllib3

from tests.house import exchanges_file
from tests.sandbox.zoom_caller import ZoomCaller
from tests.servers.shared import free_port
from zoomguard.sandbox import Sandbox, SandboxClock, school

EIGHT, NINE = (datetime(2026, 11, 23, hour, tzinfo=UTC) for hour in (8, 9))
TEACHER, OBSERVER = "t.wren@northmoor.example", "p.nandakumar@northmoor.example"
REVIEWER, COORDINATOR = "c.baptiste@northmoor.example", "r.adeyemi@northmoor.example"
CLASS = ("C-0101", "C-0102", "C-0110", "C-0120", "C-0150")
FAMILIES = "@families.example"
INVITED = {"eva.kral", "jan.kral", "lan.tran", "ngozi.okafor", "martha.stone"}  # not emeka.okafor: no contact
PROGRAM = (sys.executable, "-m", "zoomguard")
# Each line in turn, until one does not end with 0.
LINES = """
import json, sys
from zoomguard.cli.commands import run
sys.exit(next(filter(None, map(run, json.loads(sys.argv[1]))), 0))
"""
ROOT = Path(__file__).parents[2]
FILES = ("staff", "children", "guardians")
BUCKET = "zoomguard-sandbox"


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said; `said` is its JSON document, None where it printed none."""

    code: int
    out: str
    err: str
    said: Any

    @property
    def outcome(self) -> tuple[int, str]:
        """Exit code and the error's code."""
        return self.code, self.said["error"]["code"]


def variables(home: Path, **more: str) -> dict[str, str]:
    """All that a child process gets to know of this one."""
    kept = {n: v for n, v in os.environ.items() if n == "PATH" or n.startswith("COVERAGE_")}
    named = {f"ZOOMGUARD_{name}": text for name, text in more.items()}
    return {**kept, "HOME": str(home.parent), "LANG": "C.UTF-8", "ZOOMGUARD_HOME": str(home),
            "ZOOMGUARD_ENVIRONMENT": "sandbox", **named}  # fmt: skip


def program(
    environ: dict[str, str], *arguments: str, as_json: bool = True, stdin: bytes = b"", within_s: float = 60
) -> Ran:
    """Runs one command to its end."""
    argv = [*PROGRAM, *arguments, *(("--json",) if as_json else ())]
    ran = subprocess.run(argv, env=environ, input=stdin, capture_output=True, timeout=within_s, cwd=ROOT)
    out, err = ran.stdout.decode(), ran.stderr.decode()
    return Ran(ran.returncode, out, err, json.loads(out) if as_json and out.strip() else None)


def in_turn(environ: dict[str, str], lines: Iterable[Sequence[str]]) -> None:
    """Runs commands one after the other in one process, which reads the program in once; all must go well.

    For setting up alone: what a test looks at runs as `program` does.
    """
    argv = [sys.executable, "-c", LINES, json.dumps(list(lines))]
    ran = subprocess.run(argv, env=environ, capture_output=True, timeout=120, cwd=ROOT)
    assert ran.returncode == 0, (ran.stdout.decode(), ran.stderr.decode())


def wait_for(holds: Callable[[], Any], within_s: float = 60, every_s: float = 0.1) -> Any:
    """The first true answer; AssertionError where none came in time."""
    ends = time.monotonic() + within_s
    while not (answer := holds()):
        assert time.monotonic() < ends, f"did not come true within {within_s} s"
        time.sleep(every_s)
    return answer


@dataclass
class Town:
    """One installation with its sandbox. Every output of every process is kept in `log_dir` and `spoken`."""

    sandbox: Sandbox
    home: Path
    environ: dict[str, str]
    url: str
    service: subprocess.Popen[bytes] | None = None
    spoken: list[Ran] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    starts: int = 0

    # Commands ---------------------------------------------------------------------------------------------------

    def zg(self, *arguments: str, json: bool = True, by: str = "", stdin: bytes = b"") -> Ran:
        """Runs `zoomguard ...`, as this member of staff where one is named."""
        environ = self.environ | ({"ZOOMGUARD_TOKEN": self.token(by)} if by else {})
        ran = program(environ, *arguments, as_json=json, stdin=stdin)
        self.spoken.append(ran)
        return ran

    def schedule(self, *more: str, by: str = TEACHER, children: tuple[str, ...] = CLASS, **change: str) -> Ran:
        """The safe ask with one change."""
        return self.zg(*self.ask(*more, children=children, **change), by=by)

    def ask(self, *more: str, children: tuple[str, ...] = CLASS, **change: str) -> list[str]:
        """The words of the safe ask."""
        said = {"observer": OBSERVER, "course": "MATHS-7B", "start": "2026-12-01 16:00", "minutes": "50"} | change
        named = [word for child in children for word in ("--child", child)]
        return ["schedule", *named, *(w for name, text in said.items() for w in (f"--{name}", text)), *more]

    def token(self, email: str) -> str:
        """A token of this member of staff, as the sandbox's service gives one to anybody."""
        if email not in self.tokens:
            self.tokens[email] = self.http("POST", "/api/v1/tokens", {"email": email}).json()["token"]
        return self.tokens[email]

    def http(self, method: str, path: str, body: Any = None, by: str = "", **headers: str) -> urllib3.BaseHTTPResponse:
        """One request to the service."""
        sent = {n.replace("_", "-"): text for n, text in headers.items()}
        if by:
            sent["Authorization"] = f"Bearer {self.token(by)}"
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        return urllib3.request(
            method, self.url + path, body=content, headers=sent, retries=False, redirect=False, timeout=30
        )

    # The service ------------------------------------------------------------------------------------------------

    def start_service(self) -> None:
        """Starts `zoomguard serve` at the town's address, and waits until it is ready."""
        self.starts += 1
        with (self.log_dir / f"serve-{self.starts}.log").open("wb") as log:
            argv = [*PROGRAM, "serve"]
            self.service = subprocess.Popen(argv, env=self.environ, stdout=log, stderr=log, cwd=ROOT)
        wait_for(self._ready, 30, 0.05)
        self.sandbox.deliver_webhooks_to(f"{self.url}/webhooks/zoom")

    def _ready(self) -> bool:
        assert self.service is not None and self.service.poll() is None, self.service_log()
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            return self.http("GET", "/readyz").status == 200
        return False

    def kill_service(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop_service(self) -> int:
        """Asks it to stop, and gives its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        assert self.service is not None
        self.sandbox.deliver_webhooks_to(None)
        self.service.send_signal(number)
        code = self.service.wait(40)
        self.service = None
        return code

    @property
    def log_dir(self) -> Path:
        """Where the services' output is kept."""
        return self.home.parent

    def service_log(self) -> str:
        """All that every service of this town printed."""
        return "".join(p.read_text() for p in sorted(self.log_dir.glob("serve-*.log")))

    # What is seen from outside ------------------------------------------------------------------------------------

    def control(self, method: str, what: str, body: Any = None) -> Any:
        """A call to the sandbox's controls, over HTTP."""
        beside = json.loads((self.home / "sandbox.json").read_text())
        key = {"Authorization": f"Bearer {beside['key']}"}
        content = None if body is None else json.dumps(body).encode()
        answer = urllib3.request(method, f"{beside['controls_url']}/{what}", body=content, headers=key, retries=False)
        assert answer.status == 200, answer.data
        return answer.json()

    def fault(self, name: str, **more: Any) -> None:
        """Switches one of the sandbox's faults on (or, with on=False, off)."""
        self.control("POST", "faults", {"name": name, **more})

    def pass_time(self, seconds: float) -> None:
        """Moves the clock of the sandbox, and so of every process, forward."""
        self.control("POST", "clock", {"advance_s": seconds})

    def zoom_calls(self, since: int = 0) -> list[str]:
        """The calls to Zoom about meetings and registrants after call number `since`, as "METHOD last-part"."""
        calls = [c for c in self.control("GET", "calls") if c["n"] > since and "/meetings" in c["path"]]
        return [f"{c['method']} {_part(c['path'])}" for c in calls]

    def zoom_writes(self) -> list[str]:
        """All calls that change something at Zoom."""
        calls = self.control("GET", "calls")
        return [f"{c['method']} {c['path']}" for c in calls if c["method"] != "GET" and "/oauth/" not in c["path"]]

    def call_count(self) -> int:
        """The number of the last call to Zoom."""
        return max((c["n"] for c in self.control("GET", "calls")), default=0)

    def meetings(self, host: str = TEACHER) -> list[dict[str, Any]]:
        """The host's meetings that bear our mark, as Zoom lists them."""
        found = ZoomCaller(self.sandbox).call("GET", f"/users/{host}/meetings", type_="scheduled", page_size=300)
        return [m for m in found.json["meetings"] if m.get("agenda", "").startswith("zg:")]

    def mails(self) -> list[str]:
        """To whom mails about lessons to families went, in order, without the domain; staff and children have words
        of their own."""
        return [_name(m) for m in self._to_families()]

    def letters(self) -> list[str]:
        """The same, each letter once: one that the mail server took before a kill comes again as the same letter."""
        return sorted({m["headers"]["Message-ID"]: _name(m) for m in self._to_families()}.values())

    def _to_families(self) -> list[dict[str, Any]]:
        to_families = ("Online lesson ", "Changed: ", "Cancelled: online lesson", "No longer in lesson")
        post = self.control("GET", "mailbox")
        return [m for m in post if m["to"].endswith(FAMILIES) and m["subject"].startswith(to_families)]

    def states(self, by: str = TEACHER) -> list[str]:
        """The states of the sessions that this person sees."""
        return [s["state"] for s in self.http("GET", "/api/v1/sessions", by=by).json()["sessions"]]

    def s3(self) -> Any:
        """A client of the make-believe S3."""
        url = self.sandbox.settings()["ZOOMGUARD_S3_ENDPOINT_URL"]
        keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
        return boto3.client("s3", endpoint_url=url, region_name="eu-west-2", **keys)


def _name(mail: dict[str, Any]) -> str:
    return str(mail["to"].partition("@")[0])


def _part(path: str) -> str:
    """The part of a path that says what is asked about."""
    last = path.partition("?")[0].rstrip("/").rpartition("/")[2]
    return "meeting" if last.isdigit() else last


def write_school(folder: Path, at: datetime) -> Path:
    """The school's five files, as they are on that day."""
    school.write_csvs(folder, at.date())
    return folder


def set_up(environ: dict[str, str], folder: Path) -> None:
    """A new installation with its people and their guardians' answers, by the commands an operator types.

    Towns begin later than this is done: what is known counts from the moment at which it was taken in.
    """
    init = ("init", "--organisation", "Northmoor College", "--staff-domain", "northmoor.example")
    lines: list[tuple[str, ...]] = [init, ("migrate",)]
    lines += [("people", "import", what, str(folder / f"{what}.csv")) for what in FILES]
    lines += [("consents", "import", str(folder / "consents.csv"))]
    in_turn(environ, lines)


@contextmanager
def a_sandbox(home: Path, at: datetime = NINE) -> Iterator[Sandbox]:
    """A sandbox in this process, which every process with this HOME finds."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with Sandbox(SandboxClock(at), record_to=exchanges_file()) as sandbox:
        sandbox.write_address_file(home / "sandbox.json")
        yield sandbox


@contextmanager
def a_town(path: Path, template: Path, **settings: str) -> Iterator[Town]:
    """A town made from a set-up HOME, with its service running; everything that was started is ended."""
    home = path / "home"
    shutil.copytree(template, home, ignore=shutil.ignore_patterns("sandbox.json", "locks"))
    settings_file = home / "zoomguard.toml"
    settings_file.write_text(settings_file.read_text().replace(str(template), str(home)))
    address = f"127.0.0.1:{free_port()}"
    environ = variables(home, LISTEN=address, SERVER=f"http://{address}", **settings)
    with a_sandbox(home) as sandbox:
        town = Town(sandbox, home, environ, f"http://{address}")
        try:
            town.start_service()
            yield town
        finally:
            if town.service is not None:
                town.kill_service()


@contextmanager
def watching_arguments() -> Iterator[set[str]]:
    """Collects the arguments of every process that this one starts, while it lives."""
    seen: set[str] = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.03):
            for children in Path("/proc/self/task").glob("*/children"):
                with contextlib.suppress(OSError):
                    for pid in children.read_text().split():
                        seen.add(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode())

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()
