import smtplib
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from zoomguard.sandbox.mailbox import Mailbox


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox().start()
    yield box
    box.stop()


def mail(to: str = "eva@families.example", subject: str = "A lesson", text: str = "Hello\n") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "lessons@northmoor.example"
    message["To"] = to
    message["Subject"] = subject
    message.set_content(text)
    return message


def send(mailbox: Mailbox, message: EmailMessage, to: list[str] | None = None) -> None:
    at = urlsplit(mailbox.url)
    with smtplib.SMTP(at.hostname or "", at.port or 0, local_hostname="localhost", timeout=5) as client:
        client.send_message(message, to_addrs=to)


def test_a_mail_is_read_back_as_it_was_written(mailbox: Mailbox) -> None:
    send(mailbox, mail(subject="Buổi học của Łukasz", text="Giờ học: 17:00\n.dot\n"))
    (entry,) = mailbox.messages()
    assert (entry["to"], entry["subject"]) == ("eva@families.example", "Buổi học của Łukasz")
    assert entry["text"] == "Giờ học: 17:00\n.dot\n"
    assert entry["headers"]["From"] == "lessons@northmoor.example"


def test_mails_stand_in_the_order_of_arrival(mailbox: Mailbox) -> None:
    for subject in ("one", "two", "three"):
        send(mailbox, mail(subject=subject))
    assert [entry["subject"] for entry in mailbox.messages()] == ["one", "two", "three"]


def test_a_blind_copy_shows_as_a_delivery_of_its_own(mailbox: Mailbox) -> None:
    send(mailbox, mail(to="eva@families.example"), ["eva@families.example", "hidden@families.example"])
    assert [entry["to"] for entry in mailbox.messages()] == [
        "eva@families.example",
        "hidden@families.example",
    ]


def test_the_text_is_the_plain_part_of_a_mail_with_several_parts(mailbox: Mailbox) -> None:
    message = mail(text="plain words\n")
    message.add_alternative("<p>marked words</p>", subtype="html")
    message.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename="lesson.ics")
    send(mailbox, message)
    assert mailbox.messages()[0]["text"] == "plain words\n"


def test_the_calendar_part_is_told_apart_from_the_text(mailbox: Mailbox) -> None:
    message = mail(text="plain words\n")
    entry = "BEGIN:VCALENDAR\r\nSUMMARY:Toán\r\nEND:VCALENDAR\r\n"
    message.add_attachment(entry, subtype="calendar", filename="invite.ics", params={"method": "PUBLISH"})
    send(mailbox, message)
    send(mailbox, mail())
    came, without = mailbox.messages()
    assert (came["text"], came["calendar"]) == ("plain words\n", entry)
    assert without["calendar"] == ""


def test_a_mail_without_a_plain_part_has_no_text(mailbox: Mailbox) -> None:
    message = mail()
    message.set_content("<p>marked words</p>", subtype="html")
    send(mailbox, message)
    assert mailbox.messages()[0]["text"] == ""


def test_every_delivery_is_kept_in_a_file_for_the_owner_alone(mailbox: Mailbox, tmp_path: Path) -> None:
    directory = tmp_path / "mail"
    send(mailbox, mail(subject="before"))
    mailbox.keep_in(directory)
    send(mailbox, mail(subject="after"), ["a@families.example", "b@families.example"])
    kept = sorted(directory.iterdir())
    assert [path.name for path in kept] == ["00001.eml", "00002.eml", "00003.eml"]
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert [b"Subject: before" in path.read_bytes() for path in kept] == [True, False, False]
    assert kept[2].read_bytes().startswith(b"Delivered-To: b@families.example\r\n")


def test_files_of_an_earlier_run_are_not_overwritten(tmp_path: Path) -> None:
    for subject in ("first run", "second run"):
        box = Mailbox()
        box.keep_in(tmp_path)
        box.start()
        send(box, mail(subject=subject))
        box.stop()
    first, second = sorted(tmp_path.iterdir())
    assert b"first run" in first.read_bytes() and b"second run" in second.read_bytes()


def test_two_mailboxes_listen_on_loopback_at_ports_of_their_own(mailbox: Mailbox) -> None:
    other = Mailbox().start()
    assert urlsplit(mailbox.url).hostname == urlsplit(other.url).hostname == "127.0.0.1"
    assert mailbox.url != other.url
    other.stop()


def test_a_stopped_mailbox_takes_nothing_but_still_shows_what_came() -> None:
    box = Mailbox().start()
    at = urlsplit(box.url)
    send(box, mail())
    box.stop()
    box.stop()
    assert len(box.messages()) == 1
    with pytest.raises(OSError):
        socket.create_connection((at.hostname, at.port), timeout=1).close()
    with pytest.raises(RuntimeError):
        _ = box.url
