"""People: kinds, roles, addresses, ages, and what is on record about staff."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from zoomguard.domain.times import day_in

ADULT_AGE = 18
COLLEGE_ZONE = "Europe/London"
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class Kind(StrEnum):
    """What a person is to the college."""

    STAFF = "staff"
    CHILD = "child"
    GUARDIAN = "guardian"


class Role(StrEnum):
    """What a member of staff may act as; a person may hold several."""

    TEACHER = "teacher"
    OBSERVER = "observer"
    REVIEWER = "reviewer"
    COORDINATOR = "coordinator"
    DSL = "dsl"
    DEPUTY = "deputy"
    LEADER = "leader"
    DATA_LEAD = "data_lead"
    MONITOR = "monitor"
    AUDITOR = "auditor"
    OPERATOR = "operator"


class Check(StrEnum):
    """What must be valid on the date of a session for a member of staff."""

    TRAINING = "training"
    DBS = "dbs"
    POLICY_ACK = "policy_ack"


@dataclass(frozen=True)
class Who:
    """Somebody who acts: an opaque person id, or `operator` or `service`, with the roles held now."""

    id: str
    roles: frozenset[Role] = frozenset()
    reference: str = ""

    def has(self, *roles: Role) -> bool:
        """Whether any of the roles is held."""
        return bool(self.roles.intersection(roles))


OPERATOR = Who("operator", frozenset({Role.OPERATOR}))
SERVICE = Who("service")


@dataclass(frozen=True)
class StaffOnRecord:
    """What the rules ask about a teacher or observer; dates are None where nothing is on record."""

    id: str
    reference: str
    email: str
    active: bool
    roles: frozenset[Role]
    training_until_on: date | None = None
    dbs_until_on: date | None = None
    policy_ack_until_on: date | None = None
    related_children: frozenset[str] = frozenset()
    busy_with: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChildOnRecord:
    """A learner on the roster, by opaque id and the school's reference; `born_on` None where unknown."""

    id: str
    reference: str
    born_on: date | None
    active: bool = True
    busy_with: tuple[str, ...] = ()


def address(text: str) -> str:
    """An e-mail address in lower case and NFC; ValueError where it is none, or not plain ASCII."""
    plain = unicodedata.normalize("NFC", text.strip())
    if ADDRESS.fullmatch(plain) is None or ".." in plain:
        raise ValueError("not an address")
    return plain.lower()


def staff_address(text: str) -> str:
    """The address of a member of staff with any +alias cut off: `a.b+x@` is the same person as `a.b@`.

    ValueError where nothing is left of it.
    """
    local, _, domain = address(text).partition("@")
    return address(f"{local.partition('+')[0]}@{domain}")


def in_domains(mail: str, domains: tuple[str, ...]) -> bool:
    """Whether an address belongs exactly to one of the organisation's domains (no sub-domain, no look-alike)."""
    return mail.partition("@")[2] in domains


def age_on(born_on: date, day: date) -> int:
    """Whole years on that day; who is born on 29 February turns a year older on 1 March in common years."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def is_child(born_on: date | None, starts_at: datetime) -> bool:
    """Whether the person is under 18 at the session's start in Europe/London; unknown births count as children."""
    return born_on is None or age_on(born_on, day_in(starts_at, COLLEGE_ZONE)) < ADULT_AGE
