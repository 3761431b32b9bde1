"""What the topic of messages works with: the post, a lesson in words, and its calendar entry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from zoomguard.application.ports import Calendars
from zoomguard.application.seals import Seals
from zoomguard.domain.calendars import CANCEL, PUBLISH, CalendarEntry
from zoomguard.domain.messages import Lesson, Was
from zoomguard.rules.terms import Terms
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as sessions_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.observers import off
from zoomguard.tables.people import Person
from zoomguard.tables.sessions import VideoSession

CALLED_OFF = "This lesson does not take place."


@dataclass(frozen=True)
class Post:
    """What is needed to write to people; `host` is the mail host we write from, `domains` the organisation's."""

    seals: Seals
    terms: Terms
    public_url: str
    calendars: Calendars
    host: str
    domains: tuple[str, ...]

    @property
    def organisational(self) -> bool:
        """Whether our mail comes from an address of the organisation."""
        return self.host.lower() in self.domains

    def door(self, token: str) -> str:
        """The address of a child's door; "" where the token is not known."""
        return f"{self.public_url}/j/{token}" if token else ""

    def staff_door(self, session: VideoSession) -> str:
        """The address at which staff, signed in, get into a session."""
        return f"{self.public_url}/s/{session.short_id}"


@dataclass(frozen=True)
class Before:
    """What a session was before a change; the session row holds the new values already."""

    starts_at: datetime
    minutes: int
    teacher_id: str
    observer_id: str


def lesson_of(tx: Transaction, post: Post, session: VideoSession) -> Lesson:
    """A session in the words of a mail."""
    names = staff_names(tx, post.seals, (session.teacher_id, session.observer_id))
    contacts = post.terms.contacts
    return Lesson(
        organisation=post.terms.organisation,
        course=session.course,
        starts_at=session.starts_at,
        minutes=session.minutes,
        zone=post.terms.zone,
        teacher=names[session.teacher_id],
        observer=names[session.observer_id],
        lead=contacts.safeguarding_lead,
        lead_phone=contacts.safeguarding_phone,
        office_phone=contacts.office_phone,
        nspcc=contacts.nspcc,
        doors_open_minutes=post.terms.door_opens_minutes_before,
        retention_days=post.terms.retention_days["routine"],
        short_id=session.short_id,
        staff_door=post.staff_door(session),
        children=len(sessions_table.roster(tx, session.id)),
        observes="yes" if session.accepted_at else "off" if session.observer_id in off(tx, session.id) else "asked",
    )


def was(tx: Transaction, post: Post, before: Before) -> Was:
    """The same with the names of the staff of then."""
    names = staff_names(tx, post.seals, (before.teacher_id, before.observer_id))
    return Was(before.starts_at, before.minutes, names[before.teacher_id], names[before.observer_id])


def staff_names(tx: Transaction, seals: Seals, person_ids: Iterable[str]) -> dict[str, str]:
    """Known and family name of members of staff."""
    asked = frozenset(person_ids)
    staff = people_table.by_ids(tx, asked)
    return {i: _full_name(seals, staff[i]) if i in staff else "a member of staff" for i in asked}


def _full_name(seals: Seals, person: Person) -> str:
    names = (seals.open("person", c, person.id, getattr(person, c)) for c in ("known_as", "family_name"))
    return " ".join(n for n in names if n) or "a member of staff"


def standing(post: Post, session: VideoSession, links: Iterable[str], now: datetime) -> CalendarEntry:
    """The entry of a lesson that takes place, with the reader's own links and no name."""
    known = [link for link in links if link]
    words = "Join by this link:" if len(known) == 1 else "Join by these links:" if known else "The link is in our mail."
    return _entry(post, session, PUBLISH, "\n".join([words, *known]), known[0] if known else "", now)


def gone(post: Post, session: VideoSession, now: datetime) -> CalendarEntry:
    """The entry that takes a lesson out of the reader's calendar."""
    return _entry(post, session, CANCEL, CALLED_OFF, "", now)


def _entry(post: Post, session: VideoSession, method: str, description: str, url: str, now: datetime) -> CalendarEntry:
    return CalendarEntry(
        uid=f"{session.id}@{post.host}",
        sequence=session.sequence,
        method=method,
        starts_at=session.starts_at,
        minutes=session.minutes,
        summary=f"Online lesson {session.course}",
        description=description,
        url=url,
        made_at=now,
    )
