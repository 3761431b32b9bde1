"""Zoom's Server-to-Server OAuth: tokens for an hour of the sandbox's clock, and who may use what."""

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from zoomguard.sandbox.clock import SandboxClock
from zoomguard.sandbox.wire import Answer, Ask, json_answer
from zoomguard.sandbox.zoom_errors import bad_token, missing_scope
from zoomguard.sandbox.zoom_state import ZoomState

TOKEN_LIVES_S = 3600
FORM = "application/x-www-form-urlencoded"


@dataclass
class Token:
    """A bearer token; with a `recording` (UUID) it opens that recording's files and nothing else."""

    serial: int
    expires_at: datetime
    scopes: frozenset[str] = frozenset()
    recording: str | None = None
    revoked: bool = False


class Tokens:
    """All tokens given out. The caller holds the sandbox's lock."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._given: dict[str, Token] = {}

    def give(self, lives_s: int, scopes: frozenset[str] = frozenset(), recording: str | None = None) -> str:
        """A new token as text."""
        text = f"sandbox.{secrets.token_urlsafe(48)}"
        expires_at = self._clock.now() + timedelta(seconds=lives_s)
        self._given[text] = Token(len(self._given) + 1, expires_at, scopes, recording)
        return text

    def check(self, text: str | None) -> Token:
        """The token behind this text. ZoomRefusal 124 where it is unknown, revoked or too old."""
        token = self._given.get(text or "")
        if token is None:
            raise bad_token()
        if token.revoked or self._clock.now() >= token.expires_at:
            raise bad_token("Access token is expired.")
        return token

    def check_scope(self, text: str | None, scope: str) -> Token:
        """The token, if it holds this scope. ZoomRefusal 124 or 4711."""
        token = self.check(text)
        if token.recording is not None:
            raise bad_token()
        if scope not in token.scopes:
            raise missing_scope(scope)
        return token

    def revoke_all(self) -> None:
        """Every token given so far is refused from now on; those of recordings are not."""
        for token in self._given.values():
            token.revoked = token.revoked or token.recording is None

    @property
    def latest(self) -> int:
        return len(self._given)


class TokenDoor:
    """POST /oauth/token. The credentials are the sandbox's own, made up at its start."""

    def __init__(self, state: ZoomState) -> None:
        self._state = state
        self.client_id = secrets.token_urlsafe(16)
        self.client_secret = secrets.token_urlsafe(24)

    def answer(self, ask: Ask) -> Answer:
        """A token, or Zoom's OAuth error {reason, error}, which is not the API's shape."""
        if not self._knows(ask.headers.get("authorization", "")):
            return _refused(401, "invalid_client", "Invalid client_id or client_secret")
        if not ask.headers.get("content-type", "").startswith(FORM):
            return _refused(400, "invalid_request", "Send the parameters as a form in the body")
        form = dict(parse_qsl(ask.body.decode("utf-8", "replace")))
        if "grant_type" not in form:
            return _refused(400, "invalid_request", "Missing grant type")
        if form["grant_type"] != "account_credentials":
            return _refused(400, "unsupported_grant_type", "Unsupported grant type")
        if form.get("account_id") != self._state.account_id:
            return _refused(400, "invalid_request", "Bad Request")
        return self._token()

    def _token(self) -> Answer:
        with self._state.lock:
            fault = self._state.faults.take("scope_missing", "POST", "/oauth/token")
            scopes = frozenset(self._state.scopes - ({fault.what} if fault else set()))
            text = self._state.tokens.give(TOKEN_LIVES_S, scopes)
        document = {
            "access_token": text,
            "token_type": "bearer",
            "expires_in": TOKEN_LIVES_S,
            "scope": " ".join(sorted(scopes)),
            "api_url": self._state.origin,
        }
        return json_answer(200, document, {"Cache-Control": "no-store"})

    def _knows(self, authorization: str) -> bool:
        scheme, _, word = authorization.partition(" ")
        try:
            given = base64.b64decode(word.strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        known = f"{self.client_id}:{self.client_secret}".encode()
        return scheme.lower() == "basic" and hmac.compare_digest(given, known)


def _refused(status: int, error: str, reason: str) -> Answer:
    return json_answer(status, {"reason": reason, "error": error}, {"Cache-Control": "no-store"})
