"""What is wrong with settings that were read: each thing one line, the name first and what would be right."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from zoomguard.settings.values import Settings


def contradictions(s: Settings) -> list[str]:
    """One line for each setting that is missing, has no form, or does not go with another."""
    wrong = []
    for name, url in {"DATABASE_URL": s.database_url, "MIGRATION_DATABASE_URL": s.migration_database_url}.items():
        if url and not _is_database(url):
            wrong.append(f"{name}: must be sqlite:///FILE or postgresql+psycopg://USER@HOST:PORT/NAME")
    two = {s.database_url, s.migration_database_url or s.database_url}
    if len(two) == 2 and all(map(_is_database, two)) and any(url.startswith("sqlite:") for url in two):
        wrong.append("MIGRATION_DATABASE_URL: SQLite has no roles; leave it out")
    for name, key in {"SECRET_KEY": s.secret_key, "SECRET_KEY_PREVIOUS": s.secret_key_previous}.items():
        if key and not _is_key(key):
            wrong.append(f"{name}: must be 64 or more hex digits; `zoomguard init` makes one")
    if not s.secret_key:
        wrong.append("SECRET_KEY: not set; run `zoomguard init`, or give the key")
    if s.log_level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        wrong.append("LOG_LEVEL: must be DEBUG, INFO, WARNING or ERROR")
    if len(s.registrant_domain) and s.registrant_domain in s.staff_domains:
        wrong.append("REGISTRANT_DOMAIN: must not be one of STAFF_DOMAINS; take a sub-domain without a mailbox")
    return wrong + (_sandbox_lines(s) if s.sandbox else _production_lines(s))


def _sandbox_lines(s: Settings) -> list[str]:
    named = {
        "ZOOM_API_URL": s.zoom_api_url,
        "ZOOM_OAUTH_URL": s.zoom_oauth_url,
        "S3_ENDPOINT_URL": s.s3_endpoint_url,
        "MAIL_URL": s.mail_url,
        "LISTEN": f"http://{_bracketed(s.listen[0])}",
        "PUBLIC_URL": "" if s.public_url == "http://{}:{}".format(*s.listen) else s.public_url,
    }
    return [
        f"{name}: a sandbox talks to this machine only (127.0.0.1); production needs ENVIRONMENT=production"
        for name, url in named.items()
        if url and not _loopback(url)
    ]


def _production_lines(s: Settings) -> list[str]:
    needed = {
        "ZOOM_ACCOUNT_ID": s.zoom_account_id,
        "ZOOM_CLIENT_ID": s.zoom_client_id,
        "ZOOM_CLIENT_SECRET": s.zoom_client_secret,
        "S3_BUCKET": s.s3_bucket,
        "MAIL_URL": s.mail_url,
        "STAFF_DOMAINS": ",".join(s.staff_domains),
    }
    wrong = [f"{name}: not set; production needs it" for name, value in needed.items() if not value]
    for name, url in {"ZOOM_API_URL": s.zoom_api_url, "ZOOM_OAUTH_URL": s.zoom_oauth_url}.items():
        if not url.startswith("https://"):
            wrong.append(f"{name}: must begin with https:// in production")
    if s.s3_endpoint_url and not s.s3_endpoint_url.startswith("https://") and not _loopback(s.s3_endpoint_url):
        wrong.append("S3_ENDPOINT_URL: must begin with https:// in production; films of children go there")
    if s.staff_domains and s.mail_from.rpartition("@")[2].strip("> ").lower() not in s.staff_domains:
        wrong.append("MAIL_FROM: must be an address of the organisation (STAFF_DOMAINS)")
    if not s.public_url.startswith("https://"):
        wrong.append("PUBLIC_URL: must begin with https:// in production")
    return wrong


def _is_key(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) >= 32
    except ValueError:
        return False


def _is_database(url: str) -> bool:
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        return rest.startswith("/") and len(rest) > 1 and rest != "/:memory:"
    try:
        parts = urlsplit(url)
        return scheme in ("postgresql+psycopg", "postgresql") and parts.port != 0 and len(parts.path) > 1
    except ValueError:
        return False


def _loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host.strip("[]") and not host.startswith("[") else host
