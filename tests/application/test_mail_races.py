"""What happens between the moment a mail is looked at and the moment it leaves."""

import pytest

from tests.application.lessons import INVITED, change_file, mail, state_of, until_quiet
from tests.house import TEACHER, Home
from zoomguard.domain.sessions import SessionState


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

    def cancelled_first(message_id: str) -> bool:
        if state_of(home) is SessionState.SCHEDULED:
            home.app.sessions.cancel(who, short_id)
        return bool(begin_try(message_id))

    monkeypatch.setattr(messages, "_begin_try", cancelled_first)
    until_quiet(home)
    assert mail(home) == mail(home, "Cancelled") == []
