"""Written by icalendar, read back by vobject: what one library believes of itself proves little."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import vobject

from zoomguard.adapters.calendar import Calendars
from zoomguard.domain.calendars import CANCEL, PUBLISH, CalendarEntry

ENTRY = CalendarEntry(
    uid="01KBDZ5S00ZG0000000000SAFE@mail.northmoor.example",
    sequence=2,
    method=PUBLISH,
    starts_at=datetime(2026, 12, 1, 16, tzinfo=UTC),
    minutes=50,
    summary="MATHS-7B",
    description="Online lesson.\nThe link stands in the mail.",
    url="https://college.example/s/1?a=b,c;d",
    made_at=datetime(2026, 11, 23, 9, 0, 1, 999, tzinfo=UTC),
)


def read(**change: Any) -> Any:
    """The event as another library understands it."""
    return vobject.readOne(Calendars().event(replace(ENTRY, **change)))


def test_an_entry_says_what_it_was_told_and_nothing_else():
    calendar = read()
    assert calendar.prodid.value == "-//zoomguard//zoomguard//EN"
    assert (calendar.version.value, calendar.method.value) == ("2.0", "PUBLISH")
    (event,) = calendar.vevent_list
    said = {line.name: line.value for line in event.getChildren()}
    assert said == {
        "UID": ENTRY.uid,
        "SEQUENCE": "2",
        "DTSTAMP": datetime(2026, 11, 23, 9, 0, 1, tzinfo=UTC),
        "DTSTART": ENTRY.starts_at,
        "DTEND": ENTRY.starts_at + timedelta(minutes=50),
        "SUMMARY": "MATHS-7B",
        "DESCRIPTION": ENTRY.description,
        "URL": ENTRY.url,
        "STATUS": "CONFIRMED",
        "TRANSP": "OPAQUE",
    }
    assert [component.name for component in calendar.components()] == ["VEVENT"]


def test_what_is_called_off_is_cancelled_under_the_same_uid():
    calendar = read(method=CANCEL, sequence=3)
    assert (calendar.method.value, calendar.vevent.status.value) == ("CANCEL", "CANCELLED")
    assert (calendar.vevent.uid.value, calendar.vevent.sequence.value) == (ENTRY.uid, "3")


def test_an_entry_without_an_address_has_no_line_for_it():
    assert "url" not in read(url="").vevent.contents


@pytest.mark.parametrize(
    ("wall", "written"),
    [
        ("2027-03-27 10:00", "20270327T100000Z"),
        ("2027-03-28 10:00", "20270328T090000Z"),
        ("2027-10-30 10:00", "20271030T090000Z"),
        ("2027-10-31 10:00", "20271031T100000Z"),
    ],
)
def test_on_both_sides_of_both_changes_of_clocks_the_time_is_that_of_utc(wall: str, written: str):
    starts_at = datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo("Europe/London"))
    text = Calendars().event(replace(ENTRY, starts_at=starts_at))
    assert f"\r\nDTSTART:{written}\r\n" in text
    assert "TZID" not in text and "VTIMEZONE" not in text
    assert read(starts_at=starts_at).vevent.dtstart.value == starts_at


def test_a_lesson_over_the_night_of_a_change_keeps_its_length():
    event = read(starts_at=datetime(2027, 3, 28, 0, 30, tzinfo=UTC), minutes=120).vevent
    assert event.dtend.value - event.dtstart.value == timedelta(hours=2)
    assert event.dtend.value == datetime(2027, 3, 28, 2, 30, tzinfo=UTC)


def test_a_time_of_another_zone_is_written_in_utc():
    elsewhere = datetime(2026, 12, 1, 23, tzinfo=timezone(timedelta(hours=7)))
    assert "\r\nDTSTART:20261201T160000Z\r\n" in Calendars().event(replace(ENTRY, starts_at=elsewhere))
    assert "\r\nDTSTAMP:20261201T160000Z\r\n" in Calendars().event(replace(ENTRY, made_at=elsewhere))


def test_lines_end_in_crlf_and_are_folded_at_75_octets_without_breaking_a_letter():
    description = "Größe, đọc; 你好 \\ " * 20
    text = Calendars().event(replace(ENTRY, description=description))
    lines = text.split("\r\n")
    assert lines[-1] == "" and not any("\n" in line or "\r" in line for line in lines)
    assert max(len(line.encode()) for line in lines) <= 75
    assert read(description=description).vevent.description.value == description


def test_a_line_break_in_a_summary_makes_no_line_of_its_own():
    calendar = read(summary="MATHS\r\nATTENDEE:mailto:x@y.example\nBEGIN:VALARM")
    assert "attendee" not in calendar.vevent.contents
    assert "valarm" not in calendar.vevent.contents
