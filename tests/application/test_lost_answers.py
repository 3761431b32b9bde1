"""What becomes of a session when Zoom's answers are lost, late, refused, or other than asked."""

from datetime import timedelta
from typing import Any

import pytest

from tests.application.lessons import (
    INVITED,
    attempt,
    audited,
    mail,
    meetings,
    object_to,
    only_session,
    sessions,
    state_of,
    until_quiet,
    writes,
)
from tests.house import OBSERVER, TEACHER, Home
from zoomguard.application.session_parts import plan_of
from zoomguard.domain.errors import OutsideFailed, Refused, Throttled
from zoomguard.domain.sessions import SessionState

LOST = ("answer_lost", "cut_connection")
BATCH, CHANGE, REMOVAL = "POST */batch_registrants", "PATCH */meetings/*", "DELETE */meetings/*"
READ_BACK = "GET */v2/meetings/*"
SOON = "2026-11-23 09:11"
DAY = timedelta(hours=25)
S = SessionState


def lock_a_setting(home: Home, **how: Any) -> None:
    """The account's lock puts the waiting room off, whatever is asked."""
    home.sandbox.faults.switch("locked_setting_overrides", **how)


def check_it_stands_once(home: Home) -> None:
    """One meeting as asked, everybody registered and invited once."""
    assert state_of(home) is S.SCHEDULED
    (meeting,) = meetings(home)
    assert meeting.number == only_session(home).meeting_number
    assert len([r for r in meeting.registrants if r.status == "approved"]) == 5
    assert mail(home) == list(INVITED)
    assert home.app.audit.verify().broken is None


def check_nothing_stands(home: Home) -> None:
    """Failed, nothing at Zoom, nobody written to, everybody free again."""
    assert state_of(home) is S.FAILED
    assert meetings(home) == []
    assert mail(home) == []
    assert home.app.audit.verify().broken is None
    home.sandbox.faults.clear()
    assert home.schedule(start="2026-12-01 16:00").outcome == "scheduled"


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer_makes_no_second_meeting(home: Home, fault: str) -> None:
    home.sandbox.faults.switch(fault, times=1)
    attempt(home)
    until_quiet(home, DAY)
    check_it_stands_once(home)
    assert writes(home).count("POST meetings") == (1 if fault == "answer_lost" else 2)


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer_shortly_before_the_start_ends_without_any_meeting(home: Home, fault: str) -> None:
    home.sandbox.faults.switch(fault, times=1)
    assert attempt(home, start=SOON) in ("NOT_CREATED", "ZOOM_ANSWER_LOST")
    until_quiet(home, DAY)
    check_nothing_stands(home)


def test_a_lesson_may_be_asked_for_shortly_before_its_start(home: Home) -> None:
    home.schedule(start=SOON)
    until_quiet(home)
    check_it_stands_once(home)


def test_a_lost_answer_is_told_as_unknown_and_its_people_stay_reserved(home: Home) -> None:
    home.sandbox.faults.switch("cut_connection", times=1)
    assert attempt(home) == "ZOOM_ANSWER_LOST"
    with pytest.raises(Refused) as refused:
        home.schedule(children=("C-0120",))
    assert {f.rule for f in refused.value.findings} == {"VC-OBSERVER", "OVERLAP"}


@pytest.mark.parametrize("fault", LOST)
def test_a_list_that_lags_a_minute_is_waited_for(home: Home, fault: str) -> None:
    home.sandbox.faults.switch(fault, times=1)
    home.sandbox.faults.switch("list_lags")
    attempt(home)
    until_quiet(home, DAY)
    check_it_stands_once(home)
    assert writes(home).count("POST meetings") == (1 if fault == "answer_lost" else 2)


def test_a_meeting_counts_as_absent_only_after_two_minutes(home: Home) -> None:
    home.sandbox.faults.switch("cut_connection", times=1)
    attempt(home)
    began_at = home.clock.now()
    while writes(home).count("POST meetings") < 2:
        home.do_due("create_meeting")
        home.clock.advance(5)
    assert home.clock.now() - began_at >= timedelta(seconds=120)
    looks = [c for c in home.zoom_calls("meetings") if c.startswith("GET /v2/users/") and "type=upcoming" not in c]
    assert len(looks) >= 3


def test_a_meeting_that_shows_after_ten_minutes_is_swept(home: Home) -> None:
    home.sandbox.faults.switch("answer_lost", times=1)
    home.sandbox.faults.switch("list_lags", lag_s=600)
    attempt(home)
    home.clock.advance(400)
    until_quiet(home, timedelta(minutes=5))
    assert len(meetings(home)) == 2
    late = next(m for m in meetings(home) if m.number != only_session(home).meeting_number)
    assert late.registrants == []
    until_quiet(home, DAY)
    check_it_stands_once(home)


def test_a_meeting_that_comes_a_day_late_is_swept_even_when_the_session_failed(home: Home) -> None:
    home.sandbox.faults.switch("cut_connection", times=1)
    attempt(home, start=SOON)
    until_quiet(home, timedelta(minutes=8))
    assert state_of(home) is S.FAILED
    parts, session = home.app.sessions.parts, only_session(home)
    with home.house.database.reading() as tx:
        request = plan_of(parts, tx, session, 1).request()
    parts.meetings.create(session.host_zoom_id, {**request, "start_time": "2026-11-25T09:00:00Z"})
    assert len(meetings(home)) == 1
    until_quiet(home, DAY)
    assert meetings(home) == []


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_batch_registers_nobody_twice(home: Home, fault: str) -> None:
    home.sandbox.faults.switch(fault, times=1, on=BATCH)
    home.schedule()
    until_quiet(home)
    check_it_stands_once(home)
    assert writes(home).count("POST batch_registrants") == (1 if fault == "answer_lost" else 2)


def test_a_batch_that_is_lost_twice_leaves_no_meeting_behind(home: Home) -> None:
    home.sandbox.faults.switch("cut_connection", on=BATCH)
    with pytest.raises(Refused) as refused:
        home.schedule()
    assert [(f.rule, f.subject, f.wanted, f.got) for f in refused.value.findings] == [
        ("VC-IDENTITY", "registrants", 5, 0)
    ]
    check_nothing_stands(home)


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_repair_is_judged_by_what_zoom_reads_back(home: Home, fault: str) -> None:
    lock_a_setting(home, times=1, on="POST */meetings")
    home.sandbox.faults.switch(fault, times=1, on=CHANGE)
    if fault == "answer_lost":
        home.schedule()
        until_quiet(home)
        check_it_stands_once(home)
    else:
        with pytest.raises(Refused):
            home.schedule()
        check_nothing_stands(home)


def test_a_setting_that_was_put_back_by_one_repair_is_fine(home: Home) -> None:
    lock_a_setting(home, times=1, on="POST */meetings")
    assert home.schedule().zoom_writes == 3
    until_quiet(home)
    check_it_stands_once(home)


def test_a_locked_setting_is_named_and_its_meeting_removed(home: Home) -> None:
    lock_a_setting(home)
    with pytest.raises(Refused) as refused:
        home.schedule()
    assert [(f.rule, f.subject, f.wanted, f.got) for f in refused.value.findings] == [
        ("VC-WAITING", "settings.waiting_room", True, False)
    ]
    assert (refused.value.zoom_writes, refused.value.session.state) == (3, S.FAILED)
    methods = [c.split()[0] for c in home.zoom_calls("meetings")]
    assert methods == ["POST", "GET", "PATCH", "GET", "DELETE"]
    gone = next(m for m in home.sandbox._zoom.state.meetings.values() if m.deleted)
    check_nothing_stands(home)
    (made,) = meetings(home)
    assert (made.number, made.password) != (gone.number, gone.password)
    assert made.password != gone.password


def test_a_removal_whose_answer_is_lost_is_looked_after(home: Home) -> None:
    lock_a_setting(home)
    home.sandbox.faults.switch("answer_lost", times=1, on=REMOVAL)
    with pytest.raises(Refused):
        home.schedule()
    check_nothing_stands(home)


def test_a_meeting_that_cannot_be_removed_yet_is_removed_later(home: Home) -> None:
    lock_a_setting(home)
    home.sandbox.faults.switch("cut_connection", times=3, on=REMOVAL)
    assert attempt(home)
    assert state_of(home) is S.REMOVING
    with pytest.raises(Refused):
        home.schedule(start="2026-12-01 16:30")
    until_quiet(home)
    check_nothing_stands(home)


def test_an_observer_whom_zoom_does_not_accept_is_named(home: Home) -> None:
    home.sandbox.faults.switch("observer_unlicensed", times=1)
    with pytest.raises(Refused) as refused:
        home.schedule()
    (finding,) = refused.value.findings
    assert (finding.rule, finding.subject) == ("VC-OBSERVER", OBSERVER)
    assert finding.remedy
    assert (refused.value.zoom_writes, refused.value.session.state) == (0, S.FAILED)
    check_nothing_stands(home)


def test_a_limit_per_second_is_waited_out(home: Home) -> None:
    home.sandbox.faults.switch("rate_limited", times=1, on="POST */meetings")
    home.schedule()
    until_quiet(home)
    check_it_stands_once(home)


def test_after_a_daily_limit_the_meeting_is_made_when_zoom_said(home: Home) -> None:
    home.sandbox.faults.switch("daily_limit", on="POST */meetings")
    with pytest.raises(Throttled) as throttled:
        home.schedule()
    midnight = home.clock.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert throttled.value.retry_at == midnight
    until_quiet(home, timedelta(hours=2))
    assert state_of(home) is S.REQUESTED
    tries = len(writes(home))
    assert tries <= 2
    until_quiet(home, DAY)
    check_it_stands_once(home)


def test_a_limit_that_outlasts_the_start_ends_without_any_meeting(home: Home) -> None:
    home.sandbox.faults.switch("daily_limit", on="POST */meetings")
    attempt(home, start="2026-11-23 16:00")
    until_quiet(home, DAY)
    check_nothing_stands(home)


def test_while_zoom_cannot_be_read_a_session_stays_created_and_goes_on_later(home: Home) -> None:
    home.sandbox.faults.switch("cut_connection", on=READ_BACK)
    assert attempt(home) == "CONNECTION_LOST"
    assert state_of(home) is S.CREATED
    assert mail(home) == []
    home.sandbox.faults.clear()
    until_quiet(home)
    check_it_stands_once(home)
    assert writes(home).count("POST meetings") == 1


def test_a_meeting_that_was_not_read_back_by_half_an_hour_before_the_start_is_removed(home: Home) -> None:
    home.sandbox.faults.switch("cut_connection", on=READ_BACK)
    attempt(home, start="2026-11-23 09:45")
    home.sandbox.faults.clear()
    home.clock.advance(16 * 60)
    until_quiet(home)
    check_nothing_stands(home)


@pytest.mark.parametrize("fault_on", [READ_BACK, "POST */meetings"])
def test_a_child_whose_permission_ended_meanwhile_is_not_invited(home: Home, fault_on: str) -> None:
    home.sandbox.faults.switch("cut_connection", on=fault_on)
    assert attempt(home)
    home.sandbox.faults.clear()
    object_to(home, "C-0120", "withdrawn")
    until_quiet(home, DAY)
    assert state_of(home) is S.FAILED
    assert (meetings(home), mail(home)) == ([], [])


def test_the_same_ask_again_goes_on_where_the_first_was_cut_off(home: Home) -> None:
    home.sandbox.faults.switch("cut_connection", times=3, on=READ_BACK)
    assert attempt(home, key="key-of-a-teacher")
    answer = home.schedule(key="key-of-a-teacher")
    assert (answer.outcome, answer.zoom_writes, answer.invitations) == ("scheduled", 2, 5)
    until_quiet(home)
    check_it_stands_once(home)
    assert len(sessions(home)) == 1


def test_a_cancellation_that_zoom_did_not_hear_shuts_the_lesson_at_once_and_is_finished_later(home: Home) -> None:
    short_id = home.schedule().session.short_id
    until_quiet(home)
    home.sandbox.faults.switch("cut_connection", times=1, on=REMOVAL)
    with pytest.raises(OutsideFailed):
        home.app.sessions.cancel(home.who(TEACHER), short_id)
    assert len(meetings(home)) == 1
    home.do_due("send_message")
    assert mail(home, "Cancelled") == list(INVITED)
    until_quiet(home)
    assert (state_of(home), meetings(home)) == (S.CANCELLED, [])
    assert mail(home, "Cancelled") == list(INVITED)
    assert audited(home, "session.cancelled") == 1
