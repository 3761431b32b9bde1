"""`zoomguard incidents`: what was found about evidence, and how it was settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zoomguard.cli import layout, server, show
from zoomguard.cli.answers import Said
from zoomguard.cli.asking import completed
from zoomguard.cli.command import group, json_option
from zoomguard.cli.several import Row, each
from zoomguard.domain.incidents import GRAVE_MEANS, HAPPENED
from zoomguard.domain.people import SERVICE

if TYPE_CHECKING:
    from zoomguard.cli.client import Client

ZONE = "Europe/London"
QUESTIONS = {"note": "How it was settled (it is kept with your name)"}
NONE_OPEN = "No incident is open."
CLOSE = 'zoomguard incidents close I-7K2M --note "Recovered from Zoom\'s trash."'
CLOSE_SEVERAL = 'zoomguard incidents close I-7K2M I-31TD --note "From before the restore."'
# So much of the end of a key: enough of the recording's id, the bag and the file.
LONGEST_ABOUT = 40


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
    show.out(_listed(said.parts("incidents"), said.needed("open"), closed), as_json)
    if as_json:
        show.document(said.document)


def _listed(found: list[Said], count: Said, closed: bool) -> list[str]:
    if not found:
        more = "sessions list" if closed else "incidents list --closed"
        return ["No incidents." if closed else NONE_OPEN, f"Next: zoomguard {more}"]
    # As the service sends them: open ones first.
    still = [i for i in found if not i.text("closed_at")]
    rows = [(i.text("short_id"), _stands(i), _day(i), _about(i), i.text("title")) for i in found]
    lines = [
        *layout.wrap(_counted(len(still), count, len(found) - len(still))),
        "",
        *layout.table(("INCIDENT", "", "FOUND", "ABOUT", "WHAT"), rows),
    ]
    return [*lines, "", f"Next: zoomguard incidents show {found[0].text('short_id')}"]


def _counted(still: int, count: Said, closed: int) -> str:
    """How many are open, of which `still` are listed, and how many closed ones stand below them; one of the two there
    is."""
    after = layout.counted(closed, "closed one follows.", "closed ones follow.") if closed else ""
    if not still:
        return f"No incident is open; {after}"
    # Whatever was opened or closed since they were counted, the list itself is what stands below.
    total, grave = max(still, count.number("total")), count.number("grave")
    they = layout.counted(total, "open incident", "open incidents")
    shown = f"{still} of {they} shown" if still < total else they
    more = f", {grave} grave: {GRAVE_MEANS}." if grave else "."
    return f"{shown}{more} {after}".rstrip()


def _is_grave(incident: Said) -> bool:
    return incident.document.get("grave") is True


def _stands(incident: Said) -> str:
    return "closed" if incident.text("closed_at") else "grave" if _is_grave(incident) else "open"


def _day(incident: Said) -> str:
    return layout.short_day(incident.text("opened_at"), ZONE)


def _about(incident: Said) -> str:
    """The lesson or the recording; where there is none, the end of what it is about: of a key the bag and the file."""
    subject = incident.text("subject").partition("@")[0]
    end = subject if len(subject) <= LONGEST_ABOUT else f"...{subject[3 - LONGEST_ABOUT :]}"
    return incident.text("session") or incident.text("recording") or end or "-"


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
        ("Grave", f"yes: {GRAVE_MEANS}" if _is_grave(incident) else "no"),
        ("Found", layout.moment(incident.text("opened_at"), ZONE)),
        ("Lesson", incident.text("session")),
        ("Recording", incident.text("recording")),
        *exact,
        ("What to do", incident.text("remedy")),
    ]
    lines = [
        *layout.wrap(incident.text("title"), f"{short_id}  "),
        *layout.facts(rows, whole=dict(exact)),
        "",
        "History",
    ]
    for one in incident.parts("history"):
        lines += layout.wrap(f"{layout.moment(one.text('at'), ZONE)}  {_happened(one)}", "  ", "    ")
        lines += layout.wrap(one.text("text"), "    ") if one.text("text") else []
    may_close = incident.document.get("may_close") is True
    return [*lines, "", f"Next: zoomguard incidents {f'close {short_id} --note TEXT' if may_close else 'list'}"]


def _happened(one: Said) -> str:
    what, by = one.text("what"), one.text("by")
    return f"{HAPPENED.get(what, what)}, by {'the service' if by == SERVICE.id else by}"


def _details(detail: Said | None) -> list[tuple[str, str]]:
    names = detail.document if detail else {}
    return [(str(name).replace("_", " ").capitalize(), detail.text(name)) for name in names] if detail else []


@incidents.command("close", examples=(CLOSE, "zoomguard incidents close I-7K2M", CLOSE_SEVERAL))
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--note", metavar="TEXT", help="How it was settled, in 8 to 500 characters; the same for several.")
@json_option
def close(ids: tuple[str, ...], note: str | None, as_json: bool) -> int:
    """Settles incidents; nobody settles what is about a lesson of their own.

    Each of several is closed by itself; the exit code is the worst of theirs.
    """
    whole = completed({"note": (note or "").strip()}, QUESTIONS, as_json=as_json)
    client, named = server.connect(), list(dict.fromkeys(ids))
    if len(named) == 1:
        return _close_one(client, named[0], whole, as_json)
    rows = each(named, lambda id: Row(id, show.DONE, _close(client, id, whole).needed("incident")))
    show.out([line for row in rows for line in _became(row)], as_json)
    show.out(["Next: zoomguard incidents list"], as_json)
    if as_json:
        show.document({"schema": "zoomguard/1", "incidents": [row.as_json("id", "incident") for row in rows]})
    return show.worst(row.exit_code for row in rows)


def _became(row: Row) -> list[str]:
    return _closed(row.answer) if row.answer else layout.wrap(row.wrong(), f"Not closed: {row.id}  ", "  ")


def _close(client: Client, id: str, whole: dict[str, str]) -> Said:
    from zoomguard.cli.client import segment

    return client.post(f"/incidents/{segment(id)}/close", whole)


def _close_one(client: Client, id: str, whole: dict[str, str], as_json: bool) -> int:
    said = _close(client, id, whole)
    show.out([*_closed(said.needed("incident")), "Next: zoomguard incidents list"], as_json)
    if as_json:
        show.document(said.document)
    return show.DONE


def _closed(incident: Said) -> list[str]:
    return layout.wrap(incident.text("title"), f"Closed: {incident.text('short_id')}  ")
