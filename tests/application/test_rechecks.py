"""What is looked at again between scheduling and start: when, and what becomes of children and staff."""

from datetime import timedelta

import pytest

from tests.application.lessons import (
    INVITED,
    audited,
    change_file,
    mail,
    meetings,
    object_to,
    only_session,
    state_of,
    writes,
)
from tests.application.mails import rows
from tests.application.rechecking import (
    DAY,
    EIGHT,
    FIVE,
    HOUR,
    LEADS,
    accept,
    due,
    hear,
    leave,
    look,
    looks,
    put,
    reads,
    warned,
    without_licence,
    wrong,
)
from tests.house import CLASS_7B, COORDINATOR, DSL, OBSERVER, TEACHER, Home
from zoomguard.domain.people import Kind
from zoomguard.domain.sessions import Risk, SessionState
from zoomguard.tables import people as people_table
from zoomguard.tables import sessions as table

S = SessionState
TEACHER_REFERENCE = "T1"


@pytest.fixture
def lesson(home: Home) -> Home:
    """A lesson that stands, eight days ahead, first mails sent."""
    home.schedule()
    home.do_due("recheck", "settle_entries", "send_message")
    return home


def roster(home: Home) -> list[str]:
    with home.house.database.reading() as tx:
        entries = table.roster(tx, only_session(home).id)
        people = people_table.by_ids(tx, frozenset(e.child_id for e in entries))
    return [people[e.child_id].reference or "" for e in entries]


def approved(home: Home) -> int:
    (meeting,) = meetings(home)
    return sum(r.status == "approved" for r in meeting.registrants)


def unverify(home: Home, child: str) -> None:
    """Nobody who said yes for a child holds parental responsibility any more: a yes that counts for nothing yet."""
    change_file(home, "guardians", lambda row: row["child"] == child and not row.update(parental_responsibility="no"))


# When -----------------------------------------------------------------------------------------------------------


def test_after_scheduling_nothing_is_read_again_until_a_day_before(home: Home) -> None:
    home.schedule()
    before = len(home.zoom_calls())
    home.do_due("recheck")
    assert len(home.zoom_calls()) == before
    assert (due(home), looks(home)) == ([DAY], [])


def test_a_session_is_looked_at_at_each_moment_and_never_after_the_start(lesson: Home) -> None:
    for number, (before, after) in enumerate(
        [(DAY, [HOUR]), (HOUR, [EIGHT]), (EIGHT, [FIVE]), (FIVE, [timedelta(0)]), (timedelta(0), [])], 1
    ):
        look(lesson, before)
        assert (len(looks(lesson)), due(lesson)) == (number, after)
    assert state_of(lesson) is S.SCHEDULED
    assert audited(lesson, "session.rechecked") == 5
    assert lesson.app.audit.verify().broken is None


def test_a_clean_look_is_one_reading_and_changes_nothing(lesson: Home) -> None:
    version, before, sent = only_session(lesson).version, reads(lesson), writes(lesson)
    look(lesson, DAY)
    assert (reads(lesson), only_session(lesson).version, writes(lesson)) == (before + 1, version, sent)


def test_moments_that_passed_while_nobody_worked_cost_one_look(lesson: Home) -> None:
    look(lesson, timedelta(minutes=6))
    assert (len(looks(lesson)), due(lesson)) == (1, [FIVE])


def test_a_session_that_is_not_to_be_looked_at_is_left_alone(lesson: Home) -> None:
    session = only_session(lesson)
    lesson.app.sessions.cancel(lesson.who(TEACHER), session.id)
    lesson.clock.move_to(session.starts_at - HOUR)
    assert lesson.app.rechecks.recheck(session.id) is None
    assert looks(lesson) == []


def test_a_session_under_change_is_left_alone_and_looked_at_later(lesson: Home) -> None:
    put(lesson, state=S.MOVING, change="time")
    hear(lesson)
    now = lesson.clock.now()
    again_at = lesson.app.rechecks.recheck(only_session(lesson).id)
    assert timedelta(seconds=19) < again_at - now < timedelta(seconds=25)
    assert looks(lesson) == []


def test_who_is_at_work_on_a_session_is_not_disturbed(lesson: Home) -> None:
    session = only_session(lesson)
    hear(lesson)
    with lesson.house.claims.claim(session.id):
        again_at = lesson.app.rechecks.recheck(session.id)
    assert again_at - lesson.clock.now() < timedelta(seconds=5.1)
    assert looks(lesson) == []


# Children -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["withdrawn", "refused"])
def test_a_child_whose_consent_is_known_not_to_allow_leaves_and_the_lesson_goes_on(lesson: Home, answer: str) -> None:
    object_to(lesson, "C-0120", answer)
    look(lesson, DAY)
    assert roster(lesson) == [c for c in CLASS_7B if c != "C-0120"]
    assert (state_of(lesson), approved(lesson)) == (S.SCHEDULED, 4)
    assert audited(lesson, "session.child_left") == 1
    assert {m.to_person_id for m in rows(lesson, template="left_out")} and warned(lesson) == []
    assert lesson.app.audit.verify().broken is None


def test_a_withdrawal_of_recording_alone_makes_a_child_leave(lesson: Home) -> None:
    object_to(lesson, "C-0120", "withdrawn", scope="video_record")
    look(lesson, DAY)
    assert "C-0120" not in roster(lesson)


def test_what_was_found_is_on_record_with_the_look_and_then_clean(lesson: Home) -> None:
    accept(lesson)
    object_to(lesson, "C-0120", "withdrawn")
    look(lesson, DAY)
    assert [e.verdict for e in looks(lesson)] == ["fail", "pass"]
    assert wrong(lesson) == []


def test_a_child_who_left_the_college_leaves_the_lesson(lesson: Home) -> None:
    leave(lesson, Kind.CHILD, "C-0120")
    look(lesson, DAY)
    assert "C-0120" not in roster(lesson)


def test_without_any_child_left_the_lesson_is_called_off(home: Home) -> None:
    home.schedule(children=("C-0120",))
    home.do_due("send_message")
    object_to(home, "C-0120", "withdrawn")
    look(home, DAY)
    session = only_session(home)
    assert (session.state, session.removal_reason, meetings(home)) == (S.CANCELLED, "no_child", [])
    assert home.app.audit.verify().broken is None


def test_unknown_consent_is_told_an_hour_before_and_never_decides(lesson: Home) -> None:
    unverify(lesson, "C-0120")
    look(lesson, DAY)
    assert (state_of(lesson), warned(lesson)) == (S.SCHEDULED, [])
    assert wrong(lesson) == [("CON-CHANNEL", "fail", "C-0120")]
    for before in (HOUR, EIGHT, FIVE, timedelta(0)):
        look(lesson, before)
        session = only_session(lesson)
        assert (session.state, session.risk) == (S.AT_RISK, Risk.CONSENT_UNKNOWN)
        assert len(warned(lesson)) == LEADS
    assert "C-0120" in roster(lesson)


# Staff ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [TEACHER, OBSERVER])
def test_staff_who_may_not_any_more_put_the_lesson_at_risk_at_once(lesson: Home, who: str) -> None:
    without_licence(lesson, who)
    look(lesson, DAY)
    session = only_session(lesson)
    assert (session.state, session.risk, len(warned(lesson))) == (S.AT_RISK, Risk.STAFF, LEADS)
    look(lesson, HOUR)
    assert len(warned(lesson)) == LEADS
    assert audited(lesson, "session.at_risk") == 1


def test_a_member_of_staff_who_left_puts_the_lesson_at_risk(lesson: Home) -> None:
    leave(lesson, Kind.STAFF, TEACHER_REFERENCE)
    look(lesson, DAY)
    assert only_session(lesson).risk == Risk.STAFF


def test_what_still_stands_against_staff_eight_minutes_before_calls_the_lesson_off(lesson: Home) -> None:
    without_licence(lesson, TEACHER)
    look(lesson, DAY)
    look(lesson, HOUR)
    assert len(meetings(lesson)) == 1
    look(lesson, EIGHT)
    session = only_session(lesson)
    assert (session.state, session.removal_reason, meetings(lesson)) == (S.CANCELLED, "not_allowed", [])
    lesson.do_due("send_message")
    assert mail(lesson, "Cancelled") == list(INVITED)
    assert mail(lesson, "Called off") == sorted([OBSERVER, TEACHER, DSL, COORDINATOR, "b.noor@northmoor.example"])
    assert due(lesson) == []
    assert lesson.app.audit.verify().broken is None


def test_what_is_first_found_eight_minutes_before_is_told_to_the_leads_too(lesson: Home) -> None:
    look(lesson, HOUR)
    without_licence(lesson, TEACHER)
    look(lesson, EIGHT)
    assert (state_of(lesson), len(warned(lesson))) == (S.CANCELLED, LEADS)


def test_a_session_at_risk_that_is_clean_again_is_scheduled(lesson: Home) -> None:
    without_licence(lesson, TEACHER)
    look(lesson, DAY)
    lesson.sandbox._zoom.state.user(TEACHER).licensed = True
    look(lesson, HOUR)
    session = only_session(lesson)
    assert (session.state, session.risk, audited(lesson, "session.out_of_risk")) == (S.SCHEDULED, "", 1)
    without_licence(lesson, TEACHER)
    look(lesson, HOUR, minutes=10)
    assert state_of(lesson) is S.SCHEDULED
    hear(lesson)
    lesson.do_due("recheck")
    assert only_session(lesson).risk == Risk.STAFF


def test_an_account_that_zoom_does_not_know_is_told_an_hour_before_and_never_decides(lesson: Home) -> None:
    users = lesson.sandbox._zoom.state.users
    for key in [k for k, u in users.items() if u.email == OBSERVER]:
        del users[key]
    look(lesson, DAY)
    assert (state_of(lesson), wrong(lesson)) == (S.SCHEDULED, [("VC-OBSERVER", "unknown", OBSERVER)])
    look(lesson, HOUR)
    assert only_session(lesson).risk == Risk.STAFF
    look(lesson, timedelta(0))
    assert state_of(lesson) is S.AT_RISK


# The observer's yes ---------------------------------------------------------------------------------------------


def test_an_observer_who_has_not_said_yes_stands_in_the_evaluation_and_decides_nothing_here(lesson: Home) -> None:
    for before in (DAY, HOUR, EIGHT, FIVE, timedelta(0)):
        look(lesson, before)
    assert {e.verdict for e in looks(lesson)} == {"fail"}
    assert all("VC-OBSERVER-ACCEPTED" in e.findings for e in looks(lesson))
    assert (state_of(lesson), warned(lesson)) == (S.SCHEDULED, [])


def test_a_missing_observer_stays_until_somebody_said_yes(lesson: Home) -> None:
    put(lesson, state=S.AT_RISK, risk=Risk.OBSERVER_MISSING)
    look(lesson, EIGHT)
    look(lesson, timedelta(0))
    assert (state_of(lesson), only_session(lesson).risk) == (S.AT_RISK, Risk.OBSERVER_MISSING)
    assert warned(lesson) == []


def test_a_missing_observer_is_not_forgotten_over_something_worse(lesson: Home) -> None:
    put(lesson, state=S.AT_RISK, risk=Risk.OBSERVER_MISSING)
    without_licence(lesson, TEACHER)
    look(lesson, DAY)
    assert only_session(lesson).risk == Risk.STAFF
    lesson.sandbox._zoom.state.user(TEACHER).licensed = True
    look(lesson, HOUR)
    assert only_session(lesson).risk == Risk.OBSERVER_MISSING
    accept(lesson)
    look(lesson, EIGHT)
    assert state_of(lesson) is S.SCHEDULED
