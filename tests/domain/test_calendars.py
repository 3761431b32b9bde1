from datetime import date

import pytest

from zoomguard.domain.calendars import OUTSIDE_TERM, Closure, OfficeHours, closed_on

HALF_TERM = Closure("Half-term", date(2027, 2, 15), date(2027, 2, 19))
SPRING = Closure("Spring term", date(2027, 1, 4), date(2027, 3, 25))
SUMMER = Closure("Summer term", date(2027, 4, 12), date(2027, 7, 16))


@pytest.mark.parametrize(("day", "closed"), [(14, ""), (15, "Half-term"), (19, "Half-term"), (20, "")])
def test_a_closure_holds_its_first_and_its_last_day(day: int, closed: str):
    assert closed_on(date(2027, 2, day), (HALF_TERM,), ()) == closed


@pytest.mark.parametrize(
    ("day", "closed"),
    [
        (date(2027, 1, 3), OUTSIDE_TERM),
        (date(2027, 1, 4), ""),
        (date(2027, 3, 25), ""),
        (date(2027, 3, 26), OUTSIDE_TERM),
        (date(2027, 4, 12), ""),
    ],
)
def test_where_terms_are_given_days_outside_all_of_them_are_closed(day: date, closed: str):
    assert closed_on(day, (), (SPRING, SUMMER)) == closed


def test_without_terms_every_day_is_in_term():
    assert closed_on(date(2027, 8, 15), (), ()) == ""


def test_a_closure_within_a_term_is_told_by_its_own_name():
    assert closed_on(date(2027, 2, 16), (HALF_TERM,), (SPRING,)) == "Half-term"


def test_the_office_is_open_on_weekdays_that_are_no_holiday():
    office = OfficeHours(holidays=frozenset({date(2026, 12, 25)}))
    assert [office.open_on(date(2026, 12, day)) for day in (24, 25, 26, 27, 28)] == [True, False, False, False, True]
