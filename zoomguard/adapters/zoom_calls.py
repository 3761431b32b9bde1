"""One call to Zoom's API: token, limits, repeats, errors and pages are dealt with here and nowhere else."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote, urlencode

from zoomguard.adapters import zoom_errors, zoom_limits
from zoomguard.adapters.http import Answer, Http
from zoomguard.adapters.zoom_token import ZoomToken
from zoomguard.application.ports import Clock
from zoomguard.domain.errors import OutsideFailed

Json = dict[str, object]
Value = str | int | bool
# A read that met one of these is tried again after each pause; a change never is.
PASSING = frozenset({"UNREACHABLE", "CONNECTION_LOST", "TIMED_OUT", "ZOOM_UNAVAILABLE", "ZOOM_TOKEN_UNAVAILABLE"})
PAUSES_S = (0.5, 1.5)
WAITS_S = (1.0, 2.0, 4.0)  # after a 429 that does not say how long
LONGEST_WAIT_S = 5.0
PAGE_SIZE = 300
MOST_PAGES = 400


@dataclass(frozen=True)
class _Ask:
    method: str
    url: str
    body: bytes | None
    changes: bool


class ZoomCalls:
    """Calls under `api_url` with the account's token. OutsideFailed, Throttled, OutcomeUnknown."""

    def __init__(
        self,
        http: Http,
        token: ZoomToken,
        api_url: str,
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http, self._token, self._api_url = http, token, api_url.rstrip("/")
        self.clock, self._sleep = clock, sleep

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Value] | None = None,
        body: Mapping[str, object] | None = None,
        changes: bool,
    ) -> Json | None:
        """The JSON object of the answer, or None where Zoom answers without one (204, 202).

        `path` holds encoded segments (`segment`, `uuid_segment`). Only a read is ever tried again.
        """
        content = json.dumps(body, separators=(",", ":")).encode() if body is not None else None
        ask = _Ask(method, f"{self._api_url}{path}{_query(query)}", content, changes)
        for pause_s in PAUSES_S:
            try:
                return self._within_limits(ask)
            except OutsideFailed as error:
                if changes or error.code not in PASSING:
                    raise
            self._sleep(pause_s + random.uniform(0, pause_s / 2))
        return self._within_limits(ask)

    def read(self, path: str, query: Mapping[str, Value] | None = None) -> Json:
        """The object behind a GET."""
        found = self.call("GET", path, query=query, changes=False)
        if found is None:
            raise zoom_errors.unusable(204, changes=False)
        return found

    def items(self, path: str, field: str, query: Mapping[str, Value] | None = None) -> Iterator[Json]:
        """Every object of the list `field` on all pages. An answer without the list is not an empty one.

        OutsideFailed ZOOM_PAGE_TOKEN where Zoom ends the list in the middle: only its beginning leads on from there.
        """
        for page in self._pages(path, dict(query or {})):
            rows = page.get(field)
            if not isinstance(rows, list):
                raise zoom_errors.unusable(200, changes=False)
            for row in rows:
                if not isinstance(row, dict):
                    raise zoom_errors.unusable(200, changes=False)
                yield row

    def _pages(self, path: str, query: dict[str, Value]) -> Iterator[Json]:
        seen: set[str] = set()
        query["page_size"] = PAGE_SIZE
        while len(seen) < MOST_PAGES:
            page = self.read(path, query)
            yield page
            token = page.get("next_page_token")
            if not token:
                return
            if not isinstance(token, str) or not token.isprintable() or token in seen:
                break
            seen.add(token)
            query["next_page_token"] = token
        raise OutsideFailed("Zoom's list does not end.", code="ZOOM_PAGES")

    def _within_limits(self, ask: _Ask) -> Json | None:
        for wait_s in (*WAITS_S, None):
            answer = self._authorised(ask)
            if answer.status != 429:
                return _judged(ask, answer)
            self._wait(answer, wait_s)
        raise AssertionError("the last round always ends")

    def _wait(self, answer: Answer, wait_s: float | None) -> None:
        """Waits out a limit per second; raises Throttled for any other, and after the last round."""
        now, said = self.clock.now(), (parsed(answer.body) or {}).get("message", "")
        met = zoom_limits.limit(answer.headers, str(said), now)
        told_s = (met.retry_at - now).total_seconds() if met.retry_at else None
        if wait_s is None or met.code != "ZOOM_RATE_LIMIT" or (told_s or 0) > LONGEST_WAIT_S:
            raise met.throttled(now + timedelta(seconds=30))
        self._sleep(wait_s + random.uniform(0, 0.5) if told_s is None else max(told_s, 0.1))

    def _authorised(self, ask: _Ask) -> Answer:
        token = self._token.bearer()
        answer = self._sent(ask, token)
        # Zoom looks at the token before anything else: a refused one has changed nothing.
        if answer.status in (400, 401) and zoom_errors.is_stale_token(answer.status, parsed(answer.body) or {}):
            answer = self._sent(ask, self._token.renew(token))
        return answer

    def _sent(self, ask: _Ask, token: str) -> Answer:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        if ask.body is not None:
            headers["Content-Type"] = "application/json"
        return self._http.ask(ask.method, ask.url, headers, ask.body, changes=ask.changes)


def segment(text: str) -> str:
    """One segment of a path, encoded; OutsideFailed for what would climb out of it."""
    if text in ("", ".", "..") or not text.isprintable():
        raise OutsideFailed("An id of Zoom's is malformed.", code="ZOOM_BAD_ID", permanent=True)
    return quote(text, safe="")


def uuid_segment(uuid: str) -> str:
    """A meeting UUID in a path: encoded, and once more where it begins with / or holds // (Zoom's rule)."""
    once = segment(uuid)
    return quote(once, safe="") if uuid.startswith("/") or "//" in uuid else once


def parsed(body: bytes) -> Json | None:
    """The JSON object in a body, or None where it is anything else."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _judged(ask: _Ask, answer: Answer) -> Json | None:
    document = parsed(answer.body)
    if answer.status >= 400:
        raise zoom_errors.refusal(answer.status, document or {}, changes=ask.changes)
    if not 200 <= answer.status < 300 or (answer.body.strip() and document is None):
        raise zoom_errors.unusable(answer.status, changes=ask.changes)
    return document


def _query(query: Mapping[str, Value] | None) -> str:
    if not query:
        return ""
    texts = {name: str(v).lower() if isinstance(v, bool) else str(v) for name, v in query.items()}
    return "?" + urlencode(texts)
