"""The wire before servers that answer late, badly, too much, in part, or not at all."""

import socket
import ssl
import threading
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.adapters.certificate import certificate_for_loopback
from tests.adapters.scripted_server import Reply, in_turn, scripted
from tests.adapters.vaults import (
    KEY,
    LOCK,
    MIB,
    NOW,
    SECRET,
    UNTIL,
    client_at,
    copy_in_parts,
    crc_of,
    head,
    read,
    some_bytes,
    vault_at,
)
from tests.adapters.wire import Accepting, canned
from tests.servers.shared import free_port
from zoomguard.adapters import s3_client, s3_connection, s3_upload
from zoomguard.adapters.s3_upload import S3Upload
from zoomguard.domain.errors import OutcomeUnknown, OutsideFailed, Throttled, ZoomguardError

DONE = Reply(headers={"ETag": '"one"'})
BLANK = "AAAAAAAAAAA="
STAYS_OPEN = b'HTTP/1.1 200 OK\r\nETag: "one"\r\nContent-Length: 0\r\n\r\n'


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts are repeated as always, without the pauses; a server that is asked first has time, however busy we are."""
    monkeypatch.setattr(s3_upload, "PAUSES_S", (0.0, 0.0))
    monkeypatch.setattr(s3_connection, "CONTINUE_S", 10)


@pytest.fixture
def soon_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """For servers that know no 100 Continue."""
    monkeypatch.setattr(s3_connection, "CONTINUE_S", 0.05)


def upload_at(url: str, bucket: str = "vault") -> S3Upload:
    return S3Upload(client_at(url, bucket), KEY, "upload-1")


def failure(url: str, content: bytes | memoryview = b"bytes") -> OutsideFailed:
    with pytest.raises(OutsideFailed) as failed:
        upload_at(url).part(1, content, BLANK)
    for secret in (SECRET, "AKIATEST", "127.0.0.1", "http", "Signature=", KEY, "upload-1"):
        assert secret not in f"{failed.value.message} {failed.value.remedy} {failed.value.__cause__!r}"
    return failed.value


# What S3 answers


def error(code: str, more: str = "") -> bytes:
    return f"<Error><Code>{code}</Code><Message>http://x {SECRET}</Message>{more}</Error>".encode()


@pytest.mark.parametrize(
    ("status", "body", "code", "kind", "permanent", "times"),
    [
        (403, error("AccessDenied"), "S3_FORBIDDEN", OutsideFailed, True, 1),
        (403, b"<html>no", "S3_FORBIDDEN", OutsideFailed, True, 1),
        (404, error("NoSuchUpload"), "S3_NOT_FOUND", OutsideFailed, True, 1),
        (400, error("BadDigest"), "S3_REFUSED", OutsideFailed, True, 1),
        (400, error("RequestTimeout"), "S3_AGAIN", OutsideFailed, False, 3),
        (409, error("OperationAborted"), "S3_AGAIN", OutsideFailed, False, 3),
        (503, error("SlowDown"), "THROTTLED", Throttled, False, 1),
        (503, b"", "THROTTLED", Throttled, False, 1),
        (429, b"wait", "THROTTLED", Throttled, False, 1),
        (500, error("InternalError"), "S3_FAILED", OutsideFailed, False, 3),
        (502, b"<html>bad gateway", "S3_FAILED", OutsideFailed, False, 3),
        (400, b"", "S3_REFUSED", OutsideFailed, True, 1),
        (400, b"<Error><Code>Cut", "S3_REFUSED", OutsideFailed, True, 1),
        (403, b"<Error>" + b"x" * (s3_connection.CAP_BYTES + 1), "S3_CUT", OutsideFailed, False, 3),
    ],
)
def test_an_answer_to_a_part_is_said_as_boto3s_is_and_repeated_where_that_helps(
    status: int, body: bytes, code: str, kind: type[OutsideFailed], permanent: bool, times: int
) -> None:
    with scripted(in_turn(Reply(status, body, {"Retry-After": "120"}))) as server:
        failed = failure(server.url)
    assert (failed.code, type(failed), failed.permanent) == (code, kind, permanent)
    assert len(server.asked) == times
    if isinstance(failed, Throttled):
        assert failed.retry_at == NOW + timedelta(seconds=120)


def test_wire_and_boto3_say_the_same_of_the_same_answer() -> None:
    bodies = (error("AccessDenied"), error("SlowDown"), error("AuthorizationHeaderMalformed"), b"<Error><Code>Cut", b"")
    with canned(headers={"Retry-After": "7"}) as server:
        s3 = client_at(server.url)
        by_boto3, by_wire = (
            lambda: s3.call("get_bucket_tagging"),
            lambda: s3.send("get_bucket_tagging", "GET", "", {"tagging": ""}),
        )
        for server.status in (301, 400, 403, 404, 409, 412, 429, 500, 501, 503):
            for server.body in bodies:
                assert said(by_wire) == said(by_boto3)


def said(ask: Callable[[], object]) -> tuple[type, dict[str, object]]:
    with pytest.raises(ZoomguardError) as failed:
        ask()
    return type(failed.value), vars(failed.value)


def test_a_bad_answer_is_followed_by_a_good_one_on_the_next_try() -> None:
    for first in (Reply(lost=True), Reply(500), Reply(200, b"half", length=8), Reply(200, headers={"X": "y" * 70_000})):
        with scripted(in_turn(first, DONE)) as server:
            upload_at(server.url).part(1, memoryview(b"bytes"), BLANK)
        assert [asked.body for asked in server.asked] == [b"bytes", b"bytes"]


def test_an_answer_that_never_comes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_client, "READ_S", 0.2)
    silent = threading.Event()

    def say_nothing(client: socket.socket) -> None:
        client.recv(100_000)
        silent.wait(10)

    server = Accepting(say_nothing)
    failed = failure(f"http://127.0.0.1:{server.port}")
    silent.set()
    server.close()
    assert (failed.code, failed.permanent, type(failed)) == ("S3_CUT", False, OutsideFailed)


@pytest.mark.usefixtures("soon_believed")
def test_a_line_that_is_slow_but_alive_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each slice has the time of an answer, not that for a connection to come about.
    monkeypatch.setattr(s3_client, "CONNECT_S", 0.3)
    took: list[int] = []

    def slowly(client: socket.socket) -> None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        threading.Event().wait(0.6)
        while sum(took) < 8 * MIB:
            took.append(len(client.recv(MIB)))
        client.sendall(STAYS_OPEN)

    monkeypatch.setattr(s3_upload, "PAUSES_S", ())
    server = Accepting(slowly)
    upload_at(f"http://127.0.0.1:{server.port}").part(1, bytes(8 * MIB), BLANK)
    server.close()


@pytest.mark.parametrize("secured", [False, True])
def test_a_refusal_before_the_part_is_sent_is_heard(
    secured: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = certificate_for_loopback(tmp_path)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    def refuse(client: socket.socket) -> None:
        heard = context.wrap_socket(client, server_side=True) if secured else client
        asked.append(heard.recv(10_000))
        body = error("AccessDenied")
        heard.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        heard.close()  # with much unread: the connection is reset

    asked: list[bytes] = []
    server = Accepting(refuse)
    failed = failure(f"{'https' if secured else 'http'}://127.0.0.1:{server.port}", bytes(32 * MIB))
    server.close()
    assert failed.code == "S3_FORBIDDEN"
    assert len(asked) == 1 and asked[0].endswith(b"\r\n\r\n")  # S3 was asked before the body was sent


def test_after_a_refusal_nothing_more_goes_over_that_connection() -> None:
    body, more, ended = error("AccessDenied"), [], threading.Event()

    def refuse(client: socket.socket) -> None:
        client.recv(10_000)
        client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        more.append(client.recv(10_000))  # what came now would be taken for the body
        ended.set()

    server = Accepting(refuse)
    upload = upload_at(f"http://127.0.0.1:{server.port}")
    for number in (1, 2):
        with pytest.raises(OutsideFailed):
            upload.part(number, bytes(2 * MIB), BLANK)
        assert ended.wait(10) and more == [b""] * number
        ended.clear()
    server.close()


def test_an_answer_may_take_longer_than_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_client, "CONNECT_S", 0.2)
    monkeypatch.setattr(s3_upload, "PAUSES_S", ())

    def late(client: socket.socket) -> None:
        client.recv(10_000)
        threading.Event().wait(0.5)
        client.sendall(STAYS_OPEN)

    server = Accepting(late)
    upload_at(f"http://127.0.0.1:{server.port}").part(1, b"bytes", BLANK)
    server.close()


@pytest.mark.usefixtures("soon_believed")
def test_a_server_that_knows_no_100_continue_gets_the_part_over_tls_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = certificate_for_loopback(tmp_path)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    def swallow(client: socket.socket) -> None:
        heard, left = context.wrap_socket(client, server_side=True), 4 * MIB
        left -= len(heard.recv(10_000).partition(b"\r\n\r\n")[2])
        while left > 0:
            left -= len(heard.recv(MIB))
        heard.sendall(STAYS_OPEN)
        heard.close()

    server = Accepting(swallow)
    monkeypatch.setattr(s3_upload, "PAUSES_S", ())
    upload_at(f"https://127.0.0.1:{server.port}").part(1, bytes(4 * MIB), BLANK)
    server.close()


def test_a_yes_before_the_end_of_a_part_is_no_yes() -> None:
    def cut_short(client: socket.socket) -> None:
        client.recv(1000)
        client.sendall(STAYS_OPEN)

    server = Accepting(cut_short)
    assert failure(f"http://127.0.0.1:{server.port}", bytes(32 * MIB)).code == "S3_CUT"
    server.close()


# Connections


class Counting:
    """A server that answers two requests of a connection, then closes it."""

    def __init__(self) -> None:
        self.connections = 0
        self.closed = threading.Event()
        self._server = Accepting(self._talk)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self.close = self._server.close

    def _talk(self, client: socket.socket) -> None:
        self.connections += 1
        self.closed.clear()
        for _ in range(2):
            while b"bytes" not in client.recv(65536):
                pass
            client.sendall(STAYS_OPEN)
        client.shutdown(socket.SHUT_RDWR)
        self.closed.set()


def test_a_connection_is_kept_and_replaced_when_s3_has_closed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_upload, "PAUSES_S", ())
    server = Counting()
    upload = upload_at(server.url)
    for number in (1, 2):
        upload.part(number, b"bytes", BLANK)
    assert server.connections == 1 and server.closed.wait(10)
    upload.part(3, b"bytes", BLANK)
    assert server.connections == 2
    server.close()


def test_threads_do_not_share_a_connection() -> None:
    with scripted(lambda _: DONE) as server:
        upload = upload_at(server.url)
        many = [
            threading.Thread(target=upload.part, args=(number, b"%d" % number * 100_000, BLANK)) for number in range(8)
        ]
        for thread in many:
            thread.start()
        for thread in many:
            thread.join()
    assert sorted(asked.body[:1] for asked in server.asked) == [b"%d" % number for number in range(8)]
    assert all(len(set(asked.body)) == 1 for asked in server.asked)


def test_a_refused_connection_is_said_as_such() -> None:
    assert failure(f"http://127.0.0.1:{free_port()}").code == "S3_UNREACHABLE"


def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    with scripted(lambda _: DONE) as server:
        upload_at(server.url.replace("127.0.0.1", "localhost")).part(1, b"bytes", BLANK)
    assert len(server.asked) == 1


def test_a_server_whose_certificate_is_not_trusted_gets_no_part(tmp_path: Path) -> None:
    with canned(certificate=certificate_for_loopback(tmp_path)) as server:
        failed = failure(server.url)
    assert (failed.code, failed.permanent, server.asked) == ("S3_TLS", True, [])


def test_a_certificate_for_another_name_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = certificate_for_loopback(tmp_path)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    with canned(certificate=certificate) as server:
        failed = failure(server.url.replace("127.0.0.1", "localhost"))
    assert (failed.code, server.asked) == ("S3_TLS", [])


@pytest.mark.usefixtures("soon_believed")
def test_a_part_is_sent_from_where_it_lies() -> None:
    def swallow(client: socket.socket) -> None:
        left, buffer = 16 * MIB, bytearray(65536)
        while left > 0:
            left -= client.recv_into(buffer)
        client.sendall(STAYS_OPEN)

    server, content = Accepting(swallow), memoryview(bytearray(17 * MIB))[MIB:]
    upload = upload_at(f"http://127.0.0.1:{server.port}")
    s3 = upload._s3
    s3._both()  # what boto3 reads once for all is not meant
    tracemalloc.start()
    upload.part(1, content, BLANK)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    server.close()
    assert most < MIB


# Another region


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (301, {"x-amz-bucket-region": "eu-west-2"}, error("PermanentRedirect")),
        (301, {"x-amz-bucket-region": "eu-west-2"}, b""),
        (302, {"x-amz-bucket-region": "eu-west-2"}, error("Moved")),
        (307, {"x-amz-bucket-region": "eu-west-2", "Location": "http://127.0.0.1:9/"}, error("TemporaryRedirect")),
        (400, {}, error("AuthorizationHeaderMalformed", "<Region>eu-west-2</Region>")),
        (400, {"x-amz-bucket-region": "eu-west-2"}, b""),
        (400, {"x-amz-bucket-region": "eu-west-2"}, error("IllegalLocationConstraintException")),
    ],
)
def test_a_bucket_in_another_region_names_the_setting_and_nothing_is_followed(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    with canned(status, headers, body) as server:
        vault = vault_at(server.url)
        calls: list[Callable[[], object]] = [
            lambda: vault.put(KEY, b"bytes", LOCK),
            lambda: vault.begin(KEY, LOCK),
            lambda: list(vault.listing("v1/")),
            lambda: vault.unfinished("v1/"),
            lambda: upload_at(server.url).part(1, b"bytes", BLANK),
            lambda: vault.tags(KEY, "v"),
            lambda: read(vault, KEY, "v"),
        ]
        if "x-amz-bucket-region" in headers:  # the answer to HEAD has no body
            calls += [lambda: vault.head(KEY, "v"), lambda: vault.prepare("sandbox", create=True)]
        for call in calls:
            with pytest.raises(OutsideFailed) as failed:
                call()
            assert (failed.value.code, failed.value.permanent) == ("S3_REGION", True)
            assert "S3_REGION to eu-west-2" in failed.value.remedy
            assert not isinstance(failed.value, OutcomeUnknown)
        assert len(server.asked) == len(calls)


def test_a_malformed_header_that_is_not_about_the_region_is_not_said_to_be() -> None:
    with scripted(in_turn(Reply(400, error("AuthorizationHeaderMalformed")))) as server:
        assert failure(server.url).code == "S3_REFUSED"
    with canned(400, {"x-amz-bucket-region": "us-east-1"}) as here, pytest.raises(OutsideFailed) as failed:
        vault_at(here.url).head(KEY, "v")
    assert failed.value.code == "S3_REFUSED"


# Where checksums and locks count


def test_what_was_sent_in_parts_stands_locked_and_proved_by_its_checksum(localstack_url: str, bucket: str) -> None:
    vault = vault_at(localstack_url, bucket)
    vault.prepare("sandbox", create=True)
    content = some_bytes(12 * MIB + 345)
    version_id = copy_in_parts(vault, content)
    stored = head(vault, KEY, version_id)
    assert read(vault, KEY, version_id) == content
    assert (stored.size, stored.crc64nvme) == (len(content), crc_of(vault, content))
    assert (stored.lock_mode, stored.retain_until_at, stored.metadata) == ("GOVERNANCE", UNTIL, LOCK.metadata)
