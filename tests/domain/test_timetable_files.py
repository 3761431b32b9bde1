import re
from pathlib import Path

import pytest

from zoomguard.domain.errors import BadInput
from zoomguard.domain.timetable_files import TIMETABLE_COLUMNS, in_columns, read_timetable, row_key

HEAD = ",".join(TIMETABLE_COLUMNS)
ROW = "t@n.example,,MATHS-7B,,,2026-12-01 16:00,,{},"


@pytest.mark.parametrize("minutes", ["", "fifty", "5.5", "٥"])
def test_minutes_that_are_no_whole_number_make_a_bad_line(minutes):
    found = read_timetable(f"{HEAD}\n{ROW.format(minutes)}\n".encode())
    assert [(b.line, b.code) for b in found.bad] == [(2, "BAD_LENGTH")]


def test_the_same_row_twice_is_refused_the_second_time_and_has_one_key():
    found = read_timetable(f"{HEAD}\n{ROW.format(50)}\n{ROW.format(50)}\n{ROW.format(60)}\n".encode())
    assert [(b.line, b.code) for b in found.bad] == [(3, "REPEATED_ROW")]
    first, other = (row_key(r.ask) for r in found.rows)
    assert first != other and first.startswith("row-")


def test_what_to_do_about_a_row_names_no_option_of_the_command_line(request: pytest.FixtureRequest) -> None:
    """Whatever the scheduling of a row can say; a file leaves nobody out and knows no fold."""
    root = Path(str(request.config.rootpath)) / "zoomguard"
    files = [root / f"application/{name}.py" for name in ("casting", "refusals", "session_ask")]
    files.append(root / "domain/times.py")
    said = [text for file in files for text in re.findall(r'"((?:[^"\\]|\\.)*)"', file.read_text())]
    with_options = [re.sub(r"\{[^}]*\}", "X", text) for text in said if re.search(r" --[a-z]", text)]
    assert len(with_options) >= 5
    assert [text for text in with_options if re.search(r"--[a-z]", in_columns(text))] == []
    assert all("column" in in_columns(text) for text in with_options)
    assert in_columns("Choose another time.") == "Choose another time."


def test_the_rows_that_were_left_with_code_and_reason_are_read_again() -> None:
    row = f"{ROW.format(50)},OVERLAP,'=HYPERLINK(1) {'x' * 2000}"
    found = read_timetable(f"{HEAD},code,reason\n{row}\n".encode())
    assert found == read_timetable(f"{HEAD}\n{ROW.format(50)}\n".encode()) and len(found.rows) == 1
    with pytest.raises(BadInput) as refused:
        read_timetable(f"{HEAD},code,reason,name\n{row},Kim\n".encode())
    assert refused.value.code == "CSV_HEADER" and "(unknown: name)" in refused.value.message


@pytest.mark.parametrize(
    ("remedy", "column"),
    [("Add --minutes, such as --minutes 50.", "minutes"), ("Add --teacher EMAIL.", "teacher")],
)
def test_what_a_row_lacks_is_told_by_its_column(remedy: str, column: str) -> None:
    assert f"column {column}" in in_columns(remedy) and "--" not in in_columns(remedy)
