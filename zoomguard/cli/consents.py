"""`zoomguard consents`: answers of guardians, taken in on the server; and whom the office still has to ask."""

from __future__ import annotations

import shlex

import click

from zoomguard.cli import files, layout, server, show
from zoomguard.cli.answers import Said
from zoomguard.cli.command import group, json_option
from zoomguard.cli.in_process import operator

# So many lessons are named for each learner.
NAMED = 3


@group("consents", "zoomguard consents chase", "zoomguard consents import answers.csv --dry-run")
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


@consents.command("chase", examples=("zoomguard consents chase", "zoomguard consents chase --json"))
@json_option
def chase(as_json: bool) -> None:
    """Lists the permissions that lessons to come still want, soonest first (office, safeguarding lead)."""
    said = server.connect().get("/consents/chase")
    show.out(_chased(said.parts("wanted")), as_json)
    if as_json:
        show.document(said.document)


def _chased(found: list[Said]) -> list[str]:
    if not found:
        return ["No lesson to come wants a permission.", "Next: zoomguard sessions list"]
    lines = [f"{layout.counted(len(found), 'learner', 'learners')} without permission for lessons to come."]
    for one in found:
        asked = ", ".join(one.texts("ask")) or "nobody may be asked by mail: speak with the safeguarding lead"
        since = layout.short_day(one.text("since"), "UTC")
        rows = [("Missing", one.text("words")), ("Ask", asked), *_lessons(one), ("Wanted since", since)]
        lines += ["", one.text("child"), *layout.facts(rows)]
    return [*lines, "", "Next: zoomguard consents import FILE, once it is given"]


def _lessons(one: Said) -> list[tuple[str, str]]:
    lessons = one.parts("lessons")
    said = [
        f"{s.text('course')}  {layout.moment(s.text('starts_at'), s.text('zone'))}, {s.text('teacher')}"
        for s in lessons[:NAMED]
    ]
    more = [f"and {len(lessons) - NAMED} more"] if len(lessons) > NAMED else []
    labels = ["Lesson" if len(lessons) == 1 else "Lessons", *[""] * len(lessons)]
    return list(zip(labels, [*said, *more], strict=False))
