"""The file by which a school says what guardians answered."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar

from zoomguard.domain.consents import ConsentType, Scope
from zoomguard.domain.csv_files import FileRows, Line, read_rows
from zoomguard.domain.errors import BadInput

CONSENTS_COLUMNS = (
    *"child guardian scope answer effective_on valid_until_on method form_version".split(),
    *"evidence_ref verified_by verified_on".split(),
)
FURTHEST = timedelta(days=366)
E = TypeVar("E", bound=StrEnum)


class Answer(StrEnum):
    """What a file may say; a dispute is raised by people, not by files."""

    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class ConsentRow:
    """One answer. `verified_by` is an address in lower case or a reference, "" where nobody verified."""

    line: int
    child: str
    guardian: str
    scope: Scope
    answer: ConsentType
    effective_on: date
    valid_until_on: date | None
    method: str
    form_version: str
    evidence_ref: str = field(repr=False)
    verified_by: str
    verified_on: date | None


def read_consents(content: bytes, *, today: date, max_months: int) -> FileRows[ConsentRow]:
    """Answers that last at most `max_months`. BadInput where the file cannot be read."""
    return read_rows(content, CONSENTS_COLUMNS, lambda line: _consent(line, today, max_months))


def _consent(line: Line, today: date, max_months: int) -> ConsentRow:
    answer = ConsentType(_one_of(Answer, line, "answer", "UNKNOWN_ANSWER").value)
    effective_on = _effective_on(line, today)
    return ConsentRow(
        line.number,
        line.reference("child"),
        line.reference("guardian"),
        _one_of(Scope, line, "scope", "UNKNOWN_SCOPE"),
        answer,
        effective_on,
        _valid_until_on(line, answer, effective_on, max_months),
        line.text("method"),
        line.text("form_version"),
        line.text("evidence_ref"),
        _verified_by(line),
        _verified_on(line, today),
    )


def _one_of(choices: type[E], line: Line, column: str, code: str) -> E:
    try:
        return choices(line.text(column))
    except ValueError:
        raise BadInput(f"{column} is not known.", f"Use one of: {', '.join(choices)}.", code=code) from None


def _effective_on(line: Line, today: date) -> date:
    day = line.day("effective_on")
    if day is None or day > today + FURTHEST:
        raise BadInput(
            "effective_on is empty, or more than a year away.", "Give the day it begins.", code="EFFECTIVE_ON"
        )
    return day


def _valid_until_on(line: Line, answer: ConsentType, effective_on: date, max_months: int) -> date | None:
    day = line.day("valid_until_on")
    if day is None and answer is not ConsentType.GIVEN:
        return None
    last = months_later(effective_on, max_months)
    if day is None or not effective_on < day <= last:
        raise BadInput(
            f"valid_until_on is not within {max_months} months after effective_on.",
            "Give the last day on which the answer holds.",
            code="VALID_UNTIL",
        )
    return day


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the last of a month that is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _verified_by(line: Line) -> str:
    if "@" in line.text("verified_by"):
        return line.mail("verified_by")
    return line.reference("verified_by") if line.text("verified_by") else ""


def _verified_on(line: Line, today: date) -> date | None:
    day = line.day("verified_on")
    if day is not None and day > today:
        raise BadInput("verified_on is still to come.", "Give the day on which it was done.", code="VERIFIED_ON")
    return day
