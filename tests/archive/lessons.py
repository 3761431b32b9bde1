"""Sessions that are scheduled and held in the sandbox."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.application.operations import OTHER_OBSERVER, OTHER_TEACHER
from tests.house import Home
from zoomguard.application.watch import Delivery

MB = 1_000_000
# A copy goes in parts of 16 MiB: one full part and a rest; two full parts and a rest.
TWO_PARTS, THREE_PARTS = 18 * MB, 40 * MB


def held(home: Home, start: str = "2026-12-01 16:00", **script: object) -> str:
    """A session that was scheduled and held; its short id."""
    short = schedule(home, start)
    home.hold(short, **script)
    return short


def schedule(home: Home, start: str = "2026-12-01 16:00") -> str:
    """A session that was scheduled; its short id."""
    answer = home.schedule(start=start)
    assert answer.session is not None, answer
    return answer.session.short_id


def two_at_once(home: Home) -> tuple[str, str]:
    """Lessons of two teachers that begin and end at the same minute."""
    at = "2026-12-01 16:00"
    one = home.schedule(start=at, children=("C-0101",)).session
    other = home.schedule(OTHER_TEACHER, start=at, observer=OTHER_OBSERVER, children=("C-0110",)).session
    assert one is not None and other is not None
    return one.short_id, other.short_id


def wait(home: Home, **time: float) -> None:
    """Lets the sandbox's time go by."""
    home.clock.advance(timedelta(**time).total_seconds())


def switch(home: Home, name: str, **more: Any) -> None:
    """A fault of the sandbox's."""
    home.control("POST", "faults", {"name": name, **more})


def at_zoom(home: Home, session: str, do: str, **more: Any) -> list[dict[str, Any]]:
    """Something becomes of a recording at Zoom; the files that were touched, as they are in truth."""
    done: list[dict[str, Any]] = home.control("POST", "recordings", {"session": session, "do": do, **more})["files"]
    return done


def outside(home: Home, host: str, **more: Any) -> list[str]:
    """Meetings that a host held and recorded without us; their UUIDs."""
    uuids: list[str] = home.control("POST", "recordings", {"outside": {"host": host, **more}})["uuids"]
    return uuids


def zoom_tells(home: Home, event: str, about: dict[str, Any]) -> None:
    """An event of Zoom's arrives."""
    now = home.clock.now()
    said = {"event": event, "event_ts": int(now.timestamp() * 1000), "payload": {"object": about}}
    home.app.watch.receive((Delivery(str(int(now.timestamp())).encode(), json.dumps(said).encode(), said),))


def move_to(home: Home, *when: int) -> None:
    """Moves the sandbox's clock to a UTC date and time."""
    home.clock.move_to(datetime(*when, tzinfo=UTC))  # type: ignore[arg-type,misc]
