"""What can be made to go wrong: named faults that are switched on and off, some for one operation only."""

import threading
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from zoomguard.sandbox.clock import SandboxClock

# Where a fault strikes unless it is switched on for another operation: a method and a path prefix or pattern.
STRIKES_AT = {
    "duplicate": "POST /",
    "truncated": "GET /cdn/",
    "html_instead_of_media": "GET /rec/download/",
    "wrong_size": "GET /v2/",
    "expired_token": "GET /rec/download/",
    "redirect_elsewhere": "GET /rec/download/",
    "rate_limited": "* /v2/",
    "daily_limit": "* /v2/",
    "locked_setting_overrides": "* /v2/",
    "observer_unlicensed": "* /v2/",
    "cut_connection": "POST */meetings",
    "answer_lost": "POST */meetings",
    "list_lags": "GET /v2/",
}


@dataclass
class Fault:
    """One fault that is on. `times` None means until it is switched off."""

    name: str
    operation: str
    times: int | None
    since_at: datetime
    more: dict[str, Any] = field(default_factory=dict)

    def strikes(self, method: str, path: str) -> bool:
        """Whether this operation is one it is meant for; `/v2` may be left out of its path."""
        wanted, _, pattern = self.operation.partition(" ")
        if wanted not in ("*", method):
            return False
        if "*" in pattern:
            return fnmatchcase(path, pattern)
        return path.startswith((pattern, f"/v2{pattern}"))

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "times": self.times, "on": self.operation, **self.more}


class Faults:
    """The switchboard. Safe between threads."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._on: dict[str, Fault] = {}

    def switch(self, name: str, times: int | None = None, on: bool | str = True, **more: Any) -> None:
        """Switch a fault on or off; `on` as "METHOD /path" limits it to one operation.

        ValueError for a name that is not known.
        """
        if name not in STRIKES_AT:
            raise ValueError(f"there is no fault {name!r}; there are {', '.join(sorted(STRIKES_AT))}")
        if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
            raise ValueError("times is a whole number above zero, or null for until switched off")
        operation = _operation(name, on)
        with self._lock:
            self._on.pop(name, None)
            if operation is not None:
                self._on[name] = Fault(name, operation, times, self._clock.now(), more)

    def clear(self) -> None:
        """Switch everything off."""
        with self._lock:
            self._on.clear()

    def take(self, name: str, method: str, path: str) -> Fault | None:
        """The fault, if it strikes here; one of its times is used up."""
        with self._lock:
            fault = self._on.get(name)
            if fault is None or not fault.strikes(method, path):
                return None
            if fault.times is not None:
                fault.times -= 1
                if fault.times == 0:
                    del self._on[name]
            return fault

    def see(self, name: str, method: str, path: str) -> Fault | None:
        """The fault, if it would strike here; nothing is used up."""
        with self._lock:
            fault = self._on.get(name)
            return fault if fault is not None and fault.strikes(method, path) else None

    def as_json(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.as_json() for fault in self._on.values()]


def _operation(name: str, on: bool | str) -> str | None:
    if isinstance(on, bool):
        return STRIKES_AT[name] if on else None
    if not isinstance(on, str):
        raise ValueError("on is true, false or a text")
    method, gap, path = on.replace("...", "*").partition(" ")
    if not gap or not method or not path.startswith(("/", "*")):
        raise ValueError('on is true, false, or an operation such as "POST /users"')
    return f"{method.upper()} {path}"
