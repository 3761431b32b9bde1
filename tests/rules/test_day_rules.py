from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from tests.builders import TERMS, safe_people
from zoomguard.domain.calendars import Closure
from zoomguard.rules.occasions import Evaluation, Facts, evaluate

HALF_TERM = Closure("Half-term", date(2027, 2, 15), date(2027, 2, 19))
SPRING = Closure("Spring term", date(2027, 1, 5), date(2027, 3, 26))


def judged(starts_at: datetime, **terms: tuple[Closure, ...]) -> Evaluation:
    people = replace(safe_people(), starts_at=starts_at)
    return evaluate("schedule", Facts(people=people), replace(TERMS, **terms))


@pytest.mark.parametrize(
    ("starts_at", "said"),
    [
        (datetime(2027, 2, 16, 16, tzinfo=UTC), ["The college is closed on Tue 16 Feb 2027: Half-term."]),
        (datetime(2027, 2, 22, 16, tzinfo=UTC), []),
        (datetime(2027, 4, 6, 15, tzinfo=UTC), ["The college is closed on Tue 6 Apr 2027: outside term."]),
    ],
)
def test_a_lesson_on_a_day_without_college_is_noted_and_not_stopped(starts_at: datetime, said: list[str]) -> None:
    found = judged(starts_at, closures=(HALF_TERM,), term_dates=(SPRING,))
    assert [f.reason for f in found.warnings if f.rule == "COLLEGE-OPEN"] == said
    assert not [f for f in found.blocking if f.rule == "COLLEGE-OPEN"]


def test_the_day_is_the_colleges() -> None:
    late = datetime(2027, 3, 26, 23, 30, tzinfo=UTC)
    assert not [f for f in judged(late, term_dates=(SPRING,)).warnings if f.rule == "COLLEGE-OPEN"]
    summer = replace(SPRING, until_on=date(2027, 6, 30))
    late = datetime(2027, 6, 30, 23, 30, tzinfo=UTC)  # In London it is past midnight.
    assert [f.rule for f in judged(late, term_dates=(summer,)).warnings] == ["COLLEGE-OPEN"]


def test_without_closures_and_terms_nothing_is_said() -> None:
    found = judged(datetime(2027, 2, 16, 16, tzinfo=UTC), closures=(), term_dates=())
    assert [f.verdict.value for f in found.findings if f.rule == "COLLEGE-OPEN"] == ["not_applicable"]
