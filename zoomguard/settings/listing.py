"""Every setting that there is, as the README's table lists it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    """A setting as the README's table lists it."""

    name: str
    words: str
    default: str = ""
    secret: bool = False


SETTINGS = (
    Setting("ENVIRONMENT", "`sandbox` or `production`; nothing starts without it"),
    Setting("HOME", "folder for keys, database and locks", "~/.local/share/zoomguard"),
    Setting("DATABASE_URL", "`sqlite:///...` or `postgresql+psycopg://...`", "SQLite in HOME", True),
    Setting("MIGRATION_DATABASE_URL", "the same database as a role that may migrate", "DATABASE_URL", True),
    Setting("SECRET_KEY", "32 bytes or more in hex; seals columns (made by `init`)", secret=True),
    Setting("SECRET_KEY_PREVIOUS", "the key before, while columns are sealed anew", secret=True),
    Setting("AUDIT_SIGNING_KEY_FILE", "Ed25519 key that signs checkpoints (made by `init`)"),
    Setting("PUBLIC_URL", "the address that people and Zoom reach the service by", "http://LISTEN"),
    Setting("LISTEN", "address and port that `serve` binds", "127.0.0.1:8080"),
    Setting("ZOOM_ACCOUNT_ID", "account of the server-to-server app"),
    Setting("ZOOM_CLIENT_ID", "client id of the app"),
    Setting("ZOOM_CLIENT_SECRET", "client secret of the app", secret=True),
    Setting("ZOOM_WEBHOOK_SECRET", "secret token of the app's webhooks", secret=True),
    Setting("ZOOM_WEBHOOK_SECRET_PREVIOUS", "the token before, while Zoom still uses it", secret=True),
    Setting("ZOOM_API_URL", "base of Zoom's API", "https://api.zoom.us/v2"),
    Setting("ZOOM_OAUTH_URL", "where tokens come from", "https://zoom.us/oauth/token"),
    Setting("ZOOM_DOWNLOAD_HOSTS", "hosts that get our bearer for downloads", "zoom.us"),
    Setting("ZOOM_CDN_HOSTS", "hosts that downloads may be redirected to, without bearer", "zoom.us,ssrweb.zoom.us"),
    Setting("S3_BUCKET", "bucket with versioning and Object Lock", "zoomguard-sandbox in the sandbox"),
    Setting("S3_ENDPOINT_URL", "another S3 server than AWS"),
    Setting("S3_REGION", "region of the bucket", "eu-west-2"),
    Setting("S3_ANCHOR_BUCKET", "bucket for audit checkpoints (not used yet)"),
    Setting("S3_KMS_KEY_ID", "KMS key that encrypts objects"),
    Setting("MAIL_URL", "`smtp://` or `smtps://` with user and password where needed", secret=True),
    Setting("MAIL_FROM", "sender of every mail", "lessons@ the first of STAFF_DOMAINS"),
    Setting("ALERT_URLS", "channels that ring, comma separated (not used yet)", secret=True),
    Setting("HEARTBEAT_URL", "pinged so that silence is noticed outside (not used yet)", secret=True),
    Setting("STAFF_DOMAINS", "the organisation's mail domains, comma separated", "northmoor.example in the sandbox"),
    Setting("REGISTRANT_DOMAIN", "sub-domain without a mailbox, for children's entries", "pupils. the first domain"),
    Setting("TERMS_FILE", "the organisation's terms", "HOME/terms.toml"),
    Setting("OIDC_ISSUER", "sign-in by the college's identity provider (not used yet)"),
    Setting("OIDC_CLIENT_ID", "client id there (not used yet)"),
    Setting("OIDC_CLIENT_SECRET", "client secret there (not used yet)", secret=True),
    Setting("SIGN_IN", "`oidc` or `mail` (not used yet)", "oidc"),
    Setting("METRICS_TOKEN", "bearer that may read /metrics from elsewhere (not used yet)", secret=True),
    Setting("LOG_LEVEL", "`DEBUG`, `INFO`, `WARNING` or `ERROR`", "INFO"),
)
NAMES = {s.name for s in SETTINGS}
# Of the client, not of the service; and where the service's settings file lies.
OTHERS = {"CONFIG", "SERVER", "TOKEN"}
