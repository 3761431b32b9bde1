"""The only place where ports meet adapters: from settings to a running application."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from zoomguard import settings as settings_module
from zoomguard.adapters import zoom_scopes
from zoomguard.adapters.calendar import Calendars
from zoomguard.adapters.claims import FileClaims, PostgresClaims
from zoomguard.adapters.clock import SystemClock, UrlClock
from zoomguard.adapters.hosts import Hosts
from zoomguard.adapters.http import Http
from zoomguard.adapters.mailer import NoMailer, SmtpMailer
from zoomguard.adapters.s3_client import S3Client
from zoomguard.adapters.s3_probe import S3Probes
from zoomguard.adapters.s3_vault import S3Vault
from zoomguard.adapters.zoom_attendance import ZoomAttendance
from zoomguard.adapters.zoom_calls import ZoomCalls
from zoomguard.adapters.zoom_meetings import ZoomMeetings
from zoomguard.adapters.zoom_recordings import ZoomRecordings
from zoomguard.adapters.zoom_token import ZoomToken
from zoomguard.adapters.zoom_users import ZoomUsers
from zoomguard.application import Application
from zoomguard.application.access import Access
from zoomguard.application.archive import Archive
from zoomguard.application.archive_pace import Pace
from zoomguard.application.archive_parts import ArchiveParts
from zoomguard.application.audit import AuditTrail
from zoomguard.application.batches import Batches
from zoomguard.application.chase import Chase
from zoomguard.application.consents import Consents
from zoomguard.application.contacts import Contacts
from zoomguard.application.crash import ask_for
from zoomguard.application.day_sheets import DaySheets
from zoomguard.application.direct_links import DirectLinks
from zoomguard.application.door_renewal import DoorRenewal
from zoomguard.application.doors import Doors
from zoomguard.application.incident_notices import IncidentNotices
from zoomguard.application.incidents import Incidents
from zoomguard.application.installation import Installation
from zoomguard.application.lesson_offers import LessonOffers
from zoomguard.application.messages import Messages, Post
from zoomguard.application.my_days import MyDays
from zoomguard.application.observers import Observers
from zoomguard.application.people import People
from zoomguard.application.ports import Claims, Clock, Mailer
from zoomguard.application.rechecks import Rechecks
from zoomguard.application.recordings import Recordings
from zoomguard.application.reminders import Reminders
from zoomguard.application.seals import Seals
from zoomguard.application.session_choices import SessionChoices
from zoomguard.application.session_parts import SessionParts
from zoomguard.application.sessions import Sessions
from zoomguard.application.staff_doors import StaffDoors
from zoomguard.application.staffing import Staffing
from zoomguard.application.storage import Storage
from zoomguard.application.watch import Watch
from zoomguard.application.work import WorkList
from zoomguard.application.zoom_tokens import ZoomTokens
from zoomguard.domain.errors import SettingsWrong
from zoomguard.rules import terms as terms_module
from zoomguard.settings import Settings
from zoomguard.tables import migrations
from zoomguard.tables.database import Database, refuse_inside_transaction

VERSION = "0.1.0"


@dataclass(frozen=True)
class House:
    """An application with what its edges and its worker need beside it."""

    app: Application
    clock: Clock
    claims: Claims
    database: Database
    vault: S3Vault
    settings: Settings
    missing_scopes: Callable[[], tuple[str, ...]]


def load_settings(environ: Mapping[str, str], beside: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process, with what a running sandbox says of itself."""
    if beside is None:
        beside = settings_module.running_sandbox(settings_module.home_of(environ))
    ask_for(environ.get(settings_module.PREFIX + "TEST_CRASH", ""))
    return settings_module.load(environ, beside)


@contextmanager
def open_application(settings: Settings, clock: Clock | None = None) -> Iterator[Application]:
    """The application of a migrated and checked database; everything is closed at the end."""
    with open_house(settings, clock) as house:
        yield house.app


@contextmanager
def open_house(settings: Settings, clock: Clock | None = None) -> Iterator[House]:
    """The application with its clock, claims and bucket."""
    os.umask(0o077)
    set_up_logging(settings.log_level)
    clock = clock or (UrlClock(settings.clock_url) if settings.clock_url else SystemClock())
    url = sa.make_url(settings.database_url)
    with migrations.in_use(url):
        migrations.require_there(url)
        database = Database(settings.database_url, clock.now)
        # Zoom's deliveries have connections of their own: pages in a rush cannot keep them waiting.
        intake = Database(settings.database_url, clock.now, pool_size=2)
        try:
            migrations.require_head(database.engine)
            yield _build(settings, database, intake, clock)
        finally:
            database.close()
            intake.close()


def _build(settings: Settings, database: Database, intake: Database, clock: Clock) -> House:
    seals, terms = seals_of(settings), terms_of(settings)
    installation = Installation(database, clock, seals, settings.environment, terms, settings.terms_file.read_text())
    number = installation.check()
    claims = _claims(settings, database)
    vault = vault_of(settings, clock)
    zoom = _Zoom(settings, clock, ZoomTokens(database, seals))
    post = _post(settings, seals, terms)
    domains = (settings.staff_domains, settings.registrant_domain)
    session_parts = SessionParts(
        database, clock, claims, seals, terms, post, zoom.users, zoom.meetings, number, *domains, time.sleep
    )
    pace, edges = Pace(clock, terms), (zoom.recordings, zoom.attendance, vault)
    archive_parts = ArchiveParts(database, clock, claims, seals, terms, *edges, pace, VERSION)
    mailer, sessions = _mailer(settings, clock), Sessions(session_parts)
    app = Application(
        environment=settings.environment,
        access=Access(database, clock, seals),
        archive=Archive(archive_parts),
        audit=AuditTrail(database),
        batches=Batches(session_parts, sessions.scheduling),
        chase=Chase(database, clock, seals),
        consents=Consents(database, clock, seals, terms),
        contacts=Contacts(database, clock),
        day_sheets=DaySheets(session_parts),
        direct_links=DirectLinks(session_parts),
        door_renewal=DoorRenewal(session_parts),
        doors=Doors(session_parts),
        incident_notices=IncidentNotices(database, clock, post),
        incidents=Incidents(database, clock, seals),
        installation=installation,
        lesson_offers=LessonOffers(session_parts, sessions.scheduling),
        messages=Messages(database, clock, claims, mailer, post),
        my_days=MyDays(session_parts),
        observers=Observers(session_parts, sessions),
        people=People(database, clock, seals, settings.staff_domains, terms),
        recordings=Recordings(database, clock, vault),
        rechecks=Rechecks(session_parts, sessions.change),
        session_choices=SessionChoices(session_parts),
        reminders=Reminders(session_parts),
        sessions=sessions,
        staff_doors=StaffDoors(session_parts),
        staffing=Staffing(session_parts),
        storage=Storage(_probes_of(settings, clock), clock, settings.environment, terms),
        watch=Watch(intake, clock, seals, settings.zoom_webhook_secrets, settings.zoom_account_id),
        work=WorkList(database, clock),
    )
    return House(app, clock, claims, database, vault, settings, zoom.missing_scopes)


def _post(settings: Settings, seals: Seals, terms: terms_module.Terms) -> Post:
    host = settings.mail_from.rpartition("@")[2].strip("> ") or "localhost"
    return Post(seals, terms, settings.public_url, Calendars(), host, settings.staff_domains)


class _Zoom:
    """The Zoom edge: one session, one token, three topics."""

    def __init__(self, settings: Settings, clock: Clock, tokens: ZoomTokens) -> None:
        hosts = Hosts(settings.zoom_download_hosts, settings.zoom_cdn_hosts, settings.sandbox)
        http = Http(refuse_inside_transaction)
        token = ZoomToken(
            http,
            settings.zoom_oauth_url,
            settings.zoom_account_id,
            settings.zoom_client_id,
            settings.zoom_client_secret,
            clock,
            tokens,
        )
        calls = ZoomCalls(http, token, settings.zoom_api_url, clock)
        downloads = Http(refuse_inside_transaction, admits=hosts.admits)
        self.users, self.meetings = ZoomUsers(calls), ZoomMeetings(calls)
        self.attendance = ZoomAttendance(calls)
        self.recordings = ZoomRecordings(calls, downloads, token, hosts)
        self._token = token

    def missing_scopes(self) -> tuple[str, ...]:
        """What the app may not do that is needed; OutsideFailed where Zoom gives no token."""
        return zoom_scopes.missing(self._token.scopes())


def seals_of(settings: Settings) -> Seals:
    """Seals under the installation's key."""
    if not settings.secret_key:
        raise SettingsWrong(("ZOOMGUARD_SECRET_KEY: not set; run `zoomguard init`, or give the key",))
    return Seals(settings.secret_key, settings.secret_key_previous)


def terms_of(settings: Settings) -> terms_module.Terms:
    """The organisation's terms."""
    try:
        return terms_module.read(settings.terms_file.read_bytes())
    except OSError:
        raise SettingsWrong(
            (f"ZOOMGUARD_TERMS_FILE: {settings.terms_file} cannot be read; run `zoomguard init`",)
        ) from None


def _mailer(settings: Settings, clock: Clock) -> Mailer:
    """Production has a mail server by the settings' rules; a sandbox may be without one until it is served."""
    if not settings.mail_url:
        return NoMailer()
    return SmtpMailer(settings.mail_url, settings.mail_from, refuse_inside_transaction, clock)


def _claims(settings: Settings, database: Database) -> Claims:
    if database.url.get_backend_name() == "postgresql":
        return PostgresClaims(database.url)
    return FileClaims(settings.home / "locks")


def vault_of(settings: Settings, clock: Clock) -> S3Vault:
    """The bucket."""
    return S3Vault(
        settings.s3_bucket,
        endpoint_url=settings.s3_endpoint_url or None,
        region=settings.s3_region or None,
        kms_key_id=settings.s3_kms_key_id or None,
        access_key=settings.s3_access_key or None,
        secret_key=settings.s3_secret_key or None,
        guard=refuse_inside_transaction,
        clock=clock,
    )


def _probes_of(settings: Settings, clock: Clock) -> S3Probes:
    """The trials of the bucket, over a client of their own."""
    client = S3Client(
        settings.s3_bucket,
        endpoint_url=settings.s3_endpoint_url or None,
        region=settings.s3_region or None,
        access_key=settings.s3_access_key or None,
        secret_key=settings.s3_secret_key or None,
        guard=refuse_inside_transaction,
        clock=clock,
    )
    return S3Probes(client, settings.s3_kms_key_id or None, settings.s3_endpoint_url or None)


def set_up_logging(level: str) -> None:
    """Logs to stderr; the libraries' lower levels stay silent."""
    logging.basicConfig(
        level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    # Their lower levels print headers and URLs with tokens.
    for noisy in ("urllib3", "botocore", "boto3", "s3transfer", "asyncio", "mail", "alembic", "werkzeug", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def prepare_bucket(settings: Settings) -> None:
    """Checks the bucket; makes it, with Object Lock, where it is absent (in a sandbox only)."""
    if settings.s3_bucket and (settings.s3_endpoint_url or not settings.sandbox):
        vault_of(settings, SystemClock()).prepare(settings.environment, create=settings.sandbox)
