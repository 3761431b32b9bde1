"""Identifiers of ours: ULIDs, speakable short ids, opaque tokens."""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from datetime import datetime

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
SHORT = re.compile(r"[SRKI]-[0-9A-HJKMNP-TV-Z]{4}")


_last = 0
_one_at_a_time = threading.Lock()


def ulid(at: datetime) -> str:
    """A new 26-character ULID for the aware moment `at` (github.com/ulid/spec).

    Within one millisecond each is greater than the one before, so that the order of ids is the order of making.
    """
    global _last
    milliseconds = int(at.timestamp() * 1000)
    with _one_at_a_time:
        number = (milliseconds << 80) | secrets.randbits(80)
        if milliseconds == _last >> 80:
            number = _last + 1 + secrets.randbits(64)
        _last = number
    return "".join(CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def short(prefix: str) -> str:
    """A short id such as S-7K2M; unique only after the caller has looked."""
    return f"{prefix}-" + "".join(secrets.choice(CROCKFORD) for _ in range(4))


def is_ulid(text: str) -> bool:
    """Whether the text has the form of a ULID."""
    return ULID.fullmatch(text) is not None


def is_short(text: str) -> bool:
    """Whether the text has the form of a short id."""
    return SHORT.fullmatch(text) is not None


def token(prefix: str) -> str:
    """An opaque token of 256 random bits with a prefix that says what it is for."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def token_digest(text: str) -> str:
    """What is kept of a token: its SHA-256 in hex. The token itself is stored nowhere."""
    return hashlib.sha256(text.encode()).hexdigest()
