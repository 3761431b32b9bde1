"""The settings as everything else sees them: checked, frozen, and without a way to print a secret."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

PREFIX = "ZOOMGUARD_"
SANDBOX, PRODUCTION = "sandbox", "production"


@dataclass(frozen=True)
class Settings:
    """All settings, checked. Secrets are plain text in memory only; `repr` shows none."""

    environment: str
    home: Path
    database_url: str
    migration_database_url: str
    secret_key: str
    secret_key_previous: str
    audit_signing_key_file: Path | None
    public_url: str
    listen: tuple[str, int]
    zoom_account_id: str
    zoom_client_id: str
    zoom_client_secret: str
    zoom_webhook_secrets: tuple[str, ...]
    zoom_api_url: str
    zoom_oauth_url: str
    zoom_download_hosts: tuple[str, ...]
    zoom_cdn_hosts: tuple[str, ...]
    s3_bucket: str
    s3_endpoint_url: str
    s3_region: str
    s3_kms_key_id: str
    mail_url: str
    mail_from: str
    staff_domains: tuple[str, ...]
    registrant_domain: str
    terms_file: Path
    log_level: str
    clock_url: str = ""
    s3_access_key: str = ""
    s3_secret_key: str = ""

    @property
    def sandbox(self) -> bool:
        """Whether this is a make-believe installation."""
        return self.environment == SANDBOX

    def __repr__(self) -> str:
        return f"Settings(environment={self.environment!r}, {len(fields(self))} values)"
