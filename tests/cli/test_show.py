"""How commands end: one exit code for each error, the same in process and over HTTP, and never a traceback."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click
import pytest

from tests.adapters.scripted_server import Reply, answer, scripted
from tests.cli.caller import Terminal
from zoomguard.cli import layout, show
from zoomguard.domain import errors
from zoomguard.domain.errors import Refused, SettingsWrong, Throttled, ZoomguardError
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.web import errors as web_errors

FINDING = Finding(
    "CON-CHANNEL", Outcome.FAIL, "C-0412", "Cannot attend yet.", remedy="Leave the child out.", who="office"
)
EXIT = {
    "ZoomguardError": 70, "BadInput": 2, "UnknownReference": 2, "SettingsWrong": 2, "Refused": 1, "Conflict": 1,
    "NotAllowed": 3, "NotSignedIn": 3, "NotThere": 3, "OutsideFailed": 4, "OutcomeUnknown": 4, "Throttled": 4,
    "Busy": 4, "IntegrityFailed": 5, "Fault": 70,
}  # fmt: skip


def all_kinds(kind: type[ZoomguardError] = ZoomguardError) -> Iterator[type[ZoomguardError]]:
    yield kind
    for inner in kind.__subclasses__():
        if inner.__module__ == errors.__name__:
            yield from all_kinds(inner)


def made(kind: type[ZoomguardError]) -> ZoomguardError:
    if issubclass(kind, Refused):
        return kind((FINDING,))
    if issubclass(kind, SettingsWrong):
        return kind(("ZOOMGUARD_LISTEN: wrong",))
    if issubclass(kind, Throttled):
        return kind("Wait.", None)
    return kind("It went wrong.", "Do better.")


def over_http(error: ZoomguardError, terminal: Terminal) -> int:
    response = web_errors.answer(error)
    with scripted(lambda asked: Reply(response.status_code, bytes(response.body))) as service:
        return terminal.points_to(service.url).run("whoami").code


def test_every_error_of_the_tree_is_in_this_table() -> None:
    assert {kind.__name__ for kind in all_kinds()} == set(EXIT)


@pytest.mark.parametrize("kind", list(all_kinds()), ids=lambda kind: kind.__name__)
def test_an_error_has_its_exit_code_in_process(kind: type[ZoomguardError]) -> None:
    def fails() -> None:
        raise made(kind)

    assert show.ended(fails, as_json=False) == EXIT[kind.__name__]


# Wrong settings stop the service before anybody can ask it.
@pytest.mark.parametrize("kind", [k for k in all_kinds() if k is not SettingsWrong], ids=lambda kind: kind.__name__)
def test_an_error_has_the_same_exit_code_over_http(kind: type[ZoomguardError], terminal: Terminal) -> None:
    assert over_http(made(kind), terminal) == EXIT[kind.__name__]


def test_an_integrity_failure_with_a_code_of_its_own_is_still_exit_5(terminal: Terminal) -> None:
    error = errors.IntegrityFailed("A copy differs.", "Ask the operator.", code="COPY_DIFFERS")
    assert over_http(error, terminal) == 5


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, 2), (401, 3), (403, 3), (404, 3), (409, 1), (413, 2), (422, 2), (429, 4), (500, 70), (502, 4), (504, 4)],
)
def test_a_page_of_some_proxy_is_told_by_its_status(status: int, code: int, terminal: Terminal) -> None:
    with scripted(lambda asked: Reply(status, b"<html>no</html>")) as service:
        said = terminal.points_to(service.url).run("whoami")
    assert said.code == code and f"[HTTP_{status}]" in said.err


def test_an_error_is_one_sentence_for_what_and_one_for_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert show.failure(errors.Conflict("The session is over", "Look again"), as_json=False) == 1
    captured = capsys.readouterr()
    assert captured.err == "zoomguard: The session is over. Look again. [CONFLICT]\n" and captured.out == ""


def test_with_json_standard_output_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    show.failure(errors.NotAllowed("No.", "Ask."), as_json=True)
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"error": {"code": "NOT_ALLOWED", "message": "No.", "remedy": "Ask."}}
    assert "[NOT_ALLOWED]" in captured.err


def test_a_refusal_in_process_has_the_shape_of_a_schedule(capsys: pytest.CaptureFixture[str]) -> None:
    assert show.failure(Refused((FINDING,)), as_json=True) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["outcome"], document["session"]) == ("zoomguard/1", "refused", None)
    assert document["findings"][0]["rule"] == "CON-CHANNEL"


def test_each_wrong_setting_has_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    error = SettingsWrong(("ZOOMGUARD_LISTEN: must be an address", "ZOOMGUARD_S3_BUCKET: not set"))
    assert show.failure(error, as_json=False) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == list(error.lines)
    assert lines[2].startswith("zoomguard: 2 settings are wrong.") and "[SETTINGS]" in " ".join(lines)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_defect_tells_its_type_and_nothing_it_says(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        raise KeyError("Mia Lark, zgt_secret")

    assert show.ended(fails, as_json) == 70
    captured = capsys.readouterr()
    whole = captured.out + captured.err
    assert "(KeyError)" in whole and "[FAULT]" in captured.err
    assert "Mia" not in whole and "zgt_" not in whole and "Traceback" not in whole


@pytest.mark.parametrize("kind", [KeyboardInterrupt, click.Abort])
def test_ctrl_c_is_130(kind: type[BaseException], capsys: pytest.CaptureFixture[str]) -> None:
    def stops() -> None:
        raise kind

    assert show.ended(stops, as_json=True) == 130
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "INTERRUPTED"


def test_a_wrong_option_is_exit_2_and_json_all_the_same(terminal: Terminal) -> None:
    said = terminal.run("schedule", "--json", "--nonsense")
    assert said.code == 2 and said.document["error"]["code"] == "USAGE"


def test_control_characters_from_the_service_are_shown_escaped(terminal: Terminal) -> None:
    hostile = {"email": "a\x1b[31m@x\u202egnp", "roles": ["teacher\x07"], "reference": None}
    with scripted(lambda asked: answer(hostile)) as service:
        said = terminal.points_to(service.url).run("whoami")
    assert said.code == 0 and "\\x1b[31m" in said.out
    assert all(c.isprintable() or c == "\n" for c in said.out)


@pytest.mark.parametrize("document", [[], {"roles": "teacher"}, {"roles": [], "email": {}}], ids=str)
def test_an_answer_of_another_shape_is_no_fault_of_ours(document: object, terminal: Terminal) -> None:
    with scripted(lambda asked: answer(document)) as service:
        said = terminal.points_to(service.url).run("whoami")
    assert (said.code, "[BAD_ANSWER]" in said.err) == (4, True)


def test_words_are_wrapped_and_not_broken() -> None:
    lines = layout.wrap(
        "The observer's online-safety training ends the day before this lesson. " * 3, "  TRAIN-ONLINE  "
    )
    assert max(map(len, lines)) <= 80 and all(line.startswith(" " * 16) for line in lines[1:])
    assert " ".join(" ".join(lines).split()).count("online-safety") == 3


@pytest.mark.parametrize(
    ("start", "minutes", "zone", "words"),
    [
        ("2026-12-01T16:00:00Z", 50, "Europe/London", "Tue 1 Dec 2026 16:00-16:50 Europe/London"),
        ("2026-12-01T23:30:00Z", 60, "Europe/London", "Tue 1 Dec 2026 23:30-Wed 00:30 Europe/London"),
        ("2027-03-28T00:30:00Z", 60, "Europe/London", "Sun 28 Mar 2027 00:30-02:30 Europe/London"),
        ("2026-12-01T16:00:00Z", 50, "Asia/Ho_Chi_Minh", "Tue 1 Dec 2026 23:00-23:50 Asia/Ho_Chi_Minh"),
        ("soon", 50, "Europe/London", "soon"),
        ("2026-12-01T16:00:00Z", 50, "Mars/Olympus", "2026-12-01T16:00:00Z"),
    ],
)
def test_every_time_has_week_day_and_zone(start: str, minutes: int, zone: str, words: str) -> None:
    assert layout.slot(start, minutes, zone) == words
