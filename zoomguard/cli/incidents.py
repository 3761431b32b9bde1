"""`zoomguard incidents`: what was found about evidence, and how it was settled."""

from __future__ import annotations

import click

from zoomguard.cli import layout, server, show
from zoomguard.cli.answers import Said
from zoomguard.cli.asking import completed
from zoomguard.cli.command import group, json_option

ZONE = "Europe/London"
QUESTIONS = {"note": "How it was settled (it is kept with your name)"}
NONE_OPEN = "No incident is open."
CLOSE = 'zoomguard incidents close I-7K2M --note "Recovered from Zoom\'s trash."'


@group("incidents", "zoomguard incidents list", "zoomguard incidents show I-7K2M", CLOSE)
def incidents() -> None:
    """Findings about evidence that a person must settle."""


@incidents.command(
    "list",
    examples=("zoomguard incidents list", "zoomguard incidents list --closed", "zoomguard incidents list --json"),
)
@click.option("--closed", is_flag=True, help="Those that were settled too.")
@json_option
def list_(closed: bool, as_json: bool) -> None:
    """Lists open incidents, grave ones first."""
    said = server.connect().get(f"/incidents{'?closed=true' if closed else ''}")
    show.out(_listed(said.parts("incidents"), closed), as_json)
    if as_json:
        show.document(said.document)


def _listed(found: list[Said], closed: bool) -> list[str]:
    if not found:
        more = "sessions list" if closed else "incidents list --closed"
        return ["No incidents." if closed else NONE_OPEN, f"Next: zoomguard {more}"]
    # As the service sends them: open ones first.
    still = [i for i in found if not i.text("closed_at")]
    rows = [(i.text("short_id"), _stands(i), _day(i), _about(i), i.text("title")) for i in found]
    lines = [
        *layout.wrap(_counted(still, len(found) - len(still))),
        "",
        *layout.table(("INCIDENT", "", "FOUND", "ABOUT", "WHAT"), rows),
    ]
    return [*lines, "", f"Next: zoomguard incidents show {found[0].text('short_id')}"]


def _counted(still: list[Said], closed: int) -> str:
    """How many are open, and how many closed ones stand below them; one of the two there is."""
    after = layout.counted(closed, "closed one follows.", "closed ones follow.") if closed else ""
    if not still:
        return f"No incident is open; {after}"
    grave = sum(_is_grave(i) for i in still)
    more = f", {grave} grave: evidence is missing, or not what it was." if grave else "."
    return f"{layout.counted(len(still), 'open incident', 'open incidents')}{more} {after}".rstrip()


def _is_grave(incident: Said) -> bool:
    return incident.document.get("grave") is True


def _stands(incident: Said) -> str:
    return "closed" if incident.text("closed_at") else "grave" if _is_grave(incident) else "open"


def _day(incident: Said) -> str:
    return layout.short_day(incident.text("opened_at"), ZONE)


def _about(incident: Said) -> str:
    """The lesson or the recording; where there is none, the end of what it is about: of a key its file."""
    said = incident.text("session") or incident.text("recording")
    return said or incident.text("subject").partition("@")[0].rpartition("/")[2][-24:] or "-"


@incidents.command("show", examples=("zoomguard incidents show I-7K2M", "zoomguard incidents show I-7K2M --json"))
@click.argument("id", metavar="ID")
@json_option
def show_(id: str, as_json: bool) -> None:
    """Shows an incident: what was found, what to do, and its history."""
    from zoomguard.cli.client import segment

    said = server.connect().get(f"/incidents/{segment(id)}")
    show.out(_shown(said.needed("incident")), as_json)
    if as_json:
        show.document(said.document)


def _shown(incident: Said) -> list[str]:
    short_id, closed = incident.text("short_id"), incident.text("closed_at")
    # Keys and versions: somebody will copy them.
    exact = [("Subject", incident.text("subject")), *_details(incident.part("detail"))]
    rows = [
        ("State", f"closed {layout.moment(closed, ZONE)}" if closed else "open"),
        ("Grave", "yes: evidence is missing, or not what it was" if _is_grave(incident) else "no"),
        ("Found", layout.moment(incident.text("opened_at"), ZONE)),
        ("Lesson", incident.text("session")),
        ("Recording", incident.text("recording")),
        *exact,
        ("What to do", incident.text("remedy")),
    ]
    lines = [
        *layout.wrap(f"{short_id}  {incident.text('title')}"),
        *layout.facts(rows, whole=dict(exact)),
        "",
        "History",
    ]
    for one in incident.parts("history"):
        lines += layout.wrap(f"{layout.moment(one.text('at'), ZONE)}  {one.text('what')}, {one.text('by')}", "  ")
        lines += layout.wrap(one.text("text"), "    ") if one.text("text") else []
    may_close = incident.document.get("may_close") is True
    return [*lines, "", f"Next: zoomguard incidents {f'close {short_id} --note TEXT' if may_close else 'list'}"]


def _details(detail: Said | None) -> list[tuple[str, str]]:
    names = detail.document if detail else {}
    return [(str(name).replace("_", " ").capitalize(), detail.text(name)) for name in names] if detail else []


@incidents.command("close", examples=(CLOSE, "zoomguard incidents close I-7K2M"))
@click.argument("id", metavar="ID")
@click.option("--note", metavar="TEXT", help="How it was settled, in 8 to 500 characters.")
@json_option
def close(id: str, note: str | None, as_json: bool) -> None:
    """Settles an incident; nobody settles what is about a lesson of their own."""
    from zoomguard.cli.client import segment

    whole = completed({"note": (note or "").strip()}, QUESTIONS, as_json=as_json)
    said = server.connect().post(f"/incidents/{segment(id)}/close", whole)
    incident = said.needed("incident")
    show.out(layout.wrap(f"Closed: {incident.text('short_id')}  {incident.text('title')}"), as_json)
    show.out(["Next: zoomguard incidents list"], as_json)
    if as_json:
        show.document(said.document)
