from datetime import UTC, date, datetime

import pytest

from tests.builders import CHILDREN, TERMS, a_child, safe_consents
from zoomguard.domain.consents import ConsentState, Scope
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.rules import consents
from zoomguard.rules.facts import ConsentFacts

LIVE, RECORD = Scope.VIDEO_LIVE, Scope.VIDEO_RECORD
FIRST, SECOND = CHILDREN
NOT_ACTIVE = [s for s in ConsentState if s is not ConsentState.ACTIVE]


def found(facts: ConsentFacts) -> list[Finding]:
    return [f for rule in consents.RULES for f in rule.ask(facts, TERMS)]


def wrong(facts: ConsentFacts) -> list[tuple[str, str, str]]:
    bad = (Outcome.FAIL, Outcome.UNKNOWN)
    return [(f.rule, f.verdict.value, f.subject) for f in found(facts) if f.verdict in bad]


def test_permission_for_everything_gives_no_finding_and_both_rules_pass_for_each_child():
    passed = {(f.rule, f.subject) for f in found(safe_consents()) if f.verdict is Outcome.PASS}
    assert passed == {(rule, child) for rule in ("CON-CHANNEL", "CON-RECORD") for child in CHILDREN}
    assert wrong(safe_consents()) == []


@pytest.mark.parametrize("state", NOT_ACTIVE)
def test_whatever_is_not_active_fails_with_its_state(state: ConsentState):
    facts = safe_consents({(SECOND, LIVE): state})
    assert wrong(facts) == [("CON-CHANNEL", "fail", SECOND)]
    (finding,) = [f for f in found(facts) if f.verdict is Outcome.FAIL]
    assert state.value in finding.reason


@pytest.mark.parametrize("state", NOT_ACTIVE)
def test_recording_is_a_permission_of_its_own(state: ConsentState):
    assert wrong(safe_consents({(FIRST, RECORD): state})) == [("CON-RECORD", "fail", FIRST)]


@pytest.mark.parametrize("record", [None, *NOT_ACTIVE])
def test_a_child_without_anything_gives_one_finding(record: ConsentState | None):
    facts = safe_consents({(FIRST, LIVE): ConsentState.MISSING, (FIRST, RECORD): record})
    assert wrong(facts) == [("CON-CHANNEL", "fail", FIRST)]


def test_what_was_not_looked_up_is_unknown():
    assert wrong(safe_consents({(FIRST, LIVE): None})) == [("CON-CHANNEL", "unknown", FIRST)]
    assert wrong(safe_consents({(FIRST, RECORD): None})) == [("CON-RECORD", "unknown", FIRST)]
    both = safe_consents({(FIRST, LIVE): None, (FIRST, RECORD): None})
    assert wrong(both) == [("CON-CHANNEL", "unknown", FIRST)]


def test_permissions_by_other_scopes_do_not_count():
    facts = safe_consents({(FIRST, LIVE): None, (FIRST, Scope.EMAIL): ConsentState.ACTIVE})
    assert wrong(facts) == [("CON-CHANNEL", "unknown", FIRST)]


def test_one_child_without_permission_says_nothing_about_the_others():
    facts = safe_consents({(FIRST, LIVE): ConsentState.WITHDRAWN})
    assert [f.rule for f in found(facts) if f.subject == SECOND and f.verdict is Outcome.PASS] == [
        "CON-CHANNEL",
        "CON-RECORD",
    ]


def test_from_18_on_a_learner_beside_children_needs_an_answer_too():
    """Whose answers count is folded before; the rule asks for one at any age."""
    of_age = a_child(id="of-age", reference="C-0130", born_on=date(2008, 12, 1))
    nothing = safe_consents(children=(a_child(), of_age))
    assert ("CON-CHANNEL", "unknown", "C-0130") in wrong(nothing)


def test_a_roster_of_adults_alone_is_not_asked_for_permission():
    of_age = a_child(born_on=date(2008, 12, 1))
    assert {f.verdict for f in found(safe_consents(decisions={}, children=(of_age,)))} == {Outcome.NOT_APPLICABLE}
    eve = safe_consents(decisions={}, children=(of_age,), starts_at=datetime(2026, 11, 30, 23, 30, tzinfo=UTC))
    assert wrong(eve) == [("CON-CHANNEL", "unknown", FIRST)]


def test_who_has_no_birth_on_record_is_asked_about():
    facts = safe_consents({(FIRST, LIVE): ConsentState.REFUSED}, children=(a_child(born_on=None),))
    assert wrong(facts) == [("CON-CHANNEL", "fail", FIRST)]


def test_an_empty_roster_passes_nothing():
    assert {f.verdict for f in found(safe_consents(children=()))} == {Outcome.NOT_APPLICABLE}


def test_the_remedy_tells_a_teacher_nothing_of_the_reason():
    for rule in consents.RULES:
        assert not any(state.value in rule.remedy for state in ConsentState)
