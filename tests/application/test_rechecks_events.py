"""What makes a look due, and what a killed look leaves behind."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

import zoomguard
from tests.application.lessons import audited, object_to, only_session, writes
from tests.application.mails import rows
from tests.application.rechecking import (
    DAY,
    EIGHT,
    HOUR,
    LEADS,
    ROOM,
    accept,
    at_zoom,
    change,
    due,
    hear,
    in_zoom,
    look,
    looks,
    put,
    reads,
    repairs,
    warned,
)
from tests.house import DSL, Home
from zoomguard.application import recheck_meeting, rechecks
from zoomguard.domain import watch
from zoomguard.domain.sessions import Risk, SessionState
from zoomguard.tables.audit import AuditPayload
from zoomguard.tables.work import Work

S = SessionState
STRANGER = "stranger@elsewhere.example"
POINTS = sorted(
    {
        point
        for file in (Path(zoomguard.__file__).parent / "application").glob("recheck*.py")
        for point in re.findall(r'crash_point\("(recheck\.[a-z_]+)"\)', file.read_text())
    }
)
# Where a look that puts everything right comes past.
ON_THE_WAY = [p for p in POINTS if p not in ("recheck.gone", "recheck.unreadable", "recheck.clock_rules")]


class Killed(BaseException):
    """The process is gone here."""


@pytest.fixture
def lesson(home: Home) -> Home:
    """A lesson that stands, eight days ahead, first mails sent; its observer has said yes."""
    home.schedule()
    home.do_due("recheck", "settle_entries", "send_message")
    accept(home)
    return home


def until_calm(home: Home) -> int:
    """Does rechecks until none is due within a minute; gives how many looks that took."""
    before = len(looks(home))
    for _ in range(12):
        home.do_due("recheck")
        if all(d < only_session(home).starts_at - home.clock.now() - timedelta(minutes=1) for d in due(home)):
            return len(looks(home)) - before
        home.clock.advance(6)
    raise AssertionError("the looks never end")


# Events ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", sorted(watch.LOOK_AGAIN))
def test_an_event_about_a_sessions_meeting_makes_a_look_due_at_once(lesson: Home, event: str) -> None:
    before = reads(lesson)
    hear(lesson, event)
    assert lesson.do_due("recheck") == 1
    assert (reads(lesson), len(looks(lesson)), due(lesson)) == (before + 1, 1, [DAY])


def test_other_events_and_other_meetings_make_no_look_due(lesson: Home) -> None:
    for event in ("meeting.created", "meeting.started", "meeting.participant_joined"):
        hear(lesson, event)
    hear(lesson, number=only_session(lesson).meeting_number + 1)
    assert lesson.do_due("recheck") == 0
    with lesson.house.database.reading() as tx:
        assert len(tx.all(select(Work.id).where(Work.kind == "recheck"))) == 1


def test_a_session_that_is_over_or_called_off_is_not_woken(lesson: Home) -> None:
    put(lesson, state=S.ENDED)
    lesson.app.rechecks.recheck(only_session(lesson).id)
    hear(lesson)
    assert lesson.app.rechecks.recheck(only_session(lesson).id) is None
    assert looks(lesson) == []


def test_after_its_end_a_session_is_not_looked_at(lesson: Home) -> None:
    look(lesson, timedelta(0))
    lesson.clock.move_to(only_session(lesson).starts_at + timedelta(minutes=51))
    hear(lesson)
    lesson.do_due("recheck")
    assert (len(looks(lesson)), due(lesson)) == (1, [])


def test_a_change_in_zoom_is_put_back_as_soon_as_it_is_heard_of_and_our_own_costs_one_reading(lesson: Home) -> None:
    change(lesson, ROOM, False)
    hear(lesson)
    lesson.do_due("recheck")
    assert at_zoom(lesson).settings["waiting_room"] is True
    # Zoom tells of our own PATCH, too.
    hear(lesson)
    sent, before = writes(lesson), reads(lesson)
    assert until_calm(lesson) == 1
    assert (writes(lesson), reads(lesson), repairs(lesson)) == (sent, before + 1, 1)


def test_a_locked_setting_makes_no_endless_round_of_repairs(lesson: Home) -> None:
    settings = {"waiting_room": False}
    lesson.sandbox.faults.switch("locked_setting_overrides", on="PATCH /v2/meetings/{}", settings=settings)
    change(lesson, ROOM, False)
    for _ in range(5):
        hear(lesson)
        until_calm(lesson)
    assert (repairs(lesson), only_session(lesson).risk, len(warned(lesson))) == (2, Risk.DRIFT, LEADS)


def test_what_is_heard_during_a_look_is_looked_at_after_it(lesson: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []

    def hear_once(point: str) -> None:
        if not heard:
            heard.append(point)
            hear(lesson)

    hear(lesson)
    monkeypatch.setattr(rechecks, "crash_point", hear_once)
    assert until_calm(lesson) == 2


def test_a_flood_of_events_makes_few_looks(lesson: Home) -> None:
    hear(lesson)
    lesson.do_due("recheck")
    for _ in range(10):
        hear(lesson, "meeting.registration_created")
        lesson.do_due("recheck")
    assert len(looks(lesson)) <= 2
    assert until_calm(lesson) == 1


def test_while_the_lesson_runs_a_stranger_is_taken_out_and_nothing_is_called_off(lesson: Home) -> None:
    look(lesson, timedelta(0))
    in_zoom(lesson, "register", email=STRANGER, name="Somebody")
    in_zoom(lesson, "approve", email=STRANGER)
    lesson.sandbox._zoom.state.user("t.wren@northmoor.example").licensed = False
    lesson.clock.advance(600)
    hear(lesson, "meeting.registration_approved")
    lesson.do_due("recheck")
    session = only_session(lesson)
    assert (session.state, session.risk) == (S.AT_RISK, Risk.STAFF)
    assert STRANGER not in {r.email for r in at_zoom(lesson).registrants if r.status == "approved"}
    assert due(lesson) == []


@pytest.mark.parametrize("on", [True, False])
def test_a_look_that_comes_after_the_start_ends_no_lesson_that_is_on(lesson: Home, on: bool) -> None:
    """The service was away from a day before until ten minutes after the start."""
    lesson.sandbox._zoom.state.user("t.wren@northmoor.example").licensed = False
    if on:
        lesson.hold(only_session(lesson).short_id, events=[{"at_s": -60, "kind": "joined", "who": "host"}])
    lesson.clock.move_to(only_session(lesson).starts_at + timedelta(minutes=10))
    lesson.do_due("recheck")
    lesson.clock.advance(1)
    lesson.do_due("send_message")
    session = only_session(lesson)
    assert session.state is (S.AT_RISK if on else S.CANCELLED)
    told = {m["subject"].partition(":")[0] for m in lesson.sandbox.mail() if m["to"] == DSL}
    assert told == ({"At risk"} if on else {"At risk", "Called off"})


# Killed ---------------------------------------------------------------------------------------------------------


def kill_at(point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(name: str) -> None:
        if name == point:
            raise Killed(name)

    for module in (rechecks, recheck_meeting):
        monkeypatch.setattr(module, "crash_point", die)


def spoil(home: Home) -> None:
    """A setting changed, a stranger approved, a permission withdrawn."""
    change(home, ROOM, False)
    in_zoom(home, "register", email=STRANGER, name="Somebody")
    in_zoom(home, "approve", email=STRANGER)
    object_to(home, "C-0120", "withdrawn")


def test_the_points_are_found_in_the_source() -> None:
    assert {"recheck.judged", "recheck.repair_sent", "recheck.taken_out", "recheck.gone"} <= set(POINTS)


@pytest.mark.parametrize("point", ON_THE_WAY)
def test_a_look_that_was_killed_is_carried_on(lesson: Home, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(lesson)
    with monkeypatch.context() as dying:
        kill_at(point, dying)
        with pytest.raises(Killed):
            look(lesson, DAY)
    until_calm(lesson)
    session, meeting = only_session(lesson), at_zoom(lesson)
    assert (session.state, meeting.settings["waiting_room"]) == (S.SCHEDULED, True)
    assert session.repairs <= 2 and repairs(lesson) <= 2
    assert len({r.email for r in meeting.registrants if r.status == "approved"}) == 4
    assert (len(warned(lesson)), audited(lesson, "session.child_left")) == (LEADS, 1)
    assert len({(m.to_person_id, m.body) for m in rows(lesson, template="left_out")}) == len(
        rows(lesson, template="left_out")
    )
    assert lesson.app.audit.verify().broken is None


def test_looks_that_are_killed_again_and_again_send_no_third_repair(
    lesson: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(lesson, ROOM, False)
    with monkeypatch.context() as dying:
        kill_at("recheck.repair_sent", dying)
        for before in (DAY, HOUR):
            with pytest.raises(Killed):
                look(lesson, before)
    look(lesson, EIGHT)
    session = only_session(lesson)
    assert (session.repairs, repairs(lesson)) == (2, 0)
    assert session.state is S.CANCELLED


def test_a_meeting_that_is_gone_is_made_anew_though_the_look_was_killed(
    lesson: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_zoom(lesson, "delete")
    with monkeypatch.context() as dying:
        kill_at("recheck.gone", dying)
        with pytest.raises(Killed):
            look(lesson, DAY)
    lesson.do_due("recheck")
    assert only_session(lesson).state is S.SCHEDULED
    assert not at_zoom(lesson).deleted


def test_leads_hear_once_though_the_look_was_killed_when_they_were_told(
    lesson: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson.sandbox.faults.switch("html_200", on="GET /v2/meetings/*")
    with monkeypatch.context() as dying:
        kill_at("recheck.unreadable", dying)
        with pytest.raises(Killed):
            look(lesson, HOUR)
    look(lesson, EIGHT)
    assert (only_session(lesson).risk, len(warned(lesson))) == (Risk.ZOOM_UNREADABLE, LEADS)
    assert audited(lesson, "session.at_risk") == 1


def test_looks_are_on_record_without_names_or_values(lesson: Home) -> None:
    spoil(lesson)
    change(lesson, "topic", "Maths with Lena Kral")
    look(lesson, DAY)
    with lesson.house.database.reading() as tx:
        told = " ".join(str(p.body) for p in tx.all(select(AuditPayload)))
    assert "settings.waiting_room" in told
    assert "Lena" not in told and STRANGER not in told


def test_a_look_puts_everything_right_on_both_databases(either_home: Home) -> None:
    either_home.schedule()
    either_home.do_due("recheck", "settle_entries", "send_message")
    spoil(either_home)
    hear(either_home)
    until_calm(either_home)
    session = only_session(either_home)
    assert (session.state, session.repairs, len(warned(either_home))) == (S.SCHEDULED, 1, LEADS)
    assert len({r.email for r in at_zoom(either_home).registrants if r.status == "approved"}) == 4
    assert either_home.app.audit.verify().broken is None
