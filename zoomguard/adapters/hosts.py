"""Which addresses a recording may be fetched from, and which of them may see our bearer.

A link in Zoom's answer and each redirect behind it are words from outside: they are followed only to
places on the operator's two lists, and only to addresses that may be reached (no SSRF, no DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from zoomguard.domain.errors import SettingsWrong

# One strict form instead of a parser: user names, IPv6, backslashes, spaces and other schemes do not fit it.
URL = re.compile(r"(https?)://([a-z0-9.-]{1,253})(?::([0-9]{1,5}))?(?:/[\x21-\x7e]*)?", re.IGNORECASE)
ENTRY = re.compile(r"([a-z0-9.-]{1,253})(?::([0-9]{1,5}))?", re.IGNORECASE)
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
NAMED = re.compile(r"[a-z][a-z0-9-]*")  # the last label of a name; a number there makes it an address
HTTPS = 443
# RFC 6052: an IPv4 address within these goes out as itself behind a NAT64.
NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Place:
    """Where an URL leads: scheme, host in lower case, port."""

    scheme: str
    host: str
    port: int


class Hosts:
    """The two lists: `download` (may see the bearer) and `cdn` (may not).

    An entry is `host` (https on 443, the host itself and all below it) or, in a sandbox, `host:port`
    (exactly that). SettingsWrong for any other entry.
    """

    def __init__(self, download: tuple[str, ...], cdn: tuple[str, ...], sandbox: bool) -> None:
        wrong = [
            f"ZOOMGUARD_ZOOM_DOWNLOAD_HOSTS or _CDN_HOSTS: {entry!r} must be a host, or 127.0.0.1:PORT in a sandbox"
            for entry in (*download, *cdn)
            if not _fits(entry, sandbox)
        ]
        if wrong:
            raise SettingsWrong(tuple(wrong))
        self._download = tuple(entry.lower() for entry in download)
        self._cdn = tuple(entry.lower() for entry in cdn)

    def may_carry_bearer(self, url: str) -> bool:
        """Whether a request to this address may hold our token."""
        return _listed(place_of(url), self._download)

    def may_follow(self, url: str) -> bool:
        """Whether this address may be asked at all."""
        return _listed(place_of(url), self._download + self._cdn)

    def admits(self, host: str, port: int, address: str) -> bool:
        """Whether a connection for that host may go to this address: a global one, or listed loopback."""
        try:
            where = _inner(ipaddress.ip_address(address.partition("%")[0]))
        except ValueError:
            return False
        if f"{host.lower()}:{port}" in self._download + self._cdn and where.is_loopback:
            return True
        return where.is_global and not (where.is_multicast or where.is_reserved or where.is_unspecified)


def place_of(url: str) -> Place | None:
    """The place of an http(s) URL in its plain form, or None for any other form."""
    match = URL.fullmatch(url)
    if match is None:
        return None
    scheme, host = match[1].lower(), match[2].lower()
    port = int(match[3]) if match[3] else (HTTPS if scheme == "https" else 80)
    return Place(scheme, host, port) if _is_host(host) and 0 < port < 65536 else None


def _listed(place: Place | None, entries: tuple[str, ...]) -> bool:
    return place is not None and any(_matches(place, entry) for entry in entries)


def _matches(place: Place, entry: str) -> bool:
    if ":" in entry:
        return entry == f"{place.host}:{place.port}"
    inside = place.host == entry or place.host.endswith(f".{entry}")
    return inside and place.scheme == "https" and place.port == HTTPS


def _fits(entry: str, sandbox: bool) -> bool:
    match = ENTRY.fullmatch(entry)
    if match is None or not _is_host(match[1].lower()):
        return False
    if match[2]:
        return sandbox and 0 < int(match[2]) < 65536 and match[2] == str(int(match[2]))
    labels = match[1].lower().split(".")
    return len(labels) > 1 and NAMED.fullmatch(labels[-1]) is not None


def _is_host(host: str) -> bool:
    return all(LABEL.fullmatch(label) for label in host.split("."))


def _inner(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)
