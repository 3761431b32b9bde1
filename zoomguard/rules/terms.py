"""The organisation's parameters: a TOML file, checked on reading, known by a version."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TypeGuard

from zoomguard.domain.bandwidth import Bandwidth
from zoomguard.domain.calendars import Closure, OfficeHours
from zoomguard.domain.errors import BadInput, SettingsWrong
from zoomguard.domain.times import printable, zone

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
# What copies may take of the line, all together, in megabits per second (0: all of it), and the hours of the
# organisation's zone in which they may take all of it.
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
    session, consent = _Section(table, "session", wrong), _Section(table, "consent", wrong)
    organisation, contacts = _Section(table, "organisation", wrong), _Section(table, "contacts", wrong)
    archive = _Section(table, "archive", wrong)
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
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCK_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def _office(table: Mapping[str, object], wrong: list[str]) -> OfficeHours:
    section = _Section(table, "office", wrong)
    hours = OfficeHours(
        section.days("days"), section.clock("from", "09:00"), section.clock("until", "17:00"), section.dates("holidays")
    )
    if hours.from_at >= hours.until_at:
        wrong.append("TERMS_FILE: [office] until must be later than from")
    section.note_the_rest()
    return hours


def _bandwidth(section: _Section) -> Bandwidth:
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
        section = _Section({name: each}, name, wrong, f"{name} {number}")
        wrong_before = len(wrong)
        closure = Closure(section.required("name"), section.day("from"), section.day("until"))
        if closure.from_on > closure.until_on and len(wrong) == wrong_before:
            wrong.append(f"TERMS_FILE: [{section.name}] until must not be earlier than from")
        section.note_the_rest()
        yield closure


def _retention(table: Mapping[str, object], wrong: list[str]) -> dict[str, int]:
    named = _Section(table, "retention", wrong).values
    limits = {"routine": (90, 30, 365), "no_child": (14, 1, 365), "unassigned": (90, 30, 365)}
    wrong += [f"TERMS_FILE: [retention.{name}] is not known" for name in sorted(set(named) - set(limits))]
    days = {}
    for name, (default, low, high) in limits.items():
        section = _Section(named, name, wrong, f"retention.{name}")
        days[name] = section.number("days", default, low, high)
        section.note_the_rest()
    return days


class _Section:
    """One section of the file; notes what is wrong instead of stopping at the first."""

    def __init__(self, table: Mapping[str, object], name: str, wrong: list[str], shown: str = "") -> None:
        section = table.get(name, {})
        self.values: Mapping[str, object] = section if isinstance(section, Mapping) else {}
        self.name, self.wrong, self.known = shown or name, wrong, set[str]()
        if not isinstance(section, Mapping):
            wrong.append(f"TERMS_FILE: [{self.name}] must be a section")

    def note_the_rest(self) -> None:
        """A misspelt name must not leave a default in force unseen."""
        unknown = sorted(set(self.values) - self.known)
        self.wrong += [f"TERMS_FILE: [{self.name}] {printable(key)} is not known" for key in unknown]

    def zone(self, key: str, default: str) -> str:
        value = self.text(key, default)
        try:
            zone(value)
        except BadInput:
            self._note(key, 'a time zone such as "Europe/London"', default)
        return value

    def text(self, key: str, default: str) -> str:
        value = self._get(key, default)
        if isinstance(value, str) and value.isprintable():
            return value
        return str(self._note(key, "a line of text", default))

    def number(self, key: str, default: int, low: int, high: int) -> int:
        value = self._get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self._note(key, f"a whole number from {low} to {high}", default)
        return default

    def choice(self, key: str, default: str, choices: tuple[str, ...]) -> str:
        value = self._get(key, default)
        if value in choices:
            return str(value)
        return str(self._note(key, " or ".join(f'"{c}"' for c in choices), default))

    def required(self, key: str) -> str:
        value = self.text(key, "")
        if not value.strip() and isinstance(self.values.get(key, ""), str):
            self._note(key, "a line of text", "")
        return value

    def day(self, key: str) -> date:
        value = self._get(key, None)
        if _is_day(value):
            return value
        self._note(key, "a date such as 2027-02-15, without quotes", None)
        return date.min

    def dates(self, key: str) -> frozenset[date]:
        value = self._get(key, [])
        if isinstance(value, list) and all(_is_day(v) for v in value):
            return frozenset(value)
        self._note(key, "dates such as [2026-12-25, 2026-12-28], without quotes", None)
        return frozenset()

    def days(self, key: str) -> frozenset[int]:
        value = self._get(key, list(WEEKDAYS[:5]))
        if isinstance(value, list) and value and all(v in WEEKDAYS for v in value):
            return frozenset(WEEKDAYS.index(v) for v in value)
        self._note(key, f"days out of {', '.join(WEEKDAYS)}", None)
        return frozenset(range(5))

    def clock(self, key: str, default: str) -> time:
        value = self._get(key, default)
        if isinstance(value, str) and CLOCK_TIME.fullmatch(value):
            return time.fromisoformat(value)
        self._note(key, 'a time such as "09:00"', default)
        return time.fromisoformat(default)

    def _get(self, key: str, default: object) -> object:
        self.known.add(key)
        return self.values.get(key, default)

    def _note(self, key: str, right: str, default: object) -> object:
        self.wrong.append(f"TERMS_FILE: [{self.name}] {key} must be {right}")
        return default


def _is_day(value: object) -> TypeGuard[date]:
    """A TOML date; one with a time is a datetime, which Python also calls a date."""
    return isinstance(value, date) and not isinstance(value, datetime)
