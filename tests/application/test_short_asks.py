"""What a teacher need not say, and how short what is said may be."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.house import COORDINATOR, DSL, SAFE_ASK, START, TEACHER, Home
from zoomguard.application.session_changes import NewTime
from zoomguard.domain.errors import BadInput, UnknownReference
from zoomguard.domain.sessions import SessionView

CLASS = replace(SAFE_ASK, course="", children=(), group="MATHS-7B", minutes=None)


def made(home: Home, email: str = TEACHER, **changes: object) -> SessionView:
    session = home.app.sessions.schedule(home.who(email), replace(CLASS, **changes)).session
    assert session is not None
    return session


def test_a_class_of_before_lasts_as_long_as_its_last_lesson(either_home: Home) -> None:
    either_home.schedule(course="", children=(), group="MATHS-7B", start="2026-11-24 10:00", minutes=35)
    either_home.schedule(course="", children=(), group="MATHS-7B", start="2026-11-26 10:00", minutes=45)
    lesson = made(either_home, start="wed 16:00")
    assert (f"{lesson.starts_at:%m-%d %H:%M}", lesson.minutes) == ("11-25 16:00", 45)


def test_the_length_of_a_class_without_a_lesson_must_be_said(either_home: Home) -> None:
    with pytest.raises(BadInput, match="no earlier lesson of MATHS-7B tells") as refused:
        made(either_home)
    assert refused.value.code == "NO_LENGTH" and either_home.zoom_calls("POST") == []
    assert refused.value.remedy == "Add --minutes, such as --minutes 50."


def test_another_teachers_lesson_of_the_class_tells_nothing_but_to_those_who_act_for_others(either_home: Home) -> None:
    either_home.schedule(course="", children=(), group="MATHS-7B", start="2026-11-24 10:00", minutes=35)
    with pytest.raises(BadInput) as refused:
        made(either_home, "h.lindqvist@northmoor.example")
    assert refused.value.code == "NO_LENGTH"
    assert made(either_home, COORDINATOR, teacher=TEACHER).minutes == 35


def test_a_class_may_be_written_in_other_capitals_and_gives_its_own_name(either_home: Home) -> None:
    lesson = made(either_home, group="maths-7b", minutes=50)
    assert (lesson.course, len(lesson.children)) == ("MATHS-7B", 5)


def test_two_classes_that_differ_by_capitals_alone_are_told_apart(either_home: Home) -> None:
    rows = b"group,child\nMaths-7b,C-0101\n"
    assert either_home.app.people.import_groups(rows).written
    assert made(either_home, group="Maths-7b", minutes=50).children == ("C-0101",)
    with pytest.raises(UnknownReference):
        made(either_home, group="maths-7B", minutes=50)


def test_a_series_may_begin_on_the_next_such_day(either_home: Home) -> None:
    batch = either_home.app.batches.submit_series(
        either_home.who(TEACHER), replace(CLASS, start="tue 16:00", minutes=50), date(2026, 12, 8), "a-key-of-a-series"
    )
    days = [f"{row.starts_at:%m-%d %H:%M}" for row in batch.rows if row.starts_at]
    assert days == ["11-24 16:00", "12-01 16:00", "12-08 16:00"]


def test_a_lesson_may_be_moved_to_the_next_such_day_and_an_observer_sought_for_it(either_home: Home) -> None:
    lesson = made(either_home, minutes=50)
    moved = either_home.app.sessions.changes.reschedule(
        either_home.who(TEACHER), lesson.id, NewTime("thu 15:00")
    ).session
    assert f"{moved.starts_at:%m-%d %H:%M}" == "11-26 15:00"
    assert either_home.app.observers.free(either_home.who(DSL), "fri 10:00", 50, "Europe/London")


def test_today_is_the_colleges_even_when_the_service_stands_elsewhere(either_home: Home) -> None:
    either_home.clock.move_to(START + timedelta(hours=1))
    assert f"{made(either_home, start='today 16:00', minutes=50).starts_at:%m-%d}" == f"{either_home.clock.now():%m-%d}"


def test_a_coordinator_who_names_no_teacher_is_told_to_name_one(home: Home) -> None:
    with pytest.raises(BadInput) as refused:
        made(home, COORDINATOR, minutes=50)
    assert (refused.value.code, refused.value.remedy) == ("NO_TEACHER", "Add --teacher EMAIL.")
    assert home.zoom_calls("POST") == []
