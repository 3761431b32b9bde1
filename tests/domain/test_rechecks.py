"""When a session is looked at again, and what follows from what is found."""

from datetime import UTC, datetime, timedelta

import pytest

from zoomguard.domain import rechecks
from zoomguard.domain.consents import ConsentState
from zoomguard.domain.meeting_plan import COPIES, Difference
from zoomguard.domain.rechecks import Look, Stance
from zoomguard.domain.sessions import Risk

START = datetime(2026, 12, 1, 16, tzinfo=UTC)
MADE = START - timedelta(days=8)
C = ConsentState


def before(**by: float) -> datetime:
    """A moment before the start."""
    return START - timedelta(**by)


def a_look(now: datetime, looked_at: datetime = MADE, asked_at: datetime | None = None, **more: bool) -> Look:
    return Look(now, START, looked_at, asked_at, **more)


def differs(setting: str, got: str | bool | None = False) -> Difference:
    return Difference(setting, "VC-ANY", True, got)


@pytest.mark.parametrize(
    ("now", "following"),
    [
        (before(days=8), before(hours=24)),
        (before(hours=24), before(hours=1)),
        (before(minutes=59), before(minutes=8)),
        (before(minutes=8), before(minutes=5)),
        (before(minutes=4), START),
        (START, None),
        (START + timedelta(minutes=5), None),
    ],
)
def test_the_next_moment_is_the_first_that_is_still_to_come(now: datetime, following: datetime | None) -> None:
    assert a_look(now).next_at == following


def test_nothing_is_owed_until_a_moment_has_come() -> None:
    assert a_look(before(hours=25)).owed_since is None
    assert a_look(before(hours=24)).owed_since == before(hours=24)


def test_a_moment_is_looked_at_once_and_missed_ones_together() -> None:
    assert a_look(before(hours=2), looked_at=before(hours=24)).owed_since is None
    assert a_look(before(minutes=6), looked_at=before(hours=2)).owed_since == before(hours=1)


def test_who_asks_gets_a_look_unless_one_was_begun_since() -> None:
    asked_at = before(hours=30)
    assert a_look(before(hours=29), asked_at=asked_at).owed_since == asked_at
    assert a_look(before(hours=29), looked_at=asked_at, asked_at=asked_at).owed_since == asked_at
    assert a_look(before(hours=29), looked_at=before(hours=29.5), asked_at=asked_at).owed_since is None


def test_much_news_makes_few_looks_and_holds_back_no_moment() -> None:
    looked_at, second = before(hours=30), timedelta(seconds=1)
    news = a_look(looked_at + second, looked_at, asked_at=looked_at + second)
    assert news.held_until == looked_at + rechecks.QUIET
    assert a_look(looked_at + 6 * second, looked_at, asked_at=looked_at + second).held_until is None
    assert a_look(looked_at + second, looked_at, asked_at=looked_at + second, is_first=True).held_until is None
    assert a_look(before(hours=1), before(hours=1) - second, asked_at=before(hours=1)).held_until is None


def test_people_hear_of_unknowns_from_an_hour_before_and_decisions_fall_from_eight_minutes_before() -> None:
    assert [a_look(before(minutes=m)).tells_unknown for m in (61, 60, 1)] == [False, True, True]
    assert [a_look(before(minutes=m)).decides for m in (9, 8, 0)] == [False, True, True]


def test_after_the_look_at_the_start_no_look_calls_anything_off() -> None:
    later = START + timedelta(minutes=10)
    assert a_look(later, looked_at=before(minutes=5)).decides
    assert not a_look(later, looked_at=START).decides
    assert a_look(later, looked_at=START).is_under_way


def test_a_meeting_is_made_anew_only_more_than_half_an_hour_before() -> None:
    assert a_look(before(minutes=31)).may_remake
    assert not a_look(before(minutes=30)).may_remake


def test_zoom_is_asked_again_for_a_minute_before_anybody_hears() -> None:
    owed, looked_at = before(hours=1), before(hours=2)
    assert not a_look(owed, looked_at).is_out_of_patience(owed + timedelta(seconds=59))
    assert a_look(owed, looked_at).is_out_of_patience(owed + timedelta(seconds=60))
    assert a_look(owed).is_out_of_patience(owed)
    assert not a_look(before(hours=24)).is_out_of_patience(before(hours=2))


@pytest.mark.parametrize(
    ("answers", "stance"),
    [
        ((C.ACTIVE, C.ACTIVE), Stance.MAY),
        ((C.ACTIVE, C.WITHDRAWN), Stance.MAY_NOT),
        ((C.PENDING, C.REFUSED), Stance.MAY_NOT),
        ((C.EXPIRED, None), Stance.MAY_NOT),
        ((C.DISPUTED, C.ACTIVE), Stance.MAY_NOT),
        ((C.MISSING, C.MISSING), Stance.MAY_NOT),
        ((C.ACTIVE, C.PENDING), Stance.UNKNOWN),
        ((C.ACTIVE, None), Stance.UNKNOWN),
        ((), Stance.UNKNOWN),
    ],
)
def test_one_known_no_decides_and_what_is_not_known_is_no_yes(answers: tuple[C | None, ...], stance: Stance) -> None:
    assert rechecks.stance(answers) is stance


def test_what_no_patch_can_change_is_not_worth_one() -> None:
    assert not rechecks.repairable([differs(s) for s in ("host_id", "pmi", "type", COPIES)])
    assert rechecks.repairable([differs("host_id"), differs("topic")])
    assert not rechecks.repairable([])


@pytest.mark.parametrize("setting", sorted(rechecks.ESSENTIAL))
def test_an_essential_setting_that_is_known_to_differ_is_unsafe_and_an_untold_one_is_unknown(setting: str) -> None:
    assert rechecks.unsafe([differs(setting)])
    assert not rechecks.unsafe([differs(setting, None)])
    assert not rechecks.unsafe([differs("settings.focus_mode")])


def test_a_session_is_shown_with_the_worst_that_stands_against_it() -> None:
    assert set(rechecks.WORST_FIRST) == set(Risk) - {Risk.NONE}
    assert rechecks.worst([Risk.CONSENT_UNKNOWN, Risk.DRIFT]) is Risk.DRIFT
    assert rechecks.worst([]) is Risk.NONE


def test_a_wall_time_means_the_same_moment_while_clock_rules_stay() -> None:
    assert rechecks.start_by_wall_time("2026-12-01 16:00", "Europe/London", START) == START
    assert rechecks.start_by_wall_time("2026-12-01 16:00", "Europe/London", before(hours=1)) == START


def test_a_time_that_comes_twice_stays_the_one_that_was_meant() -> None:
    for hour in (0, 1):
        meant = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
        assert rechecks.start_by_wall_time("2026-10-25 01:30", "Europe/London", meant) == meant


def test_a_wall_time_that_no_longer_exists_means_no_moment() -> None:
    gap = datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert rechecks.start_by_wall_time("2027-03-28 01:30", "Europe/London", gap) is None
    assert rechecks.start_by_wall_time("2027-03-28 03:30", "Nowhere/Gone", gap) is None


def test_a_session_is_moved_only_while_people_can_act_upon_it() -> None:
    assert a_look(before(hours=3)).may_move_to(before(hours=1))
    assert not a_look(before(hours=2)).may_move_to(before(hours=1))
    assert not a_look(before(minutes=60)).may_move_to(START + timedelta(hours=1))
