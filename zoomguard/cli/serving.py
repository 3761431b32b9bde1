"""`zoomguard serve` and `zoomguard worker`."""

from __future__ import annotations

import click

from zoomguard.cli import show
from zoomguard.cli.command import command
from zoomguard.cli.in_process import settings_here


@command("serve", "zoomguard serve", "zoomguard serve --sandbox")
@click.option("--sandbox", is_flag=True, help="With a make-believe Zoom, S3 and mailbox beside it.")
def serve(sandbox: bool) -> None:
    """Runs the service and its duties until Ctrl-C."""
    # With --sandbox the stand-ins are about to start here: what an earlier one left written down is old.
    settings = settings_here(beside=not sandbox)
    from zoomguard import bootstrap

    bootstrap.serve(settings, sandbox=sandbox, echo=show.note)


@command("worker", "zoomguard worker")
def worker() -> None:
    """Runs the duties without the service until Ctrl-C."""
    settings = settings_here()
    from zoomguard import bootstrap

    bootstrap.work(settings)
