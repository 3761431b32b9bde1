"""Reads every setting once, and checks it.

A setting comes from `ZOOMGUARD_<NAME>`, or `ZOOMGUARD_<NAME>_FILE` (a file that holds the value), or the TOML file
named by `ZOOMGUARD_CONFIG` (HOME/zoomguard.toml where that is unset). Variables win. Whatever is unknown, missing or
contradictory is one line of `SettingsWrong`: the name, what is wrong, what would be right.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from zoomguard.domain.errors import SettingsWrong
from zoomguard.settings.checking import contradictions
from zoomguard.settings.listing import NAMES, OTHERS
from zoomguard.settings.values import PREFIX, PRODUCTION, SANDBOX, Settings


def home_of(environ: Mapping[str, str]) -> Path:
    """HOME of the installation, before anything else is read."""
    return Path(environ.get(PREFIX + "HOME") or "~/.local/share/zoomguard").expanduser()


def load(environ: Mapping[str, str], beside: Mapping[str, str] | None = None) -> Settings:
    """All settings; `beside` are what a running sandbox says of itself (they fill what is not set)."""
    wrong: list[str] = []
    values = _gather(environ, wrong)
    environment = values.get("ENVIRONMENT", "")
    if environment not in (SANDBOX, PRODUCTION):
        wrong.append(f"ENVIRONMENT: {'' if environment else 'not set; '}say sandbox or production")
        raise SettingsWrong(tuple(f"{PREFIX}{line}" for line in wrong))
    if environment == SANDBOX:
        values = {**{k.upper(): v for k, v in (beside or {}).items()}, **values}
        if "AWS_ACCESS_KEY_ID" not in environ:
            # A make-believe S3 takes any key; boto3 refuses to work without one.
            values = {"S3_ACCESS_KEY": "sandbox", "S3_SECRET_KEY": "sandbox", **values}
    elif any(variable.startswith(f"{PREFIX}TEST_") for variable in environ):
        wrong.append("TEST_...: is for test runs; unset it in production")
    settings = _build(environment, home_of(environ), values, wrong)
    if wrong:
        raise SettingsWrong(tuple(f"{PREFIX}{line}" for line in wrong))
    return settings


def _gather(environ: Mapping[str, str], wrong: list[str]) -> dict[str, str]:
    values = _config_file(environ, wrong)
    for variable, value in environ.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX)
        plain = name.removesuffix("_FILE")
        if name in NAMES:
            values[name] = value.strip()
        elif plain in NAMES:
            values[plain] = _file(name, Path(value), wrong)
            if environ.get(PREFIX + plain):
                wrong.append(f"{plain}: {name} is set too; keep one of them")
        elif name not in OTHERS and not name.startswith("TEST_"):
            wrong.append(f"{name}: there is no such setting; see the README's table")
    return {k: v for k, v in values.items() if v}


def _config_file(environ: Mapping[str, str], wrong: list[str]) -> dict[str, str]:
    named = environ.get(PREFIX + "CONFIG")
    path = Path(named) if named else home_of(environ) / "zoomguard.toml"
    if not path.exists():
        if named:
            wrong.append(f"CONFIG: there is no file {path}")
        return {}
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        wrong.append(f"CONFIG: {path} can be read by others; run: chmod 600 {path}")
        return {}
    try:
        table = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        wrong.append(f"CONFIG: {path} is not TOML ({error})")
        return {}
    except OSError as error:
        wrong.append(f"CONFIG: {path} cannot be read ({error.strerror})")
        return {}
    values = {name.upper(): _as_text(value) for name, value in table.items()}
    for name in sorted(set(values) - NAMES):
        wrong.append(f"CONFIG: {name.lower()} in {path} is no setting; see the README's table")
    if "HOME" in values:
        wrong.append(f"CONFIG: home in {path} has no effect; set the variable {PREFIX}HOME instead")
    return {k: v for k, v in values.items() if k in NAMES}


def _as_text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _file(name: str, path: Path, wrong: list[str]) -> str:
    # AUDIT_SIGNING_KEY_FILE and TERMS_FILE are settings of their own and never come here.
    try:
        return path.read_text().strip()
    except OSError as error:
        wrong.append(f"{name}: {path} cannot be read ({error.strerror})")
    except UnicodeDecodeError:
        wrong.append(f"{name}: {path} is no text; put the value alone into the file")
    return ""


def _build(environment: str, home: Path, values: Mapping[str, str], wrong: list[str]) -> Settings:
    sandbox = environment == SANDBOX
    domains = _list(values.get("STAFF_DOMAINS", "northmoor.example" if sandbox else ""))
    listen = _listen(values.get("LISTEN", "127.0.0.1:8080"), wrong)
    settings = Settings(
        environment=environment,
        home=home,
        database_url=values.get("DATABASE_URL", f"sqlite:///{home / 'zoomguard.db'}"),
        migration_database_url=values.get("MIGRATION_DATABASE_URL", values.get("DATABASE_URL", "")),
        secret_key=values.get("SECRET_KEY", ""),
        secret_key_previous=values.get("SECRET_KEY_PREVIOUS", ""),
        audit_signing_key_file=_path(values, "AUDIT_SIGNING_KEY_FILE"),
        public_url=values.get("PUBLIC_URL", f"http://{listen[0]}:{listen[1]}").rstrip("/"),
        listen=listen,
        zoom_account_id=values.get("ZOOM_ACCOUNT_ID", "sandbox" if sandbox else ""),
        zoom_client_id=values.get("ZOOM_CLIENT_ID", "sandbox" if sandbox else ""),
        zoom_client_secret=values.get("ZOOM_CLIENT_SECRET", "sandbox" if sandbox else ""),
        zoom_webhook_secrets=tuple(
            values[n] for n in ("ZOOM_WEBHOOK_SECRET", "ZOOM_WEBHOOK_SECRET_PREVIOUS") if values.get(n)
        ),
        zoom_api_url=values.get("ZOOM_API_URL", "" if sandbox else "https://api.zoom.us/v2").rstrip("/"),
        zoom_oauth_url=values.get("ZOOM_OAUTH_URL", "" if sandbox else "https://zoom.us/oauth/token"),
        zoom_download_hosts=_list(values.get("ZOOM_DOWNLOAD_HOSTS", "" if sandbox else "zoom.us")),
        zoom_cdn_hosts=_list(values.get("ZOOM_CDN_HOSTS", "" if sandbox else "zoom.us,ssrweb.zoom.us")),
        s3_bucket=values.get("S3_BUCKET", "zoomguard-sandbox" if sandbox else ""),
        s3_endpoint_url=values.get("S3_ENDPOINT_URL", ""),
        s3_region=values.get("S3_REGION", "eu-west-2"),
        s3_kms_key_id=values.get("S3_KMS_KEY_ID", ""),
        mail_url=values.get("MAIL_URL", ""),
        mail_from=values.get("MAIL_FROM", f"lessons@{domains[0]}" if domains else ""),
        staff_domains=domains,
        registrant_domain=values.get("REGISTRANT_DOMAIN", f"pupils.{domains[0]}" if domains else ""),
        terms_file=_path(values, "TERMS_FILE") or home / "terms.toml",
        log_level=values.get("LOG_LEVEL", "INFO").upper(),
        clock_url=values.get("CLOCK_URL", "") if sandbox else "",
        s3_access_key=values.get("S3_ACCESS_KEY", ""),
        s3_secret_key=values.get("S3_SECRET_KEY", ""),
    )
    wrong += contradictions(settings)
    return settings


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip().lower() if "." in part else part.strip() for part in text.split(",") if part.strip())


def _path(values: Mapping[str, str], name: str) -> Path | None:
    return Path(values[name]).expanduser() if values.get(name) else None


def _listen(text: str, wrong: list[str]) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if host and port.isdecimal() and int(port) < 65536:
        return host, int(port)
    wrong.append('LISTEN: must be an address and a port, such as "127.0.0.1:8080"')
    return "127.0.0.1", 8080


@contextmanager
def as_process(environ: Mapping[str, str]) -> Iterator[None]:
    """Makes these the settings of this process for a while, in the place of all others (the demo's)."""
    before = {k: v for k, v in os.environ.items() if k.startswith(PREFIX)}
    for name in before:
        del os.environ[name]
    os.environ.update(environ)
    try:
        yield
    finally:
        for name in environ:
            os.environ.pop(name, None)
        os.environ.update(before)


def of_process() -> Mapping[str, str]:
    """The environment of this process: the only place that reads it."""
    return os.environ
