"""What happens between the moment a mail is looked at and the moment it leaves."""

import pytest

from tests.application.lessons import INVITED, change_file, mail, state_of, until_quiet
from tests.application.mails import Away, call_off, line, mails, move
from tests.house import TEACHER, Home
from zoomguard.domain.sessions import SessionState

OLD = "1 Dec 2026 16:00 Europe/London, 50 minutes"


def test_no_contact_about_one_child_keeps_back_the_letter_with_that_childs_door(home: Home) -> None:
    home.schedule()

    def no_contact(row: dict[str, str]) -> bool:
        row["may_contact"] = "no"
        return row["email"].startswith("jan.kral") and row["child"] == "C-0101"

    change_file(home, "guardians", no_contact)
    until_quiet(home)
    assert mail(home) == [a for a in INVITED if not a.startswith("jan.kral")]


def test_a_lesson_cancelled_while_its_mail_is_about_to_leave_is_told_of_by_nobody(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_id = home.schedule().session.short_id
    who, messages = home.who(TEACHER), home.app.messages
    begin_try = messages._begin_try

    def cancelled_first(*asked: str) -> bool:
        if state_of(home) is SessionState.SCHEDULED:
            home.app.sessions.cancel(who, short_id)
        return bool(begin_try(*asked))

    monkeypatch.setattr(messages, "_begin_try", cancelled_first)
    until_quiet(home)
    assert mail(home) == mail(home, "Cancelled") == []


def test_a_lesson_that_is_moved_before_its_mail_left_is_told_of_once_with_the_new_time(home: Home) -> None:
    home.schedule()
    assert move(home, days=1) == 5
    until_quiet(home)
    assert mail(home) == list(INVITED) and mail(home, "Changed") == []
    assert all("2 Dec 2026 16:00" in m["text"] and OLD not in m["text"] for m in mails(home))
    assert [len(mails(home, to)) for to in ("minh.tran", "t.wren")] == [1, 1]


def test_a_lesson_that_is_moved_while_its_mail_is_about_to_leave_is_told_of_with_the_new_time(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.schedule()
    messages = home.app.messages
    begin_try, moved = messages._begin_try, []

    def moved_first(*asked: str) -> bool:
        if not moved:
            moved.append(move(home, days=1))
        return bool(begin_try(*asked))

    monkeypatch.setattr(messages, "_begin_try", moved_first)
    until_quiet(home)
    assert mail(home) == list(INVITED) and mail(home, "Changed") == []
    assert not [m for m in mails(home) if OLD in m["text"]]


def test_an_invitation_that_may_have_left_is_followed_by_the_change(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.schedule()
    with monkeypatch.context() as away:
        away.setattr(home.app.messages, "mailer", Away())
        home.do_due("send_message")
    move(home, days=1)
    until_quiet(home)
    assert (mail(home), mail(home, "Changed")) == ([], list(INVITED))


def test_a_second_change_before_the_first_was_told_names_no_time_that_nobody_heard_of(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    move(home, days=1)
    move(home, days=1)
    until_quiet(home)
    assert mail(home, "Changed") == list(INVITED)
    text = line(mails(home, "eva.kral")[-1]["text"])
    assert "no longer holds" in text and "Thu 3 Dec 2026 16:00" in text and "2 Dec 2026" not in text


def test_each_further_change_is_told_and_the_cancellation_once(home: Home) -> None:
    home.schedule()
    for _ in range(2):
        until_quiet(home)
        move(home, days=1)
    until_quiet(home)
    call_off(home)
    call_off(home)
    until_quiet(home)
    assert mail(home, "Changed") == sorted((*INVITED, *INVITED))
    assert mail(home, "Cancelled") == list(INVITED)


def test_a_change_that_has_not_left_is_dropped_with_the_lesson_and_the_cancellation_goes_once(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    move(home, days=1)
    assert call_off(home) == 5
    until_quiet(home)
    assert (mail(home, "Changed"), mail(home, "Cancelled")) == ([], list(INVITED))


def test_a_cancellation_that_is_told_twice_is_one_mail(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    call_off(home)
    until_quiet(home)
    call_off(home)
    until_quiet(home)
    assert mail(home, "Cancelled") == list(INVITED)
