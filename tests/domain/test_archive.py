"""What an archive run says, and when it counts as done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from zoomguard.domain.archive import ArchiveTally


@pytest.mark.parametrize(
    ("tally", "ends"),
    [
        (ArchiveTally(), "done"),
        (ArchiveTally(postponed={"R-AAAA": "TRUNCATED"}), "postponed"),
        (ArchiveTally(postponed={"R-AAAA": "TRUNCATED"}, wrong={"R-BBBB": "COPY_DIFFERS"}), "wrong"),
        (ArchiveTally(missing=("S-AAAA",)), "wrong"),
        (ArchiveTally(expected=("S-AAAA",)), "done"),
    ],
)
def test_what_is_wrong_or_missing_outweighs_what_is_postponed(tally: ArchiveTally, ends: str) -> None:
    assert tally.exit == ends == tally.as_json()["outcome"]


def test_everything_that_needs_somebody_is_named() -> None:
    tally = ArchiveTally(
        hosts=1,
        outside=1,
        elsewhere=2,
        postponed={"R-AAAA": "TRUNCATED"},
        wrong={"R-BBBB": "COPY_DIFFERS"},
        expected=("S-CCCC",),
        missing=("S-DDDD",),
    )
    said = "\n".join(tally.lines())
    assert "1 host looked at" in said and "1 recording of meetings outside sessions" in said
    assert "2 recordings in the hands of another run" in said
    for short in ("R-AAAA", "R-BBBB", "S-CCCC", "S-DDDD"):
        assert short in said
    assert "agree" not in said


@pytest.mark.parametrize(
    ("longest", "said"),
    [
        (timedelta(), "1 min"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(minutes=5, seconds=1), "6 min"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(minutes=59, seconds=1), "1.0 h"),
        (timedelta(hours=30, minutes=30), "30.5 h"),
    ],
)
def test_how_long_recordings_have_waited_is_said_in_minutes_below_an_hour(longest: timedelta, said: str) -> None:
    lines = ArchiveTally(waiting=(timedelta(), longest)).lines()
    assert lines[-1] == f"2 recordings not whole in the archive yet, found up to {said} ago"


def test_only_a_run_that_copied_and_left_nothing_says_that_all_agrees() -> None:
    assert "agree" in ArchiveTally(copied=1).lines()[-1]
    assert "agree" not in ArchiveTally(copied=1, postponed={"R-AAAA": "CUT"}).lines()[-1]


def test_a_night_without_teachers_says_what_to_do() -> None:
    tally = ArchiveTally(postponed={"hosts": "NO_TEACHERS"})
    assert tally.exit == "postponed"
    assert any(line.endswith("Next: zoomguard people import staff FILE") for line in tally.lines())
