"""A day before the lesson learners who may be written to are reminded, in hours that fit a child."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from tests.application.lessons import only_session, until_quiet
from tests.house import COORDINATOR, TEACHER, Home, a_home
from zoomguard.tables.messages import Message


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with a_home(tmp_path / "home") as home:
        yield home


def reminders(home: Home) -> list[Message]:
    with home.house.database.reading() as tx:
        return tx.all(select(Message).where(Message.template == "reminder"))


def at_a_day_before(home: Home) -> None:
    home.clock.move_to(only_session(home).starts_at - timedelta(hours=24))
    home.do_due("remind_learners")
    home.do_due("remind_learners")


def test_a_learner_with_permission_for_mail_is_reminded_once_with_the_own_door(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    home.do_due("remind_learners")
    assert reminders(home) == []
    at_a_day_before(home)
    (reminder,) = reminders(home)
    assert reminder.audience == "child"


def test_a_reminder_that_falls_into_the_night_waits_for_office_hours_and_says_until_when(home: Home) -> None:
    home.schedule(start="2026-12-06 03:00")  # Sunday 10:00 in Hanoi; a day before it is Saturday 03:00 in London.
    until_quiet(home)
    at_a_day_before(home)
    (reminder,) = reminders(home)
    assert reminder.not_before_at == datetime(2026, 12, 7, 9, tzinfo=UTC)
    shown = [m for m in home.app.messages.list(home.who(COORDINATOR)) if m.id == reminder.id]
    assert shown[0].reason == "MSG-HOURS" and shown[0].not_before_at == reminder.not_before_at


def test_who_was_invited_within_the_last_day_is_not_reminded(home: Home) -> None:
    home.schedule(start="2026-11-23 17:00")
    until_quiet(home)
    home.do_due("remind_learners")
    assert reminders(home) == []


def test_nobody_is_reminded_of_a_lesson_that_was_cancelled(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    home.app.sessions.cancel(home.who(TEACHER), only_session(home).id)
    at_a_day_before(home)
    assert reminders(home) == []
