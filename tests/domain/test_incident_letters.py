"""The letter about incidents: short lines, what is known, and how many."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from zoomguard.domain.incident_letters import NAMED, Found, letter
from zoomguard.domain.incidents import WORDS, IncidentKind

AT = datetime(2026, 11, 24, 3, 10, tzinfo=UTC)
BARE = Found("I-7K2M", AT)
LESSON = replace(BARE, session="S-7K2M", course="MATHS-7B", starts_at=AT)
URL = "https://lessons.northmoor.example/incidents"


def written(*found: Found, count: int = 0, kind: IncidentKind = IncidentKind.OBJECT_MISSING) -> tuple[str, str]:
    return letter("Northmoor College", kind, found, count or len(found), "Europe/London", URL)


@pytest.mark.parametrize("kind", IncidentKind)
def test_each_kind_is_told_in_short_lines_with_the_way_to_settle_it(kind: IncidentKind) -> None:
    subject, text = written(LESSON, kind=kind)
    words = WORDS[kind].short or WORDS[kind].title
    assert subject == f"Incident I-7K2M: {words}" and len(f"Subject: {subject}") <= 78
    assert not {kind.value, kind.value.replace("_", " ")} & {words, words.lower()}
    assert WORDS[kind].title in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 72 and f"\n\n  {URL}/I-7K2M\n" in text
    assert "zoomguard incidents close I-7K2M --note TEXT" in text and text.endswith("\n\nNorthmoor College\n")


@pytest.mark.parametrize(
    ("found", "line", "brief"),
    [
        (LESSON, "  Lesson:     MATHS-7B (S-7K2M)", "MATHS-7B (S-7K2M), Tue 24 Nov 2026 03:10 Europe/London"),
        (replace(BARE, session="01KB"), "  Lesson:     01KB", "lesson 01KB"),
        (replace(BARE, recording="R-31TD"), "  Recording:  R-31TD", "recording R-31TD"),
        (BARE, "  Found:      Tue 24 Nov 2026 03:10 Europe/London", ""),
    ],
)
def test_what_is_known_of_the_lesson_is_said(found: Found, line: str, brief: str) -> None:
    lines = written(found)[1].splitlines()
    assert line in lines and ("Lesson:" in "".join(lines)) is bool(found.session)
    assert f"  I-7K2M  {brief}".rstrip() in written(found, BARE)[1].splitlines()


def test_several_are_counted_and_those_that_are_not_named_too() -> None:
    subject, text = written(*[BARE] * NAMED, count=40)
    assert subject.startswith("40 incidents: ") and "This was found 40 times" in text
    assert "  and 30 more\n" in text and f"\n\n  {URL}\n" in text and "incidents close ID" in text
    assert "more" not in written(BARE, BARE)[1]
