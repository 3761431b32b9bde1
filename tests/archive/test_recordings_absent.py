"""What `recordings show` says of files that are not in the archive: still expected, never come, never listed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.archive import rows
from tests.archive.lessons import at_zoom, held, wait
from tests.cli.caller import Terminal
from tests.house import REVIEWER, Home
from tests.web.serving import served

NO_CHAT = {"name": "chat.txt", "why": "Zoom listed none: nobody wrote, or the chat was off."}


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("ZOOMGUARD_HOME", str(tmp_path / "reviewer"))
    monkeypatch.setenv("COLUMNS", "80")
    return Terminal(tmp_path / "reviewer", capsys, monkeypatch)


def shown(home: Home, terminal: Terminal) -> tuple[Any, list[str]]:
    """The recording as the API gives it, and the lines of the command."""
    token = home.app.access.issue(REVIEWER).token
    short = rows.recordings(home)[0].short_id
    with served(home.app) as site:
        document = site.ask("GET", f"/api/v1/recordings/{short}", token=token).document["recording"]
        said = terminal.points_to(site.url, token).run("recordings", "show", short)
        assert terminal.run("recordings", "show", short, "--json").document["recording"] == document
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert max(map(len, lines)) <= 80
    return document, lines


def states(document: Any) -> dict[str, tuple[str, str | None]]:
    return {f["name"]: (f["state"], f["why"]) for f in document["files"]}


def test_a_file_that_zoom_is_at_work_on_is_expected_and_one_it_never_listed_is_absent(
    home: Home, terminal: Terminal
) -> None:
    held(home, files=["MP4", "M4A", "TRANSCRIPT"], transcript_s=3600)
    home.app.archive.run()
    document, lines = shown(home, terminal)
    assert states(document) == {
        "video.mp4": ("verified", None),
        "audio.m4a": ("verified", None),
        "transcript.vtt": ("expected", "Zoom is still at work on it."),
    }
    assert document["absent"] == [NO_CHAT]
    at = lines.index("  transcript.vtt  expected")
    assert lines[at + 1] == "    Zoom is still at work on it."
    assert lines[lines.index("  chat.txt  absent") + 1] == f"    {NO_CHAT['why']}"
    wait(home, minutes=61)
    home.app.archive.run()
    document, lines = shown(home, terminal)
    assert states(document)["transcript.vtt"] == ("verified", None)
    assert "    Zoom is still at work on it." not in lines


def test_a_file_that_failed_is_told_with_its_reason_and_after_a_day_as_missing(home: Home, terminal: Terminal) -> None:
    short = held(home)
    at_zoom(home, short, "grow", file="MP4")
    home.app.archive.run()
    document, lines = shown(home, terminal)
    assert states(document)["video.mp4"] == ("copying", "The last try to copy it failed (SIZE_MISMATCH).")
    assert "    The last try to copy it failed (SIZE_MISMATCH)." in lines
    wait(home, hours=25)
    home.app.archive.run()
    document, lines = shown(home, terminal)
    assert states(document)["video.mp4"] == ("missing", "Zoom serves another size than it lists.")
    assert lines[lines.index("  video.mp4  missing") + 1] == "    Zoom serves another size than it lists."
    assert document["absent"] == []


def test_a_transcript_that_was_announced_and_never_came_says_so(home: Home, terminal: Terminal) -> None:
    short = held(home)
    at_zoom(home, short, "never", file="TRANSCRIPT")
    home.app.archive.run()
    wait(home, hours=25)
    home.app.archive.run()
    document, _ = shown(home, terminal)
    assert states(document)["transcript.vtt"] == (
        "missing",
        "Zoom announced it and was still at work on it a day later.",
    )


def test_a_later_file_of_the_same_name_is_told_apart_by_its_bag(home: Home, terminal: Terminal) -> None:
    short = held(home)
    home.app.archive.run()
    at_zoom(home, short, "add", kind="TRANSCRIPT")
    home.app.archive.run()
    document, lines = shown(home, terminal)
    both = [(f["name"], f["bag"]) for f in document["files"] if f["name"] == "transcript.vtt"]
    assert both == [("transcript.vtt", 1), ("transcript.vtt", 2)]
    names = [line.split()[0] for line in lines if "transcript.vtt" in line]
    assert names == ["transcript.vtt", "b002/transcript.vtt"]


def test_a_film_that_zoom_never_listed_is_the_first_thing_to_ask_about(home: Home, terminal: Terminal) -> None:
    held(home, files=["CHAT"])
    home.app.archive.run()
    document, lines = shown(home, terminal)
    assert document["absent"][0] == {
        "name": "video.mp4",
        "why": "Zoom listed no film: ask the teacher whether it was recorded.",
    }
    assert "  video.mp4  absent" in lines
