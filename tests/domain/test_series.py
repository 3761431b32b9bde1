from datetime import date

import pytest

from zoomguard.domain.calendars import Closure
from zoomguard.domain.errors import BadInput
from zoomguard.domain.series import Occurrence, occurrences
from zoomguard.domain.times import local_start, to_utc

LONDON = "Europe/London"
HALF_TERM = Closure("Half-term", date(2027, 2, 15), date(2027, 2, 19))


def refused(start: str, until_on: date, zone: str = LONDON, fold: str | None = None) -> BadInput:
    with pytest.raises(BadInput) as refusal:
        occurrences(start, zone, until_on, fold, (), ())
    return refusal.value


def test_a_weekly_series_keeps_the_wall_time_while_the_clocks_change():
    series = occurrences("2027-03-21 10:00", LONDON, date(2027, 4, 4), None, (), ())
    assert [o.local for o in series] == ["2027-03-21 10:00", "2027-03-28 10:00", "2027-04-04 10:00"]
    assert [to_utc(local_start(o.local), LONDON).hour for o in series] == [10, 9, 9]


def test_an_occurrence_in_a_closure_is_skipped_by_its_name_and_stays_in_the_list():
    series = occurrences("2027-02-02 16:00", LONDON, date(2027, 2, 23), None, (HALF_TERM,), ())
    assert series == (
        Occurrence("2027-02-02 16:00"),
        Occurrence("2027-02-09 16:00"),
        Occurrence("2027-02-16 16:00", "Half-term"),
        Occurrence("2027-02-23 16:00"),
    )


@pytest.mark.parametrize(("start", "skipped"), [("2027-02-15 00:00", "Half-term"), ("2027-02-19 23:59", "Half-term"),
                                                ("2027-02-14 23:59", ""), ("2027-02-20 00:00", "")])  # fmt: skip
def test_a_closure_is_judged_by_the_date_on_the_wall(start: str, skipped: str):
    # In UTC each of these moments in Auckland is a day earlier.
    day = date.fromisoformat(start[:10])
    assert occurrences(start, "Pacific/Auckland", day, None, (HALF_TERM,), ()) == (Occurrence(start, skipped),)


def test_an_occurrence_outside_every_term_is_skipped():
    term = Closure("Spring term", date(2027, 1, 4), date(2027, 3, 25))
    series = occurrences("2027-03-24 16:00", LONDON, date(2027, 3, 31), None, (), (term,))
    assert [o.skipped for o in series] == ["", "outside term"]


def test_an_occurrence_that_does_not_exist_is_left_to_whoever_converts_it():
    series = occurrences("2027-03-21 01:30", LONDON, date(2027, 4, 4), None, (), ())
    assert [o.local for o in series] == ["2027-03-21 01:30", "2027-03-28 01:30", "2027-04-04 01:30"]
    with pytest.raises(BadInput) as refusal:
        to_utc(local_start(series[1].local), LONDON)
    assert refusal.value.code == "DST_GAP"


@pytest.mark.parametrize("fold", [None, "", "earlier", "later"])
def test_an_hour_that_comes_twice_stands_once_in_the_series(fold: str | None):
    series = occurrences("2027-10-24 01:30", LONDON, date(2027, 10, 31), fold, (), ())
    assert [o.local for o in series] == ["2027-10-24 01:30", "2027-10-31 01:30"]


def test_a_series_may_end_on_the_day_it_begins_and_leaves_out_a_broken_week():
    assert len(occurrences("2027-02-02 16:00", LONDON, date(2027, 2, 2), None, (), ())) == 1
    assert len(occurrences("2027-02-02 16:00", LONDON, date(2027, 2, 8), None, (), ())) == 1
    assert len(occurrences("2027-02-02 16:00", LONDON, date(2027, 2, 9), None, (), ())) == 2


def test_a_series_that_ends_before_it_begins_is_refused():
    assert refused("2027-02-02 16:00", date(2027, 2, 1)).code == "SERIES_ENDS_EARLY"


def test_sixty_occurrences_are_taken_and_sixty_one_refused():
    series = occurrences("2027-01-01 16:00", LONDON, date(2028, 2, 18), None, (), ())
    assert (len(series), series[-1].local) == (60, "2028-02-18 16:00")
    refusal = refused("2027-01-01 16:00", date(2028, 2, 25))
    assert (refusal.code, refusal.message) == ("SERIES_TOO_LONG", "A series of 61 lessons is too long.")
    assert refused("2027-01-01 16:00", date.max).code == "SERIES_TOO_LONG"


def test_what_is_no_time_zone_or_choice_is_refused_once_for_the_whole_series():
    day = date(2027, 2, 9)
    assert refused("tuesday", day).code == "BAD_TIME"
    assert refused("2027-02-02 16:00", day, zone="Mars/Base").code == "BAD_TIMEZONE"
    refusal = refused("2027-02-02 16:00", day, fold="both\x1b")
    assert (refusal.code, refusal.message.isprintable()) == ("BAD_FOLD", True)
