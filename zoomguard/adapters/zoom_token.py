"""The one access token of the account's own app (Server-to-Server OAuth), shared by all threads.

POST /oauth/token, developers.zoom.us/docs/internal-apps/s2s-oauth. Some accounts end an older token when a
new one is given, so there is one at a time, asked for by one thread at a time.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlencode, urlsplit, urlunsplit

from zoomguard.adapters import zoom_limits
from zoomguard.adapters.http import Answer, Http
from zoomguard.application.ports import Clock
from zoomguard.domain.errors import OutsideFailed

EARLY = timedelta(minutes=5)
LIFE_S = 3600  # what Zoom gives where the answer does not say
TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")


class TokenStore(Protocol):
    """Where processes share the token; it is a secret and is kept sealed."""

    def load(self) -> tuple[str, datetime] | None:
        """The token kept last and when it ends (aware UTC)."""

    def save(self, token: str, expires_at: datetime) -> None:
        """Keeps the token in the place of the one before."""


@dataclass(frozen=True)
class Refusal:
    """What to look for in the answer of /oauth/token (its words or Zoom's number), and what it is to us."""

    words: re.Pattern[str]
    code: str
    message: str
    remedy: str


# The first that fits; numbers by developers.zoom.us/docs/integrations/oauth-error-messages.
REFUSALS = (
    Refusal(
        re.compile(r"\b(4717|4738)\b|disabled|deactivated|not activated"),
        "ZOOM_APP_DISABLED",
        "The Zoom app is switched off.",
        "Activate the app in the Zoom App Marketplace.",
    ),
    Refusal(
        re.compile(r"\b4735\b|owner"),
        "ZOOM_APP_OWNER",
        "The owner of the Zoom app is no longer there.",
        "Make the app anew under an administrator of today.",
    ),
    Refusal(
        re.compile(r"\b4711\b|scope"),
        "ZOOM_SCOPES",
        "The Zoom app has no usable scopes.",
        "Add the scopes to the app and activate it again.",
    ),
    Refusal(
        re.compile(r"\b4705\b|unsupported_grant|unsupported grant"),
        "ZOOM_APP_KIND",
        "The Zoom app is of another kind.",
        "Make a Server-to-Server OAuth app.",
    ),
    Refusal(
        re.compile(r"\b(4702|4704|4706)\b|invalid_client|unauthorized_client|client.?id|client.?secret"),
        "ZOOM_CREDENTIALS",
        "Zoom does not accept the client id or secret.",
        "Check ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET.",
    ),
)
BY_STATUS = {
    400: Refusal(TOKEN, "ZOOM_ACCOUNT", "Zoom does not accept the account id.", "Check ZOOM_ACCOUNT_ID."),
    401: REFUSALS[-1],
    403: REFUSALS[-1],
    404: Refusal(TOKEN, "ZOOM_OAUTH_URL", "There is no token service at that address.", "Check ZOOM_OAUTH_URL."),
}


@dataclass(frozen=True)
class _Held:
    token: str
    expires_at: datetime
    scopes: frozenset[str] | None = None
    early: timedelta = EARLY

    def usable(self, now: datetime) -> bool:
        return now < self.expires_at - self.early


class ZoomToken:
    """Gives the bearer; OutsideFailed with a clear code where Zoom gives none."""

    def __init__(
        self,
        http: Http,
        oauth_url: str,
        account_id: str,
        client_id: str,
        client_secret: str,
        clock: Clock,
        store: TokenStore | None = None,
    ) -> None:
        self._http, self._url, self._account_id = http, token_url(oauth_url), account_id
        self._basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._clock, self._store = clock, store
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._asked = 0
        self._failure: OutsideFailed | None = None

    def bearer(self) -> str:
        """A token that is good for five minutes at least."""
        held = self._held
        if held is not None and held.usable(self._clock.now()):
            return held.token
        return self._renewed(None).token

    def renew(self, stale: str) -> str:
        """Another token than `stale`, which Zoom refused; many threads with the same one make one call."""
        return self._renewed(stale).token

    def scopes(self) -> frozenset[str]:
        """The scopes of the token; asks for a new one where only another process has seen them."""
        held = self._held
        if held is None or held.scopes is None:
            held = self._renewed(None, with_scopes=True)
        return held.scopes or frozenset()

    def _renewed(self, stale: str | None, *, with_scopes: bool = False) -> _Held:
        asked = self._asked
        with self._lock:
            wanted = (stale, with_scopes)
            held = self._good(self._held, *wanted) or self._good(self._stored(), *wanted)
            if held is None:
                if self._asked != asked and self._failure is not None:
                    raise self._failure  # the thread before us has just been told no
                held = self._fetched()
            self._held = held
            return held

    def _good(self, held: _Held | None, stale: str | None, with_scopes: bool) -> _Held | None:
        if held is None or held.token == stale or not held.usable(self._clock.now()):
            return None
        return held if held.scopes is not None or not with_scopes else None

    def _stored(self) -> _Held | None:
        kept = self._store.load() if self._store is not None else None
        return _Held(*kept) if kept is not None else None

    def _fetched(self) -> _Held:
        self._failure = None
        try:
            held = self._ask()
        except OutsideFailed as error:
            self._failure = error
            raise
        finally:
            self._asked += 1
        if self._store is not None:
            self._store.save(held.token, held.expires_at)
        return held

    def _ask(self) -> _Held:
        form = urlencode({"grant_type": "account_credentials", "account_id": self._account_id})
        headers = {
            "Authorization": f"Basic {self._basic}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        now = self._clock.now()
        answer = self._http.ask("POST", self._url, headers, form.encode(), changes=False)
        return _held(answer, now)


def token_url(oauth_url: str) -> str:
    """The address of the token service, from the address of the site or of its /oauth."""
    parts = urlsplit(oauth_url)
    path = parts.path.rstrip("/")
    if not path:
        path = "/oauth/token"
    elif path.endswith("/oauth"):
        path += "/token"
    return urlunsplit(parts._replace(path=path))


def _held(answer: Answer, now: datetime) -> _Held:
    document = _document(answer.body)
    if answer.status != 200:
        raise _refused(answer, document, now)
    token, life_s = document.get("access_token"), document.get("expires_in")
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        raise OutsideFailed("Zoom's token service gave no token.", code="ZOOM_TOKEN_ANSWER")
    life = timedelta(seconds=life_s if isinstance(life_s, int) and 0 < life_s <= 86400 else LIFE_S)
    scopes = frozenset(str(document.get("scope", "")).replace(",", " ").split())
    return replace(_Held(token, now + life, scopes), early=min(EARLY, life / 2))


def _refused(answer: Answer, document: dict[str, object], now: datetime) -> OutsideFailed:
    text = " ".join(str(document.get(name, "")) for name in ("error", "reason", "code", "message")).lower()
    if answer.status == 429:
        return zoom_limits.limit(answer.headers, text, now).throttled()
    if not 400 <= answer.status < 500:
        return OutsideFailed("Zoom's token service has an error.", code="ZOOM_TOKEN_UNAVAILABLE")
    found = next((r for r in REFUSALS if r.words.search(text)), BY_STATUS.get(answer.status, BY_STATUS[400]))
    return OutsideFailed(found.message, found.remedy, code=found.code, permanent=True)


def _document(body: bytes) -> dict[str, object]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
