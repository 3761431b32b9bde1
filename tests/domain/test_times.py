from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zoomguard.domain.errors import BadInput
from zoomguard.domain.times import (
    HORIZON,
    check_slot,
    day_in,
    iso,
    local_start,
    parse_iso,
    printable,
    spoken,
    to_utc,
    zone,
)

ZONES = ("Europe/London", "America/New_York", "Asia/Ho_Chi_Minh", "Australia/Lord_Howe", "Pacific/Auckland")
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.mark.parametrize("name", ["Mars/Base", "", "Europe", "../etc/passwd", "a\0b", "Europe/London\n"])
def test_what_is_no_zone_is_refused(name: str):
    with pytest.raises(BadInput) as refusal:
        zone(name)
    assert refusal.value.code == "BAD_TIMEZONE"
    assert refusal.value.message.isprintable()


def test_a_start_is_read_with_a_space_or_a_t():
    expected = datetime(2026, 12, 1, 16, 0)  # noqa: DTZ001 - a wall time is naive
    assert local_start(" 2026-12-01 16:00 ") == local_start("2026-12-01T16:00") == expected


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2026-12-01", "01/12/2026 16:00", "2026-02-30 16:00", "2026-12-01 25:00",
             "2026-12-01 16:00Z", "2026-12-01 16:00\x1b[2J", "２０２６-12-01 16:00"]
)  # fmt: skip
def test_what_is_no_start_is_refused(text: str):
    with pytest.raises(BadInput) as refusal:
        local_start(text)
    assert refusal.value.code == "BAD_TIME"
    assert refusal.value.message.isprintable()


def test_a_series_keeps_londons_wall_time_across_the_clock_change():
    starts = [f"2027-03-{day} 10:00" for day in (21, 28)] + ["2027-04-04 10:00"]
    hours = [to_utc(local_start(text), "Europe/London").hour for text in starts]
    assert hours == [10, 9, 9]


def test_a_time_that_does_not_exist_is_refused_with_two_that_do():
    with pytest.raises(BadInput) as refusal:
        to_utc(local_start("2027-03-28 01:30"), "Europe/London")
    assert refusal.value.code == "DST_GAP"
    assert refusal.value.remedy == "Use 00:30 or 02:30."


def test_a_time_that_comes_twice_is_asked_about():
    twice = local_start("2027-10-31 01:30")
    for fold in (None, "first"):
        with pytest.raises(BadInput) as refusal:
            to_utc(twice, "Europe/London", fold)
        assert refusal.value.code == "DST_AMBIGUOUS"
    assert to_utc(twice, "Europe/London", "earlier") == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert to_utc(twice, "Europe/London", "later") == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "where"), [("0001-01-01 00:00", "Asia/Tokyo"), ("9999-12-31 23:00", "America/New_York")]
)
def test_a_time_beyond_the_calendar_is_refused(text: str, where: str):
    with pytest.raises(BadInput) as refusal:
        to_utc(local_start(text), where)
    assert refusal.value.code == "BAD_TIME"


MINUTES = st.datetimes(local_start("2026-01-01 00:00"), local_start("2029-01-01 00:00"), timezones=st.just(UTC)).map(
    lambda at: at.replace(second=0, microsecond=0)
)


@given(MINUTES, st.sampled_from(ZONES))
def test_every_moment_comes_back_from_its_wall_time(moment: datetime, where: str):
    local = moment.astimezone(zone(where))
    fold = "later" if local.fold else "earlier"
    assert to_utc(local.replace(tzinfo=None, fold=0), where, fold) == moment


@given(MINUTES, st.sampled_from(ZONES), st.sampled_from([None, "earlier", "later"]))
def test_a_wall_time_becomes_a_moment_that_shows_it_or_is_refused(at: datetime, where: str, fold: str | None):
    wall = at.replace(tzinfo=None)
    try:
        moment = to_utc(wall, where, fold)
    except BadInput as refusal:
        assume(refusal.code not in ("DST_GAP", "DST_AMBIGUOUS"))
        raise
    assert moment.astimezone(zone(where)).replace(tzinfo=None, fold=0) == wall


@pytest.mark.parametrize(
    ("starts_at", "minutes", "code"),
    [
        (NOW + timedelta(days=1), 0, "BAD_LENGTH"),
        (NOW + timedelta(days=1), 181, "BAD_LENGTH"),
        (NOW, 60, "START_IN_PAST"),
        (NOW + HORIZON + timedelta(minutes=1), 60, "START_TOO_FAR"),
    ],
)
def test_a_slot_that_cannot_be_is_refused(starts_at: datetime, minutes: int, code: str):
    with pytest.raises(BadInput) as refusal:
        check_slot(starts_at, minutes, NOW)
    assert refusal.value.code == code


@pytest.mark.parametrize("minutes", [1, 180])
def test_a_slot_that_can_be_is_accepted(minutes: int):
    check_slot(NOW + timedelta(minutes=1), minutes, NOW)
    check_slot(NOW + HORIZON, minutes, NOW)


def test_the_day_of_a_moment_is_the_local_one():
    late = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    assert day_in(late, "Europe/London") == date(2026, 7, 1)
    assert day_in(late, "America/New_York") == date(2026, 6, 30)


@given(MINUTES, st.sampled_from(ZONES))
def test_iso_text_comes_back_as_the_same_moment_in_utc(moment: datetime, where: str):
    text = iso(moment.astimezone(zone(where)))
    assert text.endswith("Z")
    assert parse_iso(text) == moment


def test_a_naive_iso_text_is_refused():
    with pytest.raises(ValueError, match="no zone"):
        parse_iso("2026-12-01T16:00:00")
    assert parse_iso("2026-12-01T16:00:00+01:00") == datetime(2026, 12, 1, 15, tzinfo=UTC)


def test_a_moment_is_spoken_with_week_day_and_zone():
    text = spoken(datetime(2026, 12, 1, 16, tzinfo=UTC), "Asia/Ho_Chi_Minh")
    assert text == "Tue 1 Dec 2026 23:00 Asia/Ho_Chi_Minh"


@given(st.text())
def test_what_is_shown_never_holds_a_control_character(text: str):
    assert printable(text).isprintable()
