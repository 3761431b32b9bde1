"""Incidents at a terminal: listed with the grave ones first, shown with their history, closed with a note."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.scripted_server import answer, scripted
from tests.cli.caller import Terminal

TITLE = "A lesson was held and Zoom lists no recording of it"
REMEDY = "Ask the teacher whether it was recorded; look into the host's recordings and trash at Zoom."
HISTORY = [
    {"at": "2026-11-24T03:10:00Z", "by": "service", "what": "opened", "text": ""},
    {"at": "2026-11-24T09:00:00Z", "by": "i.hale@x.example", "what": "closed", "text": "Bell \x07 rang; nobody came."},
]


def incident(**change: Any) -> dict[str, Any]:
    made = {
        "id": "01KB0INCIDENT", "short_id": "I-7K2M", "kind": "recording_missing", "title": TITLE, "remedy": REMEDY,
        "grave": True, "subject": "01KB0SESSION", "session": "S-7K2M", "recording": None, "detail": {"looked_at": 2},
        "opened_at": "2026-11-24T03:10:00Z", "closed_at": None, "may_close": True,
    }  # fmt: skip
    return {**made, **change}


def listed(terminal: Terminal, *found: dict[str, Any], more: tuple[str, ...] = ()) -> list[str]:
    with scripted(lambda asked: answer({"schema": "zoomguard/1", "incidents": list(found)})) as service:
        said = terminal.points_to(service.url).run("incidents", "list", *more)
    path = "/api/v1/incidents" + ("?closed=true" if more else "")
    assert (said.code, service.asked[0].path) == (0, path)
    lines = said.out.splitlines()
    assert max(map(len, lines)) <= 80
    return lines


def test_the_list_says_how_many_and_what_each_is_about(terminal: Terminal) -> None:
    about = "v1/2026/01KB/01KC/b001/data/video.mp4@3HL4kqtJvjVBH40N"
    other = incident(short_id="I-31TD", grave=False, session=None, subject=about, title="A bag")
    assert listed(terminal, incident(title="A lesson"), other) == [
        "2 open incidents, 1 grave: evidence is missing, or not what it was.",
        "",
        "INCIDENT         FOUND            ABOUT      WHAT",
        "I-7K2M    grave  Tue 24 Nov 2026  S-7K2M     A lesson",
        "I-31TD    open   Tue 24 Nov 2026  video.mp4  A bag",
        "",
        "Next: zoomguard incidents show I-7K2M",
    ]


def test_long_words_go_to_a_line_of_their_own(terminal: Terminal) -> None:
    lines = listed(terminal, incident(session=None, recording="R-31TD"))
    assert lines[4:6] == ["I-7K2M    grave  Tue 24 Nov 2026  R-31TD", f"    {TITLE}"]


@pytest.mark.parametrize(
    ("still", "closed", "says"),
    [
        (0, 1, ["No incident is open; 1 closed one follows."]),
        (0, 3, ["No incident is open; 3 closed ones follow."]),
        (1, 0, ["1 open incident, 1 grave: evidence is missing, or not what it was."]),
        (1, 1, ["1 open incident, 1 grave: evidence is missing, or not what it was. 1 closed one", "follows."]),
        (2, 3, ["2 open incidents, 2 grave: evidence is missing, or not what it was. 3 closed", "ones follow."]),
    ],
)
def test_closed_ones_are_asked_for_and_not_counted_as_open(
    terminal: Terminal, still: int, closed: int, says: list[str]
) -> None:
    settled = incident(short_id="I-31TD", closed_at="2026-11-25T09:00:00Z", may_close=False)
    lines = listed(terminal, *[incident()] * still, *[settled] * closed, more=("--closed",))
    assert lines[: len(says) + 1] == [*says, ""]
    states = [line.split()[1] for line in lines if line.startswith("I-")]
    assert states == ["grave"] * still + ["closed"] * closed


def test_an_empty_list_says_so(terminal: Terminal) -> None:
    assert listed(terminal) == ["No incident is open.", "Next: zoomguard incidents list --closed"]
    assert listed(terminal, more=("--closed",))[0] == "No incidents."


def test_one_is_shown_with_what_to_do(terminal: Terminal) -> None:
    with scripted(lambda asked: answer({"incident": incident(history=HISTORY[:1])})) as service:
        said = terminal.points_to(service.url).run("incidents", "show", "I-7K2M")
    assert service.asked[0].path == "/api/v1/incidents/I-7K2M"
    assert said.out.splitlines() == [
        f"I-7K2M  {TITLE}",
        "  State       open",
        "  Grave       yes: evidence is missing, or not what it was",
        "  Found       Tue 24 Nov 2026 03:10 Europe/London",
        "  Lesson      S-7K2M",
        "  Subject     01KB0SESSION",
        "  Looked at   2",
        "  What to do  Ask the teacher whether it was recorded; look into the host's",
        "              recordings and trash at Zoom.",
        "",
        "History",
        "  Tue 24 Nov 2026 03:10 Europe/London  opened, service",
        "",
        "Next: zoomguard incidents close I-7K2M --note TEXT",
    ]


def test_keys_and_versions_stay_whole_on_lines_of_their_own(terminal: Terminal) -> None:
    key = "v1/2026/01KBDZ5S00ZG000000000S0001/01KBDZ5S00ZG000000000R0001/b001/data/a  film of-somebody.mp4"
    version = "3sL4kqtJlcpXroDTDmJrmSpXd3dIbrHYMTRCxf3vjVBH40Nr8X8gdRQBpUMLUo"
    about = incident(subject=f"{key}@{version}", detail={"key": key, "reason": "CUT", "version": version})
    with scripted(lambda asked: answer({"incident": about})) as service:
        said = terminal.points_to(service.url).run("incidents", "show", "I-7K2M")
    assert said.out.splitlines()[5:-4] == [
        "  Subject",
        f"    {key}@{version}",
        "  Key",
        f"    {key}",
        "  Reason      CUT",
        f"  Version     {version}",
        "  What to do  Ask the teacher whether it was recorded; look into the host's",
        "              recordings and trash at Zoom.",
    ]


def test_a_closed_one_says_when_by_whom_and_how(terminal: Terminal) -> None:
    closed = incident(closed_at="2026-11-24T09:00:00Z", may_close=False, grave=False, history=HISTORY)
    with scripted(lambda asked: answer({"incident": closed})) as service:
        lines = terminal.points_to(service.url).run("incidents", "show", "I-7K2M").out.splitlines()
    assert "  State       closed Tue 24 Nov 2026 09:00 Europe/London" in lines and "  Grave       no" in lines
    assert lines[-4:] == [
        "  Tue 24 Nov 2026 09:00 Europe/London  closed, i.hale@x.example",
        "    Bell \\x07 rang; nobody came.",
        "",
        "Next: zoomguard incidents list",
    ]


@pytest.mark.parametrize("typed", [True, False])
def test_it_is_closed_with_a_note_that_is_asked_for_where_it_is_left_out(terminal: Terminal, typed: bool) -> None:
    document = {"schema": "zoomguard/1", "incident": incident(history=HISTORY)}
    given = () if typed else ("--note", " Found in the trash. ")
    with scripted(lambda asked: answer(document)) as service:
        at = terminal.types("Found in the trash.") if typed else terminal
        said = at.points_to(service.url).run("incidents", "close", "I-7K2M", *given)
    (asked,) = service.asked
    assert (asked.path, asked.document) == ("/api/v1/incidents/I-7K2M/close", {"note": "Found in the trash."})
    assert " ".join(said.out.split()) == f"Closed: I-7K2M {TITLE} Next: zoomguard incidents list"
    assert ("How it was settled" in said.err) is typed


def test_without_a_note_and_without_a_terminal_nothing_is_asked(terminal: Terminal) -> None:
    with scripted(lambda asked: answer({})) as service:
        said = terminal.points_to(service.url).run("incidents", "close", "I-7K2M", "--note", "  ")
    assert said.code == 2 and "--note" in said.err and service.asked == []


def test_json_is_the_services_own(terminal: Terminal) -> None:
    one = {"schema": "zoomguard/1", "incident": incident(history=HISTORY)}
    several = {"schema": "zoomguard/1", "incidents": [incident()]}
    with scripted(lambda asked: answer(several if asked.path.endswith("incidents") else one)) as service:
        terminal.points_to(service.url)
        assert terminal.run("incidents", "list", "--json").document == several
        assert terminal.run("incidents", "show", "I-7K2M", "--json").document == one
        assert terminal.run("incidents", "close", "I-7K2M", "--note", "settled!", "--json").document == one


@pytest.mark.parametrize(
    ("status", "code", "ends"),
    [(403, "OWN_SESSION", 3), (409, "INCIDENT_CLOSED", 1), (422, "BAD_NOTE", 2), (404, "NOT_THERE", 3)],
)
def test_a_refusal_ends_with_its_code(terminal: Terminal, status: int, code: str, ends: int) -> None:
    error = {"error": {"code": code, "message": "No.", "remedy": "Ask."}}
    with scripted(lambda asked: answer(error, status)) as service:
        said = terminal.points_to(service.url).run("incidents", "close", "I-7K2M", "--note", "settled!")
    assert said.code == ends and f"[{code}]" in said.err
