"""`zoomguard serve` and `zoomguard worker`."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from zoomguard.cli import show
from zoomguard.cli.command import command
from zoomguard.cli.in_process import settings_here
from zoomguard.settings import SANDBOX, home_of, of_process

if TYPE_CHECKING:
    from zoomguard.cli.service import Service
    from zoomguard.sandbox import Sandbox
    from zoomguard.settings import Settings


@command("serve", "zoomguard serve", "zoomguard serve --sandbox")
@click.option("--sandbox", is_flag=True, help="With a make-believe Zoom, S3 and mailbox beside it.")
def serve(sandbox: bool) -> None:
    """Runs the service and its duties until Ctrl-C."""
    if sandbox:
        _serve_with_sandbox(of_process())
        return
    settings = settings_here()
    from zoomguard.cli.service import alone_in, set_up

    with alone_in(settings), set_up(settings) as service:
        show.note(f"zoomguard serves {settings.public_url} from {service.url}. Stop it with Ctrl-C.")
        service.serve()


def _serve_with_sandbox(environ: Mapping[str, str]) -> None:
    from zoomguard.bootstrap import in_sandbox, load_settings
    from zoomguard.cli import first_school
    from zoomguard.cli.service import alone_in, introduce, set_up
    from zoomguard.sandbox import Sandbox, SandboxClock
    from zoomguard.web.server import listen

    fresh = first_school.is_fresh(environ)
    if fresh:
        first_school.begin(environ)
    settings = load_settings(environ, {})
    listen(*settings.listen).close()  # A port that is taken, like a wrong setting, is said before anything starts.
    with (
        alone_in(settings),
        Sandbox(SandboxClock(), home=home_of(environ)) as sandbox,
        in_sandbox(environ, sandbox) as settings,
    ):
        first_school.migrate_and_fill(settings, sandbox.clock)
        with set_up(settings, sandbox) as service:
            introduce(settings, sandbox, service.url)
            _greet(settings, service, sandbox, fresh)
            service.serve()


def _greet(settings: Settings, service: Service, sandbox: Sandbox, fresh: bool) -> None:
    day = sandbox.clock.now() + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    show.note(f"A {SANDBOX} serves {service.url}, with a make-believe Zoom, S3 and mailbox beside it.")
    if not fresh:
        show.note("Zoom and S3 begin empty, at today's time: meetings and recordings of an earlier run are gone.")
    show.note(f"Mails are kept in {settings.home / 'mail'}. Stop it with Ctrl-C.")
    show.note("Try, in a second terminal with the same ZOOMGUARD_ENVIRONMENT and ZOOMGUARD_HOME:")
    show.note("")
    show.note("  zoomguard login --as t.wren@northmoor.example")
    show.note("  zoomguard schedule --observer p.nandakumar@northmoor.example \\")
    show.note("      --child C-0101 --child C-0102 --course MATHS-7B \\")
    show.note(f'      --start "{day:%Y-%m-%d} 16:00" --minutes 50')
    show.note("")


@command("worker", "zoomguard worker")
def worker() -> None:
    """Runs the duties without the service until Ctrl-C."""
    settings = settings_here()
    from zoomguard.bootstrap import open_house
    from zoomguard.worker.runner import Runner

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with open_house(settings) as house:
        runner = Runner(house.app, house.claims, house.clock)
        runner.start()
        show.note("The worker takes what is due. Stop it with Ctrl-C.")
        stop.wait()
        runner.stop()
