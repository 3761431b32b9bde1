from dataclasses import replace
from datetime import date

import pytest

from tests.builders import a_posture, a_teacher
from zoomguard.domain.findings import Outcome
from zoomguard.domain.staffing import readiness

TODAY = date(2026, 11, 23)


def verdicts(staff, posture, **more):
    told = readiness(staff, "Tomasz Wren", posture, TODAY, **{"organisational": True, **more})
    return told, {c.check: c.verdict for c in told.checks}


def test_somebody_with_all_papers_and_an_account_is_ready():
    told, _ = verdicts(a_teacher(), a_posture())
    assert told.ready and told.as_json()["person"]["ready"]


@pytest.mark.parametrize(("until_on", "words"), [(None, "nothing is on record"), (date(2026, 11, 22), "ended on")])
def test_a_paper_that_is_missing_or_over_is_named(until_on, words):
    told, found = verdicts(a_teacher(training_until_on=until_on), a_posture())
    assert not told.ready and found["training"] is Outcome.FAIL
    assert next(c.reason for c in told.checks if c.check == "training").startswith(words)


def test_an_account_that_zoom_does_not_know_is_unknown_and_never_a_pass():
    told, found = verdicts(a_teacher(), None)
    assert not told.ready and found["zoom_account"] is Outcome.UNKNOWN


def test_an_account_without_a_licence_and_an_address_that_is_not_ours_are_named():
    _, found = verdicts(a_teacher(), replace(a_posture(), licensed=False), organisational=False)
    assert (found["zoom_licence"], found["organisation_account"]) == (Outcome.FAIL, Outcome.FAIL)
