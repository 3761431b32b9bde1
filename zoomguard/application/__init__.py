"""Use cases: one class for each topic. `Application` holds them, and does nothing itself."""

from __future__ import annotations

from dataclasses import dataclass

from zoomguard.application.access import Access
from zoomguard.application.archive import Archive
from zoomguard.application.audit import AuditTrail
from zoomguard.application.batches import Batches
from zoomguard.application.chase import Chase
from zoomguard.application.consents import Consents
from zoomguard.application.contacts import Contacts
from zoomguard.application.day_sheets import DaySheets
from zoomguard.application.direct_links import DirectLinks
from zoomguard.application.door_renewal import DoorRenewal
from zoomguard.application.doors import Doors
from zoomguard.application.incident_notices import IncidentNotices
from zoomguard.application.incidents import Incidents
from zoomguard.application.installation import Installation
from zoomguard.application.lesson_offers import LessonOffers
from zoomguard.application.messages import Messages
from zoomguard.application.my_days import MyDays
from zoomguard.application.observers import Observers
from zoomguard.application.people import People
from zoomguard.application.rechecks import Rechecks
from zoomguard.application.recordings import Recordings
from zoomguard.application.reminders import Reminders
from zoomguard.application.session_choices import SessionChoices
from zoomguard.application.sessions import Sessions
from zoomguard.application.staff_doors import StaffDoors
from zoomguard.application.staffing import Staffing
from zoomguard.application.storage import Storage
from zoomguard.application.watch import Watch
from zoomguard.application.work import WorkList


@dataclass(frozen=True)
class Application:
    """One field for each topic."""

    environment: str
    access: Access
    archive: Archive
    audit: AuditTrail
    batches: Batches
    chase: Chase
    consents: Consents
    contacts: Contacts
    day_sheets: DaySheets
    direct_links: DirectLinks
    door_renewal: DoorRenewal
    doors: Doors
    incident_notices: IncidentNotices
    incidents: Incidents
    installation: Installation
    lesson_offers: LessonOffers
    messages: Messages
    my_days: MyDays
    observers: Observers
    people: People
    rechecks: Rechecks
    recordings: Recordings
    session_choices: SessionChoices
    reminders: Reminders
    sessions: Sessions
    staff_doors: StaffDoors
    staffing: Staffing
    storage: Storage
    watch: Watch
    work: WorkList
