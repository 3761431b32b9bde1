"""The mailer against a mailbox and against a scripted server."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.letters import ENTRY, FROM, INVITED, LETTER, MESSAGE_ID, TEXT, Scripted, mailer
from tests.servers.shared import free_port
from zoomguard.application.ports import Letter
from zoomguard.domain.errors import Fault, OutcomeUnknown, OutsideFailed
from zoomguard.sandbox.mailbox import Mailbox


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox().start()
    yield box
    box.stop()


def test_a_letter_arrives_as_plain_text_with_its_headers(mailbox: Mailbox) -> None:
    mailer(mailbox.url).send(LETTER)
    (came,) = mailbox.messages()
    assert (came["to"], came["subject"], came["text"]) == (LETTER.to, LETTER.subject, TEXT)
    headers = came["headers"]
    assert headers["From"] == FROM
    assert headers["To"] == LETTER.to
    assert headers["Message-ID"] == MESSAGE_ID
    assert headers["Date"] == "Mon, 23 Nov 2026 09:00:00 +0000"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["X-Zoomguard"] == "invitation"
    assert headers["Content-Type"] == 'text/plain; charset="utf-8"'


def test_the_same_letter_twice_has_the_same_message_id(mailbox: Mailbox) -> None:
    for _ in range(2):
        mailer(mailbox.url).send(LETTER)
    assert {came["headers"]["Message-ID"] for came in mailbox.messages()} == {MESSAGE_ID}


def test_a_calendar_entry_is_a_file_beside_the_text(tmp_path: Path, mailbox: Mailbox) -> None:
    mailbox.keep_in(tmp_path)
    mailer(mailbox.url).send(INVITED)
    (came,) = mailbox.messages()
    assert (came["text"], came["calendar"]) == (TEXT, ENTRY)
    whole = message_from_bytes(next(tmp_path.glob("*.eml")).read_bytes(), policy=policy.default)
    words, entry = whole.iter_parts()
    assert (whole.get_content_type(), words.get_content_type()) == ("multipart/mixed", "text/plain")
    assert entry["Content-Type"] == 'text/calendar; charset="utf-8"; method="PUBLISH"'
    assert (entry.get_content_disposition(), entry.get_filename()) == ("attachment", "invite.ics")


@pytest.mark.parametrize("letter", [LETTER, INVITED])
def test_a_long_link_stands_whole_in_the_source_of_a_letter(tmp_path: Path, mailbox: Mailbox, letter: Letter) -> None:
    link = f"https://lessons.northmoor.example/j/{'aB3-' * 20}"
    mailbox.keep_in(tmp_path)
    mailer(mailbox.url).send(replace(letter, text=f"Hello,\n\n  {link}\n"))
    assert link.encode() in next(tmp_path.glob("*.eml")).read_bytes()
    assert link in mailbox.messages()[0]["text"]


@pytest.mark.parametrize("letter", [LETTER, INVITED])
def test_nobody_is_named_in_a_header_but_the_college(tmp_path: Path, mailbox: Mailbox, letter: Letter) -> None:
    """Names belong into the text: servers on the way log headers."""
    mailbox.keep_in(tmp_path)
    mailer(mailbox.url).send(replace(letter, text="Lena Kral", calendar=letter.calendar.replace("MATHS-7B", "Lena")))
    whole = message_from_bytes(next(tmp_path.glob("*.eml")).read_bytes(), policy=policy.default)
    heads = [f"{name}: {value}" for part in whole.walk() for name, value in part.items()]
    assert not [one for one in heads if "Lena" in one or "Kral" in one]
    assert [str(whole["To"]), str(whole["From"])] == [LETTER.to, FROM]


@pytest.mark.parametrize("text", ["ü" * 3000, "x" * 3000, TEXT])
def test_the_bytes_on_the_wire_are_ascii_and_lines_stay_short(tmp_path: Path, mailbox: Mailbox, text: str) -> None:
    mailbox.keep_in(tmp_path)
    mailer(mailbox.url).send(replace(LETTER, text=text))
    content = next(tmp_path.glob("*.eml")).read_bytes()
    assert content.isascii()
    assert max(map(len, content.splitlines())) <= 998
    assert mailbox.messages()[0]["text"].strip() == text.strip()


@pytest.mark.parametrize(
    "change",
    [
        {"to": "a@home.example\r\nBcc: b@evil.example"},
        {"to": "a@home.example, b@evil.example"},
        {"to": "a@home.example,b@evil.example"},
        {"to": "<a@home.example>"},
        {"to": "jürgen@home.example"},
        {"to": ""},
        {"subject": "Hello\nBcc: b@evil.example"},
        {"subject": "Hello\rBcc: b@evil.example"},
        {"subject": "Hello\x00"},
        {"headers": {"X-A": "1\x0b2"}},
        {"message_id": "<a@b>\r\nBcc: b@evil.example"},
        {"message_id": "no brackets"},
        {"headers": {"X-A": "1\r\nBcc: b@evil.example"}},
        {"headers": {"X-A: 1\r\nBcc": "b@evil.example"}},
        {"headers": {"bcc": "b@evil.example"}},
        {"headers": {"From": "other@evil.example"}},
        {"calendar": ENTRY, "calendar_method": ""},
        {"calendar": ENTRY, "calendar_method": "PUBLISH\r\nBcc: b@evil.example"},
        {"calendar": ENTRY, "calendar_method": 'X"; name="b'},
    ],
)
def test_a_header_cannot_smuggle_in_another(mailbox: Mailbox, change: dict[str, Any]) -> None:
    with pytest.raises(OutsideFailed) as failed:
        mailer(mailbox.url).send(replace(LETTER, **change))
    assert (failed.value.code, failed.value.permanent) == ("MAIL_MALFORMED", True)
    assert "example" not in f"{failed.value.message} {failed.value.remedy}"
    assert mailbox.messages() == []


def test_nothing_is_sent_while_the_guard_refuses(mailbox: Mailbox) -> None:
    def refuse() -> None:
        raise Fault("A transaction is open.")

    with pytest.raises(Fault):
        mailer(mailbox.url, guard=refuse).send(LETTER)
    assert mailbox.messages() == []


# What is said to the server


def test_no_name_of_this_machine_is_told(script: Callable[..., Scripted]) -> None:
    server = script()
    mailer(server.url).send(LETTER)
    assert server.heard[0] == "ehlo college.example"
    assert server.heard[1].startswith("mail FROM:<lessons@college.example> size=")
    assert server.heard[2] == "rcpt TO:<guardian@home.example>"
    assert socket.gethostname() not in " ".join(server.heard)


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "CONTENT"])
def test_a_letter_refused_for_good_is_permanent(script: Callable[..., Scripted], verb: str) -> None:
    server = script(**{verb: "550 5.1.1 <guardian@home.example>: unknown"})
    with pytest.raises(OutsideFailed) as failed:
        mailer(server.url).send(LETTER)
    assert type(failed.value) is OutsideFailed
    assert (failed.value.code, failed.value.permanent) == ("MAIL_REFUSED", True)
    assert "guardian" not in str(failed.value) and "college" not in str(failed.value)


def test_a_server_that_refuses_our_own_sender_condemns_no_letter(script: Callable[..., Scripted]) -> None:
    server = script(MAIL="553 5.7.1 <lessons@college.example>: not your address")
    with pytest.raises(OutsideFailed) as failed:
        mailer(server.url).send(LETTER)
    assert (failed.value.code, failed.value.permanent) == ("MAIL_SENDER", False)
    assert "lessons" not in str(failed.value)


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "CONTENT"])
def test_a_letter_put_off_may_be_sent_later(script: Callable[..., Scripted], verb: str) -> None:
    server = script(**{verb: "451 greylisted, guardian@home.example"})
    with pytest.raises(OutsideFailed) as failed:
        mailer(server.url).send(LETTER)
    assert type(failed.value) is OutsideFailed
    assert (failed.value.code, failed.value.permanent) == ("MAIL_POSTPONED", False)
    assert "guardian" not in str(failed.value)


@pytest.mark.parametrize(
    ("verb", "reply", "code"),
    [
        ("GREETING", "554 not today", "MAIL_POSTPONED"),
        ("GREETING", "421 full", "MAIL_POSTPONED"),
        ("MAIL", "530 5.7.0 sign in first", "MAIL_LOGIN"),
    ],
)
def test_a_server_that_bars_the_way_in_condemns_no_letter(
    script: Callable[..., Scripted], verb: str, reply: str, code: str
) -> None:
    with pytest.raises(OutsideFailed) as failed:
        mailer(script(**{verb: reply}).url).send(LETTER)
    assert (failed.value.code, failed.value.permanent) == (code, False)


@pytest.mark.parametrize("verb", ["GREETING", "EHLO", "MAIL", "RCPT"])
def test_a_cut_before_the_letter_was_handed_over_has_sent_nothing(script: Callable[..., Scripted], verb: str) -> None:
    with pytest.raises(OutsideFailed) as failed:
        mailer(script(**{verb: None}).url).send(LETTER)
    assert type(failed.value) is OutsideFailed and not failed.value.permanent


def test_a_cut_after_the_letter_was_handed_over_is_unknown(script: Callable[..., Scripted]) -> None:
    with pytest.raises(OutcomeUnknown) as unknown:
        mailer(script(CONTENT=None).url).send(LETTER)
    assert "example" not in str(unknown.value)


def test_a_cut_after_the_letter_was_accepted_does_not_matter(script: Callable[..., Scripted]) -> None:
    mailer(script(QUIT=None).url).send(LETTER)


def test_a_server_that_is_not_there_may_be_tried_later() -> None:
    with pytest.raises(OutsideFailed) as failed:
        mailer(f"smtp://127.0.0.1:{free_port()}").send(LETTER)
    assert (failed.value.code, failed.value.permanent) == ("MAIL_UNREACHABLE", False)
    assert "127.0.0.1" not in str(failed.value)
