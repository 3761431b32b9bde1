"""The page of messages: what was written and what came of it, sent once more by those who may, and no name on it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.application.lessons import NAMES
from tests.application.mails import Away, Bouncing
from tests.house import COORDINATOR, DSL, OBSERVER, REVIEWER, TEACHER, Home, a_home
from tests.web.browsing import send, words
from tests.web.desk import Desk, at_desk, everything
from tests.web.serving import Reply, Site, served
from zoomguard.application.session_changes import NewTime
from zoomguard.domain.messages import TOO_LATE, MessageView, Template
from zoomguard.web.pages import messages as page

DEPUTY, MONITOR = "b.noor@northmoor.example", "j.fairley@northmoor.example"
EVA, MINH = "eva.kral@families.example", "minh.tran@families.example"
NOTE = "Please bring a ruler."
ROW = re.compile(r'<tr role="row" id="m-(\w+)">(.*?)</tr>', re.DOTALL)
STARTS = (f"{datetime(2026, 11, 25, 6, tzinfo=UTC) + timedelta(hours=3 * n):%Y-%m-%d %H:%M}" for n in range(80))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with a_home(tmp_path_factory.mktemp("messages")) as running:
        yield running


@pytest.fixture(scope="module")
def site(home: Home) -> Iterator[Site]:
    with served(home.app) as running:
        yield running


@pytest.fixture(scope="module")
def office(home: Home, site: Site) -> Desk:
    return at_desk(home, site, COORDINATOR)


@pytest.fixture
def lesson(home: Home) -> str:
    """A lesson at a time of its own, of which the families have been written to."""
    return written(home)


def written(home: Home) -> str:
    short_id = str(home.schedule(start=next(STARTS)).session.short_id)
    home.do_due("send_message")
    return short_id


def found(home: Home, lesson: str, reference: str, template: str = "invitation") -> MessageView:
    """The newest message about a lesson to somebody."""
    views: tuple[MessageView, ...] = home.app.messages.list(home.who(DSL), lesson)
    return next(v for v in views if (v.to_reference, v.template) == (reference, template))


def bounced(home: Home) -> tuple[str, MessageView]:
    """A lesson whose invitations were refused by the mail server."""
    with pytest.MonkeyPatch.context() as server:
        server.setattr(home.app.messages, "mailer", Bouncing())
        short_id = written(home)
    return short_id, found(home, short_id, "G-01")


def held(home: Home) -> tuple[str, MessageView]:
    """A lesson that was moved with a sentence to the families, which a child does not read unseen."""
    short_id = written(home)
    home.app.sessions.reschedule(home.who(TEACHER), short_id, NewTime(next(STARTS), note=NOTE))
    home.do_due("send_message")
    return short_id, found(home, short_id, "C-0110", "change")


def row(reply: Reply, view: MessageView) -> str:
    """What stands on the page about one message."""
    rows = dict(ROW.findall(reply.body.decode()))
    return " ".join(re.sub(r"<[^>]*>", " ", rows[view.id]).split())


def mails(home: Home, to: str) -> int:
    return len([m for m in home.sandbox.mail() if m["to"] == to])


@pytest.mark.parametrize("email", [COORDINATOR, DSL, DEPUTY, MONITOR])
def test_those_who_look_after_mail_see_it_and_are_led_there(home: Home, site: Site, email: str, lesson: str) -> None:
    desk = at_desk(home, site, email)
    assert "newest first" in desk.read("/messages") and b'href="/messages"' in desk.look("/").body
    link = f'href="/messages?session={lesson}"'.encode()
    assert link in desk.look(f"/s/{lesson}").body and f"Messages about {lesson}" in desk.read(
        f"/messages?session={lesson}"
    )


@pytest.mark.parametrize("email", [TEACHER, OBSERVER, REVIEWER])
def test_nobody_else_sees_messages_or_sends_one(home: Home, site: Site, email: str, lesson: str) -> None:
    desk, sent = at_desk(home, site, email), found(home, lesson, "G-01")
    before = everything(home)
    tried = [desk.look(f"/messages{query}") for query in ("", f"?session={lesson}", "?session=S-0000", "?session=!")]
    tried.append(desk.send(f"/messages/{sent.id}"))
    assert {reply.status for reply in tried} == {403} and len({reply.body for reply in tried}) == 1
    assert everything(home) == before and b'href="/messages' not in desk.look("/").body
    assert b'href="/messages' not in desk.look(f"/s/{lesson}").body


def test_one_lesson_shows_its_own_messages_alone(home: Home, office: Desk, lesson: str) -> None:
    other = {v.id for v in home.app.messages.list(home.who(DSL), written(home))}
    shown = {id for id, _ in ROW.findall(office.look(f"/messages?session={lesson}").body.decode())}
    assert shown == {v.id for v in home.app.messages.list(home.who(DSL), lesson)} and not shown & other
    assert shown | other <= {id for id, _ in ROW.findall(office.look("/messages").body.decode())}


def test_somebody_who_is_not_signed_in_is_led_to_sign_in(site: Site) -> None:
    asked = site.ask("GET", "/messages?session=S-7K2M", headers={"Accept": "text/html"})
    assert (asked.status, asked.headers["Location"]) == (303, "/sign-in?next=/messages%3Fsession%3DS-7K2M")


def test_the_table_says_to_whom_what_and_what_came_of_it(home: Home, office: Desk) -> None:
    lesson, refused = bounced(home)
    shown = office.look(f"/messages?session={lesson.lower()}")
    said = row(shown, refused)
    assert (
        said.startswith("Mon 23 Nov 2026, 09:0")
        and "Invitation Guardian G-01 Bounced The mail server refused it." in said
        and "Send again" in said
    )
    assert "bounced : see the newest" in words(shown) and f"zoomguard messages list --session {lesson}" in words(shown)
    assert f"zoomguard messages resend {shown_first(shown)}" in words(shown)
    others = office.look("/messages")
    assert f"Messages about {lesson}" not in words(others) and f'href="/s/{lesson}"'.encode() in others.body


def shown_first(reply: Reply) -> str:
    """The first message of the page that has come back."""
    return next(id for id, cells in ROW.findall(reply.body.decode()) if "Bounced" in cells)


def test_no_name_address_or_text_stands_on_the_page(office: Desk, lesson: str) -> None:
    for address in ("/messages", f"/messages?session={lesson}"):
        body = office.look(address).body.decode()
        main = body.partition("<main")[2].partition("</main>")[0]
        assert not [word for word in (*NAMES, "@", "/j/", "/o/") if word in main] and "C-0110" in main


def test_looking_changes_nothing(home: Home, site: Site, office: Desk, lesson: str) -> None:
    id = found(home, lesson, "G-01").id
    before = everything(home)
    for method in ("GET", "HEAD"):
        for query in ("", f"?session={lesson}", f"?done={id}", f"?session={lesson}&done={id}&csrf={office.csrf}"):
            asked = site.ask(method, f"/messages{query}", headers={"Cookie": f"zg={office.cookie}"})
            assert asked.status == 200
        asked = site.ask(method, f"/messages/{id}?csrf={office.csrf}", headers={"Cookie": f"zg={office.cookie}"})
        assert asked.status == 405
    assert everything(home) == before


def test_a_message_is_sent_once_more_and_arrives_again(home: Home, office: Desk, lesson: str) -> None:
    sent, there = found(home, lesson, "G-01"), mails(home, EVA)
    pressed = office.send(f"/messages/{sent.id}", session=lesson)
    assert (pressed.status, pressed.headers["Location"]) == (303, f"/messages?session={lesson}&done={sent.id}")
    said = office.look(pressed.headers["Location"])
    assert "On its way: invitation to guardian G-01." in words(said) and "Send again" not in row(said, sent)
    assert mails(home, EVA) == there
    home.do_due("send_message")
    assert mails(home, EVA) == there + 1
    said = office.look(pressed.headers["Location"])
    assert "It has left: invitation to guardian G-01." in words(said)
    assert "Sent Tried: taken, taken. Send again" in row(said, sent)


def test_what_bounced_arrives_when_it_is_sent_again(home: Home, office: Desk) -> None:
    lesson, refused = bounced(home)
    there = mails(home, EVA)
    pressed = office.send(f"/messages/{refused.id}")
    assert pressed.headers["Location"] == f"/messages?done={refused.id}"
    home.do_due("send_message")
    assert mails(home, EVA) == there + 1 and found(home, lesson, "G-01").state == "sent"
    assert "Tried: refused for good, taken." in row(office.look("/messages"), refused)


def test_a_second_press_is_told_and_sends_nothing_more(home: Home, office: Desk, lesson: str) -> None:
    sent, there = found(home, lesson, "G-01"), mails(home, EVA)
    office.send(f"/messages/{sent.id}", session=lesson)
    before = everything(home)
    again = office.send(f"/messages/{sent.id}", session=lesson)
    assert again.status == 409 and "Not sent again This message has not left yet." in words(again)
    assert "STILL_QUEUED" in words(again) and "Nothing was changed" in words(again) and b'role="alert"' in again.body
    assert f"Messages about {lesson}" in words(again) and everything(home) == before
    home.do_due("send_message")
    assert mails(home, EVA) == there + 1


def test_what_no_longer_holds_is_not_sent_again_and_the_page_says_why(home: Home, office: Desk, lesson: str) -> None:
    sent = found(home, lesson, "G-01")
    home.app.sessions.cancel(home.who(TEACHER), lesson)
    before = everything(home)
    refused = office.send(f"/messages/{sent.id}")
    assert refused.status == 409 and "What this message says no longer holds." in words(refused)
    assert "OUTDATED" in words(refused) and everything(home) == before


def test_a_forged_form_sends_nothing(home: Home, site: Site, office: Desk, lesson: str) -> None:
    sent, other = found(home, lesson, "G-01"), at_desk(home, site, DSL)
    before = everything(home)
    for fields in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": other.csrf}):
        assert send(site, f"/messages/{sent.id}", fields, office.cookie).status == 403
    ours = {"csrf": office.csrf}
    assert send(site, f"/messages/{sent.id}", ours, office.cookie, sec_fetch_site="cross-site").status == 403
    assert send(site, f"/messages/{sent.id}", ours).status == 303  # To sign in.
    assert everything(home) == before and home.do_due("send_message") == 0


def test_a_lesson_that_is_not_there_is_told_above_an_empty_list(home: Home, office: Desk, lesson: str) -> None:
    before = everything(home)
    for typed in ("S-0000", "no+such", "%22%3E%3Cscript%3E", "%E2%98%83"):
        asked = office.look(f"/messages?session={typed}")
        assert asked.status == 404 and "No such lesson There is no such session for you." in words(asked)
        assert b"<script>" not in asked.body and not ROW.findall(asked.body.decode())
        assert "zoomguard messages list zoomguard messages resend ID" in words(asked)
    assert office.look("/messages?session=%00").status == 422
    assert office.look(f"/messages?session={'x' * 3000}").status == 422
    assert everything(home) == before


def test_a_message_that_is_not_there_has_the_page_that_nothing_is_here(home: Home, office: Desk) -> None:
    before = everything(home)
    for id in ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "a.b", "x" * 500, "%E2%98%83"):
        absent = office.send(f"/messages/{id}")
        assert absent.status == 404 and "There is nothing here for you" in words(absent)
    assert everything(home) == before


def test_what_somebody_wrote_to_a_child_is_let_go_by_a_designated_person_alone(
    home: Home, site: Site, office: Desk
) -> None:
    lesson, waits = held(home)
    shown = office.look(f"/messages?session={lesson}")
    assert "1 waits for a person" in words(shown) and "a deputy lets it go." in row(shown, waits)
    assert "Let it go" not in words(shown) and NOTE not in words(shown)
    before = everything(home)
    assert office.send(f"/messages/{waits.id}").status == 403 and everything(home) == before
    monitor, there = at_desk(home, site, MONITOR), mails(home, MINH)
    assert "Waits for a person Somebody typed a sentence in it. Let it go" in row(
        monitor.look(f"/messages?session={lesson}"), waits
    )
    assert f"zoomguard messages resend {waits.id}" in monitor.read(f"/messages?session={lesson}")
    gone = monitor.send(f"/messages/{waits.id}", session=lesson)
    assert "On its way: change of a lesson to child C-0110." in monitor.read(gone.headers["Location"])
    home.do_due("send_message")
    assert mails(home, MINH) == there + 1


@pytest.fixture
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Desk]]:
    """A college that has written to nobody, after office hours."""
    with a_home(tmp_path_factory.mktemp("evening")) as home, served(home.app) as site:
        home.clock.move_to(datetime(2026, 11, 23, 18, tzinfo=UTC))
        yield home, at_desk(home, site, COORDINATOR)


def test_a_lesson_of_which_nobody_knows_and_a_college_without_mail_say_so(evening: tuple[Home, Desk]) -> None:
    home, desk = evening
    assert "No messages yet." in desk.read("/messages")
    later = home.schedule(start="2027-09-08 10:00").session.short_id
    said = desk.read(f"/messages?session={later.lower()}")
    assert f"Messages about {later}" in said and "Nobody has been written to about this lesson yet." in said


def test_what_waits_for_the_day_says_until_when_and_cannot_be_hurried(evening: tuple[Home, Desk]) -> None:
    home, desk = evening
    lesson = written(home)
    waits = found(home, lesson, "C-0110")
    said = row(desk.look("/messages"), waits)
    assert "Waits until Tue 24 Nov 2026, 09:00 (London) Children are written to in office hours" in said
    assert "Send again" not in said and desk.send(f"/messages/{waits.id}").status == 409
    home.clock.move_to(waits.not_before_at)
    home.do_due("send_message")
    home.clock.move_to(datetime(2026, 11, 24, 18, tzinfo=UTC))
    desk = at_desk(home, desk.site, COORDINATOR)  # The sign-in of the evening before has ended.
    pressed = desk.send(f"/messages/{waits.id}")
    assert "It leaves on Wed 25 Nov 2026, 09:00 (London): invitation to child" in desk.read(pressed.headers["Location"])


def test_a_mail_server_that_is_away_is_not_a_bounce(home: Home, office: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as server:
        server.setattr(home.app.messages, "mailer", Away())
        lesson = written(home)
    said = row(office.look(f"/messages?session={lesson}"), found(home, lesson, "G-01"))
    assert "Not taken yet" in said and "tried again by itself" in said and "Send again" not in said


def view(**more: Any) -> MessageView:
    at = datetime(2026, 12, 1, 16, tzinfo=UTC)
    made: dict[str, Any] = {"id": "1", "session": "S-1", "audience": "child", "to_reference": "C-1"}
    made |= {"template": "invitation", "state": "dropped", "made_at": at, "not_before_at": at}
    return MessageView(**{**made, **more})


def test_what_was_dropped_says_why() -> None:
    assert "no longer holds" in page.Line(view(awaits="designated"), "").why
    assert "lesson was over" in page.Line(view(reason=TOO_LATE, tries=("withheld",)), "").why
    assert "may not be written to" in page.Line(view(tries=("withheld",)), "").why
    assert page.Line(view(tries=("trying", "unknown")), "").tries == "not known whether it was taken"


@pytest.mark.parametrize("template", Template)
def test_every_kind_of_message_has_words_of_its_own(template: Template) -> None:
    assert page.Line(view(template=template.value), "").what in set(page.WHAT.values())
    assert len(set(page.WHAT.values())) == len(Template)
