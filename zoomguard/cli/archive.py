"""`zoomguard archive`: copies and checks what is due, and exits with what is left."""

from __future__ import annotations

import sys
from datetime import datetime

import click

from zoomguard.cli import layout, show
from zoomguard.cli.command import command, json_option
from zoomguard.cli.in_process import operator
from zoomguard.cli.progress import Progress
from zoomguard.domain.times import printable

# For cron: postponed work is done by a later run, what is missing or wrong needs a person.
EXITS = {"done": show.DONE, "postponed": show.OUTSIDE, "wrong": show.INTEGRITY}


@command(
    "archive",
    "zoomguard archive",
    "zoomguard archive --since 2026-11-01",
    "zoomguard archive --session S-7K2M --json",
    "zoomguard archive --quiet      (for cron: silent unless something is wrong)",
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Look at Zoom from this day on.")
@click.option("--session", metavar="ID", help="Only this session.")
@click.option("--quiet", is_flag=True, help="Say nothing unless something is left or wrong.")
@json_option
def archive(since: datetime | None, session: str | None, quiet: bool, as_json: bool) -> int:
    """Copies recordings from Zoom, locks and checks them (operator, on the server).

    Exit 0: all done, or nothing due. Exit 4: some is postponed. Exit 5: something is missing or wrong.
    """
    with Progress(sys.stderr, quiet=quiet) as progress, operator() as application:
        # Off a terminal this is the one line; on one it is overwritten by what comes.
        progress.say("Looking for recordings at Zoom ...")
        day = since.date() if since else None
        answer = application.archive.run(day, session, lambda *far: progress.say(_far(*far)))
    code = EXITS[answer.exit]
    if not quiet or code:
        show.out([row for line in answer.lines() for row in layout.wrap(printable(line), rest="    ")], as_json)
    if as_json:
        show.document(answer.as_json())
    return code


def _far(label: str, done: int, total: int | None) -> str:
    of_all = f" of {layout.size(total)}" if total is not None else ""
    return f"{label}  {layout.size(done)}{of_all}"
