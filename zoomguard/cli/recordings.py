"""`zoomguard recordings`: list, show, and fetch a copy with a purpose and a reason."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zoomguard.cli import layout, server, show, today
from zoomguard.cli.answers import Said
from zoomguard.cli.asking import completed
from zoomguard.cli.command import group, json_option
from zoomguard.cli.progress import Progress
from zoomguard.domain.recordings import Purpose
from zoomguard.domain.times import iso, printable

if TYPE_CHECKING:
    from zoomguard.cli.fetch import Brought, Fetched

QUESTIONS = {
    "purpose": f"Purpose ({', '.join(Purpose)})",
    "reason": "Reason (it is kept with your name)",
    "to": "Folder for the copy",
}
NO_ROW = "not on record (after a rebuild)"
WARNING = "This is a film of children: keep it here, show it to nobody else, delete it when done."


@group("recordings", "zoomguard recordings list", "zoomguard recordings show R-31TD")
def recordings() -> None:
    """The recordings that you may see."""


@recordings.command("list", examples=("zoomguard recordings list", "zoomguard recordings list --json"))
@json_option
def list_(as_json: bool) -> None:
    """Lists the recordings."""
    said = server.connect().get("/recordings")
    show.out(_listed(said.parts("recordings")), as_json)
    if as_json:
        show.document(said.document)


def _listed(found: list[Said]) -> list[str]:
    if not found:
        return ["No recordings for you."]
    rows = [
        (r.text("short_id"), r.text("course"), r.text("state"), str(len(r.parts("files"))), _when(r)) for r in found
    ]
    lines = layout.table(("RECORDING", "COURSE", "STATE", "FILES", "BEGAN"), rows)
    return [*lines, "", f"Next: zoomguard recordings show {found[0].text('short_id')}"]


def _when(recording: Said) -> str:
    return layout.moment(recording.text("starts_at"), "Europe/London")


@recordings.command("show", examples=("zoomguard recordings show R-31TD",))
@click.argument("id", metavar="ID")
@json_option
def show_(id: str, as_json: bool) -> None:
    """Shows a recording with its files and checksums."""
    from zoomguard.cli.client import segment

    said = server.connect().get(f"/recordings/{segment(id)}")
    show.out(_shown(said.part("recording") or said), as_json)
    if as_json:
        show.document(said.document)


def _shown(recording: Said) -> list[str]:
    kept = recording.text("retain_until")
    rows = [
        ("State", recording.text("state")),
        ("Session", recording.text("session") or (NO_ROW if recording.text("session_id") else "none of ours")),
        ("Began", _when(recording)),
        ("Kept until", layout.moment(kept, "Europe/London") if kept else "not decided yet"),
    ]
    lines = ["  ".join(filter(None, (recording.text("short_id"), recording.text("course")))), *layout.facts(rows), ""]
    for file in recording.parts("files"):
        size = layout.size(file.number("size")) if file.text("size") else ""
        lines += layout.wrap(f"{_placed(file)}  {file.text('state')}  {size}".rstrip(), "  ")
        lines += layout.wrap(file.text("why"), "    ") if file.text("why") else []
        lines += layout.wrap(_added(file.number("bag")), "    ") if file.number("bag") > 1 else []
        lines += layout.wrap(f"SHA-256 {file.text('sha256')}", "    ") if file.text("sha256") else []
    for absent in recording.parts("absent"):
        lines += layout.wrap(f"{absent.text('name')}  absent", "  ") + layout.wrap(absent.text("why"), "    ")
    again = f"zoomguard recordings fetch {recording.text('short_id')} --purpose P --reason TEXT --to DIR"
    return [*lines, "", *layout.wrap(f"Next: {again}")]


def _placed(file: Said) -> str:
    """The name, with its bag where that is not the first: each bag has names of its own."""
    bag = file.number("bag")
    return f"b{bag:03d}/{file.text('name')}" if bag > 1 else file.text("name")


def _added(bag: int) -> str:
    return f"Added when the recording was archived already: it is in bag b{bag:03d}, its own."


@recordings.command(
    "fetch",
    examples=(
        "zoomguard recordings fetch R-31TD --purpose qa_review \\",
        '    --reason "Weekly sample, week 49" --to ~/qa',
    ),
)
@click.argument("id", metavar="ID")
@click.option(
    "--purpose", type=click.Choice([p.value for p in Purpose]), metavar="P", help=f"Why: {', '.join(Purpose)}."
)
@click.option("--reason", metavar="TEXT", help="In your own words.")
@click.option("--to", "target", metavar="DIR", help="A folder that only you can read; made where it is absent.")
@json_option
def fetch(id: str, purpose: str | None, reason: str | None, target: str | None, as_json: bool) -> None:
    """Copies a recording to this machine and checks it. A cut line goes on when the command is run again."""
    from zoomguard.cli.copies import folder_for_copies

    given = {"purpose": purpose, "reason": (reason or "").strip(), "to": target}
    whole = completed(given, QUESTIONS, as_json=as_json)
    folder = folder_for_copies(whole["to"])
    short_id, files = _fetched(id, folder, whole["purpose"], whole["reason"])
    receipt = str(folder / f"{short_id}.receipt.txt")
    lines = layout.wrap(f"Checked: {len(files)} of {len(files)} files agree with the archive (SHA-256).")
    lines += layout.wrap(f"{printable(str(folder / short_id))}; who, when and why: {printable(receipt)}")
    show.out([*lines, *layout.wrap(WARNING)], as_json)
    if as_json:
        said = {"recording": short_id, "to": str(folder / short_id), "receipt": receipt}
        show.document({"schema": "zoomguard/1", **said, "files": [f.as_json() for f in files]})


def _fetched(id: str, folder: Path, purpose: str, reason: str) -> tuple[str, list[Fetched]]:
    """Opens a play, brings its files, leaves a receipt and ends the play."""
    from zoomguard.cli import fetch as fetching
    from zoomguard.cli.client import segment

    client = server.connect()
    email = client.get("/whoami").text("email")
    ask = {"purpose": purpose, "reason": reason}
    play = client.post(f"/recordings/{segment(id)}/plays", ask).needed("play")
    play_id = segment(play.raw("id"))
    short_id, wanted = fetching.wanted_of(play)
    with Progress(sys.stderr, quiet=not sys.stderr.isatty()) as progress:
        brought = fetching.fetch(client, play_id, wanted, folder, progress.say)
    _leave_receipt(folder, short_id, _receipt(short_id, email, client.origin, ask, brought))
    brought.must_be_whole()
    client.tell("POST", f"/plays/{play_id}/finish")
    return short_id, brought.files


def _receipt(short_id: str, email: str, origin: str, ask: dict[str, str], brought: Brought) -> str:
    lines = [
        f"Copy of recording {short_id}",
        f"Who      {email}",
        f"When     {iso(today.now())}",
        f"From     {origin}",
        f"Purpose  {printable(ask['purpose'])}",
        f"Reason   {printable(ask['reason'])}",
        WARNING,
        *(f"{f.sha256}  {f.path}  {f.size} bytes, {f.outcome}" for f in brought.files),
        *(f"not here: {path}  {error.code}" for path, error in brought.wrong.items()),
    ]
    return "\n".join(lines) + "\n\n"


def _leave_receipt(folder: Path, short_id: str, text: str) -> None:
    """Beside the bag, not in it: the bag stays as it was sealed. Each fetch adds its own lines."""
    from zoomguard.cli.copies import Folder

    name = f"{short_id}.receipt.txt"
    with Folder.at(folder) as top:
        flags = os.O_WRONLY | os.O_APPEND | (0 if top.holds(name) else os.O_CREAT | os.O_EXCL)
        with os.fdopen(top.open(name, flags), "a", encoding="utf-8") as file:
            file.write(text)
