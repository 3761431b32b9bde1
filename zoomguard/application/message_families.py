"""What families are written of a session: guardians with all their children in one mail, learners of age, children.

All of it is called inside the transaction in which the thing itself is decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from zoomguard.application.message_post import Before, Post, gone, lesson_of, standing, was
from zoomguard.application.message_queue import Draft, Taken, queue_all, take_back
from zoomguard.application.message_readers import ONESELF, Reader, readers
from zoomguard.application.message_staff import call_staff_off, out_of_it, tell_staff, tell_staff_of_change
from zoomguard.domain import child_letters, letters
from zoomguard.domain.calendars import CalendarEntry
from zoomguard.domain.letter_words import Written
from zoomguard.domain.messages import TELLING, Audience, Lesson, Template, Was
from zoomguard.tables.database import Transaction
from zoomguard.tables.messages import about
from zoomguard.tables.observers import AskState, asks_of
from zoomguard.tables.sessions import VideoSession

T = Template


def invite(tx: Transaction, post: Post, session: VideoSession, doors: Mapping[str, str], now: datetime) -> int:
    """Invites the families of the learners in `doors` (new door tokens by learner); gives how many guardians.

    A guardian's mail has all children of theirs on this roster. The teacher is told that the lesson stands.
    """
    desk = _Desk(tx, post, session, now)
    new = [r for r in readers(tx, post, session, doors, now) if any(c.id in doors for c in r.children)]
    take_back(tx, session.id, now, [r.id for r in new])
    desk.send_all([desk.draft(reader, T.INVITATION, desk.invitation(reader)) for reader in new])
    teaching = (m.to_person_id for m in about(tx, session.id) if m.template == T.TEACHING)
    if doors and session.teacher_id not in teaching:
        tell_staff(tx, post, session, (session.teacher_id,), T.TEACHING, now)
    return _guardians(new)


def invitations(tx: Transaction, session_id: str) -> int:
    """How many guardians were invited."""
    invited = (m for m in about(tx, session_id) if m.template == T.INVITATION and m.audience == Audience.GUARDIAN)
    return len({m.to_person_id for m in invited})


def tell_change(
    tx: Transaction, post: Post, session: VideoSession, before: Before, now: datetime, note: str = ""
) -> int:
    """Tells old and new to everybody who knows of the lesson; gives how many guardians are written to.

    An invitation that has not left is replaced by one with the new time. Staff are told too: who stays, comes, goes.
    """
    desk, family = _Desk(tx, post, session, now), readers(tx, post, session, {}, now)
    # An invitation may be all that holds a link: then it goes, and the change after it.
    linkless = [r.id for r in family if not all(r.links)]
    taken = take_back(tx, session.id, now, keep=linkless, templates=TELLING | {T.ASK})
    old = was(tx, post, before)
    for reader in family:
        if reader.id not in taken.told:
            # Nobody releases a note first to a child who does not even know of the lesson.
            desk.send(reader, T.INVITATION, desk.invitation(reader, "" if _is_child(reader) else note))
            continue
        # Whoever was not told of the last change does not know what it was from.
        known = None if T.CHANGE in taken.back(reader.id) else old
        desk.send(reader, T.CHANGE, desk.change(reader, known, note), note=note)
    tell_staff_of_change(tx, post, session, before, taken, note, now)
    return _guardians(family)


def call_off(
    tx: Transaction, post: Post, session: VideoSession, now: datetime, note: str = "", also: Iterable[str] = ()
) -> int:
    """Tells everybody who knows of the lesson that there is none; gives how many guardians.

    What has not left is dropped instead. Teacher and observer are told too, unless nobody ever heard of it; whoever
    was asked to observe and need not answer any more; and `also` these members of staff.
    """
    desk = _Desk(tx, post, session, now)
    taken = take_back(tx, session.id, now, templates=TELLING | {T.ASK})
    family = [r for r in readers(tx, post, session, {}, now) if r.id in taken.told]
    desk.send_all([desk.draft(r, T.CANCELLATION, desk.cancellation(r, note), note=note) for r in family])
    waiting = (AskState.OPEN, AskState.ACCEPTED)
    asked = {a.person_id for a in asks_of(tx, session.id) if a.state in waiting and a.person_id in taken.told}
    call_staff_off(tx, post, session, {*desk.staff_who_know(taken), *also}, note, now, asked=asked)
    return _guardians(family)


def left_out(tx: Transaction, post: Post, session: VideoSession, child_id: str, now: datetime) -> int:
    """Tells the family of a learner who leaves a lesson, without a reason; gives how many guardians.

    Who was not told of it yet hears nothing, or of the other children in it alone.
    """
    desk = _Desk(tx, post, session, now)
    rest = {r.id: _without(r, child_id) for r in readers(tx, post, session, {}, now)}
    family = readers(tx, post, session, {}, now, child_id)
    taken = take_back(tx, session.id, now, [r.id for r in family])
    told = [r for r in family if r.id in taken.told]
    for reader in told:
        stays = rest.get(reader.id)
        entry = desk.stands(stays) if stays and stays.children else gone(post, session, now)
        desk.send(reader, T.LEFT_OUT, desk.left_out(reader), entry)
    for reader_id in dict.fromkeys(m.to_person_id for m in taken.messages):
        desk.tell_again(rest.get(reader_id), reader_id in taken.told)
    return _guardians(told)


def new_link(tx: Transaction, post: Post, session: VideoSession, child_id: str, token: str, now: datetime) -> int:
    """Tells a learner's family the door that was made anew, in place of what has not left yet; gives how many
    guardians."""
    desk = _Desk(tx, post, session, now)
    family = [
        r for r in readers(tx, post, session, {child_id: token}, now) if any(c.id == child_id for c in r.children)
    ]
    taken = take_back(tx, session.id, now, [r.id for r in family])
    for reader in family:
        desk.tell_again(reader, reader.id in taken.told)
    return _guardians(family)


def remind_child(tx: Transaction, post: Post, session: VideoSession, child_id: str, token: str, now: datetime) -> int:
    """Reminds a learner who may be written to of the lesson, with the own door; gives 1, or 0."""
    desk = _Desk(tx, post, session, now)
    found = [r for r in readers(tx, post, session, {child_id: token}, now, child_id) if r.audience in ONESELF]
    return sum(desk.send(r, T.REMINDER, child_letters.reminder(desk.lesson, r.children[0])) for r in found)


class _Desk:
    """Writes each reader the letter that fits, and queues it."""

    def __init__(self, tx: Transaction, post: Post, session: VideoSession, now: datetime) -> None:
        self.tx, self.post, self.session, self.now = tx, post, session, now
        self.lesson: Lesson = lesson_of(tx, post, session)

    def send(
        self, to: Reader, template: Template, written: Written, entry: CalendarEntry | None = None, note: str = ""
    ) -> bool:
        """Queues a letter with the calendar entry that goes with it."""
        return self.send_all([self.draft(to, template, written, entry, note)]) == 1

    def send_all(self, drafts: list[Draft]) -> int:
        """Queues letters to many at once; gives how many."""
        return queue_all(self.tx, self.post, "session", self.session.id, drafts, self.now)

    def draft(
        self, to: Reader, template: Template, written: Written, entry: CalendarEntry | None = None, note: str = ""
    ) -> Draft:
        """A letter with the calendar entry that goes with it."""
        entry = entry or self._entry(to, template)
        return Draft(to.id, to.audience, template, *written, zone=to.zone, note=note, calendar=entry)

    def _entry(self, to: Reader, template: Template) -> CalendarEntry | None:
        if template is T.REMINDER:
            return None
        return gone(self.post, self.session, self.now) if template is T.CANCELLATION else self.stands(to)

    def stands(self, to: Reader) -> CalendarEntry:
        """The entry of a lesson that takes place, with the reader's doors."""
        return standing(self.post, self.session, to.links, self.now)

    def tell_again(self, to: Reader | None, told: bool) -> None:
        """What was taken back is told of the children who stay."""
        if to is None or not to.children:
            return
        if told:
            self.send(to, T.CHANGE, self.change(to, None, ""))
        else:
            self.send(to, T.INVITATION, self.invitation(to))

    def invitation(self, to: Reader, note: str = "") -> Written:
        if _is_child(to):
            return child_letters.invitation(self.lesson, to.children[0], note)
        return letters.invitation(self.lesson, to.children, note)

    def change(self, to: Reader, old: Was | None, note: str) -> Written:
        if _is_child(to):
            return child_letters.change(self.lesson, old, to.children[0], note)
        return letters.change(self.lesson, old, to.children, note)

    def cancellation(self, to: Reader, note: str) -> Written:
        if _is_child(to):
            return child_letters.cancellation(self.lesson, to.children[0], note)
        return letters.cancellation(self.lesson, to.children, note)

    def left_out(self, to: Reader) -> Written:
        if _is_child(to):
            return child_letters.left_out(self.lesson, to.children[0])
        return letters.left_out(self.lesson, to.children)

    def staff_who_know(self, taken: Taken) -> set[str]:
        """Teacher and observer: whoever was told by mail; both, where the families know and nothing was on its way."""
        staff = {self.session.teacher_id, self.session.observer_id} - out_of_it(self.tx, self.session)
        families_know = bool(taken.told - staff)
        return {p for p in staff if p in taken.told or (families_know and not taken.back(p))}


def _without(reader: Reader, child_id: str) -> Reader:
    return Reader(reader.id, reader.audience, tuple(c for c in reader.children if c.id != child_id), reader.zone)


def _is_child(reader: Reader) -> bool:
    return reader.audience is Audience.CHILD


def _guardians(readers_: list[Reader] | tuple[Reader, ...]) -> int:
    return sum(r.audience is Audience.GUARDIAN for r in readers_)
