"""Short ways to observers: more of them at the college, the questions on record, the links in the mail."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tests.application.lessons import only_session, until_quiet
from tests.house import Home
from zoomguard.application import observer_pool
from zoomguard.application.observers import Observers
from zoomguard.application.session_facts import Slot
from zoomguard.application.session_parts import SessionParts
from zoomguard.domain.errors import ZoomguardError
from zoomguard.domain.observers import Candidate
from zoomguard.domain.people import Role
from zoomguard.tables import observers as table
from zoomguard.tables.people import Person

PRIYA, OLU, RAO = "p.nandakumar@northmoor.example", "o.mbeki@northmoor.example", "s.rao@northmoor.example"
COLIN, EWA, CARYS = "c.baptiste@northmoor.example", "e.lis@northmoor.example", "c.pugh@northmoor.example"
MORE = (COLIN, EWA, CARYS)
LINK = re.compile(r"/o/([A-Za-z0-9_-]+)")


def parts_of(home: Home) -> SessionParts:
    parts: SessionParts = home.app.sessions.parts
    return parts


def observers_of(home: Home) -> Observers:
    """The topic."""
    topic: Observers = home.app.observers
    return topic


def more_observers(home: Home) -> None:
    """Three more of the staff may observe, and have a licence at Zoom."""

    for email in MORE:
        home.app.people.give_role(email, Role.OBSERVER)
        home.sandbox._zoom.state.user(email).licensed = True


def id_of(home: Home, email: str) -> str:
    return home.who(email).id


def email_of(home: Home, person_id: str) -> str:
    with home.house.database.reading() as tx:
        person = tx.need(Person, person_id)
    return parts_of(home).seals.open("person", "email", person_id, person.email)


def asks(home: Home) -> list[tuple[str, str, str]]:
    """Who was asked about the one session, as what, and how that stands; oldest first."""
    with home.house.database.reading() as tx:
        rows = table.asks_of(tx, only_session(home).id)
    return [(email_of(home, a.person_id), a.kind.value, a.state.value) for a in rows]


def asked(home: Home) -> list[str]:
    """Who was asked beside the assigned, by address."""
    return sorted(email for email, kind, _ in asks(home) if kind != "assigned")


def candidates(
    home: Home, start: datetime, minutes: int = 50, *, teacher: str = "", children: tuple[str, ...] = ()
) -> tuple[Candidate, ...]:
    teacher_id = id_of(home, teacher) if teacher else ""
    with home.house.database.reading() as tx:
        return observer_pool.candidates(tx, parts_of(home), Slot(start, minutes), teacher_id, children)


def mails(home: Home, to: str, subject: str = "") -> list[str]:
    """Subjects of the mails to somebody that hold a word, oldest first; all that is due is sent first."""
    home.do_due("send_message")
    return [m["subject"] for m in home.sandbox.mail() if m["to"] == to and subject in m["subject"]]


def link_of(home: Home, email: str) -> str:
    """The token in the newest question mailed to somebody."""
    home.do_due("send_message")
    texts = [m["text"] for m in home.sandbox.mail() if m["to"] == email]
    return [token for text in texts for token in LINK.findall(text)][-1]


def call(home: Home, **before_start: float) -> datetime | None:
    """Moves the clock so far before the start, and does the duty."""
    session = only_session(home)
    home.clock.move_to(session.starts_at - timedelta(**before_start))
    return observers_of(home).call_observers(session.id)


def answer(home: Home, email: str, yes: bool) -> str:
    """What somebody gets for an answer by the newest link: the state, or the code of what went wrong."""
    token = link_of(home, email)
    try:
        return observers_of(home).answer(token, yes).state.value
    except ZoomguardError as error:
        return error.code


def quiet(home: Home) -> None:
    until_quiet(home, timedelta(minutes=1))
