"""Incidents: opened once for each thing, seen by few, settled by a person with a note that nobody else reads."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel, select

from tests.application.finding import SUBJECT, K, found, open_one
from tests.application.lessons import all_at_once, audited, only_session
from tests.application.northmoor import FixedClock
from tests.house import COORDINATOR, DSL, OBSERVER, REVIEWER, TEACHER, Home
from zoomguard.application import incidents as topic
from zoomguard.application.incidents import Incidents
from zoomguard.application.seals import Seals
from zoomguard.domain.errors import BadInput, Conflict, NotAllowed, NotThere
from zoomguard.domain.incidents import WORDS, IncidentKind
from zoomguard.domain.people import Role, Who
from zoomguard.tables.audit import AuditPayload
from zoomguard.tables.database import Database
from zoomguard.tables.incidents import Incident, IncidentEvent
from zoomguard.tables.work import Work

DEPUTY, MONITOR = "b.noor@northmoor.example", "j.fairley@northmoor.example"
DATA_LEAD, OPERATOR = "f.doyle@northmoor.example", "d.morgan@northmoor.example"
LEAD = Who("01KBDZ5S00ZG00000000000DSL", frozenset({Role.DSL}))
AUDITOR = Who("01KBDZ5S00ZG000000000AUDIT", frozenset({Role.AUDITOR}))
NOTE = "Restored from the other site by Kestrel."


@pytest.fixture
def desk(database: Database, clock: FixedClock, seals: Seals) -> Incidents:
    return Incidents(database, clock, seals)


def rows(database: Database, model: type[Any]) -> list[Any]:
    with database.reading() as tx:
        return tx.all(select(model).order_by(model.id))


def steps(desk: Incidents, name: str) -> list[str]:
    return [line.what for line in desk.show(LEAD, name).history]


# Opened ---------------------------------------------------------------------------------------------------------


def test_a_thing_that_is_found_twice_is_one_incident(database: Database, clock: FixedClock, desk: Incidents) -> None:
    name = open_one(database, clock.now())
    assert name and open_one(database, clock.now()) == ""
    assert steps(desk, name) == ["opened"]
    (view,) = desk.list(LEAD)
    assert (view.short_id, view.kind, view.subject) == (name, K.OBJECT_MISSING, SUBJECT)
    assert [w.subject for w in rows(database, Work) if w.kind == topic.TELL] == [view.id]


def test_another_thing_or_another_kind_is_another_incident(database: Database, clock: FixedClock) -> None:
    names = {
        open_one(database, clock.now()),
        open_one(database, clock.now(), K.OBJECT_DIFFERS),
        open_one(database, clock.now(), subject="01KBDZ5S00ZG0000000000FND2"),
    }
    assert len(names) == 3 and "" not in names


def test_of_many_who_find_the_same_at_once_one_opens_it(database: Database, clock: FixedClock, desk: Incidents) -> None:
    for kind in (K.OBJECT_MISSING, K.LOCK_MISSING):
        answers = all_at_once([lambda kind=kind: open_one(database, clock.now(), kind)] * 8)
        assert sorted(map(bool, answers)) == [False] * 7 + [True], answers
    assert len(desk.list(LEAD)) == len(rows(database, IncidentEvent)) == 2
    assert len([w for w in rows(database, Work) if w.kind == topic.TELL]) == 2


def test_what_was_settled_is_settled(database: Database, clock: FixedClock, desk: Incidents) -> None:
    desk.close(LEAD, open_one(database, clock.now()), NOTE)
    assert open_one(database, clock.now()) == "" and desk.list(LEAD) == ()


@pytest.mark.parametrize("kind", sorted(topic.HAPPENS_ANEW))
def test_what_is_put_right_and_found_again_has_happened_anew(
    database: Database, clock: FixedClock, desk: Incidents, kind: IncidentKind
) -> None:
    first = open_one(database, clock.now(), kind)
    desk.close(LEAD, first, NOTE)
    second = open_one(database, clock.now(), kind)
    assert second not in ("", first) and open_one(database, clock.now(), kind) == ""
    assert [v.short_id for v in desk.list(LEAD, closed=True)] == [second, first]


def test_the_history_goes_on_after_closing_and_says_nothing_twice(
    database: Database, clock: FixedClock, desk: Incidents
) -> None:
    name = open_one(database, clock.now())
    desk.close(LEAD, name, NOTE)

    def arrives(subject: str) -> int:
        with database.deciding() as tx:
            events = topic.happened(tx, K.OBJECT_MISSING, subject, "arrived", clock.now())
            tx.commit(audit=events)
            return len(events)

    assert sorted(all_at_once([lambda: arrives(SUBJECT)] * 4)) == [0, 0, 0, 1]
    assert arrives("01KBDZ5S00ZG00000000UNKNWN") == 0
    assert steps(desk, name) == ["opened", "closed", "arrived"] and desk.show(LEAD, name).closed_at


def test_a_history_that_was_written_is_neither_changed_nor_deleted(database: Database, clock: FixedClock) -> None:
    open_one(database, clock.now())
    for act in ("UPDATE incident_event SET what = 'nothing'", "DELETE FROM incident_event"):
        with database.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError):
            connection.execute(sa.text(act))


# Closed ---------------------------------------------------------------------------------------------------------


def test_whoever_closes_it_says_how_and_the_words_are_read_again(
    database: Database, clock: FixedClock, desk: Incidents
) -> None:
    name = open_one(database, clock.now())
    closed = desk.close(LEAD, name.lower(), f"  {NOTE} ")
    assert (closed.short_id, closed.closed_at, closed.may_close) == (name, clock.now(), False)
    assert [(line.what, line.text) for line in desk.show(AUDITOR, closed.id).history] == [
        ("opened", ""),
        ("closed", NOTE),
    ]
    assert desk.list(AUDITOR) == () and [v.short_id for v in desk.list(AUDITOR, closed=True)] == [name]


def test_of_two_who_close_it_at_once_one_does(database: Database, clock: FixedClock, desk: Incidents) -> None:
    name = open_one(database, clock.now())
    answers = all_at_once([lambda: desk.close(LEAD, name, NOTE)] * 4)
    refused = [a for a in answers if isinstance(a, Conflict)]
    assert len(refused) == 3 and {a.code for a in refused} == {"INCIDENT_CLOSED"}
    assert steps(desk, name) == ["opened", "closed"]
    with pytest.raises(Conflict):
        desk.close(LEAD, name, "")  # That it is closed matters more than what the note lacks.


@pytest.mark.parametrize(
    "note", ["", "       ", "settled", " settled   ", "x" * 501, "two\nlines", "bell\x07 rang", "nul\x00nul"]
)
def test_without_a_usable_note_it_stays_open(database: Database, clock: FixedClock, desk: Incidents, note: str) -> None:
    name = open_one(database, clock.now())
    with pytest.raises(BadInput) as told:
        desk.close(LEAD, name, note)
    assert told.value.code == "BAD_NOTE" and desk.show(LEAD, name).closed_at is None


@pytest.mark.parametrize("note", ["settled!", "x" * 500, "Ключ найден; 已解决"])
def test_a_note_of_8_to_500_characters_is_taken_whatever_its_letters(
    database: Database, clock: FixedClock, desk: Incidents, note: str
) -> None:
    assert desk.close(LEAD, open_one(database, clock.now()), note).history[-1].text == note


def test_the_note_stands_nowhere_in_plain_text(
    database: Database, clock: FixedClock, desk: Incidents, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        name = open_one(database, clock.now())
        desk.close(LEAD, name, NOTE)
        with pytest.raises(Conflict) as told:
            desk.close(LEAD, name, NOTE)
    assert "Kestrel" not in caplog.text + str(told.value.__dict__)
    with database.engine.connect() as connection:
        kept = {t.name: connection.execute(sa.select(t)).all() for t in SQLModel.metadata.sorted_tables}
    assert "Kestrel" not in str(kept) and any(row.note.startswith("v1.") for row in kept["incident_event"])
    assert all(b"Kestrel" not in payload.body for payload in kept[AuditPayload.__tablename__])
    assert all(b"Kestrel" not in file.read_bytes() for file in tmp_path.rglob("zoomguard.db*"))


def test_a_note_that_was_copied_to_another_line_does_not_open(
    database: Database, clock: FixedClock, seals: Seals, desk: Incidents
) -> None:
    desk.close(LEAD, open_one(database, clock.now()), NOTE)
    opened, closed = rows(database, IncidentEvent)
    assert seals.open("incident_event", "note", closed.id, closed.note) == NOTE
    with pytest.raises(Exception, match=r"does not open"):
        seals.open("incident_event", "note", opened.id, closed.note)


@pytest.mark.parametrize("name", ["I-ZZZZ", "01KBDZ5S00ZG00000000UNKNWN", ""])
def test_what_is_not_there_is_neither_shown_nor_closed(desk: Incidents, name: str) -> None:
    with pytest.raises(NotThere):
        desk.show(LEAD, name)
    with pytest.raises(NotThere):
        desk.close(LEAD, name, NOTE)


# Seen -----------------------------------------------------------------------------------------------------------


def test_grave_ones_are_listed_first_and_counted(database: Database, clock: FixedClock, desk: Incidents) -> None:
    old = open_one(database, clock.now(), K.BAG_DIFFERS)
    new = [open_one(database, clock.now(), K.UNKNOWN_OBJECT, f"k{n}") for n in range(3)]
    grave = open_one(database, clock.now(), K.OBJECT_MISSING)
    assert [v.short_id for v in desk.list(LEAD)] == [grave, old, *reversed(new)]
    counted = desk.count(AUDITOR)
    assert (counted.total, counted.grave) == (5, 2)
    desk.close(LEAD, grave, NOTE)
    assert [v.short_id for v in desk.list(LEAD, closed=True)] == [old, *reversed(new), grave]
    assert (desk.count(LEAD).total, desk.count(LEAD).grave) == (4, 1)


def test_what_no_row_is_left_of_is_named_by_its_id(database: Database, clock: FixedClock, desk: Incidents) -> None:
    session, recording = "01KBDZ5S00ZG00000000SESSIN", "01KBDZ5S00ZG00000000RECRDG"
    name = open_one(database, clock.now(), session_id=session, recording_id=recording, detail={"listed": 3, "here": 2})
    view = desk.show(LEAD, name)
    assert (view.session, view.recording, view.detail) == (session, recording, {"here": 2, "listed": 3})
    assert view.may_close and view.history[0].by == "service"
    said = view.as_json()
    assert said["session"] == session and said["title"] == WORDS[K.OBJECT_MISSING].title and said["closed_at"] is None


@pytest.mark.parametrize("email", [COORDINATOR, REVIEWER, TEACHER, OBSERVER, OPERATOR])
def test_who_may_not_see_incidents_learns_nothing_of_them(home: Home, email: str) -> None:
    name, who = found(home), home.who(email)
    for act in (home.app.incidents.list, home.app.incidents.count):
        with pytest.raises(NotAllowed):
            act(who)
    for one in (name, "I-ZZZZ"):
        for tried in (
            lambda one=one: home.app.incidents.show(who, one),
            lambda one=one: home.app.incidents.close(who, one, NOTE),
        ):
            with pytest.raises(NotAllowed) as told:
                tried()
            assert told.value.code == "NOT_ALLOWED"


@pytest.mark.parametrize("email", [DSL, DEPUTY, MONITOR, DATA_LEAD])
def test_those_who_settle_them_are_named_by_address(home: Home, email: str) -> None:
    name = found(home)
    home.app.incidents.close(home.who(email), name, NOTE)
    assert [line.by for line in home.app.incidents.show(home.who(DSL), name).history] == ["service", email]
    assert audited(home, "incident.opened") == audited(home, "incident.closed") == 1


def test_an_auditor_sees_and_does_not_close(database: Database, clock: FixedClock, desk: Incidents) -> None:
    name = open_one(database, clock.now())
    assert not desk.show(AUDITOR, name).may_close
    with pytest.raises(NotAllowed):
        desk.close(AUDITOR, name, NOTE)


# One's own ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [TEACHER, OBSERVER])
@pytest.mark.parametrize("through", ["session", "recording"])
def test_nobody_closes_what_is_about_a_lesson_of_their_own(home: Home, part: str, through: str) -> None:
    home.app.people.give_role(part, Role.MONITOR)
    name = about_a_lesson(home, through)
    who = home.who(part)
    assert not home.app.incidents.show(who, name).may_close
    with pytest.raises(NotAllowed) as told:
        home.app.incidents.close(who, name, NOTE)
    assert told.value.code == "OWN_SESSION"
    assert home.app.incidents.show(home.who(MONITOR), name).may_close
    assert home.app.incidents.close(home.who(MONITOR), name, NOTE).session == only_session(home).short_id


def test_nobody_closes_what_is_about_their_own_account(home: Home) -> None:
    home.app.people.give_role(TEACHER, Role.MONITOR)
    who = home.who(TEACHER)
    name = found(home, detail={"meeting_number": 5, "person": who.id})
    assert not home.app.incidents.show(who, name).may_close
    with pytest.raises(NotAllowed):
        home.app.incidents.close(who, name, NOTE)
    assert home.app.incidents.close(home.who(MONITOR), name, NOTE).closed_at is not None


def about_a_lesson(home: Home, through: str) -> str:
    """An incident about a lesson, or about its recording alone."""
    home.schedule()
    if through == "session":
        return found(home, session_id=only_session(home).id)
    home.clock.move_to(only_session(home).starts_at)
    home.hold(only_session(home).short_id)
    home.app.archive.run()
    (recording,) = home.app.recordings.list(home.who(REVIEWER))
    name = found(home, recording_id=recording.id)
    assert home.app.incidents.show(home.who(DSL), name).recording == recording.short_id
    return name


def test_every_kind_has_words_that_say_what_and_what_to_do() -> None:
    assert set(WORDS) == set(IncidentKind)
    assert len({w.title for w in WORDS.values()}) == len(WORDS)
    assert all(w.remedy.endswith(".") and not w.title.endswith(".") for w in WORDS.values())
    assert {c.value for c in IncidentKind} == set(Incident.__table__.c.kind.type.enums)  # type: ignore[attr-defined]
