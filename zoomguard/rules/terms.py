"""The organisation's parameters: a TOML file, checked on reading, known by a version."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field

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

[consent]
max_months = 13

[retention.routine]
days = 90

[retention.no_child]
days = 14

[retention.unassigned]
days = 90
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
    )
    session.choice("observer", "required", ("required",))
    for section in (organisation, contacts, session, consent):
        section.note_the_rest()
    wrong += [f"TERMS_FILE: [{name}] is not known" for name in sorted(set(table) - SECTIONS)]
    if wrong:
        raise SettingsWrong(tuple(wrong))
    return terms


SECTIONS = {"organisation", "contacts", "session", "consent", "retention"}


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

    def _get(self, key: str, default: object) -> object:
        self.known.add(key)
        return self.values.get(key, default)

    def _note(self, key: str, right: str, default: object) -> object:
        self.wrong.append(f"TERMS_FILE: [{self.name}] {key} must be {right}")
        return default
