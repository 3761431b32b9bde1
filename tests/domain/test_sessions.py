from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomguard.domain.findings import Finding, Outcome
from zoomguard.domain.sessions import (
    CANCELLABLE,
    RESERVING,
    TRANSITIONS,
    Change,
    ChangeAnswer,
    MovedTo,
    ScheduleAnswer,
    SessionState,
    SessionView,
    Told,
    Wanted,
    may_become,
    overlaps,
)

S = SessionState
AT = datetime(2026, 12, 1, 16, tzinfo=UTC)
VIEW = SessionView(
    "01ID", "S-7K2M", S.SCHEDULED, "MATHS-7B", AT, 60, "Europe/London", 81234567890,
    "t.wren@northmoor.example", "o.finch@northmoor.example", ("C-0101", "C-0102"),
)  # fmt: skip
FINAL = {S.ACCOUNTED, S.REFUSED, S.CANCELLED, S.FAILED}


def reachable(start: SessionState) -> set[SessionState]:
    seen: set[SessionState] = set()
    todo = {start}
    while todo:
        state = todo.pop()
        seen.add(state)
        todo |= set(TRANSITIONS[state]) - seen
    return seen


def test_every_state_has_its_transitions_and_final_ones_have_none():
    assert set(TRANSITIONS) == set(S)
    assert {state for state, to in TRANSITIONS.items() if not to} == FINAL


@pytest.mark.parametrize("state", S)
def test_every_state_is_reached_from_the_beginning_and_comes_to_an_end(state: SessionState):
    assert state in reachable(S.PLANNED)
    assert reachable(state) & FINAL


@pytest.mark.parametrize("state", sorted(CANCELLABLE))
def test_what_can_be_cancelled_goes_by_way_of_removal_at_zoom(state: SessionState):
    if state is S.PLANNED:  # Nothing stands at Zoom yet.
        assert may_become(state, S.CANCELLED)
        return
    assert may_become(state, S.REMOVING)
    assert may_become(S.REMOVING, S.CANCELLED)


def test_nothing_becomes_scheduled_without_having_been_created():
    before = {state for state in S if may_become(state, S.SCHEDULED)}
    assert before == {S.CREATED, S.AT_RISK, S.MOVING}
    assert not may_become(S.REFUSED, S.REQUESTED)


def test_people_stay_reserved_until_nothing_can_happen_any_more():
    assert set(S) - RESERVING == FINAL


def test_back_to_back_sessions_do_not_overlap():
    assert not overlaps(AT, 60, AT + timedelta(minutes=60), 60)
    assert overlaps(AT, 60, AT + timedelta(minutes=59), 60)
    assert overlaps(AT, 180, AT + timedelta(minutes=60), 1)


@given(st.integers(-300, 300), st.integers(1, 180), st.integers(1, 180))
def test_sessions_overlap_where_they_share_a_minute(apart: int, a: int, b: int):
    other = AT + timedelta(minutes=apart)
    shared = set(range(a)) & set(range(apart, apart + b))
    assert overlaps(AT, a, other, b) is bool(shared)
    assert overlaps(AT, a, other, b) is overlaps(other, b, AT, a)


def test_a_session_is_shown_without_link_and_passcode():
    assert VIEW.as_json() == {
        "id": "01ID",
        "short_id": "S-7K2M",
        "state": "scheduled",
        "course": "MATHS-7B",
        "starts_at": "2026-12-01T16:00:00Z",
        "minutes": 60,
        "zone": "Europe/London",
        "meeting_number": 81234567890,
        "teacher": "t.wren@northmoor.example",
        "observer": "o.finch@northmoor.example",
        "children": ["C-0101", "C-0102"],
        "teacher_name": "",
        "observer_name": "",
        "observer_answer": "none",
        "ready": False,
        "risk": "",
        "waits_until": None,
        "change": None,
        "asked": False,
    }


def test_assigned_is_not_accepted():
    assert not replace(VIEW, observer_answer="asked").ready
    assert replace(VIEW, observer_answer="yes").ready
    assert not replace(VIEW, observer_answer="yes", state=S.AT_RISK).ready


def test_a_change_is_shown_with_what_is_wanted():
    wanted = Wanted(Change.TIME, AT + timedelta(days=1), 50, "t.wren@northmoor.example", "o.finch@northmoor.example")
    said = replace(VIEW, state=S.MOVING, change=wanted, waits_until=AT).as_json()
    assert said["change"] == {
        "kind": "time",
        "starts_at": "2026-12-02T16:00:00Z",
        "minutes": 50,
        "teacher": "t.wren@northmoor.example",
        "observer": "o.finch@northmoor.example",
    }
    assert said["waits_until"] == "2026-12-01T16:00:00Z"


def test_an_answer_to_a_change_says_who_is_told():
    said = ChangeAnswer("changed", VIEW, Told(4, 1, ("t.wren@northmoor.example",)), zoom_writes=1).as_json()
    assert said["told"] == {"guardians": 4, "children": 1, "held": 0, "staff": ["t.wren@northmoor.example"]}
    assert (said["outcome"], said["findings"], said["warnings"], said["zoom_writes"]) == ("changed", [], [], 1)
    assert said["to"] is None


def test_an_answer_to_a_move_says_what_clocks_show_then():
    to = MovedTo(AT, 50, "Europe/London", (("Asia/Ho_Chi_Minh", ("C-0102",)),))
    assert ChangeAnswer("possible", VIEW, to=to).as_json()["to"] == {
        "starts_at": "2026-12-01T16:00:00Z",
        "minutes": 50,
        "zone": "Europe/London",
        "elsewhere": [{"zone": "Asia/Ho_Chi_Minh", "children": ["C-0102"]}],
    }


def test_an_answer_has_the_agreed_shape_with_and_without_a_session():
    finding = Finding("VC-OBSERVER", Outcome.FAIL, "o@x.example", "Busy.", remedy="Choose another.")
    refused = ScheduleAnswer("refused", None, (finding,)).as_json()
    assert refused["schema"] == "zoomguard/1"
    assert refused["session"] is None
    assert refused["findings"] == [finding.as_json()]
    assert finding.as_json()["verdict"] == "fail"
    done = ScheduleAnswer("scheduled", VIEW, zoom_writes=2).as_json()
    assert (done["session"], done["zoom_writes"]) == (VIEW.as_json(), 2)
