"""The service as a whole: use cases, web and worker in one process, with or without a sandbox beside them."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from zoomguard.adapters.claims import FileClaims
from zoomguard.bootstrap import House, open_house, prepare_bucket, with_public_url
from zoomguard.domain.errors import Conflict, OutsideFailed, ZoomguardError
from zoomguard.sandbox import Sandbox
from zoomguard.settings import Settings, note_service
from zoomguard.web import log_lines
from zoomguard.web.app import make_web
from zoomguard.web.server import Server, listen
from zoomguard.worker.runner import Runner

log = logging.getLogger("zoomguard.service")


@dataclass
class Service:
    """A service that is set up: `url` is where it listens; `serve` blocks until it is told to stop."""

    url: str
    house: House
    server: Server

    def serve(self) -> None:
        """Answers until a signal comes or `stop` is called."""
        self.server.serve_until_stopped()

    def stop(self) -> None:
        """Lets `serve` return, from any thread."""
        self.server.should_exit = True


@contextmanager
def set_up(
    settings: Settings,
    sandbox: Sandbox | None = None,
    *,
    copies: bool = True,
    on_started: threading.Event | None = None,
) -> Iterator[Service]:
    """Listens, opens the house, begins the duties (`copies` off leaves the archive to `zoomguard archive`)."""
    log_lines.quieten()
    with contextlib.closing(listen(*settings.listen)) as listening:
        host, port = listening.getsockname()[:2]
        if settings.listen[1] == 0:
            settings = with_public_url(settings, host, port)
        with open_house(settings, sandbox.clock if sandbox else None) as house:
            _prepare_bucket(settings)
            url = f"http://{host}:{port}"
            web = make_web(
                house.app,
                ready=lambda: ready(house),
                sandbox=sandbox.controls.answer if sandbox else None,
                public_url=settings.public_url,
            )
            runner = Runner(house.app, house.claims, house.clock, copies=copies)
            runner.start()
            # Beside the rest: doors are not kept shut while Zoom does not answer.
            check = threading.Thread(target=_check_scopes, args=(house,), name="scopes")
            check.start()
            try:
                yield Service(url, house, Server(web, listening, lambda *_: on_started.set() if on_started else None))
            finally:
                runner.stop()
                check.join()


@contextmanager
def alone_in(settings: Settings) -> Iterator[None]:
    """One service for each HOME where the database is one file, or a sandbox stands beside it; else Conflict."""
    with FileClaims(settings.home / "locks").claim("serve") as had:
        if not had and (settings.sandbox or settings.database_url.startswith("sqlite")):
            raise Conflict(
                f"A service is running already with {settings.home}.",
                "Stop it first, or set another ZOOMGUARD_HOME.",
                code="ALREADY_SERVING",
            )
        yield


@contextmanager
def in_background(settings: Settings, sandbox: Sandbox) -> Iterator[Service]:
    """A running service in a thread of its own, known to the staff commands of this machine."""
    started = threading.Event()
    with set_up(settings, sandbox, copies=False, on_started=started) as service:
        thread = threading.Thread(target=service.serve, name="serve", daemon=True)
        thread.start()
        started.wait(30)
        introduce(settings, sandbox, service.url)
        try:
            yield service
        finally:
            sandbox.deliver_webhooks_to(None)
            service.stop()
            thread.join(30)


def introduce(settings: Settings, sandbox: Sandbox, url: str) -> None:
    """Tells the sandbox where to send events, and the staff commands where the service is."""
    sandbox.deliver_webhooks_to(f"{url}/webhooks/zoom")
    note_service(settings.home, url)


def ready(house: House) -> dict[str, str]:
    """One word for each check of /readyz."""
    try:
        house.app.installation.check()
    except ZoomguardError as error:
        return {"database": error.code.lower()}
    return {"database": "ok"}


def _check_scopes(house: House) -> None:
    """Said at every start, and stops none: the doors of lessons that stand must open all the same."""
    try:
        missing = house.missing_scopes()
    except OutsideFailed as error:
        log.error("Zoom gives no token: %s %s [%s]", error.message, error.remedy, error.code)
        return
    if missing:
        names = ", ".join(missing)
        log.error("the Zoom app lacks scopes: %s. Add them to the app and activate it again. [ZOOM_SCOPES]", names)


def _prepare_bucket(settings: Settings) -> None:
    """A foreign or unlocked bucket stops the start; one that cannot be reached now does not."""
    try:
        prepare_bucket(settings)
    except OutsideFailed as error:
        log.warning("the bucket cannot be checked now: %s", error.code)
