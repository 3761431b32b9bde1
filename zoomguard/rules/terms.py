"""The organisation's parameters: a TOML file, checked on reading, known by a version."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from zoomguard.domain.bandwidth import Bandwidth
from zoomguard.domain.calendars import Closure, OfficeHours
from zoomguard.domain.errors import SettingsWrong
from zoomguard.rules.terms_sections import Section

DEFAULT = """\
# The organisation's terms. Each change makes a new version; every decision names the version it was taken under.
[organisation]
name = "The College"
zone = "Europe/London"

[contacts]
# Whom guardians, children and staff turn to. Shown in every invitation.
safeguarding_lead = "the designated safeguarding lead"
safeguarding_phone = ""
office_phone = ""
nspcc = "0808 800 5000"

[session]
passcode_length = 10
observer = "required"
max_minutes = 180
door_opens_minutes_before = 15
policy_ack_valid_days = 400
# Shown in the room for a child: "number" (Student 1) tells the least.
shown_name = "number"
# Meetings are made at Zoom this many days before the lesson; until then it is planned.
create_ahead_days = 14
# The least time between two lessons of one observer.
observer_gap_minutes = 0
# Nobody has agreed to observe 15 minutes before the start: "cancel", or "dsl" (the safeguarding lead decides).
without_observer = "cancel"

[office]
# Children get messages in these hours alone, in the organisation's zone. Holidays: [2026-12-25, 2026-12-28].
days = ["mon", "tue", "wed", "thu", "fri"]
from = "09:00"
until = "17:00"
holidays = []

[consent]
max_months = 13

[archive]
# Recordings that are copied at the same time.
at_once = 2
# What the copies of one process may take of the line together, in megabits per second (0: all of it), and the hours of
# the organisation's zone in which they may take all of it.
megabits_per_second = 200
full_speed_from = "20:00"
full_speed_until = "07:00"

[retention.routine]
days = 90

[retention.no_child]
days = 14

[retention.unassigned]
days = 90

# A weekly series leaves out closures, the first and the last day included, one section for each:
# [[closures]]
# name = "Half-term"
# from = 2027-02-15
# until = 2027-02-19
#
# Where terms are given, days outside all of them are left out too:
# [[term_dates]]
# name = "Spring term"
# from = 2027-01-04
# until = 2027-03-25
"""


@dataclass(frozen=True)
class Contacts:
    """Whom to tell."""

    safeguarding_lead: str = "the designated safeguarding lead"
    safeguarding_phone: str = ""
    office_phone: str = ""
    nspcc: str = "0808 800 5000"


@dataclass(frozen=True)
class Terms:
    """One version of the organisation's terms. Days and minutes are whole numbers."""

    version: str
    organisation: str = "The College"
    zone: str = "Europe/London"
    contacts: Contacts = field(default_factory=Contacts)
    passcode_length: int = 10
    max_minutes: int = 180
    door_opens_minutes_before: int = 15
    policy_ack_valid_days: int = 400
    shown_name: str = "number"
    consent_max_months: int = 13
    retention_days: Mapping[str, int] = field(default_factory=lambda: {"routine": 90, "no_child": 14, "unassigned": 90})
    create_ahead_days: int = 14
    observer_gap_minutes: int = 0
    without_observer: str = "cancel"
    copies_at_once: int = 2
    bandwidth: Bandwidth = field(default_factory=Bandwidth)
    office: OfficeHours = field(default_factory=OfficeHours)
    closures: tuple[Closure, ...] = ()
    term_dates: tuple[Closure, ...] = ()


def version_of(body: bytes) -> str:
    """The first 12 hex digits of the SHA-256 of the file's bytes."""
    return hashlib.sha256(body).hexdigest()[:12]


def read(body: bytes) -> Terms:
    """The terms in a TOML file; SettingsWrong names each line that is wrong and what would be right."""
    try:
        table = tomllib.loads(body.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsWrong((f"TERMS_FILE: not TOML ({error})",)) from None
    wrong: list[str] = []
    session, consent = Section(table, "session", wrong), Section(table, "consent", wrong)
    organisation, contacts = Section(table, "organisation", wrong), Section(table, "contacts", wrong)
    archive = Section(table, "archive", wrong)
    terms = Terms(
        version_of(body),
        organisation=organisation.text("name", "The College"),
        zone=organisation.zone("zone", "Europe/London"),
        contacts=Contacts(
            contacts.text("safeguarding_lead", "the designated safeguarding lead"),
            contacts.text("safeguarding_phone", ""),
            contacts.text("office_phone", ""),
            contacts.text("nspcc", "0808 800 5000"),
        ),
        passcode_length=session.number("passcode_length", 10, 10, 10),
        max_minutes=session.number("max_minutes", 180, 1, 180),
        door_opens_minutes_before=session.number("door_opens_minutes_before", 15, 0, 60),
        policy_ack_valid_days=session.number("policy_ack_valid_days", 400, 1, 1200),
        shown_name=session.choice("shown_name", "number", ("number", "known_as")),
        consent_max_months=consent.number("max_months", 13, 1, 24),
        retention_days=_retention(table, wrong),
        create_ahead_days=session.number("create_ahead_days", 14, 1, 366),
        observer_gap_minutes=session.number("observer_gap_minutes", 0, 0, 60),
        without_observer=session.choice("without_observer", "cancel", ("cancel", "dsl")),
        copies_at_once=archive.number("at_once", 2, 1, 8),
        bandwidth=_bandwidth(archive),
        office=_office(table, wrong),
        closures=tuple(_closures(table, "closures", wrong)),
        term_dates=tuple(_closures(table, "term_dates", wrong)),
    )
    session.choice("observer", "required", ("required",))
    for section in (organisation, contacts, session, consent, archive):
        section.note_the_rest()
    wrong += [f"TERMS_FILE: [{name}] is not known" for name in sorted(set(table) - SECTIONS)]
    if wrong:
        raise SettingsWrong(tuple(wrong))
    return terms


SECTIONS = {
    "organisation",
    "contacts",
    "session",
    "consent",
    "archive",
    "retention",
    "office",
    "closures",
    "term_dates",
}


def _office(table: Mapping[str, object], wrong: list[str]) -> OfficeHours:
    section = Section(table, "office", wrong)
    hours = OfficeHours(
        section.days("days"), section.clock("from", "09:00"), section.clock("until", "17:00"), section.dates("holidays")
    )
    if hours.from_at >= hours.until_at:
        wrong.append("TERMS_FILE: [office] until must be later than from")
    section.note_the_rest()
    return hours


def _bandwidth(section: Section) -> Bandwidth:
    return Bandwidth(
        section.number("megabits_per_second", 200, 0, 100_000),
        section.clock("full_speed_from", "20:00"),
        section.clock("full_speed_until", "07:00"),
    )


def _closures(table: Mapping[str, object], name: str, wrong: list[str]) -> Iterator[Closure]:
    listed = table.get(name, [])
    if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in listed):
        wrong.append(f"TERMS_FILE: {name} must be sections [[{name}]]")
        return
    for number, each in enumerate(listed, 1):
        section = Section({name: each}, name, wrong, f"{name} {number}")
        wrong_before = len(wrong)
        closure = Closure(section.required("name"), section.day("from"), section.day("until"))
        if closure.from_on > closure.until_on and len(wrong) == wrong_before:
            wrong.append(f"TERMS_FILE: [{section.name}] until must not be earlier than from")
        section.note_the_rest()
        yield closure


def _retention(table: Mapping[str, object], wrong: list[str]) -> dict[str, int]:
    named = Section(table, "retention", wrong).values
    limits = {"routine": (90, 30, 365), "no_child": (14, 1, 365), "unassigned": (90, 30, 365)}
    wrong += [f"TERMS_FILE: [retention.{name}] is not known" for name in sorted(set(named) - set(limits))]
    days = {}
    for name, (default, low, high) in limits.items():
        section = Section(named, name, wrong, f"retention.{name}")
        days[name] = section.number("days", default, low, high)
        section.note_the_rest()
    return days
