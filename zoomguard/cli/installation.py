"""`zoomguard init` and `zoomguard migrate`."""

from __future__ import annotations

from typing import Any

import click

from zoomguard.cli import layout, show
from zoomguard.cli.command import command, json_option
from zoomguard.cli.in_process import settings_here
from zoomguard.domain.people import Role
from zoomguard.domain.times import printable
from zoomguard.settings import of_process

HOLDERS = {
    Role.DSL: "Designated safeguarding lead.",
    Role.DEPUTY: "Deputy safeguarding lead.",
    Role.COORDINATOR: "Enrolment office.",
    Role.LEADER: "Second approver.",
    Role.MONITOR: "Watches the account; two are needed.",
    Role.DATA_LEAD: "Data protection lead.",
}


def _first_holders(function: Any) -> Any:
    for role, words in reversed(HOLDERS.items()):
        option = click.option(
            f"--{role.value.replace('_', '-')}", role.value, metavar="EMAIL", multiple=True, help=words
        )
        function = option(function)
    return function


@command(
    "init",
    'zoomguard init --organisation "Northmoor College" \\',
    "    --staff-domain northmoor.example --dsl i.hale@northmoor.example \\",
    "    --deputy j.okafor@northmoor.example --coordinator office@northmoor.example",
    "zoomguard migrate",
)
@click.option("--organisation", metavar="NAME", help="The organisation's name, for mails and bags.")
@click.option(
    "--staff-domain", "staff_domains", metavar="DOMAIN", multiple=True, help="Its mail domain; may be repeated."
)
@_first_holders
@click.option("--lead-name", metavar="NAME", help="Safeguarding lead, as guardians read it in every mail.")
@click.option("--lead-phone", metavar="NUMBER", help="The lead's telephone number.")
@click.option("--office-phone", metavar="NUMBER", help="The office's telephone number.")
@json_option
def init(
    organisation: str | None,
    staff_domains: tuple[str, ...],
    lead_name: str | None,
    lead_phone: str | None,
    office_phone: str | None,
    as_json: bool,
    **emails: tuple[str, ...],
) -> None:
    """Begins an installation: keys, settings and terms in HOME, and the first holders of roles.

    It overwrites nothing, and does not migrate. Every role option may be repeated.
    """
    from zoomguard import bootstrap

    holders = {Role(name): addresses for name, addresses in emails.items() if addresses}
    said = {"safeguarding_lead": lead_name, "safeguarding_phone": lead_phone, "office_phone": office_phone}
    lines = bootstrap.initialise(
        of_process(),
        organisation=organisation or "",
        staff_domains=staff_domains,
        holders=holders,
        contacts={name: words for name, words in said.items() if words},
    )
    _tell(lines, as_json)


@command("migrate", "zoomguard migrate")
@json_option
def migrate(as_json: bool) -> None:
    """Brings the database up to date; on SQLite a copy is migrated and then put in its place."""
    settings = settings_here()
    from zoomguard import bootstrap

    _tell([bootstrap.migrate(settings)], as_json)


def _tell(lines: list[str], as_json: bool) -> None:
    show.out([row for line in lines for row in layout.wrap(printable(line), rest="  ")], as_json)
    if as_json:
        show.document({"schema": "zoomguard/1", "lines": lines})
