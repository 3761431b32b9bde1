"""The desk: messages are listed without addresses, sent again, and never deleted."""

from dataclasses import asdict
from datetime import datetime

import pytest

from tests.application.lessons import audited, change_file, mail, only_session, until_quiet
from tests.application.mails import Bouncing, call_off, decide, leave_out, mails, move, rows
from tests.house import COORDINATOR, DSL, OBSERVER, REVIEWER, TEACHER, Home
from zoomguard.application.messages import Post
from zoomguard.domain.errors import Conflict, NotAllowed, NotThere
from zoomguard.domain.messages import MessageView
from zoomguard.domain.sessions import SessionState
from zoomguard.tables.database import Transaction
from zoomguard.tables.messages import Message, MessageState
from zoomguard.tables.sessions import VideoSession

EVA = "eva.kral@families.example"


def invited(home: Home) -> None:
    home.schedule()
    until_quiet(home)


def to_eva(home: Home, template: str = "invitation") -> Message:
    """The newest message to G-01 with that template."""
    found = [v for v in home.app.messages.list(home.who(DSL)) if (v.to_reference, v.template) == ("G-01", template)]
    return rows(home, id=found[0].id)[0]


def refused_again(home: Home, message: Message, email: str = COORDINATOR) -> str:
    with pytest.raises(Conflict) as refused:
        home.app.messages.resend(home.who(email), message.id)
    assert rows(home, id=message.id)[0].state is message.state
    return refused.value.code


def address(home: Home, email: str) -> None:
    """G-01 has another address from now on."""

    def change(row: dict[str, str]) -> bool:
        row["email"] = email
        return row["reference"] == "G-01"

    change_file(home, "guardians", change, accept_changes=True)


def contact(home: Home, *, may_contact: bool) -> None:
    """G-01 may be contacted about her children, or not."""
    for child in ("C-0101", "C-0102"):
        home.app.contacts.change(home.who(DSL), "G-01", child, "ORDER-1", may_contact=may_contact)


def test_the_list_says_who_was_told_what_and_shows_no_address_name_or_text(home: Home) -> None:
    invited(home)
    views = home.app.messages.list(home.who(COORDINATOR), only_session(home).short_id.lower())
    assert [v.template for v in views].count("invitation") == 6
    (eva,) = [v for v in views if v.to_reference == "G-01"]
    assert eva == MessageView(
        eva.id, only_session(home).short_id, "guardian", "G-01", "invitation", "sent",
        eva.made_at, eva.not_before_at, "", "", ("trying", "accepted"),
    )  # fmt: skip
    said = str([asdict(v) for v in views] + [v.as_json() for v in views])
    assert not [word for word in ("@", "Lena", "Kral", "/j/", "/o/") if word in said]


def test_the_list_is_of_one_session_where_one_is_named(home: Home) -> None:
    home.schedule(children=("C-0120",))
    home.schedule(children=("C-0150",), start="2026-12-02 16:00")
    views = home.app.messages.list(home.who(DSL))
    short_ids = {v.session for v in views}
    assert len(short_ids) == 2 and [v.id for v in views] == sorted((v.id for v in views), reverse=True)
    for short_id in short_ids:
        assert {v.session for v in home.app.messages.list(home.who(DSL), short_id)} == {short_id}
    with pytest.raises(NotThere):
        home.app.messages.list(home.who(DSL), "S-0000")


@pytest.mark.parametrize("email", [TEACHER, OBSERVER, REVIEWER])
def test_others_see_no_messages_and_send_none_again(home: Home, email: str) -> None:
    invited(home)
    with pytest.raises(NotAllowed):
        home.app.messages.list(home.who(email))
    with pytest.raises(NotAllowed):
        home.app.messages.resend(home.who(email), to_eva(home).id)


def test_a_message_that_bounced_goes_to_the_address_now_on_record(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.schedule()
    with monkeypatch.context() as bouncing:
        bouncing.setattr(home.app.messages, "mailer", Bouncing())
        home.do_due("send_message")
    message = to_eva(home)
    assert message.state is MessageState.BOUNCED
    address(home, "eva.new@families.example")
    view = home.app.messages.resend(home.who(COORDINATOR), message.id)
    assert (view.state, view.tries, audited(home, "message.resent")) == ("queued", ("trying", "refused"), 1)
    until_quiet(home)
    (sent,) = home.sandbox.mail()
    assert (sent["to"], sent["headers"]["Message-ID"]) == (
        "eva.new@families.example",
        f"<{message.id}@northmoor.example>",
    )
    assert to_eva(home).state is MessageState.SENT


def test_a_message_that_was_sent_may_be_sent_again_once_it_has_left(home: Home) -> None:
    invited(home)
    message = to_eva(home)
    home.app.messages.resend(home.who(COORDINATOR), message.id)
    assert refused_again(home, to_eva(home)) == "STILL_QUEUED"
    until_quiet(home)
    first, second = mails(home, EVA)
    assert first["headers"]["Message-ID"] == second["headers"]["Message-ID"] and first["text"] == second["text"]


def test_who_may_not_be_written_to_now_gets_nothing_again(home: Home) -> None:
    invited(home)

    def no_contact(row: dict[str, str]) -> bool:
        row["may_contact"] = "no"
        return row["reference"] == "G-01"

    change_file(home, "guardians", no_contact)
    assert refused_again(home, to_eva(home)) == "NOT_NOW"


def test_an_invitation_to_a_cancelled_lesson_is_not_sent_again_its_cancellation_is(home: Home) -> None:
    invited(home)
    home.app.sessions.cancel(home.who(TEACHER), only_session(home).id)
    until_quiet(home)
    assert refused_again(home, to_eva(home)) == "OUTDATED"
    home.app.messages.resend(home.who(COORDINATOR), to_eva(home, "cancellation").id)
    until_quiet(home)
    assert mail(home, "Cancelled").count(EVA) == 2


def test_an_invitation_with_the_old_time_is_not_sent_again(home: Home) -> None:
    invited(home)
    invitation = to_eva(home)
    move(home, days=1)
    until_quiet(home)
    assert refused_again(home, invitation) == "OUTDATED"
    home.app.messages.resend(home.who(COORDINATOR), to_eva(home, "change").id)


def test_who_was_not_written_to_when_the_lesson_moved_does_not_get_the_old_time_later(home: Home) -> None:
    invited(home)
    contact(home, may_contact=False)
    move(home, days=1)
    contact(home, may_contact=True)
    assert refused_again(home, to_eva(home)) == "OUTDATED"


def test_a_bounced_invitation_to_a_lesson_that_is_off_is_not_sent_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.schedule()
    with monkeypatch.context() as bouncing:
        bouncing.setattr(home.app.messages, "mailer", Bouncing())
        home.do_due("send_message")

    def off(tx: Transaction, post: Post, row: VideoSession, now: datetime) -> None:
        row.state = SessionState.REMOVING

    decide(home, off)
    assert refused_again(home, to_eva(home)) == "OUTDATED"


def test_an_invitation_with_a_child_who_left_is_not_sent_again(home: Home) -> None:
    invited(home)
    leave_out(home, "C-0101")
    until_quiet(home)
    assert refused_again(home, to_eva(home)) == "OUTDATED"


def test_a_message_that_was_dropped_is_not_sent_again(home: Home) -> None:
    home.schedule()
    call_off(home)
    message = to_eva(home)
    assert message.state is MessageState.DROPPED
    assert refused_again(home, message, DSL) == "DROPPED"


def test_a_message_that_is_not_there_cannot_be_sent_again(home: Home) -> None:
    with pytest.raises(NotThere):
        home.app.messages.resend(home.who(DSL), "01ARZ3NDEKTSV4RRFFQ69G5FAV")


def test_no_message_is_ever_deleted(home: Home) -> None:
    invited(home)
    before = {m.id for m in rows(home)}
    move(home, days=1)
    call_off(home)
    until_quiet(home)
    assert before < {m.id for m in rows(home)}
