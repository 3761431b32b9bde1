"""`zoomguard sessions reschedule`, `cancel`, `replace-observer`, `reassign` and `roster`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click

from zoomguard.cli.asking import completed, misused
from zoomguard.cli.change_text import Words
from zoomguard.cli.command import command, json_option
from zoomguard.cli.layout import local_time
from zoomguard.domain.sessions import CANCELLABLE, CHANGEABLE, POOL
from zoomguard.domain.times import printable

MOVE = Words("Moved", "Would be moved", "Being moved", "Not moved", "Move it and tell them")
CANCEL = Words(
    "Cancelled",
    "Would be cancelled",
    "Being cancelled",
    "Not cancelled",
    "Cancel and tell them",
    next="zoomguard sessions list",
)
OBSERVER = Words(
    "Observer changed", "Observer would change", "Observer is changing", "Observer not changed", "Change the observer"
)
TEACHER = Words(
    "Reassigned", "Would be reassigned", "Being reassigned", "Not reassigned", "Give it to the other teacher"
)
ROSTER = Words("Roster changed", "Roster would change", "Roster is changing", "Roster not changed", "Change the roster")
QUESTIONS = {"start": 'New start, such as "2026-12-01 16:00"', "to": "The new teacher (e-mail)"}
NAMED = frozenset(state.value for state in CHANGEABLE)
ENDING = frozenset(state.value for state in CANCELLABLE)

ids = click.argument("ids", metavar="[ID]...", nargs=-1)
note = click.option("--note", metavar="TEXT", help="A sentence for those who are told.")
dry_run = click.option("--dry-run", is_flag=True, help="Show who would be told; change nothing.")
yes = click.option("--yes", is_flag=True, help="Ask nothing. Needed for several where nobody can be asked.")


def which(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that pick several sessions."""
    for option in (
        click.option("--on", metavar="DATE", help='Those on this day: 2026-12-01, "1 Dec", tue, tomorrow.'),
        click.option("--course", metavar="CODE", help="Those of this course."),
        click.option("--teacher", metavar="EMAIL", help="Those of this teacher."),
    ):
        function = option(function)
    return function


def _act(act: str, words: Words, aim: str, body: dict[str, object], **how: Any) -> int:
    """One session that was named, or several."""
    from zoomguard.cli import changes

    words = replace(words, aim=printable(aim))
    manner = changes.Manner(how["dry_run"], how["yes"], how["as_json"])
    change = changes.Change(act, words, {name: value for name, value in body.items() if value})
    filters = {name: how.get(name) for name in ("teacher", "course", "on")}
    if len(how["ids"]) == 1 and not any(filters.values()):
        return changes.change_one(change, how["ids"][0], manner)
    return changes.change_several(change, changes.chosen(how["ids"], how["states"], **filters), manner)


@command(
    "reschedule",
    'zoomguard sessions reschedule S-7K2M --start "2026-12-02 16:00"',
    'zoomguard sessions reschedule S-7K2M --start "2026-12-02 16:00" --minutes 45 \\',
    '    --note "The hall is taken."',
    'zoomguard sessions reschedule S-7K2M --start "2026-12-02 16:00" --dry-run',
)
@click.argument("id", metavar="ID")
@click.option("--start", metavar="TIME", help='Local time, such as "2026-12-02 16:00".')
@click.option("--minutes", metavar="N", type=int, help="The new length; as before, where it is left out.")
@click.option("--timezone", metavar="ZONE", help="Of the start; the session's, where it is left out.")
@click.option("--fold", type=click.Choice(["earlier", "later"]), help="Which, where the clocks make a time come twice.")
@note
@dry_run
@yes
@json_option
def reschedule(id: str, start: str | None, as_json: bool, **typed: Any) -> int:
    """Moves a session. The links stay; everybody is told once, old time and new."""
    body = completed({"start": start}, QUESTIONS, as_json=as_json)
    more = {name: typed[name] for name in ("minutes", "timezone", "fold", "note")}
    aim = f"{local_time(body['start'])} {typed['timezone'] or ''}".strip()
    return _act("reschedule", MOVE, aim, {**body, **more}, ids=(id,), as_json=as_json, **typed)


@command(
    "cancel",
    "zoomguard sessions cancel S-7K2M",
    "zoomguard sessions cancel --teacher t.wren@northmoor.example --on 2026-12-01 \\",
    '    --note "Mr Wren is ill." --dry-run',
    "zoomguard sessions cancel --course MATHS-7B --yes",
)
@ids
@which
@note
@dry_run
@yes
@json_option
def cancel(note: str | None, **typed: Any) -> int:
    """Cancels sessions: links are shut, families told, the meetings taken out of Zoom."""
    return _act("cancel", CANCEL, "", {"note": note}, states=ENDING, **typed)


@command(
    "replace-observer",
    "zoomguard sessions replace-observer S-7K2M",
    "zoomguard sessions replace-observer S-7K2M --observer s.rao@northmoor.example",
    "zoomguard sessions replace-observer --on 2026-12-01 --course MATHS-7B --pool",
)
@ids
@which
@click.option("--observer", metavar="EMAIL", help="Who is asked.")
@click.option("--pool", is_flag=True, help="Whoever is free is asked; so too where --observer is left out.")
@dry_run
@yes
@json_option
def replace_observer(observer: str | None, pool: bool, **typed: Any) -> int:
    """Asks for another second adult. The first yes gets it, and Zoom is changed then."""
    if observer and pool:
        raise misused("--observer names somebody, --pool asks whoever is free: leave one out.")
    aim = observer or "whoever is free and says yes first"
    return _act("replace-observer", OBSERVER, aim, {"observer": observer or POOL}, states=NAMED, **typed)


@command(
    "reassign",
    "zoomguard sessions reassign S-7K2M --to h.lindqvist@northmoor.example",
    "zoomguard sessions reassign --teacher t.wren@northmoor.example \\",
    "    --on 2026-12-01 --to h.lindqvist@northmoor.example",
    "zoomguard sessions reassign S-7K2M --to s.rao@northmoor.example --dry-run",
)
@ids
@which
@click.option("--to", metavar="EMAIL", help="Who teaches from now on.")
@dry_run
@yes
@json_option
def reassign(to: str | None, as_json: bool, **typed: Any) -> int:
    """Gives sessions to another teacher. The meetings are made anew; the families' links stay."""
    teacher = completed({"to": to}, QUESTIONS, as_json=as_json)["to"]
    return _act("reassign", TEACHER, teacher, {"teacher": teacher}, states=NAMED, as_json=as_json, **typed)


@command(
    "roster",
    "zoomguard sessions roster S-7K2M --add C-0150",
    "zoomguard sessions roster S-7K2M --remove C-0101 --remove C-0102",
    "zoomguard sessions roster S-7K2M --add C-0150 --dry-run",
)
@click.argument("id", metavar="ID")
@click.option("--add", metavar="REF", multiple=True, help="Who comes in; once for each.")
@click.option("--remove", metavar="REF", multiple=True, help="Who leaves; once for each.")
@dry_run
@yes
@json_option
def roster(id: str, add: tuple[str, ...], remove: tuple[str, ...], **typed: Any) -> int:
    """Takes children into a session or out of it; only their families are told."""
    if not (add or remove):
        raise misused("Say who with --add or --remove.")
    aim = ", ".join([*(f"with {ref}" for ref in add), *(f"without {ref}" for ref in remove)])
    return _act("roster", ROSTER, aim, {"add": list(add), "remove": list(remove)}, ids=(id,), **typed)


COMMANDS = (reschedule, cancel, replace_observer, reassign, roster)
