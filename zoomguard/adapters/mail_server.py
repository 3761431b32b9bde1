"""How the mail server is reached: MAIL_URL as smtp:// (STARTTLS when offered) or smtps://."""

from __future__ import annotations

import ipaddress
import smtplib
import ssl
from urllib.parse import unquote, urlsplit

from zoomguard.domain.errors import OutsideFailed, SettingsWrong

TIME_LIMIT_S = 20
PORTS = {"smtp": 25, "smtps": 465}
SUBMISSION_PORT = 587


class MailServer:
    """Where the mail server is and how to sign in. `greeted_as` is the domain that we name ourselves by."""

    def __init__(self, mail_url: str, *, greeted_as: str) -> None:
        try:
            parts = urlsplit(mail_url)
            port = parts.port
        except ValueError:
            raise _wrong() from None
        if parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/") or parts.query:
            raise _wrong()
        self._tls = parts.scheme == "smtps"
        self._host = parts.hostname
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        # RFC 6409: who signs in hands letters in at the submission port.
        self._port = port or (SUBMISSION_PORT if self._user and not self._tls else PORTS[parts.scheme])
        self._greeted_as = greeted_as

    def connect(self) -> smtplib.SMTP:
        """A connection, greeted, encrypted where possible and signed in. smtplib's errors, or OSError."""
        connection = self._opened()
        try:
            self._greet(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _opened(self) -> smtplib.SMTP:
        if self._tls:
            return smtplib.SMTP_SSL(
                self._host,
                self._port,
                local_hostname=self._greeted_as,
                timeout=TIME_LIMIT_S,
                context=ssl.create_default_context(),
            )
        return smtplib.SMTP(self._host, self._port, local_hostname=self._greeted_as, timeout=TIME_LIMIT_S)

    def _greet(self, connection: smtplib.SMTP) -> None:
        connection.ehlo_or_helo_if_needed()
        encrypted = self._tls
        if not encrypted and connection.has_extn("starttls"):
            connection.starttls(context=ssl.create_default_context())
            connection.ehlo_or_helo_if_needed()
            encrypted = True
        if not self._user:
            return
        if not encrypted and not _on_loopback(self._host):
            raise OutsideFailed(
                "The mail server offers no encryption, so the password was not sent.",
                "Use smtps:// or a server with STARTTLS.",
                code="MAIL_TLS",
            )
        connection.login(self._user, self._password)


def _wrong() -> SettingsWrong:
    return SettingsWrong(
        ("ZOOMGUARD_MAIL_URL: give smtp://HOST:PORT or smtps://HOST:PORT, with USER:PASSWORD@ if needed.",)
    )


def _on_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
