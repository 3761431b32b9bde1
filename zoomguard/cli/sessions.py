"""`zoomguard sessions`: list, show, the sheet of a day, and all that changes a session."""

from __future__ import annotations

from urllib.parse import urlencode

import click

from zoomguard.cli import server, session_answers, session_changes, session_list, show
from zoomguard.cli.asking import misused
from zoomguard.cli.command import group, json_option
from zoomguard.cli.layout import wrap
from zoomguard.domain.times import printable

ZONE = "Europe/London"


@group(
    "sessions",
    "zoomguard sessions list --today",
    "zoomguard sessions show S-7K2M",
    'zoomguard sessions reschedule S-7K2M --start "2026-12-02 16:00"',
)
def sessions() -> None:
    """The planned lessons that you may see."""


for command in (*session_changes.COMMANDS, *session_answers.COMMANDS):
    sessions.add_command(command)


@sessions.command(
    "list",
    examples=(
        "zoomguard sessions list --today",
        "zoomguard sessions list --teacher t.wren@northmoor.example --on 2026-12-01",
        "zoomguard sessions list --course MATHS-7B --json",
    ),
)
@click.option("--teacher", metavar="EMAIL", help="Those of this teacher.")
@click.option("--course", metavar="CODE", help="Those of this course.")
@click.option("--on", metavar="DATE", help='Those on this day: 2026-12-01, "1 Dec", tue, tomorrow.')
@click.option("--today", is_flag=True, help=f"Those of today, {ZONE}.")
@json_option
def list_(teacher: str | None, course: str | None, on: str | None, today: bool, as_json: bool) -> None:
    """Lists the sessions from yesterday on, or those of a day."""
    if on and today:
        raise misused("--on names a day, --today another: leave one out.")
    filters = {"teacher": teacher, "course": course, "on": _today() if today else on}
    query = urlencode({name: value for name, value in filters.items() if value})
    said = server.connect().get(f"/sessions?{query}" if query else "/sessions")
    show.out(session_list.listed(said.parts("sessions")), as_json)
    if as_json:
        show.document(said.document)


@sessions.command(
    "show",
    examples=(
        "zoomguard sessions show S-7K2M",
        "zoomguard sessions show S-7K2M --json",
        "zoomguard sessions show 01KB00000000000000000000AA",
    ),
)
@click.argument("id", metavar="ID")
@json_option
def show_(id: str, as_json: bool) -> None:
    """Shows a session, and why it is allowed: rules and consents."""
    from zoomguard.cli.client import segment

    said = server.connect().get(f"/sessions/{segment(id)}")
    show.out(session_list.detail(said), as_json)
    if as_json:
        show.document(said.document)


@sessions.command(
    "sheet",
    examples=(
        "zoomguard sessions sheet",
        "zoomguard sessions sheet --on 2026-12-01",
        "zoomguard sessions sheet --on 2026-12-01 | lpr",
    ),
)
@click.option("--on", metavar="DATE", help='The day: 2026-12-01, "1 Dec", tue; today where it is left out.')
@json_option
def sheet(on: str | None, as_json: bool) -> None:
    """Prints the sheet of a day: who teaches and watches what, for the case that nothing works."""
    from zoomguard.cli.client import segment

    said = server.connect().get(f"/days/{segment(on or _today())}")
    show.out((part for line in said.raw("text").splitlines() for part in wrap(printable(line))), as_json)
    if as_json:
        show.document(said.document)


def _today() -> str:
    from zoomguard.cli.today import today

    return today(ZONE)
