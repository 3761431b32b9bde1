from datetime import UTC, datetime

import pytest

from tests.builders import OBSERVER, TERMS, an_observer, safe_consents, safe_meeting, safe_people
from zoomguard.domain.calendars import OfficeHours
from zoomguard.domain.consents import ConsentState, Scope
from zoomguard.domain.errors import Fault, UnknownReference
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.rules import consents, days, meeting, messages, people
from zoomguard.rules.facts import MessageFacts
from zoomguard.rules.occasions import ASKED, RULES, Evaluation, Facts, evaluate, rule_by_id
from zoomguard.rules.rule import Level

SAFE = Facts(safe_people(), safe_consents(), safe_meeting())
OCCASIONS = ("schedule", "recheck", "live", "after", "nightly", "message")


def finding(verdict: Outcome, rule: str = "VC-RECORD") -> Finding:
    return Finding(rule, verdict)


def test_a_safe_session_passes_without_a_blocking_finding():
    evaluation = evaluate("schedule", SAFE, TERMS)
    assert evaluation.blocking == ()
    assert evaluation.verdict == "pass"
    # The terms name no closures: whether the college is open is not asked.
    assert {f.rule for f in evaluation.findings if f.verdict is not Outcome.PASS} == {"COLLEGE-OPEN"}
    assert evaluation.terms_version == TERMS.version
    assert evaluation.occasion == "schedule"


def test_every_rule_about_a_session_is_asked_when_it_is_scheduled():
    about_sessions = (*people.RULES, *days.RULES, *consents.RULES, *meeting.RULES)
    later = {"VC-OBSERVER-ACCEPTED"}  # Nobody was asked before there is a session.
    assert {f.rule for f in evaluate("schedule", SAFE, TERMS).findings} == {r.id for r in about_sessions} - later


def test_every_rule_about_messages_is_asked_before_one_leaves_and_tone_only_warns():
    now = datetime(2026, 12, 1, 10, tzinfo=UTC)
    zone = "Europe/London"
    message = MessageFacts("child", "", "lol", now, OfficeHours(), zone, zone, True, True, designated=True)
    evaluation = evaluate("message", Facts(message=message), TERMS)
    assert {f.rule for f in evaluation.findings} == {r.id for r in messages.RULES}
    assert {f.rule for f in evaluation.findings if f.verdict is Outcome.FAIL} == {"MSG-TONE"}
    assert (evaluation.blocking, evaluation.verdict) == ((), "pass")
    assert evaluate("schedule", Facts(message=message), TERMS).findings == ()


def test_rules_about_facts_that_are_absent_are_not_asked():
    asked = evaluate("schedule", Facts(consents=safe_consents()), TERMS)
    assert {f.rule for f in asked.findings} == {r.id for r in consents.RULES}


def test_one_thing_wrong_blocks_with_one_finding():
    facts = Facts(safe_people(observer=an_observer(active=False)), safe_consents(), safe_meeting())
    evaluation = evaluate("schedule", facts, TERMS)
    assert [(f.rule, f.subject) for f in evaluation.blocking] == [("VC-OBSERVER", OBSERVER)]
    assert evaluation.verdict == "fail"


def test_unknown_is_never_a_pass():
    evaluation = evaluate("schedule", Facts(safe_people(teacher_posture=None)), TERMS)
    assert [f.rule for f in evaluation.blocking] == ["ZOOM-LICENCE"]
    assert evaluation.verdict == "unknown"


def test_a_failure_outweighs_an_unknown():
    withdrawn = safe_consents({("C-0101", Scope.VIDEO_LIVE): ConsentState.WITHDRAWN})
    facts = Facts(safe_people(teacher_posture=None), withdrawn)
    assert evaluate("schedule", facts, TERMS).verdict == "fail"


@pytest.mark.parametrize("occasion", OCCASIONS)
def test_where_nothing_was_asked_nothing_is_known(occasion: str):
    assert evaluate(occasion, Facts(), TERMS).verdict == "unknown"


@pytest.mark.parametrize("occasion", [o for o in OCCASIONS if not ASKED[o]])
def test_an_occasion_whose_rules_are_still_to_come_passes_nothing(occasion: str):
    evaluation = evaluate(occasion, SAFE, TERMS)
    assert (evaluation.findings, evaluation.verdict) == ((), "unknown")


def test_a_verdict_of_only_not_applicable_is_not_a_pass():
    assert Evaluation("schedule", "v", (finding(Outcome.NOT_APPLICABLE),)).verdict == "unknown"


def test_rules_that_only_advise_stop_nothing_and_all_others_do():
    findings = (
        finding(Outcome.PASS),
        finding(Outcome.FAIL, "POL-REVIEW"),
        finding(Outcome.UNKNOWN, "OVERLAP"),
    )
    advised = Evaluation("schedule", "v", findings, advisory=frozenset({"POL-REVIEW", "OVERLAP"}))
    assert advised.blocking == ()
    assert advised.verdict == "pass"
    assert len(Evaluation("schedule", "v", findings).blocking) == 2


def test_only_rules_that_are_not_enforced_advise():
    advisory = evaluate("schedule", SAFE, TERMS).advisory
    assert advisory == {r.id for r in RULES if r.level is not Level.ENFORCE}


def test_an_evaluation_is_kept_as_rule_verdict_subject_and_reason():
    facts = Facts(consents=safe_consents({("C-0101", Scope.VIDEO_LIVE): ConsentState.EXPIRED}))
    kept = evaluate("schedule", facts, TERMS).as_json()
    assert kept[0] == {
        "rule": "CON-CHANNEL",
        "verdict": "fail",
        "subject": "C-0101",
        "reason": "Lessons by video: permission is expired.",
    }
    assert {entry["verdict"] for entry in kept} == {"fail", "pass", "not_applicable"}


def test_an_occasion_that_does_not_exist_is_a_fault():
    with pytest.raises(Fault):
        evaluate("sometime", SAFE, TERMS)


def test_a_rule_is_found_by_its_id_and_an_unknown_id_is_refused():
    assert rule_by_id("VC-OBSERVER").level is Level.ENFORCE
    with pytest.raises(UnknownReference):
        rule_by_id("VC-NONE")


def test_every_id_that_is_asked_exists_and_is_asked_once():
    assert tuple(ASKED) == OCCASIONS
    for ids in ASKED.values():
        assert len(set(ids)) == len(ids)
        assert {rule_by_id(i).id for i in ids} == set(ids)


def test_ids_are_unique_and_each_rule_is_asked_on_some_occasion():
    ids = [r.id for r in RULES]
    assert len(set(ids)) == len(ids)
    assert set(ids) == {i for asked in ASKED.values() for i in asked}


@pytest.mark.parametrize("module", [people, consents, meeting, messages])
def test_each_rule_of_a_file_stands_in_its_closing_tuple(module: object):
    made = {id(v) for v in vars(module).values() if type(v).__name__ == "Rule"}
    assert made == {id(r) for r in module.RULES}


@pytest.mark.parametrize("rule", RULES, ids=[r.id for r in RULES])
def test_each_rule_has_words_for_people(rule):
    assert rule.title
    assert rule.remedy.endswith(".")
