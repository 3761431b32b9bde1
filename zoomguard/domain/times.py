"""Local times into UTC, with the two nights a year on which clocks change."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from zoomguard.domain.errors import BadInput

LOCAL = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2})")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MAX_MINUTES = 180
HORIZON = timedelta(days=366)


def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name; BadInput BAD_TIMEZONE where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(
            f'"{printable(name)[:40]}" is not a time zone.', 'Use a name such as "Europe/London".', code="BAD_TIMEZONE"
        ) from None


def local_start(text: str) -> datetime:
    """A naive wall time from "2026-12-01 16:00"; BadInput BAD_TIME for any other form."""
    match = LOCAL.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError
        return datetime.fromisoformat(f"{match[1]}T{match[2]}")
    except ValueError:
        raise BadInput(
            f'"{printable(text)[:40]}" is not a date and time.',
            'Write it as "2026-12-01 16:00" and give the zone with --timezone.',
            code="BAD_TIME",
        ) from None


def to_utc(wall: datetime, zone_name: str, fold: str | None = None) -> datetime:
    """The aware UTC moment of a naive wall time.

    BadInput DST_GAP where that time does not exist (with the two nearest that do), DST_AMBIGUOUS where it
    comes twice and `fold` ("earlier" or "later") does not say which.
    """
    where = zone(zone_name)
    try:
        first, second = (wall.replace(tzinfo=where, fold=n).astimezone(UTC) for n in (0, 1))
    except OverflowError:
        raise BadInput("No calendar reaches that far.", "Give a nearer date.", code="BAD_TIME") from None
    if first.astimezone(where).replace(tzinfo=None) != wall:
        before, after = (m.astimezone(where).strftime("%H:%M") for m in (second, first))
        raise BadInput(
            f"{wall:%a %-d %b %Y %H:%M} does not exist in {zone_name}: the clocks change.",
            f"Use {before} or {after}.",
            code="DST_GAP",
        )
    if first == second:
        return first
    if fold not in ("earlier", "later"):
        raise BadInput(
            f"{wall:%a %-d %b %Y %H:%M} comes twice in {zone_name}: the clocks change.",
            "Say which with --fold earlier or --fold later.",
            code="DST_AMBIGUOUS",
        )
    return first if fold == "earlier" else second


def check_slot(starts_at: datetime, minutes: int, now: datetime) -> None:
    """Refuses a slot that cannot be: too long, in the past, or more than a year away."""
    if not 1 <= minutes <= MAX_MINUTES:
        raise BadInput(
            f"A session of {minutes} minutes is not possible.", f"Give 1 to {MAX_MINUTES} minutes.", code="BAD_LENGTH"
        )
    if starts_at <= now:
        raise BadInput("The start is in the past.", "Give a start that is still to come.", code="START_IN_PAST")
    if starts_at > now + HORIZON:
        raise BadInput("The start is more than a year away.", "Give a nearer date.", code="START_TOO_FAR")


def a_day(text: str) -> date:
    """A date from "2026-12-01"; BadInput BAD_DATE for any other form."""
    try:
        if DAY.fullmatch(text.strip()) is None:
            raise ValueError
        return date.fromisoformat(text.strip())
    except ValueError:
        raise BadInput(f'"{printable(text)[:40]}" is not a date.', "Write it as 2026-12-01.", code="BAD_DATE") from None


def day_bounds(day: date, zone_name: str) -> tuple[datetime, datetime]:
    """The aware UTC moments at which a local day begins and ends."""
    where = zone(zone_name)
    begins, ends = (datetime.combine(d, time(), where).astimezone(UTC) for d in (day, day + timedelta(days=1)))
    return begins, ends


def day_in(moment: datetime, zone_name: str) -> date:
    """The local date of an aware moment."""
    return moment.astimezone(zone(zone_name)).date()


def iso(moment: datetime) -> str:
    """An aware moment as ISO 8601 in UTC, whole seconds, ending in Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_iso(text: str) -> datetime:
    """The aware UTC moment of an ISO 8601 text; ValueError for anything else, a naive one included."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the time has no zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("no calendar reaches that far") from None


def spoken(moment: datetime, zone_name: str) -> str:
    """A moment as people read it, with week day and zone: "Tue 1 Dec 2026 16:00 Europe/London"."""
    return f"{moment.astimezone(zone(zone_name)):%a %-d %b %Y %H:%M} {zone_name}"


def printable(text: str) -> str:
    """The text with control characters shown escaped, so that no terminal obeys them."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
