"""`zoomguard sessions`: list, show, cancel."""

from __future__ import annotations

import click

from zoomguard.cli import server, session_text, show
from zoomguard.cli.command import group, json_option


@group("sessions", "zoomguard sessions list", "zoomguard sessions show S-7K2M")
def sessions() -> None:
    """The planned lessons that you may see."""


@sessions.command("list", examples=("zoomguard sessions list", "zoomguard sessions list --json"))
@json_option
def list_(as_json: bool) -> None:
    """Lists the sessions from yesterday on."""
    said = server.connect().get("/sessions")
    show.out(session_text.listed(said.parts("sessions")), as_json)
    if as_json:
        show.document(said.document)


@sessions.command("show", examples=("zoomguard sessions show S-7K2M", "zoomguard sessions show S-7K2M --json"))
@click.argument("id", metavar="ID")
@json_option
def show_(id: str, as_json: bool) -> None:
    """Shows a session, and why it is allowed: rules and consents."""
    said = server.connect().get(_path(id))
    show.out(session_text.detail(said), as_json)
    if as_json:
        show.document(said.document)


@sessions.command("cancel", examples=("zoomguard sessions cancel S-7K2M", "zoomguard sessions cancel S-7K2M --dry-run"))
@click.argument("id", metavar="ID")
@click.option("--dry-run", is_flag=True, help="Show the session; cancel nothing.")
@json_option
def cancel(id: str, dry_run: bool, as_json: bool) -> None:
    """Cancels a session: links are shut, families told, the meeting taken out of Zoom."""
    client = server.connect()
    said = client.get(_path(id)) if dry_run else client.post(f"{_path(id)}/cancel")
    session = said.needed("session")
    if dry_run:
        lines = [*session_text.head(session, "Would be cancelled"), "Nothing was changed."]
        lines.append("Next: run it again without --dry-run.")
    else:
        state = session.text("state")
        words = "Cancelled" if state == "cancelled" else f"Being cancelled ({state})"
        lines = [*session_text.head(session, words), "Next: zoomguard sessions list"]
    show.out(lines, as_json)
    if as_json:
        show.document(said.document)


def _path(id: str) -> str:
    from zoomguard.cli.client import segment

    return f"/sessions/{segment(id)}"
