"""Scheduling: what is sent to Zoom, what is kept, who hears of it, and when doors open."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests.application.lessons import (
    INVITED,
    NAMES,
    all_at_once,
    audited,
    change_file,
    mail,
    meetings,
    object_to,
    only_session,
    row_counts,
    sessions,
    until_quiet,
    writes,
)
from tests.house import COORDINATOR, DSL, SAFE_ASK, TEACHER, Home
from zoomguard.application.doors import NEUTRAL
from zoomguard.domain.errors import Conflict, NotThere, OutsideFailed, Refused
from zoomguard.domain.meeting_plan import GOVERNED
from zoomguard.domain.sessions import ScheduleAsk, SessionState
from zoomguard.tables.consents import ConsentEventRow
from zoomguard.tables.messages import Message, MessageState
from zoomguard.tables.sessions import SessionChild

OTHER_TEACHER = "h.lindqvist@northmoor.example"
KEY = "a-key-of-a-teacher"


def doors_of(home: Home) -> list[str]:
    """The tokens of all doors that stand in mails, each once."""
    texts = [word for m in home.sandbox.mail() for word in m["text"].split()]
    return sorted({word.rpartition("/j/")[2] for word in texts if "/j/" in word})


def refusal_at(home: Home, token: str) -> tuple[str, str, str]:
    """All that somebody at a shut door is told."""
    with pytest.raises(NotThere) as refused:
        home.app.doors.open(token)
    return refused.value.message, refused.value.remedy, refused.value.code


def move_to_start(home: Home, **by: int) -> None:
    home.clock.move_to(only_session(home).starts_at + timedelta(**by))


def test_a_meeting_is_made_read_back_and_filled_before_anybody_hears_of_it(home: Home) -> None:
    answer = home.schedule()
    host = home.sandbox._zoom.state.user(TEACHER).id
    number = answer.session.meeting_number
    assert home.zoom_calls("meetings") == [
        f"POST /v2/users/{host}/meetings",
        f"GET /v2/meetings/{number}",
        f"POST /v2/meetings/{number}/batch_registrants",
        f"GET /v2/meetings/{number}/registrants",
    ]
    assert home.sandbox.mail() == []
    until_quiet(home)
    assert mail(home) == list(INVITED)
    assert (answer.outcome, answer.zoom_writes, answer.invitations) == ("scheduled", 2, 5)
    assert answer.session.state is SessionState.SCHEDULED
    assert [audited(home, f"session.{what}") for what in ("requested", "created", "scheduled")] == [1, 1, 1]


def test_the_request_says_every_governed_setting_and_no_name(home: Home) -> None:
    home.schedule()
    (made,) = [c["body"] for c in home.sandbox.calls() if c["method"] == "POST" and c["path"].endswith("/meetings")]
    for path, (_, wanted) in GOVERNED.items():
        inner: Any = made
        for name in path.split("."):
            inner = inner[name]
        assert inner == wanted, path
    assert len(made["password"]) == 10
    assert made["settings"]["alternative_hosts"] == "p.nandakumar@northmoor.example"
    assert not [n for n in NAMES if n.lower() in (made["topic"] + made["agenda"]).lower()]


def test_each_child_is_registered_once_by_an_address_that_says_nothing(home: Home) -> None:
    home.schedule()
    (meeting,) = meetings(home)
    approved = [r for r in meeting.registrants if r.status == "approved"]
    assert len({r.email for r in approved}) == len(approved) == 5
    assert not [n for n in NAMES for r in approved if n.lower() in f"{r.email} {r.name}".lower()]


def test_passcode_links_and_doors_stand_in_no_file_of_the_database(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    (meeting,) = meetings(home)
    secrets = [meeting.password, *(r.join_url for r in meeting.registrants), *doors_of(home)]
    assert len(secrets) == 11
    files = list(Path(sa.make_url(home.house.settings.database_url).database or "").parent.glob("*.db*"))
    content = b"".join(f.read_bytes() for f in files)
    assert only_session(home).short_id.encode() in content
    assert not [s for s in secrets if s.encode() in content]


def test_a_door_opens_a_quarter_of_an_hour_before_the_start_and_shuts_with_the_end(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    doors = doors_of(home)
    move_to_start(home, minutes=-15, seconds=-5)
    shut = {refusal_at(home, token) for token in doors}
    move_to_start(home, minutes=-15)
    links = {home.app.doors.open(token) for token in doors}
    assert shut == {(NEUTRAL, "", "NOT_THERE")}
    assert links == {r.join_url for r in meetings(home)[0].registrants}
    move_to_start(home, minutes=50)
    assert refusal_at(home, doors[0]) in shut


def test_every_shut_door_says_the_same_whatever_the_reason(home: Home) -> None:
    home.schedule()
    until_quiet(home)
    doors = doors_of(home)
    too_early = {refusal_at(home, token) for token in doors}
    move_to_start(home, minutes=-10)
    object_to(home, "C-0120", "withdrawn")
    withdrawn = [token for token in doors if not opens(home, token)]
    assert len(withdrawn) == 1
    said = {refusal_at(home, withdrawn[0]), refusal_at(home, "zgj_unknown"), refusal_at(home, "")}
    home.app.sessions.cancel(home.who(TEACHER), only_session(home).short_id)
    said |= {refusal_at(home, token) for token in doors}
    assert said == too_early and len(said) == 1


def opens(home: Home, token: str) -> bool:
    try:
        return bool(home.app.doors.open(token))
    except NotThere:
        return False


def test_a_cancelled_session_leaves_zoom_and_everybody_invited_is_told_once(home: Home) -> None:
    short_id = home.schedule().session.short_id
    until_quiet(home)
    for _ in range(2):
        assert home.app.sessions.cancel(home.who(TEACHER), short_id).session.state is SessionState.CANCELLED
    until_quiet(home)
    assert meetings(home) == []
    assert mail(home, "Cancelled") == list(INVITED)
    assert home.schedule().outcome == "scheduled"


def test_nobody_hears_of_a_lesson_that_was_cancelled_before_the_mail_left(home: Home) -> None:
    short_id = home.schedule().session.short_id
    home.app.sessions.cancel(home.who(TEACHER), short_id)
    until_quiet(home)
    assert home.sandbox.mail() == []


class MailServerAway:
    """A mail server that cannot be reached."""

    def send(self, letter: object) -> None:
        raise OutsideFailed("The mail server is away.")


def test_an_invitation_that_could_not_be_sent_does_not_follow_its_cancellation(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_id = home.schedule().session.short_id
    with monkeypatch.context() as patch:
        patch.setattr(home.app.messages, "mailer", MailServerAway())
        home.do_due("send_message")
    home.app.sessions.cancel(home.who(TEACHER), short_id)
    until_quiet(home)
    assert mail(home) == []
    assert mail(home, "Cancelled") == list(INVITED)


def test_a_guardian_marked_as_no_contact_meanwhile_gets_no_mail(home: Home) -> None:
    home.schedule()

    def no_contact(row: dict[str, str]) -> bool:
        row["may_contact"] = "no"
        return row["reference"] == "G-50"

    change_file(home, "guardians", no_contact)
    until_quiet(home)
    assert mail(home) == [a for a in INVITED if not a.startswith("martha.stone")]
    with home.house.database.reading() as tx:
        states = sorted(tx.all(select(Message.state).where(Message.audience == "guardian")))
    assert states == [MessageState.DROPPED, *[MessageState.SENT] * 4]


def answer_for_oneself(home: Home) -> None:
    """C-0130, who is 18 on the day, says yes in her own name."""

    def own(row: dict[str, str]) -> bool:
        chosen = row["child"] == "C-0130" and row["scope"] in ("video_live", "video_record")
        row.update(guardian="C-0130", evidence_ref="FORM-0130-OWN")
        return chosen

    change_file(home, "consents", own)


def test_from_18_on_a_guardians_yes_does_not_count_and_the_learners_own_does(home: Home) -> None:
    with pytest.raises(Refused) as refused:
        home.schedule(children=("C-0120", "C-0130"))
    assert [(f.rule, f.subject) for f in refused.value.findings] == [("CON-CHANNEL", "C-0130")]
    answer_for_oneself(home)
    assert home.schedule(children=("C-0120", "C-0130")).outcome == "scheduled"


def test_the_guardian_of_a_learner_of_age_is_not_written_to(home: Home) -> None:
    answer_for_oneself(home)
    home.schedule(children=("C-0120", "C-0130"))
    until_quiet(home)
    assert mail(home) == ["ngozi.okafor@families.example"]


def test_a_lesson_that_is_over_cannot_be_cancelled(home: Home) -> None:
    short_id = home.schedule().session.short_id
    move_to_start(home, minutes=50)
    with pytest.raises(Conflict) as refused:
        home.app.sessions.cancel(home.who(TEACHER), short_id)
    assert refused.value.code == "NOT_CANCELLABLE"
    assert len(meetings(home)) == 1


def test_a_session_whose_time_is_over_has_ended_and_not_before(home: Home) -> None:
    session = home.schedule().session
    move_to_start(home, minutes=49)
    home.do_due("end_session")
    assert home.app.sessions.show(home.who(TEACHER), session.id).session.state is SessionState.SCHEDULED
    move_to_start(home, minutes=51)
    assert home.do_due("end_session") == 1
    assert home.app.sessions.show(home.who(TEACHER), session.id).session.state is SessionState.ENDED
    assert home.do_due("end_session") == 0


def test_a_session_that_overruns_has_not_ended_while_zoom_shows_it_running(home: Home) -> None:
    session = home.schedule().session
    home.hold(session.id, events=[{"at_s": 0, "kind": "joined", "who": "host"}])
    move_to_start(home, minutes=51)
    home.do_due("end_session")
    assert home.app.sessions.show(home.who(TEACHER), session.id).session.state is SessionState.SCHEDULED
    home.hold(session.id, events=[{"at_s": 3300, "kind": "ended", "who": "host"}])
    home.clock.advance(600)
    home.do_due("end_session")
    assert home.app.sessions.show(home.who(TEACHER), session.id).session.state is SessionState.ENDED


def test_a_session_says_by_which_rules_and_consents_it_was_allowed(home: Home) -> None:
    short_id = home.schedule().session.short_id
    asked, read_back = home.app.sessions.show(home.who(DSL), short_id).why
    with home.house.database.reading() as tx:
        given = {e.id for e in tx.all(select(ConsentEventRow))}
        of_roster = {e.id for e in tx.all(select(ConsentEventRow).where(ConsentEventRow.scope != "email"))}
    assert {r["rule"] for r in asked.rules} >= {"VC-OBSERVER", "CON-CHANNEL", "CON-RECORD", "TRAIN-ONLINE", "OVERLAP"}
    assert {r["rule"] for r in read_back.rules} >= {"VC-PASSCODE", "VC-WAITING", "VC-RECORD", "VC-IDENTITY"}
    assert set(asked.consent_event_ids) < given and set(asked.consent_event_ids) <= of_roster
    assert len(asked.consent_event_ids) == 14
    assert (asked.verdict, read_back.verdict) == ("pass", "pass")


def test_another_teacher_does_not_learn_that_a_session_exists(home: Home) -> None:
    short_id = home.schedule().session.short_id
    for act in (home.app.sessions.show, home.app.sessions.cancel):
        with pytest.raises(NotThere):
            act(home.who(OTHER_TEACHER), short_id)
    assert home.app.sessions.list(home.who(OTHER_TEACHER)) == ()


def test_a_dry_run_writes_nothing_anywhere(home: Home) -> None:
    who = home.who(TEACHER)
    home.app.sessions.parts.users.posture(TEACHER)  # takes the token of the hour, which is kept
    before = row_counts(home)
    answer = home.app.sessions.schedule(who, ask(dry_run=True))
    assert (answer.outcome, answer.session, answer.zoom_writes) == ("possible", None, 0)
    assert row_counts(home) == before
    assert writes(home) == []


def test_a_dry_run_does_not_go_on_with_a_session_of_the_same_key(home: Home) -> None:
    home.sandbox.faults.switch("cut_connection", times=1)
    with pytest.raises(OutsideFailed):
        home.schedule(key=KEY)
    with pytest.raises(Exception, match="in the way"):
        home.schedule(key=KEY, dry_run=True)
    assert writes(home) == ["POST meetings"]


def ask(**change: Any) -> ScheduleAsk:
    """The safe ask with a change."""
    return replace(SAFE_ASK, **change)


def test_the_same_ask_again_gives_the_same_answer_and_makes_nothing(home: Home) -> None:
    first = home.schedule(key=KEY)
    assert home.schedule(key=KEY, children=tuple(reversed(ask().children))) == first
    assert writes(home) == ["POST meetings", "POST batch_registrants"]


@pytest.mark.parametrize("change", [{"minutes": 40}, {"course": "ART-1"}, {"start": "2026-12-02 16:00"}])
def test_a_key_is_good_for_one_ask_only(home: Home, change: dict[str, Any]) -> None:
    home.schedule(key=KEY)
    with pytest.raises(Conflict) as refused:
        home.schedule(key=KEY, **change)
    assert refused.value.code == "KEY_REUSED"
    assert len(sessions(home)) == 1


def test_a_key_of_somebody_else_opens_no_session(home: Home) -> None:
    home.schedule(key=KEY)
    with pytest.raises(Conflict) as refused:
        home.schedule(COORDINATOR, key=KEY)
    assert refused.value.code == "KEY_REUSED"


def test_a_refused_ask_may_be_made_again_with_its_key(home: Home) -> None:
    with pytest.raises(Exception, match="in the way"):
        home.schedule(key=KEY, children=(*ask().children, "C-0140"))
    assert home.schedule(key=KEY).outcome == "scheduled"


def test_the_key_of_a_cancelled_session_is_used_up(home: Home) -> None:
    session = home.schedule(key=KEY).session
    home.app.sessions.cancel(home.who(TEACHER), session.id)
    with pytest.raises(Conflict) as refused:
        home.schedule(key=KEY)
    assert refused.value.code == "CANCELLED"


@pytest.mark.parametrize("start", ["2026-12-01 16:00", "2026-11-23 09:12"])
def test_twenty_asks_with_one_key_make_one_session_and_get_one_answer(either_home: Home, start: str) -> None:
    home, who = either_home, either_home.who(TEACHER)
    answers = all_at_once([lambda: home.app.sessions.schedule(who, ask(key=KEY, start=start))] * 20)
    assert all(answer == answers[0] for answer in answers), answers
    assert answers[0].outcome == "scheduled"
    assert len(sessions(home)) == 1
    assert writes(home) == ["POST meetings", "POST batch_registrants"]
    assert home.app.audit.verify().broken is None


def test_one_key_for_two_asks_at_once_makes_one_session(either_home: Home) -> None:
    home = either_home
    asks = {
        home.who(TEACHER): ask(key=KEY, children=("C-0120",)),
        home.who(OTHER_TEACHER): ask(key=KEY, children=("C-0150",), observer="o.mbeki@northmoor.example"),
    }
    answers = all_at_once([lambda w=w, a=a: home.app.sessions.schedule(w, a) for w, a in asks.items()])
    refused = [a for a in answers if isinstance(a, Conflict)]
    assert [r.code for r in refused] == ["KEY_REUSED"]
    assert len(sessions(home)) == len(meetings(home)) == 1


def test_a_roster_keeps_each_childs_own_entry(home: Home) -> None:
    home.schedule()
    with home.house.database.reading() as tx:
        entries = tx.all(select(SessionChild).order_by(SessionChild.position))
    at_zoom = {r.email: r.id for r in meetings(home)[0].registrants}
    assert {e.address: e.registrant_id for e in entries} == at_zoom
    assert [e.position for e in entries] == [1, 2, 3, 4, 5]
