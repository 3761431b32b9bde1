"""Sections of the terms' file, read with suspicion: what is wrong is noted, every line of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import TypeGuard

from zoomguard.domain.errors import BadInput
from zoomguard.domain.times import printable, zone

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCK_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


class Section:
    """One section of the file; notes what is wrong instead of stopping at the first."""

    def __init__(self, table: Mapping[str, object], name: str, wrong: list[str], shown: str = "") -> None:
        section = table.get(name, {})
        self.values: Mapping[str, object] = section if isinstance(section, Mapping) else {}
        self.name, self.wrong, self.known = shown or name, wrong, set[str]()
        if not isinstance(section, Mapping):
            wrong.append(f"TERMS_FILE: [{self.name}] must be a section")

    def note_the_rest(self) -> None:
        """A misspelt name must not leave a default in force unseen."""
        unknown = sorted(set(self.values) - self.known)
        self.wrong += [f"TERMS_FILE: [{self.name}] {printable(key)} is not known" for key in unknown]

    def zone(self, key: str, default: str) -> str:
        value = self.text(key, default)
        try:
            zone(value)
        except BadInput:
            self._note(key, 'a time zone such as "Europe/London"', default)
        return value

    def text(self, key: str, default: str) -> str:
        value = self._get(key, default)
        if isinstance(value, str) and value.isprintable():
            return value
        return str(self._note(key, "a line of text", default))

    def number(self, key: str, default: int, low: int, high: int) -> int:
        value = self._get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self._note(key, f"a whole number from {low} to {high}", default)
        return default

    def choice(self, key: str, default: str, choices: tuple[str, ...]) -> str:
        value = self._get(key, default)
        if value in choices:
            return str(value)
        return str(self._note(key, " or ".join(f'"{c}"' for c in choices), default))

    def required(self, key: str) -> str:
        value = self.text(key, "")
        if not value.strip() and isinstance(self.values.get(key, ""), str):
            self._note(key, "a line of text", "")
        return value

    def day(self, key: str) -> date:
        value = self._get(key, None)
        if _is_day(value):
            return value
        self._note(key, "a date such as 2027-02-15, without quotes", None)
        return date.min

    def dates(self, key: str) -> frozenset[date]:
        value = self._get(key, [])
        if isinstance(value, list) and all(_is_day(v) for v in value):
            return frozenset(value)
        self._note(key, "dates such as [2026-12-25, 2026-12-28], without quotes", None)
        return frozenset()

    def days(self, key: str) -> frozenset[int]:
        value = self._get(key, list(WEEKDAYS[:5]))
        if isinstance(value, list) and value and all(v in WEEKDAYS for v in value):
            return frozenset(WEEKDAYS.index(v) for v in value)
        self._note(key, f"days out of {', '.join(WEEKDAYS)}", None)
        return frozenset(range(5))

    def clock(self, key: str, default: str) -> time:
        value = self._get(key, default)
        if isinstance(value, str) and CLOCK_TIME.fullmatch(value):
            return time.fromisoformat(value)
        self._note(key, 'a time such as "09:00"', default)
        return time.fromisoformat(default)

    def _get(self, key: str, default: object) -> object:
        self.known.add(key)
        return self.values.get(key, default)

    def _note(self, key: str, right: str, default: object) -> object:
        self.wrong.append(f"TERMS_FILE: [{self.name}] {key} must be {right}")
        return default


def _is_day(value: object) -> TypeGuard[date]:
    """A TOML date; one with a time is a datetime, which Python also calls a date."""
    return isinstance(value, date) and not isinstance(value, datetime)
