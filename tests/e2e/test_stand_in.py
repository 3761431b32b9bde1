"""The whole main job against somebody else's Zoom, S3 and mailbox, named by settings alone, on the machine's time."""

from __future__ import annotations

import contextlib
import json
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bagit
import pytest
import urllib3

from tests.e2e.town import (
    CLASS,
    FILES,
    INVITED,
    OBSERVER,
    PROGRAM,
    REVIEWER,
    ROOT,
    TEACHER,
    Ran,
    program,
    variables,
    wait_for,
    write_school,
)
from tests.servers.shared import free_port

REACHED_BY = ("zoom_api_url", "zoom_oauth_url", "zoom_download_hosts", "zoom_cdn_hosts", "mail_url")


class Elsewhere:
    """An installation that knows nothing of our sandbox, and the stand-ins it talks to."""

    def __init__(self, home: Path, stand_in: dict[str, str], s3_url: str) -> None:
        self.home, self.control_url = home, stand_in["control_url"]
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        named = {name.upper(): stand_in[name] for name in REACHED_BY}
        self.environ = variables(home, SERVER=self.url, LISTEN=address, S3_ENDPOINT_URL=s3_url, **named)

    def zg(self, *arguments: str, by: str = "") -> Ran:
        """Runs a command; staff sign in by tokens that the operator issues."""
        return program(self.environ | ({"ZOOMGUARD_TOKEN": by} if by else {}), *arguments)

    def done(self, *arguments: str, by: str = "") -> Any:
        """The answer of a command that must go well."""
        ran = self.zg(*arguments, by=by)
        assert ran.code == 0, (arguments, ran)
        return ran.said

    def control(self, method: str, what: str, body: Any = None) -> Any:
        """What the stand-in says of itself."""
        answer = urllib3.request(method, f"{self.control_url}/{what}", json=body, retries=False)
        assert answer.status < 300, answer.data
        return answer.json()


@contextmanager
def process(*argv: str, environ: dict[str, str], log: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended afterwards."""
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("wb")) if log else subprocess.DEVNULL
        out = output if log else subprocess.PIPE
        started = subprocess.Popen(argv, env=environ, cwd=ROOT, stdout=out, stderr=output)
        try:
            yield started
        finally:
            started.terminate()
            started.wait(40)
            if started.stdout:
                started.stdout.close()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Elsewhere]:
    home = tmp_path / "home"
    plain, port = variables(home), free_port()
    s3 = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
    with (
        process(sys.executable, "tests/stand_in.py", environ=plain) as stand_in,
        process(*s3, environ=plain, log=tmp_path / "s3.log"),
    ):
        assert stand_in.stdout is not None
        told = json.loads(stand_in.stdout.readline())
        s3_url = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers(s3_url), 30)
        yield Elsewhere(home, told, s3_url)


def answers(url: str) -> bool:
    """Whether a server says anything there."""
    with contextlib.suppress(urllib3.exceptions.HTTPError):
        return urllib3.request("GET", url, retries=False).status == 200
    return False


def set_up_by_hand(elsewhere: Elsewhere, folder: Path) -> None:
    """What the README tells an operator to type."""
    write_school(folder, datetime.now(UTC))
    elsewhere.done("init", "--organisation", "Northmoor College", "--staff-domain", "northmoor.example")
    elsewhere.done("migrate")
    for what in FILES:
        elsewhere.done("people", "import", what, str(folder / f"{what}.csv"))
    elsewhere.done("consents", "import", str(folder / "consents.csv"))


def test_scenario_48_the_main_job_runs_against_another_zoom_s3_and_mailbox(
    elsewhere: Elsewhere, tmp_path: Path
) -> None:
    set_up_by_hand(elsewhere, tmp_path / "school")
    with process(*PROGRAM, "serve", environ=elsewhere.environ, log=tmp_path / "serve.log") as service:
        wait_for(lambda: service.poll() is None and answers(f"{elsewhere.url}/readyz"), 30)
        session = schedule(elsewhere)
        invitations_came(elsewhere)
        ask = {"meeting_number": session["meeting_number"], "size_bytes": 700_000}
        held = elsewhere.control("POST", "hold", ask)
        elsewhere.done("archive")
        recording = fetch(elsewhere, tmp_path / "copies")
    bag = bagit.Bag(str(tmp_path / "copies" / recording))
    bag.validate()
    kept = {path.rpartition("/")[2]: said["sha256"] for path, said in bag.payload_entries().items()}
    assert {file["sha256"] for file in held["files"]} <= set(kept.values())
    assert bag.info["Bagging-Date"] == datetime.now(UTC).date().isoformat()
    verified = elsewhere.done("audit", "verify")
    assert verified["entries"] > 20 and not verified["broken"]
    assert "Traceback" not in (tmp_path / "serve.log").read_text()


def schedule(elsewhere: Elsewhere) -> dict[str, Any]:
    """A lesson tomorrow at noon."""
    start = datetime.now(UTC) + timedelta(days=1)
    token = elsewhere.done("token", "issue", TEACHER)["token"]
    children = [word for child in CLASS for word in ("--child", child)]
    said = elsewhere.done("schedule", "--observer", OBSERVER, *children, "--course", "MATHS-7B",
                          "--start", f"{start:%Y-%m-%d} 12:00", "--minutes", "50", by=token)  # fmt: skip
    assert said["outcome"] == "scheduled" and said["zoom_writes"] >= 2
    session: dict[str, Any] = said["session"]
    return session


def to_families(elsewhere: Elsewhere) -> list[Any]:
    """What was mailed to families; staff and children have words of their own."""
    return [m for m in elsewhere.control("GET", "mail") if m["subject"].startswith("Online lesson ")]


def invitations_came(elsewhere: Elsewhere) -> None:
    """One mail to each guardian who may be written to, with our door and not Zoom's link."""
    mails = wait_for(lambda: len(found := to_families(elsewhere)) >= len(INVITED) and found)
    assert sorted(m["to"][0].partition("@")[0] for m in mails) == sorted(INVITED)
    doors = [re.findall(r"http://[^\s>]+", m["text"]) for m in mails]
    assert all(found and all(d.startswith(f"{elsewhere.url}/j/") for d in found) for found in doors)


def fetch(elsewhere: Elsewhere, folder: Path) -> str:
    """A reviewer's copy."""
    token = elsewhere.done("token", "issue", REVIEWER)["token"]
    (recording,) = elsewhere.done("recordings", "list", by=token)["recordings"]
    ask = ("recordings", "fetch", recording["short_id"], "--to", str(folder))
    assert elsewhere.zg(*ask, "--purpose", "publication", "--reason", "for the web page", by=token).code == 1
    assert elsewhere.zg(*ask, "--purpose", "qa_review", by=token).outcome == (2, "USAGE")
    elsewhere.done(*ask, "--purpose", "qa_review", "--reason", "weekly sample, week 49", by=token)
    modes = {stat.S_IMODE(p.stat().st_mode) for p in folder.rglob("*") if p.is_file()}
    assert modes == {0o600}
    return str(recording["short_id"])
