"""Why a session is allowed: what waits for the observer's yes is no failure."""

from datetime import timedelta

import pytest

from tests.domain.test_sessions import AT, VIEW
from zoomguard.domain.session_reasons import (
    SessionDetail,
    WhyAllowed,
    may_still_say_yes,
    verdict_of,
    while_waiting,
)

YES, OTHER = "VC-OBSERVER-ACCEPTED", "VC-WAITING"


def test_a_session_says_why_it_was_allowed():
    why = WhyAllowed("schedule", AT, "0123456789ab", "pass", ({"rule": "OVERLAP"},), ("E1",))
    assert SessionDetail(VIEW, (why,)).as_json()["why"] == [
        {
            "occasion": "schedule",
            "at": "2026-12-01T16:00:00Z",
            "terms_version": "0123456789ab",
            "verdict": "pass",
            "rules": [{"rule": "OVERLAP"}],
            "consent_event_ids": ["E1"],
        }
    ]


def said(**verdicts: str) -> tuple[dict[str, str], ...]:
    names = {"yes": YES, "other": OTHER}
    return tuple({"rule": names[name], "verdict": verdict} for name, verdict in verdicts.items())


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        (said(yes="fail", other="pass"), "waiting"),
        (said(yes="fail", other="not_applicable"), "waiting"),
        (said(yes="fail", other="unknown"), "unknown"),
        (said(yes="fail", other="fail"), "fail"),
    ],
)
def test_a_yes_that_has_not_come_waits_and_nothing_else_does(rules: tuple[dict[str, str], ...], verdict: str) -> None:
    waiting = while_waiting(rules)
    assert [r["verdict"] for r in waiting] == ["waiting", rules[1]["verdict"]]
    assert verdict_of("fail", waiting) == verdict


@pytest.mark.parametrize("kept", ["pass", "fail", "unknown"])
def test_where_nothing_waits_the_verdict_is_the_one_on_record(kept: str) -> None:
    assert verdict_of(kept, while_waiting(said(yes="pass", other="pass"))) == kept
    assert verdict_of(kept, ()) == kept


def test_there_is_time_for_a_yes_until_it_is_decided_without_one_or_until_a_no() -> None:
    quarter, second = timedelta(minutes=15), timedelta(seconds=1)
    assert may_still_say_yes(AT - quarter - second, AT, None)
    assert not may_still_say_yes(AT - quarter, AT, None)
    day_before = AT - timedelta(days=1)
    assert may_still_say_yes(day_before - second, AT, day_before)
    assert not may_still_say_yes(day_before, AT, day_before)


def test_where_clocks_show_another_hour_is_told_with_the_children_there() -> None:
    detail = SessionDetail(VIEW, elsewhere=(("Asia/Tokyo", ("C-1", "C-2")),)).as_json()
    assert detail["elsewhere"] == [{"zone": "Asia/Tokyo", "children": ["C-1", "C-2"]}]
