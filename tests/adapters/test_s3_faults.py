"""The vault before servers that lose answers, refuse, or do not do what S3 does."""

import socket
import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.certificate import certificate_for_loopback
from tests.adapters.vaults import KEY, LOCK, NOW, PREFIX, SECRET, UNTIL, client_at, crc_of, head, read, vault_at
from tests.adapters.wire import Accepting, AnswerLosing, canned
from tests.servers.shared import free_port
from zoomguard.adapters.s3_upload import S3Upload
from zoomguard.adapters.s3_vault import S3Vault
from zoomguard.domain.errors import Fault, IntegrityFailed, OutcomeUnknown, OutsideFailed, Throttled, ZoomguardError


def behind(losing: AnswerLosing, bucket: str) -> S3Vault:
    vault = vault_at(losing.url, bucket)
    vault.prepare("sandbox", create=True)
    return vault


def test_a_put_whose_answer_was_lost_is_unknown_and_done_once(losing: AnswerLosing, bucket: str) -> None:
    vault = behind(losing, bucket)
    losing.to_lose = 1
    with pytest.raises(OutcomeUnknown):
        vault.put(KEY, b"bytes", LOCK)
    assert [v.size for v in vault.versions(PREFIX)] == [5]


def test_a_completion_whose_answer_was_lost_is_unknown_and_done_once(losing: AnswerLosing, bucket: str) -> None:
    vault = behind(losing, bucket)
    upload = vault.begin(KEY, LOCK)
    upload.part(1, b"bytes", crc_of(vault, b"bytes"))
    losing.to_lose = 1
    with pytest.raises(OutcomeUnknown):
        upload.complete(5, crc_of(vault, b"bytes"))
    assert [v.size for v in vault.versions(PREFIX)] == [5]


def test_a_part_whose_answer_was_lost_is_sent_again(losing: AnswerLosing, bucket: str) -> None:
    vault = behind(losing, bucket)
    upload = vault.begin(KEY, LOCK)
    losing.to_lose = 1
    upload.part(1, b"bytes", crc_of(vault, b"bytes"))
    assert losing.lost == 1
    assert read(vault, KEY, upload.complete(5, crc_of(vault, b"bytes"))) == b"bytes"


def test_a_look_whose_answer_was_lost_has_failed_and_may_be_repeated(losing: AnswerLosing, bucket: str) -> None:
    vault = behind(losing, bucket)
    losing.to_lose = 1
    with pytest.raises(OutsideFailed) as failed:
        vault.versions(PREFIX)
    assert not isinstance(failed.value, OutcomeUnknown) and not failed.value.permanent


def test_a_refused_connection_has_done_nothing() -> None:
    with pytest.raises(OutsideFailed) as failed:
        vault_at(f"http://127.0.0.1:{free_port()}").put(KEY, b"bytes", LOCK)
    assert not isinstance(failed.value, OutcomeUnknown)
    assert (failed.value.code, failed.value.permanent) == ("S3_UNREACHABLE", False)


def answer(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>http://secret.example {SECRET}</Message></Error>".encode()


@pytest.mark.parametrize(
    ("status", "code", "kind", "permanent"),
    [
        (403, "AccessDenied", OutsideFailed, True),
        (404, "NoSuchBucket", OutsideFailed, True),
        (400, "KMS.DisabledException", OutsideFailed, True),
        (400, "RequestTimeout", OutsideFailed, False),
        (409, "OperationAborted", OutsideFailed, False),
        (503, "SlowDown", Throttled, False),
        (500, "InternalError", OutcomeUnknown, False),
    ],
)
def test_an_answer_of_s3_is_said_in_our_errors_and_nothing_is_repeated(
    status: int, code: str, kind: type[OutsideFailed], permanent: bool
) -> None:
    with canned(status, {"Retry-After": "120"}, answer(code)) as server:
        with pytest.raises(OutsideFailed) as failed:
            vault_at(server.url).put(KEY, b"bytes", LOCK)
        assert type(failed.value) is kind
        assert failed.value.permanent is permanent
        assert len(server.asked) == 1
    assert code in failed.value.message or kind in (Throttled, OutcomeUnknown)
    if isinstance(failed.value, Throttled):
        assert failed.value.retry_at == NOW + timedelta(seconds=120)
    must_not_tell(failed.value, server.url)


def must_not_tell(error: ZoomguardError, url: str) -> None:
    told = f"{error.message} {error.remedy} {error!r} {error.__cause__!r}"
    for secret in (url, SECRET, "AKIATEST", "http", "Signature", KEY):
        assert secret not in told


def test_an_html_page_in_place_of_an_answer_is_no_answer() -> None:
    with canned(200, {"Content-Type": "text/html"}, b"<html>sign in") as server:
        with pytest.raises(OutsideFailed):
            vault_at(server.url).versions(PREFIX)
        with pytest.raises(OutcomeUnknown):
            vault_at(server.url).begin(KEY, LOCK)


def test_a_stream_that_is_cut_is_noticed() -> None:
    with canned(200, {"Content-Type": "video/mp4"}, b"half") as server:
        server.says_length = 8
        with pytest.raises(OutsideFailed) as failed:
            read(vault_at(server.url), KEY, "v")
    assert not failed.value.permanent


def test_a_server_that_ignores_range_is_not_misread() -> None:
    with canned(200, {"Content-Type": "video/mp4"}, b"0123456789") as server:
        vault = vault_at(server.url)
        assert read(vault, KEY, "v", 0, 4) == b"0123"
        with pytest.raises(OutsideFailed) as failed:
            read(vault, KEY, "v", 2, 4)
    assert failed.value.code == "S3_NO_RANGE"


@pytest.mark.parametrize(("said", "start"), [("bytes 3-6/10", 2), ("bytes 20-23/90", 2), ("bytes 2-5/10", 0)])
def test_another_range_than_was_asked_for_is_not_taken(said: str, start: int) -> None:
    with canned(206, {"Content-Range": said}, b"0123") as server, pytest.raises(OutsideFailed):
        read(vault_at(server.url), KEY, "v", start, start + 4)


def test_no_byte_more_is_asked_for_than_is_wanted() -> None:
    with canned(206, {"Content-Range": "bytes 2-4/10"}, b"234") as server:
        assert read(vault_at(server.url), KEY, "v", 2, 5) == b"234"
        assert server.asked[0].headers["range"] == "bytes=2-4"


def test_a_server_without_versions_is_refused_at_the_first_object() -> None:
    with canned(200, {"ETag": '"x"'}) as server, pytest.raises(IntegrityFailed):
        vault_at(server.url).put(KEY, b"bytes", LOCK)


def test_a_lock_that_is_accepted_but_not_shown_is_no_lock() -> None:
    with canned(200) as server, pytest.raises(IntegrityFailed) as refusal:
        vault_at(server.url).relock(KEY, "v", UNTIL)
    assert refusal.value.code == "S3_NO_LOCK"


def test_a_checksum_is_not_believed_where_the_server_could_not_be_tried() -> None:
    with canned(200, {"x-amz-checksum-crc64nvme": "rosUhgp5mIg="}) as server:
        assert head(vault_at(server.url), KEY, "v").crc64nvme is None


def test_a_server_whose_certificate_is_not_trusted_gets_nothing(tmp_path: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate_for_loopback(tmp_path))
    heard: list[bytes] = []

    def talk(client: socket.socket) -> None:
        heard.append(context.wrap_socket(client, server_side=True).recv(100))

    server = Accepting(talk)
    with pytest.raises(OutsideFailed) as failed:
        vault_at(f"https://127.0.0.1:{server.port}").put(KEY, b"bytes", LOCK)
    server.close()
    assert (failed.value.code, failed.value.permanent, heard) == ("S3_TLS", True, [])


def test_a_server_without_conditional_writes_is_asked_plainly() -> None:
    with canned(501, {}, answer("NotImplemented")) as server:
        with pytest.raises(OutsideFailed):
            vault_at(server.url).put(KEY, b"bytes", LOCK)
        assert ["if-none-match" in asked.headers for asked in server.asked] == [True, False]


def test_the_kms_key_the_lock_and_the_checksum_travel_as_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with canned(200, {"x-amz-version-id": "v1"}) as server:
        assert (
            vault_at(server.url.replace("127.0.0.1", "localhost"), kms_key_id="alias/zoomguard").put(
                KEY, b"123456789", LOCK
            )
            == "v1"
        )
        headers, path = server.asked[0].headers, server.asked[0].path
    assert headers["x-amz-server-side-encryption"] == "aws:kms"
    assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == "alias/zoomguard"
    assert headers["x-amz-object-lock-mode"] == "GOVERNANCE"
    assert headers["x-amz-checksum-crc64nvme"] == "rosUhgp5mIg="
    assert headers["x-amz-tagging"] == "zg-class=routine"
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 ")
    assert path == f"/vault/{KEY}"


def test_no_call_is_made_while_the_guard_refuses() -> None:
    def refuse() -> None:
        raise Fault("A transaction is open.")

    with canned() as server:
        vault = vault_at(server.url, guard=refuse)
        calls: list[Callable[[], object]] = [
            lambda: vault.put(KEY, b"", LOCK),
            lambda: vault.begin(KEY, LOCK),
            lambda: vault.head(KEY, "v"),
            lambda: vault.versions(PREFIX),
            lambda: next(vault.listing(PREFIX)),
            lambda: vault.tags(KEY, "v"),
            lambda: vault.retag(KEY, "v", {}),
            lambda: S3Upload(client_at(server.url, guard=refuse), KEY, "u").part(1, b"", "AAAAAAAAAAA="),
            lambda: vault.relock(KEY, "v", UNTIL),
            lambda: read(vault, KEY, "v"),
            lambda: vault.unfinished(PREFIX),
            lambda: vault.prepare("sandbox", create=True),
        ]
        for call in calls:
            with pytest.raises(Fault):
                call()
        assert server.asked == []


def test_missing_keys_are_said_plainly(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with canned() as server, pytest.raises(OutsideFailed) as failed:
        vault_at(server.url, access_key=None, secret_key=None).put(KEY, b"bytes", LOCK)
    assert (failed.value.code, failed.value.permanent) == ("S3_NO_KEYS", True)
