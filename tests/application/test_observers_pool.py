"""Who is picked from the pool: on record as allowed, free, and not always the same."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from tests.application.lessons import change_file, meetings, row_counts
from tests.application.observing import (
    COLIN,
    OLU,
    PRIYA,
    RAO,
    candidates,
    id_of,
    more_observers,
    observers_of,
    parts_of,
)
from tests.house import TEACHER, Home
from zoomguard.application import observer_pool
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import BadInput, NotAllowed
from zoomguard.domain.people import Kind, Role
from zoomguard.tables import people as people_table

OTHER_TEACHER = "h.lindqvist@northmoor.example"
AT = datetime(2026, 12, 1, 16, tzinfo=UTC)


def names(home: Home, at: datetime = AT, minutes: int = 50, **more: object) -> list[str]:
    return [c.email for c in candidates(home, at, minutes, **more)]


def lesson(home: Home, start: str, observer: str = PRIYA, *, teacher: str = TEACHER, child: str = "C-0101") -> None:
    home.schedule(teacher, start=start, observer=observer, children=(child,), course="MATHS-7B")


def change_staff(home: Home, email: str, **columns: str) -> None:
    def change(row: dict[str, str]) -> bool:
        if row["email"] == email:
            row.update(columns)
        return row["email"] == email

    change_file(home, "staff", change)


def terms(home: Home, **change: object) -> None:
    """Other terms, for everything that is asked from now on."""
    for name, value in change.items():
        object.__setattr__(parts_of(home).terms, name, value)


def test_the_least_loaded_is_first_and_who_teaches_at_that_time_is_not_free(home: Home) -> None:
    lesson(home, "2026-12-02 10:00", PRIYA, teacher=OTHER_TEACHER)
    assert names(home)[-1] == PRIYA
    lesson(home, "2026-12-01 16:30", OLU, teacher=OTHER_TEACHER)
    assert OLU not in names(home)
    assert OLU in names(home, AT + timedelta(hours=2))


def test_a_lesson_of_another_week_is_no_load_of_this_one(home: Home) -> None:
    lesson(home, "2026-12-09 10:00", PRIYA, teacher=OTHER_TEACHER)
    assert {c.email: c.lessons_that_week for c in candidates(home, AT)}[PRIYA] == 0
    lesson(home, "2026-12-06 10:00", PRIYA, teacher=OTHER_TEACHER)
    assert {c.email: c.lessons_that_week for c in candidates(home, AT)}[PRIYA] == 1


def test_a_teacher_is_not_always_given_the_same_observer(home: Home) -> None:
    picked = []
    for day in range(1, 9):
        at = datetime(2026, 12, day, 10, tzinfo=UTC)
        first = next(c.email for c in candidates(home, at, teacher=TEACHER) if c.email in (PRIYA, OLU))
        picked.append(first)
        lesson(home, f"2026-12-{day:02} 10:00", first)
    assert {picked.count(PRIYA), picked.count(OLU)} <= {3, 4, 5}


@pytest.mark.parametrize(
    "columns",
    [
        {"training_until": "2026-11-30"},
        {"dbs_until": "2026-11-30"},
        {"policy_ack_on": "2025-10-01"},
        {"relatives": "C-0101"},
    ],
    ids=["training", "dbs", "policy", "relative"],
)
def test_who_may_not_observe_on_the_day_is_no_candidate(home: Home, columns: dict[str, str]) -> None:
    with home.house.database.reading() as tx:
        lena = people_table.by_references(tx, Kind.CHILD, ("C-0101",))["C-0101"].id
    assert PRIYA in names(home, children=(lena,))
    change_staff(home, PRIYA, **columns)
    assert PRIYA not in names(home, children=(lena,))


def test_who_may_not_act_as_observer_on_the_day_is_no_candidate(home: Home) -> None:
    home.app.people.end_role(PRIYA, Role.OBSERVER, until_on=AT.date())
    assert PRIYA not in names(home)
    assert PRIYA in names(home, AT - timedelta(days=1))


def test_what_is_valid_until_the_day_itself_still_holds_on_it(home: Home) -> None:
    change_staff(home, PRIYA, training_until="2026-12-01")
    assert PRIYA in names(home)
    assert PRIYA not in names(home, AT + timedelta(days=1))


def test_the_teacher_is_no_candidate(home: Home) -> None:
    assert PRIYA in names(home, teacher=OLU)
    assert PRIYA not in names(home, teacher=PRIYA)


def test_an_address_outside_the_organisation_is_no_candidate(home: Home) -> None:
    object.__setattr__(parts_of(home), "staff_domains", ("elsewhere.example",))
    assert names(home) == []


def test_who_comes_straight_from_another_teachers_lesson_is_marked_and_comes_later(home: Home) -> None:
    lesson(home, "2026-12-01 15:06", PRIYA, teacher=OTHER_TEACHER)
    marked = {c.email: c.back_to_back for c in candidates(home, AT, teacher=TEACHER)}
    assert (marked[PRIYA], marked[OLU]) == (True, False)
    assert names(home, AT + timedelta(minutes=1), teacher=TEACHER)[-1] == PRIYA
    assert not {c.email: c.back_to_back for c in candidates(home, AT + timedelta(minutes=1))}[PRIYA]


def test_the_next_lesson_of_the_same_teacher_is_not_in_the_way(home: Home) -> None:
    lesson(home, "2026-12-01 15:10", PRIYA)
    assert not {c.email: c.back_to_back for c in candidates(home, AT, teacher=TEACHER)}[PRIYA]


def test_the_gap_that_the_terms_keep_free_is_kept(home: Home) -> None:
    lesson(home, "2026-12-01 15:00", PRIYA)
    assert PRIYA in names(home)
    terms(home, observer_gap_minutes=10)
    assert PRIYA in names(home)
    terms(home, observer_gap_minutes=11)
    assert PRIYA not in names(home)


def test_the_number_of_queries_does_not_grow_with_the_staff(home: Home) -> None:
    def queries() -> int:
        seen: list[str] = []

        def note(conn, cursor, statement, *_) -> None:  # type: ignore[no-untyped-def]
            seen.append(statement)

        sa.event.listen(home.house.database.engine, "before_cursor_execute", note)
        try:
            candidates(home, AT)
        finally:
            sa.event.remove(home.house.database.engine, "before_cursor_execute", note)
        return len(seen)

    few = queries()
    more_observers(home)
    lesson(home, "2026-12-02 10:00", COLIN)
    assert len(names(home)) > 3
    assert queries() == few


def test_who_is_shown_as_free_can_open_a_meeting_at_zoom(home: Home) -> None:
    shown = observers_of(home).free(home.who(TEACHER), "2026-12-01 16:00", 50, "Europe/London")
    assert sorted(c.email for c in shown) == sorted([OLU, PRIYA])
    assert RAO in names(home)
    assert set(shown[0].as_json()) == {"email", "name", "lessons_that_week", "back_to_back"}
    assert {c.name for c in shown} == {"Priya Nandakumar", "Olu Mbeki"}


def test_where_zoom_is_away_nobody_is_left_out(home: Home) -> None:
    home.sandbox.faults.switch("daily_limit")
    found = candidates(home, AT)
    assert observer_pool.able(parts_of(home), found, 10) == found


def test_looking_who_is_free_writes_nothing_anywhere(home: Home) -> None:
    who, topic = home.who(TEACHER), observers_of(home)
    topic.free(who, "2026-12-01 16:00", 50, "Europe/London")  # Zoom's token is kept from here on.
    before = row_counts(home)
    topic.free(who, "2026-12-01 16:00", 50, "Europe/London")
    assert row_counts(home) == before
    assert meetings(home) == []


def test_free_refuses_times_that_cannot_be_and_people_who_may_not_look(home: Home) -> None:
    topic, who = observers_of(home), home.who(TEACHER)
    for start, minutes, zone in [
        ("2026-12-01", 50, "Europe/London"),
        ("2026-12-01 16:00", 0, "Europe/London"),
        ("2026-12-01 16:00", 50, "Europe/Atlantis"),
        ("2026-11-01 16:00", 50, "Europe/London"),
    ]:
        with pytest.raises(BadInput):
            topic.free(who, start, minutes, zone)
    with pytest.raises(NotAllowed):
        topic.free(home.who("f.doyle@northmoor.example"), "2026-12-01 16:00", 50, "Europe/London")


def test_who_has_left_is_no_candidate(home: Home) -> None:
    person_id = id_of(home, PRIYA)
    with home.house.database.deciding() as tx:
        person = tx.hold(people_table.Person, person_id)
        person.active = False
        tx.commit(audit=Event("person.left", "person", person.id, "operator"))
    assert PRIYA not in names(home)
