"""The one home of `requests`: time limits, no redirects, capped answers, one mapping of network errors.

Error texts name the host and nothing else of a request: a path or a query may be a secret.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema
from urllib3.exceptions import (
    ConnectTimeoutError,
    LocationValueError,
    MaxRetryError,
    NewConnectionError,
    ReadTimeoutError,
)

from zoomguard.adapters.connections import AddressRefused, Admits, Resolve, addresses_of, pools
from zoomguard.domain.errors import OutcomeUnknown, OutsideFailed

CONNECT_S = 3.05  # a little over three, the first retransmission of a SYN
READ_S = 30.0
ANSWER_S = 120.0  # for a whole answer, however slowly it drips
CAP_BYTES = 16 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
# Told before anything is sent; a ValueError of another kind may come from a malformed answer.
MALFORMED = (InvalidURL, InvalidSchema, MissingSchema, LocationValueError, UnicodeError)
Guard = Callable[[], None]


@dataclass(frozen=True)
class Answer:
    """A whole answer; `headers` are found in any case of letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Stream:
    """An open answer whose body is read piece by piece, as sent. Close it."""

    def __init__(self, response: requests.Response, host: str) -> None:
        self._response = response
        self._host = host
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers

    def read_into(self, buffer: memoryview) -> int:
        """Fills up to the buffer's length and gives the count; 0 at the end. OutsideFailed when cut."""
        try:
            piece = self._response.raw.read(len(buffer), decode_content=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            failed = _lost(error, self._host, changes=False)
        else:
            buffer[: len(piece)] = piece
            return len(piece)
        self.close()
        raise failed

    def close(self) -> None:
        """Ends it; a body not read to its end costs the connection."""
        self._response.close()


class Http:
    """One session for all threads. `guard` is called before each request and may raise Fault.

    With `admits`, a connection goes only to addresses it says yes to (host, port, address).
    """

    def __init__(
        self,
        guard: Guard,
        *,
        admits: Admits | None = None,
        resolve: Resolve = addresses_of,
        read_s: float = READ_S,
        answer_s: float = ANSWER_S,
    ) -> None:
        # urllib3 writes whole addresses into its log, tokens and signatures of links included.
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        self._guard, self._resolve = guard, resolve
        self._read_s, self._answer_s = read_s, answer_s
        self._session = _session(HTTPAdapter(**_POOL) if admits is None else _Pinned(resolve, admits))

    def restricted(self, admits: Admits) -> Http:
        """Another like this one, with a session of its own that connects to admitted addresses only."""
        return Http(self._guard, admits=admits, resolve=self._resolve, read_s=self._read_s, answer_s=self._answer_s)

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None, *, changes: bool
    ) -> Answer:
        """The answer, whatever its status. OutsideFailed where there is none; for something that `changes`
        the other side and may have reached it: OutcomeUnknown."""
        response = self._send(method, url, {"Accept-Encoding": "gzip", **headers}, body, changes)
        try:
            whole = self._whole(response, _host(url), changes)
        finally:
            response.close()
        return Answer(response.status_code, response.headers, whole)

    def stream(self, url: str, headers: Mapping[str, str]) -> Stream:
        """A GET whose body is left to be read, without any encoding."""
        response = self._send("GET", url, {"Accept-Encoding": "identity", **headers}, None, False)
        return Stream(response, _host(url))

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, changes: bool
    ) -> requests.Response:
        self._guard()
        limits = (CONNECT_S, self._read_s)
        try:
            return self._session.request(
                method,
                url,
                headers=dict(headers),
                data=body,
                timeout=limits,
                allow_redirects=False,
                stream=True,
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError) as error:
            failed = _failure(error, _host(url), changes)
        raise failed  # outside the handler: the error it came from holds the whole address

    def _whole(self, response: requests.Response, host: str, changes: bool) -> bytes:
        held, ends = bytearray(), time.monotonic() + self._answer_s
        try:
            while piece := response.raw.read(CHUNK_BYTES, decode_content=True):
                held += piece
                if len(held) > CAP_BYTES:
                    failed = _unusable(f"{host} answered with more than 16 MiB.", "ANSWER_TOO_LARGE", changes)
                    break
                if time.monotonic() > ends:
                    failed = _unusable(f"{host} answered too slowly.", "TIMED_OUT", changes)
                    break
            else:
                return bytes(held)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            failed = _lost(error, host, changes)
        raise failed


_POOL: dict[str, Any] = {"pool_connections": 16, "pool_maxsize": 32, "max_retries": 0}


class _Pinned(HTTPAdapter):
    """Connects to admitted addresses only."""

    def __init__(self, resolve: Resolve, admits: Admits) -> None:
        self._pools = pools(resolve, admits)
        super().__init__(**_POOL)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = dict(self._pools)


def _session(adapter: HTTPAdapter) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # a .netrc would replace our bearer, a proxy would see it
    session.headers.clear()
    session.headers["User-Agent"] = "zoomguard"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _failure(error: Exception, host: str, changes: bool) -> OutsideFailed:
    """What an error before any answer means; whether the request may have left decides."""
    reason = _reason(error)
    if isinstance(reason, AddressRefused):
        return OutsideFailed(
            f"{host} leads to an address that is not reached.",
            "Check it.",
            code="HOST_REFUSED",
            permanent=True,
        )
    if _is_certificate(reason):
        remedy = "Check the address and this machine's certificates."
        return OutsideFailed(f"The certificate of {host} is not valid.", remedy, code="CERTIFICATE", permanent=True)
    if isinstance(error, requests.exceptions.ConnectTimeout) or isinstance(
        reason, NewConnectionError | ConnectTimeoutError
    ):
        return OutsideFailed(f"{host} cannot be reached.", code="UNREACHABLE")
    if isinstance(error, MALFORMED):
        return OutsideFailed("An address is malformed.", "Report it.", code="BAD_URL", permanent=True)
    return _lost(error, host, changes)


def _lost(error: Exception, host: str, changes: bool) -> OutsideFailed:
    """What a connection that broke after it was made means."""
    slow = isinstance(error, requests.exceptions.Timeout | ReadTimeoutError | TimeoutError)
    if slow:
        return _unusable(f"{host} did not answer in time.", "TIMED_OUT", changes)
    return _unusable(f"The connection to {host} was lost.", "CONNECTION_LOST", changes)


def _unusable(message: str, code: str, changes: bool) -> OutsideFailed:
    if changes:
        return OutcomeUnknown(message, "zoomguard looks whether it happened before it tries again.")
    return OutsideFailed(message, code=code)


def _reason(error: Exception) -> BaseException | None:
    inner = error.args[0] if error.args else None
    return inner.reason if isinstance(inner, MaxRetryError) else None


def _is_certificate(reason: BaseException | None) -> bool:
    inner = reason.args[0] if reason is not None and reason.args else None
    return isinstance(inner, ssl.SSLCertVerificationError)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "the other side"
    except ValueError:
        return "the other side"
