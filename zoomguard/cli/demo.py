"""`zoomguard demo`: the main job as a transcript of real commands, each claim checked.

The commands are the ones people type, run in this interpreter beside a real service; Zoom, S3, mailbox and clock are
the sandbox's, over real HTTP.
"""

from __future__ import annotations

import contextlib
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from zoomguard.cli import show
from zoomguard.cli.command import command, json_option
from zoomguard.domain.errors import BadInput, Fault

BEGINS_AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
TEACHER, OBSERVER = "t.wren@northmoor.example", "p.nandakumar@northmoor.example"
REVIEWER, NO_PERMISSION = "c.baptiste@northmoor.example", "C-0140"
CLASS = ("C-0101", "C-0102", "C-0110", "C-0120", "C-0150")


@command("demo", "zoomguard demo", "zoomguard demo --directory ~/zoomguard-demo --serve", "zoomguard demo --json")
@click.option("--directory", type=click.Path(path_type=Path), help="Keep database, bags and mails here.")
@click.option("--serve", is_flag=True, help="Stay up afterwards, and say where.")
@json_option
def demo(directory: Path | None, serve: bool, as_json: bool) -> int:
    """Tries the main job against a make-believe Zoom: schedule, hold, archive, fetch."""
    try:
        import zoomguard.sandbox  # noqa: F401
    except ModuleNotFoundError:
        raise BadInput(
            "The sandbox's servers are not installed.", "Run: pip install 'zoomguard[sandbox]'", code="NOT_INSTALLED"
        ) from None
    from zoomguard.cli.demo_stage import Stage

    with _transcript(as_json), _folder(directory) as folder, Stage.set(folder, BEGINS_AT) as stage:
        _play(stage)
        if serve:
            stage.stay()
    return _told(stage.checks, as_json)


def _transcript(as_json: bool) -> AbstractContextManager[object]:
    """Where the commands and what they print go: standard output belongs to the document."""
    return contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext()


def _told(checks: list[tuple[str, bool]], as_json: bool) -> int:
    passed = sum(holds for _, holds in checks)
    show.out([f"demo: {passed} of {len(checks)} checks passed"], as_json)
    if as_json:
        said = [{"claim": claim, "holds": holds} for claim, holds in checks]
        show.document({"schema": "zoomguard/1", "passed": passed, "of": len(checks), "checks": said})
    return show.DONE if passed == len(checks) else show.FAULT


@contextlib.contextmanager
def _folder(directory: Path | None) -> Iterator[Path]:
    """The folder asked for, which must be new or empty, or one that is gone afterwards."""
    if directory is None:
        with tempfile.TemporaryDirectory(prefix="zoomguard-demo-") as gone:
            yield Path(gone)
        return
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise BadInput(f"{directory} is not empty.", "Name a new folder.", code="NOT_EMPTY")
    yield directory.resolve()


def _play(stage: Any) -> None:
    _set_up(stage)
    with stage.service():
        _refusal(stage)
        session = _schedule(stage)
        _hold(stage, session)
        recording = _archive(stage)
        _reviewer(stage, recording)
    _audit(stage)


def _set_up(stage: Any) -> None:
    stage.say("A college sets itself up, and takes its people in.")
    stage.run(
        "init --organisation 'Northmoor College' --staff-domain northmoor.example"
        " --dsl i.hale@northmoor.example --lead-name 'Imogen Hale' --lead-phone '01632 960134'"
    )
    stage.run("migrate")
    stage.write_school()
    for what in ("staff", "children", "guardians"):
        stage.run(f"people import {what} school/{what}.csv")
    stage.run("people import groups school/groups.csv")
    done = stage.run("consents import school/consents.csv")
    stage.check("people and consents were taken in", done.code == 0)


def _refusal(stage: Any) -> None:
    stage.say("A teacher forgets that one guardian never answered.")
    stage.run(f"login --as {TEACHER}")
    before = stage.zoom_writes()
    refused = stage.run(_command((*CLASS, NO_PERMISSION)))
    stage.check("a session without permission is refused (exit 1)", refused.code == 1)
    stage.check("the refusal names the clause and the child by reference", "CON-CHANNEL" in refused.out)
    stage.check("nothing was written at Zoom", stage.zoom_writes() == before)


def _schedule(stage: Any) -> str:
    stage.say("Without that child every rule holds.")
    began = len(stage.calls())
    done = stage.run(_command(CLASS))
    stage.check("the session is scheduled (exit 0)", done.code == 0)
    session = _find(r"S-[0-9A-Z]{4}", done.out)
    asked = [
        c["method"]
        for c in stage.calls()[began:]
        if re.search(r"/meetings(/\d+)?(/batch_registrants|/registrants)?$", c["path"])
    ]
    stage.check("Zoom was asked to make, show, register, list: in that order", asked == ["POST", "GET", "POST", "GET"])
    stage.wait_for(lambda: len(stage.invitations()) == 5, 10)
    stage.check("one invitation for each guardian who may be written to", len(stage.invitations()) == 5)
    stage.check("no invitation for the guardian without contact", not stage.told_without_contact())
    stage.check("mails carry our door and not Zoom's link", all("/j/" in m["text"] for m in stage.invitations()))
    stage.say("The second adult says yes: until then a session is not ready.")
    stage.run(f"login --as {OBSERVER}")
    accepted = stage.run(f"sessions accept {session}")
    stage.check("the observer's yes is on record (exit 0)", accepted.code == 0)
    stage.run(f"login --as {TEACHER}")
    stage.run(f"sessions show {session}")
    return session


def _hold(stage: Any, session: str) -> None:
    stage.say("The lesson is held (the sandbox plays it, and its clock moves on).")
    stage.hold(session)
    stage.check("Zoom's events reached the service", stage.receipts() > 0)


def _archive(stage: Any) -> str:
    stage.say("At night, cron copies the recording into the archive.")
    first = stage.run("archive")
    stage.check("the recording is archived (exit 0)", first.code == 0 and "1 bag sealed" in first.out)
    again = stage.run("archive")
    stage.check("a second run finds nothing to do", again.code == 0 and " 0 copied" in again.out)
    locks = stage.locks()
    stage.check("every object is locked until the end of its time", bool(locks) and all(locks))
    return stage.recording()


def _reviewer(stage: Any, recording: str) -> None:
    stage.say("Whoever taught may not fetch it, nobody may publish it, a reviewer may with a reason.")
    fetch = f"recordings fetch {recording} --to copies --reason 'weekly sample, week 49'"
    stage.run(f"login --as {TEACHER}")
    taught = stage.run(f"{fetch} --purpose qa_review")
    told = taught.code == 3 and "no such recording" in taught.out
    stage.check("the teacher is told that there is no such recording (exit 3)", told)
    stage.run(f"login --as {REVIEWER}")
    published = stage.run(f"{fetch} --purpose publication")
    stage.check("publication is refused (exit 1)", published.code == 1)
    fetched = stage.run(f"{fetch} --purpose qa_review")
    stage.check("the reviewer fetches it (exit 0)", fetched.code == 0)
    stage.check("the copy is a whole bag, file by file as its manifest says", stage.bag_agrees(recording))


def _audit(stage: Any) -> None:
    stage.say("And all of it is on record, in a chain that shows any change.")
    verified = stage.run("audit verify")
    stage.check("the audit chain agrees (exit 0)", verified.code == 0)


def _command(children: tuple[str, ...]) -> str:
    named = " ".join(f"--child {c}" for c in children)
    return f"schedule --observer {OBSERVER} {named} --course MATHS-7B --start '2026-12-01 16:00' --minutes 50"


def _find(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise Fault("The demo's command did not say what it made.", "Report this defect.")
    return match[0]
