import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import OBSERVER, SESSION_ID, STARTS_AT, TEACHER, a_plan, meeting_as_planned
from zoomguard.domain.meeting_plan import (
    GOVERNED,
    LARGE,
    NOT_RETURNED,
    PASSCODE_LENGTH,
    SPECIALS,
    WAITING_ROOM_OPTIONS,
    PasscodeRule,
    differences,
    mark,
    meeting_of,
    new_passcode,
    read_mark,
)


def answer_of(request: dict[str, Any], **change: Any) -> dict[str, Any]:
    """What Zoom answers to GET for a meeting that it made exactly as asked."""
    made = {"id": 81234567890, "uuid": "u1==", "host_email": TEACHER, "status": "waiting"}
    return {**made, "join_url": "https://zoom.example/j/8", **request, **change}


def test_the_request_holds_each_governed_setting():
    request = a_plan().request()
    assert request["password"] == a_plan().passcode
    assert request["default_password"] is False
    assert request["start_time"] == "2026-12-01T16:00:00Z"
    for path, (_, wanted) in GOVERNED.items():
        value: Any = request
        for name in path.split("."):
            value = value[name]
        assert value == wanted


def test_the_repair_puts_settings_back_and_holds_only_what_a_change_knows():
    request, repair = a_plan().request(), a_plan().repair()
    assert set(request) - set(repair) == {"default_password", "topic", "agenda"}
    assert repair["settings"] == request["settings"]


def test_what_zoom_made_as_asked_reads_back_without_a_difference():
    plan = a_plan(observers=("O.Finch@northmoor.example", "R.Owl@northmoor.example"))
    meeting = meeting_of(answer_of(plan.request()))
    assert differences(plan, meeting, everyone_waits=None) == ()
    assert (meeting.number, meeting.uuid, meeting.host_email) == (81234567890, "u1==", TEACHER)


def test_hosts_are_read_with_either_separator_and_in_any_case():
    settings = {"alternative_hosts": "B@x.example; a@x.example,,C@x.example;"}
    read = meeting_of(answer_of(a_plan().request(), settings=settings))
    assert read.alternative_hosts == {"a@x.example", "b@x.example", "c@x.example"}


def test_a_number_may_come_as_text():
    assert meeting_of({"id": "81234567890"}).number == 81234567890


@pytest.mark.parametrize("number", [None, True, 1.5, "", "none", [1]])
def test_an_answer_without_a_number_is_no_meeting(number: object):
    with pytest.raises(ValueError, match=r"number|invalid literal"):
        meeting_of({"id": number})


def test_what_an_answer_leaves_out_or_garbles_is_a_difference_and_never_a_pass():
    plan = a_plan()
    bare = meeting_of({"id": 1, "settings": "none", "duration": True, "start_time": 5, "topic": None})
    found = {d.setting: d.got for d in differences(plan, bare, everyone_waits=None)}
    others = {"password", "settings.alternative_hosts", "start_time", "duration", "agenda", "topic", "host_id"}
    assert set(found) == set(GOVERNED) - NOT_RETURNED | others
    assert {found[s] for s in GOVERNED if s in found} == {None}
    assert found["start_time"] is found["duration"] is found["password"] is None


@pytest.mark.parametrize("text", ["2026-12-01T16:00:00Z", "2026-12-01T16:00:00"])
def test_zooms_times_are_utc_with_or_without_the_z(text: str):
    assert meeting_of({"id": 1, "start_time": text}).starts_at == STARTS_AT


def test_a_time_that_cannot_be_read_is_unknown():
    assert meeting_of({"id": 1, "start_time": "tomorrow"}).starts_at is None


def test_yes_is_not_the_number_one():
    plan = a_plan()
    meeting = meeting_as_planned(plan)
    for path, wrong in (
        ("settings.waiting_room", 1),
        ("settings.use_pmi", 0),
        ("settings.approval_type", True),
    ):
        changed = replace(meeting, values={**meeting.values, path: wrong})
        assert [d.setting for d in differences(plan, changed, True)] == [path]


def test_the_hosts_own_setting_stands_in_for_options_that_zoom_leaves_out():
    plan = a_plan()
    meeting = meeting_as_planned(plan)
    values = {p: v for p, v in meeting.values.items() if p not in WAITING_ROOM_OPTIONS}
    left_out = replace(meeting, values=values)
    assert differences(plan, left_out, everyone_waits=True) == ()
    for not_so in (False, None):
        assert [d.setting for d in differences(plan, left_out, not_so)] == list(WAITING_ROOM_OPTIONS)


def test_what_zoom_never_returns_is_not_missed_but_compared_where_it_comes():
    (path,) = NOT_RETURNED
    plan = a_plan()
    meeting = meeting_as_planned(plan)
    without = replace(meeting, values={p: v for p, v in meeting.values.items() if p != path})
    assert differences(plan, without, True) == ()
    other = replace(meeting, values={**meeting.values, path: True})
    assert [d.setting for d in differences(plan, other, True)] == [path]


@pytest.mark.parametrize("hosts", [frozenset(), frozenset({"x@x.example"}), frozenset({OBSERVER, "x@x.example"})])
def test_alternative_hosts_are_exactly_the_observers(hosts: frozenset[str]):
    plan = a_plan()
    (found,) = differences(plan, meeting_as_planned(plan, alternative_hosts=hosts), True)
    assert (found.setting, found.rule, found.wanted) == (
        "settings.alternative_hosts",
        "OBSERVER-AT-ZOOM",
        OBSERVER,
    )


def test_a_difference_never_holds_a_passcode_or_a_foreign_text():
    plan = a_plan()
    meeting = meeting_as_planned(plan, passcode="zY9-wV8*uT", topic="Lena", agenda="Lena")
    told = repr(differences(plan, meeting, True))
    for secret in (plan.passcode, "zY9-wV8*uT", "Lena"):
        assert secret not in told


@pytest.mark.parametrize(
    ("change", "setting", "got"),
    [
        ({"host_id": "z-other"}, "host_id", "another account"),
        ({"host_id": None, "host_email": None}, "host_id", None),
        ({"host_id": None, "host_email": "other@northmoor.example"}, "host_id", "another account"),
        ({"pmi": 1234567890}, "pmi", "a personal meeting number"),
    ],
)
def test_another_host_and_a_personal_number_are_differences(change: dict[str, Any], setting: str, got: str | None):
    plan = a_plan(host_id="z-wren")
    (found,) = differences(plan, meeting_of(answer_of(plan.request(), **{"host_id": "z-wren", **change})), True)
    assert (found.setting, found.got) == (setting, got)


def test_a_host_whom_zoom_names_by_address_alone_is_known_by_it():
    plan = a_plan(host_id="z-wren")
    assert differences(plan, meeting_of(answer_of(plan.request())), True) == ()


def test_recordings_that_zoom_copies_to_a_channel_are_a_difference():
    plan = a_plan()
    answer = answer_of(plan.request())
    answer["settings"]["auto_add_recording_to_video_management"] = {"enable": True}
    (found,) = differences(plan, meeting_of(answer), True)
    assert (found.rule, found.got) == ("VC-RECORD", True)


def test_a_moved_or_longer_meeting_shows_both_times():
    plan = a_plan()
    moved = meeting_as_planned(plan, starts_at=STARTS_AT + timedelta(hours=1), minutes=90)
    found = {d.setting: (d.wanted, d.got) for d in differences(plan, moved, True)}
    assert found == {
        "start_time": ("2026-12-01T16:00:00Z", "2026-12-01T17:00:00Z"),
        "duration": (60, 90),
    }


@given(st.from_regex(r"\A[A-Za-z0-9-]{1,48}\Z"), st.integers(0, 999))
def test_our_mark_is_read_back_whatever_follows_it(installation: str, attempt: int):
    text = mark(installation, SESSION_ID, attempt)
    for agenda in (text, f"{text}\nmore", f" {text} \r\nmore"):
        assert read_mark(agenda) == (installation, SESSION_ID, attempt)


@pytest.mark.parametrize("agenda", ["", "zg:", "zg:a:b:1", f"x zg:a:{SESSION_ID}:1", f"\nzg:a:{SESSION_ID}:1"])
def test_what_is_not_our_mark_is_not_read(agenda: str):
    assert read_mark(agenda) is None


def test_a_mark_of_another_attempt_is_another_meetings():
    plan = a_plan()
    other = meeting_as_planned(plan, agenda=mark("sandbox-1a2b", SESSION_ID, 2))
    assert [d.setting for d in differences(plan, other, True)] == ["agenda"]


RULES = [
    PasscodeRule(),
    PasscodeRule(length=10, have_special_character=True, consecutive_characters_length=3),
    PasscodeRule(only_allow_numeric=True, consecutive_characters_length=3),
]


@pytest.mark.parametrize("rule", RULES)
def test_a_passcode_meets_the_hosts_rule_and_has_no_runs(rule: PasscodeRule):
    for _ in range(300):
        code = new_passcode(rule)
        assert len(code) == PASSCODE_LENGTH
        if rule.only_allow_numeric:
            assert code.isdigit()
        else:
            for needed in (string.ascii_lowercase, LARGE, string.digits, SPECIALS):
                assert set(code) & set(needed)
            assert not set(code) & set("ilIoO01")
        for a, b, c in zip(code, code[1:], code[2:], strict=False):
            assert (ord(b) - ord(a), ord(c) - ord(b)) not in {(0, 0), (1, 1), (-1, -1)}


def test_no_two_passcodes_are_alike():
    assert len({new_passcode(PasscodeRule()) for _ in range(300)}) == 300


def test_times_read_back_are_aware_utc():
    read = meeting_of({"id": 1, "start_time": "2026-12-01T16:00:00Z"}).starts_at
    assert isinstance(read, datetime)
    assert read.tzinfo is UTC
