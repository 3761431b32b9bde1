"""What the office has to ask for, and contact with a guardian: commands that ask the service."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.scripted_server import answer, scripted
from tests.cli.caller import Terminal


def a_lesson(day: int) -> dict[str, str]:
    starts_at = f"2026-12-{day:02}T16:00:00Z"
    return {"course": "MATHS-7B", "teacher": "t.wren@x.example", "starts_at": starts_at, "zone": "Europe/London"}


def wanted(lessons: int = 1, ask: tuple[str, ...] = ("G-40",)) -> dict[str, Any]:
    return {
        "child": "C-0140", "missing": {"video_live": "missing"}, "words": "lessons by video: no answer yet",
        "ask": list(ask), "lessons": [a_lesson(day + 1) for day in range(lessons)], "since": "2026-11-23T09:00:00Z",
    }  # fmt: skip


def test_the_list_names_whom_to_ask_and_for_which_lessons(terminal: Terminal) -> None:
    with scripted(lambda asked: answer({"schema": "zoomguard/1", "wanted": [wanted(5)]})) as service:
        said = terminal.points_to(service.url).run("consents", "chase")
    assert service.asked[0].path == "/api/v1/consents/chase"
    assert said.out.splitlines() == [
        "1 learner without permission for lessons to come.",
        "",
        "C-0140",
        "  Missing       lessons by video: no answer yet",
        "  Ask           G-40",
        "  Lessons       MATHS-7B  Tue 1 Dec 2026 16:00 Europe/London, t.wren@x.example",
        "                MATHS-7B  Wed 2 Dec 2026 16:00 Europe/London, t.wren@x.example",
        "                MATHS-7B  Thu 3 Dec 2026 16:00 Europe/London, t.wren@x.example",
        "                and 2 more",
        "  Wanted since  Mon 23 Nov 2026",
        "",
        "Next: zoomguard consents import FILE, once it is given",
    ]


def test_where_nobody_may_be_written_to_the_lead_is_named(terminal: Terminal) -> None:
    with scripted(lambda asked: answer({"wanted": [wanted(ask=())]})) as service:
        said = terminal.points_to(service.url).run("consents", "chase")
    assert "nobody may be asked by mail: speak with the safeguarding lead" in said.out


def test_an_empty_list_says_so_and_json_is_the_services_own(terminal: Terminal) -> None:
    document = {"schema": "zoomguard/1", "wanted": []}
    with scripted(lambda asked: answer(document)) as service:
        terminal.points_to(service.url)
        assert terminal.run("consents", "chase").out.startswith("No lesson to come wants a permission.")
        assert terminal.run("consents", "chase", "--json").document == document


@pytest.mark.parametrize(
    ("word", "outcome", "told"),
    [
        ("stop", "changed", "G-21 is not to be contacted about C-0120. What waits to be sent stays here; C-0120 gets"),
        ("stop", "unchanged", "G-21 is not to be contacted about C-0120 already."),
        ("allow", "changed", "G-21 may be contacted about C-0120. Mails begin with the next one."),
        ("allow", "unchanged", "G-21 may be contacted about C-0120 already."),
    ],
)
def test_contact_is_stopped_and_allowed(terminal: Terminal, word: str, outcome: str, told: str) -> None:
    document = {"schema": "zoomguard/1", "outcome": outcome, "guardian": "G-21", "child": "C-0120"}
    ask = ("people", "contact", word, "G-21", "C-0120", "--evidence", "ORDER-12")
    with scripted(lambda asked: answer(document)) as service:
        said = terminal.points_to(service.url).run(*ask)
    assert service.asked[0].document == {
        "guardian": "G-21", "child": "C-0120", "may_contact": word == "allow", "evidence": "ORDER-12",
    }  # fmt: skip
    assert " ".join(said.out.split()).startswith(told) and said.code == 0
    assert max(map(len, said.out.splitlines())) <= 80


def test_without_evidence_nothing_is_asked(terminal: Terminal) -> None:
    with scripted(lambda asked: answer({})) as service:
        said = terminal.points_to(service.url).run("people", "contact", "allow", "G-21", "C-0120")
    assert said.code == 2 and service.asked == []
