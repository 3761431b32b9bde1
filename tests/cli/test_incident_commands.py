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


def listing(*found: dict[str, Any], total: int | None = None) -> dict[str, Any]:
    still = [i for i in found if not i["closed_at"]]
    count = {"total": len(still) if total is None else total, "grave": sum(i["grave"] for i in still)}
    return {"schema": "zoomguard/1", "open": count, "incidents": list(found)}


def listed(
    terminal: Terminal, *found: dict[str, Any], more: tuple[str, ...] = (), total: int | None = None
) -> list[str]:
    with scripted(lambda asked: answer(listing(*found, total=total))) as service:
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
        "2 open incidents, 1 grave: evidence is, or may be, missing or not what it was.",
        "",
        "INCIDENT         FOUND            ABOUT",
        "    WHAT",
        "I-7K2M    grave  Tue 24 Nov 2026  S-7K2M",
        "    A lesson",
        "I-31TD    open   Tue 24 Nov 2026  v1/2026/01KB/01KC/b001/data/video.mp4",
        "    A bag",
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
        (1, 0, ["1 open incident, 1 grave: evidence is, or may be, missing or not what it was."]),
        (
            1,
            1,
            ["1 open incident, 1 grave: evidence is, or may be, missing or not what it was. 1", "closed one follows."],
        ),
        (
            2,
            3,
            ["2 open incidents, 2 grave: evidence is, or may be, missing or not what it was. 3", "closed ones follow."],
        ),
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


def test_where_not_all_are_listed_the_list_says_of_how_many(terminal: Terminal) -> None:
    first, second = listed(terminal, incident(), incident(), total=260)[:2]
    assert f"{first} {second}".startswith("2 of 260 open incidents shown, 2 grave: evidence is, or may be,")


def test_of_a_long_key_the_list_names_bag_and_file(terminal: Terminal) -> None:
    key = "v1/2026/01KBDZ5S00ZG000000000S0001/01KBDZ5S00ZG000000000R0001/b001/data/chat.txt"
    lines = listed(terminal, incident(session=None, subject=f"{key}@3HL4kqtJvjVBH40N"))
    assert lines[4] == "I-7K2M    grave  Tue 24 Nov 2026  ...00ZG000000000R0001/b001/data/chat.txt"


def test_one_is_shown_with_what_to_do(terminal: Terminal) -> None:
    with scripted(lambda asked: answer({"incident": incident(history=HISTORY[:1])})) as service:
        said = terminal.points_to(service.url).run("incidents", "show", "I-7K2M")
    assert service.asked[0].path == "/api/v1/incidents/I-7K2M"
    assert said.out.splitlines() == [
        f"I-7K2M  {TITLE}",
        "  State       open",
        "  Grave       yes: evidence is, or may be, missing or not what it was",
        "  Found       Tue 24 Nov 2026 03:10 Europe/London",
        "  Lesson      S-7K2M",
        "  Subject     01KB0SESSION",
        "  Looked at   2",
        "  What to do  Ask the teacher whether it was recorded; look into the host's",
        "              recordings and trash at Zoom.",
        "",
        "History",
        "  Tue 24 Nov 2026 03:10 Europe/London  Found, by the service",
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
        "  Tue 24 Nov 2026 09:00 Europe/London  Closed, by i.hale@x.example",
        "    Bell \\x07 rang; nobody came.",
        "",
        "Next: zoomguard incidents list",
    ]


def test_a_history_says_whom_the_service_told_and_long_words_stay_to_the_right(terminal: Terminal) -> None:
    title = "Somebody put a delete marker over a key of the archive; its versions are read by their ids"
    told = {"at": "2026-11-24T03:11:00Z", "by": "service", "what": "told", "text": ""}
    did = {"at": "2026-11-24T03:12:00Z", "by": "service", "what": "put back", "text": ""}
    shown = incident(title=title, history=[told, did])
    with scripted(lambda asked: answer({"incident": shown})) as service:
        terminal.points_to(service.url)
        lines = terminal.run("incidents", "show", "I-7K2M").out.splitlines()
        closed = terminal.run("incidents", "close", "I-7K2M", "--note", "settled!").out.splitlines()
    assert lines[1].startswith(" " * len("I-7K2M  ")) and closed[1].startswith(" " * len("Closed: I-7K2M  "))
    assert lines[-6:-2] == [
        "History",
        "  Tue 24 Nov 2026 03:11 Europe/London  Safeguarding lead, deputies and monitors",
        "    were written to, by the service",
        "  Tue 24 Nov 2026 03:12 Europe/London  put back, by the service",
    ]


def answering(refused: dict[str, int]) -> Any:
    """A service that closes every incident but those that it refuses."""

    def said(asked: Any) -> Any:
        name = asked.path.split("/")[-2]
        if name in refused:
            return answer({"error": {"code": "NO", "message": "No.", "remedy": "Ask."}}, refused[name])
        return answer({"schema": "zoomguard/1", "incident": incident(short_id=name, title="A bag")})

    return said


def test_several_are_closed_with_one_note_and_each_says_what_came_of_it(terminal: Terminal) -> None:
    names, note = ("I-1111", "I-2222", "I-3333", "I-1111"), ("--note", "settled!")
    with scripted(answering({"I-2222": 409})) as service:
        terminal.points_to(service.url)
        said = terminal.run("incidents", "close", *names, *note)
        assert [a.document for a in service.asked] == [{"note": "settled!"}] * 3
        document = terminal.run("incidents", "close", *names, *note, "--json").document
    assert said.code == 1 and said.out.splitlines() == [
        "Closed: I-1111  A bag",
        "Not closed: I-2222  No. Ask. [NO]",
        "Closed: I-3333  A bag",
        "Next: zoomguard incidents list",
    ]
    assert [(one["id"], one["exit_code"]) for one in document["incidents"]] == [
        ("I-1111", 0),
        ("I-2222", 1),
        ("I-3333", 0),
    ]
    assert document["incidents"][1]["error"]["code"] == "NO"


def test_of_several_refusals_the_worst_is_the_exit(terminal: Terminal) -> None:
    with scripted(answering({"I-1111": 409, "I-3333": 403})) as service:
        said = terminal.points_to(service.url).run(
            "incidents", "close", "I-1111", "I-2222", "I-3333", "--note", "done!!!!"
        )
    assert said.code == 3 and said.out.count("Not closed: ") == 2


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
    several = listing(incident())
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
