"""Connections that go to the very address that was checked, so that no second look-up can change it.

The name stays what the certificate, SNI and the Host header speak of; only the address is ours.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

Resolve = Callable[[str, int], tuple[str, ...]]
Admits = Callable[[str, int, str], bool]
TRIED = 4  # addresses of one name; each may cost the whole time limit for connecting


class AddressRefused(NewConnectionError):
    """The name leads to no address that may be reached."""


def addresses_of(host: str, port: int) -> tuple[str, ...]:
    """All addresses of a name, by the system's own look-up; socket.gaierror where there are none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(row[4][0]) for row in found))


def pools(resolve: Resolve, admits: Admits) -> dict[str, type[HTTPConnectionPool]]:
    """urllib3's pools by scheme, with connections to admitted addresses only."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connected(self, resolve, admits)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connected(self, resolve, admits)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _connected(conn: HTTPConnection, resolve: Resolve, admits: Admits) -> socket.socket:
    port = conn.port or conn.default_port
    try:
        found = resolve(conn.host, port)
    except socket.gaierror as error:
        raise NameResolutionError(conn.host, conn, error) from None
    except (UnicodeError, OSError):
        raise NewConnectionError(conn, "the name cannot be looked up") from None
    admitted = [address for address in found if admits(conn.host, port, address)]
    if not admitted:
        raise AddressRefused(conn, "no address of that name may be reached")
    return _first_that_answers(conn, port, admitted[:TRIED])


def _first_that_answers(conn: HTTPConnection, port: int, addresses: list[str]) -> socket.socket:
    last: OSError | None = None
    for address in addresses:
        try:
            return create_connection(
                (address, port),
                conn.timeout,
                source_address=conn.source_address,
                socket_options=conn.socket_options,
            )
        except OSError as error:
            last = error
    if isinstance(last, TimeoutError):
        raise ConnectTimeoutError(conn, "connecting took too long")
    raise NewConnectionError(conn, "no address of that name answers")
