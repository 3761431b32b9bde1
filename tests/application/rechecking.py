"""Short ways to rechecks: the clock before a start, what a host does in Zoom, what the record says of a look."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from sqlmodel import select

from tests.application.lessons import only_session
from tests.application.mails import decide, rows
from tests.house import Home
from zoomguard.application.watch import Delivery
from zoomguard.domain.audit import Event
from zoomguard.domain.people import Kind
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as table
from zoomguard.tables.messages import Message
from zoomguard.tables.sessions import EvaluationRow, VideoSession
from zoomguard.tables.work import Work

DAY, HOUR, EIGHT, FIVE = (timedelta(hours=24), timedelta(hours=1), timedelta(minutes=8), timedelta(minutes=5))
LEADS = 3
ROOM, CHAT = "settings.waiting_room", "settings.continuous_meeting_chat.enable"


def look(home: Home, before: timedelta, **later: float) -> int:
    """Moves to that long before the start (and a little later) and does the rechecks that are due."""
    home.clock.move_to(only_session(home).starts_at - before + timedelta(**(later or {"seconds": 0})))
    return home.do_due("recheck")


def in_zoom(home: Home, act: str, **said: Any) -> None:
    """Somebody does something to the one session's meeting in Zoom's own pages."""
    home.control("POST", "host", {"session": only_session(home).id, "act": act, **said})


def change(home: Home, setting: str, value: Any) -> None:
    """The host changes a setting there."""
    in_zoom(home, "change", settings={setting: value})


def at_zoom(home: Home) -> Any:
    """The meeting of the one session as it is at Zoom."""
    state = home.sandbox._zoom.state
    with state.lock:
        return state.meetings[only_session(home).meeting_number]


def hear(home: Home, event: str = "meeting.updated", number: int | None = None) -> None:
    """Zoom's event about the one session's meeting is taken in."""
    watch = home.app.watch
    payload = {"account_id": "A", "object": {"id": number or only_session(home).meeting_number, "uuid": "u=="}}
    stamp = int(home.clock.now().timestamp() * 1000)
    body = json.dumps({"event": event, "event_ts": stamp, "payload": payload}).encode()
    watch.receive((Delivery(str(stamp // 1000).encode(), body, watch.parse(body)),))


def due(home: Home, kind: str = "recheck") -> list[timedelta]:
    """How long before the start the open work of a kind is due."""
    session = only_session(home)
    with home.house.database.reading() as tx:
        open_work = tx.all(select(Work).where(Work.subject == session.id, Work.kind == kind))
        return [session.starts_at - w.due_at for w in open_work if w.done_at is None]


def looks(home: Home) -> list[EvaluationRow]:
    """The evaluations of rechecks, oldest first."""
    with home.house.database.reading() as tx:
        return [e for e in table.evaluations(tx, only_session(home).id) if e.occasion == "recheck"]


def wrong(home: Home) -> list[tuple[str, str, str]]:
    """What the last recheck found wrong or could not tell, without the observer's answer."""
    found = json.loads(looks(home)[-1].findings)
    told = [(f["rule"], f["verdict"], f["subject"]) for f in found if f["verdict"] in ("fail", "unknown")]
    return [f for f in told if f[0] != "VC-OBSERVER-ACCEPTED"]


def warned(home: Home) -> list[Message]:
    """The mails to leads that the session is at risk."""
    return rows(home, template="at_risk")


def put(home: Home, **values: Any) -> None:
    """Writes values into the one session's row."""

    def act(tx: Any, post: Any, row: VideoSession, now: Any) -> None:
        for name, value in values.items():
            setattr(row, name, value)

    decide(home, act)


def accept(home: Home) -> None:
    """The observer has said yes."""
    put(home, accepted_at=home.clock.now())


def reads(home: Home) -> int:
    """How often the one session's meeting itself was read."""
    return home.zoom_calls("meetings").count(f"GET /v2/meetings/{only_session(home).meeting_number}")


def repairs(home: Home) -> int:
    """How many PATCHes were sent for the one session's meeting."""
    return home.zoom_calls("meetings").count(f"PATCH /v2/meetings/{only_session(home).meeting_number}")


def leave(home: Home, kind: Kind, reference: str) -> None:
    """Somebody is no longer at the college, by the record."""
    with home.house.database.deciding() as tx:
        person = people_table.by_references(tx, kind, (reference,))[reference]
        person.active = False
        tx.commit(audit=Event("person.tried", "person", person.id, "operator"))


def without_licence(home: Home, email: str) -> None:
    """The Zoom administrator takes somebody's licence away."""
    home.sandbox._zoom.state.user(email).licensed = False
