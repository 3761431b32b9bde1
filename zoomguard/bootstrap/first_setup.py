"""`init`: makes HOME with keys, settings and terms, and notes who holds the first roles. It does not migrate."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from zoomguard import settings as settings_module
from zoomguard.application.installation import new_key
from zoomguard.bootstrap.building import load_settings, prepare_bucket
from zoomguard.domain.errors import OutsideFailed, SettingsWrong
from zoomguard.domain.people import Role, staff_address
from zoomguard.rules import terms
from zoomguard.settings import PREFIX, PRODUCTION, SANDBOX

CONFIG, TERMS, HOLDERS, SIGNING_KEY = "zoomguard.toml", "terms.toml", "holders.toml", "audit-signing-key.pem"


@dataclass(frozen=True)
class FirstSetup:
    """What `init` is told."""

    organisation: str
    domains: tuple[str, ...]
    holders: Mapping[Role, tuple[str, ...]]
    contacts: Mapping[str, str]


def initialise(
    environ: Mapping[str, str],
    *,
    organisation: str = "",
    staff_domains: tuple[str, ...] = (),
    holders: Mapping[Role, tuple[str, ...]] | None = None,
    contacts: Mapping[str, str] | None = None,
) -> list[str]:
    """Writes what is not there yet and keeps what is; gives lines for people. Nothing of ours is readable by others.

    `holders` maps roles to addresses, `contacts` names of [contacts] in the terms to what mails say,
    `staff_domains` are the organisation's mail domains. SettingsWrong.
    """
    setup = FirstSetup(organisation, staff_domains, holders or {}, contacts or {})
    environment = _environment(environ)
    home = settings_module.home_of(environ)
    os.umask(0o077)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    home.chmod(0o700)
    said = [f"Home of the installation: {home}"]
    said += _write_signing_key(home / SIGNING_KEY)
    said += _write_new(home / CONFIG, _config(environ, environment, home, setup), "settings and keys")
    said += _write_new(home / TERMS, _terms(setup), "terms of the organisation")
    if setup.holders:
        said += _write_new(home / HOLDERS, _holders(setup), "first holders of roles")
    return said + _bucket(environ)


def _bucket(environ: Mapping[str, str]) -> list[str]:
    """Makes the sandbox's bucket, or checks the college's; what is not set yet is named, and stops nothing here."""
    try:
        settings = load_settings(environ)
    except SettingsWrong as wrong:
        return ["Still to be set before it can start:", *(f"  {line}" for line in wrong.lines)]
    if settings.sandbox and not settings.s3_endpoint_url:
        return []
    try:
        prepare_bucket(settings)
    except OutsideFailed as error:
        return [f"The bucket could not be checked now ({error.code}); zoomguard serve and archive check it again."]
    return [f"The bucket {settings.s3_bucket} keeps versions and locks."]


def read_holders(home: Path) -> dict[Role, tuple[str, ...]]:
    """The first holders that `init` noted, for the first migration to put on record."""
    path = home / HOLDERS
    if not path.exists():
        return {}
    try:
        table = tomllib.loads(path.read_text())["holders"]
        return {Role(name): tuple(map(_address, emails)) for name, emails in table.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SettingsWrong((f"init: {path} must hold a table [holders] of roles with lists of addresses",)) from None


def _environment(environ: Mapping[str, str]) -> str:
    named = environ.get(PREFIX + "ENVIRONMENT", "")
    if named not in (SANDBOX, PRODUCTION):
        raise SettingsWrong((f"{PREFIX}ENVIRONMENT: not set; say sandbox or production",))
    return named


def _write_new(path: Path, text: str, what: str) -> list[str]:
    """Creates a file of mode 0600; one that is there is kept as it is."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return [f"kept     {path.name}  ({what})"]
    with os.fdopen(handle, "w") as file:
        file.write(text)
    return [f"written  {path.name}  ({what})"]


def _write_signing_key(path: Path) -> list[str]:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    said = _write_new(path, pem, "signs audit checkpoints")
    if said[0].startswith("written"):
        public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        said.append(f"         public half, for the monitors to keep: {public}")
    return said


def _config(environ: Mapping[str, str], environment: str, home: Path, setup: FirstSetup) -> str:
    lines = ["# Settings of this installation; variables ZOOMGUARD_<NAME> win over them."]
    lines.append(f'environment = "{environment}"')
    if not environ.get(PREFIX + "SECRET_KEY") and not environ.get(PREFIX + "SECRET_KEY_FILE"):
        lines.append("# Keep a copy of this key in a safe: without it sealed columns do not open.")
        lines.append(f'secret_key = "{new_key()}"')
    lines.append(f"audit_signing_key_file = {_quoted(str(home / SIGNING_KEY))}")
    if setup.domains:
        lines.append(f"staff_domains = [{', '.join(_quoted(d.lower()) for d in setup.domains)}]")
    return "\n".join(lines) + "\n"


def _terms(setup: FirstSetup) -> str:
    text = terms.DEFAULT
    if setup.organisation:
        text = text.replace('name = "The College"', f"name = {_quoted(setup.organisation)}")
    for name, said in setup.contacts.items():
        line = re.compile(rf"^{name} = .*$", re.MULTILINE)
        text = line.sub(f"{name} = {_quoted(said)}".replace("\\", r"\\"), text)
    return text


def _holders(setup: FirstSetup) -> str:
    lines = ["# Who holds the first roles; put on record by the first `zoomguard migrate`.", "[holders]"]
    for role, emails in sorted(setup.holders.items()):
        lines.append(f"{role.value} = [{', '.join(_quoted(_address(e)) for e in emails)}]")
    return "\n".join(lines) + "\n"


def _address(email: str) -> str:
    try:
        return staff_address(email)
    except ValueError:
        raise SettingsWrong((f"init: {email!r} is not an e-mail address",)) from None


def _quoted(text: str) -> str:
    """A TOML basic string."""
    plain = "".join(c for c in text if c.isprintable())
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
