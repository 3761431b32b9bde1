from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from zoomguard.domain.day_sheets import DaySheet, text
from zoomguard.domain.sessions import SessionState, SessionView

LESSON = SessionView(
    "01",
    "S-7K2M",
    SessionState.SCHEDULED,
    "MATHS-7B",
    datetime(2026, 12, 1, 16, tzinfo=UTC),
    50,
    "Europe/London",
    91234567890,
    "t.wren@northmoor.example",
    "p.nandakumar@northmoor.example",
    ("C-0101",),
    teacher_name="Tomasz Wren",
    observer_name="Priya Nandakumar",
)


def test_a_day_without_lessons_says_so_and_keeps_the_numbers():
    said = text(DaySheet(date(2026, 12, 1), "Europe/London", "Northmoor College", (), (("Childline", "0800 1111"),)))
    assert "No lessons on this day." in said and "Childline: 0800 1111" in said
    assert max(map(len, said.splitlines())) <= 80


@pytest.mark.parametrize(
    ("change", "state", "observer"),
    [
        ({"observer_answer": "yes"}, "ready", "Priya Nandakumar  p.nandakumar@northmoor.example  (said yes)"),
        ({"observer_answer": "asked"}, "scheduled", "(asked, no answer yet)"),
        ({"observer": "", "observer_name": ""}, "scheduled", "Observer  nobody yet"),
    ],
)
def test_each_lesson_says_how_it_stands_and_who_observes(change: dict[str, str], state: str, observer: str) -> None:
    lesson = replace(LESSON, **change)
    lines = text(DaySheet(date(2026, 12, 1), "Europe/London", "Northmoor College", (lesson,), ())).splitlines()
    (first,) = [line for line in lines if line.startswith("16:00-16:50")]
    assert first.endswith(f"MATHS-7B  {state}")
    assert any(observer in line for line in lines)
