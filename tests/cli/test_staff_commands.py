"""What staff look up: sessions of a day, who is free, whether somebody is ready, what was mailed."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.adapters.scripted_server import Asked, Reply, answer, scripted
from tests.cli.caller import Terminal
from tests.cli.documents import a_session
from zoomguard.cli import demo, today

MESSAGE = {
    "id": "01KB0MESSAGE", "session": "S-7K2M", "audience": "guardian", "to_reference": "G-0451",
    "template": "session_moved", "state": "queued", "made_at": "2026-11-23T19:00:00Z",
    "not_before_at": "2026-11-24T09:00:00Z", "reason": "MSG-HOURS", "awaits": "", "tries": ["unknown", "refused"],
}  # fmt: skip


def sessions(*listed: dict[str, Any]) -> Reply:
    return answer({"schema": "zoomguard/1", "sessions": list(listed)})


def test_the_list_is_asked_for_as_it_was_filtered(terminal: Terminal) -> None:
    with scripted(lambda asked: sessions()) as service:
        terminal.points_to(service.url)
        terminal.run("sessions", "list")
        said = terminal.run("sessions", "list", "--teacher", "t@x.example", "--course", "A&B", "--on", "2026-12-01")
    assert [a.path for a in service.asked] == [
        "/api/v1/sessions", "/api/v1/sessions?teacher=t%40x.example&course=A%26B&on=2026-12-01",
    ]  # fmt: skip
    assert said.out.splitlines() == ["No sessions.", "Next: zoomguard schedule --help"]


@pytest.mark.parametrize("typed", [("list", "--today"), ("sheet",)])
def test_today_is_the_day_in_london(
    typed: tuple[str, ...], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(today, "now", lambda: datetime(2026, 6, 1, 23, 30, tzinfo=UTC))
    document = {"schema": "zoomguard/1", "sessions": [], "on": "2026-06-02", "text": ""}
    with scripted(lambda asked: answer(document)) as service:
        assert terminal.points_to(service.url).run("sessions", *typed).code == 0
    assert service.asked[0].path in ("/api/v1/sessions?on=2026-06-02", "/api/v1/days/2026-06-02")


def test_the_table_says_what_each_session_needs(terminal: Terminal) -> None:
    listed = (
        a_session(short_id="S-6F1B", ready=True, observer_answer="yes"),
        a_session(short_id="S-7K2M", state="at_risk", risk="OBSERVER_MISSING", observer="", observer_name=""),
        a_session(short_id="S-7K2N", state="planned"),
        a_session(short_id="S-6F0D", state="live", observer_answer="yes"),
    )
    with scripted(lambda asked: sessions(*listed)) as service:
        said = terminal.points_to(service.url).run("sessions", "list")
    rows = {line.split()[1]: " ".join(line.split()[3:]) for line in said.out.splitlines() if "  S-" in line}
    assert said.out.splitlines()[2].split() == ["TIME", "SESSION", "COURSE", "STATE", "OBSERVER", "NEEDS"]
    assert rows == {
        "S-6F1B": "ready Priya Nandakumar -",
        "S-7K2M": "at risk nobody yet an observer",
        "S-7K2N": "planned Priya Nandakumar (asked) -",
        "S-6F0D": "on now Priya Nandakumar -",
    }
    assert said.out.splitlines()[-1] == "1 session needs somebody. Next: zoomguard sessions show S-7K2M"


def test_a_lesson_that_one_was_asked_to_observe_is_marked_and_wants_an_answer(terminal: Terminal) -> None:
    question = a_session(short_id="S-7K2Q", asked=True, children=[], observer="", observer_name="",
                         observer_answer="none", meeting_number=None)  # fmt: skip
    with scripted(lambda asked: sessions(a_session(observer_answer="yes", ready=True), question)) as service:
        lines = terminal.points_to(service.url).run("sessions", "list").out.splitlines()
    (row,) = (line for line in lines if "  S-7K2Q" in line)
    assert row.split()[3:] == ["asked", "nobody", "yet", "your", "yes", "or", "no"]
    assert lines[-1] == "1 session needs somebody. Next: zoomguard sessions accept S-7K2Q (or decline)"


def test_a_session_is_shown_with_its_risk_and_its_change(terminal: Terminal) -> None:
    session = a_session(
        state="at_risk", risk="OBSERVER_MISSING", meeting_number=None, waits_until="2026-11-24T00:00:00Z",
        change={"kind": "time", "starts_at": "2026-12-02T16:00:00Z", "minutes": 50, "teacher": "", "observer": ""},
    )  # fmt: skip
    with scripted(lambda asked: answer({"session": session, "why": []})) as service:
        said = terminal.points_to(service.url).run("sessions", "show", "S-7K2M")
    words = " ".join(said.out.split())
    assert "At risk OBSERVER_MISSING: it needs an observer" in words
    assert "Changing to another time: Wed 2 Dec 2026 16:00-16:50 Europe/London" in words
    assert "Zoom meeting none yet; it is made on Tue 24 Nov 2026" in words and "asked; answer wanted" in words
    assert said.out.splitlines()[-1] == "Next: zoomguard sessions replace-observer S-7K2M --pool"


def test_the_sheet_of_a_day_is_printed_as_it_came_without_control_characters(terminal: Terminal) -> None:
    with scripted(lambda asked: answer({"on": "2026-12-01", "text": "Tuesday\n\n16:00 S-7K2M\x1b[2J\n"})) as service:
        said = terminal.points_to(service.url).run("sessions", "sheet", "--on", "2026-12-01")
    assert said.out == "Tuesday\n\n16:00 S-7K2M\\x1b[2J\n"
    assert service.asked[0].path == "/api/v1/days/2026-12-01"


def test_who_is_free_comes_best_first_with_a_way_on(terminal: Terminal) -> None:
    found = [
        {"email": "o.mbeki@x.example", "name": "Olu Mbeki", "lessons_that_week": 2, "back_to_back": False},
        {"email": "s.rao@x.example", "name": "S. Rao", "lessons_that_week": 5, "back_to_back": True},
    ]
    ask = ("observers", "free", "--start", "2026-12-01 16:00", "--minutes", "50", "--timezone", "Asia/Ho_Chi_Minh")
    with scripted(lambda asked: answer({"starts_at": "2026-12-01T09:00:00Z", "observers": found})) as service:
        said = terminal.points_to(service.url).run(*ask)
    assert service.asked[0].path == (
        "/api/v1/observers/free?start=2026-12-01+16%3A00&minutes=50&timezone=Asia%2FHo_Chi_Minh"
    )
    lines = said.out.splitlines()
    assert lines[0] == "2 colleagues are free on Tue 1 Dec 2026 16:00 Asia/Ho_Chi_Minh; best first."
    assert "Olu Mbeki  2        yes    o.mbeki@x.example" in lines
    assert "S. Rao     5        none   s.rao@x.example" in lines
    assert "PAUSE is none where another lesson of theirs is less than 5 minutes before or" in lines
    assert lines[-1] == "Next: zoomguard schedule ... --observer o.mbeki@x.example"


def test_who_is_free_stands_in_one_table_of_80_columns(terminal: Terminal) -> None:
    found = [
        {"email": email, "name": name, "lessons_that_week": 12, "back_to_back": True}
        for name, email in (
            ("Priya Nandakumar", "p.nandakumar@northmoor.example"),
            ("Konstantinos Papadimitriou", "k.papadimitriou@northmoor.example"),
        )
    ]
    with scripted(lambda asked: answer({"starts_at": "2026-12-01T16:00:00Z", "observers": found})) as service:
        ask = ("observers", "free", "--start", "2026-12-01 16:00", "--minutes", "50")
        lines = terminal.points_to(service.url).run(*ask).out.splitlines()
    rows = [line for line in lines if "northmoor.example" in line and not line.startswith("Next")]
    assert [len(row.split()) for row in rows] == [5, 5] and max(map(len, lines)) <= 80


def test_nobody_free_says_so(terminal: Terminal) -> None:
    with scripted(lambda asked: answer({"starts_at": "2026-12-01T16:00:00Z", "observers": []})) as service:
        ask = ("observers", "free", "--start", "tue 16:00", "--minutes", "50")
        said = terminal.points_to(service.url).run(*ask)
    assert said.code == 0
    assert said.out.startswith("Nobody is free and may observe on Tue 1 Dec 2026 16:00 Europe/London.")


@pytest.mark.parametrize(("verdict", "code"), [("pass", 0), ("fail", 1), ("unknown", 1)])
def test_a_check_of_somebody_exits_1_unless_they_are_ready(verdict: str, code: int, terminal: Terminal) -> None:
    checks = [
        {"check": "zoom_licence", "verdict": "pass", "reason": "", "remedy": ""},
        {"check": "training", "verdict": verdict, "reason": "It ends before.", "remedy": "Book the course."},
    ]
    person = {"email": "o+x@x.example", "name": "Olu Mbeki", "ready": verdict == "pass"}
    document = {"person": person, "checks": checks}
    with scripted(lambda asked: answer(document)) as service:
        said = terminal.points_to(service.url).run("people", "check", "o+x@x.example")
    assert (said.code, service.asked[0].path) == (code, "/api/v1/people/check?email=o%2Bx%40x.example")
    assert said.out.startswith(f"Olu Mbeki (o+x@x.example): {'ready' if code == 0 else 'not ready'}")
    assert "Book the course." in said.out and said.out.splitlines()[-1].startswith("Next: ")


def shutting_out(asked: Asked) -> Reply:
    outcome = "possible" if asked.document["dry_run"] else "deactivated"
    return answer({"outcome": outcome, "sessions": [a_session()]})


def test_shutting_somebody_out_shows_the_sessions_and_asks_first(terminal: Terminal) -> None:
    ask = ("people", "deactivate", "t.wren@x.example")
    with scripted(shutting_out) as service:
        terminal.points_to(service.url)
        assert "Shut out: t.wren@x.example\n1 session needs somebody else:\n  S-7K2M" in terminal.run(*ask).out
        assert terminal.run(*ask, "--dry-run").out.startswith("Would be shut out")
        assert terminal.types("n").run(*ask).out == "Nothing was changed.\n"
        assert "S-7K2M" in terminal.types("y").run(*ask).err
    assert [a.document["dry_run"] for a in service.asked] == [False, True, True, True, False]
    assert {a.document["email"] for a in service.asked} == {"t.wren@x.example"}


def test_the_help_says_who_may_shut_somebody_out(terminal: Terminal) -> None:
    said = " ".join(terminal.run("people", "deactivate", "--help").out.split())
    assert "For the safeguarding lead and the deputies." in said


def test_messages_say_what_waits_and_why_and_never_an_address(terminal: Terminal) -> None:
    bounced = MESSAGE | {"id": "01KB0BOUNCED", "state": "bounced"}
    sent = MESSAGE | {"id": "01KB0SENT", "state": "sent"}
    with scripted(lambda asked: answer({"messages": [MESSAGE, sent, bounced]})) as service:
        said = terminal.points_to(service.url).run("messages", "list", "--session", "S-7K2M")
    assert service.asked[0].path == "/api/v1/messages?session=S-7K2M"
    words = " ".join(said.out.split())
    assert words.startswith("3 messages, newest first. S-7K2M Monday 23 November 2026, Europe/London")
    assert "19:00 session moved guardian G-0451 queued 01KB0MESSAGE" in words
    assert "waits until Tue 24 Nov 2026 09:00 Europe/London; children are written to in office hours" in words
    assert "01KB0BOUNCED tries: unknown, refused" in words and "01KB0SENT tries" not in words
    assert said.out.splitlines()[-1] == "Next: zoomguard messages resend 01KB0BOUNCED"


def test_a_message_that_waits_for_a_person_is_the_next_thing_to_do(terminal: Terminal) -> None:
    waiting = MESSAGE | {"id": "01KB0WAITS", "awaits": "designated"}
    with scripted(lambda asked: answer({"messages": [MESSAGE, MESSAGE | {"state": "bounced"}, waiting]})) as service:
        said = terminal.points_to(service.url).run("messages", "list")
    assert "01KB0WAITS    waits until somebody designated lets it go" in said.out
    assert said.out.splitlines()[-1] == "Next: zoomguard messages resend 01KB0WAITS"
    assert max(map(len, said.out.splitlines())) <= 80


@pytest.mark.parametrize("document", [MESSAGE, {"schema": "zoomguard/1", "message": MESSAGE}])
def test_a_message_is_sent_once_more(document: dict[str, Any], terminal: Terminal) -> None:
    with scripted(lambda asked: answer(document)) as service:
        said = terminal.points_to(service.url).run("messages", "resend", "01KB0MESSAGE")
    assert (service.asked[0].method, service.asked[0].path) == ("POST", "/api/v1/messages/01KB0MESSAGE/resend")
    assert said.code == 0 and said.out.splitlines()[-1] == "Next: zoomguard messages list --session S-7K2M"


@pytest.mark.parametrize(("holds", "code"), [(True, 0), (False, 70)])
def test_the_demo_tells_its_checks_as_one_document(
    holds: bool, code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr("sys.stderr", stderr)
    with demo._transcript(as_json=True):
        print("$ zoomguard migrate")
    assert demo._told([("a", True), ("b", holds)], as_json=True) == code
    document = json.loads(capsys.readouterr().out)
    assert (document["passed"], document["of"], document["checks"][1]) == (1 + holds, 2, {"claim": "b", "holds": holds})
    assert "$ zoomguard migrate" in stderr.getvalue() and "of 2 checks passed" in stderr.getvalue()


def test_of_evaluations_that_asked_the_same_the_newest_is_shown(terminal: Terminal) -> None:
    def why(at: str, verdict: str) -> dict[str, Any]:
        rules = [{"rule": "VC-WAITING", "verdict": verdict, "subject": "", "reason": "Said so."}]
        return {"occasion": "recheck", "at": at, "terms_version": "973d57af911a", "verdict": verdict, "rules": rules}

    whys = [why("2026-11-23T09:00:00Z", "fail"), why("2026-11-24T09:00:00Z", "pass")]
    with scripted(lambda asked: answer({"session": a_session(), "why": whys})) as service:
        said = terminal.points_to(service.url).run("sessions", "show", "S-7K2M")
    assert "Allowed (recheck) on Tue 24 Nov 2026" in said.out and "Not allowed" not in said.out


def test_an_observer_who_has_not_answered_is_waited_for_and_no_failure(terminal: Terminal) -> None:
    email = "p.nandakumar@northmoor.example"
    rule = {"rule": "VC-OBSERVER-ACCEPTED", "verdict": "waiting", "subject": email, "reason": "Has not said yes."}
    why = {"occasion": "recheck", "at": "2026-11-24T09:00:00Z", "terms_version": "973d57af911a", "verdict": "waiting",
           "rules": [rule], "consent_event_ids": []}  # fmt: skip
    elsewhere = [{"zone": "Asia/Ho_Chi_Minh", "children": ["C-0102"]}]
    with scripted(lambda asked: answer({"session": a_session(), "why": [why], "elsewhere": elsewhere})) as service:
        words = " ".join(terminal.points_to(service.url).run("sessions", "show", "S-7K2M").out.split())
    assert "Waiting for the observer's yes (recheck) on Tue 24 Nov 2026 09:00 UTC: 1 rule asked" in words
    assert f"VC-OBSERVER-ACCEPTED waiting for the observer's yes. {email}" in words
    assert "Not allowed" not in words and "does not hold" not in words and "Consents" not in words
    assert "Elsewhere Tue 1 Dec 2026 23:00 Asia/Ho_Chi_Minh for C-0102" in words
