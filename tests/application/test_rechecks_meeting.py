"""What was changed in Zoom's own pages between scheduling and start, and what becomes of it."""

from __future__ import annotations

import shutil
import zoneinfo
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.application.lessons import audited, meetings, only_session, state_of, writes
from tests.application.mails import rows
from tests.application.rechecking import (
    CHAT,
    DAY,
    EIGHT,
    FIVE,
    HOUR,
    LEADS,
    ROOM,
    accept,
    at_zoom,
    change,
    due,
    hear,
    in_zoom,
    look,
    looks,
    repairs,
    warned,
    wrong,
)
from tests.house import Home
from zoomguard.domain.sessions import Risk, SessionState
from zoomguard.tables.sessions import HostBudget

S = SessionState
STRANGER = "stranger@elsewhere.example"


@pytest.fixture
def lesson(home: Home) -> Home:
    """A lesson that stands, eight days ahead, first mails sent; its observer has said yes."""
    home.schedule()
    home.do_due("recheck", "settle_entries", "send_message")
    accept(home)
    return home


def told(home: Home) -> tuple[SessionState, str, int]:
    """How the session stands, and how many mails the leads got about that."""
    session = only_session(home)
    return session.state, session.risk, len(warned(home))


def lock(home: Home, settings: dict[str, Any]) -> None:
    """The account's lock has its own way with every change."""
    home.sandbox.faults.switch("locked_setting_overrides", on="PATCH /v2/meetings/{}", settings=settings)


def approved(home: Home) -> set[str]:
    return {r.email for r in at_zoom(home).registrants if r.status == "approved"}


# Drift ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        (ROOM, False),
        ("settings.auto_recording", "none"),
        ("settings.approval_type", 2),
        (CHAT, True),
        ("settings.alternative_hosts", ""),
        ("password", "Qx7_hTq2@m"),
        ("password", ""),
        ("duration", 90),
        ("start_time", "2026-12-01T18:00:00Z"),
        ("topic", "Maths with Lena Kral"),
        ("agenda", "Lena Kral"),
    ],
)
def test_what_was_changed_in_zoom_is_put_back(lesson: Home, setting: str, value: Any) -> None:
    as_asked = (dict(at_zoom(lesson).settings), dict(at_zoom(lesson).fields), at_zoom(lesson).password)
    change(lesson, setting, value)
    look(lesson, DAY)
    meeting = at_zoom(lesson)
    assert (dict(meeting.settings), dict(meeting.fields), meeting.password) == as_asked
    assert (told(lesson), only_session(lesson).repairs, repairs(lesson)) == ((S.SCHEDULED, "", 0), 1, 1)
    assert [e.verdict for e in looks(lesson)][-1] == "pass"
    assert audited(lesson, "session.put_back") == 1
    assert lesson.app.audit.verify().broken is None


def test_settings_are_put_back_twice_and_a_third_change_is_told(lesson: Home) -> None:
    for before in (DAY, HOUR):
        change(lesson, CHAT, True)
        look(lesson, before)
        assert told(lesson) == (S.SCHEDULED, "", 0)
    change(lesson, CHAT, True)
    for before in (EIGHT, FIVE, timedelta(0)):
        look(lesson, before)
        assert told(lesson) == (S.AT_RISK, Risk.DRIFT, LEADS)
    assert (only_session(lesson).repairs, repairs(lesson)) == (2, 2)
    assert wrong(lesson)[0][:2] == ("VC-CONTENT", "fail")


def test_what_cannot_be_put_back_is_told_and_eight_minutes_before_calls_the_lesson_off(lesson: Home) -> None:
    lock(lesson, {"waiting_room": False})
    change(lesson, ROOM, False)
    look(lesson, DAY)
    assert told(lesson) == (S.AT_RISK, Risk.DRIFT, LEADS)
    look(lesson, HOUR)
    assert (told(lesson), repairs(lesson)) == ((S.AT_RISK, Risk.DRIFT, LEADS), 2)
    look(lesson, EIGHT)
    session = only_session(lesson)
    assert (session.state, session.removal_reason, meetings(lesson)) == (S.CANCELLED, "not_allowed", [])
    assert len(rows(lesson, template="cancellation", audience="guardian")) == 5
    assert lesson.app.audit.verify().broken is None


def test_what_is_not_essential_calls_nothing_off(lesson: Home) -> None:
    lock(lesson, {"continuous_meeting_chat": {"enable": True}})
    change(lesson, CHAT, True)
    for before in (DAY, EIGHT, timedelta(0)):
        look(lesson, before)
    assert told(lesson) == (S.AT_RISK, Risk.DRIFT, LEADS)


def test_a_setting_that_zoom_does_not_report_is_told_and_never_decides(lesson: Home) -> None:
    lesson.sandbox.faults.switch("field_absent", on=ROOM)
    for before in (DAY, EIGHT, timedelta(0)):
        look(lesson, before)
    assert told(lesson) == (S.AT_RISK, Risk.DRIFT, LEADS)
    assert ("VC-WAITING", "unknown", ROOM) in wrong(lesson)


def test_without_budget_nothing_is_sent_and_the_leads_are_told(lesson: Home) -> None:
    change(lesson, ROOM, False)
    lesson.clock.move_to(only_session(lesson).starts_at - DAY)
    with lesson.house.database.deciding() as tx:
        tx.add(HostBudget(host=only_session(lesson).host_zoom_id, utc_day=lesson.clock.now().date(), used=100))
        tx.commit()
    lesson.do_due("recheck")
    assert (told(lesson), repairs(lesson), only_session(lesson).repairs) == ((S.AT_RISK, Risk.DRIFT, LEADS), 0, 0)
    look(lesson, HOUR)
    assert (told(lesson), repairs(lesson)) == ((S.SCHEDULED, "", LEADS), 1)


def test_a_repair_is_counted_in_the_hosts_budget_before_it_is_sent(lesson: Home) -> None:
    change(lesson, ROOM, False)
    look(lesson, DAY)
    with lesson.house.database.reading() as tx:
        budget = tx.get(HostBudget, (only_session(lesson).host_zoom_id, lesson.clock.now().date()))
    assert budget.used == 1


def test_a_patch_whose_answer_was_lost_is_looked_up_and_not_sent_again(lesson: Home) -> None:
    lesson.sandbox.faults.switch("answer_lost", times=1, on="PATCH /v2/meetings/{}")
    change(lesson, ROOM, False)
    look(lesson, DAY)
    assert (told(lesson), repairs(lesson)) == ((S.SCHEDULED, "", 0), 1)


# Entries --------------------------------------------------------------------------------------------------------


def test_somebody_approved_who_is_not_on_the_roster_is_taken_out_and_told_in_the_same_run(lesson: Home) -> None:
    before = approved(lesson)
    in_zoom(lesson, "register", email=STRANGER, name="Somebody")
    in_zoom(lesson, "approve", email=STRANGER)
    hear(lesson, "meeting.registration_approved")
    lesson.do_due("recheck")
    assert approved(lesson) == before
    assert told(lesson) == (S.SCHEDULED, "", LEADS)
    assert audited(lesson, "session.at_risk") == 1
    assert [e.verdict for e in looks(lesson)] == ["fail", "pass"]
    assert STRANGER not in str([e.findings for e in looks(lesson)])
    assert lesson.app.audit.verify().broken is None


def test_a_stranger_who_cannot_be_taken_out_leaves_the_lesson_at_risk(lesson: Home) -> None:
    in_zoom(lesson, "register", email=STRANGER, name="Somebody")
    in_zoom(lesson, "approve", email=STRANGER)
    lesson.sandbox.faults.switch("html_200", on="PUT /v2/meetings/*")
    look(lesson, DAY)
    assert told(lesson) == (S.AT_RISK, Risk.STRANGER, LEADS)
    lesson.sandbox.faults.clear()
    lesson.clock.advance(60)
    lesson.do_due("recheck")
    assert told(lesson) == (S.SCHEDULED, "", LEADS)
    assert STRANGER not in approved(lesson)


def test_who_waits_for_approval_waits_on(lesson: Home) -> None:
    in_zoom(lesson, "register", email=STRANGER, name="Somebody")
    sent = writes(lesson)
    look(lesson, DAY)
    assert [r.status for r in at_zoom(lesson).registrants if r.email == STRANGER] == ["pending"]
    assert (told(lesson), writes(lesson)) == ((S.SCHEDULED, "", 0), sent)


def test_an_entry_of_ours_that_was_cancelled_in_zoom_is_made_again(lesson: Home) -> None:
    before = approved(lesson)
    in_zoom(lesson, "cancel", email=sorted(before)[0])
    look(lesson, DAY)
    assert approved(lesson) == before
    assert told(lesson) == (S.SCHEDULED, "", 0)


# Gone, or not to be read ----------------------------------------------------------------------------------------


def test_a_meeting_deleted_in_zoom_is_made_anew_with_the_same_doors(lesson: Home) -> None:
    old = only_session(lesson)
    in_zoom(lesson, "delete")
    look(lesson, DAY)
    session = only_session(lesson)
    assert (session.state, len(meetings(lesson))) == (S.SCHEDULED, 1)
    assert session.meeting_number != old.meeting_number
    assert rows(lesson, template="cancellation") == []
    lesson.do_due("recheck")
    assert due(lesson) == [HOUR]
    assert lesson.app.audit.verify().broken is None


def test_a_meeting_deleted_shortly_before_the_start_calls_the_lesson_off(lesson: Home) -> None:
    look(lesson, HOUR)
    in_zoom(lesson, "delete")
    look(lesson, timedelta(minutes=29))
    hear(lesson, "meeting.deleted")
    lesson.do_due("recheck")
    session = only_session(lesson)
    assert (session.state, session.removal_reason) == (S.CANCELLED, "deleted_at_zoom")
    assert len(rows(lesson, template="cancellation", audience="guardian")) == 5


def test_once_gone_is_not_gone(lesson: Home) -> None:
    number = only_session(lesson).meeting_number
    lesson.sandbox.faults.switch("read_lags", times=1, lag_s=10**9)
    look(lesson, DAY)
    assert (state_of(lesson), only_session(lesson).meeting_number) == (S.SCHEDULED, number)


def test_what_zoom_cannot_tell_is_asked_again_and_told_once_an_hour_before(lesson: Home) -> None:
    lesson.sandbox.faults.switch("html_200", on="GET /v2/meetings/*")
    look(lesson, DAY)
    look(lesson, timedelta(hours=2))
    assert (told(lesson), looks(lesson)) == ((S.SCHEDULED, "", 0), [])
    for before in (HOUR, EIGHT, FIVE, timedelta(0)):
        look(lesson, before, minutes=2)
        assert told(lesson) == (S.AT_RISK, Risk.ZOOM_UNREADABLE, LEADS)
    lesson.sandbox.faults.clear()
    lesson.clock.advance(900)
    lesson.do_due("recheck")
    assert told(lesson) == (S.SCHEDULED, "", LEADS)
    assert lesson.app.audit.verify().broken is None


def test_zoom_may_fail_for_a_moment_without_anybody_hearing(lesson: Home) -> None:
    look(lesson, DAY)
    lesson.sandbox.faults.switch("html_200", times=1, on="GET /v2/meetings/*")
    look(lesson, HOUR)
    assert told(lesson) == (S.SCHEDULED, "", 0)
    lesson.clock.advance(6)
    lesson.do_due("recheck")
    assert (told(lesson), len(looks(lesson)), due(lesson)) == ((S.SCHEDULED, "", 0), 2, [EIGHT])


def test_a_limit_until_tomorrow_is_told_at_once_and_each_moment_is_tried(lesson: Home) -> None:
    look(lesson, DAY)
    lesson.clock.move_to(only_session(lesson).starts_at - HOUR)
    lesson.sandbox.faults.switch("daily_limit")
    lesson.do_due("recheck")
    assert told(lesson) == (S.AT_RISK, Risk.ZOOM_UNREADABLE, LEADS)
    assert due(lesson) == [EIGHT]


# Clock rules ----------------------------------------------------------------------------------------------------


@pytest.fixture
def new_law(tmp_path: Path) -> Iterator[Any]:
    """From some moment on London keeps the hours of Paris."""
    folder, known = tmp_path / "zones", zoneinfo.TZPATH
    source = next(p for p in (Path(k) / "Europe/Paris" for k in known) if p.exists())

    def comes() -> None:
        (folder / "Europe").mkdir(parents=True)
        shutil.copy(source, folder / "Europe" / "London")
        zoneinfo.reset_tzpath(to=[str(folder), *known])
        zoneinfo.ZoneInfo.clear_cache()

    yield comes
    zoneinfo.reset_tzpath(to=known)
    zoneinfo.ZoneInfo.clear_cache()


def test_new_clock_rules_move_the_moment_and_keep_the_wall_time(lesson: Home, new_law: Any) -> None:
    old = only_session(lesson)
    lesson.clock.move_to(old.starts_at - DAY)
    new_law()
    lesson.do_due("recheck")
    session = only_session(lesson)
    assert (session.state, session.local_start) == (S.SCHEDULED, "2026-12-01T16:00")
    assert session.starts_at == old.starts_at - timedelta(hours=1)
    assert at_zoom(lesson).start_at == session.starts_at
    assert len(rows(lesson, template="change", audience="guardian")) == 5
    assert audited(lesson, "session.change_decided") == 1
    lesson.do_due("recheck")
    assert due(lesson) == [HOUR]


def test_new_clock_rules_too_late_to_act_upon_are_told_and_move_nothing(lesson: Home, new_law: Any) -> None:
    old, sent = only_session(lesson), repairs(lesson)
    look(lesson, DAY)
    new_law()
    lesson.clock.move_to(old.starts_at - timedelta(minutes=90))
    hear(lesson)
    lesson.do_due("recheck")
    assert told(lesson) == (S.AT_RISK, Risk.CLOCK_RULES, LEADS)
    look(lesson, EIGHT)
    assert told(lesson) == (S.AT_RISK, Risk.CLOCK_RULES, LEADS)
    assert (only_session(lesson).starts_at, repairs(lesson)) == (old.starts_at, sent)
