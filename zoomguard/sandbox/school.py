"""Northmoor College: the people of the sandbox, and the files by which a college would import them."""

import csv
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from zoomguard.sandbox.people import (
    CHILDREN,
    GROUPS,
    GUARDIANS,
    STAFF,
    Child,
    Guardian,
    StaffMember,
    ZoomUser,
    zoom_user_id,
)

SCOPES = ("video_live", "video_record", "email")
FORM_VERSION = "2026-1"
VERIFIER_EMAIL = "c.pugh@northmoor.example"
WITHOUT_PERMISSION = frozenset({"C-0140"})

STAFF_HEADER = "reference,email,known_as,family_name,roles,training_until,dbs_until,policy_ack_on,relatives"
CHILDREN_HEADER = "reference,known_as,family_name,born_on,country,timezone,email"
GUARDIANS_HEADER = "reference,email,known_as,family_name,language,child,relation,parental_responsibility,may_contact"
CONSENTS_HEADER = (
    "child,guardian,scope,answer,effective_on,valid_until_on,method,form_version,evidence_ref,verified_by,verified_on"
)
GROUPS_HEADER = "group,child"

Row = tuple[str, ...]


def zoom_users() -> tuple[ZoomUser, ...]:
    """Every member of staff as a user of the college's Zoom account."""
    return tuple(
        ZoomUser(zoom_user_id(one.email), one.email, one.known_as, one.family_name, one.licensed) for one in STAFF
    )


def write_csvs(directory: Path, today: date) -> tuple[Path, ...]:
    """Write staff, children, guardians, consents and groups as CSV (UTF-8) for a school whose day is `today`.

    Checks end one year after `today`; permissions began the week before and hold for a year.
    """
    directory.mkdir(parents=True, exist_ok=True)
    tables = {
        "staff": (STAFF_HEADER, (_staff_row(one, today) for one in STAFF)),
        "children": (CHILDREN_HEADER, (_child_row(one, today) for one in CHILDREN)),
        "guardians": (
            GUARDIANS_HEADER,
            (_guardian_row(one, child) for one in GUARDIANS for child in one.children),
        ),
        "consents": (CONSENTS_HEADER, _consent_rows(today)),
        "groups": (GROUPS_HEADER, ((name, child) for name, members in GROUPS.items() for child in members)),
    }
    return tuple(_write(directory / f"{name}.csv", header, rows) for name, (header, rows) in tables.items())


def _staff_row(one: StaffMember, today: date) -> Row:
    ends_on = _years_later(today, 1).isoformat()
    acknowledged_on = (today - timedelta(days=60)).isoformat()
    roles = "|".join(one.roles)
    names = (one.reference, one.email, one.known_as, one.family_name)
    return (*names, roles, ends_on, ends_on, acknowledged_on, "|".join(one.relatives))


def _child_row(one: Child, today: date) -> Row:
    born_on = _years_later(one.born_on, _school_year(today) - _school_year(date(2026, 11, 23)))
    return (
        one.reference,
        one.known_as,
        one.family_name,
        born_on.isoformat(),
        one.country,
        one.timezone,
        one.email,
    )


def _guardian_row(one: Guardian, child: str) -> Row:
    names = (one.reference, one.email, one.known_as, one.family_name, one.language)
    return (*names, child, one.relation, _yes_no(one.parental_responsibility), _yes_no(one.may_contact))


def _consent_rows(today: date) -> Iterable[Row]:
    for one in GUARDIANS:
        for child in one.children:
            if one.may_contact and child not in WITHOUT_PERMISSION:
                for scope in SCOPES:
                    yield _consent_row(child, one.reference, scope, today)


def _consent_row(child: str, guardian: str, scope: str, today: date) -> Row:
    given_on = today - timedelta(days=7)
    until_on = _years_later(given_on, 1)
    verified_on = today - timedelta(days=3)
    evidence_ref = f"FORM-{child.removeprefix('C-')}-{guardian.replace('-', '')}"
    answer = (child, guardian, scope, "given", given_on.isoformat(), until_on.isoformat())
    return (*answer, "paper_signed", FORM_VERSION, evidence_ref, VERIFIER_EMAIL, verified_on.isoformat())


def _write(path: Path, header: str, rows: Iterable[Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)
    return path


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"


def _school_year(on: date) -> int:
    return on.year if on.month >= 9 else on.year - 1


def _years_later(on: date, years: int) -> date:
    try:
        return on.replace(year=on.year + years)
    except ValueError:  # 29 February
        return on.replace(year=on.year + years, day=28)
