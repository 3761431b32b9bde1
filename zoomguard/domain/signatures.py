"""Zoom's webhook signatures (developers.zoom.us/docs/api/webhooks).

x-zm-signature is "v0=" and the hex HMAC-SHA256 of "v0:{timestamp}:{raw body}" under the app's secret token.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

SIGNATURE = re.compile(rb"v0=[0-9a-f]{64}")
TIMESTAMP = re.compile(rb"\d{10}")
# The challenge could be used to have us sign an event ("v0:..."): a token with a colon is refused.
PLAIN_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}")
# Zoom repeats a delivery after 5, 20 and 60 minutes and does not say whether it signs anew.
OLDEST, NEWEST = timedelta(minutes=100), timedelta(seconds=300)


def sign(secret: str, message: bytes) -> str:
    """The hex HMAC-SHA256 of a message under a secret."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def is_signed(secrets: tuple[str, ...], timestamp: bytes, body: bytes, signature: bytes) -> bool:
    """Whether any of our secrets made this signature, compared in constant time, as bytes."""
    if SIGNATURE.fullmatch(signature) is None or TIMESTAMP.fullmatch(timestamp) is None:
        return False
    message = b"v0:" + timestamp + b":" + body
    return any(hmac.compare_digest(b"v0=" + sign(s, message).encode(), signature) for s in secrets)


def is_fresh(timestamp: bytes, now: datetime) -> bool:
    """Whether a delivery's time stamp (Unix seconds) lies within what Zoom's own retries allow."""
    sent_at = datetime.fromtimestamp(int(timestamp), UTC)
    return now - OLDEST <= sent_at <= now + NEWEST


def receipt(timestamp: bytes, body: bytes) -> str:
    """What makes a delivery the same one: SHA-256 of timestamp and body."""
    return hashlib.sha256(timestamp + b"." + body).hexdigest()


def challenge_answer(secret: str, plain_token: object) -> dict[str, str] | None:
    """The answer to endpoint.url_validation, or None where the token has not the form of one."""
    if not isinstance(plain_token, str) or PLAIN_TOKEN.fullmatch(plain_token) is None:
        return None
    return {"plainToken": plain_token, "encryptedToken": sign(secret, plain_token.encode())}
