"""`zoomguard people`: listed by the service; imported, and roles given and ended, on the server."""

from __future__ import annotations

import shlex
from datetime import date, datetime

import click

from zoomguard.cli import files, layout, people_checks, people_contact, server, show
from zoomguard.cli.answers import Said
from zoomguard.cli.command import ExampleGroup, group, json_option
from zoomguard.cli.in_process import operator
from zoomguard.domain.people import Role

KINDS = ("staff", "children", "guardians", "groups")
ROLES = click.Choice([role.value for role in Role if role is not Role.OPERATOR])
ROLE_NAMES = ", ".join(ROLES.choices)
DAY = click.DateTime(["%Y-%m-%d"])


@group(
    "people",
    "zoomguard people list",
    "zoomguard people check t.wren@northmoor.example",
    "zoomguard people import staff staff.csv --dry-run",
)
def people() -> None:
    """Staff, children, guardians and classes."""


for one in (people_checks.check, people_checks.deactivate, people_contact.contact):
    people.add_command(one)


@people.command("list", examples=("zoomguard people list", "zoomguard people list --json"))
@json_option
def list_(as_json: bool) -> None:
    """Lists the staff with the roles they hold today."""
    said = server.connect().get("/people")
    found = said.parts("people")
    rows = [
        (p.text("email"), p.text("reference"), "" if p.text("active") == "yes" else "not active", _roles(p))
        for p in found
    ]
    lines = layout.table(("EMAIL", "REFERENCE", "", "ROLES"), rows) if rows else ["Nobody yet."]
    show.out([*lines, "Next: zoomguard people roles give EMAIL ROLE"], as_json)
    if as_json:
        show.document(said.document)


def _roles(person: Said) -> str:
    return ", ".join(person.texts("roles"))


@people.command(
    "import",
    examples=(
        "zoomguard people import staff staff.csv",
        "zoomguard people import children children.csv --dry-run",
        "zoomguard people import guardians - --skip-bad < guardians.csv",
    ),
)
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("file", metavar="FILE")
@click.option("--skip-bad", is_flag=True, help="Write the good lines and leave the bad ones out.")
@click.option("--accept-changes", is_flag=True, help="Let changes of address or birth through.")
@click.option("--dry-run", is_flag=True, help="Read and compare; write nothing.")
@json_option
def import_(kind: str, file: str, skip_bad: bool, accept_changes: bool, dry_run: bool, as_json: bool) -> int:
    """Takes a CSV file in (operator, on the server): all of it, or nothing. FILE "-" is standard input."""
    content = files.content_of(file)
    with operator() as application:
        take = {
            "staff": application.people.import_staff,
            "children": application.people.import_children,
            "guardians": application.people.import_guardians,
            "groups": application.people.import_groups,
        }[kind]
        answer = take(content, skip_bad=skip_bad, dry_run=dry_run, accept_changes=accept_changes)
    again = f"zoomguard people import {kind} {shlex.quote(file)}"
    return files.tell(answer, again, dry_run=dry_run, skip_bad=skip_bad, as_json=as_json)


@people.group(
    "roles",
    cls=ExampleGroup,
    examples=("zoomguard people roles give o.mbeki@northmoor.example observer",),
)
def roles() -> None:
    """Roles of staff, given and ended by date (operator, on the server)."""


@roles.command(
    "give",
    help=f"Gives a role: {ROLE_NAMES}.",
    examples=("zoomguard people roles give o.mbeki@northmoor.example observer",),
)
@click.argument("email", metavar="EMAIL")
@click.argument("role", metavar="ROLE", type=ROLES)
@click.option("--from", "from_on", type=DAY, metavar="DATE", help="The first day; today where it is left out.")
@click.option("--until", "until_on", type=DAY, metavar="DATE", help="The first day without it.")
@json_option
def give(email: str, role: str, from_on: datetime | None, until_on: datetime | None, as_json: bool) -> None:
    """Gives a role."""
    with operator() as application:
        application.people.give_role(email, Role(role), from_on=_day(from_on), until_on=_day(until_on))
    _told("Given", email, role, from_on, until_on, as_json)


@roles.command(
    "end",
    help=f"Ends a role: {ROLE_NAMES}.",
    examples=("zoomguard people roles end o.mbeki@northmoor.example observer",),
)
@click.argument("email", metavar="EMAIL")
@click.argument("role", metavar="ROLE", type=ROLES)
@click.option("--from", "from_on", type=DAY, metavar="DATE", help="Only the one that began on this day.")
@click.option("--until", "until_on", type=DAY, metavar="DATE", help="The first day without it; today where left out.")
@json_option
def end(email: str, role: str, from_on: datetime | None, until_on: datetime | None, as_json: bool) -> None:
    """Ends a role."""
    with operator() as application:
        application.people.end_role(email, Role(role), from_on=_day(from_on), until_on=_day(until_on))
    _told("Ended", email, role, from_on, until_on, as_json)


def _day(given: datetime | None) -> date | None:
    return given.date() if given else None


def _told(
    words: str, email: str, role: str, from_on: datetime | None, until_on: datetime | None, as_json: bool
) -> None:
    dates = [f"{name} {day:%a %-d %b %Y}" for name, day in (("from", from_on), ("until", until_on)) if day]
    show.out(layout.wrap(" ".join([f"{words}: {role} of {email}", *dates])), as_json)
    show.out(["Next: zoomguard people list"], as_json)
    if as_json:
        days = {"from": _day(from_on), "until": _day(until_on)}
        said = {name: day.isoformat() if day else None for name, day in days.items()}
        show.document({"schema": "zoomguard/1", "email": email, "role": role, **said})
