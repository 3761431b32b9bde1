"""`zoomguard observers`: who could be the second adult."""

from __future__ import annotations

from urllib.parse import urlencode

import click

from zoomguard.cli import layout, server, show
from zoomguard.cli.answers import Said
from zoomguard.cli.asking import completed
from zoomguard.cli.command import group, json_option
from zoomguard.domain.observers import BACK_TO_BACK_MINUTES

QUESTIONS = {"start": 'Start, such as "2026-12-01 16:00" or "tue 16:00"', "minutes": "Minutes"}
PAUSE = f"PAUSE is none where another lesson of theirs is less than {BACK_TO_BACK_MINUTES} minutes before or after."


@group(
    "observers",
    'zoomguard observers free --start "2026-12-01 16:00" --minutes 50',
    'zoomguard observers free --start "2026-12-01 16:00" --minutes 50 --json',
)
def observers() -> None:
    """Colleagues who may be the second adult of a session."""


@observers.command(
    "free",
    examples=(
        'zoomguard observers free --start "2026-12-01 16:00" --minutes 50',
        'zoomguard observers free --start "2026-12-01 23:00" --minutes 50 \\',
        "    --timezone Asia/Ho_Chi_Minh",
        'zoomguard observers free --start "2026-12-01 16:00" --minutes 50 --json',
    ),
)
@click.option("--start", metavar="TIME", help='Local time: "2026-12-01 16:00", "1 Dec 16:00", "tue 16:00".')
@click.option("--minutes", metavar="N", type=int, help="How long it lasts.")
@click.option("--timezone", metavar="ZONE", default="Europe/London", show_default=True, help="Of the start.")
@click.option("--fold", type=click.Choice(["earlier", "later"]), help="Which, where the clocks make a time come twice.")
@json_option
def free(start: str | None, minutes: int | None, timezone: str, fold: str | None, as_json: bool) -> None:
    """Lists who is free and may observe then, best first."""
    typed = {"start": start, "minutes": "" if minutes is None else str(minutes)}
    whole = completed(typed, QUESTIONS, as_json=as_json)
    query = urlencode({**whole, "timezone": timezone, **({"fold": fold} if fold else {})})
    said = server.connect().get(f"/observers/free?{query}")
    show.out(_listed(said.parts("observers"), layout.moment(said.raw("starts_at"), timezone)), as_json)
    if as_json:
        show.document(said.document)


def _listed(found: list[Said], when: str) -> list[str]:
    if not found:
        again = "Next: try another time, or ask the safeguarding lead."
        return [*layout.wrap(f"Nobody is free and may observe on {when}."), *layout.wrap(again)]
    count = layout.counted(len(found), "colleague is", "colleagues are")
    lines = [*layout.wrap(f"{count} free on {when}; best first. LESSONS are those of that week."), ""]
    # The address is last: where the row is too wide it has a line of its own, to be copied whole.
    columns = ("NAME", "LESSONS", "PAUSE", "E-MAIL")
    rows = [(o.text("name"), o.text("lessons_that_week"), _pause(o), o.text("email")) for o in found]
    return [*lines, *layout.table(columns, rows), "", *layout.wrap(PAUSE), *layout.wrap(_next(found[0]))]


def _pause(one: Said) -> str:
    """Whether there are minutes between this lesson and another teacher's."""
    return "none" if one.text("back_to_back") == "yes" else "yes"


def _next(best: Said) -> str:
    return f"Next: zoomguard schedule ... --observer {best.text('email')}"
