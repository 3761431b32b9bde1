"""Lists in pages, as Zoom gives them: page_size up to 300 and a token that lives fifteen minutes."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from zoomguard.sandbox.clock import SandboxClock
from zoomguard.sandbox.wire import Ask
from zoomguard.sandbox.zoom_errors import ZoomRefusal, invalid

LARGEST_PAGE = 300
TOKEN_LIVES = timedelta(minutes=15)


class Pages:
    """Remembers where a reader was. Not safe between threads: the caller holds the sandbox's lock."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._tokens: dict[str, tuple[tuple[Any, ...], int, datetime]] = {}

    def page(self, ask: Ask, items: Sequence[Any]) -> tuple[Sequence[Any], dict[str, Any]]:
        """The asked page of `items` and the fields that go round it. ZoomRefusal for a bad size or token."""
        size = _size(ask.query)
        start = self._start(ask)
        more = start + size < len(items)
        fields = {
            "next_page_token": self._token(ask, start + size) if more else "",
            "page_count": -(-len(items) // size),
            "page_size": size,
            "total_records": len(items),
        }
        return items[start : start + size], fields

    def forget(self, token: str) -> None:
        """Let a token be as if its time were over."""
        self._tokens.pop(token, None)

    def _start(self, ask: Ask) -> int:
        token = ask.query.get("next_page_token", "")
        if not token:
            return 0
        key, start, until_at = self._tokens.get(token, ((), 0, self._clock.now()))
        if key != _key(ask) or self._clock.now() >= until_at:
            raise ZoomRefusal(400, 300, "The next page token is invalid or expired.")
        return start

    def _token(self, ask: Ask, start: int) -> str:
        now = self._clock.now()
        self._tokens = {token: row for token, row in self._tokens.items() if row[2] > now}
        token = secrets.token_urlsafe(24)
        self._tokens[token] = (_key(ask), start, now + TOKEN_LIVES)
        return token


def _size(query: Mapping[str, str]) -> int:
    text = query.get("page_size", "30")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= LARGEST_PAGE:
        raise invalid("page_size")
    return int(text)


def _key(ask: Ask) -> tuple[Any, ...]:
    return ask.path, *sorted(pair for pair in ask.query.items() if pair[0] != "next_page_token")
