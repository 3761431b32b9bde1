from datetime import date
from pathlib import Path

import pytest

from zoomguard.domain.consent_files import CONSENTS_COLUMNS, ConsentRow, months_later, read_consents
from zoomguard.domain.consents import ConsentType, Scope
from zoomguard.domain.csv_files import FileRows
from zoomguard.sandbox.school import write_csvs

TODAY = date(2026, 11, 23)
GIVEN = {
    "child": "C-0101",
    "guardian": "G-01",
    "scope": "video_live",
    "answer": "given",
    "effective_on": "2026-11-16",
    "valid_until_on": "2027-11-16",
    "method": "paper_signed",
    "form_version": "2026-1",
    "evidence_ref": "FORM-1",
    "verified_by": "C.Pugh@northmoor.example",
    "verified_on": "2026-11-20",
}


def read(max_months: int = 13, **change: str) -> FileRows[ConsentRow]:
    content = ",".join(CONSENTS_COLUMNS) + "\n" + ",".join((GIVEN | change).values())
    return read_consents(content.encode(), today=TODAY, max_months=max_months)


def test_the_schools_own_file_is_read_whole(tmp_path: Path) -> None:
    (path,) = (p for p in write_csvs(tmp_path, TODAY) if p.stem == "consents")
    file = read_consents(path.read_bytes(), today=TODAY, max_months=13)
    assert not file.bad and {row.scope for row in file.rows} == set(Scope) - {Scope.PUBLICATION}


def test_a_row_says_who_answered_what_and_who_verified_it() -> None:
    (row,) = read().rows
    assert (row.answer, row.scope, row.verified_by) == (ConsentType.GIVEN, Scope.VIDEO_LIVE, "c.pugh@northmoor.example")
    assert (row.effective_on, row.valid_until_on) == (date(2026, 11, 16), date(2027, 11, 16))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"answer": "yes"}, "UNKNOWN_ANSWER"),
        ({"answer": "disputed"}, "UNKNOWN_ANSWER"),
        ({"answer": ""}, "UNKNOWN_ANSWER"),
        ({"scope": "video"}, "UNKNOWN_SCOPE"),
        ({"child": ""}, "BAD_REFERENCE"),
        ({"guardian": "eva@families.example"}, "BAD_REFERENCE"),
        ({"effective_on": ""}, "EFFECTIVE_ON"),
        ({"effective_on": "2027-11-25", "valid_until_on": "2028-01-01"}, "EFFECTIVE_ON"),
        ({"effective_on": "9999-12-31", "valid_until_on": "9999-12-31"}, "EFFECTIVE_ON"),
        ({"effective_on": "16/11/2026"}, "BAD_DATE"),
        ({"valid_until_on": ""}, "VALID_UNTIL"),
        ({"valid_until_on": "2026-11-16"}, "VALID_UNTIL"),
        ({"valid_until_on": "2027-12-17"}, "VALID_UNTIL"),
        ({"answer": "refused", "valid_until_on": "2026-11-01"}, "VALID_UNTIL"),
        ({"verified_by": "c.pugh@@northmoor.example"}, "EMAIL"),
        ({"verified_by": "Carys Pugh"}, "BAD_REFERENCE"),
        ({"verified_on": "2026-11-24"}, "VERIFIED_ON"),
    ],
)
def test_a_row_is_checked_cell_by_cell(change: dict[str, str], code: str) -> None:
    assert [(bad.line, bad.code) for bad in read(**change).bad] == [(2, code)]


@pytest.mark.parametrize("answer", ["refused", "withdrawn"])
def test_a_no_needs_no_end(answer: str) -> None:
    (row,) = read(answer=answer, valid_until_on="").rows
    assert row.valid_until_on is None


def test_who_verified_may_be_named_by_reference_or_not_at_all() -> None:
    assert [read(verified_by=name).rows[0].verified_by for name in ("LD", "")] == ["LD", ""]


def test_an_answer_lasts_as_many_months_as_the_terms_say() -> None:
    assert not read(valid_until_on="2027-12-16").bad
    assert read(max_months=6).bad


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
        (date(2026, 12, 31), 12, date(2027, 12, 31)),
    ],
)
def test_months_end_where_they_are_short(day: date, months: int, later: date) -> None:
    assert months_later(day, months) == later
