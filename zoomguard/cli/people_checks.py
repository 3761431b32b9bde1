"""`zoomguard people check` and `deactivate`: over HTTP, unlike the operator's commands for people."""

from __future__ import annotations

from urllib.parse import urlencode

import click

from zoomguard.cli import change_text, layout, server, show
from zoomguard.cli.answers import Said
from zoomguard.cli.asking import agreed, can_ask
from zoomguard.cli.command import command, json_option
from zoomguard.cli.session_text import head
from zoomguard.domain.times import printable

VERDICTS = {"pass": "ok", "fail": "FIX", "unknown": "could not tell", "not_applicable": "-"}


@command(
    "check",
    "zoomguard people check t.wren@northmoor.example",
    "zoomguard people check o.mbeki@northmoor.example --json",
    "zoomguard people check s.rao@northmoor.example && echo ready",
)
@click.argument("email", metavar="EMAIL")
@json_option
def check(email: str, as_json: bool) -> int:
    """Whether somebody may teach and observe: training, checks, account at Zoom. Exit 1 where not."""
    said = server.connect().get(f"/people/check?{urlencode({'email': email})}")
    ready = said.needed("person").text("ready") == "yes"
    show.out(_checked(said, ready), as_json)
    if as_json:
        show.document(said.document)
    return show.DONE if ready else show.REFUSED


def _checked(said: Said, ready: bool) -> list[str]:
    person, checks = said.needed("person"), said.parts("checks")
    who = f"{person.text('name')} ({person.text('email')})"
    lines = [*layout.wrap(f"{who}: {'ready for a lesson' if ready else 'not ready for a lesson'}."), ""]
    longest = max((len(c.text("check")) for c in checks), default=0)
    for one in checks:
        verdict = VERDICTS.get(one.text("verdict"), one.text("verdict"))
        first = f"  {one.text('check'):<{longest}}  "
        lines += layout.wrap(". ".join(filter(None, (verdict, one.text("reason")))), first)
        lines += layout.wrap(one.text("remedy"), " " * len(first)) if one.text("remedy") else []
    again = "zoomguard observers free --help" if ready else "put this right and check again."
    return [*lines, "", f"Next: {again}"]


@command(
    "deactivate",
    "zoomguard people deactivate t.wren@northmoor.example --dry-run",
    "zoomguard people deactivate t.wren@northmoor.example",
    "zoomguard people deactivate t.wren@northmoor.example --yes --json",
)
@click.argument("email", metavar="EMAIL")
@click.option("--dry-run", is_flag=True, help="Show which sessions need somebody else; change nothing.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
@json_option
def deactivate(email: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Shuts somebody out at once: tokens end, links shut, sessions need somebody else.

    For the safeguarding lead and the deputies. Lessons that this person said no to observing do not count.
    """
    client = server.connect()
    if not dry_run and not yes and can_ask(as_json):
        would = client.post("/people/deactivate", {"email": email, "dry_run": True})
        show.out(_sessions(would), as_json=True)
        if not agreed("Shut this person out now?"):
            show.out([change_text.UNTOUCHED])
            return show.DONE
    said = client.post("/people/deactivate", {"email": email, "dry_run": dry_run})
    show.out(_deactivated(said, email, dry_run), as_json)
    if as_json:
        show.document(said.document)
    return show.DONE


def _deactivated(said: Said, email: str, dry_run: bool) -> list[str]:
    done = "Already shut out" if said.text("outcome") == "unchanged" else "Shut out"
    lines = [*layout.wrap(f"{'Would be shut out' if dry_run else done}: {printable(email)}"), *_sessions(said)]
    if dry_run:
        return [*lines, f"{change_text.UNTOUCHED} Next: run it again without --dry-run."]
    return [*lines, "Next: zoomguard sessions reassign --teacher EMAIL --to EMAIL"]


def _sessions(said: Said) -> list[str]:
    sessions = said.parts("sessions")
    count = layout.counted(len(sessions), "session needs", "sessions need")
    lines = [f"{count} somebody else{':' if sessions else '.'}"]
    return lines + [f"  {line}" for session in sessions for line in head(session.part("session") or session)]
