"""The demo's stage: a sandbox, a service, a transcript, and the checks of what it claims."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shlex
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import click
from sqlmodel import select

from zoomguard.cli import commands
from zoomguard.cli.command import WIDTH
from zoomguard.cli.service import Service, in_background
from zoomguard.domain.errors import Fault
from zoomguard.domain.times import parse_iso
from zoomguard.sandbox import Sandbox, SandboxClock, school
from zoomguard.settings import as_process, load, running_sandbox
from zoomguard.tables.watch import ZoomEvent

NO_CONTACT = "okafor"


@dataclass
class Done:
    """What a command printed, and its exit code."""

    code: int
    out: str


@dataclass
class Stage:
    """Runs commands as people type them, and counts what holds."""

    folder: Path
    sandbox: Sandbox
    environ: dict[str, str]
    checks: list[tuple[str, bool]] = field(default_factory=list)
    running: Service | None = None
    archived: dict[str, Any] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def set(cls, folder: Path, at: datetime) -> Iterator[Stage]:
        """A sandbox at that time, and a process that knows of nothing but it."""
        home = folder / "home"
        home.mkdir(mode=0o700)
        environ = {
            "ZOOMGUARD_ENVIRONMENT": "sandbox",
            "ZOOMGUARD_HOME": str(home),
            "ZOOMGUARD_LISTEN": "127.0.0.1:0",
            "ZOOMGUARD_LOG_LEVEL": "ERROR",
        }
        before = Path.cwd()
        with Sandbox(SandboxClock(at), home=folder) as sandbox, as_process(environ):
            sandbox.write_address_file(home / "sandbox.json")
            os.chdir(folder)
            try:
                yield cls(folder, sandbox, environ)
            finally:
                os.chdir(before)

    # The transcript -------------------------------------------------------------------------------------------

    def say(self, words: str) -> None:
        """A line between the commands."""
        click.echo("\n" + textwrap.fill(f"# {words}", WIDTH, subsequent_indent="# "))

    def run(self, line: str) -> Done:
        """Runs a command in this interpreter and shows it with what it prints."""
        click.echo("\n" + " \\\n".join(_folded(f"$ zoomguard {line}")))
        printed = _Tee()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            code = commands.run(shlex.split(line))
        click.echo(printed.getvalue().rstrip("\n"))
        if code:
            click.echo(f"(exit {code})")
        return Done(code, printed.getvalue())

    def check(self, claim: str, holds: bool) -> None:
        """Keeps one claim, and says whether it holds."""
        self.checks.append((claim, holds))
        click.echo(f"  {'ok    ' if holds else 'FAILED'}  {claim}")

    # The world ------------------------------------------------------------------------------------------------

    def write_school(self) -> None:
        """The school's five files."""
        folder = self.folder / "school"
        folder.mkdir(mode=0o700)
        school.write_csvs(folder, self.sandbox.clock.now().date())

    @contextmanager
    def service(self) -> Iterator[None]:
        """A real service in this process, as `zoomguard serve` runs it."""
        settings = load(self.environ, running_sandbox(self.folder / "home"))
        with in_background(settings, self.sandbox) as service:
            self.running = service
            yield

    def stay(self) -> None:
        """Stays up until Ctrl-C, and says where everything is."""
        with self.service():
            click.echo(f"\nservice   {self._service().url}\nfolder    {self.folder}")
            for name, text in sorted(self.sandbox.settings().items()):
                if name.endswith("_URL"):
                    click.echo(f"{name.removeprefix('ZOOMGUARD_').lower():16}  {text}")
            click.echo("Stop it with Ctrl-C.")
            with contextlib.suppress(KeyboardInterrupt):
                while True:
                    time.sleep(0.5)

    def hold(self, session: str) -> None:
        """Plays the lesson: both adults and all children come and go, and Zoom records it."""
        key = {"authorization": f"Bearer {self.sandbox.controls.key}"}
        body = json.dumps({"session": session, "size_bytes": 24_000_000}).encode()
        status, _ = self.sandbox.controls.answer("POST", "/sandbox/play", {}, key, body)
        if status != 200:
            raise Fault("The sandbox could not play the session.", "Report this defect.")
        click.echo(f"(the sandbox held {session}; now it is {self.sandbox.clock.now():%a %-d %b %Y %H:%M} UTC)")

    def wait_for(self, holds: Callable[[], bool], within_s: float) -> None:
        """Gives duties time to do their work."""
        ends = time.monotonic() + within_s
        while not holds() and time.monotonic() < ends:
            time.sleep(0.05)

    # What can be seen from outside ------------------------------------------------------------------------------

    def calls(self) -> list[dict[str, Any]]:
        """Everything that was asked of Zoom."""
        return self.sandbox.calls()

    def zoom_writes(self) -> int:
        """How many of the calls change something."""
        return sum(c["method"] != "GET" and "/oauth/" not in c["path"] for c in self.calls())

    def _service(self) -> Service:
        if self.running is None:
            raise Fault("The demo's service is not running.", "Report this defect.")
        return self.running

    def mails(self) -> list[dict[str, Any]]:
        """Everything that was mailed."""
        return self.sandbox.mail()

    def invitations(self) -> list[dict[str, Any]]:
        """What families were mailed about lessons: its subjects begin alike."""
        return [m for m in self.mails() if m["subject"].startswith("Online lesson")]

    def told_without_contact(self) -> bool:
        """Whether the guardian without contact got a mail: one address of that family is enough."""
        return sum(NO_CONTACT in m["to"] for m in self.mails()) > 1

    def receipts(self) -> int:
        """How many of Zoom's events the service keeps."""
        with self._service().house.database.reading() as tx:
            return len(tx.all(select(ZoomEvent.id)))

    def recording(self) -> str:
        """The short id of the one recording."""
        with self._service().house.database.reading() as tx:
            from zoomguard.tables.recordings import Recording

            return str(tx.first(select(Recording.short_id)))

    def locks(self) -> list[bool]:
        """For every object version whether S3 itself says that it is locked until its bag's retain-until."""
        s3 = self._s3()
        bucket = "zoomguard-sandbox"
        versions = s3.list_object_versions(Bucket=bucket).get("Versions", [])
        sidecar = next((v for v in versions if v["Key"].endswith("metadata/recording.json")), None)
        if sidecar is None:
            return []
        body = s3.get_object(Bucket=bucket, Key=sidecar["Key"], VersionId=sidecar["VersionId"])["Body"].read()
        until = parse_iso(json.loads(body)["retain_until"])
        heads = [s3.head_object(Bucket=bucket, Key=v["Key"], VersionId=v["VersionId"]) for v in versions]
        return [h.get("ObjectLockMode") == "GOVERNANCE" and h.get("ObjectLockRetainUntilDate") == until for h in heads]

    def _s3(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.sandbox.settings()["ZOOMGUARD_S3_ENDPOINT_URL"],
            region_name="eu-west-2",
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
        )

    def bag_agrees(self, recording: str) -> bool:
        """Whether each file of the fetched bag has the SHA-256 that its manifests say."""
        bag = self.folder / "copies" / recording
        agreed = []
        for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
            for row in (bag / manifest).read_text().splitlines():
                digest, _, path = row.partition("  ")
                agreed.append(hashlib.sha256((bag / path).read_bytes()).hexdigest() == digest)
        return bool(agreed) and all(agreed)


def _folded(line: str) -> list[str]:
    """A command in lines that fit, to be joined by the shell's backslash."""
    return textwrap.wrap(line, WIDTH - 2, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


class _Tee(io.StringIO):
    """What a command prints: kept, and never taken for a terminal."""

    def isatty(self) -> bool:
        return False
