"""A make-believe Zoom, S3, mailbox, clock and school: real servers on loopback, in one process."""

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from zoomguard.sandbox.clock import SandboxClock
from zoomguard.sandbox.controls import ControlDesk, Controls
from zoomguard.sandbox.faults import Faults
from zoomguard.sandbox.mailbox import Mailbox
from zoomguard.sandbox.storage import Storage
from zoomguard.sandbox.wire import Wire
from zoomguard.sandbox.zoom_api import Zoom

__all__ = ["Sandbox", "SandboxClock"]

PREFIX = "ZOOMGUARD_"


class Sandbox:
    """Everything outside zoomguard, to be started, asked and stopped.

    With `home`, mails are kept there as files. `record_to` takes every exchange with the API as a JSON line.
    """

    def __init__(self, clock: SandboxClock, *, home: Path | None = None, record_to: Path | None = None) -> None:
        self.clock = clock
        self.faults = Faults(clock)
        self._mailbox, self._storage = Mailbox(), Storage()
        if home is not None:
            self._mailbox.keep_in(home / "mail")
        self._zoom = Zoom(clock, self.faults, record_to)
        self.controls = Controls(clock, self.faults, self._zoom, self._mailbox)
        self._wire = Wire(ControlDesk(self.controls), clock)

    def start(self) -> "Sandbox":
        for part in (self._storage, self._mailbox, self._zoom, self._wire):
            part.start()
        return self

    def stop(self) -> None:
        for part in (self._wire, self._zoom, self._mailbox, self._storage):
            part.stop()

    def __enter__(self) -> "Sandbox":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def settings(self) -> dict[str, str]:
        """ZOOMGUARD_* variables by which the service finds all of this."""
        return {PREFIX + name.upper(): text for name, text in self._addresses().items()}

    def write_address_file(self, path: Path) -> None:
        """Write sandbox.json (0600), by which other processes find this sandbox and its clock."""
        document = self._addresses() | {
            "clock_url": f"{self._wire.origin}/sandbox/clock",
            "controls_url": f"{self._wire.origin}/sandbox",
            "key": self.controls.key,
            "pid": os.getpid(),
        }
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=2)
        draft.replace(path)

    def deliver_webhooks_to(self, url: str | None) -> None:
        """Send Zoom's events to this URL from now on, or nowhere. ValueError unless http or https."""
        self._zoom.webhooks.deliver_to(url)

    def calls(self) -> list[dict[str, Any]]:
        """Every request to Zoom's ports, secrets cut, oldest first."""
        return self._zoom.calls.entries()

    def exchanges(self, path: Path) -> int:
        """Write every exchange with the API, whole, as JSON lines (0600); how many there were."""
        return self._zoom.calls.exchanges(path)

    def mail(self) -> list[dict[str, Any]]:
        """Every mail in order of arrival."""
        return self._mailbox.messages()

    def withhold_scope(self, scope: str) -> None:
        """Take a granular scope from the app; tokens given out before keep it."""
        with self._zoom.state.lock:
            self._zoom.state.scopes.discard(scope)

    def _addresses(self) -> dict[str, Any]:
        front, door = self._zoom.front, self._zoom.token_door
        return {
            "zoom_api_url": f"{front.origin}/v2",
            "zoom_oauth_url": f"{front.origin}/oauth/token",
            "zoom_account_id": self._zoom.state.account_id,
            "zoom_client_id": door.client_id,
            "zoom_client_secret": door.client_secret,
            "zoom_webhook_secret": self._zoom.webhooks.secret,
            "zoom_download_hosts": front.address,
            "zoom_cdn_hosts": self._zoom.cdn.address,
            "s3_endpoint_url": self._storage.url,
            "mail_url": self._mailbox.url,
        }
