"""What is no ask: exit codes and error codes for the malformed, the absent and the unreachable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.town import OBSERVER, TEACHER, Town, a_town, program
from tests.servers.shared import free_port


@pytest.fixture(scope="module")
def quiet_town(tmp_path_factory: pytest.TempPathFactory, set_up_home: Path) -> Iterator[Town]:
    """A town in which nothing is ever done."""
    with a_town(tmp_path_factory.mktemp("quiet"), set_up_home) as town:
        yield town
        assert town.zoom_writes() == [] and town.mails() == []


USAGE: dict[str, tuple[str, dict[str, Any]]] = {
    "a whole day": ("BAD_LENGTH", {"minutes": "1440"}),
    "ends before it begins": ("BAD_LENGTH", {"minutes": "-10"}),
    "no length": ("BAD_LENGTH", {"minutes": "0"}),
    "a length without end": ("BAD_INPUT", {"minutes": "9" * 400}),
    "a day without a time": ("BAD_TIME", {"start": "2026-12-01"}),
    "a time with an offset": ("BAD_TIME", {"start": "2026-12-01T16:00:00+00:00"}),
    "a day that is not": ("BAD_TIME", {"start": "2026-02-30 16:00"}),
    "a control character in the time": ("BAD_TIME", {"start": "2026-12-01\x1b16:00"}),
    "the past": ("START_IN_PAST", {"start": "2026-11-23 08:59"}),
    "beyond a year": ("START_TOO_FAR", {"start": "2028-01-01 16:00"}),
    "an unknown time zone": ("BAD_TIMEZONE", {"timezone": "Mars/Olympus"}),
    "a path for a time zone": ("BAD_TIMEZONE", {"timezone": "../../../etc/passwd"}),
    "clocks go forward": ("DST_GAP", {"start": "2027-03-28 01:30"}),
    "clocks go back": ("DST_AMBIGUOUS", {"start": "2027-10-31 01:30"}),
    "a name as course": ("BAD_COURSE", {"course": "Maths with Lena"}),
    "a control character in the course": ("BAD_COURSE", {"course": "MATHS\x07"}),
    "a control character in a reference": ("BAD_REF", {"children": ("C-0101\x1b[2J",)}),
    "a child twice": ("REPEATED_REF", {"children": ("C-0101", "C-0101")}),
    "an unknown child": ("UNKNOWN_REF", {"children": ("C-9999",)}),
    "an unknown observer": ("UNKNOWN_REF", {"observer": "nobody@northmoor.example"}),
    "no address": ("BAD_EMAIL", {"observer": "nandakumar"}),
    "a control character in the address": ("BAD_EMAIL", {"observer": "p.nandakumar@northmoor.example\r\nBcc: x@y.z"}),
    "a word for a number": ("USAGE", {"minutes": "fifty"}),
}  # fmt: skip


@pytest.mark.parametrize("what", USAGE)
def test_a_malformed_ask_ends_with_2_and_a_code_and_is_never_tried(quiet_town: Town, what: str) -> None:
    code, change = USAGE[what]
    before = quiet_town.zoom_writes()
    ran = quiet_town.schedule(**change)
    assert ran.outcome == (2, code), ran
    assert ran.said["error"]["message"] and ran.said["error"]["remedy"]
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", ran.out + ran.err) and "Traceback" not in ran.err
    assert quiet_town.zoom_writes() == before


@pytest.mark.parametrize("field", ["observer", "course", "start", "timezone", "children", "teacher", "fold"])
def test_a_nul_in_any_field_is_refused_in_words(quiet_town: Town, field: str) -> None:
    body: dict[str, Any] = {"observer": OBSERVER, "children": ["C-0101"], "course": "MATHS-7B",
                            "start": "2026-12-03 16:00", "minutes": 50}  # fmt: skip
    body[field] = ["C-0101\0"] if field == "children" else f"{body.get(field, '')}\0"
    answer = quiet_town.http("POST", "/api/v1/sessions", body, by=TEACHER)
    assert answer.status in (400, 422) and answer.json()["error"]["code"] != "FAULT"
    assert b"\\u0000" not in answer.data


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"observer": 1}', b"\xff\xfe", b"[" * 60_000, b'{"minutes": 1e999}'])
def test_a_body_that_is_no_ask_is_refused_in_words(quiet_town: Town, body: bytes) -> None:
    answer = quiet_town.http("POST", "/api/v1/sessions", body, by=TEACHER)
    assert answer.status in (400, 422) and set(answer.json()["error"]) == {"code", "message", "remedy"}


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        (("sessions", "show", "S-ZZZZ"), (3, "NOT_THERE")),
        (("sessions", "show", "../whoami"), (3, "NOT_THERE")),
        (("sessions", "cancel", "S-ZZZZ"), (3, "NOT_THERE")),
        (("recordings", "show", "R-ZZZZ"), (3, "NOT_THERE")),
        (("policy", "explain", "NO-SUCH-RULE"), (2, "UNKNOWN_REF")),
        (("sessions", "lst"), (2, "USAGE")),
        (("sessions", "show"), (2, "USAGE")),
        (("archive", "--since", "yesterday"), (2, "USAGE")),
        (("recordings", "fetch", "R-ZZZZ", "--purpose", "fun", "--reason", "because", "--to", "x"), (2, "USAGE")),
    ],
)
def test_what_is_not_there_ends_with_3_and_what_is_no_command_with_2(
    quiet_town: Town, words: tuple[str, ...], outcome: tuple[int, str]
) -> None:
    assert quiet_town.zg(*words, by=TEACHER).outcome == outcome


def test_without_a_token_or_with_a_wrong_one_the_exit_is_3(quiet_town: Town) -> None:
    assert quiet_town.zg("sessions", "list").outcome == (3, "NOT_SIGNED_IN")
    wrong = quiet_town.environ | {"ZOOMGUARD_TOKEN": "zgt_" + "A" * 43}
    assert program(wrong, "sessions", "list").outcome == (3, "NOT_SIGNED_IN")


def test_without_a_service_the_exit_is_4(quiet_town: Town) -> None:
    nowhere = {"ZOOMGUARD_SERVER": f"http://127.0.0.1:{free_port()}", "ZOOMGUARD_TOKEN": "zgt_" + "A" * 43}
    for words in (("sessions", "list"), ("whoami",), quiet_town.ask()):
        assert program(quiet_town.environ | nowhere, *words).outcome == (4, "SERVER_UNREACHABLE")


# Files --------------------------------------------------------------------------------------------------------------


def test_a_file_of_more_than_5_mib_is_refused_unread(quiet_town: Town, tmp_path: Path) -> None:
    large = tmp_path / "staff.csv"
    large.write_bytes(b"reference,email\n" + b"x" * (5 * 1024 * 1024))
    for name, stdin in ((str(large), b""), ("-", large.read_bytes())):
        assert quiet_town.zg("people", "import", "staff", name, stdin=stdin).outcome == (2, "CSV_TOO_LARGE")


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        (b"\xff\xfe", (2, "CSV_ENCODING")),
        (b"reference,email\n", (2, "CSV_HEADER")),
        (b"", (2, "CSV_HEADER")),
        (b'child,"', (2, "CSV_FORM")),
    ],
)
def test_a_file_that_cannot_be_read_is_usage(quiet_town: Town, content: bytes, outcome: tuple[int, str]) -> None:
    assert quiet_town.zg("people", "import", "children", "-", stdin=content).outcome == outcome


def test_one_bad_line_stops_the_file_and_is_named_without_its_content(quiet_town: Town, set_up_home: Path) -> None:
    content = (set_up_home.parent / "school" / "children.csv").read_text().replace("Lena", "Le\x00na")
    ran = quiet_town.zg("people", "import", "children", "-", stdin=content.encode())
    assert ran.code == 1 and [(b["line"], b["code"]) for b in ran.said["refused"]] == [(2, "CONTROL_CHARACTER")]
    assert "Kral" not in ran.out + ran.err
