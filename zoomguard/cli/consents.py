"""`zoomguard consents`: what guardians answered, taken in on the server."""

from __future__ import annotations

import shlex

import click

from zoomguard.cli import files
from zoomguard.cli.command import group, json_option
from zoomguard.cli.in_process import operator


@group("consents", "zoomguard consents import answers.csv --dry-run")
def consents() -> None:
    """What guardians allowed."""


@consents.command(
    "import", examples=("zoomguard consents import answers.csv", "zoomguard consents import - --skip-bad < answers.csv")
)
@click.argument("file", metavar="FILE")
@click.option("--skip-bad", is_flag=True, help="Write the good lines and leave the bad ones out.")
@click.option("--dry-run", is_flag=True, help="Read and compare; write nothing.")
@json_option
def import_(file: str, skip_bad: bool, dry_run: bool, as_json: bool) -> int:
    """Takes a CSV file in (operator, on the server): all of it, or nothing. FILE "-" is standard input."""
    content = files.content_of(file)
    with operator() as application:
        answer = application.consents.import_file(content, skip_bad=skip_bad, dry_run=dry_run)
    again = f"zoomguard consents import {shlex.quote(file)}"
    return files.tell(answer, again, dry_run=dry_run, skip_bad=skip_bad, as_json=as_json)
