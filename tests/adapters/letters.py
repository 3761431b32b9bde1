"""A letter, the mailer that sends it, and a mail server that answers by a script."""

import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from tests.adapters.wire import Accepting
from zoomguard.adapters.mailer import SmtpMailer
from zoomguard.application.ports import Letter

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TEXT = "Liebe Eltern,\n\nÜbersicht: https://college.example/g/0123456789\n.\nFrom here on – good-bye.\n"
MESSAGE_ID = "<01JD0000000000000000000001.01JD0000000000000000000002@college.example>"
LETTER = Letter("guardian@home.example", "Unterricht für morgen", TEXT, MESSAGE_ID, {"X-Zoomguard": "invitation"})
ENTRY = "BEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\nSUMMARY:MATHS-7B\r\nEND:VCALENDAR\r\n"
INVITED = replace(LETTER, calendar=ENTRY, calendar_method="PUBLISH")
FROM = "The College <lessons@college.example>"


class FixedClock:
    def now(self) -> datetime:
        return NOW


def mailer(url: str, mail_from: str = FROM, guard: Callable[[], None] = lambda: None) -> SmtpMailer:
    return SmtpMailer(mail_url=url, mail_from=mail_from, guard=guard, clock=FixedClock())


# A scripted server: a reply for each verb; None hangs up.

REPLIES: dict[str, str | None] = {
    "GREETING": "220 mx.example",
    "EHLO": "250-mx.example\r\n250 SIZE 1000000",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "CONTENT": "250 taken",
    "QUIT": "221 bye",
    "RSET": "250 ok",
}


class Scripted:
    def __init__(self, **replies: str | None) -> None:
        self.replies = {**REPLIES, **replies}
        self.heard: list[str] = []
        self._server = Accepting(self._talk)
        self.url = f"smtp://127.0.0.1:{self._server.port}"

    def close(self) -> None:
        self._server.close()

    def _talk(self, client: socket.socket) -> None:
        lines = client.makefile("rb")
        verb = "GREETING"
        while (reply := self.replies.get(verb, "502 what?")) is not None:
            client.sendall(reply.encode() + b"\r\n")
            if verb == "DATA" and reply.startswith("354"):
                while lines.readline().rstrip() not in (b".", b""):
                    pass
                verb = "CONTENT"
                continue
            line = lines.readline().decode().strip()
            self.heard.append(line)
            verb = line.partition(" ")[0].upper()
            if not line:
                return
