"""A calendar entry as text that every calendar program reads (RFC 5545, RFC 5546), written by icalendar."""

from __future__ import annotations

from datetime import UTC, timedelta

from icalendar import Calendar, Event

from zoomguard.domain.calendars import CANCEL, CalendarEntry

PRODUCT = "-//zoomguard//zoomguard//EN"


class Calendars:
    """Writes calendar entries; nobody is named in them, nobody is asked to answer, no alarm rings."""

    def event(self, entry: CalendarEntry) -> str:
        """The entry as a calendar of one event: UTC times, lines folded at 75 octets and ended by CRLF."""
        calendar = Calendar()
        calendar.add("prodid", PRODUCT)
        calendar.add("version", "2.0")
        calendar.add("method", entry.method)
        calendar.add_component(_event(entry))
        return calendar.to_ical().decode()


def _event(entry: CalendarEntry) -> Event:
    starts_at = entry.starts_at.astimezone(UTC)
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.made_at)
    event.add("dtstart", starts_at)
    event.add("dtend", starts_at + timedelta(minutes=entry.minutes))
    event.add("summary", entry.summary)
    event.add("description", entry.description)
    if entry.url:
        event.add("url", entry.url)
    event.add("status", "CANCELLED" if entry.method == CANCEL else "CONFIRMED")
    event.add("transp", "OPAQUE")
    return event
