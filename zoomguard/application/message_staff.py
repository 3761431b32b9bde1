"""What staff are written: questions to observers, short news of a lesson, the sheet of a day. Nothing waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from zoomguard.application.message_post import Before, Post, gone, lesson_of, standing, was
from zoomguard.application.message_queue import Draft, Taken, queue
from zoomguard.application.message_readers import QUESTION
from zoomguard.domain import ids, staff_letters
from zoomguard.domain.calendars import CalendarEntry
from zoomguard.domain.letter_words import Written
from zoomguard.domain.messages import Audience, Template
from zoomguard.tables.database import Transaction
from zoomguard.tables.messages import about
from zoomguard.tables.observers import AskState, ask_by_token, off
from zoomguard.tables.sessions import VideoSession

T = Template


def ask_observer(
    tx: Transaction, post: Post, session: VideoSession, person_id: str, token: str, kind: str, now: datetime
) -> None:
    """Asks somebody to observe, as "assigned", "reserve", "pool" or once more as "reminder"."""
    link = f"{post.public_url}/o/{token}"
    written = staff_letters.ask(lesson_of(tx, post, session), str(kind), link, now)
    _queue(tx, post, session, person_id, T.ASK, written, None, now)


def tell_staff(
    tx: Transaction, post: Post, session: VideoSession, person_ids: Iterable[str], template: str, now: datetime
) -> int:
    """Tells members of staff how things stand, by one of the templates for that; gives how many are told.

    "teaching" is for whoever teaches now, "reassigned" for whoever did.
    """
    chosen = Template(template)
    written = staff_letters.news(chosen, lesson_of(tx, post, session), session.risk)
    told = 0
    for person_id in dict.fromkeys(person_ids):
        told += _queue(tx, post, session, person_id, chosen, written, _entry(post, session, chosen, now), now)
    return told


def _entry(post: Post, session: VideoSession, template: Template, now: datetime) -> CalendarEntry | None:
    """Who comes into a lesson, or goes out of it, has it in the calendar, or has it no longer."""
    if template not in (T.ON, T.OFF, T.TEACHING, T.REASSIGNED):
        return None
    stays = template in (T.ON, T.TEACHING)
    return standing(post, session, (post.staff_door(session),), now) if stays else gone(post, session, now)


def tell_staff_of_change(
    tx: Transaction, post: Post, session: VideoSession, before: Before, taken: Taken, note: str, now: datetime
) -> None:
    """Tells the teacher and the observer who stay what is new, and those who come or go that they do.

    Where the first news of the lesson has not left yet, it leaves with the new time instead. An observer who has not
    said yes is not told of being on: the question is another mail.
    """
    lesson, old, knowing = lesson_of(tx, post, session), was(tx, post, before), _with_entry(tx, session)
    stays = {session.teacher_id, session.observer_id} & {before.teacher_id, before.observer_id}
    for person_id in sorted(stays - out_of_it(tx, session)):
        back, told = taken.back(person_id), person_id in taken.told
        entry = standing(post, session, (post.staff_door(session),), now) if person_id in knowing else None
        first = next((t for t in (T.TEACHING, T.ON) if t in back and not told), None)
        if first is not None:
            _queue(tx, post, session, person_id, first, staff_letters.news(first, lesson), entry, now)
        elif told or T.ASK not in back:
            written = staff_letters.change(lesson, None if T.CHANGE in back else old, note)
            _queue(tx, post, session, person_id, T.CHANGE, written, entry, now)
    for person_id, template in _come_and_gone(session, before, out_of_it(tx, session)):
        tell_staff(tx, post, session, (person_id,), template, now)
    _ask_again(tx, post, session, taken, now)


def out_of_it(tx: Transaction, session: VideoSession) -> set[str]:
    """Who said no, or was told before that another observer is wanted; whoever teaches is in it all the same."""
    return off(tx, session.id) - {session.teacher_id}


def _come_and_gone(session: VideoSession, before: Before, out: set[str]) -> Iterator[tuple[str, Template]]:
    now_in, then_in = {session.teacher_id, session.observer_id}, {before.teacher_id, before.observer_id}
    if session.teacher_id not in then_in:
        yield session.teacher_id, T.TEACHING
    if before.teacher_id not in now_in:
        yield before.teacher_id, T.REASSIGNED
    if session.observer_id not in then_in and session.accepted_at is not None:
        yield session.observer_id, T.ON
    if before.observer_id not in now_in | out:
        yield before.observer_id, T.OFF


def _ask_again(tx: Transaction, post: Post, session: VideoSession, taken: Taken, now: datetime) -> None:
    """Questions that had not left, and are open still, are asked with the new time under the same link."""
    for message in taken.messages:
        text = post.seals.open("message", "body", message.id, message.body)
        for token in QUESTION.findall(text) if message.template == T.ASK else ():
            asked = ask_by_token(tx, ids.token_digest(token))
            if asked is not None and asked.state is AskState.OPEN:
                ask_observer(tx, post, session, message.to_person_id, token, asked.kind, now)


def tell_of_changed_plan(
    tx: Transaction, post: Post, session: VideoSession, before: Before, person_ids: Iterable[str], now: datetime
) -> None:
    """Tells staff that a lesson of which no family knows has become another one, or is theirs no longer."""
    lesson, old = lesson_of(tx, post, session), was(tx, post, before)
    for person_id in sorted(set(person_ids)):
        if person_id in (session.teacher_id, session.observer_id):
            template, written = T.CHANGE, staff_letters.change(lesson, old, planned=True)
        else:
            template = T.REASSIGNED if person_id == before.teacher_id else T.OFF
            written = staff_letters.news(template, lesson)
        _queue(tx, post, session, person_id, template, written, None, now)


def call_staff_off(
    tx: Transaction,
    post: Post,
    session: VideoSession,
    person_ids: Iterable[str],
    note: str,
    now: datetime,
    *,
    asked: Iterable[str] = (),
) -> None:
    """Tells staff that a lesson does not take place, and why where the service called it off; those who were only
    `asked` have nothing to look at."""
    lesson, reason, knowing = lesson_of(tx, post, session), session.removal_reason, _with_entry(tx, session)
    may_look = set(person_ids)
    for person_id in sorted(may_look | set(asked)):
        written = staff_letters.cancellation(lesson, note, reason, may_look=person_id in may_look)
        entry = gone(post, session, now) if person_id in knowing else None
        _queue(tx, post, session, person_id, T.CANCELLATION, written, entry, now)


def _with_entry(tx: Transaction, session: VideoSession) -> set[str]:
    """The teacher, and whoever else was given a calendar entry: who is only asked has none."""
    return {m.to_person_id for m in about(tx, session.id) if m.calendar} | {session.teacher_id}


def day_sheet(tx: Transaction, post: Post, on: date, person_ids: Iterable[str], text: str, now: datetime) -> int:
    """Sends the sheet of a day; gives to how many."""
    subject, body = staff_letters.day_sheet(post.terms.organisation, on, text)
    drafts = [Draft(p, Audience.STAFF, T.DAY_SHEET, subject, body) for p in dict.fromkeys(person_ids)]
    return sum(queue(tx, post, "day", on.isoformat(), draft, now) for draft in drafts)


def _queue(
    tx: Transaction,
    post: Post,
    session: VideoSession,
    person_id: str,
    template: Template,
    written: Written,
    entry: CalendarEntry | None,
    now: datetime,
) -> bool:
    draft = Draft(person_id, Audience.STAFF, template, *written, calendar=entry)
    return queue(tx, post, "session", session.id, draft, now)
