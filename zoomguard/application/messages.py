"""Messages: queued with the decision they follow from, sent later by a duty, never deleted."""

from __future__ import annotations

from datetime import datetime

from zoomguard.application import access, message_desk
from zoomguard.application.crash import crash_point
from zoomguard.application.message_families import (
    call_off,
    invitations,
    invite,
    left_out,
    new_link,
    remind_child,
    tell_change,
)
from zoomguard.application.message_notes import check_note
from zoomguard.application.message_post import Before, Post
from zoomguard.application.message_queue import RECIPIENT, SEND, SENDER, Stops, judge, waits_until
from zoomguard.application.message_readers import may_be_written_to
from zoomguard.application.message_staff import ask_observer, day_sheet, out_of_it, tell_of_changed_plan, tell_staff
from zoomguard.application.ports import Claims, Clock, Letter, Mailer
from zoomguard.domain import ids
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import OutcomeUnknown, OutsideFailed
from zoomguard.domain.messages import TOO_LATE, MessageView
from zoomguard.domain.office_hours import Sendable
from zoomguard.domain.people import SERVICE, Who
from zoomguard.tables.database import Database, Transaction
from zoomguard.tables.messages import Delivery, Message, MessageState
from zoomguard.tables.people import Person

__all__ = [
    "SEND",
    "Before",
    "Messages",
    "Post",
    "ask_observer",
    "call_off",
    "check_note",
    "day_sheet",
    "invitations",
    "invite",
    "left_out",
    "new_link",
    "out_of_it",
    "remind_child",
    "tell_change",
    "tell_of_changed_plan",
    "tell_staff",
]

FINAL = {"accepted": MessageState.SENT, "refused": MessageState.BOUNCED, "withheld": MessageState.DROPPED}


class Messages:
    """The duty that hands messages to the mail server, and the desk of those who look after them."""

    def __init__(self, database: Database, clock: Clock, claims: Claims, mailer: Mailer, post: Post) -> None:
        self.database, self.clock, self.claims = database, clock, claims
        self.mailer, self.post = mailer, post

    # The desk --------------------------------------------------------------------------------------------------

    def list(self, who: Who, session: str = "") -> tuple[MessageView, ...]:
        """Messages, newest first, of one session where one is named; recipients by reference, never by address."""
        access.require(who, "messages.see")
        with self.database.reading() as tx:
            return message_desk.listed(tx, session)

    def resend(self, who: Who, message_id: str) -> MessageView:
        """Sends a message once more to the address on record now, or releases one that waits for a designated person.

        NotAllowed, NotThere; Conflict for one that was dropped, has not left yet, no longer holds, or whose reader
        may not be written to now.
        """
        access.require(who, "messages.resend")
        with self.database.deciding() as tx:
            message, done = message_desk.send_again(tx, self.post, who, message_id, self.clock.now())
            payload = {"session": message.subject_id, "template": message.template}
            tx.commit(audit=Event(f"message.{done}", "message", message.id, who.id, payload))
        with self.database.reading() as tx:
            return message_desk.views(tx, [tx.need(Message, message_id)])[0]

    # The duty --------------------------------------------------------------------------------------------------

    def send(self, message_id: str) -> datetime | None:
        """Sends one message unless it is sent already. At least once: a repeat has the same Message-ID.

        Gives the moment to come back where the message has to wait.
        """
        now = self.clock.now()
        with self.database.reading() as tx:
            message = tx.get(Message, message_id)
            if message is None or message.state is not MessageState.QUEUED or message.awaits:
                return None
            if message.not_before_at > now:
                return message.not_before_at
            letter, late = self._letter(tx, message), message_desk.is_too_late(tx, message, now)
            stops = self._stops(tx, message, letter.text, now)
        wait = waits_until(stops)
        if late or RECIPIENT in stops.rules:
            self._note(message_id, "withheld", TOO_LATE if late else "")
            return None
        if wait is not None:
            return self._defer(message_id, wait)
        if SENDER in stops.rules:
            raise OutsideFailed("Mail would come from an address that is not the organisation's.", code="SENDER")
        self._try(message_id, letter)
        return None

    def _stops(self, tx: Transaction, message: Message, text: str, now: datetime) -> Stops:
        may = may_be_written_to(tx, self.post, message, text, now)
        zone = tx.need(Person, message.to_person_id).timezone
        return judge(self.post, message.audience, message.template, zone, now, may=may)

    def _try(self, message_id: str, letter: Letter) -> None:
        if not self._begin_try(message_id, letter.text):
            return
        crash_point("message.trying")
        try:
            self.mailer.send(letter)
            crash_point("message.accepted")
        except OutcomeUnknown as error:
            self._note(message_id, "unknown", error.code)
            raise
        except OutsideFailed as error:
            self._note(message_id, "refused" if error.permanent else "failed", error.code)
            if not error.permanent:
                raise
        else:
            self._note(message_id, "accepted", "")

    def _begin_try(self, message_id: str, text: str) -> bool:
        """Noted before the first byte leaves: whoever cancels in between knows that this person may have it.

        False where the message was dropped since it was looked at, or its reader may not be written to any more.
        """
        now = self.clock.now()
        with self.database.deciding() as tx:
            message = tx.hold(Message, message_id)
            if message.state is not MessageState.QUEUED:
                return False
            if not may_be_written_to(tx, self.post, message, text, now):
                message.state = MessageState.DROPPED
                tx.add(Delivery(id=ids.ulid(now), message_id=message_id, at=now, outcome="withheld"))
                tx.commit(audit=Event("message.dropped", "message", message_id, SERVICE.id))
                return False
            tx.add(Delivery(id=ids.ulid(now), message_id=message_id, at=now, outcome="trying"))
            tx.commit()
            return True

    def _letter(self, tx: Transaction, message: Message) -> Letter:
        person, seals = tx.need(Person, message.to_person_id), self.post.seals
        return Letter(
            to=seals.open("person", "email", person.id, person.email),
            subject=message.subject_line,
            text=seals.open("message", "body", message.id, message.body),
            message_id=f"<{message.id}@{self.post.host}>",
            headers={},
            calendar=seals.open("message", "calendar", message.id, message.calendar),
            calendar_method=message.calendar_method,
        )

    def _defer(self, message_id: str, wait: Sendable) -> datetime | None:
        """Moves a message to the moment at which its reader may be written to."""
        with self.database.deciding() as tx:
            message = tx.hold(Message, message_id)
            if message.state is not MessageState.QUEUED:
                return None
            message.not_before_at, message.reason = wait.at, wait.reason
            tx.commit(audit=Event("message.deferred", "message", message_id, SERVICE.id, {"reason": wait.reason}))
        return wait.at

    def _note(self, message_id: str, outcome: str, detail: str) -> None:
        """What came of a try; a message that was accepted or refused for good is decided."""
        now = self.clock.now()
        with self.database.deciding() as tx:
            tx.add(Delivery(id=ids.ulid(now), message_id=message_id, at=now, outcome=outcome, detail=detail))
            message = tx.lock(Message, message_id)
            final = FINAL.get(outcome)
            if message is None or final is None or message.state is not MessageState.QUEUED:
                tx.commit()
                return
            message.state = final
            message.reason = detail if detail == TOO_LATE else message.reason
            tx.commit(audit=Event(f"message.{final.value}", "message", message_id, SERVICE.id))
