"""What waits, and for what: a child's mail for the day, a note to a child for a designated person."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.application.lessons import INVITED, audited, change_file, mail, until_quiet
from tests.application.mails import Away, call_off, line, mails, move, remind, rows, subjects
from tests.house import DSL, Home
from zoomguard.application.messages import check_note
from zoomguard.domain.calendars import OfficeHours
from zoomguard.domain.errors import BadInput, Conflict, NotAllowed, OutsideFailed, Refused
from zoomguard.domain.times import iso
from zoomguard.rules.terms import Terms
from zoomguard.tables.messages import Message, MessageState

MINH, MOTHER = "minh.tran", "lan.tran"
MONITOR, COORDINATOR = "j.fairley@northmoor.example", "r.adeyemi@northmoor.example"
NOTE = "Please bring a ruler."


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def to_child(home: Home, template: str = "invitation") -> Message:
    """The newest message to a child with that template."""
    return rows(home, audience="child", template=template)[-1]


def lives_in(home: Home, zone: str) -> None:
    """Minh's home is elsewhere."""

    def change(row: dict[str, str]) -> bool:
        row["timezone"] = zone
        return row["reference"] == "C-0110"

    change_file(home, "children", change)


@pytest.mark.parametrize(
    ("now", "zone", "leaves", "reason"),
    [
        ("", "Asia/Ho_Chi_Minh", "", ""),
        ("2026-11-23 14:30", "Asia/Ho_Chi_Minh", "2026-11-24T09:00:00Z", "MSG-HOURS"),
        ("2026-11-27 18:00", "Asia/Ho_Chi_Minh", "2026-11-30T09:00:00Z", "MSG-HOURS"),
        ("2026-11-23 10:00", "America/New_York", "2026-11-23T12:00:00Z", "MSG-HOURS"),
        ("", "Pacific/Auckland", "2026-11-23T16:30:00Z", "tz_exception"),
    ],
)
def test_a_child_is_written_to_in_office_hours_and_by_day_at_home(
    home: Home, now: str, zone: str, leaves: str, reason: str
) -> None:
    lives_in(home, zone)
    if now:
        home.clock.move_to(at(now))
    home.schedule()
    message = to_child(home)
    assert (iso(message.not_before_at), message.reason) == (leaves or iso(message.made_at), reason)
    home.do_due("send_message")
    assert mail(home) == list(INVITED)
    assert len(mails(home, MINH)) == (not reason)
    if reason:
        home.clock.move_to(message.not_before_at)
    home.do_due("send_message")
    assert len(mails(home, MINH)) == 1


def test_guardians_hear_of_a_cancellation_at_once_at_night_and_the_child_in_the_morning(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    home.clock.move_to(at("2026-11-29 23:00"))
    call_off(home)
    home.do_due("send_message")
    assert mail(home, "Cancelled") == list(INVITED)
    assert subjects(home, MINH) == ["Your online lesson"]
    home.clock.move_to(at("2026-11-30 09:00"))
    home.do_due("send_message")
    assert subjects(home, MINH)[-1] == "Your lesson is cancelled"


def test_a_mail_to_a_child_that_missed_the_day_waits_for_the_next(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.schedule()
    with monkeypatch.context() as away:
        away.setattr(home.app.messages, "mailer", Away())
        home.do_due("send_message")
    home.clock.move_to(at("2026-11-23 20:00"))
    home.do_due("send_message")
    assert mail(home) == list(INVITED) and mails(home, MINH) == []
    message = to_child(home)
    assert (iso(message.not_before_at), message.reason) == ("2026-11-24T09:00:00Z", "MSG-HOURS")
    home.clock.move_to(message.not_before_at)
    home.do_due("send_message")
    assert len(mails(home, MINH)) == 1


def test_where_it_is_never_by_day_a_late_waking_in_office_hours_still_sends(home: Home) -> None:
    lives_in(home, "Pacific/Auckland")
    home.schedule()
    home.clock.move_to(at("2026-11-23 16:50"))
    home.do_due("send_message")
    assert len(mails(home, MINH)) == 1


def test_what_would_reach_a_child_after_the_lesson_is_dropped_as_too_late(home: Home) -> None:
    home.clock.move_to(at("2026-11-27 18:00"))
    home.schedule(start="2026-11-28 10:00")
    home.do_due("send_message")
    assert mail(home) == list(INVITED)
    home.clock.move_to(at("2026-11-30 09:00"))
    home.do_due("send_message")
    message = to_child(home)
    assert (message.state, message.reason, mails(home, MINH)) == (MessageState.DROPPED, "too_late", [])
    with pytest.raises(Conflict):
        home.app.messages.resend(home.who(DSL), message.id)


def test_guardians_are_not_invited_to_a_lesson_that_is_over(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.schedule(start="2026-11-23 10:00", minutes=30)
    with monkeypatch.context() as away:
        away.setattr(home.app.messages, "mailer", Away())
        home.do_due("send_message")
    home.clock.move_to(at("2026-11-23 10:30"))
    home.do_due("send_message")
    assert home.sandbox.mail() == []
    assert {m.state for m in rows(home, template="invitation")} == {MessageState.DROPPED}


def test_a_note_reaches_guardians_at_once_and_a_child_once_a_designated_person_released_it(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    move(home, NOTE, days=1)
    until_quiet(home)
    assert NOTE in line(mails(home, MOTHER)[-1]["text"])
    held = to_child(home, "change")
    assert (held.awaits, held.reason, len(mails(home, MINH))) == ("designated", "MSG-VIA-DESIGNATED", 1)
    view = home.app.messages.resend(home.who(MONITOR), held.id)
    assert (view.awaits, view.state, audited(home, "message.released")) == ("", "queued", 1)
    until_quiet(home)
    assert NOTE in line(mails(home, MINH)[-1]["text"])


def test_a_note_to_a_child_is_not_released_by_others_nor_out_of_hours(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    call_off(home, NOTE)
    held = to_child(home, "cancellation")
    for email in (COORDINATOR, "t.wren@northmoor.example"):
        with pytest.raises(NotAllowed):
            home.app.messages.resend(home.who(email), held.id)
    home.clock.move_to(at("2026-11-23 22:00"))
    view = home.app.messages.resend(home.who(DSL), held.id)
    assert (view.reason, iso(view.not_before_at)) == ("MSG-HOURS", "2026-11-24T09:00:00Z")
    home.do_due("send_message")
    assert len(mails(home, MINH)) == 1


def test_a_note_that_was_never_released_is_replaced_by_what_is_told_next(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    move(home, NOTE, days=1)
    held = to_child(home, "change")
    move(home, days=1)
    until_quiet(home)
    with pytest.raises(Conflict):
        home.app.messages.resend(home.who(DSL), held.id)
    text = mails(home, MINH)[-1]["text"]
    assert "Thu 3 Dec 2026 23:00" in text and NOTE not in line(text)


def test_a_note_is_one_plain_line_of_at_most_300_characters(home: Home) -> None:
    terms = Terms("0123456789ab")
    assert check_note(terms, "") == check_note(terms, NOTE) == check_note(terms, "Bring paper. " * 23) == ()
    for text in ("a" * 301, "two\nlines", "bell\x07"):
        with pytest.raises(BadInput):
            check_note(terms, text)


@pytest.mark.parametrize("text", ["Don't tell your parents.", "Add me on WhatsApp.", "Keep this between us x"])
def test_a_note_that_asks_for_secrecy_or_leads_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        check_note(Terms("0123456789ab"), text)
    (finding,) = refused.value.findings
    assert finding.rule == "MSG-TONE" and text not in finding.reason


def test_a_note_in_a_tone_that_is_only_wrong_is_warned_about() -> None:
    (finding,) = check_note(Terms("0123456789ab"), "See you soon xxx")
    assert (finding.rule, finding.verdict) == ("MSG-TONE", "fail")


def test_mail_from_an_address_that_is_not_the_organisations_waits_and_bounces_nobody(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.schedule()
    with monkeypatch.context() as wrong:
        wrong.setattr(home.app.messages, "post", replace(home.app.messages.post, domains=("other.example",)))
        with pytest.raises(OutsideFailed):
            home.app.messages.send(rows(home, audience="guardian")[0].id)
        home.do_due("send_message")
        assert mail(home) == []
    until_quiet(home)
    assert mail(home) == list(INVITED)


def test_a_reminder_to_a_child_keeps_to_the_hours_too(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    home.clock.move_to(at("2026-11-25 20:00"))
    remind(home, "C-0110")
    assert to_child(home, "reminder").reason == "MSG-HOURS"


def test_holidays_are_no_office_hours(home: Home) -> None:
    parts = home.app.messages
    office = OfficeHours(holidays=frozenset({at("2026-11-23 00:00").date()}))
    parts.post = replace(parts.post, terms=replace(parts.post.terms, office=office))
    home.schedule()
    until_quiet(home)
    assert mails(home, MINH) == [] and to_child(home).reason == "MSG-HOURS"
