"""`zoomguard token`: tokens for staff, issued by the operator."""

from __future__ import annotations

import click

from zoomguard.cli import show
from zoomguard.cli.command import group, json_option
from zoomguard.cli.in_process import operator
from zoomguard.cli.layout import moment
from zoomguard.domain.times import iso


@group("token", "zoomguard token issue t.wren@northmoor.example --hours 8")
def token() -> None:
    """Tokens for staff."""


@token.command(
    "issue",
    examples=(
        "zoomguard token issue t.wren@northmoor.example",
        "export ZOOMGUARD_TOKEN=$(zoomguard token issue t.wren@northmoor.example)",
    ),
)
@click.argument("email", metavar="EMAIL")
@click.option("--hours", metavar="N", type=int, default=12, show_default=True, help="How long it holds, 1 to 24.")
@json_option
def issue(email: str, hours: int, as_json: bool) -> None:
    """Issues a token; it stands alone on standard output, and nowhere else ever again."""
    with operator() as application:
        issued = application.access.issue(email, hours=hours)
    until = iso(issued.until_at)
    show.note(f"For {issued.email}, until {moment(until)}. Give it to nobody else.")
    if as_json:
        show.document({"token": issued.token, "email": issued.email, "until": until})
    else:
        show.out([issued.token])
