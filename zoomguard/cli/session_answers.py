"""`zoomguard sessions accept`, `decline` and `invitation`."""

from __future__ import annotations

import click

from zoomguard.cli import layout, server, show
from zoomguard.cli.answers import Said
from zoomguard.cli.asking import completed, misused
from zoomguard.cli.command import command, json_option
from zoomguard.cli.session_text import head

OUTCOMES = {
    "accepted": "Yes, thank you: the second adult of",
    "covered": "Somebody else was first. You are not needed for",
    "declined": "No, thank you for saying so. Another is looked for:",
    "unchanged": "Already answered:",
}
WARNING = "Each link leads into Zoom and is for that child alone: hand it over yourself, mail it to nobody else."
QUESTIONS = {"reason": "Why (it is kept with your name)"}
for_option = click.option("--for", "person", metavar="EMAIL", help="For a colleague who told you (coordinators).")


@command(
    "accept",
    "zoomguard sessions accept S-7K2M",
    "zoomguard sessions accept S-7K2M --for p.nandakumar@northmoor.example",
    "zoomguard sessions accept S-7K2M --json",
)
@click.argument("id", metavar="ID")
@for_option
@json_option
def accept(id: str, person: str | None, as_json: bool) -> None:
    """Says yes to being the second adult. The first yes gets it."""
    _answer("accept", id, person, as_json)


@command(
    "decline",
    "zoomguard sessions decline S-7K2M",
    "zoomguard sessions decline S-7K2M --for p.nandakumar@northmoor.example",
    "zoomguard sessions decline S-7K2M --json",
)
@click.argument("id", metavar="ID")
@for_option
@json_option
def decline(id: str, person: str | None, as_json: bool) -> None:
    """Says no to being the second adult; colleagues are asked. No reason is needed."""
    _answer("decline", id, person, as_json)


def _answer(act: str, id: str, person: str | None, as_json: bool) -> None:
    from zoomguard.cli.client import segment

    said = server.connect().post(f"/sessions/{segment(id)}/{act}", {"for": person} if person else {})
    session = said.needed("session")
    words = OUTCOMES.get(said.text("outcome"), said.text("outcome").capitalize())
    lines = [*layout.wrap(words), *(f"  {line}" for line in head(session))]
    show.out([*lines, f"Next: zoomguard sessions show {session.text('short_id')}"], as_json)
    if as_json:
        show.document(said.document)


@command(
    "invitation",
    'zoomguard sessions invitation S-7K2M --direct --reason "Our page is blocked"',
    'zoomguard sessions invitation S-7K2M --direct --reason "No mail" --json',
    "zoomguard sessions invitation S-7K2M --direct        (asks for the reason)",
)
@click.argument("id", metavar="ID")
@click.option("--direct", is_flag=True, help="Zoom's own links, past our door.")
@click.option("--reason", metavar="TEXT", help="Why; it is kept with your name.")
@json_option
def invitation(id: str, direct: bool, reason: str | None, as_json: bool) -> None:
    """Gives out a direct link for each child, where our own cannot be opened (DSL, coordinator)."""
    from zoomguard.cli.client import segment

    if not direct:
        raise misused("Add --direct: every other invitation is sent by itself.")
    whole = completed(
        {"reason": (reason or "").strip()}, {"reason": "Why (it is kept with your name)"}, as_json=as_json
    )
    said = server.connect().post(f"/sessions/{segment(id)}/invitation", {"direct": True, **whole})
    show.out(_links(said), as_json)
    if as_json:
        show.document(said.document)


def _links(said: Said) -> list[str]:
    session, links = said.needed("session"), said.parts("links")
    lines = [*head(session, layout.counted(len(links), "direct link", "direct links")), ""]
    for link in links:
        # A link is never broken in two: it is copied whole.
        lines += [f"  {link.text('child')}", f"    {link.text('link')}"]
    lines += ["", *layout.wrap(WARNING)]
    return [*lines, f"Next: zoomguard sessions show {session.text('short_id')}"]


COMMANDS = (accept, decline, invitation)
