from datetime import date

from zoomguard.domain.day_sheets import DaySheet, text


def test_a_day_without_lessons_says_so_and_keeps_the_numbers():
    said = text(DaySheet(date(2026, 12, 1), "Europe/London", "Northmoor College", (), (("Childline", "0800 1111"),)))
    assert "No lessons on this day." in said and "Childline: 0800 1111" in said
    assert max(map(len, said.splitlines())) <= 80
