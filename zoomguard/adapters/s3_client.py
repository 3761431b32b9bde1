"""The one boto3 client of a bucket: made when first needed, without retries, speaking our errors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import ClientError

from zoomguard.adapters import s3_errors
from zoomguard.application.ports import Clock

CONNECT_S = 5
READ_S = 60


class S3Client:
    """Calls on one bucket. Safe between threads; every call passes the guard first."""

    def __init__(
        self,
        bucket: str,
        *,
        endpoint_url: str | None,
        region: str | None,
        access_key: str | None,
        secret_key: str | None,
        guard: Callable[[], None],
        clock: Clock,
    ) -> None:
        self.bucket = bucket
        self.region = region
        self._endpoint_url = endpoint_url
        self._keys = (access_key, secret_key)
        self._guard = guard
        self._clock = clock
        self._making = threading.Lock()
        self._made: Any = None

    def call(
        self, operation: str, *, changes: bool = False, none_for: tuple[str, ...] = (), **request: Any
    ) -> dict[str, Any] | None:
        """One request; None where S3 answers with one of the codes in `none_for`.

        `changes` says that a lost answer is OutcomeUnknown rather than OutsideFailed.
        """
        self._guard()
        try:
            answer: dict[str, Any] = getattr(self._client(), operation)(Bucket=self.bucket, **request)
        except s3_errors.RAISED as error:
            if isinstance(error, ClientError) and s3_errors.s3_code(error) in none_for:
                return None
            # boto3's own texts hold URLs, so they do not travel along.
            raise self.error(error, operation, changes=changes) from None
        return answer

    def pages(self, operation: str, **request: Any) -> Iterator[dict[str, Any]]:
        """All pages of a listing."""
        self._guard()
        try:
            yield from self._client().get_paginator(operation).paginate(Bucket=self.bucket, **request)
        except s3_errors.RAISED as error:
            raise self.error(error, operation) from None

    def error(self, error: Exception, operation: str, *, changes: bool = False) -> Exception:
        """Our error for one of boto3's."""
        return s3_errors.as_ours(error, operation, changes=changes, now=self._clock.now())

    def _client(self) -> Any:
        with self._making:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _make(self) -> Any:
        session = Session(
            aws_access_key_id=self._keys[0],
            aws_secret_access_key=self._keys[1],
            region_name=self.region,
        )
        region = session.region_name or "us-east-1"
        return session.client(
            "s3", region_name=region, endpoint_url=self._endpoint_url, config=_config(self._endpoint_url)
        )


def _config(endpoint_url: str | None) -> Config:
    tls = endpoint_url is None or endpoint_url.startswith("https:")
    s3: dict[str, Any] = {"addressing_style": "path" if endpoint_url else "auto"}
    if tls:
        # Under TLS the signed CRC-64 header vouches for the body; hashing it again costs a third of the copy.
        s3["payload_signing_enabled"] = False
    return Config(
        signature_version="s3v4",
        # boto3 repeats a PUT whose answer was lost and so leaves several locked copies.
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=CONNECT_S,
        read_timeout=READ_S,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        proxies={},
        ignore_configured_endpoint_urls=True,
        tcp_keepalive=True,
        max_pool_connections=20,
        s3=s3,
    )
