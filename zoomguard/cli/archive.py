"""`zoomguard archive`: copies and checks what is due, proves what was archived, compares all sides."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import click

from zoomguard.cli import layout, show
from zoomguard.cli.command import group, json_option
from zoomguard.cli.in_process import AT_ZOOM, IN_S3, operator
from zoomguard.cli.progress import Progress
from zoomguard.domain.times import printable

# For cron: postponed work is done by a later run, what is missing or wrong needs a person.
EXITS = {"done": show.DONE, "postponed": show.OUTSIDE, "wrong": show.INTEGRITY}
SAMPLE, LARGEST_SAMPLE = 25, 1_000_000
quiet_option = click.option("--quiet", is_flag=True, help="Say nothing unless something is left or wrong.")


class Report(Protocol):
    """What a run of the archive gives."""

    @property
    def exit(self) -> str: ...
    def as_json(self) -> dict[str, object]: ...
    def lines(self) -> Sequence[str]: ...


@group(
    "archive",
    "zoomguard archive",
    "zoomguard archive --since 2026-11-01",
    "zoomguard archive --session S-7K2M --json",
    "zoomguard archive --quiet      (for cron: silent unless something is wrong)",
    "zoomguard archive verify --sample 25",
    "zoomguard archive reconcile",
    alone=True,
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Look at Zoom from this day on.")
@click.option(
    "--session",
    metavar="ID",
    help="Copies, and tells of, this session alone; files given up as missing are tried again.",
)
@quiet_option
@json_option
@click.pass_context
def archive(context: click.Context, since: datetime | None, session: str | None, quiet: bool, as_json: bool) -> int:
    """Copies recordings from Zoom, locks and checks them (operator, on the server).

    Exit 0: all done, nothing due, or in another run's hands. Exit 4: some is postponed. Exit 5: something is missing
    or wrong.
    """
    if context.invoked_subcommand is not None:
        return show.DONE
    with Progress(sys.stderr, quiet=quiet) as progress, operator(*AT_ZOOM, *IN_S3) as application:
        # Off a terminal this is the one line; on one it is overwritten by what comes.
        progress.say("Looking for recordings at Zoom ...")
        day = since.date() if since else None
        return _told(application.archive.run(day, session, lambda *far: progress.say(_far(*far))), quiet, as_json)


@archive.command(
    "verify",
    examples=("zoomguard archive verify", "zoomguard archive verify --sample 100", "zoomguard archive verify --all"),
)
@click.option(
    "--sample",
    type=click.IntRange(1, LARGEST_SAMPLE),
    metavar="N",
    help=f"So many bags ({SAMPLE}), oldest check first.",
)
@click.option("--all", "everything", is_flag=True, help="Every bag.")
@quiet_option
@json_option
def verify(sample: int | None, everything: bool, quiet: bool, as_json: bool) -> int:
    """Reads bags again from S3: every byte, manifest and checksum.

    Exit 0: all agree. Exit 4: S3 could not tell. Exit 5: a bag differs; key and version are named.
    """
    if everything and sample is not None:
        raise click.UsageError("Give --sample or --all, not both.")
    with Progress(sys.stderr, quiet=quiet) as progress, operator(*IN_S3) as application:
        progress.say("Reading bags again from S3 ...")
        most = None if everything else sample or SAMPLE
        return _told(application.archive.verify(most, lambda *far: progress.say(_far(*far))), quiet, as_json)


@archive.command(
    "reconcile",
    examples=("zoomguard archive reconcile --quiet", "zoomguard archive reconcile --rebuild"),
)
@click.option("--rebuild", is_flag=True, help="Make the index anew from the bags (in a database without recordings).")
@quiet_option
@json_option
def reconcile(rebuild: bool, quiet: bool, as_json: bool) -> int:
    """Compares Zoom, the index and S3, in both directions. Deletes nothing.

    Exit 0: all agree. Exit 4: a side could not tell. Exit 5: something was found that nobody has settled.
    """
    reaches = IN_S3 if rebuild else (*AT_ZOOM, *IN_S3)
    with Progress(sys.stderr, quiet=quiet) as progress, operator(*reaches) as application:
        progress.say("Comparing ...")
        if rebuild:
            return _told(application.archive.rebuild(), quiet, as_json)
        return _told(application.archive.reconcile(lambda _, n, __: progress.say(f"{n} versions")), quiet, as_json)


def _told(report: Report, quiet: bool, as_json: bool) -> int:
    code = EXITS[report.exit]
    if not quiet or code:
        show.out([row for line in report.lines() for row in _rows(printable(line))], as_json)
    if as_json:
        show.document(report.as_json())
    return code


def _rows(line: str) -> list[str]:
    """Keys and versions, which are indented, stay whole: somebody will copy them."""
    return [line] if line.startswith("  ") else layout.wrap(line, rest="    ")


def _far(label: str, done: int, total: int | None) -> str:
    of_all = f" of {layout.size(total)}" if total is not None else ""
    return f"{label}  {layout.size(done)}{of_all}"
