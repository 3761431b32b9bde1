"""Sealed columns and keyed look-ups, explicitly in use cases.

HKDF-SHA256 (RFC 5869) makes one key for each purpose from SECRET_KEY. A sealed text is
`v1.{key id}.{nonce}.{AES-256-GCM}` with table, column and row id as associated data, so that a value copied to
another row does not open. Losing SECRET_KEY loses no recording and no audit.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from zoomguard.domain.errors import IntegrityFailed


def _derive(secret: bytes, label: str) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=f"zoomguard/{label}/v1".encode()).derive(secret)


class Seals:
    """Seals and opens columns, and makes keyed hashes for looking up addresses.

    `secret` and `previous` are SECRET_KEY and SECRET_KEY_PREVIOUS in hex ("" for none).
    """

    def __init__(self, secret: str, previous: str = "") -> None:
        keys = [bytes.fromhex(s) for s in (secret, previous) if s]
        self._ciphers = {_key_id(k): AESGCM(_derive(k, "columns")) for k in keys}
        self._current = _key_id(keys[0])
        self._indexes = [_derive(k, "blind-index") for k in keys]
        self._csrf = _derive(keys[0], "csrf")

    @property
    def key_check(self) -> str:
        """What the installation keeps to notice that SECRET_KEY is another one: the key's id, not the key."""
        return self._current

    @property
    def key_ids(self) -> frozenset[str]:
        """The ids of all keys that we can open with."""
        return frozenset(self._ciphers)

    def seal(self, table: str, column: str, row_id: str, text: str) -> str:
        """The sealed form of a text; "" stays "" so that nothing pretends to be there."""
        if not text:
            return ""
        nonce = secrets.token_bytes(12)
        content = self._ciphers[self._current].encrypt(nonce, text.encode(), _place(table, column, row_id))
        return f"v1.{self._current}.{_text(nonce)}.{_text(content)}"

    def open(self, table: str, column: str, row_id: str, sealed: str) -> str:
        """The text in a sealed column; IntegrityFailed where the key or the place is another one."""
        if not sealed:
            return ""
        try:
            version, key_id, nonce, content = sealed.split(".")
            if version != "v1":
                raise ValueError
            return self._ciphers[key_id].decrypt(_bytes(nonce), _bytes(content), _place(table, column, row_id)).decode()
        except (ValueError, KeyError, InvalidTag):
            raise IntegrityFailed(
                f"A sealed value of {table}.{column} does not open.",
                "Start with the SECRET_KEY it was sealed with (or set it as SECRET_KEY_PREVIOUS).",
                code="SEAL_BROKEN",
            ) from None

    def index(self, text: str) -> str:
        """A keyed hash by which an address is found without being stored: the one that is stored from now on."""
        return self.indexes(text)[0]

    def indexes(self, text: str) -> tuple[str, ...]:
        """All hashes that an address may be stored under: the current key's, then the previous one's."""
        return tuple(hmac.new(k, text.encode(), hashlib.sha256).hexdigest() for k in self._indexes)

    def csrf(self, text: str) -> str:
        """What a form of ours carries to show that we made it for `text`; nobody else can make it."""
        return hmac.new(self._csrf, text.encode(), hashlib.sha256).hexdigest()


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"zoomguard/key-id/v1" + key).hexdigest()[:8]


def _place(table: str, column: str, row_id: str) -> bytes:
    return f"{table}\0{column}\0{row_id}".encode()


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
