"""What `schedule` and `sessions` say: 80 columns, every reason with its rule, and one JSON document."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.scripted_server import Asked, Reply, answer, in_turn, scripted
from tests.cli.caller import Terminal
from tests.cli.documents import a_session, changed, finding, scheduled

ASK = (
    "schedule", "--observer", "p.nandakumar@northmoor.example", "--child", "C-0101", "--child", "C-0102",
    "--course", "MATHS-7B", "--start", "2026-12-01 16:00", "--minutes", "50",
)  # fmt: skip


REFUSED = scheduled(
    outcome="refused",
    session=None,
    zoom_writes=0,
    findings=[
        finding("CON-CHANNEL", subject="C-0412", reason="C-0412 cannot attend yet. The enrolment office knows.",
                remedy="Go on without: leave out --child C-0412", who="the enrolment office"),
        finding("TRAIN-ONLINE", subject="p.nandakumar@northmoor.example", verdict="unknown",
                reason="The online-safety training of the observer is not on record for the day of the lesson.",
                remedy="Ask for another observer, or put the training on record."),
        finding("VC-WAITING", reason="Zoom did not take the setting.", wanted=True, got=False),
    ],
)  # fmt: skip


def test_success_says_what_happened_first_and_what_to_do_last(terminal: Terminal) -> None:
    with scripted(lambda asked: answer(scheduled(), 201)) as service:
        said = terminal.points_to(service.url).run(*ASK)
    lines = said.out.splitlines()
    assert said.code == 0
    assert lines[0] == "Scheduled  S-7K2M  MATHS-7B  Tue 1 Dec 2026 16:00-16:50 Europe/London"
    assert lines[-1] == "Next: zoomguard sessions show S-7K2M"
    for words in ("Teacher", "Observer", "Pupils       2", "Recorded", "19 of 19 settings", "3 go out now"):
        assert words in said.out
    assert max(map(len, lines)) <= 80


def test_the_ask_is_sent_as_it_was_typed(terminal: Terminal) -> None:
    with scripted(lambda asked: answer(scheduled(), 201)) as service:
        terminal.points_to(service.url).run(
            *ASK, "--timezone", "Asia/Tokyo", "--fold", "later", "--teacher", "t@x.example"
        )
    (asked,) = service.asked
    assert (asked.method, asked.path) == ("POST", "/api/v1/sessions")
    assert asked.document == {
        "teacher": "t@x.example", "observer": "p.nandakumar@northmoor.example", "children": ["C-0101", "C-0102"],
        "course": "MATHS-7B", "start": "2026-12-01 16:00", "minutes": 50, "timezone": "Asia/Tokyo", "fold": "later",
        "dry_run": False,
    }  # fmt: skip
    assert len(asked.headers["Idempotency-Key"]) >= 32


def test_each_command_has_a_key_of_its_own(terminal: Terminal) -> None:
    with scripted(lambda asked: answer(scheduled(), 201)) as service:
        terminal.points_to(service.url)
        terminal.run(*ASK)
        terminal.run(*ASK)
    assert len({asked.headers["Idempotency-Key"] for asked in service.asked}) == 2


def test_a_cut_line_is_repeated_under_the_same_key(terminal: Terminal) -> None:
    with scripted(in_turn(Reply(lost=True), answer(scheduled(), 201))) as service:
        assert terminal.points_to(service.url).run(*ASK).code == 0
    assert len({asked.headers["Idempotency-Key"] for asked in service.asked}) == 1


def test_a_refusal_tells_all_reasons_at_once_with_a_way_on(terminal: Terminal) -> None:
    with scripted(lambda asked: answer(REFUSED, 422)) as service:
        said = terminal.points_to(service.url).run(*ASK)
    lines = said.out.splitlines()
    assert said.code == 1
    assert lines[0] == "Not scheduled. 3 things are in the way; nothing was created in Zoom."
    assert "  CON-CHANNEL   C-0412 cannot attend yet. The enrolment office knows." in lines
    assert "                Go on without: leave out --child C-0412" in lines
    assert "                Who can help: the enrolment office" in lines
    assert "  TRAIN-ONLINE  We could not tell. p.nandakumar@northmoor.example: The" in lines
    assert "                Asked for: yes. Zoom says: no." in lines
    assert max(map(len, lines)) <= 80


def test_a_refusal_after_zoom_was_touched_says_what_is_left_there(terminal: Terminal) -> None:
    document = REFUSED | {"zoom_writes": 2, "session": a_session(state="removing"), "findings": [finding("VC-WAITING")]}
    with scripted(lambda asked: answer(document, 422)) as service:
        said = terminal.points_to(service.url).run(*ASK)
    assert said.out.split("\n\n")[0].replace("\n", " ") == (
        "Not scheduled. 1 thing is in the way; the meeting is being taken out of Zoom again."
    )


@pytest.mark.parametrize(("document", "status", "code"), [(scheduled(), 201, 0), (REFUSED, 422, 1)])
def test_json_is_the_answer_as_it_is(document: dict[str, Any], status: int, code: int, terminal: Terminal) -> None:
    with scripted(lambda asked: answer(document, status)) as service:
        said = terminal.points_to(service.url).run(*ASK, "--json")
    assert (said.code, said.document) == (code, document)
    assert said.err


def test_a_malformed_ask_is_exit_2_and_not_a_refusal(terminal: Terminal) -> None:
    error = {"error": {"code": "DST_GAP", "message": "Sun 28 Mar 2027 01:30 does not exist.", "remedy": "Use 00:30."}}
    with scripted(lambda asked: answer(error, 422)) as service:
        said = terminal.points_to(service.url).run(*ASK, "--json")
    assert (said.code, said.document) == (2, error)


def test_a_dry_run_says_that_nothing_was_created(terminal: Terminal) -> None:
    with scripted(lambda asked: answer(scheduled(outcome="possible", session=None))) as service:
        said = terminal.points_to(service.url).run(*ASK, "--dry-run")
    assert said.code == 0 and "Nothing was created" in said.out
    assert service.asked[0].document["dry_run"] is True


def test_what_is_missing_is_named_all_at_once_where_nobody_can_be_asked(terminal: Terminal) -> None:
    with scripted(lambda asked: answer(scheduled())) as service:
        said = terminal.points_to(service.url).run("schedule", "--course", "MATHS-7B")
    assert (said.code, service.asked) == (2, [])
    assert "Missing --group or --child, --start, --minutes." in " ".join(said.err.split())


def test_the_list_groups_by_day_and_zone(terminal: Terminal) -> None:
    sessions = [a_session(), a_session(short_id="S-8A1C", starts_at="2026-12-02T09:00:00Z", observer="x@y.example")]
    with scripted(lambda asked: answer({"schema": "zoomguard/1", "sessions": sessions})) as service:
        said = terminal.points_to(service.url).run("sessions", "list")
    lines = said.out.splitlines()
    assert lines[0] == "Tuesday 1 December 2026, Europe/London"
    assert "Wednesday 2 December 2026, Europe/London" in lines
    assert any(line.startswith("16:00-16:50  S-7K2M") for line in lines)
    assert max(map(len, lines)) <= 80


def test_the_longest_words_stay_within_80_columns(terminal: Terminal) -> None:
    session = a_session(
        course="X" * 24, zone="America/Argentina/ComodRivadavia", observer=f"{'o' * 60}@northmoor.example"
    )
    document = {"schema": "zoomguard/1", "sessions": [session], "session": session, "why": []}
    with scripted(lambda asked: answer(document)) as service:
        terminal.points_to(service.url)
        for command in (("sessions", "list"), ("sessions", "show", "S-7K2M"), ("sessions", "cancel", "S-7K2M")):
            assert max(map(len, terminal.run(*command).out.splitlines())) <= 80


def test_show_says_why_a_session_is_allowed(terminal: Terminal) -> None:
    rules = [
        {"rule": "CON-CHANNEL", "verdict": "pass", "subject": "C-0101", "reason": ""},
        {"rule": "VC-WAITING", "verdict": "unknown", "subject": "", "reason": "Zoom did not say."},
    ]
    why = {"occasion": "schedule", "at": "2026-11-23T09:00:00Z", "terms_version": "973d57af911a", "verdict": "unknown",
           "rules": rules, "consent_event_ids": ["01KB00000000000000000000AB"]}  # fmt: skip
    with scripted(lambda asked: answer({"session": a_session(), "why": [why]})) as service:
        said = terminal.points_to(service.url).run("sessions", "show", "S-7K2M")
    words = " ".join(said.out.split())
    assert "We could not tell (schedule) on Mon 23 Nov 2026 09:00 UTC: 2 rules asked, terms 973d57af911a." in words
    assert "VC-WAITING we could not tell. Zoom did not say." in words
    assert "Holds CON-CHANNEL" in words and "Consents 01KB00000000000000000000AB" in words


def test_a_dry_cancel_says_so_to_the_service(terminal: Terminal) -> None:
    with scripted(lambda asked: answer(changed(outcome="possible"))) as service:
        assert terminal.points_to(service.url).run("sessions", "cancel", "S-7K2M", "--dry-run").code == 0
        terminal.run("sessions", "cancel", "S-7K2M")
    assert [a.path for a in service.asked] == ["/api/v1/sessions/S-7K2M/cancel"] * 2
    assert [a.document["dry_run"] for a in service.asked] == [True, False]


def test_an_id_cannot_lead_to_another_address(terminal: Terminal) -> None:
    def not_there(asked: Asked) -> Reply:
        return answer({"error": {"code": "NOT_THERE", "message": "No.", "remedy": ""}}, 404)

    with scripted(not_there) as service:
        assert terminal.points_to(service.url).run("sessions", "show", "../tokens?x").code == 3
    assert service.asked[0].path == "/api/v1/sessions/..%2Ftokens%3Fx"


def test_one_clash_of_several_people_is_told_in_one_line_that_names_them(terminal: Terminal) -> None:
    busy = {"reason": "Already in S-8A1C at that time.", "remedy": "Choose another time."}
    found = [finding("OVERLAP", subject=who, **busy) for who in ("t.wren@northmoor.example", "C-0101", "C-0102")]
    other = finding("OVERLAP", subject="C-0110", reason="Already in S-9Z9Z at that time.", remedy=busy["remedy"])
    document = REFUSED | {"findings": [*found, other]}
    with scripted(lambda asked: answer(document, 422)) as service:
        said = terminal.points_to(service.url).run(*ASK, "--json")
    assert said.document == document
    words = " ".join(said.err.split())
    assert "2 things are in the way" in words and words.count("S-8A1C") == 1
    assert "OVERLAP t.wren@northmoor.example, C-0101, C-0102: Already in S-8A1C at that time." in words
    assert "OVERLAP C-0110: Already in S-9Z9Z at that time." in words
