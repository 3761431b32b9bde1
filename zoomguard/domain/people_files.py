"""The files by which a school says who its staff, children, guardians and classes are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from zoomguard.domain.csv_files import BadLine, FileRows, Line, read_rows
from zoomguard.domain.errors import BadInput
from zoomguard.domain.people import Role, age_on, in_domains, staff_address
from zoomguard.domain.times import zone

STAFF_COLUMNS = tuple(
    "reference email known_as family_name roles training_until dbs_until policy_ack_on relatives".split()
)
CHILDREN_COLUMNS = tuple("reference known_as family_name born_on country timezone email".split())
GUARDIANS_COLUMNS = tuple(
    "reference email known_as family_name language child relation parental_responsibility may_contact".split()
)
GROUPS_COLUMNS = ("group", "child")
YOUNGEST, OLDEST = 4, 25
COUNTRY = re.compile(r"[A-Za-z]{2}")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
HOW_TO_WRITE = "Write it as name@college.example."
DUPLICATE_REF, DUPLICATE_EMAIL = "DUPLICATE_REF", "DUPLICATE_EMAIL"


@dataclass(frozen=True)
class StaffRow:
    """A member of staff; `email` is canonical (no +alias), dates are None where the file says nothing."""

    line: int
    reference: str
    email: str
    known_as: str = field(repr=False)
    family_name: str = field(repr=False)
    roles: frozenset[Role]
    training_until_on: date | None
    dbs_until_on: date | None
    policy_ack_on: date | None
    relatives: tuple[str, ...]

    @property
    def details(self) -> dict[str, str]:
        """What the file says about the person, by column."""
        return _details(self, "reference", "email", "known_as", "family_name")


@dataclass(frozen=True)
class ChildRow:
    """A learner; `born_on` is None where the school does not know."""

    line: int
    reference: str
    known_as: str = field(repr=False)
    family_name: str = field(repr=False)
    born_on: date | None = field(repr=False)
    country: str
    timezone: str
    email: str = field(repr=False)

    @property
    def details(self) -> dict[str, str]:
        """What the file says about the person, by column."""
        said = _details(self, "reference", "known_as", "family_name", "country", "timezone", "email")
        return {**said, "born_on": self.born_on.isoformat() if self.born_on else ""}


@dataclass(frozen=True)
class GuardianRow:
    """A guardian and one child."""

    line: int
    reference: str
    email: str = field(repr=False)
    known_as: str = field(repr=False)
    family_name: str = field(repr=False)
    language: str
    child: str
    relation: str
    parental_responsibility: bool
    may_contact: bool

    @property
    def details(self) -> dict[str, str]:
        """What the file says about the person, by column."""
        return _details(self, "reference", "email", "known_as", "family_name", "language")


@dataclass(frozen=True)
class GroupRow:
    """A child in a class."""

    line: int
    group: str
    child: str


@dataclass(frozen=True)
class PersonView:
    """A member of staff as the office sees the list."""

    reference: str
    email: str
    kind: str
    roles: tuple[str, ...]
    active: bool


@dataclass(frozen=True)
class ImportAnswer:
    """How the lines of a file fared; `written` says whether they stand now. `pending` are permissions that
    were taken in and do not pass, because nobody has verified them."""

    kind: str
    new: int = 0
    changed: int = 0
    same: int = 0
    pending: int = 0
    refused: tuple[BadLine, ...] = ()
    written: bool = False

    def as_json(self) -> dict[str, object]:
        """The shape `zoomguard/1` of an import."""
        counts = {"new": self.new, "changed": self.changed, "same": self.same, "pending": self.pending}
        refused = [bad.as_json() for bad in self.refused]
        head = {"schema": "zoomguard/1", "kind": self.kind, "written": self.written}
        return {**head, **counts, "refused": refused}


def read_staff(content: bytes, *, today: date, staff_domains: tuple[str, ...]) -> FileRows[StaffRow]:
    """Staff with an address of the organisation. BadInput where the file cannot be read."""
    rows = read_rows(content, STAFF_COLUMNS, lambda line: _staff(line, today, staff_domains))
    rows = rows.without_repeats(lambda r: r.reference, DUPLICATE_REF, "The reference")
    return rows.without_repeats(lambda r: r.email, DUPLICATE_EMAIL, "The address")


def read_children(content: bytes, *, today: date) -> FileRows[ChildRow]:
    """Learners of 4 to 25 years. BadInput where the file cannot be read."""
    rows = read_rows(content, CHILDREN_COLUMNS, lambda line: _child(line, today))
    rows = rows.without_repeats(lambda r: r.reference, DUPLICATE_REF, "The reference")
    return rows.without_repeats(lambda r: r.email or None, DUPLICATE_EMAIL, "The address")


def read_guardians(content: bytes) -> FileRows[GuardianRow]:
    """One row for each guardian and child. BadInput where the file cannot be read."""
    rows = read_rows(content, GUARDIANS_COLUMNS, _guardian)
    rows = rows.without_repeats(lambda r: (r.reference, r.child), DUPLICATE_REF, "The guardian of this child")
    return _of_one_mind(rows)


def read_groups(content: bytes) -> FileRows[GroupRow]:
    """One row for each class and child. BadInput where the file cannot be read."""
    rows = read_rows(content, GROUPS_COLUMNS, _group)
    return rows.without_repeats(lambda r: (r.group, r.child), DUPLICATE_REF, "The child of this group")


def _of_one_mind(rows: FileRows[GuardianRow]) -> FileRows[GuardianRow]:
    """A guardian of several children is the same person on each line, and has the address alone."""
    first: dict[str, GuardianRow] = {}
    holder: dict[str, GuardianRow] = {}
    kept, bad = [], list(rows.bad)
    for row in rows.rows:
        other = first.get(row.reference, row)
        sharer = holder.get(row.email, row) if row.email else row
        if other.details != row.details:
            message = f"The reference is another person, or has other details, on line {other.line}."
            bad.append(BadLine(row.line, DUPLICATE_REF, message, "Say the same of one person on each line."))
        elif sharer.reference != row.reference:
            message = f"The address is also on line {sharer.line}, with another reference."
            bad.append(BadLine(row.line, DUPLICATE_EMAIL, message, "Each guardian needs an own address."))
        else:
            first.setdefault(row.reference, row)
            holder.setdefault(row.email, row)
            kept.append(row)
    return FileRows(tuple(kept), tuple(sorted(bad, key=lambda b: b.line)))


def _staff(line: Line, today: date, domains: tuple[str, ...]) -> StaffRow:
    return StaffRow(
        line.number,
        line.reference("reference"),
        staff_mail(line.mail("email"), domains),
        line.needed("known_as", "NAME_MISSING"),
        line.text("family_name"),
        frozenset(_role(name) for name in line.many("roles")),
        line.day("training_until"),
        line.day("dbs_until"),
        _not_to_come(line, "policy_ack_on", today),
        line.references("relatives"),
    )


def _child(line: Line, today: date) -> ChildRow:
    return ChildRow(
        line.number,
        line.reference("reference"),
        line.needed("known_as", "NAME_MISSING"),
        line.text("family_name"),
        _born_on(line, today),
        _country(line),
        _timezone(line),
        line.mail("email"),
    )


def _guardian(line: Line) -> GuardianRow:
    return GuardianRow(
        line.number,
        line.reference("reference"),
        line.mail("email"),
        line.needed("known_as", "NAME_MISSING"),
        line.text("family_name"),
        _language(line),
        line.reference("child"),
        line.needed("relation", "RELATION"),
        line.yes_no("parental_responsibility"),
        line.yes_no("may_contact"),
    )


def _group(line: Line) -> GroupRow:
    return GroupRow(line.number, line.needed("group", "GROUP_MISSING"), line.reference("child"))


def staff_mail(mail: str, domains: tuple[str, ...]) -> str:
    """The canonical address of a member of staff; ACC-NO-PERSONAL where it is not the organisation's."""
    try:
        canonical = staff_address(mail)
    except ValueError:
        raise BadInput("The e-mail address is empty or no address.", HOW_TO_WRITE, code="EMAIL") from None
    if not in_domains(canonical, domains):
        raise BadInput(
            "The address is not one of the organisation's.",
            "Name the person by the address the organisation gave.",
            code="ACC-NO-PERSONAL",
        )
    return canonical


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError:
        raise BadInput("A role is not known.", f"Use: {', '.join(Role)}.", code="UNKNOWN_ROLE") from None


def _not_to_come(line: Line, column: str, today: date) -> date | None:
    day = line.day(column)
    if day is not None and day > today:
        raise BadInput(f"{column} is still to come.", "Give the day on which it was done.", code="BAD_DATE")
    return day


def _born_on(line: Line, today: date) -> date | None:
    born_on = line.day("born_on")
    if born_on is not None and not YOUNGEST <= age_on(born_on, today) <= OLDEST:
        raise BadInput(
            f"born_on makes the person younger than {YOUNGEST} or older than {OLDEST}.",
            "Correct the year.",
            code="BORN_ON",
        )
    return born_on


def _country(line: Line) -> str:
    text = line.text("country")
    if text and COUNTRY.fullmatch(text) is None:
        raise BadInput("country is not a code of two letters.", "Use ISO 3166, such as GB.", code="COUNTRY")
    return text.upper()


def _language(line: Line) -> str:
    text = line.text("language") or "en"
    if LANGUAGE.fullmatch(text) is None:
        raise BadInput("language is not a code.", "Use a code such as en or vi.", code="LANGUAGE")
    return text


def _timezone(line: Line) -> str:
    try:
        return zone(line.text("timezone")).key
    except BadInput as error:
        raise BadInput("timezone is not a time zone.", error.remedy, code=error.code) from None


def _details(row: StaffRow | ChildRow | GuardianRow, *columns: str) -> dict[str, str]:
    return {column: getattr(row, column) for column in columns}
