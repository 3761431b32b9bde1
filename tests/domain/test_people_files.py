from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomguard.domain.csv_files import MOST_BYTES, FileRows
from zoomguard.domain.errors import BadInput
from zoomguard.domain.people import Role
from zoomguard.domain.people_files import (
    ChildRow,
    GroupRow,
    GuardianRow,
    StaffRow,
    read_children,
    read_groups,
    read_guardians,
    read_staff,
)
from zoomguard.sandbox.school import write_csvs

TODAY = date(2026, 11, 23)
DOMAINS = ("northmoor.example",)
STAFF = "reference,email,known_as,family_name,roles,training_until,dbs_until,policy_ack_on,relatives\n"
CHILDREN = "reference,known_as,family_name,born_on,country,timezone,email\n"
GUARDIANS = "reference,email,known_as,family_name,language,child,relation,parental_responsibility,may_contact\n"
LENA = "C-0101,Lena,Kral,2014-09-18,GB,Europe/London,"
EVA = "G-01,eva@families.example,Eva,Kral,en,C-0101,mother,yes,yes"


def staff(text: str) -> FileRows[StaffRow]:
    return read_staff((STAFF + text).encode(), today=TODAY, staff_domains=DOMAINS)


def children(text: str, header: str = CHILDREN) -> FileRows[ChildRow]:
    return read_children((header + text).encode(), today=TODAY)


def guardians(*rows: str) -> FileRows[GuardianRow]:
    return read_guardians((GUARDIANS + "\n".join(rows)).encode())


def codes(file: FileRows[StaffRow] | FileRows[ChildRow] | FileRows[GuardianRow]) -> list[tuple[int, str]]:
    return [(bad.line, bad.code) for bad in file.bad]


def refusal(content: bytes) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read_children(content, today=TODAY)
    return caught.value


def a_staff_row(**change: str) -> str:
    cells = dict.fromkeys(STAFF.strip().split(","), "")
    cells |= {"reference": "T1", "email": "t.wren@northmoor.example", "known_as": "Tomasz"}
    return ",".join((cells | change).values())


def test_the_schools_own_files_are_read_whole(tmp_path: Path) -> None:
    content = {path.stem: path.read_bytes() for path in write_csvs(tmp_path, TODAY)}
    files = (
        read_staff(content["staff"], today=TODAY, staff_domains=DOMAINS),
        read_children(content["children"], today=TODAY),
        read_guardians(content["guardians"]),
        read_groups(content["groups"]),
    )
    assert [(len(file.rows), file.bad) for file in files] == [(15, ()), (7, ()), (10, ()), (5, ())]
    assert files[0].rows[0].roles == {Role.TEACHER}
    assert files[1].rows[2] == ChildRow(
        4, "C-0110", "Minh", "Tran", date(2014, 12, 3), "VN", "Asia/Ho_Chi_Minh", "minh.tran@families.example"
    )
    assert files[3].rows[0] == GroupRow(2, "MATHS-7B", "C-0101")


def test_byte_order_mark_semicolons_and_another_order_of_columns_are_read_alike() -> None:
    moved = "email;timezone;country;born_on;family_name;known_as;reference\r\n"
    content = ("\ufeff" + moved + ";Europe/London;gb;2014-09-18;Kral;Lena;00417\r\n").encode()
    (row,) = read_children(content, today=TODAY).rows
    assert (row.reference, row.country, row.born_on) == ("00417", "GB", date(2014, 9, 18))


def test_cells_in_quotation_marks_may_hold_the_delimiter() -> None:
    assert children('C-1,"Ann, May",Kral,,GB,Europe/London,').rows[0].known_as == "Ann, May"


def test_composed_and_decomposed_letters_are_the_same_name() -> None:
    one, two = children("C-1,Zoe\u0308,K,,GB,Europe/London,\nC-2,Zo\u00eb,K,,GB,Europe/London,").rows
    assert one.known_as == two.known_as


def test_lines_are_counted_as_an_editor_does() -> None:
    file = children(f"\n{LENA}\n,,,,,,\n\nC-2,,K,,GB,Europe/London,\n")
    assert [row.line for row in file.rows] == [3]
    assert codes(file) == [(6, "NAME_MISSING")]


def test_a_line_break_within_a_cell_does_not_shift_the_lines_after_it() -> None:
    file = children(f'C-1,"Le\nna",K,,GB,Europe/London,\nC-2,,K,,GB,Europe/London,\n{LENA}')
    assert codes(file) == [(2, "CONTROL_CHARACTER"), (4, "NAME_MISSING")]
    assert [row.line for row in file.rows] == [5]


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("reference,known_as,family_name,born_on,country,timezone", "missing: email"),
        ("reference,known_as,family_name,born_on,country,timezone,email,mail", "unknown: mail"),
        ("reference,known_as,family_name,born_on,country,timezone,email,email", "twice: email"),
        ("Reference,known_as,family_name,born_on,country,timezone,email", "unknown: Reference"),
    ],
)
def test_a_wrong_header_is_refused_by_name(header: str, named: str) -> None:
    error = refusal(header.encode())
    assert error.code == "CSV_HEADER" and named in error.message
    assert CHILDREN.strip() in error.remedy


def test_a_file_without_header_does_not_tell_the_childs_name() -> None:
    error = refusal(LENA.encode())
    assert error.code == "CSV_HEADER"
    assert "Lena" not in error.message + error.remedy


def test_an_empty_file_has_no_header() -> None:
    assert refusal(b"").code == "CSV_HEADER"


@pytest.mark.parametrize("content", [CHILDREN.encode("utf-16"), CHILDREN.encode() + b"C-1,Zo\xeb"])
def test_what_is_not_utf_8_is_refused(content: bytes) -> None:
    assert refusal(content).code == "CSV_ENCODING"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (" " * MOST_BYTES, "CSV_TOO_LARGE"),
        (f"{LENA}\n" * 5001, "CSV_TOO_MANY_ROWS"),
        ("C-1" + "," * 64, "CSV_TOO_MANY_COLUMNS"),
        (f"C-1,{'x' * 1001},K,,GB,Europe/London,", "CSV_CELL_TOO_LONG"),
        ('C-1,"Lena,K,,GB,Europe/London,', "CSV_FORM"),
        (f'C-1,"{"x" * 140_000}', "CSV_FORM"),
    ],
)
def test_what_is_too_large_or_never_ends_is_refused_as_a_whole(text: str, code: str) -> None:
    assert refusal((CHILDREN + text).encode()).code == code


def test_five_thousand_rows_and_a_thousand_characters_are_still_read() -> None:
    rows = "".join(f"C-{n},{'x' * (1000 if n == 7 else 3)},K,,GB,Europe/London,\n" for n in range(5000))
    assert len(children(rows).rows) == 5000


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("C-1,Lena,K,,GB,Europe/London", "CSV_CELLS"),
        ("C-1,Lena,K,,GB,Europe/London,,", "CSV_CELLS"),
        ("C-1,Le\x00na,K,,GB,Europe/London,", "CONTROL_CHARACTER"),
        ('C-1,"Lena\r\nBcc: x",K,,GB,Europe/London,', "CONTROL_CHARACTER"),
        ("C-1,\tLena,K,,GB,Europe/London,", "CONTROL_CHARACTER"),
        ("C-1,\u202eaneL,K,,GB,Europe/London,", "CONTROL_CHARACTER"),
        ("C-1\u200b,Lena,K,,GB,Europe/London,", "CONTROL_CHARACTER"),
        ("C-1,Le\u2028na,K,,GB,Europe/London,", "CONTROL_CHARACTER"),
        ("C-1,=1+1,K,,GB,Europe/London,", "CSV_FORMULA"),
        ("C-1,  +1,K,,GB,Europe/London,", "CSV_FORMULA"),
        ("C-1,\u3000\uff1d1,K,,GB,Europe/London,", "CSV_FORMULA"),
        ("C-1,'@x,K,,GB,Europe/London,", "CSV_FORMULA"),
        ("-1,Lena,K,,GB,Europe/London,", "CSV_FORMULA"),
        ("C 1,Lena,K,,GB,Europe/London,", "BAD_REFERENCE"),
        (",Lena,K,,GB,Europe/London,", "BAD_REFERENCE"),
        ("С-1,Lena,K,,GB,Europe/London,", "BAD_REFERENCE"),
        ("C-1,Lena,K,18/09/2014,GB,Europe/London,", "BAD_DATE"),
        ("C-1,Lena,K,20140918,GB,Europe/London,", "BAD_DATE"),
        ("C-1,Lena,K,2014-W38-4,GB,Europe/London,", "BAD_DATE"),
        ("C-1,Lena,K,2014-02-31,GB,Europe/London,", "BAD_DATE"),
        ("C-1,Lena,K,٢٠١٤-09-18,GB,Europe/London,", "BAD_DATE"),
        ("C-1,Lena,K,2026-11-24,GB,Europe/London,", "BORN_ON"),
        ("C-1,Lena,K,2022-11-24,GB,Europe/London,", "BORN_ON"),
        ("C-1,Lena,K,2000-11-23,GB,Europe/London,", "BORN_ON"),
        ("C-1,Lena,K,,GBR,Europe/London,", "COUNTRY"),
        ("C-1,Lena,K,,GB,,", "BAD_TIMEZONE"),
        ("C-1,Lena,K,,GB,Lena,", "BAD_TIMEZONE"),
        ("C-1,Lena,K,,GB,Europe/London,lena@@mail.example", "EMAIL"),
        ("C-1,Lena,K,,GB,Europe/London,lеna@mail.example", "EMAIL"),
    ],
)
def test_a_bad_line_is_named_with_a_code_and_without_the_childs_name(row: str, code: str) -> None:
    file = children(f"{LENA}\n{row}\n")
    assert codes(file) == [(3, code)]
    assert [kept.line for kept in file.rows] == [2]
    said = file.bad[0].message + file.bad[0].remedy
    assert "Lena" not in said and "lena" not in said and said.isprintable() and file.bad[0].remedy


@pytest.mark.parametrize("born_on", ["2022-11-23", "2000-11-24", ""])
def test_ages_from_4_to_25_and_unknown_births_are_taken(born_on: str) -> None:
    assert codes(children(f"C-1,Lena,K,{born_on},,Europe/London,")) == []


def test_names_keep_joiners_hyphens_and_apostrophes() -> None:
    rows = children("C-1,\u0645\u06cc\u200c\u062e,O'Neil-Tran,,GB,Europe/London,").rows
    assert (rows[0].known_as, rows[0].family_name) == ("\u0645\u06cc\u200c\u062e", "O'Neil-Tran")


def test_a_repeated_reference_or_address_names_the_line_of_the_first() -> None:
    file = children(f"{LENA}a@f.example\n{LENA}\nC-2,Max,K,,GB,Europe/London,A@f.example\n")
    assert codes(file) == [(3, "DUPLICATE_REF"), (4, "DUPLICATE_EMAIL")]
    assert all("line 2" in bad.message for bad in file.bad)


def test_rows_without_an_address_do_not_share_one() -> None:
    assert codes(children("C-1,A,K,,GB,Europe/London,\nC-2,B,K,,GB,Europe/London,")) == []


@pytest.mark.parametrize(
    ("email", "code"),
    [
        ("t.wren@gmail.example", "ACC-NO-PERSONAL"),
        ("t.wren@mail.northmoor.example", "ACC-NO-PERSONAL"),
        ("t.wren@northmoor.example.evil.example", "ACC-NO-PERSONAL"),
        ("t.wren@nоrthmoor.example", "EMAIL"),
        ("", "EMAIL"),
    ],
)
def test_staff_have_an_address_of_the_organisation(email: str, code: str) -> None:
    assert codes(staff(a_staff_row(email=email))) == [(2, code)]


def test_an_alias_of_a_member_of_staff_is_the_same_person() -> None:
    second = a_staff_row(reference="T2", email="T.Wren+zoom@northmoor.example")
    file = staff(f"{a_staff_row()}\n{second}")
    assert codes(file) == [(3, "DUPLICATE_EMAIL")]
    assert staff(second).rows[0].email == "t.wren@northmoor.example"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"roles": "teacher|head"}, "UNKNOWN_ROLE"),
        ({"training_until": "soon"}, "BAD_DATE"),
        ({"policy_ack_on": "2026-11-24"}, "BAD_DATE"),
        ({"relatives": "C-1|Lena K"}, "BAD_REFERENCE"),
        ({"known_as": ""}, "NAME_MISSING"),
    ],
)
def test_a_staff_row_is_checked_cell_by_cell(change: dict[str, str], code: str) -> None:
    assert codes(staff(a_staff_row(**change))) == [(2, code)]


def test_lists_are_split_at_bars() -> None:
    (row,) = staff(a_staff_row(roles="teacher| observer|teacher", relatives="C-1|C-2")).rows
    assert row.roles == {Role.TEACHER, Role.OBSERVER} and row.relatives == ("C-1", "C-2")


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (EVA.replace("mother", ""), "RELATION"),
        (EVA.replace("yes,yes", "yes,"), "YES_NO"),
        (EVA.replace("yes,yes", "1,yes"), "YES_NO"),
        (EVA.replace(",en,", ",English language,"), "LANGUAGE"),
        (EVA.replace("C-0101", ""), "BAD_REFERENCE"),
    ],
)
def test_a_guardian_row_is_checked_cell_by_cell(row: str, code: str) -> None:
    assert codes(guardians(row)) == [(2, code)]


def test_a_guardian_of_two_children_stands_on_two_lines() -> None:
    assert codes(guardians(EVA, EVA.replace("C-0101", "C-0102").replace(",en,", ",,"))) == []


def test_a_guardian_is_the_same_person_on_each_line() -> None:
    sibling = EVA.replace("C-0101", "C-0102")
    other = sibling.replace("eva@", "nobody@")
    sharer = sibling.replace("G-01", "G-02")
    file = guardians(EVA, other, EVA, sharer)
    assert codes(file) == [(3, "DUPLICATE_REF"), (4, "DUPLICATE_REF"), (5, "DUPLICATE_EMAIL")]
    assert all("line 2" in bad.message for bad in file.bad)


def test_a_child_is_in_a_group_once() -> None:
    file = read_groups(b"group;child\n7B;C-1\n7B;C-2\n7B;C-1\n")
    assert [(bad.line, bad.code) for bad in file.bad] == [(4, "DUPLICATE_REF")]


def test_names_are_not_shown_by_accident() -> None:
    assert "Lena" not in repr(children(LENA)) and "Eva" not in repr(guardians(EVA))


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: (CHILDREN + t).encode("utf-8", "ignore")))
def test_whatever_the_bytes_a_file_is_read_or_refused(content: bytes) -> None:
    try:
        seen = {bad.line for bad in read_children(content, today=TODAY).bad}
    except BadInput as error:
        seen = set() if error.code.startswith("CSV_") else {0}
    assert all(line > 1 for line in seen)
