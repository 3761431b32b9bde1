import pytest

from zoomguard.domain.timetable_files import TIMETABLE_COLUMNS, read_timetable, row_key

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
