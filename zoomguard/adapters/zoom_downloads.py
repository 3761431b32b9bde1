"""Opening one file of a recording: bearer, redirects and ranges by our own rules.

Zoom's links lead over several hosts to a content network (302). Range is not documented by Zoom; an answer
counts as resumed only where it proves it (RFC 9110 §14.4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urljoin

from zoomguard.adapters import zoom_limits
from zoomguard.adapters.hosts import Hosts
from zoomguard.adapters.http import Http, Stream
from zoomguard.adapters.zoom_token import ZoomToken
from zoomguard.application.ports import Clock
from zoomguard.domain.errors import OutsideFailed

MAX_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e]{1,200}"')
LENGTH = re.compile(r"[0-9]{1,18}")
CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
# HTTP status -> code, permanent, message. A link that has ended is listed anew, so 403 is not for good.
REFUSALS: dict[int, tuple[str, bool, str]] = {
    401: ("ZOOM_DOWNLOAD_TOKEN", False, "Zoom does not accept the token for a download."),
    403: ("ZOOM_DOWNLOAD_REFUSED", False, "Zoom refuses the download."),
    404: ("ZOOM_FILE_GONE", True, "Zoom no longer has this file under its link."),
    410: ("ZOOM_FILE_GONE", True, "Zoom no longer has this file under its link."),
}
LIST_AGAIN = "List the recording again and try with its new link."


@dataclass
class OpenDownload:
    """An open file; `total_size` in bytes where the server says, `etag` a strong entity tag or ""."""

    total_size: int | None
    content_type: str
    resumed: bool
    etag: str
    _stream: Stream

    def read_into(self, buffer: memoryview) -> int:
        """Fills up to the buffer's length and gives the count; 0 at the end. OutsideFailed when cut."""
        return self._stream.read_into(buffer)


class ZoomDownloads:
    """Opens links of recordings. OutsideFailed for everything that is not the file."""

    def __init__(self, http: Http, token: ZoomToken, hosts: Hosts, clock: Clock) -> None:
        self._http = http.restricted(hosts.admits)
        self._token, self._hosts, self._clock = token, hosts, clock

    @contextmanager
    def open(self, url: str, offset: int, spare: str | None, etag: str = "") -> Iterator[OpenDownload]:
        """The file from `offset` bytes on, or from 0 (`resumed` false) where the server does not resume.

        With `etag` the server is asked to resume that very file only (If-Range, RFC 9110 §13.1.5). `spare` is the
        recording's own token, for where Zoom refuses the account's.
        """
        part = {"Range": f"bytes={offset}-"} if offset else {}
        if offset and etag:
            part["If-Range"] = etag
        stream = self._authorised(url, part, spare)
        if offset and (stream.status == 416 or (stream.status == 206 and not _resumes(stream, offset))):
            stream.close()
            stream = self._authorised(url, {}, spare)
        try:
            self._check(stream)
            yield OpenDownload(*_described(stream), _etag(stream), stream)
        finally:
            stream.close()

    def _authorised(self, url: str, part: Mapping[str, str], spare: str | None) -> Stream:
        token = self._token.bearer()
        stream = self._followed(url, part, token)
        if stream.status == 401:
            stream.close()
            stream = self._followed(url, part, self._token.renew(token))
        if stream.status == 401 and spare:
            stream.close()
            stream = self._followed(url, part, spare)
        return stream

    def _followed(self, url: str, part: Mapping[str, str], bearer: str) -> Stream:
        for _ in range(MAX_REDIRECTS + 1):
            if not self._hosts.may_follow(url):
                raise _refused_host()
            stream = self._http.stream(url, self._headers(url, part, bearer))
            if stream.status not in REDIRECTS:
                return stream
            stream.close()
            url = _next(url, stream.headers.get("Location", ""))
        raise OutsideFailed("A download is redirected without end.", LIST_AGAIN, code="REDIRECT_LOOP")

    def _headers(self, url: str, part: Mapping[str, str], bearer: str) -> dict[str, str]:
        headers = dict(part)
        if self._hosts.may_carry_bearer(url):
            headers["Authorization"] = f"Bearer {bearer}"
        return headers

    def _check(self, stream: Stream) -> None:
        if stream.status == 429:
            now = self._clock.now()
            raise zoom_limits.limit(stream.headers, "", now).throttled()
        if stream.status in REFUSALS:
            code, permanent, message = REFUSALS[stream.status]
            raise OutsideFailed(message, LIST_AGAIN, code=code, permanent=permanent)
        if stream.status not in (200, 206):
            raise OutsideFailed(f"The download was answered with {stream.status}.", code="ZOOM_UNAVAILABLE")
        if _content_type(stream).startswith(("text/html", "application/xhtml")):
            message = "Zoom sent a web page in the place of the file."
            raise OutsideFailed(message, LIST_AGAIN, code="HTML_INSTEAD_OF_MEDIA")
        if stream.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            raise OutsideFailed("The file came in an encoding that was not asked for.", code="CODED_MEDIA")


def _refused_host() -> OutsideFailed:
    message = "A download leads to a host that is not on the lists."
    remedy = "If it is Zoom's, add it to ZOOM_DOWNLOAD_HOSTS or ZOOM_CDN_HOSTS."
    return OutsideFailed(message, remedy, code="HOST_REFUSED", permanent=True)


def _next(url: str, location: str) -> str:
    try:
        return urljoin(url, location.partition("#")[0]) if location else ""
    except ValueError:
        return ""  # no place at all, and so refused


def _range(stream: Stream) -> tuple[int, int, int | None] | None:
    """First byte, last byte and whole length of a 206, where its header makes sense."""
    match = CONTENT_RANGE.fullmatch(stream.headers.get("Content-Range", "").strip())
    if match is None:
        return None
    first, last = int(match[1]), int(match[2])
    total = None if match[3] == "*" else int(match[3])
    return (first, last, total) if first <= last and (total is None or last < total) else None


def _resumes(stream: Stream, offset: int) -> bool:
    """Whether a 206 holds everything from `offset` to the end."""
    found = _range(stream)
    return found is not None and found[0] == offset and (found[2] is None or found[1] == found[2] - 1)


def _described(stream: Stream) -> tuple[int | None, str, bool]:
    """Whole size, content type, and whether it is a resumed one; a 206 nobody asked for is refused."""
    if stream.status == 200:
        length = stream.headers.get("Content-Length", "")
        known = LENGTH.fullmatch(length) is not None and "Transfer-Encoding" not in stream.headers
        return (int(length) if known else None, _content_type(stream), False)
    found = _range(stream)
    if found is None or not _resumes(stream, found[0]):
        raise OutsideFailed("The server sent another part of the file than was asked for.", code="RANGE_WRONG")
    return found[2], _content_type(stream), found[0] > 0


def _etag(stream: Stream) -> str:
    """The strong entity tag; a weak one promises nothing about single bytes (RFC 9110 §8.8.3)."""
    match = STRONG_ETAG.fullmatch(stream.headers.get("ETag", "").strip())
    return match[0] if match else ""


def _content_type(stream: Stream) -> str:
    return stream.headers.get("Content-Type", "").strip().lower()
