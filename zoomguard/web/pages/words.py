"""How pages write times, numbers and roles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from zoomguard.domain.times import zone

ROLES = {"dsl": "safeguarding lead", "deputy": "deputy safeguarding lead", "data_lead": "data protection lead"}


def when(moment: datetime, zone_name: str) -> str:
    """A moment with week day and place: "Tue 1 Dec 2026, 16:00 (London)"."""
    return f"{moment.astimezone(zone(zone_name)):%a %-d %b %Y, %H:%M} ({place(zone_name)})"


def at(moment: datetime, zone_name: str) -> str:
    """The time of day alone: "16:50"."""
    return f"{moment.astimezone(zone(zone_name)):%H:%M}"


def day(moment: datetime, zone_name: str) -> str:
    """The date alone: "Tue 1 Dec 2026"."""
    return f"{moment.astimezone(zone(zone_name)):%a %-d %b %Y}"


def place(zone_name: str) -> str:
    """The place that names a zone: "Ho Chi Minh" for Asia/Ho_Chi_Minh."""
    return zone_name.rpartition("/")[2].replace("_", " ")


def dialled(number: str) -> str:
    """A telephone number as a `tel:` link wants it (RFC 3966)."""
    return re.sub(r"[^0-9+*#]", "", number)


def roles(names: Iterable[str]) -> str:
    """Roles in words."""
    return ", ".join(ROLES.get(name, name) for name in sorted(names))


def plain(code: str) -> str:
    """A code word of ours as people read it: "at risk"."""
    return code.replace("_", " ")


def breakable(text: str) -> Markup:
    """The text with a place to break lines after the @ of an address, so that none is cut inside a word."""
    return escape(text).replace("@", Markup("@<wbr>"))


FILTERS: dict[str, Callable[..., Any]] = {
    "breakable": breakable,
    "when": when,
    "at": at,
    "day": day,
    "place": place,
    "dialled": dialled,
    "roles": roles,
    "plain": plain,
}
