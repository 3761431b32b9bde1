"""How often an address asked for doors that lead nowhere. In memory, bounded; doors that lead somewhere never count."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

MOST, WITHIN_S, ADDRESSES = 20, 3600.0, 10_000


class WrongTokens:
    """Counts wrong tokens for each address (IPv6: each /64) in an hour that begins with the first."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._counted: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def note(self, client: str) -> int:
        """Counts one more; the seconds until the hour is over where they are too many, else 0."""
        address, now_s = _network(client), self._now_s()
        began_s, count = self._counted.pop(address, (now_s, 0))
        if now_s - began_s >= WITHIN_S:
            began_s, count = now_s, 0
        self._counted[address] = (began_s, count + 1)
        if len(self._counted) > ADDRESSES:
            self._counted.popitem(last=False)
        return int(began_s + WITHIN_S - now_s) + 1 if count >= MOST else 0


def _network(client: str) -> str:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return ""
    return str(address) if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))
