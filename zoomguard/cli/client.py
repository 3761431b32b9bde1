"""The staff commands' side of the service's HTTP API: one origin, no redirect, no proxy, nothing endless."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError, TimeoutError

from zoomguard.cli.answers import Said, bad_answer, declined, is_refusal
from zoomguard.domain.errors import OutsideFailed

API = "/api/v1"
CONNECT_S, READ_S = 5, 120
ANSWER_S = 300.0  # for a whole JSON answer, however slowly it drips
CAP_BYTES = 16 * 1024 * 1024
CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Reply:
    """A whole answer: its status and its JSON (None where there was none)."""

    status: int
    document: object

    @property
    def refused(self) -> bool:
        """Whether the rules said no."""
        return is_refusal(self.status, self.document)

    def said(self) -> Said:
        """The answer; Declined where the service did not do it."""
        if not 200 <= self.status < 300:
            raise declined(self.status, self.document)
        return Said(self.document)


@dataclass(frozen=True)
class Piece:
    """An open answer of bytes: its status, its Content-Range, and the pieces as they come."""

    status: int
    content_range: str
    chunks: Iterator[bytes]


class Lost(OutsideFailed):
    """The connection broke. `begun` says whether the ask may have arrived."""

    code = "SERVER_UNREACHABLE"

    def __init__(self, message: str, remedy: str, *, begun: bool) -> None:
        super().__init__(message, remedy)
        self.begun = begun


class Client:
    """Asks one service. `token` goes to `origin` and nowhere else."""

    def __init__(self, origin: str, token: str = "", *, connect_s: float = CONNECT_S, read_s: float = READ_S) -> None:
        self.origin = origin
        self._token = token
        # A PoolManager knows no proxy of the environment and, unlike requests, no .netrc.
        self._pool = urllib3.PoolManager(
            retries=False, maxsize=1, timeout=urllib3.Timeout(connect=connect_s, read=read_s)
        )

    def get(self, path: str) -> Said:
        """What stands at a path."""
        return self.send("GET", path).said()

    def post(self, path: str, body: Mapping[str, object] | None = None) -> Said:
        """The answer to an ask that changes something."""
        return self.send("POST", path, body or {}).said()

    def tell(self, method: str, path: str) -> None:
        """An ask whose answer holds nothing but whether it was done."""
        reply = self.send(method, path)
        if not 200 <= reply.status < 300:
            raise declined(reply.status, reply.document)

    def send(self, method: str, path: str, body: Mapping[str, object] | None = None, *, key: str = "") -> Reply:
        """The whole answer, whatever its status. With an idempotency `key` a lost answer is asked for once more."""
        headers = {"Accept": "application/json"} | ({"Idempotency-Key": key} if key else {})
        try:
            return self._whole(method, path, body, headers)
        except Lost:
            if not key:
                raise
            return self._whole(method, path, body, headers)

    @contextmanager
    def reading(self, path: str, start: int) -> Iterator[Piece]:
        """The bytes at a path from `start` on; Declined unless they come."""
        headers = {"Range": f"bytes={start}-"} if start else {}
        response = self._open("GET", path, None, headers)
        try:
            if response.status not in (200, 206):
                raise declined(response.status, self._json(response, "GET"))
            yield Piece(response.status, response.headers.get("Content-Range", ""), self._chunks(response))
        finally:
            response.close()

    def _whole(self, method: str, path: str, body: Mapping[str, object] | None, headers: dict[str, str]) -> Reply:
        response = self._open(method, path, body, headers)
        try:
            document = self._json(response, method)
        except BaseException:
            response.close()
            raise
        response.release_conn()
        return Reply(response.status, document)

    def _open(
        self, method: str, path: str, body: Mapping[str, object] | None, headers: dict[str, str]
    ) -> urllib3.BaseHTTPResponse:
        headers = {"User-Agent": "zoomguard", "Accept-Encoding": "identity", **headers}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = json.dumps(body).encode() if body is not None else None
        try:
            response = self._pool.request(
                method,
                self.origin + API + path,
                body=content,
                headers=headers,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except HTTPError as error:
            raise self._lost(error, method) from None
        if 300 <= response.status < 400:
            response.close()
            raise OutsideFailed(
                f"{self.origin} sends us elsewhere, which we do not follow.",
                "Set ZOOMGUARD_SERVER to the service's real address.",
                code="REDIRECTED",
            )
        return response

    def _json(self, response: urllib3.BaseHTTPResponse, method: str) -> object:
        content = b""
        ends_s = time.monotonic() + ANSWER_S
        for chunk in self._chunks(response, method):
            content += chunk
            if len(content) > CAP_BYTES or time.monotonic() > ends_s:
                raise bad_answer()
        if not content:
            return None
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            if response.status < 400:
                raise bad_answer() from None
            return None  # A page of some other server: its status says enough.

    def _chunks(self, response: urllib3.BaseHTTPResponse, method: str = "GET") -> Iterator[bytes]:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise bad_answer()
        try:
            yield from response.stream(CHUNK_BYTES, decode_content=False)
        except HTTPError as error:
            raise self._lost(error, method) from None

    def _lost(self, error: HTTPError, method: str) -> Lost:
        begun = not isinstance(error, NewConnectionError | SSLError | urllib3.exceptions.ConnectTimeoutError)
        if isinstance(error, SSLError):
            return Lost(f"The certificate of {self.origin} is not accepted.", "Check ZOOMGUARD_SERVER.", begun=False)
        if not begun:
            remedy = "Start it with: zoomguard serve, or set ZOOMGUARD_SERVER."
            return Lost(f"No service answers at {self.origin}.", remedy, begun=False)
        what = "did not answer in time" if isinstance(error, TimeoutError) else "broke the connection"
        remedy = "Try again." if method == "GET" else "It may have been done: look before you repeat the command."
        return Lost(f"{self.origin} {what}.", remedy, begun=True)


def segment(text: str) -> str:
    """A text as one segment of a path."""
    return quote(text, safe="") if text not in ("", ".", "..") else "-"
