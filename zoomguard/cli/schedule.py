"""`zoomguard schedule`: from what somebody types to a session, or to the reasons why not."""

from __future__ import annotations

import secrets

import click

from zoomguard.cli import server, session_text, show
from zoomguard.cli.answers import Said
from zoomguard.cli.asking import completed
from zoomguard.cli.command import command, json_option

QUESTIONS = {
    "observer": "Observer (e-mail)",
    "child": "Children (references, with blanks between)",
    "course": "Course code (no names)",
    "start": 'Start, such as "2026-12-01 16:00"',
    "minutes": "Minutes",
}


@command(
    "schedule",
    "zoomguard schedule --observer p.nandakumar@northmoor.example --child C-0101 \\",
    '    --child C-0102 --course MATHS-7B --start "2026-12-01 16:00" --minutes 50',
    "zoomguard schedule ... --timezone Asia/Ho_Chi_Minh --dry-run",
    "zoomguard schedule          (asks for what is missing)",
)
@click.option("--teacher", metavar="EMAIL", help="Who teaches; you, where it is left out.")
@click.option("--observer", metavar="EMAIL", help="The second member of staff.")
@click.option("--child", "children", metavar="REF", multiple=True, help="The school's reference; once for each child.")
@click.option("--course", metavar="CODE", help="A code such as MATHS-7B; no names.")
@click.option("--start", metavar="TIME", help='Local time, such as "2026-12-01 16:00".')
@click.option("--minutes", metavar="N", type=int, help="How long it lasts.")
@click.option("--timezone", metavar="ZONE", default="Europe/London", show_default=True, help="Of the start.")
@click.option("--fold", type=click.Choice(["earlier", "later"]), help="Which, where the clocks make a time come twice.")
@click.option("--dry-run", is_flag=True, help="Ask the rules; create and keep nothing.")
@json_option
def schedule(
    teacher: str | None,
    observer: str | None,
    children: tuple[str, ...],
    course: str | None,
    start: str | None,
    minutes: int | None,
    timezone: str,
    fold: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Schedules a session with children, if the rules allow it.

    Exit 1 says that they do not: all reasons come at once, each with what to do about it.
    """
    typed = {"observer": observer, "child": " ".join(children), "course": course, "start": start}
    whole = completed({**typed, "minutes": "" if minutes is None else str(minutes)}, QUESTIONS, as_json=as_json)
    body: dict[str, object] = {
        "observer": whole["observer"],
        "children": list(children) or whole["child"].split(),
        "course": whole["course"],
        "start": whole["start"],
        "minutes": _number(whole["minutes"]),
        "timezone": timezone,
        "dry_run": dry_run,
    }
    body |= {name: value for name, value in (("teacher", teacher), ("fold", fold)) if value}
    return ask(body, as_json)


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise click.BadParameter("not a whole number", param_hint="--minutes") from None


def ask(body: dict[str, object], as_json: bool) -> int:
    """Sends the ask under a key of its own, so that a repeat after a lost answer schedules nothing twice."""
    reply = server.connect().send("POST", "/sessions", body, key=f"cli-{secrets.token_hex(16)}")
    if reply.refused:
        return show.refused(Said(reply.document).document, as_json, session_text.NOT_SCHEDULED)
    answer = reply.said()
    show.out(session_text.scheduled(answer), as_json)
    if as_json:
        show.document(answer.document)
    return show.DONE
