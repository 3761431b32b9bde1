from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomguard.domain.budget import waits_until

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TODAY = date(2026, 11, 23)


def days(*numbers: int) -> tuple[date, ...]:
    return tuple(TODAY + timedelta(days=n) for n in numbers)


def test_what_fits_into_today_is_made_today():
    assert waits_until(88, NOW, [NOW, NOW]) == days(0, 0)


def test_the_ninety_first_of_a_day_waits_until_the_next():
    made_on = waits_until(0, NOW, [NOW] * 181)
    assert Counter(made_on) == {days(0)[0]: 90, days(1)[0]: 90, days(2)[0]: 1}
    assert list(made_on) == sorted(made_on)


def test_what_was_used_today_counts_and_more_than_all_of_it_too():
    assert waits_until(90, NOW, [NOW]) == waits_until(97, NOW, [NOW]) == days(1)


def test_nothing_is_made_before_it_is_wanted_and_what_is_overdue_is_made_today():
    assert waits_until(0, NOW, [NOW + timedelta(days=5), NOW - timedelta(days=5)]) == days(5, 0)


def test_a_later_day_begins_unused():
    assert waits_until(90, NOW, [NOW + timedelta(days=3)]) == days(3)


def test_who_is_wanted_first_comes_first_whatever_the_order_of_the_ask():
    later, sooner = NOW + timedelta(hours=2), NOW + timedelta(hours=1)
    assert waits_until(0, NOW, [later, sooner], a_day=1) == days(1, 0)


def test_those_who_had_to_wait_stand_before_those_of_the_next_day():
    wanted = [NOW + timedelta(days=1), NOW, NOW, NOW]
    assert waits_until(0, NOW, wanted, a_day=2) == days(1, 0, 0, 1)
    assert waits_until(0, NOW, [*wanted, NOW], a_day=2) == days(2, 0, 0, 1, 1)


def test_the_day_is_that_of_utc():
    after_midnight = datetime(2027, 7, 2, 0, 30, tzinfo=ZoneInfo("Europe/London"))
    assert waits_until(0, after_midnight, [after_midnight]) == (date(2027, 7, 1),)


def test_nothing_wanted_waits_for_nothing_and_nothing_to_spend_is_a_mistake():
    assert waits_until(0, NOW, []) == ()
    with pytest.raises(ValueError, match="nothing to spend"):
        waits_until(0, NOW, [NOW], a_day=0)


@given(
    used=st.integers(0, 12),
    a_day=st.integers(1, 5),
    hours=st.lists(st.integers(-50, 200), max_size=40),
)
def test_no_day_is_overspent_and_none_is_wasted(used: int, a_day: int, hours: list[int]):
    wanted = [NOW + timedelta(hours=h) for h in hours]
    made_on = waits_until(used, NOW, wanted, a_day)
    spent = Counter(made_on)
    spent[TODAY] += used
    for day, due in zip(made_on, wanted, strict=True):
        first = max(TODAY, due.date())
        assert day >= first
        # Every day on which it could have been made before is full.
        assert all(spent[first + timedelta(days=n)] >= a_day for n in range((day - first).days))
    assert all(n <= a_day for day, n in spent.items() if day > TODAY)
    assert spent[TODAY] <= max(a_day, used)
