"""Faults 12 to 18: strangers, limits, tokens, and answers that are none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.application import memory_child
from tests.application.crashing import carry_on
from tests.application.lessons import INVITED, all_at_once, attempt, mail, meetings, only_session, sessions, writes
from tests.application.observing import OLU
from tests.application.pictures import check_that_all_is_whole
from tests.application.rechecking import LEADS, at_zoom, hear, in_zoom, warned
from tests.house import SAFE_ASK, TEACHER, Home
from zoomguard.adapters.zoom_scopes import NEEDED
from zoomguard.application.session_changes import NewTime
from zoomguard.domain.errors import OutsideFailed, Refused, Throttled
from zoomguard.domain.sessions import SessionState

S = SessionState
DAY = timedelta(hours=25)
STRANGER = "stranger@elsewhere.example"
OTHER_TEACHER = "h.lindqvist@northmoor.example"
READ_BACK, REMOVAL = "GET /v2/meetings/{}", "DELETE */meetings/*"
CREATING = "meeting:write:meeting:admin"
CHECKOUT = Path(__file__).parents[2]


def check_it_stands_once(home: Home) -> None:
    """One meeting as asked; everybody registered and invited once."""
    check_that_all_is_whole(home)
    assert (only_session(home).state, len(meetings(home))) == (S.SCHEDULED, 1)
    assert mail(home) == list(INVITED)


def times(home: Home, method: str, part: str) -> list[Any]:
    """When such calls came to Zoom."""
    return [c["at"] for c in home.sandbox.calls() if c["method"] == method and part in c["path"]]


def approved(home: Home) -> set[str]:
    return {r.email for r in at_zoom(home).registrants if r.status == "approved"}


# 12: strangers --------------------------------------------------------------------------------------------------


def test_fault_12_a_stranger_who_is_approved_while_a_lesson_is_made_ends_it_before_anybody_heard_of_it(
    home: Home,
) -> None:
    home.sandbox.faults.switch("stranger_approved")
    with pytest.raises(Refused) as refused:
        home.schedule()
    assert [f.rule for f in refused.value.findings] == ["VC-IDENTITY"]
    carry_on(home, DAY)
    check_that_all_is_whole(home)
    assert (only_session(home).state, meetings(home), home.sandbox.mail()) == (S.FAILED, [], [])


def test_fault_12_a_stranger_whom_the_host_approves_is_out_within_a_minute_and_the_leads_are_told(home: Home) -> None:
    home.schedule()
    carry_on(home, timedelta(minutes=1))
    ours = approved(home)
    in_zoom(home, "register", email=STRANGER)
    in_zoom(home, "approve", email=STRANGER)
    since_at = home.clock.now()
    hear(home, "meeting.registration_approved")
    carry_on(home, timedelta(seconds=50))
    assert home.clock.now() - since_at <= timedelta(seconds=60)
    assert approved(home) == ours
    assert len(warned(home)) == LEADS and len(mail(home, "At risk")) == LEADS
    check_that_all_is_whole(home)


# 13 and 14: limits ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", ["POST */meetings", READ_BACK, "POST */batch_registrants"])
def test_fault_13_a_limit_per_second_is_waited_out_and_nothing_is_sent_twice(home: Home, on: str) -> None:
    home.sandbox.faults.switch("rate_limited", times=1, on=on)
    home.schedule()
    carry_on(home, DAY)
    check_it_stands_once(home)
    refused = [c for c in home.sandbox.calls() if c["status"] == 429]
    assert len(refused) == 1


def test_fault_14_a_limit_of_the_day_puts_off_one_teachers_work_to_the_next_and_nobody_elses(home: Home) -> None:
    host = home.app.sessions.parts.users.posture(TEACHER).zoom_user_id
    home.sandbox.faults.switch("daily_limit", on=f"POST /users/{host}/meetings")
    with pytest.raises(Throttled) as throttled:
        home.schedule()
    home.schedule(OTHER_TEACHER, start="2026-12-02 16:00", children=("C-0120",))
    home.do_due()
    assert mail(home) == ["ngozi.okafor@families.example"]
    midnight = home.clock.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert throttled.value.retry_at == midnight
    carry_on(home, timedelta(hours=12))
    assert [s.state for s in sessions(home)] == [S.REQUESTED, S.SCHEDULED]
    assert len(times(home, "POST", f"{host}/meetings")) <= 2
    home.sandbox.faults.clear()
    carry_on(home, DAY)
    check_that_all_is_whole(home)
    assert [s.state for s in sessions(home)] == [S.SCHEDULED, S.SCHEDULED]


def test_fault_14_a_lesson_that_begins_before_the_limit_ends_is_given_up_in_time_and_its_teacher_told(
    home: Home,
) -> None:
    home.sandbox.faults.switch("daily_limit", on="POST */meetings")
    with pytest.raises(Throttled):
        home.schedule(start="2026-11-23 16:00")
    carry_on(home, timedelta(hours=6))
    assert (only_session(home).state, mail(home, "Not set up")) == (S.REQUESTED, [])
    carry_on(home, timedelta(minutes=50))
    assert home.clock.now() < only_session(home).starts_at
    assert (only_session(home).state, mail(home, "Not set up")) == (S.FAILED, [TEACHER])
    assert (meetings(home), mail(home)) == ([], [])
    check_that_all_is_whole(home)


# 15 and 16: tokens ----------------------------------------------------------------------------------------------


def test_fault_15_a_token_that_is_revoked_in_mid_run_is_renewed_once_for_twenty_threads(home: Home) -> None:
    home.schedule()
    carry_on(home, timedelta(minutes=1))
    number, before = only_session(home).meeting_number, len(times(home, "POST", "/oauth/token"))
    home.sandbox.faults.switch("token_revoked")
    read = all_at_once([lambda: home.app.sessions.parts.meetings.read(number).number] * 20)
    assert read == [number] * 20
    assert len(times(home, "POST", "/oauth/token")) == before + 1
    check_it_stands_once(home)


def test_fault_16_a_scope_that_the_token_lacks_is_named_by_the_first_ask_that_needs_it(home: Home) -> None:
    home.sandbox.withhold_scope(CREATING)
    with pytest.raises(OutsideFailed) as failed:
        home.schedule()
    assert failed.value.code == "ZOOM_SCOPES" and CREATING in f"{failed.value} {failed.value.remedy}"
    carry_on(home, DAY)
    check_that_all_is_whole(home)
    assert (meetings(home), home.sandbox.mail()) == ([], [])


def test_fault_16_the_scopes_that_the_start_asks_for_are_those_that_are_used(home: Home) -> None:
    for scope in home.sandbox._zoom.state.scopes - set(NEEDED):
        home.sandbox.withhold_scope(scope)
    lesson = home.schedule().session.id
    changes, rosters = home.app.sessions.changes, home.app.sessions.rosters
    changes.reschedule(home.who(TEACHER), lesson, NewTime("2026-12-01 15:00"))
    changes.replace_observer(home.who(TEACHER), lesson, OLU)
    rosters.change(home.who(TEACHER), lesson, (), ("C-0101",))
    carry_on(home, DAY)
    home.app.sessions.cancel(home.who(TEACHER), lesson)
    carry_on(home, DAY)
    refused = [c for c in home.sandbox.calls() if c["status"] in (400, 401, 403)]
    assert refused == [] and home.house.missing_scopes() == ()


# 17 and 18: answers that are none -------------------------------------------------------------------------------


@pytest.mark.parametrize("on", ["POST */meetings", READ_BACK, "POST */batch_registrants", "GET */registrants"])
def test_fault_17_a_page_with_status_200_is_never_taken_for_an_answer(home: Home, on: str) -> None:
    home.sandbox.faults.switch("html_200", times=1, on=on)
    attempt(home)
    carry_on(home, DAY)
    check_it_stands_once(home)
    assert writes(home).count("POST meetings") == (2 if on == "POST */meetings" else 1)


def test_fault_17_a_page_in_place_of_a_removals_answer_is_no_removal(home: Home) -> None:
    short_id = home.schedule().session.short_id
    carry_on(home, timedelta(minutes=1))
    home.sandbox.faults.switch("html_200", times=1, on=REMOVAL)
    with pytest.raises(OutsideFailed):
        home.app.sessions.cancel(home.who(TEACHER), short_id)
    assert (only_session(home).state, len(meetings(home))) == (S.REMOVING, 1)
    carry_on(home, DAY)
    check_that_all_is_whole(home)
    assert (only_session(home).state, meetings(home)) == (S.CANCELLED, [])
    assert mail(home, "Cancelled") == list(INVITED)


@pytest.mark.parametrize("packed", [False, True])
def test_fault_18_two_hundred_megabytes_of_json_are_cut_and_take_no_memory(
    home: Home, packed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    home.sandbox.faults.switch("huge_json", times=1, on=READ_BACK, gzip=packed)
    environ = {**os.environ, **home.environ, "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-m", memory_child.__name__, TEACHER, json.dumps(asdict(SAFE_ASK))]
    ran = subprocess.run(command, env=environ, cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=True)
    said = json.loads(ran.stdout)
    with capsys.disabled():
        print(f" peak {said['peak_mb']:.0f} MB", end="")
    assert said["code"] == "ANSWER_TOO_LARGE"
    assert said["peak_mb"] < 200
    carry_on(home, DAY)
    check_it_stands_once(home)
