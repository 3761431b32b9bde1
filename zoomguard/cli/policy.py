"""`zoomguard policy`: what is held, and by what. Answered here, without the service."""

from __future__ import annotations

from dataclasses import asdict

import click

from zoomguard.cli import layout, show
from zoomguard.cli.command import group, json_option


@group("policy", "zoomguard policy list", "zoomguard policy explain CON-CHANNEL")
def policy() -> None:
    """The policy clause by clause, and the rules behind it."""


@policy.command("list", examples=("zoomguard policy list", "zoomguard policy list --json"))
@json_option
def list_(as_json: bool) -> None:
    """Lists the clauses and rules."""
    from zoomguard.rules import catalogue

    rows = catalogue.rows()
    longest = max(len(row.id) for row in rows)
    lines = [line for row in rows for line in layout.wrap(f"{row.title} ({row.held_by})", f"{row.id:<{longest}}  ")]
    show.out([*lines, "", f"Next: zoomguard policy explain {rows[0].id}"], as_json)
    if as_json:
        show.document({"schema": "zoomguard/1", "rows": [asdict(row) for row in rows]})


@policy.command("explain", examples=("zoomguard policy explain CON-CHANNEL",))
@click.argument("rule", metavar="RULE")
@json_option
def explain(rule: str, as_json: bool) -> None:
    """Explains one clause or rule: what it asks, when, and what to do where it fails."""
    from zoomguard.rules import catalogue

    found = catalogue.explain(rule)
    rows = [
        ("Held by", f"{found.held_by}. {found.words}"),
        ("From", found.origin),
        ("Level", found.level),
        ("Asked at", ", ".join(found.asked_at)),
        ("Override", found.override),
        ("What to do", found.remedy),
    ]
    show.out([*layout.wrap(found.title, f"{found.id}  "), *layout.facts(rows)], as_json)
    if as_json:
        show.document({"schema": "zoomguard/1", **asdict(found)})
