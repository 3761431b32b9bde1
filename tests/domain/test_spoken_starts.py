from datetime import UTC, datetime

import pytest

from zoomguard.domain.errors import BadInput
from zoomguard.domain.spoken_starts import day_said, wall_start

LONDON = "Europe/London"
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def said(text: str, zone: str = LONDON, now: datetime = MONDAY) -> str:
    return f"{wall_start(text, zone, now):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-12-01 16:00", "2026-12-01 16:00"),
        (" 2026-12-01T16:00 ", "2026-12-01 16:00"),
        ("1 dec 16:00", "2026-12-01 16:00"),
        ("01 December 2026 16:00", "2026-12-01 16:00"),
        ("Tue 1 Dec 16:00", "2026-12-01 16:00"),
        ("Tuesday, 1 Dec 2026, 16:00", "2026-12-01 16:00"),
        ("1 Dec 9.30", "2026-12-01 09:30"),
        ("tue 16:00", "2026-11-24 16:00"),
        ("Sunday 10:00", "2026-11-29 10:00"),
        ("today 16:00", "2026-11-23 16:00"),
        ("tomorrow 9:30", "2026-11-24 09:30"),
        ("29 feb 2028 16:00", "2028-02-29 16:00"),
    ],
)
def test_a_start_may_be_said_as_people_say_it(text: str, meant: str) -> None:
    assert said(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [("mon 09:00", "2026-11-30 09:00"), ("mon 09:01", "2026-11-23 09:01"), ("mon 08:59", "2026-11-30 08:59")],
)
def test_a_day_of_the_week_is_the_next_one_whose_time_is_still_to_come(text: str, meant: str) -> None:
    assert said(text) == meant


def test_a_date_without_its_year_is_the_next_such_date_today_included() -> None:
    assert said("23 nov 16:00") == "2026-11-23 16:00"
    assert said("22 nov 16:00") == "2027-11-22 16:00"
    assert said("5 jan 16:00") == "2027-01-05 16:00"


def test_today_is_todays_date_in_the_zone_of_the_lesson() -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert said("today 16:00", LONDON, late) == "2026-11-23 16:00"
    assert said("today 16:00", "Asia/Ho_Chi_Minh", late) == "2026-11-24 16:00"
    assert said("tue 06:00", "Asia/Ho_Chi_Minh", late) == "2026-12-01 06:00"


@pytest.mark.parametrize(
    "text",
    [
        *("", "16:00", "tuesday", "tu 16:00", "1 de 16:00", "nosuchday 16:00", "32 dec 16:00", "0 dec 16:00"),
        *("1 dec 24:00", "1 dec 16:60", "1 dec 4pm", "1 12 16:00", "dec 1 16:00", "1 dec 26 nov 16:00", "tue 1 16:00"),
        *("tue tue 16:00", "29 feb 16:00", "1 dec 99999 16:00", "1 dec 0 16:00", "² dec 16:00", "tomorrow 1 dec 16:00"),
        *("2026-12-1 16:00", "2026-12-01 16:00 17:00", "a\x1b[2Jb 16:00"),
    ],
)
def test_what_is_no_date_and_time_is_refused_and_told_how_to_be_written(text: str) -> None:
    with pytest.raises(BadInput) as refusal:
        said(text)
    assert refusal.value.code == "BAD_TIME" and "2026-12-01 16:00" in refusal.value.remedy
    assert "\x1b" not in str(refusal.value)


def test_a_day_of_the_week_that_is_not_that_dates_is_refused_by_its_right_name() -> None:
    with pytest.raises(BadInput, match=r"1 Dec 2026 is a Tuesday\.") as refusal:
        said("mon 1 dec 16:00")
    assert refusal.value.code == "BAD_TIME"


def test_a_zone_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput) as refusal:
        said("tue 16:00", "Europe/Northmoor")
    assert refusal.value.code == "BAD_TIMEZONE"


@pytest.mark.parametrize("text", ["", "tuesday", "2026-02-30 16:00", "1 dec 4pm"])
def test_a_start_that_is_refused_is_told_all_the_ways_to_say_it(text: str) -> None:
    with pytest.raises(BadInput) as refusal:
        said(text)
    assert refusal.value.remedy == 'Write it as "2026-12-01 16:00", "1 Dec 16:00" or "tue 16:00".'
    assert "--" not in refusal.value.remedy


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-12-01", "2026-12-01"),
        ("today", "2026-11-23"),
        ("tomorrow", "2026-11-24"),
        ("mon", "2026-11-23"),
        ("Tuesday", "2026-11-24"),
        ("1 Dec", "2026-12-01"),
        ("Tue, 1 Dec", "2026-12-01"),
        ("22 nov", "2027-11-22"),
    ],
)
def test_a_day_may_be_said_as_people_say_it(text: str, meant: str) -> None:
    assert f"{day_said(text, LONDON, MONDAY)}" == meant
    assert f"{day_said(text, LONDON, MONDAY.replace(hour=23, minute=59))}" == meant


@pytest.mark.parametrize(
    "text", ["", " ", "tu", "16:00", "tue 16:00", "2026-12-1", "2026-02-30", "32 dec", "1", "mon 1 dec"]
)
def test_what_is_no_day_is_refused_and_told_how_to_be_written(text: str) -> None:
    with pytest.raises(BadInput) as refusal:
        day_said(text, LONDON, MONDAY)
    assert refusal.value.code == "BAD_DATE" and refusal.value.remedy


def test_the_29th_of_february_may_be_said_without_its_year_where_it_is_near() -> None:
    assert said("29 feb 16:00", now=datetime(2027, 12, 1, tzinfo=UTC)) == "2028-02-29 16:00"
    assert said("29 feb 16:00", now=datetime(2028, 2, 1, tzinfo=UTC)) == "2028-02-29 16:00"
