"""What falls due while nobody has said yes, and who is picked first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from zoomguard.domain.observers import Candidate, Standing, Step, best_first

START = datetime(2026, 12, 1, 16, tzinfo=UTC)
WEEK, DAY = timedelta(days=7), timedelta(days=1)


def before(**much: float) -> datetime:
    """So long before the start."""
    return START - timedelta(**much)


def asked(**much: float) -> Standing:
    """The assigned was asked so long before the start, and nothing else happened."""
    return Standing(START, asked_at=before(**much))


def one(name: str, load: int = 0, pairs: int = 0, *, back_to_back: bool = False) -> Candidate:
    return Candidate(name, f"{name}@northmoor.example", name, load, pairs, back_to_back)


def order(*candidates: Candidate, of_teacher: int = 0) -> list[str]:
    return [c.person_id for c in best_first(candidates, of_teacher)]


# When -----------------------------------------------------------------------------------------------------------


def test_who_was_never_asked_about_the_lesson_as_it_is_now_is_asked() -> None:
    assert Standing(START).due(before(days=9)) == (Step.ASK,)


@pytest.mark.parametrize(
    ("hours_before", "due"),
    [(24.01, ()), (24, (Step.REMIND,)), (4.01, (Step.REMIND,)), (4, (Step.CALL,)), (1.01, (Step.CALL,))],
)
def test_the_assigned_is_reminded_a_day_before_and_others_are_called_four_hours_before(
    hours_before: float, due: tuple[Step, ...]
) -> None:
    assert asked(days=7).due(before(hours=hours_before)) == due


def test_what_was_done_is_not_due_again() -> None:
    done = replace(asked(days=7), reminded=True)
    assert done.due(before(hours=5)) == ()
    called = replace(done, called_at=before(hours=4), waiting=True)
    assert called.due(before(hours=3)) == ()
    assert called.due(before(hours=1)) == (Step.TELL,)
    assert replace(called, told_at=before(hours=1)).due(before(minutes=16)) == ()


def test_a_call_long_before_does_not_replace_the_one_four_hours_before() -> None:
    early = replace(asked(days=7), declined_at=before(days=2), called_at=before(days=2), waiting=True)
    assert early.due(before(hours=5)) == ()
    assert early.due(before(hours=4)) == (Step.CALL,)


def test_the_lead_told_days_ago_is_told_again_an_hour_before() -> None:
    called = replace(asked(days=7), called_at=before(hours=4), told_at=before(days=2), waiting=True)
    assert called.due(before(hours=1)) == (Step.TELL,)


def test_a_quarter_of_an_hour_before_it_is_decided_and_nothing_else_is_done() -> None:
    assert asked(days=7).due(before(minutes=15)) == (Step.DECIDE,)
    assert replace(asked(days=7), decided_at=before(minutes=15)).due(before(minutes=10)) == ()


def test_a_no_is_followed_up_unless_somebody_is_thinking_about_it() -> None:
    declined = replace(asked(days=7), declined_at=before(days=3))
    assert declined.due(before(days=3)) == (Step.FOLLOW,)
    assert replace(declined, called_at=before(days=3), waiting=True).due(before(days=3)) == ()
    refused = replace(declined, called_at=before(days=3), refused_at=before(days=2))
    assert refused.due(before(days=2)) == (Step.FOLLOW,)


def test_who_said_no_is_not_reminded() -> None:
    declined = replace(asked(days=7), declined_at=before(days=3), called_at=before(days=3), waiting=True)
    assert declined.due(before(hours=24)) == ()


@pytest.mark.parametrize("hours", [24.5, 20, 10])
def test_who_was_asked_a_short_while_ago_is_not_reminded(hours: float) -> None:
    assert asked(hours=hours).remind_at is None


@pytest.mark.parametrize(
    ("asked_minutes", "called_minutes", "decided_minutes"),
    [(180, 165, 15), (45, 30, 15), (31, 31 * 2 / 3, 15), (29, 29 * 2 / 3, 0), (9, 6, 0)],
)
def test_who_is_asked_late_has_a_little_time_and_at_the_latest_the_start_decides(
    asked_minutes: float, called_minutes: float, decided_minutes: float
) -> None:
    late = asked(minutes=asked_minutes)
    assert abs(late.call_at - before(minutes=called_minutes)) < timedelta(seconds=1)
    assert late.decide_at == before(minutes=decided_minutes)
    assert late.tell_at == max(late.call_at, before(hours=1))


def test_a_yes_taken_back_at_the_last_minute_leaves_the_others_until_the_start() -> None:
    taken_back = replace(asked(days=7), declined_at=before(minutes=10))
    assert taken_back.decide_at == START
    assert taken_back.due(before(minutes=10)) == (Step.CALL, Step.TELL)


def test_a_no_at_the_last_minute_wins_no_time_for_those_called_long_ago() -> None:
    called = replace(asked(days=7), called_at=before(hours=4), waiting=True, declined_at=before(minutes=16))
    assert called.decide_at == before(minutes=15)


def test_the_next_moment_is_always_later_and_in_the_end_there_is_none() -> None:
    now, moments = before(days=6), []
    while (after := asked(days=7).next_at(now)) is not None:
        assert after > now
        moments.append(START - after)
        now = after
    assert moments == [DAY, timedelta(hours=4), timedelta(hours=1), timedelta(minutes=15)]


# Who ------------------------------------------------------------------------------------------------------------


def test_the_least_loaded_comes_first_and_among_those_alike_who_was_with_the_teacher_least() -> None:
    assert order(one("a", 3), one("b", 1), one("c", 2), of_teacher=10) == ["b", "c", "a"]
    assert order(one("a", 1, 5), one("b", 1, 2), of_teacher=10) == ["b", "a"]


def test_those_alike_stay_in_one_order() -> None:
    assert order(one("b"), one("a"), one("c")) == order(one("c"), one("b"), one("a")) == ["a", "b", "c"]


def test_who_comes_straight_from_another_lesson_comes_later() -> None:
    assert order(one("a", 0, back_to_back=True), one("b", 5), of_teacher=10) == ["b", "a"]


def test_no_pair_is_more_than_four_in_five_while_another_is_free() -> None:
    assert order(one("a", 0, 8), one("b", 9, 2), of_teacher=10) == ["b", "a"]
    assert order(one("a", 0, 7), one("b", 9, 2), of_teacher=9) == ["a", "b"]


def test_the_share_of_a_pair_stays_below_its_limit_however_often_we_pick() -> None:
    pairs, load = {"busy": 0, "idle": 0}, {"busy": 50, "idle": 0}
    for lessons in range(100):
        chosen = order(*(one(n, load[n], pairs[n]) for n in pairs), of_teacher=lessons)[0]
        pairs[chosen] += 1
    assert pairs["busy"] >= 20
    assert pairs["idle"] <= 80


def test_somebody_always_with_the_teacher_is_still_picked_where_nobody_else_is_free() -> None:
    assert order(one("a", 0, 10), of_teacher=10) == ["a"]
