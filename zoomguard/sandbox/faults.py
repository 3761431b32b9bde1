"""What can be made to go wrong: named faults that are switched on and off, some for one operation only."""

import re
import threading
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from zoomguard.sandbox.clock import SandboxClock

CREATE = "POST /v2/users/{}/meetings"
READ = "GET /v2/meetings/{}"
RECORDINGS = "GET /v2/users/{}/recordings"
OPERATION, EVENT, FIELD, SCOPE, WHO = "an operation", "an event", "a field", "a scope", "a person"


@dataclass(frozen=True)
class Kind:
    """Where a fault strikes unless `on` says otherwise, and what else than an operation `on` may name.

    An operation is a method and a path: its beginning, a pattern with *, or whole with {} for one segment.
    One that strikes `once` does so unless `times` is given; any other stays until it is switched off.
    """

    strikes_at: str
    says: str
    on: str = OPERATION
    what: str = ""
    once: bool = False


KINDS: dict[str, Kind] = {
    # Events; `on` may be an event's name or a pattern such as meeting.registration_*.
    "duplicate": Kind("POST /", "the event is sent twice", EVENT),
    "late": Kind("POST /", "signed in time, sent `late_s` later (600)", EVENT),
    "reordered": Kind("POST /", "sent after the next event, or a minute later", EVENT),
    "webhook_lost": Kind("POST /", "never sent", EVENT),
    # Recordings and their files.
    "truncated": Kind("GET /cdn/", "the file breaks off after `after_bytes` (half)"),
    "stalled": Kind("GET /cdn/", "nothing comes after `after_bytes` (half) for `for_s` (600), then the cut"),
    "range_ignored": Kind("GET /cdn/", "to a Range comes the whole file with 200"),
    "range_wrong": Kind("GET /cdn/", "to a Range comes 206 with another range"),
    "etag_changed": Kind("GET /cdn/", "at a Range that goes on the file has other bytes and ETag", once=True),
    "html_instead_of_media": Kind("GET /rec/download/", "a page in place of the file, said to be `content_type`"),
    "wrong_size": Kind("GET /v2/", "sizes of files are listed wrong"),
    "expired_token": Kind("GET /rec/download/", "each operation refuses its token once"),
    "redirect_elsewhere": Kind("GET /rec/download/", "redirected `to` another host"),
    "host_unknown": Kind(RECORDINGS, "404/1001, as for somebody who has left the account"),
    "list_500": Kind(RECORDINGS, "500 in the place of the list"),
    # Any operation of the API.
    "page_token_expired": Kind("GET /v2/", "a next_page_token that is shown is not valid any more", once=True),
    "rate_limited": Kind("* /v2/", "429 for the second"),
    "daily_limit": Kind("* /v2/", "429 until midnight UTC"),
    "cut_connection": Kind("POST */meetings", "cut before the request is read"),
    "answer_lost": Kind("POST */meetings", "done, but cut before the answer"),
    "token_revoked": Kind("* /v2/", "401/124; every token given so far is dead", once=True),
    "scope_missing": Kind("POST /oauth/token", "the token lacks a scope", SCOPE, "meeting:write:meeting:admin"),
    "html_200": Kind("* /v2/", "nothing is done; a page with status 200"),
    "huge_json": Kind("* /v2/", "nothing is done; `size_bytes` (200 MB) of JSON, with `gzip` packed small"),
    # Meetings.
    "locked_setting_overrides": Kind("* /v2/", "`settings` are replaced without a word"),
    "observer_unlicensed": Kind("* /v2/", "no alternative host can be selected (1114)"),
    "list_lags": Kind("GET /v2/", "a list lacks what is younger than `lag_s` (60)"),
    "read_lags": Kind(READ, "3001 for a meeting younger than `lag_s` (5)"),
    "create_500": Kind(CREATE, "500; nothing is done"),
    "create_500_stored": Kind(CREATE, "done, but answered with 500"),
    "create_slow": Kind(CREATE, "no answer; done `after_s` later (60)"),
    "update_ignored": Kind("PATCH /v2/meetings/{}", "204; nothing is changed"),
    "delete_500": Kind("DELETE /v2/meetings/{}", "500; nothing is done"),
    "field_absent": Kind(READ, "an answer lacks the field", FIELD, "settings.waiting_room"),
    "unknown_enum": Kind(READ, "the field has a `value` nobody knows", FIELD, "settings.auto_recording"),
    # Registrants and people.
    "registrant_post_lost": Kind(
        "POST /v2/meetings/*registrants", "person number `person` (2) is not stored, the others are; no answer"
    ),
    "stranger_approved": Kind(
        "GET /v2/meetings/{}/registrants", "before the list is read, somebody else is approved", once=True
    ),
    "alt_host_not_signed_in": Kind(
        "POST /sandbox/play", "alternative hosts come as guests whom Zoom does not know, and wait", WHO
    ),
}


@dataclass
class Fault:
    """One fault that is on. `times` None means until it is switched off; `what` is its field, scope or person."""

    name: str
    operation: str
    times: int | None
    since_at: datetime
    what: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    def strikes(self, method: str, path: str) -> bool:
        """Whether this operation is one it is meant for; `/v2` may be left out of its path."""
        wanted, _, pattern = self.operation.partition(" ")
        if wanted not in ("*", method):
            return False
        if "{" in pattern:
            segments = re.sub(r"\\\{\w*\\\}", "[^/]+", re.escape(pattern)).replace(r"\*", ".*")
            return re.fullmatch(f"(/v2)?{segments}", path) is not None
        if "*" in pattern:
            return fnmatchcase(path, pattern) or fnmatchcase(path, f"/v2{pattern}")
        return path.startswith((pattern, f"/v2{pattern}"))

    def as_json(self) -> dict[str, Any]:
        what = {"what": self.what} if self.what else {}
        return {"name": self.name, "times": self.times, "on": self.operation, **what, **self.more}


class Faults:
    """The switchboard. Safe between threads."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._on: dict[str, Fault] = {}

    def switch(self, name: str, times: int | None = None, on: bool | str = True, **more: Any) -> None:
        """Switch a fault on or off; `on` as "METHOD /path" limits it to one operation, see KINDS.

        ValueError for a name that is not known.
        """
        if name not in KINDS:
            raise ValueError(f"there is no fault {name!r}; there are {', '.join(sorted(KINDS))}")
        if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
            raise ValueError("times is a whole number above zero, or null for until switched off")
        kind = KINDS[name]
        operation, what = _aim(kind, on)
        with self._lock:
            self._on.pop(name, None)
            if operation is not None:
                times = 1 if times is None and kind.once else times
                self._on[name] = Fault(name, operation, times, self._clock.now(), what, more)

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


def _aim(kind: Kind, on: bool | str) -> tuple[str | None, str]:
    """Operation (None: off) and field, scope or person that `on` means; ValueError where it means nothing."""
    if isinstance(on, bool):
        return (kind.strikes_at if on else None), kind.what
    if not isinstance(on, str):
        raise ValueError("on is true, false or a text")
    words = on.replace("...", "*").split()
    if len(words) == 1 and kind.on == EVENT and not on.startswith("/"):
        return f"POST /{words[0]}", ""
    if len(words) == 1 and kind.on in (FIELD, SCOPE, WHO):
        return kind.strikes_at, words[0]
    if len(words) not in (2, 3) or not words[1].startswith(("/", "*")) or (len(words) == 3 and kind.on != FIELD):
        raise ValueError(f'on is true, false, or an operation such as "POST /users"; here it may name {kind.on}')
    return f"{words[0].upper()} {words[1]}", words[2] if len(words) == 3 else kind.what
