"""`zoomguard schedule`: from what somebody types to a session, a series or a whole timetable."""

from __future__ import annotations

import re
import secrets
from typing import Any

import click
from click.core import ParameterSource

from zoomguard.cli import server, session_text, show
from zoomguard.cli.answers import Said
from zoomguard.cli.asking import can_ask, completed, misused
from zoomguard.cli.command import command, json_option
from zoomguard.domain.times import printable

CLASS, LENGTH = "Class (empty: name the children)", "Minutes (empty: as its last lesson)"
# The first is asked for by its two names where nobody can answer.
QUESTIONS = {
    "group or --child": CLASS,
    "child": "Children (references, with blanks between)",
    "course": "Course code (no names)",
    "start": 'Start, such as "2026-12-01 16:00" or "tue 16:00"',
    "minutes": "Minutes",
    "until": "Last day of the series, such as 2027-03-26",
}
SESSION = re.compile(r"[Ss]-[0-9A-Za-z]{4}")
ONCE, SEVERAL = ("teacher", "observer", "group", "like", "fold"), ("without", "reserves")


@command(
    "schedule",
    "zoomguard schedule MATHS-7B 1 Dec 16:00     (a class; as long as last time)",
    "zoomguard schedule S-7K2M tue 16:00         (as that session)",
    'zoomguard schedule --group MATHS-7B --start "2026-12-01 16:00" --minutes 50 \\',
    "    --weekly --until 2027-03-26",
    "zoomguard schedule --csv autumn.csv --dry-run",
    "zoomguard schedule --observer p.nandakumar@northmoor.example --child C-0101 \\",
    '    --child C-0102 --course MATHS-7B --start "2026-12-01 16:00" --minutes 50',
    "zoomguard schedule          (asks for what is missing)",
)
@click.argument("words", metavar="[CLASS|S-ID] [START]", nargs=-1)
@click.option("--teacher", metavar="EMAIL", help="Who teaches; you, where it is left out.")
@click.option("--observer", metavar="EMAIL|pool", help="The second adult; whoever is free, where it is left out.")
@click.option("--reserve", "reserves", metavar="EMAIL", multiple=True, help="Who steps in; once for each, in order.")
@click.option("--group", metavar="G", help="A class: its children, and its name as the course.")
@click.option("--child", "children", metavar="REF", multiple=True, help="The school's reference; once for each child.")
@click.option("--except", "without", metavar="REF", multiple=True, help="Somebody of the class who is left out.")
@click.option(
    "--like",
    metavar="S-ID",
    help="As that session: children, course, minutes, teacher; and the observer where one was named.",
)
@click.option("--course", metavar="CODE", help="A code such as MATHS-7B; no names.")
@click.option("--start", metavar="TIME", help='Local time: "2026-12-01 16:00", "1 Dec 16:00", "tue 16:00".')
@click.option("--minutes", metavar="N", type=int, help="How long; as the class's last lesson, if left out.")
@click.option("--timezone", metavar="ZONE", default="Europe/London", show_default=True, help="Of the start.")
@click.option("--fold", type=click.Choice(["earlier", "later"]), help="Which, where the clocks make a time come twice.")
@click.option("--weekly", is_flag=True, help="At that time every week, until --until.")
@click.option("--until", metavar="DATE", help="The last day of a series, such as 2027-03-26.")
@click.option("--csv", "file", metavar="FILE", help='A timetable of at most 1 MiB; "-" is standard input.')
@click.option("--batch", metavar="ID", help="Look again at a series or timetable under way.")
@click.option("--dry-run", is_flag=True, help="Ask the rules; create and keep nothing.")
@json_option
@click.pass_context
def schedule(
    ctx: click.Context,
    words: tuple[str, ...],
    file: str | None,
    batch: str | None,
    dry_run: bool,
    as_json: bool,
    **typed: Any,
) -> int:
    """Schedules sessions with children, if the rules allow it.

    Exit 1 says that they do not: all reasons come at once, each with what to do about it.
    """
    from zoomguard.cli import batches

    if batch:
        _alone(ctx, "batch")
        return batches.watched(batch, as_json)
    if file:
        _alone(ctx, "file", "dry_run")
        return batches.of_file(file, dry_run, as_json)
    until = _until(typed.pop("weekly"), typed.pop("until"), as_json)
    body = lesson(_understood(words, typed), as_json)
    if until:
        return batches.of_series(body, until, dry_run, as_json)
    return ask(body | {"dry_run": dry_run}, as_json)


def _alone(ctx: click.Context, *fitting: str) -> None:
    """A usage error where options were typed that have nothing to say here."""
    typed = [p for p in ctx.command.params if ctx.get_parameter_source(p.name or "") is ParameterSource.COMMANDLINE]
    others = ", ".join(_called(p) for p in typed if p.name not in (*fitting, "as_json"))
    if others:
        option = next(_called(p) for p in typed if p.name == fitting[0])
        raise misused(f"{option} says it all: leave out {others}.")


def _called(parameter: click.Parameter) -> str:
    return parameter.opts[0] if isinstance(parameter, click.Option) else "class and start"


def _understood(words: tuple[str, ...], typed: dict[str, Any]) -> dict[str, Any]:
    """With the words in their places: first a class or a session, where no option says it, then the start."""
    if words and not (typed["group"] or typed["like"] or typed["children"]):
        typed = typed | {"like" if SESSION.fullmatch(words[0]) else "group": words[0]}
        words = words[1:]
    if words and typed["start"]:
        raise misused(f'The start is said twice: leave out --start, or "{printable(" ".join(words))[:40]}".')
    return typed | {"start": " ".join(words)} if words else typed


def _until(weekly: bool, until: str | None, as_json: bool) -> str:
    if until and not weekly:
        raise misused("--until is the last day of a series: add --weekly.")
    return completed({"until": until}, QUESTIONS, as_json=as_json)["until"] if weekly else ""


def lesson(typed: dict[str, Any], as_json: bool) -> dict[str, object]:
    """One ask as it is sent. What is really missing is asked for on a terminal."""
    whole = _whole(typed, as_json)
    body: dict[str, object] = {
        "children": whole.get("child", "").split() or list(typed["children"]),
        "course": whole.get("course") or typed["course"] or "",
        "start": whole["start"],
        "timezone": typed["timezone"],
    }
    minutes = _number(whole["minutes"]) if whole.get("minutes") else typed["minutes"]
    body |= {} if minutes is None else {"minutes": minutes}
    body |= {name: typed[name] for name in ONCE if typed[name]}
    return body | {name: list(typed[name]) for name in SEVERAL if typed[name]}


def _whole(typed: dict[str, Any], as_json: bool) -> dict[str, str]:
    """What must be there and is not said by a class or by another session."""
    named = typed["group"] or typed["children"] or typed["like"]
    if not named and can_ask(as_json):
        typed["group"] = click.prompt(CLASS, default="", show_default=False, err=True)
    whole = completed(_needed(typed, as_json), QUESTIONS, as_json=as_json)
    if not named and typed["group"] and typed["minutes"] is None:
        whole["minutes"] = click.prompt(LENGTH, default="", show_default=False, err=True)
    return whole


def _needed(typed: dict[str, Any], as_json: bool) -> dict[str, str]:
    needed: dict[str, str] = {}
    if not (typed["group"] or typed["children"] or typed["like"]):
        needed["child" if can_ask(as_json) else "group or --child"] = ""
    if not (typed["group"] or typed["like"]) and (typed["children"] or can_ask(as_json)):
        needed["course"] = typed["course"] or ""
    needed["start"] = typed["start"] or ""
    if not (typed["like"] or typed["group"]):
        needed["minutes"] = "" if typed["minutes"] is None else str(typed["minutes"])
    return needed


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
