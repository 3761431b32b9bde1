"""What staff see of sessions: what they were asked, why it is allowed, what clocks show elsewhere, what comes next."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.application.lessons import meetings, only_session
from tests.application.observing import OLU, PRIYA, answer, more_observers
from tests.application.rechecking import HOUR, look, put
from tests.bench.classes import statements
from tests.house import COORDINATOR, DSL, TEACHER, Home
from zoomguard.application.session_changes import NewTime
from zoomguard.application.sessions import Sought
from zoomguard.domain.errors import NotThere
from zoomguard.domain.sessions import ChangeAnswer, SessionView
from zoomguard.domain.timetable_files import TIMETABLE_COLUMNS

OTHER, HANOI = "h.lindqvist@northmoor.example", "Asia/Ho_Chi_Minh"


def listed(home: Home, email: str, wanted: Sought | None = None) -> list[SessionView]:
    return list(home.app.sessions.list(home.who(email), wanted))


@pytest.fixture
def asked(home: Home) -> Home:
    """A lesson that Priya is to observe, and about which the pool was asked: Olu among them."""
    more_observers(home)
    home.schedule()
    home.app.observers.replacing.replace(home.who(TEACHER), only_session(home).short_id, "pool")
    return home


# Asked to observe ----------------------------------------------------------------------------------------------


def test_who_was_asked_to_observe_finds_the_lesson_in_the_list_and_no_more_than_the_question(asked: Home) -> None:
    (mine,) = listed(asked, OLU)
    assert (mine.asked, mine.short_id, mine.course) == (True, only_session(asked).short_id, "MATHS-7B")
    assert mine.teacher == TEACHER and mine.starts_at == only_session(asked).starts_at
    assert (mine.children, mine.meeting_number, mine.observer, mine.observer_name) == ((), None, "", "")
    with pytest.raises(NotThere):
        asked.app.sessions.show(asked.who(OLU), mine.short_id)


def test_nobody_else_finds_it_and_those_who_are_in_it_see_it_whole(asked: Home) -> None:
    assert listed(asked, OTHER) == []
    for email in (TEACHER, COORDINATOR):
        (whole,) = listed(asked, email)
        assert not whole.asked and len(whole.children) == 5 and whole.meeting_number
    assert listed(asked, OLU, Sought(on=date(2026, 12, 2))) == []
    assert len(listed(asked, OLU, Sought(on=date(2026, 12, 1), course="MATHS-7B"))) == 1


@pytest.mark.parametrize("ended_by", ["a no", "another's yes", "a cancellation", "the start"])
def test_a_question_that_is_over_lists_the_lesson_no_longer(asked: Home, ended_by: str) -> None:
    lesson = only_session(asked)
    if ended_by == "a no":
        answer(asked, OLU, yes=False)
    elif ended_by == "another's yes":
        answer(asked, "c.baptiste@northmoor.example", yes=True)
    elif ended_by == "a cancellation":
        asked.app.sessions.cancel(asked.who(TEACHER), lesson.short_id)
    else:
        asked.clock.move_to(lesson.starts_at)
    assert listed(asked, OLU) == []


def test_a_yes_makes_the_lesson_ones_own(asked: Home) -> None:
    answer(asked, OLU, yes=True)
    (mine,) = listed(asked, OLU)
    assert (mine.asked, mine.observer) == (False, OLU)


def test_the_list_takes_as_many_statements_however_many_questions_there_are(home: Home) -> None:
    more_observers(home)
    counted = []
    for start in ("2026-12-01 16:00", "2026-12-02 16:00", "2026-12-03 16:00"):
        lesson = home.schedule(start=start).session
        assert lesson is not None
        home.app.observers.replacing.replace(home.who(TEACHER), lesson.short_id, "pool")
        with statements(home) as sent:
            home.app.sessions.list(home.who(OLU))
        counted.append(sent.total())
    assert len(listed(home, OLU)) == 3 and len(set(counted)) == 1


# Why it is allowed ---------------------------------------------------------------------------------------------


def verdicts(home: Home, email: str = TEACHER) -> tuple[str, dict[str, str]]:
    """What the newest evaluation says, and of the rules."""
    why = home.app.sessions.show(home.who(email), only_session(home).short_id).why[-1]
    return why.verdict, {r["rule"]: r["verdict"] for r in why.rules}


def test_consents_are_named_to_those_who_may_see_them(home: Home) -> None:
    home.schedule()
    for_teacher, for_office = (
        [w.consent_event_ids for w in home.app.sessions.show(home.who(email), only_session(home).short_id).why]
        for email in (TEACHER, COORDINATOR)
    )
    assert set(for_teacher) == {()} and max(map(len, for_office)) == 14


def test_an_observer_who_has_not_answered_yet_is_waited_for(home: Home) -> None:
    home.schedule()
    look(home, HOUR)
    verdict, of_rules = verdicts(home)
    assert verdict == of_rules["VC-OBSERVER-ACCEPTED"] == "waiting"
    put(home, accepted_at=home.clock.now())
    look(home, timedelta(minutes=8))
    assert verdicts(home) == ("pass", {**of_rules, "VC-OBSERVER-ACCEPTED": "pass"})


def test_after_a_no_or_without_time_for_a_yes_the_missing_yes_is_a_failure(home: Home) -> None:
    home.schedule()
    answer(home, PRIYA, yes=False)
    look(home, HOUR)
    assert (verdicts(home)[0], verdicts(home)[1]["VC-OBSERVER-ACCEPTED"]) == ("fail", "fail")


# Other hours ---------------------------------------------------------------------------------------------------


def moved(home: Home, *, dry_run: bool, start: str = "2026-12-02 16:00", zone: str = "") -> ChangeAnswer:
    to = NewTime(start, zone=zone)
    found: ChangeAnswer = home.app.sessions.reschedule(
        home.who(TEACHER), only_session(home).short_id, to, dry_run=dry_run
    )
    return found


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_move_says_what_clocks_will_show_where_children_live(home: Home, dry_run: bool) -> None:
    home.schedule()
    to = moved(home, dry_run=dry_run, start="wed 2 Dec 16:00" if dry_run else "2026-12-02 16:00").to
    assert to is not None
    assert (to.starts_at, to.minutes, to.zone) == (datetime(2026, 12, 2, 16, tzinfo=UTC), 50, "Europe/London")
    ((zone, (child,)),) = to.elsewhere
    assert zone == HANOI and child.startswith("C-")
    assert len(meetings(home)) == 1
    shown = home.app.sessions.show(home.who(TEACHER), only_session(home).short_id)
    assert shown.elsewhere == ((HANOI, (child,)),)


def test_a_move_in_the_zone_of_a_child_names_the_others(home: Home) -> None:
    home.schedule()
    to = moved(home, dry_run=True, start="2026-12-02 22:00", zone=HANOI).to
    assert to is not None and to.zone == HANOI
    assert HANOI not in dict(to.elsewhere) and to.starts_at == datetime(2026, 12, 2, 15, tzinfo=UTC)
    same = moved(home, dry_run=True, start="2026-12-01 16:00")
    assert (same.outcome, same.to) == ("unchanged", None)


# What comes next -----------------------------------------------------------------------------------------------


def test_the_office_is_told_the_next_day_with_lessons_by_as_many_statements_as_ever(home: Home) -> None:
    office, counted = home.who(COORDINATOR), []
    assert home.app.my_days.show(office).next_on is None
    for start in ("2026-12-18 16:00", "2026-12-11 16:00", "2026-12-09 16:00"):
        lesson = home.schedule(start=start).session
        assert lesson is not None
        day = home.app.my_days.show(office)
        assert day.next_on == date.fromisoformat(start[:10]) and day.today == ()
        with statements(home) as sent:
            home.app.my_days.show(office)
        counted.append(sent.total())
    assert len(set(counted)) == 1
    home.app.sessions.cancel(office, lesson.short_id)
    assert home.app.my_days.show(office).next_on == date(2026, 12, 11)
    teachers = home.app.my_days.show(home.who(TEACHER))
    assert teachers.next_on is None and [one.session.starts_at.day for one in teachers.later] == [11]


# Who leaves ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dry_run", [True, False])
def test_lessons_that_somebody_said_no_to_do_not_need_another_because_they_leave(home: Home, dry_run: bool) -> None:
    home.schedule()
    refused = only_session(home).short_id
    kept = home.schedule(start="2026-12-02 16:00").session
    assert kept is not None
    home.app.observers.decline(home.who(PRIYA), refused)
    left = home.app.staffing.deactivate(home.who(DSL), PRIYA, dry_run=dry_run)
    assert [s.short_id for s in left.sessions] == [kept.short_id]


# Files ---------------------------------------------------------------------------------------------------------


def test_what_to_do_about_a_row_of_a_file_names_its_columns_and_no_option(home: Home) -> None:
    rows = (
        f"{OTHER},pool,,C-0101,MATHS-A,2026-12-01 16:00,,50,",
        ",pool,,,MATHS-A,2026-12-01 16:00,,50,",
        ",pool,,C-0140,MATHS-A,2026-12-01 16:00,,50,",
        ",pool,,C-0101,MATHS-A,2027-10-31 01:30,,50,",
        ",pool,,C-0101,MATHS-A,tomorrow,,50,",
        f",{OTHER},,C-0101,MATHS-A,2026-12-01 16:00,,50,",
    )
    content = "\n".join([",".join(TIMETABLE_COLUMNS), *rows, ""]).encode()
    teacher = home.who(TEACHER)
    dry = home.app.batches.submit_file(teacher, content, "", dry_run=True)
    kept = home.app.batches.submit_file(teacher, content, "a-key")
    home.do_due("schedule_batch")
    for batch in (dry, home.app.batches.show(teacher, kept.id)):
        assert [r.outcome for r in batch.rows] == ["refused"] * len(rows)
        said = [" ".join([r.remedy, *(f.remedy for f in r.findings)]) for r in batch.rows]
        assert not [text for text in said if "--" in text]
        columns = ("teacher", "group, or children", "children", "start", "timezone", "observer")
        assert all(f"the column {name}" in text for name, text in zip(columns, said, strict=True)), said
