from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from zoomguard.domain import child_letters, letters, staff_letters
from zoomguard.domain.letter_words import Written
from zoomguard.domain.messages import Invited, Lesson, Template, Was

LESSON = Lesson(
    organisation="Northmoor College",
    course="MATHS-7B",
    starts_at=datetime(2026, 12, 1, 16, tzinfo=UTC),
    minutes=60,
    zone="Europe/London",
    teacher="Tom Wren",
    observer="Olga Finch",
    lead="Ms Hale",
    lead_phone="01865 000001",
    office_phone="01865 000002",
    nspcc="0808 800 5000",
    doors_open_minutes=15,
    retention_days=90,
    short_id="S-7K2M",
    staff_door="https://college.example/s/S-7K2M",
    children=3,
)
WAS = Was(LESSON.starts_at - timedelta(days=1), 45, "Tom Wren", "Olga Finch")
LENA = Invited("Lena", "https://college.example/j/one", "Asia/Ho_Chi_Minh")
JAN = Invited("Jan", "https://college.example/j/two", "Europe/London")
EVA = Invited("Eva", "https://college.example/j/three", "")
NOOR = Invited("Noor", "https://college.example/j/four", "Europe/London", oneself=True)
NOW = LESSON.starts_at - timedelta(days=7)
ASK_LINK = "https://college.example/o/five"

TO_GUARDIANS: dict[str, Written] = {
    "invitation": letters.invitation(LESSON, (LENA,)),
    "change": letters.change(LESSON, WAS, (LENA,)),
    "cancellation": letters.cancellation(LESSON, (LENA,)),
    "left out": letters.left_out(LESSON, (LENA,)),
}
TO_CHILDREN: dict[str, Written] = {
    "invitation": child_letters.invitation(LESSON, LENA),
    "change": child_letters.change(LESSON, WAS, LENA),
    "reminder": child_letters.reminder(LESSON, LENA),
    "cancellation": child_letters.cancellation(LESSON, LENA),
    "left out": child_letters.left_out(LESSON, LENA),
}
NEWS = [t for t in Template if t in staff_letters.NEWS or t is Template.AT_RISK]


def line(text: str) -> str:
    """A text without its line breaks."""
    return " ".join(text.split())


@pytest.mark.parametrize("written", [letters.invitation(LESSON, (LENA,)), letters.change(LESSON, WAS, (LENA,))])
def test_an_invitation_and_a_change_tell_who_is_there_that_it_is_recorded_and_whom_to_tell(written: Written) -> None:
    text = line(written[1])
    for told in ("Lena", "Tom Wren teaches", "Olga Finch observes", "recorded", "90 days", LENA.door):
        assert told in text
    for told in (
        "You may sit in",
        "You do not have to",
        "Ms Hale, 01865 000001",
        "0808 800 5000",
        "01865 000002",
        "999",
    ):
        assert told in text


@pytest.mark.parametrize("written", [*TO_GUARDIANS.values(), *TO_CHILDREN.values()])
def test_a_subject_holds_no_name(written: Written) -> None:
    assert "MATHS-7B" in written[0]
    for name in ("Lena", "Wren", "Finch", "Hale", "Minh"):
        assert name not in written[0]


@pytest.mark.parametrize("written", TO_GUARDIANS.values())
def test_each_mail_to_a_guardian_says_whom_to_tell(written: Written) -> None:
    assert "Tell Ms Hale, 01865 000001." in written[1] and "0808 800 5000" in written[1]


@pytest.mark.parametrize("written", TO_CHILDREN.values())
def test_each_mail_to_a_child_says_that_nobody_may_ask_for_a_secret_and_where_to_go(written: Written) -> None:
    text = line(written[1])
    assert text.startswith("Hello Lena,")
    for told in ("Nobody may ask you to keep a secret.", "an adult you trust", "Ms Hale", "Childline: 0800 1111"):
        assert told in text


@pytest.mark.parametrize("what", ["invitation", "change", "reminder"])
def test_a_child_is_told_who_is_there_and_that_the_camera_may_be_off(what: str) -> None:
    text = line(TO_CHILDREN[what][1])
    for told in ("Two adults are there: Tom Wren and Olga Finch", "recorded", "Your camera may be off", LENA.door):
        assert told in text
    assert "Tue 1 Dec 2026 23:00 Asia/Ho_Chi_Minh" in text and "at the college: Tue 1 Dec 2026 16:00" in text


def test_the_time_at_home_is_told_where_it_differs() -> None:
    assert "where you are: Tue 1 Dec 2026 23:00 Asia/Ho_Chi_Minh" in letters.invitation(LESSON, (LENA,))[1]
    assert "where you are" not in letters.invitation(LESSON, (JAN, EVA))[1].lower()
    assert "Where you are: Tue 1 Dec 2026 23:00 Asia/Ho_Chi_Minh" in letters.cancellation(LESSON, (LENA,))[1]


def test_siblings_get_one_mail_with_a_link_each() -> None:
    _, text = letters.invitation(LESSON, (LENA, JAN, EVA))
    assert "Lena, Jan and Eva have" in text
    for child in (LENA, JAN, EVA):
        assert f"{child.known_as}: {child.door}" in text


def test_a_learner_of_age_is_written_to_as_such() -> None:
    _, text = letters.invitation(LESSON, (NOOR,))
    assert "You have an online lesson" in text and NOOR.door in text
    assert "your child" not in text
    assert "Your online lesson with Northmoor College has changed" in line(letters.change(LESSON, WAS, (NOOR,))[1])
    assert "You are no longer in" in line(letters.left_out(LESSON, (NOOR,))[1])


def test_a_link_that_we_no_longer_know_stays_good() -> None:
    unknown = replace(LENA, door="")
    assert "link in our earlier mail stays good" in letters.change(LESSON, WAS, (unknown,))[1]
    _, text = letters.change(LESSON, WAS, (unknown, JAN))
    assert "Lena: the link in our earlier mail stays good" in text and JAN.door in text


def test_telephone_numbers_that_nobody_gave_leave_no_trace() -> None:
    bare = replace(LESSON, lead_phone="", office_phone="")
    for _, text in (letters.invitation(bare, (LENA,)), letters.cancellation(bare, (LENA,))):
        assert "Tell Ms Hale.\n" in text
        assert "Questions" not in text
    assert line(letters.left_out(bare, (LENA,))[1]).count("please call us.") == 1


def test_a_cancellation_holds_no_link_and_no_child() -> None:
    _, text = letters.cancellation(LESSON, (LENA,))
    assert "will not take place" in line(text)
    assert LENA.door not in text
    assert "Lena" not in text


def test_a_change_of_time_says_old_and_new() -> None:
    _, text = letters.change(LESSON, WAS, (LENA,))
    assert "Before:    Mon 30 Nov 2026 16:00 Europe/London, 45 minutes" in text
    assert "(where you are: Mon 30 Nov 2026 23:00 Asia/Ho_Chi_Minh)" in text
    assert "Now:       Tue 1 Dec 2026 16:00 Europe/London, 60 minutes" in text
    assert "time stays" not in text


def test_a_change_of_staff_says_who_comes_for_whom_and_that_the_time_stays() -> None:
    was = Was(LESSON.starts_at, LESSON.minutes, "Tom Wren", "Rao Sen")
    text = line(letters.change(LESSON, was, (LENA,))[1])
    assert "The time stays as it was. Olga Finch now observes, in place of Rao Sen." in text
    assert "now teaches" not in text and "Before:" not in text


def test_several_changes_told_at_once_name_no_time_that_the_reader_never_heard_of() -> None:
    text = line(letters.change(LESSON, None, (LENA,))[1])
    assert "told you before about this lesson no longer holds" in text
    assert "Before:" not in text


@pytest.mark.parametrize("note", ["", "Bring a ruler."])
def test_what_somebody_typed_is_marked_as_added(note: str) -> None:
    texts = [
        letters.change(LESSON, WAS, (LENA,), note)[1],
        letters.cancellation(LESSON, (LENA,), note)[1],
        child_letters.change(LESSON, WAS, LENA, note)[1],
        child_letters.cancellation(LESSON, LENA, note)[1],
        staff_letters.change(LESSON, WAS, note)[1],
    ]
    assert all(("The college adds: Bring a ruler." in text) is bool(note) for text in texts)


def test_who_leaves_a_lesson_is_told_so_without_a_reason() -> None:
    text = line(letters.left_out(LESSON, (LENA,))[1])
    assert "Lena is no longer in the online lesson MATHS-7B" in text and "no longer opens" in text
    assert "You did nothing wrong" in line(TO_CHILDREN["left out"][1])
    for _, told in (letters.left_out(LESSON, (LENA,)), TO_CHILDREN["left out"]):
        assert not [w for w in ("permission", "consent", "withdr", "because") if w in told]
        assert LENA.door not in told


@pytest.mark.parametrize("kind", ["assigned", "reserve", "pool", "reminder"])
def test_who_is_asked_to_observe_gets_all_that_is_needed_to_answer(kind: str) -> None:
    subject, text = staff_letters.ask(LESSON, kind, ASK_LINK, NOW)
    for told in (
        "Tue 1 Dec 2026 16:00",
        "MATHS-7B",
        "Tom Wren",
        "Children:  3",
        ASK_LINK,
        "press Yes or No",
        "answer by",
    ):
        assert told in text
    assert "MATHS-7B" in subject and "Olga Finch" not in text


@pytest.mark.parametrize(
    ("kind", "hours_before", "answer_before"),
    [
        ("assigned", 168, timedelta(hours=24)),
        ("assigned", 25, timedelta(hours=24)),
        ("assigned", 24, timedelta(hours=4)),
        ("reminder", 24, timedelta(hours=4)),
        ("reserve", 3, timedelta(minutes=15)),
        ("assigned", 0.5, timedelta(minutes=15)),
        ("pool", 168, timedelta(minutes=15)),
    ],
)
def test_an_answer_is_wanted_before_we_look_again(kind: str, hours_before: float, answer_before: timedelta) -> None:
    starts_at = LESSON.starts_at
    asked_at = starts_at - timedelta(hours=hours_before)
    assert staff_letters.answer_by(kind, starts_at, asked_at) == starts_at - answer_before


@pytest.mark.parametrize("template", NEWS)
def test_news_for_staff_say_of_which_lesson(template: Template) -> None:
    subject, text = staff_letters.news(template, LESSON, "DRIFT")
    assert "MATHS-7B" in subject and "Tue 1 Dec 2026 16:00" in subject
    assert "S-7K2M" in text and "Observer:  Olga Finch" in text
    assert (LESSON.staff_door in text) is (template not in (Template.COVERED, Template.OFF, Template.REASSIGNED))


def test_all_news_differ() -> None:
    assert len({staff_letters.news(t, LESSON)[0] for t in NEWS}) == len(NEWS) == 8


def test_a_lesson_at_risk_says_why() -> None:
    assert "its settings at Zoom were changed" in line(staff_letters.news(Template.AT_RISK, LESSON, "DRIFT")[1])
    assert "could not be confirmed" in line(staff_letters.news(Template.AT_RISK, LESSON, "SOMETHING")[1])


def test_the_sheet_of_a_day_stands_in_the_body_as_it_is_printed() -> None:
    subject, text = staff_letters.day_sheet("Northmoor College", date(2026, 12, 1), "16:00  MATHS-7B\n17:00  ART\n")
    assert subject == "Lessons on Tue 1 Dec 2026"
    assert "\n16:00  MATHS-7B\n17:00  ART\n" in text


def test_a_child_at_home_in_the_colleges_zone_is_told_one_time():
    _, said = child_letters.invitation(LESSON, replace(LENA, zone=LESSON.zone))
    assert "at the college" not in said
    _, abroad = child_letters.invitation(LESSON, replace(LENA, zone="Asia/Ho_Chi_Minh"))
    assert "at the college" in abroad
