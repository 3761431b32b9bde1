"""Grave incidents are told to lead, deputies and monitors by mail: each once, many of a kind together."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import col, select

from tests.application.crashing import carry_on, killed
from tests.application.finding import K, found
from tests.application.lessons import NAMES, all_at_once, audited, mail, only_session
from tests.house import COORDINATOR, DSL, TEACHER, Home
from zoomguard.domain.incidents import WORDS
from zoomguard.domain.people import Role
from zoomguard.tables.incidents import Incident
from zoomguard.tables.work import Work

DEPUTY, MONITOR = "b.noor@northmoor.example", "j.fairley@northmoor.example"
# The lead, the deputy and the two monitors of the school.
TOLD = [DEPUTY, DSL, MONITOR, "s.okoro@northmoor.example"]
OBJECT_MISSING = "A version of the archive is not in the bucket"
NOTE = "Found in the trash and recovered."
POINTS = ("incident.told_uncommitted", "incident.told", "message.trying")


def told(home: Home) -> list[dict[str, str]]:
    """The mails about incidents, oldest first."""
    return [m for m in home.sandbox.mail() if "ncident" in m["subject"]]


def do(home: Home) -> None:
    home.do_due("tell_incident")
    home.do_due("send_message")


def many(home: Home, count: int) -> list[str]:
    return [found(home, K.OBJECT_MISSING, f"01KBDZ5S00ZG000000000F{n:04}") for n in range(count)]


def still_due(home: Home) -> int:
    with home.house.database.reading() as tx:
        return len(tx.all(select(Work).where(Work.kind == "tell_incident", col(Work.done_at).is_(None))))


def test_a_grave_incident_is_told_once_to_lead_deputies_and_monitors(either_home: Home) -> None:
    home = either_home
    name = found(home)
    do(home)
    assert sorted(m["to"] for m in told(home)) == sorted(TOLD)
    assert {m["subject"] for m in told(home)} == {f"Incident {name}: {OBJECT_MISSING}"}
    home.clock.advance(7200)
    do(home)
    home.app.incident_notices.tell(home.app.incidents.show(home.who(DSL), name).id)
    do(home)
    assert len(told(home)) == len(TOLD) and audited(home, "incident.told") == 1
    assert [h.what for h in home.app.incidents.show(home.who(DSL), name).history] == ["opened", "told"]


def test_what_is_not_grave_is_listed_and_not_mailed(home: Home) -> None:
    for kind in K:
        if not WORDS[kind].grave:
            found(home, kind)
    do(home)
    assert told(home) == [] and still_due(home) == 0
    assert home.app.incidents.count(home.who(DSL)).total == len([k for k in K if not WORDS[k].grave])


def test_the_mail_says_what_which_lesson_and_what_to_do_without_a_name_or_a_key(home: Home) -> None:
    home.schedule()
    session = only_session(home)
    home.do_due("send_message")
    found(home, K.RECORDING_MISSING, "v1/2026/a-key-of-the-bucket", session_id=session.id)
    do(home)
    (one, *_) = told(home)
    name = home.app.incidents.list(home.who(DSL))[0].short_id
    text = " ".join(one["text"].split())
    for said in (
        f"Incident: {name}",
        f"Lesson: MATHS-7B ({session.short_id})",
        "When: Tue 1 Dec 2026 16:00 Europe/London",
        f"What to do: {WORDS[K.RECORDING_MISSING].remedy}",
        f"/incidents/{name}",
        f"zoomguard incidents close {name} --note TEXT",
    ):
        assert said in text, said
    assert not [
        n for n in (*NAMES, "C-0101", "a-key", "Wren", str(session.meeting_number)) if n in one["subject"] + one["text"]
    ]


def test_forty_of_a_kind_are_one_mail_with_their_number(either_home: Home) -> None:
    home = either_home
    names = many(home, 40)
    do(home)
    assert mail(home, f"40 incidents: {OBJECT_MISSING}") == sorted(TOLD) and len(told(home)) == len(TOLD)
    text = told(home)[0]["text"]
    assert [n for n in names if n in text] == names[:10] and "  and 30 more\n" in text
    assert still_due(home) == 0 and audited(home, "incident.told") == 1


def test_what_is_found_within_the_hour_waits_for_the_next_mail(home: Home) -> None:
    first, *others = many(home, 1)
    do(home)
    home.clock.advance(60)
    others = many(home, 6)[1:]
    do(home)
    assert len(told(home)) == len(TOLD) and still_due(home) == 5
    # Another kind does not wait for this one.
    found(home, K.DELETE_MARKER)
    do(home)
    assert len(told(home)) == 2 * len(TOLD)
    home.clock.advance(timedelta(minutes=59).total_seconds())
    do(home)
    assert mail(home, f"5 incidents: {OBJECT_MISSING}") == sorted(TOLD) and len(told(home)) == 3 * len(TOLD)
    assert first not in told(home)[-1]["text"] and all(n in told(home)[-1]["text"] for n in others)
    assert still_due(home) == 0


def test_workers_that_tell_at_once_tell_once(either_home: Home) -> None:
    home = either_home
    many(home, 6)
    ids = [v.id for v in home.app.incidents.list(home.who(DSL))]
    answers = all_at_once([lambda one=one: home.app.incident_notices.tell(one) for one in ids])
    assert answers == [None] * 6
    home.do_due("send_message")
    assert mail(home, "6 incidents") == sorted(TOLD) and len(told(home)) == len(TOLD)


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_is_killed_while_telling_is_carried_on(home: Home, point: str) -> None:
    many(home, 3)
    assert killed(home, point, "work", TEACHER, {"kinds": ["tell_incident", "send_message"], "rounds": 3})
    carry_on(home, timedelta(hours=2))
    assert mail(home, "3 incidents") == sorted(TOLD) and len(told(home)) == len(TOLD)
    assert audited(home, "incident.told") == 1 and still_due(home) == 0


def test_what_is_closed_before_anybody_was_told_is_not_told(home: Home) -> None:
    first, second = many(home, 2)
    home.app.incidents.close(home.who(DSL), first, NOTE)
    do(home)
    assert {m["subject"] for m in told(home)} == {f"Incident {second}: {OBJECT_MISSING}"}
    assert "told" not in [h.what for h in home.app.incidents.show(home.who(DSL), first).history]


def test_those_are_told_who_hold_the_office_today(home: Home) -> None:
    home.app.people.give_role(COORDINATOR, Role.MONITOR)
    home.app.people.end_role(MONITOR, Role.MONITOR)
    found(home)
    do(home)
    readers = {m["to"] for m in told(home)}
    assert COORDINATOR in readers and MONITOR not in readers


def test_where_nobody_is_there_to_be_told_it_is_tried_again(home: Home) -> None:
    with home.house.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE role SET until_on = '2026-11-01'")
    found(home)
    do(home)
    assert told(home) == [] and still_due(home) == 1 and audited(home, "incident.told") == 0
    with home.house.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE role SET until_on = NULL WHERE role = 'dsl'")
    home.clock.advance(3600)
    do(home)
    assert [m["to"] for m in told(home)] == [DSL]


def test_the_mail_stands_in_the_list_of_messages_and_can_be_sent_again(home: Home) -> None:
    found(home)
    do(home)
    sent = [m for m in home.app.messages.list(home.who(DSL)) if m.template == "incident"]
    assert {m.state for m in sent} == {"sent"} and {m.session for m in sent} == {""}
    home.app.messages.resend(home.who(DSL), sent[0].id)
    home.do_due("send_message")
    assert len(told(home)) == len(TOLD) + 1


def test_an_incident_that_is_not_there_is_told_to_nobody(home: Home) -> None:
    assert home.app.incident_notices.tell("01KBDZ5S00ZG00000000UNKNWN") is None
    with home.house.database.reading() as tx:
        assert tx.all(select(Incident)) == []
