"""A session's page: how it stands, the way in, changes tried before they are done, and nothing for anybody else."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.application.observing import COLIN, more_observers
from tests.house import COORDINATOR, DSL, OBSERVER, REVIEWER, TEACHER, Home, a_home
from tests.web.browsing import csrf_of, look, send, words
from tests.web.desk import Desk, at_desk, everything, second_press
from tests.web.serving import Reply, Site, served
from zoomguard.application import rechecks
from zoomguard.application.session_choices import Choice
from zoomguard.domain.audit import Event
from zoomguard.domain.people import OPERATOR, Role
from zoomguard.domain.sessions import Change, Risk, SessionState, SessionView, Told, Wanted
from zoomguard.tables.sessions import VideoSession
from zoomguard.web.pages.session_acts import ACTS, DONE
from zoomguard.web.pages.standing import hearers, standing

OTHER, MBEKI = "h.lindqvist@northmoor.example", "o.mbeki@northmoor.example"
HOURS = iter(range(1, 1000))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with a_home(tmp_path_factory.mktemp("session")) as running:
        yield running


@pytest.fixture(scope="module")
def site(home: Home) -> Iterator[Site]:
    with served(home.app) as running:
        yield running


@pytest.fixture(scope="module")
def teacher(home: Home, site: Site) -> Desk:
    return at_desk(home, site, TEACHER)


@pytest.fixture(scope="module")
def office(home: Home, site: Site) -> Desk:
    return at_desk(home, site, COORDINATOR)


@pytest.fixture(scope="module")
def observer(home: Home, site: Site) -> Desk:
    return at_desk(home, site, OBSERVER)


@pytest.fixture
def lesson(home: Home) -> str:
    """A lesson at a time of its own."""
    start = datetime(2026, 12, 1, 6, tzinfo=UTC) + timedelta(hours=3 * next(HOURS))
    return str(home.schedule(start=f"{start:%Y-%m-%d %H:%M}").session.short_id)


def sentence(home: Home, id: str, who: str = TEACHER) -> Any:
    return home.app.sessions.show(home.who(who), id).session


def tried(desk: Desk, id: str, **fields: str) -> Reply:
    reply = desk.send(f"/s/{id}", **fields)
    assert reply.status == 200 and "Nothing was changed yet." in words(reply), words(reply)
    return reply


def done(desk: Desk, id: str, proposal: Reply, button: str) -> str:
    """The second press; gives what is told after it."""
    reply = desk.send(f"/s/{id}", step="do", **second_press(proposal, button))
    assert reply.status == 303, words(reply)
    return desk.read(reply.headers["Location"])


def test_a_session_says_how_it_stands_and_why_it_is_allowed(home: Home, teacher: Desk, lesson: str) -> None:
    said = teacher.read(f"/s/{lesson}")
    assert "Waiting for the observer's yes: Priya Nandakumar was asked." in said
    assert "Priya Nandakumar, has not answered yet" in said and "5: C-0101 , C-0102" in said
    assert "Asked when it was scheduled or changed" in said and "all passed" in said and "checks passed" in said
    assert f"zoomguard sessions cancel {lesson}" in said and "passcode=" not in said
    home.app.observers.accept(home.who(OBSERVER), lesson)
    assert "Ready. Two adults, 5 pupils, recorded." in teacher.read(f"/s/{lesson.lower()}")


def test_anothers_session_and_none_are_the_same_page(home: Home, site: Site, lesson: str) -> None:
    other = at_desk(home, site, OTHER)
    foreign, absent = other.look(f"/s/{lesson}"), other.look("/s/S-0000")
    assert (foreign.status, absent.status) == (404, 404) and foreign.body == absent.body
    for path in ("/s/S-0000%00", f"/s/{'x' * 500}", "/s/%E2%98%83", "/s/a.b"):
        assert other.look(path).status == 404
    for act in (*ACTS, "enter", "accept", "decline"):
        before = everything(home)
        assert other.send(f"/s/{lesson}", act=act, step="do").status in (403, 404)
        assert everything(home) == before


def test_looking_changes_nothing(home: Home, site: Site, office: Desk, lesson: str) -> None:
    before = everything(home)
    for method in ("GET", "HEAD"):
        for path in (f"/s/{lesson}", "/", "/schedule", "/day", "/day/2026-12-01", f"/schedule?like={lesson}"):
            assert site.ask(method, path, headers={"Cookie": f"zg={office.cookie}"}).status == 200
    for act in (*ACTS, "enter", "accept"):
        office.look(f"/s/{lesson}?act={act}&step=do&csrf={office.csrf}")
    assert everything(home) == before


def test_a_lesson_is_moved_in_two_presses(home: Home, teacher: Desk, lesson: str) -> None:
    before = everything(home)
    proposal = tried(teacher, lesson, act="reschedule", date="2027-01-11", time="08:30", minutes="45", note="Hall.")
    said = words(proposal)
    assert everything(home) == before
    assert "It can be moved" in said and "New date Mon 11 Jan 2027 New start 08:30 Minutes 45" in said
    assert "5 guardians" in said and TEACHER in said and "Sentence to them Hall." in said
    assert "For C-" in said and "Mon 11 Jan 2027, 15:30 (Ho Chi Minh)" in said
    assert "Moved. Everybody who was invited is being told." in done(teacher, lesson, proposal, "Move it and tell them")
    stands = teacher.read(f"/s/{lesson}")
    assert "Mon 11 Jan 2027, 08:30 to 09:15 (London)" in stands
    assert "Mon 11 Jan 2027, 15:30 (Ho Chi Minh) for C-" in stands


def test_a_note_that_is_out_of_place_is_said_before_anything_is_done(teacher: Desk, lesson: str) -> None:
    for fields in ({"act": "cancel"}, {"act": "reschedule", "date": "2027-01-13", "time": "08:30", "minutes": "45"}):
        said = words(tried(teacher, lesson, note="See you soon hun xxx", **fields))
        assert "Allowed, but note" in said and "MSG-TONE" in said


def test_consents_are_named_to_the_office_and_an_observer_is_waited_for(
    home: Home, teacher: Desk, office: Desk, lesson: str
) -> None:
    assert "Consents by id" not in teacher.read(f"/s/{lesson}") and "Terms " in teacher.read(f"/s/{lesson}")
    assert "Consents by id: 01" in office.read(f"/s/{lesson}")
    id = sentence(home, lesson).id
    with home.house.database.deciding() as tx:
        session = tx.need(VideoSession, id)
        rechecks.ask(tx, session, home.clock.now(), "somebody was seen")
        tx.commit(audit=Event("test.changed", "session", id, OPERATOR.id))
    home.app.rechecks.recheck(id)
    said = teacher.read(f"/s/{lesson}")
    assert "Asked again before the lesson" in said and "waiting for the observer's yes" in said
    assert "Waiting for the observer's yes VC-OBSERVER-ACCEPTED" in said and "Blocks" not in said


def test_a_refused_move_is_told_on_the_page_and_nothing_has_changed(home: Home, teacher: Desk, lesson: str) -> None:
    home.schedule(start="2027-01-12 10:00")
    before = everything(home)
    told = teacher.send(f"/s/{lesson}", act="reschedule", date="2027-01-12", time="10:20", minutes="50")
    assert told.status == 422 and "Not moved" in words(told) and "OVERLAP" in words(told)
    assert "Nothing was changed" in words(told) and b'role="alert"' in told.body
    past = teacher.send(f"/s/{lesson}", act="reschedule", date="2026-01-12", time="10:20", minutes="50", step="do")
    assert past.status == 422 and "START_IN_PAST" in words(past) and everything(home) == before


def test_another_observer_is_named_or_colleagues_are_asked(home: Home, teacher: Desk, lesson: str) -> None:
    asked = tried(teacher, lesson, act="observer", observer="pool")
    assert "whoever of these says yes first" in words(asked) and MBEKI in words(asked)
    assert "Colleagues who are free were asked." in done(teacher, lesson, asked, "Change the observer")
    named = tried(teacher, lesson, act="observer", observer=MBEKI)
    assert "The observer was changed" in done(teacher, lesson, named, "Change the observer")
    assert sentence(home, lesson).observer == MBEKI


def test_children_come_and_leave(home: Home, teacher: Desk, lesson: str) -> None:
    proposal = tried(teacher, lesson, act="roster", remove="C-0101")
    assert "Leaves C-0101" in words(proposal)
    assert "The roster was changed." in done(teacher, lesson, proposal, "Change the roster")
    assert "C-0101" not in sentence(home, lesson).children
    refused = teacher.send(f"/s/{lesson}", act="roster", add="C-0140")
    assert refused.status == 422 and "C-0140 cannot attend yet" in words(refused)
    unknown = teacher.send(f"/s/{lesson}", act="roster", add="C-9999")
    assert unknown.status == 422 and "UNKNOWN_REF" in words(unknown)
    nothing = teacher.send(f"/s/{lesson}", act="roster")
    assert "Nothing was changed." in teacher.read(nothing.headers["Location"])


def test_cancelling_says_first_who_will_hear_of_it(home: Home, teacher: Desk, lesson: str) -> None:
    before = everything(home)
    proposal = tried(teacher, lesson, act="cancel", note="The teacher is ill.")
    assert "Cancel this lesson?" in words(proposal) and "5 guardians" in words(proposal)
    assert everything(home) == before and "Leave it as it is" in words(proposal)
    said = done(teacher, lesson, proposal, "Cancel it and tell them")
    assert "Cancelled. It does not take place." in said and "Cancel it" not in said
    again = teacher.send(f"/s/{lesson}", act="reschedule", date="2027-02-12", time="10:20", minutes="50")
    assert again.status == 409 and "NOT_CHANGEABLE" in words(again)


def test_the_office_gives_a_lesson_to_another_teacher(home: Home, office: Desk, teacher: Desk, lesson: str) -> None:
    assert "Another teacher" not in teacher.read(f"/s/{lesson}") and "Another teacher" in office.read(f"/s/{lesson}")
    assert teacher.send(f"/s/{lesson}", act="reassign", teacher=OTHER).status == 403
    proposal = tried(office, lesson, act="reassign", teacher=OTHER)
    done(office, lesson, proposal, "Give it away")
    assert sentence(home, lesson, COORDINATOR).teacher == OTHER
    assert teacher.look(f"/s/{lesson}").status == 404


def test_the_observer_answers_and_the_office_answers_for_who_telephoned(
    home: Home, observer: Desk, office: Desk, teacher: Desk, lesson: str
) -> None:
    assert "Will you be the second adult?" in observer.read(f"/s/{lesson}")
    assert "Will you be" not in teacher.read(f"/s/{lesson}") and "telephoned" not in teacher.read(f"/s/{lesson}")
    yes = observer.send(f"/s/{lesson}", act="accept")
    assert "Thank you. You are the second adult" in observer.read(yes.headers["Location"])
    assert sentence(home, lesson).ready
    no = office.send(f"/s/{lesson}", **{"act": "decline", "for": OBSERVER})
    assert "The no is on record." in office.read(no.headers["Location"])
    assert teacher.send(f"/s/{lesson}", **{"act": "accept", "for": OBSERVER}).status == 403
    assert not sentence(home, lesson).ready


def test_who_is_asked_and_sees_no_more_of_the_lesson_answers_from_their_day(
    home: Home, site: Site, lesson: str
) -> None:
    more_observers(home)
    home.app.observers.replacing.replace(home.who(TEACHER), lesson, "pool")
    asked, first = at_desk(home, site, MBEKI), at_desk(home, site, COLIN)
    day = asked.read("/")
    assert "Several of you were asked: the first yes gets it." in day and asked.look(f"/s/{lesson}").status == 404
    first.send(f"/s/{lesson}", act="accept")
    late = asked.send(f"/s/{lesson}", act="accept")
    assert late.headers["Location"] == "/?told=covered" and "Somebody else was first." in asked.read("/?told=covered")
    assert sentence(home, lesson).observer == COLIN


def test_a_forged_form_does_nothing(home: Home, site: Site, teacher: Desk, office: Desk, lesson: str) -> None:
    before = everything(home)
    for act in (*ACTS, "enter", "accept", "decline"):
        for csrf in ("", "0" * 64, office.csrf):
            fields = {"act": act, "step": "do", "observer": MBEKI, "teacher": OTHER, "remove": "C-0101", "csrf": csrf}
            assert send(site, f"/s/{lesson}", fields, teacher.cookie).status == 403
    assert send(site, f"/s/{lesson}", {"act": "cancel", "step": "do"}).status == 303  # To sign in.
    assert teacher.send(f"/s/{lesson}", act="no such").status == 422
    assert everything(home) == before


def test_those_who_only_look_are_offered_nothing(home: Home, site: Site, observer: Desk, lesson: str) -> None:
    assert "Change it" not in observer.read(f"/s/{lesson}")
    assert at_desk(home, site, REVIEWER).look(f"/s/{lesson}").status == 404
    assert "Change it" in at_desk(home, site, DSL).read(f"/s/{lesson}")


def test_a_teacher_who_observes_a_colleagues_lesson_may_call_it_off_and_change_nothing_else(home: Home) -> None:
    home.app.people.give_role(MBEKI, Role.TEACHER)
    lesson = home.schedule(start="2027-05-04 10:00", observer=MBEKI).session.short_id
    offered = home.app.session_choices.of(home.who(MBEKI), lesson)
    assert offered == {Choice.ENTER, Choice.ACCEPT, Choice.DECLINE, Choice.CANCEL}


def test_why_no_child_of_a_family_may_come_is_not_told_to_teachers(home: Home, teacher: Desk, lesson: str) -> None:
    why = home.app.sessions.show(home.who(TEACHER), lesson).why
    assert all(not r["reason"] for w in why for r in w.rules if r["rule"].startswith("CON-"))
    assert "withdrawn" not in teacher.read(f"/s/{lesson}")


def view(state: SessionState, **more: Any) -> SessionView:
    at = datetime(2026, 12, 1, 16, tzinfo=UTC)
    return SessionView("1", "S-1", state, "M", at, 50, "Europe/London", 9, "t@x", "o@x", ("C-1",), "T", "O", **more)


@pytest.mark.parametrize("state", SessionState)
@pytest.mark.parametrize("answer", ["yes", "asked", "none"])
def test_every_state_has_words_of_its_own(state: SessionState, answer: str) -> None:
    stands = standing(view(state, observer_answer=answer))
    assert stands.words and stands.sentence.strip().endswith(".")
    assert "{" not in stands.sentence and (stands.kind == "ok") <= (answer == "yes" or state is SessionState.LIVE)


@pytest.mark.parametrize("risk", Risk)
def test_every_risk_is_told(risk: Risk) -> None:
    assert standing(view(SessionState.AT_RISK, risk=risk)).sentence.startswith("At risk: ")
    assert risk == Risk.NONE or risk not in standing(view(SessionState.AT_RISK, risk=risk)).sentence


def test_a_change_under_way_says_what_stands_meanwhile() -> None:
    for kind in (Change.TIME, Change.OBSERVER, Change.MEETING):
        wanted = Wanted(kind, datetime(2026, 12, 2, 16, tzinfo=UTC), 50, "t@x", "o@x")
        assert len(standing(view(SessionState.MOVING, change=wanted)).sentence) > len("Being changed. ")


def test_who_hears_of_it_is_counted_in_words() -> None:
    assert hearers(Told(1, 2, ("t@x",))) == "1 guardian, 2 pupils (in office hours), t@x"
    assert hearers(Told()) == "nobody"
    assert all(text.endswith(".") for text in DONE.values())


def test_the_question_by_mail_is_read_without_a_sign_in_and_csrf_is_its_own(site: Site) -> None:
    assert look(site, "/o/zgo_none").status == 404
    assert "There is nothing here for you" in words(look(site, "/o/zgo_none"))
    assert send(site, "/o/zgo_none", {"answer": "yes", "csrf": csrf_of(look(site, "/sign-in"))}).status == 403
