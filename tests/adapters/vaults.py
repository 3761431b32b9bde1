"""Vaults to try, and what is put into them."""

import hashlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

from zoomguard.adapters.s3_client import S3Client
from zoomguard.adapters.s3_vault import S3Vault
from zoomguard.application.ports import Lock, StoredObject, Vault

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MIB = 1024 * 1024
PREFIX = "v1/2026/01JD0000000000000000000001/01JD0000000000000000000002/b001/"
KEY = PREFIX + "data/video.mp4"
UNTIL = (datetime.now(UTC) + timedelta(days=90)).replace(microsecond=0)
LOCK = Lock(UNTIL, {"schema": "zoomguard/1", "file-id": "F1"}, {"zg-class": "routine"}, "video/mp4")
SECRET = "very-secret-key-material"


class FixedClock:
    def now(self) -> datetime:
        return NOW


def vault_at(url: str, bucket: str = "vault", *, guard: Callable[[], None] = lambda: None, **more: Any) -> S3Vault:
    given: dict[str, Any] = {
        "region": "us-east-1",
        "kms_key_id": None,
        "access_key": "AKIATEST",
        "secret_key": SECRET,
        **more,
    }
    return S3Vault(bucket, endpoint_url=url, guard=guard, clock=FixedClock(), **given)


def client_at(url: str, bucket: str = "vault", **more: Any) -> S3Client:
    """What stands below a vault."""
    given: dict[str, Any] = {"region": "us-east-1", "access_key": "AKIATEST", "secret_key": SECRET, **more}
    return S3Client(bucket, endpoint_url=url or None, guard=lambda: None, clock=FixedClock(), **given)


def raw(url: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="AKIATEST",
        aws_secret_access_key=SECRET,
    )


def new_name() -> str:
    return f"vault-{uuid.uuid4().hex[:12]}"


def head(vault: Vault, key: str, version_id: str) -> StoredObject:
    stored = vault.head(key, version_id)
    assert stored is not None
    return stored


def read(vault: Vault, key: str, version_id: str, start: int = 0, stop: int | None = None) -> bytes:
    with vault.read(key, version_id, start, stop) as chunks:
        return b"".join(chunks)


def crc_of(vault: Vault, content: bytes) -> str:
    running = vault.checksum()
    running.update(content)
    return running.text()


def copy_in_parts(vault: Vault, content: bytes, part_bytes: int = 5 * MIB) -> str:
    """As the archive does it: one buffer used again and again."""
    upload, whole, buffer = vault.begin(KEY, LOCK), vault.checksum(), bytearray(part_bytes)
    for number, at in enumerate(range(0, len(content), part_bytes), 1):
        piece = content[at : at + part_bytes]
        view = memoryview(buffer)[: len(piece)]
        view[:] = piece
        whole.update(view)
        upload.part(number, view, crc_of(vault, piece))
    return upload.complete(len(content), whole.text())


def some_bytes(size: int) -> bytes:
    return hashlib.shake_256(b"zoomguard").digest(size)
