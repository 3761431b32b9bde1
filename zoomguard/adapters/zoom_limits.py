"""Zoom's three ways to say 429: too many in this second, in this day, or for this person's day.

developers.zoom.us/docs/api/rate-limits; the limits of a person (100 creates and updates a host and day,
3 registrations a registrant and day) are told by their text alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from zoomguard.domain.errors import Throttled

SECONDS = re.compile(r"\d{1,13}(?:\.\d{1,6})?")
DAILY = re.compile(r"daily|per day|permitted for")
OF_HOST = re.compile(r"create|update|permitted for|\(100\)|(?:this|the|particular) (?:user|host)")
OF_REGISTRANT = re.compile(r"registra(?:nt|tion)")
LONGEST = timedelta(days=2)  # a date further away is an error of the other side
SOONEST_OF_DAY = timedelta(minutes=1)


@dataclass(frozen=True)
class Limit:
    """Which limit was met, and when to go on (None: it did not say)."""

    code: str
    message: str
    retry_at: datetime | None

    def throttled(self, retry_at: datetime | None = None) -> Throttled:
        """The error for it."""
        return Throttled(self.message, self.retry_at or retry_at, code=self.code)


def limit(headers: Mapping[str, str], said: str, now: datetime) -> Limit:
    """The limit behind a 429; one of a day always has a moment, the next UTC midnight where none is given."""
    told, text = _told(headers, now), said.lower()
    if not (DAILY.search(text) or headers.get("X-RateLimit-Type", "").lower().startswith("daily")):
        return Limit("ZOOM_RATE_LIMIT", "Zoom wants fewer calls in a second.", told)
    retry_at = max(told or _next_midnight(now), now + SOONEST_OF_DAY)
    if OF_REGISTRANT.search(text):
        message = "Zoom's limit of registrations for one person and day is reached."
        return Limit("ZOOM_REGISTRANT_DAILY_LIMIT", message, retry_at)
    if OF_HOST.search(text):
        message = "Zoom's limit of 100 creates and updates for this host and day is reached."
        return Limit("ZOOM_HOST_DAILY_LIMIT", message, retry_at)
    return Limit("ZOOM_DAILY_LIMIT", "The account's calls for this day are used up.", retry_at)


def moment(text: str, now: datetime) -> datetime | None:
    """A Retry-After: seconds, Unix time, an HTTP date or an ISO datetime; None where it is none of them."""
    text = text.strip()
    if SECONDS.fullmatch(text):
        seconds = float(text)
        if seconds < 1e9:
            return now + timedelta(seconds=min(seconds, LONGEST.total_seconds()))
        return _capped(datetime.fromtimestamp(seconds / (1000 if seconds >= 1e12 else 1), UTC), now)
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text)
            return _capped(found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC), now)
        except (ValueError, OverflowError):
            continue
    return None


def _told(headers: Mapping[str, str], now: datetime) -> datetime | None:
    for name in ("Retry-After", "X-RateLimit-Reset"):
        if (found := moment(headers.get(name, ""), now)) is not None:
            return found
    return None


def _capped(found: datetime, now: datetime) -> datetime:
    return min(found, now + LONGEST)


def _next_midnight(now: datetime) -> datetime:
    day = now.astimezone(UTC) + timedelta(days=1)
    return day.replace(hour=0, minute=0, second=0, microsecond=0)
