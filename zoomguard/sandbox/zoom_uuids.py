"""Meeting UUIDs: 16 bytes in Base64, with the characters that make trouble in a path."""

import base64
import secrets
from collections.abc import Callable
from itertools import cycle


class Uuids:
    """Makes UUIDs: of three, one begins with a slash and one holds two slashes in a row."""

    def __init__(self) -> None:
        self._turns = cycle(("/", "//", ""))

    def next(self, like: str = "") -> str:
        """The next one, or one that begins with "/", holds "//" or begins with "+". ValueError for another wish."""
        if like not in LIKE:
            raise ValueError(f"uuid_like is one of {', '.join(one for one in LIKE if one)}")
        like = like or next(self._turns)
        while True:
            raw = bytearray(secrets.token_bytes(16))
            LIKE[like](raw)
            uuid = base64.b64encode(bytes(raw)).decode()
            if like != "+" or "//" not in uuid:  # what begins with a plus must need no second encoding
                return uuid


def _slash_first(raw: bytearray) -> None:
    raw[0] |= 0b11111100


def _two_slashes(raw: bytearray) -> None:
    raw[3], raw[4] = 0xFF, raw[4] | 0xF0


def _plus_first(raw: bytearray) -> None:
    raw[0] = 0b11111000 | raw[0] & 0b11


LIKE: dict[str, Callable[[bytearray], None]] = {
    "": lambda raw: None,
    "/": _slash_first,
    "//": _two_slashes,
    "+": _plus_first,
}
