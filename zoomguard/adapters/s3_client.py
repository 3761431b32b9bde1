"""The way to one bucket: boto3's client and the wire beside it, made when first needed, without retries, speaking
our errors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from io import BytesIO
from typing import Any

import botocore.session
import urllib3
from boto3.session import Session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

from zoomguard.adapters import s3_errors
from zoomguard.adapters.s3_connection import Answer, Limits
from zoomguard.adapters.s3_wire import Place, Wire
from zoomguard.application.ports import Clock

CONNECT_S = 5
# S3 names a checksum only to whoever asks for it.
LOOKED_FOR = {"x-amz-checksum-mode": "ENABLED"}
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
        self._made: tuple[Any, Wire] | None = None

    def call(
        self, operation: str, *, changes: bool = False, none_for: tuple[str, ...] = (), **request: Any
    ) -> dict[str, Any] | None:
        """One request; None where S3 answers with one of the codes in `none_for`.

        `changes` says that a lost answer is OutcomeUnknown rather than OutsideFailed.
        """
        self._guard()
        try:
            answer: dict[str, Any] = getattr(self._both()[0], operation)(Bucket=self.bucket, **request)
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
            yield from self._both()[0].get_paginator(operation).paginate(Bucket=self.bucket, **request)
        except s3_errors.RAISED as error:
            raise self.error(error, operation) from None

    def send(
        self,
        operation: str,
        method: str,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        body: bytes | memoryview = b"",
    ) -> Answer:
        """One request by the wire, that may be repeated; errors as of `call` without `changes`."""
        self._guard()
        try:
            return self._both()[1].send(operation, method, key, query, headers, body)
        except s3_errors.RAISED as error:
            raise self.error(error, operation) from None

    def look(
        self, operation: str, method: str, key: str, query: Mapping[str, str], *, none_for: tuple[str, ...]
    ) -> Answer | None:
        """A question about an object by the wire; None where S3 answers with one of the codes in `none_for`."""
        self._guard()
        try:
            return self._both()[1].send(operation, method, key, query, LOOKED_FOR)
        except s3_errors.RAISED as error:
            if isinstance(error, ClientError) and s3_errors.s3_code(error) in none_for:
                return None
            raise self.error(error, operation) from None

    def error(self, error: Exception, operation: str, *, changes: bool = False) -> Exception:
        """Our error for one of boto3's."""
        return s3_errors.as_ours(error, operation, changes=changes, now=self._clock.now(), region=self.region)

    def _both(self) -> tuple[Any, Wire]:
        with self._making:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _make(self) -> tuple[Any, Wire]:
        core = botocore.session.get_session()
        session = Session(
            aws_access_key_id=self._keys[0],
            aws_secret_access_key=self._keys[1],
            region_name=self.region,
            botocore_session=core,
        )
        self.region = session.region_name or "us-east-1"
        client = session.client(
            "s3", region_name=self.region, endpoint_url=self._endpoint_url, config=_config(self._endpoint_url)
        )
        client.meta.events.register_first("needs-retry.s3", partial(_go_nowhere_else, self.region))
        place = _place(client, self.bucket)
        ca_bundle = core.get_config_variable("ca_bundle")
        return client, Wire(place, session.get_credentials(), ca_bundle, Limits(CONNECT_S, READ_S))


def _place(client: Any, bucket: str) -> Place:
    """Where boto3 would send a request for the bucket: seen from one that is signed and never sent.

    The rules (the bucket in the host or in the path, FIPS, dual stack, partitions) are many and boto3's own.
    """
    seen: list[Place] = []

    def keep_back(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        signed = request.headers["Authorization"]
        scope = (signed.decode() if isinstance(signed, bytes) else signed).partition(",")[0]
        seen.append(Place(request.url, scope.split("/")[-3]))
        return AWSResponse(request.url, 200, {}, urllib3.HTTPResponse(BytesIO(), preload_content=False))

    client.meta.events.register("before-send.s3.HeadBucket", keep_back)
    try:
        client.head_bucket(Bucket=bucket)
    finally:
        client.meta.events.unregister("before-send.s3.HeadBucket", keep_back)
    return seen[0]


def _go_nowhere_else(region: str, response: tuple[Any, dict[str, Any]] | None, operation: Any, **_: object) -> None:
    """Stops boto3 from following a bucket into another region, which the wire does not, by raising what S3 said."""
    if response is not None:
        answered = ClientError(response[1], operation.name)
        if s3_errors.is_elsewhere(answered, region):
            raise answered


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
