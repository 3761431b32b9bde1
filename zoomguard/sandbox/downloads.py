"""Downloads as Zoom gives them: a link that wants a bearer token, then a signed link at another host."""

import hashlib
import hmac
from dataclasses import replace
from urllib.parse import urlencode

from zoomguard.sandbox.ranges import delivered
from zoomguard.sandbox.recording_files import find_file
from zoomguard.sandbox.wire import Answer, Ask, html_answer, json_answer
from zoomguard.sandbox.zoom_errors import ZoomRefusal, bad_token
from zoomguard.sandbox.zoom_oauth import Token
from zoomguard.sandbox.zoom_state import ZoomState

SIGNATURE_LIVES_S = 300
DOWNLOAD = "/rec/download/"
CDN = "/cdn/"
ELSEWHERE = "http://169.254.169.254/latest/meta-data/"
SIGN_IN = "<!doctype html><html><head><title>Sign In - Zoom</title></head><body>Sign in to Zoom</body></html>"
READING_SCOPE = "cloud_recording:read:list_recording_files:admin"


class ExpiredTokens:
    """The fault expired_token: each operation refuses once, and that token is dead from then on.

    A token given after that refusal works.
    """

    def __init__(self, state: ZoomState) -> None:
        self._state = state
        self._refused: dict[tuple[str, str], int] = {}

    def check(self, method: str, path: str, token: Token) -> None:
        """ZoomRefusal 124 where the fault strikes."""
        fault = self._state.faults.see("expired_token", method, path)
        if fault is None:
            self._refused.clear()
            return
        if (method, path) not in self._refused:
            self._state.faults.take("expired_token", method, path)
            self._refused[method, path] = self._state.tokens.latest
            token.revoked = True
        if token.serial <= self._refused[method, path]:
            raise bad_token("Access token is expired.")


class Downloads:
    """What stands behind `download_url`, on Zoom's port and on the CDN's."""

    def __init__(self, state: ZoomState, expired: ExpiredTokens) -> None:
        self._state, self._expired = state, expired

    def redirect(self, ask: Ask) -> Answer:
        """Zoom's port: 302 to the CDN for who holds a token; 401 for who does not."""
        page = self._faulty_page(ask)
        if page:
            return page
        found = find_file(self._state, ask.path.removeprefix(DOWNLOAD))
        try:
            token = self._state.tokens.check(ask.bearer)
            self._expired.check(ask.method, ask.path, token)
        except ZoomRefusal as refusal:
            return _forbidden(refusal.message)
        if found is None:
            return json_answer(404, {"status": False, "errorCode": 3301, "errorMessage": "No such file."})
        recording, file = found
        if token.recording not in (None, recording.instance.uuid):
            return _forbidden("The token is for another recording.")
        if token.recording is None and READING_SCOPE not in token.scopes:
            return _forbidden("The token may not read recordings.")
        return _found(self._signed_url(file.key))

    def deliver(self, ask: Ask) -> Answer:
        """The CDN's port: the bytes, for who comes with a signature that is still good."""
        page = self._faulty_page(ask)
        if page:
            return page
        if "authorization" in ask.headers:
            return _denied(400, "InvalidArgument", "Only one way of signing is allowed.")
        key = ask.path.removeprefix(CDN)
        if not self._signature_holds(key, ask):
            return _denied(403, "AccessDenied", "The signature is wrong or has expired.")
        found = find_file(self._state, key)
        if found is None:
            return _denied(404, "NoSuchKey", "There is no such file.")
        return delivered(self._state.faults, ask, found[1])

    def _faulty_page(self, ask: Ask) -> Answer | None:
        signed_out = self._state.faults.take("html_instead_of_media", ask.method, ask.path)
        if signed_out:
            page = html_answer(200, SIGN_IN)
            called = str(signed_out.more.get("content_type", page.headers["Content-Type"]))
            return replace(page, headers={"Content-Type": called}, fault=signed_out.name)
        elsewhere = self._state.faults.take("redirect_elsewhere", ask.method, ask.path)
        return _found(str(elsewhere.more.get("to", ELSEWHERE))) if elsewhere else None

    def _signed_url(self, key: str) -> str:
        expires = str(int(self._state.clock.now().timestamp()) + SIGNATURE_LIVES_S)
        query = urlencode({"exp": expires, "sig": self._signature(key, expires)})
        return f"{self._state.cdn_origin}{CDN}{key}?{query}"

    def _signature(self, key: str, expires: str) -> str:
        return hmac.new(self._state.cdn_key, f"{key}.{expires}".encode(), hashlib.sha256).hexdigest()

    def _signature_holds(self, key: str, ask: Ask) -> bool:
        expires, given = ask.query.get("exp", ""), ask.query.get("sig", "")
        right = hmac.compare_digest(self._signature(key, expires).encode(), given.encode())
        return right and int(expires) > self._state.clock.now().timestamp()


def _found(location: str) -> Answer:
    return Answer(302, headers={"Location": location, "Cache-Control": "no-store"})


def _forbidden(message: str) -> Answer:
    return json_answer(401, {"status": False, "errorCode": 124, "errorMessage": message})


def _denied(status: int, code: str, message: str) -> Answer:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Answer(status, body.encode(), {"Content-Type": "application/xml"})
