"""Use cases: one class for each topic. `Application` holds them, and does nothing itself."""

from __future__ import annotations

from dataclasses import dataclass

from zoomguard.application.access import Access
from zoomguard.application.archive import Archive
from zoomguard.application.audit import AuditTrail
from zoomguard.application.consents import Consents
from zoomguard.application.doors import Doors
from zoomguard.application.installation import Installation
from zoomguard.application.messages import Messages
from zoomguard.application.people import People
from zoomguard.application.recordings import Recordings
from zoomguard.application.sessions import Sessions
from zoomguard.application.watch import Watch
from zoomguard.application.work import WorkList


@dataclass(frozen=True)
class Application:
    """One field for each topic."""

    environment: str
    access: Access
    archive: Archive
    audit: AuditTrail
    consents: Consents
    doors: Doors
    installation: Installation
    messages: Messages
    people: People
    recordings: Recordings
    sessions: Sessions
    watch: Watch
    work: WorkList
