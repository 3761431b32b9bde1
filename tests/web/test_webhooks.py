"""Zoom's deliveries over real HTTP into a real database."""

import json
import select as ready
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from tests.web.serving import (
    CHALLENGE,
    NOW,
    OLD_SECRET,
    SECRET,
    Reply,
    Site,
    event,
    everything,
    signed_headers,
)
from zoomguard.application.seals import Seals
from zoomguard.application.watch import Watch
from zoomguard.domain.signatures import sign
from zoomguard.tables.database import Database
from zoomguard.tables.watch import ZoomEvent, receipts
from zoomguard.tables.work import Work
from zoomguard.web.intake import KEPT_WITHIN_S
from zoomguard.web.webhooks import BODY_WITHIN_S

MIB = 1024 * 1024
PATH = "/webhooks/zoom"


def kept(database: Database) -> int:
    with database.reading() as tx:
        return receipts(tx)


def chunked(body: bytes, headers: dict[str, str]) -> bytes:
    """A request without a content length."""
    lines = [
        f"POST {PATH} HTTP/1.1",
        "Host: x",
        "Transfer-Encoding: chunked",
        *(f"{k}: {v}" for k, v in headers.items()),
    ]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    parts = [body[at : at + 65536] for at in range(0, len(body), 65536)]
    return head + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"


def test_a_delivery_is_kept_sealed_and_without_secrets(hook: Site, database: Database, seals: Seals) -> None:
    body = event("recording.completed", password="geheim-1", share_url="https://zoom.us/rec/share/geheim-2")
    reply = hook.deliver(body)
    assert (reply.status, reply.body) == (200, b"")
    with database.reading() as tx:
        row: ZoomEvent = tx.all(select(ZoomEvent))[0]
    assert (row.event, row.number, row.uuid, row.received_at) == ("recording.completed", 91234567890, "abc/def==", NOW)
    assert row.event_at == NOW
    assert "topic" not in str(row.body)
    said = seals.open("zoom_event", "body", row.id, row.body or "")
    assert "MATHS-7B" in said and "geheim" not in said


@pytest.mark.parametrize(
    ("name", "work"),
    [
        ("recording.completed", ("hear_recording", "abc/def==", NOW)),
        ("recording.transcript_completed", ("hear_recording", "abc/def==", NOW)),
        ("meeting.ended", ("discover_recordings", "all", NOW + timedelta(minutes=2))),
    ],
)
def test_some_events_make_us_look_for_recordings(
    hook: Site, database: Database, name: str, work: tuple[str, str, datetime]
) -> None:
    assert hook.deliver(event(name)).status == 200
    with database.reading() as tx:
        due = [(w.kind, w.subject, w.due_at) for w in tx.all(select(Work))]
    assert due == [work]


def test_other_events_make_nothing_due(hook: Site, database: Database) -> None:
    assert hook.deliver(event("meeting.participant_joined")).status == 200
    with database.reading() as tx:
        assert tx.all(select(Work)) == []


def test_two_hundred_deliveries_at_once_are_all_kept_before_they_are_answered(hook: Site, database: Database) -> None:
    def deliver_and_look(number: int) -> bool:
        body = event(number=number)
        # On a busy machine an answer may say 503: Zoom delivers the same again.
        while (status := hook.deliver(body).status) == 503:
            time.sleep(0.1)
        with database.reading() as tx:
            return status == 200 and tx.first(select(ZoomEvent.id).where(ZoomEvent.number == number)) is not None

    with ThreadPoolExecutor(50) as pool:
        seen = list(pool.map(deliver_and_look, range(1000, 1200)))
    assert seen == [True] * 200
    assert kept(database) == 200


def test_what_arrives_together_is_committed_together(hook: Site, watch: Watch, monkeypatch: Any) -> None:
    sizes: list[int] = []
    first_is_there, go_on = threading.Event(), threading.Event()
    receive = watch.receive

    def slow(deliveries: Any) -> None:
        sizes.append(len(deliveries))
        first_is_there.set()
        assert go_on.wait(10)
        receive(deliveries)

    monkeypatch.setattr(watch, "receive", slow)
    with ThreadPoolExecutor(21) as pool:
        first = pool.submit(hook.deliver, event(number=1))
        assert first_is_there.wait(10)
        others = [pool.submit(hook.deliver, event(number=n)) for n in range(2, 22)]
        deadline_s = time.monotonic() + 5
        while len(hook.web.state.intake._waiting) < 20 and time.monotonic() < deadline_s:
            time.sleep(0.01)
        go_on.set()
        assert {f.result().status for f in (first, *others)} == {200}
    assert sizes == [1, 20]


def test_the_same_delivery_twice_is_kept_once(hook: Site, database: Database) -> None:
    body = event("recording.completed")
    with ThreadPoolExecutor(8) as pool:
        assert {r.status for r in pool.map(lambda _: hook.deliver(body), range(16))} == {200}
    assert kept(database) == 1
    assert hook.deliver(body, at=NOW + timedelta(seconds=1)).status == 200
    assert kept(database) == 2


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_both_secrets_are_taken(hook: Site, database: Database, secret: str) -> None:
    assert hook.deliver(event(), secret=secret).status == 200
    assert kept(database) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"x-zm-signature": "v0=" + "0" * 64},
        {"x-zm-signature": "v0=" + "é" * 32},
        {"x-zm-signature": ""},
        {"x-zm-request-timestamp": "1795424401"},
        {"x-zm-request-timestamp": "٣" * 10},
        {"x-zm-request-timestamp": ""},
    ],
)
def test_a_wrong_signature_is_401_and_nothing_else(hook: Site, database: Database, change: dict[str, str]) -> None:
    body = event()
    headers = {k: v.encode() for k, v in {**signed_headers(body), **change}.items()}
    reply = hook.ask("POST", PATH, body, headers=headers)  # type: ignore[arg-type]
    assert (reply.status, reply.body) == (401, b"")
    assert kept(database) == 0


def test_an_event_without_a_signature_is_401(hook: Site, database: Database) -> None:
    assert hook.ask("POST", PATH, event()).status == 401
    assert kept(database) == 0


def test_two_signatures_are_a_wrong_one(hook: Site) -> None:
    body = event()
    lines = [f"{k}: {v}" for k, v in signed_headers(body).items()]
    lines += ["x-zm-signature: v0=" + "0" * 64, f"Content-Length: {len(body)}", "Connection: close", "Host: x"]
    request = f"POST {PATH} HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n"
    assert hook.raw(request.encode() + body).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    ("age", "status"),
    [
        (timedelta(minutes=99), 200),
        (timedelta(minutes=101), 401),
        (-timedelta(seconds=299), 200),
        (-timedelta(minutes=10), 401),
    ],
)
def test_a_right_signature_is_taken_for_as_long_as_zoom_repeats(
    hook: Site, database: Database, age: timedelta, status: int
) -> None:
    assert hook.deliver(event(), at=NOW - age).status == status
    assert kept(database) == (1 if status == 200 else 0)
    assert hook.counts["stale"] == (0 if status == 200 else 1)


@pytest.mark.parametrize("account", ["another-account", "", None])
def test_events_of_another_account_are_counted_and_not_kept(hook: Site, database: Database, account: Any) -> None:
    assert hook.deliver(event("recording.completed", account=account)).status == 200
    assert kept(database) == 0
    assert hook.counts["foreign"] == 1


@pytest.mark.parametrize("body", [b"", b"not json", b'{"event":"a","event":"b"}', b'{"event":"a","x":NaN}'])
def test_a_signed_body_that_is_no_event_is_400(hook: Site, database: Database, body: bytes) -> None:
    assert hook.deliver(body).status == 400
    assert kept(database) == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_only_post_is_answered(hook: Site, method: str) -> None:
    reply = hook.ask(method, PATH)
    assert (reply.status, reply.headers["Allow"]) == (405, "POST")


def test_one_mebibyte_is_taken_and_one_byte_more_is_413(hook: Site, database: Database) -> None:
    whole = event(padding="x" * (MIB - len(event(padding=""))))
    assert len(whole) == MIB
    assert hook.deliver(whole).status == 200
    larger = whole + b" "
    assert hook.deliver(larger).status == 413
    answer = hook.raw(chunked(larger, signed_headers(larger)))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert kept(database) == 1


def test_a_body_without_end_is_cut_and_not_collected(hook: Site) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", hook.port), timeout=10) as connection:
        connection.sendall(head)
        piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        with pytest.raises(OSError):  # noqa: PT012
            for _ in range(2000):
                connection.sendall(piece)
    assert hook.deliver(event()).status == 200


def test_a_length_that_is_promised_too_large_is_refused_at_once(hook: Site) -> None:
    request = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n".encode()
    assert hook.raw(request).startswith(b"HTTP/1.1 413 ")  # A server that waits for the body answers nothing.


@contextmanager
def slow_senders(hook: Site) -> Iterator[list[socket.socket]]:
    """Connections that promise 500 bytes and send one."""
    request = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nx".encode()
    with ExitStack() as stack:
        at = ("127.0.0.1", hook.port)
        slow = [stack.enter_context(socket.create_connection(at, timeout=30)) for _ in range(50)]
        for connection in slow:
            connection.sendall(request)
        yield slow


def test_others_are_served_while_bodies_are_slow(hook: Site, database: Database) -> None:
    with slow_senders(hook) as slow:
        assert hook.deliver(event()).status == 200
        answered, _, _ = ready.select(slow, [], [], 0)
        assert answered == [] and kept(database) == 1


def test_a_slow_body_is_cut(hook_in_time: Site, database: Database) -> None:
    with slow_senders(hook_in_time) as slow:
        assert all(everything(connection).startswith(b"HTTP/1.1 408 ") for connection in slow)
    assert kept(database) == 0


def test_a_locked_database_is_503_and_the_repeat_is_kept_once(hook_in_time: Site, database: Database) -> None:
    other = sqlite3.connect(str(database.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    body = event()
    reply = hook_in_time.deliver(body)
    assert reply.status == 503 and "Retry-After" in reply.headers
    other.execute("ROLLBACK")
    other.close()
    while (again := hook_in_time.deliver(body).status) == 503:
        time.sleep(0.1)
    assert again == 200 and kept(database) == 1


def test_what_cuts_a_delivery_is_shorter_than_zooms_own_patience() -> None:
    zoom_waits_s = 3
    assert max(KEPT_WITHIN_S, BODY_WITHIN_S) < zoom_waits_s


def test_a_database_that_is_away_is_503_and_taken_again_when_it_is_back(hook: Site, database: Database) -> None:
    path = Path(str(database.url.database))
    database.close()  # The last connection takes the write-ahead log with it.
    away = path.rename(path.with_suffix(".away"))
    path.mkdir()
    assert hook.deliver(event()).status == 503
    path.rmdir()
    away.rename(path)
    assert hook.deliver(event()).status == 200
    assert kept(database) == 1


def test_an_unforeseen_failure_is_503_and_the_writer_goes_on(hook: Site, watch: Watch, monkeypatch: Any) -> None:
    def broken(deliveries: Any) -> None:
        raise RuntimeError("geheim")

    with monkeypatch.context() as patched:
        patched.setattr(watch, "receive", broken)
        assert hook.deliver(event()).status == 503
    assert hook.deliver(event()).status == 200


def proved(reply: Reply, secret: str = SECRET) -> bool:
    token = "qgg8vlvZRS6UYooatFL8Aw"
    expected = {"plainToken": token, "encryptedToken": sign(secret, token.encode())}
    return reply.status == 200 and bool(reply.document == expected)


def test_the_challenge_is_answered_signed_and_unsigned(hook: Site, database: Database) -> None:
    assert proved(hook.ask("POST", PATH, CHALLENGE))
    assert proved(hook.deliver(CHALLENGE))
    assert proved(hook.deliver(CHALLENGE, secret=OLD_SECRET), OLD_SECRET)
    assert kept(database) == 0


def test_a_challenge_with_a_wrong_signature_is_401(hook: Site) -> None:
    assert hook.deliver(CHALLENGE, secret="another").status == 401
    half = {"x-zm-request-timestamp": "1795424400"}
    assert hook.ask("POST", PATH, CHALLENGE, headers=half).status == 401


@pytest.mark.parametrize("token", ["v0:1795424400:{}", "a b", "", "x" * 129, "abc\n", 5, None, ["a"]])
def test_no_text_of_somebodys_choice_is_signed(hook: Site, token: object) -> None:
    body = json.dumps({"event": "endpoint.url_validation", "payload": {"plainToken": token}}).encode()
    assert hook.ask("POST", PATH, body).status == 400
    assert hook.deliver(body).status == 400


def test_unsigned_challenges_are_answered_ten_times_a_minute(hook: Site) -> None:
    statuses = [hook.ask("POST", PATH, CHALLENGE).status for _ in range(12)]
    assert statuses == [200] * 10 + [429] * 2
    assert proved(hook.deliver(CHALLENGE))


def test_the_challenge_is_answered_while_the_database_is_away(hook_in_time: Site, database: Database) -> None:
    other = sqlite3.connect(str(database.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as pool:
        stuck = pool.submit(hook_in_time.deliver, event())
        assert proved(hook_in_time.ask("POST", PATH, CHALLENGE))
        assert stuck.result().status == 503
        assert proved(hook_in_time.ask("POST", PATH, CHALLENGE))
    other.close()
