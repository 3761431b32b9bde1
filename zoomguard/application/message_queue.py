"""The queue: each message goes past the rules, waits where they say so, and is taken back where it is outdated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import col, select

from zoomguard.application import work
from zoomguard.application.message_post import Post
from zoomguard.domain import ids, office_hours
from zoomguard.domain.calendars import CalendarEntry
from zoomguard.domain.messages import DESIGNATED, TELLING, VERSION, Audience, Template
from zoomguard.domain.office_hours import Sendable
from zoomguard.rules import occasions
from zoomguard.rules.facts import MessageFacts
from zoomguard.tables.database import Transaction
from zoomguard.tables.messages import Delivery, Message, MessageState, about

SEND = "send_message"
ALARMS, ALARM_REPEATED_WITHIN = frozenset({Template.AT_RISK, Template.OBSERVER_MISSING}), timedelta(minutes=5)
HOURS, VIA_DESIGNATED, RECIPIENT, SENDER = "MSG-HOURS", "MSG-VIA-DESIGNATED", "MSG-RECIPIENT", "ACC-ORG-PARENTS"


@dataclass(frozen=True)
class Draft:
    """A message to be: to whom, as what, with which words; `note` is what a person typed into it."""

    to: str
    audience: Audience
    template: Template
    subject: str
    text: str
    zone: str = ""
    note: str = ""
    calendar: CalendarEntry | None = None


@dataclass(frozen=True)
class Stops:
    """What the rules say of a message now: the ids of those that stop it, and when it may leave."""

    rules: frozenset[str]
    sendable: Sendable


@dataclass
class Taken:
    """What was taken back before it left, and who knows of the lesson all the same."""

    told: set[str] = field(default_factory=set)
    messages: list[Message] = field(default_factory=list)

    def back(self, person_id: str) -> set[str]:
        """Which words were on their way to somebody."""
        return {m.template for m in self.messages if m.to_person_id == person_id}


def judge(
    post: Post, audience: str, template: str, zone: str, now: datetime, *, note: str = "", may: bool | None = True
) -> Stops:
    """Asks the rules about one message; without a note, whatever a person typed was released already."""
    terms = post.terms
    facts = MessageFacts(
        audience=audience,
        template=template,
        free_text=note,
        now=now,
        office=terms.office,
        college_zone=terms.zone,
        home_zone=zone,
        organisational_sender=post.organisational,
        recipient_may_be_contacted=may,
        designated=not note,
    )
    stops = frozenset(f.rule for f in occasions.evaluate("message", occasions.Facts(message=facts), terms).blocking)
    child = audience == Audience.CHILD
    return Stops(stops, office_hours.earliest(now, terms.office, terms.zone, zone) if child else Sendable(now))


def queue(tx: Transaction, post: Post, subject_kind: str, subject_id: str, draft: Draft, now: datetime) -> bool:
    """Queues one message; False where it says to the same person what the last one said, or may not be sent.

    Repeats with other words get a step of their own.
    """
    return queue_all(tx, post, subject_kind, subject_id, [draft], now) == 1


def queue_all(
    tx: Transaction, post: Post, subject_kind: str, subject_id: str, drafts: Sequence[Draft], now: datetime
) -> int:
    """Queues messages, at most one to each person, as `queue` does; gives how many. The number of queries does not
    grow with them."""
    theirs = select(Message).where(
        Message.subject_id == subject_id, col(Message.to_person_id).in_({d.to for d in drafts})
    )
    earlier: dict[str, list[Message]] = {}
    for known in tx.all(theirs.order_by(col(Message.id))):
        earlier.setdefault(known.to_person_id, []).append(known)
    made = [m for d in drafts if (m := _made(post, d, earlier.get(d.to, []), now))]
    for message in made:
        message.subject_kind, message.subject_id = subject_kind, subject_id
    tx.add(*made)
    work.put_first(tx, SEND, {m.id: m.not_before_at for m in made if not m.awaits})
    return len(made)


def _made(post: Post, draft: Draft, earlier: list[Message], now: datetime) -> Message | None:
    """The message as it waits, None where it shall not be sent."""
    if earlier and _same(post, earlier[-1], draft) and not _alarm_anew(earlier[-1], draft, now):
        return None
    stops = judge(post, draft.audience, draft.template, draft.zone, now, note=draft.note)
    if RECIPIENT in stops.rules:
        return None
    message = _row(post, draft, now)
    message.step = max((m.step for m in earlier if m.template == draft.template), default=-1) + 1
    message.not_before_at, message.reason = stops.sendable.at, stops.sendable.reason
    if SENDER in stops.rules:
        message.reason = SENDER
    if VIA_DESIGNATED in stops.rules:
        message.awaits, message.reason = DESIGNATED, VIA_DESIGNATED
    return message


def _alarm_anew(last: Message, draft: Draft, now: datetime) -> bool:
    """An alarm may come again in the same words; within some minutes it is the repeat of one that was cut off."""
    return draft.template in ALARMS and now - last.made_at >= ALARM_REPEATED_WITHIN


def _same(post: Post, last: Message, draft: Draft) -> bool:
    known = (last.template, last.subject_line)
    if last.state is MessageState.DROPPED or known != (draft.template.value, draft.subject):
        return False
    return post.seals.open("message", "body", last.id, last.body) == draft.text


def _row(post: Post, draft: Draft, now: datetime) -> Message:
    message_id, entry = ids.ulid(now), draft.calendar
    calendar = post.calendars.event(entry) if entry else ""
    return Message(
        id=message_id,
        to_person_id=draft.to,
        template=draft.template.value,
        template_version=VERSION,
        subject_kind="",
        subject_id="",
        subject_line=draft.subject,
        body=post.seals.seal("message", "body", message_id, draft.text),
        calendar=post.seals.seal("message", "calendar", message_id, calendar),
        calendar_method=entry.method if entry else "",
        audience=draft.audience.value,
        not_before_at=now,
        made_at=now,
    )


def take_back(
    tx: Transaction,
    session_id: str,
    now: datetime,
    only: Iterable[str] | None = None,
    keep: Iterable[str] = (),
    templates: frozenset[Template] = TELLING,
) -> Taken:
    """Drops whatever has not left and tells that the lesson takes place as it did; `only` to these people.

    What waits for the people in `keep` still goes. Who was sent something, or may have been, counts as told.
    """
    taken, wanted, kept = Taken(), None if only is None else set(only), set(keep)
    for found in about(tx, session_id):
        if found.template not in templates or (wanted is not None and found.to_person_id not in wanted):
            continue
        # Held, so that a try that begins in this moment is either seen here or does not begin.
        message = tx.hold(Message, found.id)
        queued, goes = message.state is MessageState.QUEUED, message.to_person_id in kept
        if message.state is MessageState.SENT or (queued and (goes or _was_tried(tx, message.id))):
            taken.told.add(message.to_person_id)
        if queued and not goes:
            # One that was tried is not tried again either: it would come after what is said next.
            drop(tx, message, now)
            taken.messages.append(message)
    return taken


def drop(tx: Transaction, message: Message, now: datetime) -> None:
    """A message that shall not leave any more."""
    message.state = MessageState.DROPPED
    work.finish(tx, SEND, message.id, now)


def _was_tried(tx: Transaction, message_id: str) -> bool:
    return tx.first(select(Delivery).where(Delivery.message_id == message_id)) is not None


def waits_until(stops: Stops) -> Sendable | None:
    """Until when a message to a child that would leave now has to wait, or None."""
    return stops.sendable if HOURS in stops.rules else None
