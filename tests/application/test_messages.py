"""Who is written what about a lesson, read as the family and the staff would."""

from datetime import date, datetime

import pytest
from sqlmodel import select

from tests.application.lessons import (
    INVITED,
    NAMES,
    change_file,
    import_rows,
    mail,
    object_to,
    only_session,
    until_quiet,
)
from tests.application.mails import (
    before_of,
    call_off,
    decide,
    leave_out,
    line,
    mails,
    move,
    person_id,
    remind,
    rows,
    subjects,
)
from tests.house import CLASS_7B, Home
from zoomguard.application import messages
from zoomguard.application.messages import Post
from zoomguard.application.session_roster import add_child, open_doors
from zoomguard.domain import ids
from zoomguard.domain.people import Kind
from zoomguard.tables.database import Transaction
from zoomguard.tables.doors import Door
from zoomguard.tables.observers import AskKind, AskState, ObserverAsk
from zoomguard.tables.people import Person
from zoomguard.tables.sessions import VideoSession

MINH, TEACHER_, OBSERVER_, EVA = "minh.tran", "t.wren", "p.nandakumar", "eva.kral"


def address(home: Home, reference: str, email: str) -> None:
    """Puts a child's address on record."""

    def change(row: dict[str, str]) -> bool:
        row["email"] = email
        return row["reference"] == reference

    change_file(home, "children", change, accept_changes=True)


def of_age(home: Home) -> None:
    """C-0130 says yes in her own name, and has an address."""

    def own(row: dict[str, str]) -> bool:
        row.update(guardian="C-0130", evidence_ref="FORM-0130-OWN")
        return row["child"] == "C-0130" and row["scope"] in ("video_live", "video_record")

    change_file(home, "consents", own)
    address(home, "C-0130", "noor.aziz@families.example")


def tell(home: Home, template: str, *references: str) -> int:
    def act(tx: Transaction, post: Post, row: VideoSession, now: datetime) -> int:
        people = [person_id(tx, Kind.STAFF, r) for r in references]
        return messages.tell_staff(tx, post, row, people, template, now)

    return decide(home, act)


def ask(home: Home, token: str, kind: str = "assigned", reference: str = "O2") -> None:
    decide(
        home,
        lambda tx, post, row, now: messages.ask_observer(
            tx, post, row, person_id(tx, Kind.STAFF, reference), token, kind, now
        ),
    )


def test_from_invitation_to_cancellation_each_guardian_gets_one_mail_at_each_turn(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    assert move(home, days=1) == 5
    until_quiet(home)
    assert call_off(home) == 5
    until_quiet(home)
    for subject in ("Online lesson", "Changed", "Cancelled"):
        assert mail(home, subject) == list(INVITED)


def test_a_guardian_marked_no_contact_is_never_a_recipient_of_anything(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    move(home, days=1)
    leave_out(home, "C-0120")
    call_off(home)
    until_quiet(home)
    assert mails(home, "ngozi.okafor") and mails(home, "emeka.okafor") == []
    assert not [v for v in home.app.messages.list(home.who("i.hale@northmoor.example")) if v.to_reference == "G-21"]


def test_a_change_says_old_and_new_and_the_same_doors(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    move(home, days=1)
    until_quiet(home)
    first, second = mails(home, EVA)
    assert "Before:    Tue 1 Dec 2026 16:00" in second["text"] and "Now:       Wed 2 Dec 2026 16:00" in second["text"]
    doors = [[w for w in m["text"].split() if "/j/" in w] for m in (first, second)]
    assert doors[0] == doors[1] and len(doors[0]) == 2


def test_a_door_that_is_not_on_record_is_left_out_of_a_change(home: Home) -> None:
    home.schedule()
    until_quiet(home)

    def forget(tx: Transaction, post: Post, row: VideoSession, now: datetime) -> None:
        for door in tx.all(select(Door).where(Door.session_id == row.id)):
            door.token = ""

    decide(home, forget)
    move(home, days=1)
    until_quiet(home)
    text = mails(home, "lan.tran")[-1]["text"]
    assert "/j/" not in text and "link in our earlier mail stays good" in text


def test_calendars_keep_one_entry_that_moves_and_goes_and_names_nobody(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    move(home, days=1)
    until_quiet(home)
    home.app.sessions.cancel(home.who("t.wren@northmoor.example"), only_session(home).id)
    until_quiet(home)
    uid = f"UID:{only_session(home).id}@northmoor.example"
    for to in (EVA, "lan.tran", MINH, TEACHER_):
        entries = [m["calendar"].replace("\r\n ", "") for m in mails(home, to)]
        assert [uid in e for e in entries] == [True] * 3, to
        said = [[w for w in e.split() if w.startswith(("METHOD:", "SEQUENCE:", "DTSTART:"))] for e in entries]
        assert said == [
            ["METHOD:PUBLISH", "DTSTART:20261201T160000Z", "SEQUENCE:0"],
            ["METHOD:PUBLISH", "DTSTART:20261202T160000Z", "SEQUENCE:1"],
            ["METHOD:CANCEL", "DTSTART:20261202T160000Z", "SEQUENCE:2"],
        ]
        assert not [name for name in (*NAMES, "Wren", "Nandakumar") for e in entries if name in e]


def test_the_calendar_of_siblings_holds_both_doors_and_that_of_staff_the_staff_door(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    (family,), (teacher,) = mails(home, EVA), mails(home, TEACHER_)
    doors = [w for w in family["text"].split() if "/j/" in w]
    entry = family["calendar"].replace("\r\n ", "")
    assert len(doors) == 2 and all(door in entry for door in doors) and f"URL:{doors[0]}" in entry
    assert f"/s/{only_session(home).short_id}" in teacher["calendar"].replace("\r\n ", "")
    assert "/j/" not in teacher["calendar"] + teacher["text"]


def test_a_child_with_permission_and_address_gets_the_own_door_alone(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    (to_child,), (to_mother,) = mails(home, MINH), mails(home, "lan.tran")
    doors = [[w for w in m["text"].split() if "/j/" in w] for m in (to_child, to_mother)]
    assert doors[0] == doors[1] and len(doors[0]) == 1
    assert to_child["text"].startswith("Hello Minh,") and "keep a secret" in line(to_child["text"])
    assert [m.audience for m in rows(home) if m.audience == "child"] == ["child"]


def test_a_child_without_permission_for_mail_gets_none(home: Home) -> None:
    object_to(home, "C-0110", "withdrawn", scope="email")
    home.schedule()
    until_quiet(home)
    assert mails(home, MINH) == [] and mail(home) == list(INVITED)


def test_a_permission_for_mail_that_ends_before_the_mail_leaves_keeps_it_back(home: Home) -> None:
    home.schedule()
    object_to(home, "C-0110", "withdrawn", scope="email")
    until_quiet(home)
    assert mails(home, MINH) == [] and mail(home) == list(INVITED)


def test_a_child_whose_address_is_not_on_record_gets_none(home: Home) -> None:
    address(home, "C-0110", "")
    home.schedule()
    until_quiet(home)
    assert [m for m in rows(home) if m.audience == "child"] == []


def test_a_learner_of_age_gets_the_mail_and_the_guardian_none(home: Home) -> None:
    of_age(home)
    home.schedule(children=("C-0120", "C-0130"))
    until_quiet(home)
    move(home, days=1)
    until_quiet(home)
    assert mails(home, "samira.aziz") == []
    invitation, change = mails(home, "noor.aziz")
    assert "You have an online lesson" in invitation["text"] and "your child" not in invitation["text"]
    assert line(change["text"]).startswith("Hello, Your online lesson")


def test_a_learner_of_age_needs_no_office_hours(home: Home) -> None:
    of_age(home)
    home.clock.move_to(datetime.fromisoformat("2026-11-28T22:00:00+00:00"))
    home.schedule(children=("C-0120", "C-0130"))
    until_quiet(home)
    assert mail(home) == ["ngozi.okafor@families.example", "noor.aziz@families.example"]


def test_who_leaves_a_lesson_is_told_and_siblings_stay(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    assert leave_out(home, "C-0101") == 2
    until_quiet(home)
    left = mails(home, EVA)[-1]
    assert "Lena is no longer in the online lesson" in line(left["text"]) and "Marek" not in left["text"]
    entry = left["calendar"].replace("\r\n ", "")
    assert "METHOD:PUBLISH" in entry and entry.count("/j/") == 2  # The brother's door, as text and as URL.
    assert mail(home, "No longer") == ["eva.kral@families.example", "jan.kral@families.example"]
    leave_out(home, "C-0110")
    until_quiet(home)
    assert "METHOD:CANCEL" in mails(home, "lan.tran")[-1]["calendar"]
    assert "You did nothing wrong" in mails(home, MINH)[-1]["text"]


def test_who_leaves_before_anybody_was_told_leaves_no_trace_in_mail(home: Home) -> None:
    home.schedule()
    assert leave_out(home, "C-0101") == leave_out(home, "C-0110") == 0
    until_quiet(home)
    (to_eva,) = mails(home, EVA)
    assert "Marek has an online lesson" in to_eva["text"] and "Lena" not in to_eva["text"]
    assert mails(home, "lan.tran") == mails(home, MINH) == []


def test_a_family_that_left_hears_nothing_more_of_the_lesson(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    leave_out(home, "C-0110")
    until_quiet(home)
    call_off(home)
    until_quiet(home)
    assert subjects(home, "lan.tran") == ["Online lesson", "No longer in lesson"]


def test_a_child_who_comes_later_is_invited_with_all_siblings_in_one_mail(home: Home) -> None:
    home.schedule(children=("C-0101", "C-0120"))
    until_quiet(home)

    def add(tx: Transaction, post: Post, row: VideoSession, now: datetime) -> int:
        parts = home.app.sessions.parts
        add_child(tx, parts, row, person_id(tx, Kind.CHILD, "C-0102"))
        return messages.invite(tx, post, row, open_doors(tx, parts, row, now), now)

    assert decide(home, add) == 2
    until_quiet(home)
    again = mails(home, EVA)[-1]["text"]
    assert "Lena and Marek have" in again and again.count("/j/") == 2
    assert [len(mails(home, to)) for to in ("ngozi.okafor", TEACHER_)] == [1, 1]


def test_a_child_is_reminded_with_the_own_door_where_mail_is_allowed(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    assert [remind(home, child) for child in CLASS_7B] == [0, 0, 1, 0, 0]
    until_quiet(home)
    assert subjects(home, MINH)[-1] == "Soon"
    assert mails(home, MINH)[-1]["text"].count("/j/") == 1


def test_staff_are_told_of_a_change_and_of_a_cancellation(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    move(home, days=1)
    until_quiet(home)
    call_off(home, "Snow.")
    until_quiet(home)
    assert subjects(home, TEACHER_) == ["You teach", "Lesson changed", "Called off"]
    assert subjects(home, OBSERVER_) == ["Can you observe", "Lesson changed", "Called off"]
    assert all("The college adds: Snow." in mails(home, to)[-1]["text"] for to in (TEACHER_, OBSERVER_))
    # Who was only asked has nothing in the calendar.
    assert [bool(m["calendar"]) for m in mails(home, OBSERVER_)] == [False] * 3


def test_another_observer_who_said_yes_is_told_and_the_one_before_too(home: Home) -> None:
    home.schedule()
    until_quiet(home)

    def replace_observer(tx: Transaction, post: Post, row: VideoSession, now: datetime) -> int:
        before, row.observer_id, row.accepted_at = before_of(row), person_id(tx, Kind.STAFF, "O2"), now
        tx.flush()
        # Whoever decided it may have told the one who goes already.
        messages.tell_staff(tx, post, row, (before.observer_id,), "off", now)
        return messages.tell_change(tx, post, row, before, now)

    assert decide(home, replace_observer) == 5
    until_quiet(home)
    assert "Olu Mbeki now observes, in place of Priya Nandakumar." in line(mails(home, EVA)[-1]["text"])
    assert subjects(home, "o.mbeki") == ["You observe"]
    assert "METHOD:PUBLISH" in mails(home, "o.mbeki")[-1]["calendar"]
    assert subjects(home, OBSERVER_) == ["Can you observe", "No longer yours"]
    assert "METHOD:CANCEL" in mails(home, OBSERVER_)[-1]["calendar"]
    assert subjects(home, TEACHER_) == ["You teach", "Lesson changed"]


def test_another_teacher_is_told_and_the_one_before_too(home: Home) -> None:
    home.schedule()
    until_quiet(home)

    def reassign(tx: Transaction, post: Post, row: VideoSession, now: datetime) -> int:
        before, row.teacher_id = before_of(row), person_id(tx, Kind.STAFF, "T2")
        tx.flush()
        return messages.tell_change(tx, post, row, before, now)

    assert decide(home, reassign) == 5
    until_quiet(home)
    assert "Hilde Lindqvist now teaches, in place of Tomasz Wren." in line(mails(home, EVA)[-1]["text"])
    assert subjects(home, "h.lindqvist") == ["You teach"]
    assert subjects(home, TEACHER_) == ["You teach", "Another teacher"]
    assert [m["calendar"].count("METHOD:CANCEL") for m in mails(home, TEACHER_)] == [0, 1]


def test_the_same_news_twice_in_a_row_are_one_mail_and_later_again_another(home: Home) -> None:
    home.schedule()
    assert [tell(home, "on", "O2", "O2"), tell(home, "on", "O2")] == [1, 0]
    assert [tell(home, "off", "O2"), tell(home, "on", "O2")] == [1, 1]
    until_quiet(home)
    assert subjects(home, "o.mbeki") == ["You observe", "No longer yours", "You observe"]


def test_each_question_has_its_own_link_and_one_that_fell_away_is_not_asked(home: Home) -> None:
    home.schedule()
    ask(home, "zgo_first", "reserve")
    ask(home, "zgo_second", "reminder")

    def covered(tx: Transaction, post: Post, row: VideoSession, now: datetime) -> None:
        asked = person_id(tx, Kind.STAFF, "O2")
        tx.add(
            ObserverAsk(
                id=ids.ulid(now),
                session_id=row.id,
                person_id=asked,
                kind=AskKind.RESERVE,
                token_sha256=ids.token_digest("zgo_first"),
                state=AskState.COVERED,
                asked_at=now,
            )
        )

    decide(home, covered)
    until_quiet(home)
    (asked,) = mails(home, "o.mbeki")
    assert "/o/zgo_second" in asked["text"] and asked["calendar"] == ""


@pytest.mark.parametrize("template", ["covered", "observer_missing", "at_risk", "not_created", "reassigned"])
def test_news_for_staff_go_at_once_at_any_hour(home: Home, template: str) -> None:
    home.schedule()
    home.clock.move_to(datetime.fromisoformat("2026-11-28T23:30:00+00:00"))
    assert tell(home, template, "DSL") == 1
    home.do_due("send_message")
    (told,) = mails(home, "i.hale")
    assert "MATHS-7B" in told["subject"]
    assert not [name for name in NAMES if name in told["text"]]


def test_somebody_who_left_the_staff_is_not_written_to(home: Home) -> None:
    home.schedule()
    tell(home, "on", "O2")

    def gone(tx: Transaction, post: Post, row: VideoSession, now: datetime) -> None:
        tx.need(Person, person_id(tx, Kind.STAFF, "O2")).active = False

    decide(home, gone)
    until_quiet(home)
    assert mails(home, "o.mbeki") == []


def test_the_sheet_of_a_day_is_sent_once_as_long_as_it_is_the_same(home: Home) -> None:
    home.schedule()

    def sheet(text: str) -> int:
        return decide(
            home,
            lambda tx, post, row, now: messages.day_sheet(
                tx, post, date(2026, 12, 1), [person_id(tx, Kind.STAFF, "DSL")], text, now
            ),
        )

    assert [sheet("16:00  MATHS-7B"), sheet("16:00  MATHS-7B"), sheet("16:00  none")] == [1, 0, 1]
    until_quiet(home)
    assert [m["subject"] for m in mails(home, "i.hale")] == ["Lessons on Tue 1 Dec 2026"] * 2


def test_no_subject_and_no_calendar_entry_names_anybody(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    remind(home, "C-0110")
    move(home, days=1)
    until_quiet(home)
    leave_out(home, "C-0101")
    call_off(home)
    until_quiet(home)
    told = [m["subject"] + m["calendar"].replace("\r\n ", "") for m in home.sandbox.mail()]
    assert len(told) > 20
    assert not [name for name in NAMES for text in told if name in text]


def test_a_mail_with_the_name_of_a_child_about_whom_there_is_no_contact_any_more_stays(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    leave_out(home, "C-0101")

    def no_contact(row: dict[str, str]) -> bool:
        row["may_contact"] = "no"
        return row["email"].startswith("jan.kral") and row["child"] == "C-0101"

    change_file(home, "guardians", no_contact)
    until_quiet(home)
    assert mail(home, "No longer") == ["eva.kral@families.example"]


def test_a_guardian_who_comes_on_record_is_invited_with_the_next_change(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    import_rows(
        home,
        "guardians",
        [
            {
                "reference": "G-11", "email": "an.tran@families.example", "known_as": "An", "family_name": "Tran",
                "language": "vi", "child": "C-0110", "relation": "father", "parental_responsibility": "yes",
                "may_contact": "yes",
            }
        ],
    )  # fmt: skip
    move(home, days=1)
    until_quiet(home)
    assert subjects(home, "an.tran") == ["Online lesson"] and subjects(home, "lan.tran")[-1] == "Changed"
    assert "Wed 2 Dec 2026 16:00" in mails(home, "an.tran")[0]["text"]
