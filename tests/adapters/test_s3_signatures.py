"""What the wire signs, before rclone's server, which checks every signature, over HTTP and TLS."""

import json
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.adapters.certificate import certificate_for_loopback
from tests.adapters.vaults import KEY, MIB, client_at, crc_of, some_bytes, vault_at
from tests.adapters.wire import canned
from tests.servers.rclone import ACCESS_KEY, SECRET_KEY
from zoomguard.adapters.s3_upload import S3Upload
from zoomguard.domain.errors import OutsideFailed

RIGHT = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.needs_rclone) for name in ("rclone_url", "rclone_tls")])
def strict(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, bucket: str) -> Any:
    """boto3 itself at a server that checks signatures, with a bucket."""
    given = request.getfixturevalue(request.param)
    url, certificate = (given, None) if isinstance(given, str) else given
    if certificate:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    s3 = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
    s3.create_bucket(Bucket=bucket)
    return s3


def sent(strict: Any, bucket: str, key: str, content: memoryview, **keys: str | None) -> bytes:
    """What stands under the key after one part sent with those keys; all but the part by boto3."""
    upload_id = strict.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    s3 = client_at(strict.meta.endpoint_url, bucket, **keys)
    S3Upload(s3, key, upload_id).part(1, content, crc_of(vault_at(""), bytes(content)))
    parts = strict.list_parts(Bucket=bucket, Key=key, UploadId=upload_id)["Parts"]
    whole = {"Parts": [{"PartNumber": 1, "ETag": parts[0]["ETag"]}]}
    strict.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload=whole)
    stands: bytes = strict.get_object(Bucket=bucket, Key=key)["Body"].read()
    return stands


@pytest.mark.parametrize("key", [KEY, "v1/a b+c%2F~(ü)!*'&=;:@,$?#é/名/🎥.mp4", "v1/%41+%20/x"])
def test_a_part_with_the_right_secret_stands_byte_for_byte(strict: Any, bucket: str, key: str) -> None:
    content = some_bytes(3 * MIB)
    buffer = memoryview(bytearray(b"before" + content + b"after"))[6:-5]
    assert sent(strict, bucket, key, buffer, **RIGHT) == content


def test_a_part_with_a_wrong_secret_is_forbidden(strict: Any, bucket: str) -> None:
    with pytest.raises(OutsideFailed) as refused:
        sent(strict, bucket, KEY, memoryview(b"bytes"), access_key=ACCESS_KEY, secret_key="wrong")
    assert (refused.value.code, refused.value.permanent) == ("S3_FORBIDDEN", True)
    assert "SignatureDoesNotMatch" in refused.value.message


def test_the_keys_of_the_machine_are_found_and_their_session_token_is_signed(
    strict: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a+session/token==")
    assert sent(strict, bucket, KEY, memoryview(b"bytes"), access_key=None, secret_key=None) == b"bytes"


@pytest.mark.parametrize(("secret", "code"), [(SECRET_KEY, "S3_REFUSED"), ("wrong", "S3_FORBIDDEN")])
def test_a_list_is_signed_too(strict: Any, bucket: str, secret: str, code: str) -> None:
    # rclone lists no versions (501 NotImplemented), but it looks at the signature first.
    vault = vault_at(strict.meta.endpoint_url, bucket, access_key=ACCESS_KEY, secret_key=secret)
    with pytest.raises(OutsideFailed) as refused:
        list(vault.listing("v1/ü +&/"))
    assert refused.value.code == code


def test_the_body_is_signed_where_nothing_else_guards_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = certificate_for_loopback(tmp_path)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    hashes = {}
    for secured in (None, certificate):
        with canned(certificate=secured) as server:
            S3Upload(client_at(server.url), KEY, "u").part(1, b"bytes", crc_of(vault_at(""), b"bytes"))
            headers = server.asked[0].headers
        hashes[secured] = headers["x-amz-content-sha256"]
        assert headers["x-amz-checksum-crc64nvme"] == crc_of(vault_at(""), b"bytes")
        assert "x-amz-checksum-crc64nvme" in headers["authorization"]
        assert "/us-east-1/s3/aws4_request" in headers["authorization"]
    sha_256 = "277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9"  # sha256sum of "bytes"
    assert hashes == {None: sha_256, certificate: "UNSIGNED-PAYLOAD"}


def test_the_session_token_stands_in_the_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token-1")
    with canned() as server:
        S3Upload(client_at(server.url, access_key=None, secret_key=None), KEY, "u").part(1, b"", "AAAAAAAAAAA=")
        headers = server.asked[0].headers
    assert headers["x-amz-security-token"] == "token-1"
    assert "x-amz-security-token" in headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]


def test_keys_that_are_about_to_end_are_renewed_for_each_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count, ends_at = tmp_path / "count", datetime.now(UTC) + timedelta(minutes=5)
    count.write_text("0")
    keys = {"Version": 1, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": ends_at.isoformat()}
    program = tmp_path / "keys.py"
    program.write_text(
        f"import json, pathlib\np = pathlib.Path({str(count)!r})\nn = int(p.read_text()) + 1\np.write_text(str(n))\n"
        f"print(json.dumps({keys!r} | {{'AccessKeyId': f'ASIA{{n}}'}}))\n"
    )
    config = tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = {json.dumps(sys.executable)} {json.dumps(str(program))}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with canned() as server:
        upload = S3Upload(client_at(server.url, access_key=None, secret_key=None), KEY, "u")
        for number in (1, 2):
            upload.part(number, b"bytes", "AAAAAAAAAAA=")
        used = [asked.headers["authorization"].partition("Credential=")[2].partition("/")[0] for asked in server.asked]
    assert len(set(used)) == 2 and all(key.startswith("ASIA") for key in used)


@pytest.mark.parametrize(
    ("bucket_name", "dual_stack", "host"),
    [
        ("school-vault", "false", "school-vault.s3.eu-west-2.amazonaws.com"),
        ("school.vault", "false", "s3.eu-west-2.amazonaws.com"),
        ("school-vault", "true", "school-vault.s3.dualstack.eu-west-2.amazonaws.com"),
    ],
)
def test_the_wire_goes_where_boto3_goes(
    monkeypatch: pytest.MonkeyPatch, bucket_name: str, dual_stack: str, host: str
) -> None:
    looked_up: list[str] = []

    def nobody_knows(name: str, *_: object, **__: object) -> None:
        looked_up.append(name)
        raise socket.gaierror("no such name")

    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", dual_stack)
    monkeypatch.setattr(socket, "getaddrinfo", nobody_knows)
    s3 = client_at("", bucket_name, region="eu-west-2")
    calls: tuple[Callable[[], object], ...] = (
        lambda: s3.call("list_object_versions"),
        lambda: s3.send("list_object_versions", "GET", "", {"versions": ""}),
    )
    for call in calls:
        with pytest.raises(OutsideFailed) as failed:
            call()
        assert failed.value.code == "S3_UNREACHABLE"
    assert looked_up == [host, host]
