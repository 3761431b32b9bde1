"""Faults 77 to 81: a consent that ends in the last minute, the same word given twice at once, other clock rules."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from tests.application.crashing import carry_on, killed
from tests.application.lessons import (
    INVITED,
    all_at_once,
    audited,
    mail,
    meetings,
    object_to,
    only_session,
    sessions,
    writes,
)
from tests.application.observing import OLU, PRIYA, asks, more_observers
from tests.application.operations import HANOI_SLOT, in_hanoi
from tests.application.pictures import check_that_all_is_whole, look, parts_of
from tests.application.rechecking import at_zoom, looks, warned
from tests.application.zones import other_clock_rules
from tests.house import CLASS_7B, COORDINATOR, OBSERVER, TEACHER, Home
from zoomguard.domain.people import Kind
from zoomguard.domain.sessions import Risk, SessionState
from zoomguard.tables import people as people_table
from zoomguard.tables.doors import Door

S = SessionState
SOON, CHILD = "2026-11-23 09:30", "C-0120"
ROUND_OF = 20


def door_of(home: Home, reference: str) -> str:
    """The link to a child's door."""
    with home.house.database.reading() as tx:
        child = people_table.by_references(tx, Kind.CHILD, (reference,))[reference]
        (door,) = (d for d in tx.all(select(Door)) if d.person_id == child.id)
    return parts_of(home).seals.open("door", "token", door.id, door.token)


def stand_soon(home: Home) -> None:
    """A lesson in half an hour, whose observer said yes."""
    home.schedule(start=SOON)
    carry_on(home, timedelta(minutes=1))
    home.app.observers.accept(home.who(OBSERVER), only_session(home).id)


# 77 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["withdrawn", "refused"])
def test_fault_77_a_consent_that_ends_a_minute_before_the_start_shuts_that_childs_door_at_once_and_no_other(
    home: Home, answer: str
) -> None:
    stand_soon(home)
    doors = {child: door_of(home, child) for child in CLASS_7B}
    carry_on(home, timedelta(minutes=28))
    assert only_session(home).starts_at - home.clock.now() < timedelta(minutes=2)
    assert {look(home, token) for token in doors.values()} == {"open"}
    before = len(home.zoom_calls())
    object_to(home, CHILD, answer)
    assert {child for child, token in doors.items() if look(home, token) != "open"} == {CHILD}
    assert len(home.zoom_calls()) == before  # Zoom was not waited for.


def test_fault_77_the_child_is_off_the_roster_and_out_at_zoom_by_the_start_and_the_lesson_goes_on(home: Home) -> None:
    stand_soon(home)
    carry_on(home, timedelta(minutes=28))
    object_to(home, CHILD, "withdrawn")
    carry_on(home, timedelta(minutes=2))
    check_that_all_is_whole(home)
    assert only_session(home).state is S.SCHEDULED
    assert len([r for r in at_zoom(home).registrants if r.status == "approved"]) == len(CLASS_7B) - 1
    assert looks(home)[-1].at <= only_session(home).starts_at + timedelta(seconds=5)


# 78 -------------------------------------------------------------------------------------------------------------


def test_fault_78_a_yes_from_two_tabs_at_once_counts_once(home: Home) -> None:
    home.schedule()
    session, who = only_session(home).id, home.who(OBSERVER)
    said = all_at_once([lambda: home.app.observers.accept(who, session)[0]] * 2)
    assert sorted(said) == ["accepted", "unchanged"]
    assert audited(home, "observer.accepted") == 1
    assert asks(home) == [(PRIYA, "assigned", "accepted")]
    carry_on(home, timedelta(minutes=1))
    check_that_all_is_whole(home)


def test_fault_78_a_no_from_two_tabs_at_once_asks_the_others_once(home: Home) -> None:
    more_observers(home)
    home.schedule(reserves=(OLU,))
    session, who = only_session(home).id, home.who(OBSERVER)
    said = all_at_once([lambda: home.app.observers.decline(who, session)[0]] * 2)
    assert sorted(said) == ["declined", "unchanged"]
    carry_on(home, timedelta(minutes=1))
    assert audited(home, "observer.declined") == 1
    assert asks(home) == [(PRIYA, "assigned", "declined"), (OLU, "reserve", "open")]
    assert len([m for m in home.sandbox.mail() if m["to"] == OLU and m["subject"].startswith("Can you observe")]) == 1


# 79 -------------------------------------------------------------------------------------------------------------


def test_fault_79_twenty_asks_at_once_with_one_key_make_one_session_and_get_equal_answers(either_home: Home) -> None:
    home = either_home
    said = all_at_once([lambda: home.schedule(key="one-key-for-twenty")] * ROUND_OF)
    carry_on(home, timedelta(minutes=1))
    check_that_all_is_whole(home)
    assert {(a.outcome, a.session.id, a.zoom_writes, a.invitations) for a in said} == {
        ("scheduled", only_session(home).id, 2, len(INVITED))
    }
    assert (len(sessions(home)), len(meetings(home))) == (1, 1)
    assert writes(home).count("POST meetings") == 1
    assert mail(home) == list(INVITED)


def test_fault_79_twenty_batches_at_once_with_one_key_are_one_batch(either_home: Home) -> None:
    home = either_home
    text = "teacher,observer,group,children,course,start,timezone,minutes,weekly_until\n"
    text += f",{OBSERVER},,C-0101|C-0102,MATHS-A,2026-12-01 09:00,,50,\n"
    who = home.who(TEACHER)
    said = all_at_once([lambda: home.app.batches.submit_file(who, text.encode(), "one-key")] * ROUND_OF)
    assert len({b.id for b in said}) == 1
    carry_on(home, timedelta(minutes=1))
    check_that_all_is_whole(home)
    assert (len(meetings(home)), audited(home, "batch.taken_in")) == (1, 1)


# 81 -------------------------------------------------------------------------------------------------------------


def test_fault_81_a_zone_with_new_rules_moves_the_moment_keeps_the_wall_time_and_tells_everybody(
    home: Home, tmp_path: Path
) -> None:
    """The rules come as files, to a worker that is a process of its own."""
    in_hanoi(home)
    old = only_session(home)
    with other_clock_rules(tmp_path / "zones") as searched:
        home.environ["PYTHONTZPATH"] = searched
        assert not killed(home, "no.such.point", "work", COORDINATOR, {"kinds": ["recheck"]})
        carry_on(home, timedelta(minutes=1))
        session = only_session(home)
        assert (session.state, session.local_start) == (S.SCHEDULED, HANOI_SLOT.replace(" ", "T"))
        assert session.starts_at == old.starts_at - timedelta(hours=1)
        check_that_all_is_whole(home)
        assert mail(home, "Changed") == list(INVITED)
        assert audited(home, "session.change_decided") == 1


def test_fault_81_new_rules_within_the_last_hour_move_nothing_and_the_leads_are_told(
    home: Home, tmp_path: Path
) -> None:
    in_hanoi(home)
    old = only_session(home)
    carry_on(home, timedelta(minutes=1))
    home.clock.move_to(old.starts_at - timedelta(minutes=59))
    with other_clock_rules(tmp_path / "zones"):
        carry_on(home, timedelta(minutes=1))
        session = only_session(home)
        assert (session.starts_at, session.state, session.risk) == (old.starts_at, S.AT_RISK, Risk.CLOCK_RULES)
        assert warned(home) != [] and mail(home, "Changed") == []
        check_that_all_is_whole(home)
