"""Which service the staff commands talk to, and the token that belongs to it and to no other."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zoomguard.domain.errors import BadInput, NotSignedIn
from zoomguard.domain.times import printable
from zoomguard.settings import PREFIX, PRODUCTION, home_of, of_process, running_sandbox

if TYPE_CHECKING:
    from zoomguard.cli.client import Client

DEFAULT = "http://127.0.0.1:8080"
HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")
TOKEN = re.compile(r"[\x21-\x7e]{1,512}")
MOST_BYTES = 64 * 1024
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class SignedIn:
    """A token and where it may be sent. `repr` shows no token."""

    origin: str
    token: str
    email: str
    until: str

    def __repr__(self) -> str:
        return f"SignedIn(origin={self.origin!r})"


def origin(url: str) -> str:
    """Scheme, host and port of a server's address; BadInput BAD_SERVER unless https, or http on loopback."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        raise _bad_server("is not an address") from None
    host = parts.hostname or ""
    if parts.scheme not in PORTS or HOST.fullmatch(host) is None:
        raise _bad_server("is not an address")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise _bad_server("holds more than an address")
    if parts.path not in ("", "/"):
        raise _bad_server("holds a path")
    if parts.scheme == "http" and not _loopback(host):
        raise _bad_server("is not https://, and only this machine may do without")
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _bad_server(what: str) -> BadInput:
    # The text itself is not repeated: it may hold a password.
    remedy = "Set it to an address such as https://zoomguard.college.example."
    return BadInput(f"{PREFIX}SERVER {what}.", remedy, code="BAD_SERVER")


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def sandbox_beside(environ: Mapping[str, str]) -> Mapping[str, str]:
    """What a running sandbox says of itself in HOME/sandbox.json; nothing in production, or without one."""
    if environ.get(f"{PREFIX}ENVIRONMENT") == PRODUCTION:
        return {}
    return running_sandbox(home_of(environ))


def address(environ: Mapping[str, str]) -> str:
    """The origin of the service: ZOOMGUARD_SERVER, the running sandbox's, or this machine's port 8080."""
    named = environ.get(f"{PREFIX}SERVER") or sandbox_beside(environ).get("service_url")
    return origin(named or DEFAULT)


def token_for(server: str, environ: Mapping[str, str]) -> str:
    """The token for that origin; NotSignedIn where there is none, or only one for another server."""
    given = environ.get(f"{PREFIX}TOKEN", "").strip()
    if given:
        return checked_token(given)
    kept = read_token(home_of(environ))
    if kept is None:
        raise NotSignedIn("You are not signed in.", "Run: zoomguard login")
    if kept.origin != server:
        raise NotSignedIn(
            f"You are signed in to {printable(kept.origin)}, not to {server}.",
            f"Run: zoomguard login, or set {PREFIX}SERVER.",
        )
    return kept.token


def checked_token(text: str) -> str:
    """The token, if it can be one."""
    if TOKEN.fullmatch(text) is None:
        raise BadInput("That is not a token.", "Copy it again, without blanks.", code="BAD_TOKEN")
    return text


def read_token(home: Path) -> SignedIn | None:
    """The kept token, or None. BadInput TOKEN_FILE where others could have read or made the file."""
    path = home / "token.json"
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError:
        raise _bad_file(path, "cannot be read, or is a link") from None
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise _bad_file(path, "can be read by others, or is somebody else's")
        content = file.read(MOST_BYTES)
    try:
        said = json.loads(content)
        return SignedIn(str(said["origin"]), checked_token(str(said["token"])), str(said["email"]), str(said["until"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _bad_file(path, "is not a token file") from None


def _bad_file(path: Path, what: str) -> BadInput:
    return BadInput(f"{path} {what}.", "Remove it, and run: zoomguard login", code="TOKEN_FILE")


def keep_token(home: Path, signed_in: SignedIn) -> None:
    """Writes HOME/token.json (0600 in 0700), whole or not at all."""
    _private_folder(home)
    draft = home / f"token.json.{secrets.token_hex(4)}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(vars(signed_in), file)
        draft.replace(home / "token.json")
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _private_folder(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = home.stat()
        if found.st_uid == os.geteuid() and found.st_mode & 0o077:
            home.chmod(0o700)
    except OSError as error:
        raise BadInput(
            f"{home} cannot be used ({error.strerror}).", f"Set {PREFIX}HOME to a folder of your own.", code="HOME"
        ) from None


def forget_token(home: Path) -> None:
    """Removes the kept token, if there is one."""
    with contextlib.suppress(FileNotFoundError):
        (home / "token.json").unlink()


def connect(*, signed_in: bool = True) -> Client:
    """A client of the service, with the token that belongs to it. The HTTP library is imported here, not before."""
    from zoomguard.cli.client import Client

    environ = of_process()
    server = address(environ)
    return Client(server, token_for(server, environ) if signed_in else "")
