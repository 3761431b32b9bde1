from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomguard.domain.calendars import OfficeHours
from zoomguard.domain.errors import BadInput
from zoomguard.domain.office_hours import Sendable, earliest

LONDON = "Europe/London"
OFFICE = OfficeHours()
ZONES = (LONDON, "Asia/Ho_Chi_Minh", "America/Los_Angeles", "Pacific/Auckland", "Pacific/Kiritimati", "Asia/Kolkata")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "at"),
    [
        # Summer time: nine in London is eight in UTC. Winter time: both are nine.
        ("2027-03-26 08:59", "2027-03-26 09:00"),
        ("2027-03-29 07:59", "2027-03-29 08:00"),
        ("2027-10-29 07:59", "2027-10-29 08:00"),
        ("2027-11-01 08:59", "2027-11-01 09:00"),
        # From the last office hours before a change of clocks to the first ones after it.
        ("2027-03-26 17:00", "2027-03-29 08:00"),
        ("2027-10-29 16:00", "2027-11-01 09:00"),
        ("2026-12-05 12:00", "2026-12-07 09:00"),
        ("2026-12-01 23:30", "2026-12-02 09:00"),
    ],
)
def test_outside_office_hours_a_message_waits_for_the_next_ones(now: str, at: str):
    assert earliest(utc(now), OFFICE, LONDON, LONDON) == Sendable(utc(at), "MSG-HOURS")


@pytest.mark.parametrize("now", ["2026-12-01 09:00", "2026-12-01 16:59", "2027-07-01 08:00", "2027-07-01 15:59"])
def test_in_office_hours_it_leaves_now(now: str):
    assert earliest(utc(now), OFFICE, LONDON, LONDON) == Sendable(utc(now))


def test_at_closing_time_it_waits():
    assert earliest(utc("2026-12-01 17:00"), OFFICE, LONDON, LONDON).at == utc("2026-12-02 09:00")


def test_holidays_and_other_office_days_hold():
    office = OfficeHours(frozenset({0, 5}), time(10), time(12), frozenset({date(2026, 12, 28)}))
    assert earliest(utc("2026-12-25 11:00"), office, LONDON, LONDON).at == utc("2026-12-26 10:00")
    assert earliest(utc("2026-12-26 12:00"), office, LONDON, LONDON).at == utc("2027-01-02 10:00")


@pytest.mark.parametrize(
    ("now", "home", "at", "reason"),
    [
        # Nine in the evening in Ho Chi Minh City is two in the afternoon in London.
        ("2026-12-01 13:59", "Asia/Ho_Chi_Minh", "2026-12-01 13:59", ""),
        ("2026-12-01 14:00", "Asia/Ho_Chi_Minh", "2026-12-02 09:00", "MSG-HOURS"),
        ("2026-12-04 15:00", "Asia/Ho_Chi_Minh", "2026-12-07 09:00", "MSG-HOURS"),
        # Seven in the morning in Los Angeles is three in the afternoon in London.
        ("2026-12-01 10:00", "America/Los_Angeles", "2026-12-01 15:00", "MSG-HOURS"),
        ("2026-12-01 15:00", "America/Los_Angeles", "2026-12-01 15:00", ""),
        # In the weeks in which only America has changed its clocks it is two.
        ("2027-03-16 10:00", "America/Los_Angeles", "2027-03-16 14:00", "MSG-HOURS"),
        # In July nine in London is eight in the evening in Auckland.
        ("2027-07-05 10:00", "Pacific/Auckland", "2027-07-06 08:00", "MSG-HOURS"),
    ],
)
def test_it_must_be_day_where_the_child_lives(now: str, home: str, at: str, reason: str):
    assert earliest(utc(now), OFFICE, LONDON, home) == Sendable(utc(at), reason)


@pytest.mark.parametrize(
    ("now", "at"),
    [
        # December: London's office hours are 22:00 to 06:00 in Auckland.
        ("2026-12-01 10:00", "2026-12-01 16:30"),
        ("2026-12-01 16:30", "2026-12-01 16:30"),
        ("2026-12-01 16:45", "2026-12-01 16:45"),
        ("2026-12-01 17:00", "2026-12-02 16:30"),
        ("2026-12-04 17:00", "2026-12-07 16:30"),
    ],
)
def test_where_the_two_never_meet_it_leaves_in_the_office_hours_nearest_the_childs_morning(now: str, at: str):
    assert earliest(utc(now), OFFICE, LONDON, "Pacific/Auckland") == Sendable(utc(at), "tz_exception")


def test_short_office_hours_never_give_a_moment_before_they_open():
    short = OfficeHours(from_at=time(22), until_at=time(22, 10))
    assert earliest(utc("2026-12-01 10:00"), short, LONDON, LONDON) == Sendable(utc("2026-12-01 22:00"), "tz_exception")


def test_the_meeting_of_both_is_looked_for_from_the_next_office_hours_on_however_far_these_are():
    closed = OfficeHours(holidays=frozenset(date(2026, 12, 18) + timedelta(days=n) for n in range(17)))
    assert earliest(utc("2026-12-18 10:00"), closed, LONDON, "Asia/Kolkata").at == utc("2027-01-04 09:00")


def test_it_looks_seventy_two_hours_ahead_and_not_until_the_clocks_change():
    # The two would meet again in April; a message does not wait that long.
    sendable = earliest(utc("2027-03-01 10:00"), OFFICE, LONDON, "Pacific/Auckland")
    assert sendable == Sendable(utc("2027-03-01 16:30"), "tz_exception")


def test_behind_what_is_left_of_today_one_whole_day_is_looked_at_however_far_it_is():
    bank_holiday = OfficeHours(holidays=frozenset({date(2027, 5, 3)}))
    # Friday, 22:00 in Ho Chi Minh City; the office opens again on Tuesday, 89 hours later.
    sendable = earliest(utc("2027-04-30 15:00"), bank_holiday, LONDON, "Asia/Ho_Chi_Minh")
    assert sendable == Sendable(utc("2027-05-04 08:00"), "MSG-HOURS")


def test_of_several_ends_of_office_hours_the_nearest_to_the_morning_counts():
    # New Zealand's clocks go forward on Sunday 26 September 2027: from Monday on, 16:30 in London is 04:30 there.
    evening = OfficeHours(from_at=time(12), until_at=time(17))
    sendable = earliest(utc("2027-09-24 09:00"), evening, LONDON, "Pacific/Auckland")
    assert sendable == Sendable(utc("2027-09-27 15:30"), "tz_exception")


def test_within_seventy_two_hours_a_third_day_of_office_hours_is_looked_at_too():
    # Auckland's clocks go back on Sunday 4 April 2027: only then does the office open before nine in the evening there.
    every_day = OfficeHours(days=frozenset(range(7)))
    sendable = earliest(utc("2027-04-02 08:00"), every_day, LONDON, "Pacific/Auckland")
    assert sendable == Sendable(utc("2027-04-04 08:00"), "MSG-HOURS")


def test_an_evening_is_as_far_from_the_morning_as_that_is_to_come():
    # On Kiritimati the hour ends at 23:30 on Friday and, after London's change of clocks, at 22:30 on Monday.
    hour = OfficeHours(from_at=time(8, 30), until_at=time(9, 30))
    sendable = earliest(utc("2027-03-26 06:00"), hour, LONDON, "Pacific/Kiritimati")
    assert sendable == Sendable(utc("2027-03-26 09:00"), "tz_exception")


def test_office_hours_that_end_in_the_childs_next_morning_meet_it_there():
    late = OfficeHours(until_at=time(19))
    sendable = earliest(utc("2026-12-01 10:00"), late, LONDON, "Pacific/Auckland")
    assert sendable == Sendable(utc("2026-12-01 18:00"), "MSG-HOURS")


def test_the_office_day_is_that_of_the_college_and_the_answer_is_in_utc():
    late, new_york = OfficeHours(from_at=time(17), until_at=time(21)), "America/New_York"
    now = datetime(2026, 12, 1, 20, 30, tzinfo=ZoneInfo(new_york))
    sendable = earliest(now, late, new_york, new_york)
    assert sendable == Sendable(utc("2026-12-02 01:30"))
    assert sendable.at.tzinfo is UTC


@pytest.mark.parametrize("zone", ["", "Mars/Base"])
def test_what_is_no_zone_is_refused(zone: str):
    with pytest.raises(BadInput) as refusal:
        earliest(utc("2026-12-01 10:00"), OFFICE, LONDON, zone)
    assert refusal.value.code == "BAD_TIMEZONE"


@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)),  # noqa: DTZ001 - the zone is put on below
    home=st.sampled_from(ZONES),
)
def test_the_moment_is_in_office_hours_and_asking_again_at_it_changes_nothing(now: datetime, home: str):
    now = now.replace(tzinfo=UTC)
    sendable = earliest(now, OFFICE, LONDON, home)
    at_college = sendable.at.astimezone(ZoneInfo(LONDON))
    assert sendable.at >= now
    assert at_college.weekday() < 5 and time(9) <= at_college.time() < time(17)
    if sendable.reason != "tz_exception":
        assert time(7) <= sendable.at.astimezone(ZoneInfo(home)).time() < time(21)
        assert (sendable.reason == "MSG-HOURS") == (sendable.at > now)
    assert earliest(sendable.at, OFFICE, LONDON, home).at == sendable.at
