from dataclasses import replace
from datetime import UTC, datetime

from zoomguard.domain.messages import Invited, Lesson, cancellation, invitation

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
)
LENA = Invited("Lena", "https://college.example/j/one", "Asia/Ho_Chi_Minh")
JAN = Invited("Jan", "https://college.example/j/two", "Europe/London")
EVA = Invited("Eva", "https://college.example/j/three", "")


def test_an_invitation_tells_who_is_there_that_it_is_recorded_and_whom_to_tell():
    _, text = invitation(LESSON, (LENA,))
    for told in ("Lena has", "Tom Wren teaches", "Olga Finch observes", "recorded", "90 days", LENA.door):
        assert told in text
    for told in ("You may sit in", "Ms Hale, 01865 000001", "0808 800 5000", "01865 000002", "999"):
        assert told in text


def test_a_subject_holds_no_name():
    for subject, _ in (invitation(LESSON, (LENA,)), cancellation(LESSON, (LENA,))):
        assert "MATHS-7B" in subject
        for name in ("Lena", "Wren", "Finch"):
            assert name not in subject


def test_the_time_at_home_is_told_where_it_differs():
    assert "where you are: Tue 1 Dec 2026 23:00 Asia/Ho_Chi_Minh" in invitation(LESSON, (LENA,))[1]
    assert "where you are" not in invitation(LESSON, (JAN, EVA))[1]


def test_siblings_get_one_mail_with_a_link_each():
    _, text = invitation(LESSON, (LENA, JAN, EVA))
    assert "Lena, Jan and Eva have" in text
    for child in (LENA, JAN, EVA):
        assert f"{child.known_as}: {child.door}" in text


def test_telephone_numbers_that_nobody_gave_leave_no_trace():
    bare = replace(LESSON, lead_phone="", office_phone="")
    for _, text in (invitation(bare, (LENA,)), cancellation(bare, (LENA,))):
        assert "Tell Ms Hale.\n" in text
        assert "Questions" not in text


def test_a_cancellation_holds_no_link_and_no_child():
    _, text = cancellation(LESSON, (LENA,))
    assert "will not take place" in " ".join(text.split())
    assert LENA.door not in text
    assert "Lena" not in text
