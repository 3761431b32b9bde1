"""`zoomguard messages`: what was written to families and staff, and what came of it."""

from __future__ import annotations

from itertools import groupby
from urllib.parse import urlencode

import click

from zoomguard.cli import layout, server, show
from zoomguard.cli.answers import Said
from zoomguard.cli.command import group, json_option

ZONE = "Europe/London"
# Why a message waits, in words.
REASONS = {
    "MSG-HOURS": "children are written to in office hours and by day at home",
    "tz_exception": "no hour is good in both zones: the nearest is taken",
}


@group(
    "messages",
    "zoomguard messages list --session S-7K2M",
    "zoomguard messages resend 01KB00000000000000000000AA",
)
def messages() -> None:
    """Mails about sessions: to whom by reference, never the address or the text."""


@messages.command(
    "list",
    examples=(
        "zoomguard messages list",
        "zoomguard messages list --session S-7K2M",
        "zoomguard messages list --session S-7K2M --json",
    ),
)
@click.option("--session", metavar="S-ID", help="Those about this session.")
@json_option
def list_(session: str | None, as_json: bool) -> None:
    """Lists messages: sent, waiting and why, bounced."""
    query = f"?{urlencode({'session': session})}" if session else ""
    said = server.connect().get(f"/messages{query}")
    show.out(_listed(said.parts("messages")), as_json)
    if as_json:
        show.document(said.document)


def _listed(found: list[Said]) -> list[str]:
    if not found:
        return ["No messages.", "Next: zoomguard sessions list"]
    lines = [f"{layout.counted(len(found), 'message', 'messages')}, newest first.", ""]
    for title, together in groupby(found, key=_title):
        lines += [*layout.wrap(title), "", *_table(list(together)), ""]
    # What needs somebody comes first: it is why one looks here.
    first = min(found, key=lambda m: (not _is_held(m), m.text("state") != "bounced"))
    if _note(first):
        return [*lines, f"Next: zoomguard messages resend {first.text('id')}"]
    return [*lines, "Next: zoomguard messages resend ID, for one that did not arrive"]


def _title(message: Said) -> str:
    return "  ".join(filter(None, (message.text("session"), layout.day(message.text("made_at"), ZONE))))


def _table(found: list[Said]) -> list[str]:
    rows = [
        (layout.hours(m.text("made_at"), 0, ZONE)[:5], _what(m), _to(m), m.text("state"), m.text("id")) for m in found
    ]
    notes = [(m.text("id"), _note(m)) for m in found]
    return [*layout.table(("TIME", "MESSAGE", "TO", "STATE", "ID"), rows), *layout.facts(notes)]


def _what(message: Said) -> str:
    return message.text("template").replace("_", " ")


def _to(message: Said) -> str:
    return " ".join(filter(None, (message.text("audience"), message.text("to_reference"))))


def _is_held(message: Said) -> bool:
    """Whether it waits for somebody; one that was dropped meanwhile waits for nobody."""
    return message.text("state") == "queued" and bool(message.text("awaits"))


def _note(message: Said) -> str:
    """Why a message has not arrived."""
    if _is_held(message):
        return f"waits until somebody {message.text('awaits')} lets it go: zoomguard messages resend"
    if message.text("state") == "queued":
        until = layout.moment(message.text("not_before_at"), ZONE)
        return "; ".join(filter(None, (f"waits until {until}", REASONS.get(message.text("reason"), ""))))
    return f"tries: {', '.join(message.texts('tries'))}" if message.text("state") == "bounced" else ""


@messages.command(
    "resend",
    examples=(
        "zoomguard messages resend 01KB00000000000000000000AA",
        "zoomguard messages resend 01KB00000000000000000000AA --json",
    ),
)
@click.argument("id", metavar="ID")
@json_option
def resend(id: str, as_json: bool) -> None:
    """Sends a message once more, or lets one go that waits for a designated person."""
    from zoomguard.cli.client import segment

    said = server.connect().post(f"/messages/{segment(id)}/resend")
    message = said.part("message") or said
    again = f"Next: zoomguard messages list --session {message.text('session')}"
    show.out([*layout.wrap(f"On its way: {_what(message)} to {_to(message)}."), again], as_json)
    if as_json:
        show.document(said.document)
