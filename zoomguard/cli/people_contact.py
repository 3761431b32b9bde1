"""`zoomguard people contact`: whether a guardian is written to about a child."""

from __future__ import annotations

import click

from zoomguard.cli import layout, server, show
from zoomguard.cli.answers import Said
from zoomguard.cli.command import ExampleGroup, json_option
from zoomguard.domain.times import printable

EVIDENCE = "On what it rests, by its number: an order, a call, a file."


@click.group(
    "contact",
    cls=ExampleGroup,
    examples=("zoomguard people contact stop G-21 C-0120 --evidence ORDER-12",),
)
def contact() -> None:
    """Whether a guardian is written to about a child; the school's file never lifts a stop."""


@contact.command("stop", examples=("zoomguard people contact stop G-21 C-0120 --evidence ORDER-12",))
@click.argument("guardian", metavar="GUARDIAN")
@click.argument("child", metavar="CHILD")
@click.option("--evidence", required=True, metavar="REF", help=EVIDENCE)
@json_option
def stop(guardian: str, child: str, evidence: str, as_json: bool) -> None:
    """Stops every mail to a guardian about a child, at once (office, safeguarding lead, deputies)."""
    _change(guardian, child, evidence, as_json, may_contact=False)


@contact.command("allow", examples=("zoomguard people contact allow G-21 C-0120 --evidence ORDER-14",))
@click.argument("guardian", metavar="GUARDIAN")
@click.argument("child", metavar="CHILD")
@click.option("--evidence", required=True, metavar="REF", help=EVIDENCE)
@json_option
def allow(guardian: str, child: str, evidence: str, as_json: bool) -> None:
    """Lets mails to a guardian about a child begin again (safeguarding lead and deputies alone)."""
    _change(guardian, child, evidence, as_json, may_contact=True)


def _change(guardian: str, child: str, evidence: str, as_json: bool, *, may_contact: bool) -> None:
    asked = {"guardian": guardian, "child": child, "may_contact": may_contact, "evidence": evidence}
    said = server.connect().post("/people/contact", asked)
    show.out(layout.wrap(_told(said, printable(guardian), printable(child), may_contact)), as_json)
    show.out(["Next: zoomguard messages list"], as_json)
    if as_json:
        show.document(said.document)


def _told(said: Said, guardian: str, child: str, may_contact: bool) -> str:
    as_before = " already" if said.text("outcome") == "unchanged" else ""
    if may_contact:
        return f"{guardian} may be contacted about {child}{as_before}. Mails begin with the next one."
    told = f"{guardian} is not to be contacted about {child}{as_before}."
    if as_before:
        return told
    return f"{told} What waits to be sent stays here; {child} gets new links, and those that were mailed open nothing."
