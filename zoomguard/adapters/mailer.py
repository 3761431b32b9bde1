"""Letters to the organisation's mail server over SMTP (RFC 5321, RFC 5322)."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable
from email.errors import HeaderParseError
from email.headerregistry import Address, BaseHeader, HeaderRegistry, MessageIDHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime, parseaddr
from typing import cast

from zoomguard.adapters.mail_server import MailServer
from zoomguard.application.ports import Clock, Letter
from zoomguard.domain.errors import OutcomeUnknown, OutsideFailed, SettingsWrong


class _WholeMessageId(MessageIDHeader):
    name: str

    def fold(self, *, policy: Policy) -> str:
        # Python folds a long one right after the colon, and then not everybody finds it again.
        return f"{self.name}: {self}{policy.linesep}"


HEADERS = HeaderRegistry()
HEADERS.map_to_type("message-id", cast(type[BaseHeader], _WholeMessageId))
# 7 bits on the wire: no server has to be able to do more.
POLICY = SMTP.clone(cte_type="7bit", header_factory=HEADERS)
# RFC 5321 §4.2: these say that the way in is barred, not that the letter is.
LOGIN_CODES = (530, 534, 535, 538)
_ADDRESS = re.compile(r"[^\s@<>(),:;\"\\\x00-\x1f\x7f-\U0010ffff]{1,64}@[A-Za-z0-9.-]{1,253}")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_METHOD = re.compile(r"[A-Z]{1,20}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
INVITATION, LONGEST_LINE = "invite.ics", 998
_OURS = re.compile(r"(?i)(from|sender|to|cc|bcc|subject|date|message-id|mime-version|content-.*|resent-.*)")


class NoMailer:
    """ports.Mailer of a sandbox that no mail server was named for: nothing is sent, and nothing is lost."""

    def send(self, letter: Letter) -> None:
        """OutsideFailed MAIL_UNSET: the message stays queued."""
        raise OutsideFailed(
            "No mail server is named.", "Set ZOOMGUARD_MAIL_URL, or use: zoomguard serve --sandbox", code="MAIL_UNSET"
        )


class SmtpMailer:
    """ports.Mailer: one connection for each letter, none of them repeated by itself."""

    def __init__(self, mail_url: str, mail_from: str, guard: Callable[[], None], clock: Clock) -> None:
        name, address = parseaddr(mail_from)
        if _ADDRESS.fullmatch(address) is None or _CONTROL.search(mail_from):
            raise SettingsWrong(("ZOOMGUARD_MAIL_FROM: this is not a mail address",))
        self._from = Address(name, addr_spec=address)
        self._server = MailServer(mail_url, greeted_as=self._from.domain)
        self._guard = guard
        self._clock = clock

    def send(self, letter: Letter) -> None:
        """Hands a letter over; returns when the server has accepted it.

        OutsideFailed with MAIL_MALFORMED or MAIL_REFUSED (permanent), MAIL_POSTPONED, MAIL_UNREACHABLE,
        MAIL_TLS or MAIL_LOGIN;
        OutcomeUnknown where the connection was cut after the letter had been handed over.
        """
        self._guard()
        content = self._composed(letter).as_bytes()
        connection = self._connected()
        try:
            self._hand_over(connection, letter.to, content)
        finally:
            _leave(connection)

    def _composed(self, letter: Letter) -> EmailMessage:
        try:
            _must_be_plain(letter)
            message = EmailMessage(policy=POLICY)
            message["From"] = self._from
            message["To"] = Address(addr_spec=letter.to)
            message["Subject"] = letter.subject
            message["Date"] = format_datetime(self._clock.now())
            message["Message-ID"] = letter.message_id
            for name, value in {"Auto-Submitted": "auto-generated", **letter.headers}.items():
                message[name] = value
            message.set_content(letter.text, charset="utf-8", cte=_encoding(letter.text))
            if letter.calendar:
                _attach_calendar(message, letter)
        except (ValueError, HeaderParseError):
            raise OutsideFailed(
                "A letter cannot be sent: its address or one of its headers is malformed.",
                "Correct the address on record.",
                code="MAIL_MALFORMED",
                permanent=True,
            ) from None
        return message

    def _connected(self) -> smtplib.SMTP:
        try:
            return self._server.connect()
        except smtplib.SMTPResponseException as refusal:
            raise _kept_out(refusal.smtp_code) from None
        except ssl.SSLCertVerificationError:
            raise OutsideFailed(
                "The certificate of the mail server is not trusted.",
                "Check MAIL_URL and the machine's certificates.",
                code="MAIL_TLS",
            ) from None
        except (smtplib.SMTPException, OSError):
            raise OutsideFailed("The mail server could not be reached.", code="MAIL_UNREACHABLE") from None

    def _hand_over(self, connection: smtplib.SMTP, to: str, content: bytes) -> None:
        options = [f"size={len(content)}"] if connection.has_extn("size") else []
        try:
            _must_take_us(*connection.mail(self._from.addr_spec, options))
            _must_be_accepted(*connection.rcpt(to))
        except (smtplib.SMTPException, OSError):
            raise OutsideFailed("The mail server broke off.", code="MAIL_UNREACHABLE") from None
        try:
            _must_be_accepted(*connection.data(content))
        except smtplib.SMTPDataError as refusal:
            raise _refused(refusal.smtp_code) from None
        except (smtplib.SMTPException, OSError):
            raise OutcomeUnknown(
                "The mail server broke off after it was given a letter: it may have been sent.",
                "Send it again with the same Message-ID.",
            ) from None


def _encoding(text: str) -> str | None:
    """As it is where that may be (RFC 5322 §2.1.1): quoted-printable cuts a link in two for whoever reads the source.
    None leaves it to the library."""
    plain = text.isascii() and "\0" not in text
    return "7bit" if plain and max(map(len, re.split(r"[\r\n]+", text))) <= LONGEST_LINE else None


def _must_take_us(code: int, reply: bytes) -> None:
    """A server that does not take our own sender says nothing of the reader: nothing bounces, it is tried again."""
    if code >= 500 and code not in LOGIN_CODES:
        raise OutsideFailed(
            "The mail server does not take mail from our address.", "Check MAIL_FROM and MAIL_URL.", code="MAIL_SENDER"
        )
    _must_be_accepted(code, reply)


def _attach_calendar(message: EmailMessage, letter: Letter) -> None:
    """The entry as a file beside the text: read as an invitation, it would be answered to an address of ours."""
    method = {"method": letter.calendar_method}
    message.add_attachment(letter.calendar, "calendar", charset="utf-8", filename=INVITATION, params=method)


def _must_be_plain(letter: Letter) -> None:
    """ValueError where an address or header could smuggle in another."""
    ours = (letter.to, letter.subject, letter.message_id)
    if any(_CONTROL.search(text) for text in (*ours, *letter.headers.values())):
        raise ValueError("control character")
    if _ADDRESS.fullmatch(letter.to) is None or _MESSAGE_ID.fullmatch(letter.message_id) is None:
        raise ValueError("address")
    if letter.calendar and _METHOD.fullmatch(letter.calendar_method) is None:
        raise ValueError("calendar method")
    if any(_HEADER_NAME.fullmatch(name) is None or _OURS.fullmatch(name) for name in letter.headers):
        raise ValueError("header name")


def _must_be_accepted(code: int, _reply: bytes) -> None:
    # The reply is not repeated: servers put addresses into it.
    if not 200 <= code < 300:
        raise _refused(code)


def _refused(code: int) -> OutsideFailed:
    if code in LOGIN_CODES:
        return _kept_out(code)
    if code >= 500:
        return OutsideFailed(
            f"The mail server refused a letter (SMTP {code}).",
            "Check the address on record.",
            code="MAIL_REFUSED",
            permanent=True,
        )
    return OutsideFailed(f"The mail server put a letter off (SMTP {code}).", code="MAIL_POSTPONED")


def _kept_out(code: int) -> OutsideFailed:
    """Before a letter was named: a matter of our settings or of the server's day, not of the letter."""
    if code in LOGIN_CODES:
        return OutsideFailed(f"The mail server does not let us in (SMTP {code}).", "Check MAIL_URL.", code="MAIL_LOGIN")
    return OutsideFailed(f"The mail server takes no letters now (SMTP {code}).", code="MAIL_POSTPONED")


def _leave(connection: smtplib.SMTP) -> None:
    """Says goodbye where that is still possible; the letter's fate is decided already."""
    try:
        connection.quit()
    except (smtplib.SMTPException, OSError):
        connection.close()
