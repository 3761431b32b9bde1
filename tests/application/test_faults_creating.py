"""Faults 1 to 11: a meeting is made once or not at all, whatever becomes of Zoom's answers on the way."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.application.crashing import carry_on
from tests.application.cutting import a_home_on_a_bad_line
from tests.application.lessons import INVITED, attempt, mail, meetings, only_session, state_of, writes
from tests.application.pictures import check_that_all_is_whole
from tests.house import OBSERVER, Home
from zoomguard.application.session_parts import SessionParts
from zoomguard.domain.errors import OutsideFailed, Refused
from zoomguard.domain.meeting_plan import GOVERNED, NOT_RETURNED, WAITING_ROOM_OPTIONS
from zoomguard.domain.sessions import SessionState

S = SessionState
DAY = timedelta(hours=25)
READ = [path for path in GOVERNED if path not in NOT_RETURNED]
HOST_WAITS = "meeting_security.waiting_room_settings.participants_to_place_in_waiting_room"
SEED, SAMPLE = 18, 6


def check_it_stands_once(home: Home, creates: int) -> None:
    """One meeting as asked after so many creates were sent; everybody registered and invited once."""
    check_that_all_is_whole(home)
    assert (state_of(home), len(meetings(home))) == (S.SCHEDULED, 1)
    assert mail(home) == list(INVITED)
    assert writes(home).count("POST meetings") == creates


def made(home: Home) -> list[Any]:
    """All meetings with our mark that Zoom ever made, those deleted since too."""
    state = home.sandbox._zoom.state
    with state.lock:
        return [m for m in state.meetings.values() if m.fields["agenda"].startswith("zg:")]


def pauses_move_the_clock(home: Home) -> None:
    """Whoever waits within an ask waits by the sandbox's clock."""
    parts: SessionParts = home.app.sessions.parts
    object.__setattr__(parts, "pause", home.clock.advance)


# 1 to 6 ---------------------------------------------------------------------------------------------------------


def test_fault_01_a_create_answered_after_the_time_out_is_adopted(home: Home) -> None:
    home.sandbox.faults.switch("create_slow", times=1, after_s=60)
    assert attempt(home) == "ZOOM_ANSWER_LOST"
    assert (state_of(home), made(home)) == (S.REQUESTED, [])
    carry_on(home, DAY)
    check_it_stands_once(home, creates=1)
    assert len(made(home)) == 1


def test_fault_02_a_create_that_was_stored_behind_an_error_is_adopted(home: Home) -> None:
    home.sandbox.faults.switch("create_500_stored", times=1)
    assert attempt(home) == ""
    carry_on(home, DAY)
    check_it_stands_once(home, creates=1)
    assert len(made(home)) == 1


def test_fault_03_a_create_that_failed_is_sent_again_once_the_lagging_list_can_be_trusted(home: Home) -> None:
    home.sandbox.faults.switch("create_500", times=1)
    home.sandbox.faults.switch("list_lags", lag_s=60)
    assert attempt(home) == "ZOOM_ANSWER_LOST"
    began_at = home.clock.now()
    while len(made(home)) < 1:
        home.do_due("create_meeting")
        home.clock.advance(5)
    assert home.clock.now() - began_at >= timedelta(seconds=120)
    carry_on(home, DAY)
    check_it_stands_once(home, creates=2)
    assert len(made(home)) == 1


def test_fault_04_a_first_create_that_lands_after_the_second_is_swept_and_nobody_was_registered_for_it(
    home: Home,
) -> None:
    home.sandbox.faults.switch("create_slow", times=1, after_s=400)
    assert attempt(home) == "ZOOM_ANSWER_LOST"
    carry_on(home, timedelta(minutes=5))
    assert (state_of(home), len(meetings(home))) == (S.SCHEDULED, 1)
    home.clock.advance(100)
    home.app.sessions.parts.meetings.listed(only_session(home).host_zoom_id)  # Whoever asks now sees both.
    assert len(meetings(home)) == 2
    carry_on(home, DAY)
    check_it_stands_once(home, creates=2)
    (late,) = [m for m in made(home) if m.deleted]
    assert late.registrants == []


@pytest.mark.parametrize("after_bytes", [200, 900])
def test_fault_05_a_create_that_is_reset_within_its_body_is_looked_for_and_sent_again(
    tmp_path: Path, after_bytes: int
) -> None:
    with a_home_on_a_bad_line(tmp_path / "home") as (home, line):
        line.armed_after_bytes = after_bytes
        assert attempt(home) == "ZOOM_ANSWER_LOST"
        assert (line.cut, made(home), home.sandbox.mail()) == (1, [], [])
        carry_on(home, DAY)
        check_it_stands_once(home, creates=1)  # Zoom never saw the first one whole.
        assert only_session(home).attempt == 2


def test_fault_06_a_meeting_that_cannot_be_read_for_five_seconds_is_waited_for(home: Home) -> None:
    pauses_move_the_clock(home)
    home.sandbox.faults.switch("read_lags", lag_s=5)
    began_at = home.clock.now()
    assert attempt(home) == ""
    assert timedelta(seconds=5) <= home.clock.now() - began_at < timedelta(seconds=10)
    carry_on(home, DAY)
    check_it_stands_once(home, creates=1)


# 7 to 10 --------------------------------------------------------------------------------------------------------


def test_fault_07_a_locked_setting_is_named_and_its_meeting_is_gone_before_anybody_heard_of_it(home: Home) -> None:
    home.sandbox.faults.switch("locked_setting_overrides")
    with pytest.raises(Refused) as refused:
        home.schedule()
    assert [(f.rule, f.subject, f.wanted, f.got) for f in refused.value.findings] == [
        ("VC-WAITING", "settings.waiting_room", True, False)
    ]
    carry_on(home, DAY)
    check_that_all_is_whole(home)
    assert (state_of(home), meetings(home), home.sandbox.mail()) == (S.FAILED, [], [])


def test_fault_08_a_meeting_that_zoom_will_not_delete_for_ten_minutes_keeps_its_people_and_goes_then(
    home: Home,
) -> None:
    home.sandbox.faults.switch("locked_setting_overrides")
    home.sandbox.faults.switch("delete_500")
    with pytest.raises(OutsideFailed):
        home.schedule()
    home.sandbox.faults.switch("locked_setting_overrides", on=False)
    carry_on(home, timedelta(minutes=10))
    assert (state_of(home), len(meetings(home)), home.sandbox.mail()) == (S.REMOVING, 1, [])
    with pytest.raises(Refused) as refused:
        home.schedule(children=("C-0120",))
    assert {f.rule for f in refused.value.findings} == {"VC-OBSERVER", "OVERLAP"}
    home.sandbox.faults.clear()
    carry_on(home, timedelta(hours=2))
    check_that_all_is_whole(home)
    assert (state_of(home), meetings(home), home.sandbox.mail()) == (S.FAILED, [], [])
    assert home.schedule().outcome == "scheduled"


@pytest.mark.deep
def test_fault_09_a_setting_that_zoom_does_not_tell_is_never_a_pass(home: Home, deep: bool) -> None:
    """Every setting that is compared, but for two that the host's settings can answer; a few of them unless deep."""
    check_that_each_counts(home, "field_absent", [path for path in READ if path not in WAITING_ROOM_OPTIONS], deep)


@pytest.mark.deep
def test_fault_10_a_value_that_nobody_knows_is_never_a_pass_and_breaks_nothing(home: Home, deep: bool) -> None:
    """Every setting that is compared; a few of them unless deep."""
    check_that_each_counts(home, "unknown_enum", READ, deep)


def check_that_each_counts(home: Home, fault: str, paths: list[str], deep: bool) -> None:
    """With each disfigured in turn no lesson is made, and the finding names it; without, the next one is."""
    for path in paths if deep else random.Random(SEED).sample(paths, SAMPLE):
        home.sandbox.faults.switch(fault, on=path)
        with pytest.raises(Refused) as refused:
            home.schedule()
        assert path in [f.subject for f in refused.value.findings]
        assert (meetings(home), home.sandbox.mail()) == ([], [])
        home.sandbox.faults.clear()
        home.clock.advance(3600)  # Each try is two of the host's hundred writes a day.
    assert home.schedule().outcome == "scheduled"
    carry_on(home, DAY)
    check_that_all_is_whole(home)


@pytest.mark.parametrize("path", WAITING_ROOM_OPTIONS)
def test_fault_09_an_option_of_the_waiting_room_that_is_not_told_passes_by_the_hosts_own_settings_alone(
    home: Home, path: str
) -> None:
    """Zoom does not return these on every account: then all must wait by the host's security settings."""
    home.sandbox.faults.switch("field_absent", on=path)
    home.sandbox.faults.switch("unknown_enum", on=f"GET */settings {HOST_WAITS}", value=1)
    with pytest.raises(Refused) as refused:
        home.schedule()
    assert [f.subject for f in refused.value.findings] == [path]
    home.sandbox.faults.switch("unknown_enum", on=False)
    assert home.schedule().outcome == "scheduled"


# 11 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", [1, 3, 5])
def test_fault_11_of_a_batch_of_which_one_was_lost_only_that_one_is_registered_again(home: Home, person: int) -> None:
    home.sandbox.faults.switch("registrant_post_lost", times=1, person=person)
    home.schedule(observer=OBSERVER)
    carry_on(home, DAY)
    check_it_stands_once(home, creates=1)
    sent = [c["body"]["registrants"] for c in home.sandbox.calls() if c["path"].endswith("/batch_registrants")]
    assert [len(batch) for batch in sent] == [5, 1]
    assert sent[1] == [sent[0][person - 1]]
