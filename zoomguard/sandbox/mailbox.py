"""A mail server on loopback that keeps what it is given and sends nothing on."""

import asyncio
import os
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """Takes every mail; one entry for each recipient of the envelope, so that a blind copy shows too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._deliveries: list[tuple[str, bytes]] = []
        self._directory: Path | None = None
        self._controller: _Controller | None = None

    @property
    def url(self) -> str:
        """`smtp://127.0.0.1:PORT`. RuntimeError before start()."""
        if self._controller is None:
            raise RuntimeError("the mailbox has not been started")
        return f"smtp://127.0.0.1:{self._controller.port}"

    def start(self) -> "Mailbox":
        """Listen on a free port of 127.0.0.1; a second start changes nothing."""
        if self._controller is None:
            controller = _Controller(_Handler(self), hostname="127.0.0.1", port=0, server_hostname="localhost")
            controller.start()
            self._controller = controller
        return self

    def stop(self) -> None:
        """Stop listening; what has arrived stays readable."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def messages(self) -> list[dict[str, Any]]:
        """`to, subject, headers, text, calendar` of every delivery in order of arrival.

        `text` is the plain part; `calendar` is the iCalendar part as it came (CRLF), or "".
        """
        with self._lock:
            deliveries = list(self._deliveries)
        return [_as_entry(to, body) for to, body in deliveries]

    def keep_in(self, directory: Path) -> None:
        """Write what has come and what will come into `directory`, one .eml (0600) for each delivery."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lock:
            self._directory = directory
            for to, body in self._deliveries:
                _write(directory, to, body)

    def take(self, recipients: list[str], body: bytes) -> None:
        """Keep one mail, as it came over SMTP."""
        with self._lock:
            for to in recipients:
                self._deliveries.append((to, body))
                if self._directory is not None:
                    _write(self._directory, to, body)


class _Handler:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content
        if content is None:
            return "554 no content"
        self._mailbox.take(list(envelope.rcpt_tos), content)
        return "250 OK"


class _Controller(Controller):
    def _trigger_server(self) -> None:
        # aiosmtpd 1.4 greets itself at the port it was asked for; with port 0 it must learn the real one.
        if isinstance(self.server, asyncio.Server):
            self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def _as_entry(to: str, body: bytes) -> dict[str, Any]:
    message = message_from_bytes(body, policy=policy.default)
    headers: dict[str, str] = {}
    for name, value in message.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else str(value)
    words = {"text": _text(message), "calendar": _calendar(message)}
    return {"to": to, "subject": str(message.get("Subject", "")), "headers": headers, **words}


def _text(message: EmailMessage) -> str:
    part = message.get_body(preferencelist=("plain",))
    return part.get_content().replace("\r\n", "\n") if part is not None else ""


def _calendar(message: EmailMessage) -> str:
    parts = (part for part in message.walk() if part.get_content_type() == "text/calendar")
    return "".join(str(part.get_content()) for part in parts)


def _write(directory: Path, to: str, body: bytes) -> None:
    number = 1 + max((int(path.stem) for path in directory.glob("*.eml") if path.stem.isdigit()), default=0)
    handle = os.open(directory / f"{number:05}.eml", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(b"Delivered-To: " + to.encode() + b"\r\n" + body)
