from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from tests.builders import (
    OBSERVER,
    TEACHER,
    TERMS,
    a_child,
    a_posture,
    a_teacher,
    an_observer,
    safe_people,
)
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.domain.people import Role
from zoomguard.rules import people
from zoomguard.rules.facts import PeopleFacts
from zoomguard.rules.occasions import Facts, evaluate

YESTERDAY = date(2026, 11, 30)
TODAY = date(2026, 12, 1)
ADULT = date(2000, 1, 1)


def found(facts: PeopleFacts) -> list[Finding]:
    return [f for rule in people.RULES for f in rule.ask(facts, TERMS)]


def wrong(facts: PeopleFacts) -> list[tuple[str, str, str]]:
    bad = (Outcome.FAIL, Outcome.UNKNOWN)
    return [(f.rule, f.verdict.value, f.subject) for f in found(facts) if f.verdict in bad]


ONE_CHANGE = {
    "observer is the teacher": (
        safe_people(observer=an_observer(id="P-1", email="t.wren.2@northmoor.example")),
        ("VC-OBSERVER", "fail", "t.wren.2@northmoor.example"),
    ),
    "observer is the teacher's second record": (
        safe_people(observer=an_observer(reference="T1")),
        ("VC-OBSERVER", "fail", OBSERVER),
    ),
    "observer is the teacher's second address at Zoom": (
        safe_people(observer_posture=a_posture(OBSERVER, zoom_user_id=f"z-{TEACHER}")),
        ("VC-OBSERVER", "fail", OBSERVER),
    ),
    "observer on no record": (safe_people(observer=None), ("VC-OBSERVER", "fail", "observer")),
    "observer without the role": (
        safe_people(observer=an_observer(roles=frozenset({Role.TEACHER}))),
        ("VC-OBSERVER", "fail", OBSERVER),
    ),
    "observer left": (safe_people(observer=an_observer(active=False)), ("VC-OBSERVER", "fail", OBSERVER)),
    "observer busy": (
        safe_people(observer=an_observer(busy_with=("S-BUSY",))),
        ("VC-OBSERVER", "fail", OBSERVER),
    ),
    "observer related, by id": (
        safe_people(observer=an_observer(related_children=frozenset({"id-of-C-0102"}))),
        ("VC-OBSERVER", "fail", OBSERVER),
    ),
    "observer related, by reference": (
        safe_people(observer=an_observer(related_children=frozenset({"C-0102"}))),
        ("VC-OBSERVER", "fail", OBSERVER),
    ),
    "observer unlicensed": (
        safe_people(observer_posture=a_posture(OBSERVER, licensed=False)),
        ("VC-OBSERVER", "fail", OBSERVER),
    ),
    "observer inactive in Zoom": (
        safe_people(observer_posture=a_posture(OBSERVER, active=False)),
        ("VC-OBSERVER", "fail", OBSERVER),
    ),
    "observer without a yes": (
        safe_people(observer_accepted=False),
        ("VC-OBSERVER-ACCEPTED", "fail", OBSERVER),
    ),
    "observer straight from another teacher": (
        safe_people(observer_gaps=(("S-NEAR", 3),)),
        ("OBSERVER-GAP", "fail", OBSERVER),
    ),
    "observer unknown to Zoom": (safe_people(observer_posture=None), ("VC-OBSERVER", "unknown", OBSERVER)),
    "observer outside the domains": (
        safe_people(observer=None, observer_organisational=False, observer_posture=None),
        ("ACC-NO-PERSONAL", "fail", "observer"),
    ),
    "observer on record by a private address": (
        safe_people(
            observer=an_observer(email="o@private.example", training_until_on=None),
            observer_organisational=False,
            observer_posture=None,
        ),
        ("ACC-NO-PERSONAL", "fail", "o@private.example"),
    ),
    "teacher outside the domains": (
        safe_people(teacher_organisational=False, teacher_posture=None),
        ("ACC-NO-PERSONAL", "fail", TEACHER),
    ),
    "teacher's training over": (
        safe_people(teacher=a_teacher(training_until_on=YESTERDAY)),
        ("TRAIN-ONLINE", "fail", TEACHER),
    ),
    "observer's training over": (
        safe_people(observer=an_observer(training_until_on=YESTERDAY)),
        ("TRAIN-ONLINE", "fail", OBSERVER),
    ),
    "training not on record": (
        safe_people(teacher=a_teacher(training_until_on=None)),
        ("TRAIN-ONLINE", "fail", TEACHER),
    ),
    "teacher's vetting over": (
        safe_people(teacher=a_teacher(dbs_until_on=YESTERDAY)),
        ("STAFF-SUITABLE", "fail", TEACHER),
    ),
    "observer's vetting not on record": (
        safe_people(observer=an_observer(dbs_until_on=None)),
        ("STAFF-SUITABLE", "fail", OBSERVER),
    ),
    "teacher left": (safe_people(teacher=a_teacher(active=False)), ("STAFF-SUITABLE", "fail", TEACHER)),
    "teacher without the role": (
        safe_people(teacher=a_teacher(roles=frozenset({Role.OBSERVER}))),
        ("STAFF-SUITABLE", "fail", TEACHER),
    ),
    "policy acknowledged too long ago": (
        safe_people(observer=an_observer(policy_ack_until_on=YESTERDAY)),
        ("POL-ACK", "fail", OBSERVER),
    ),
    "policy never acknowledged": (
        safe_people(teacher=a_teacher(policy_ack_until_on=None)),
        ("POL-ACK", "fail", TEACHER),
    ),
    "teacher busy": (safe_people(teacher=a_teacher(busy_with=("S-BUSY",))), ("OVERLAP", "fail", TEACHER)),
    "child busy": (
        safe_people(children=(a_child(), a_child("C-0102", busy_with=("S-BUSY",)))),
        ("OVERLAP", "fail", "C-0102"),
    ),
    "child left": (
        safe_people(children=(a_child(), a_child("C-0102", active=False))),
        ("ROSTER-ACTIVE", "fail", "C-0102"),
    ),
    "host unlicensed": (
        safe_people(teacher_posture=a_posture(licensed=False)),
        ("ZOOM-LICENCE", "fail", TEACHER),
    ),
    "host inactive": (
        safe_people(teacher_posture=a_posture(active=False)),
        ("ZOOM-LICENCE", "fail", TEACHER),
    ),
    "host unknown to Zoom": (safe_people(teacher_posture=None), ("ZOOM-LICENCE", "unknown", TEACHER)),
    "adults only": (safe_people(children=(a_child(born_on=ADULT),)), ("SESSION_HAS_NO_CHILD", "fail", "")),
    "nobody on the roster": (safe_people(children=()), ("SESSION_HAS_NO_CHILD", "fail", "")),
}


def test_safe_people_give_no_finding_and_every_rule_is_asked():
    safe = safe_people(observer_accepted=True)
    assert wrong(safe) == []
    assert {f.rule for f in found(safe) if f.verdict is Outcome.PASS} == {r.id for r in people.RULES}


def test_before_anybody_was_asked_a_yes_is_not_missed():
    told = [f.verdict for f in found(safe_people()) if f.rule == "VC-OBSERVER-ACCEPTED"]
    assert told == [Outcome.NOT_APPLICABLE]


@pytest.mark.parametrize(("facts", "expected"), ONE_CHANGE.values(), ids=ONE_CHANGE)
def test_one_change_gives_exactly_one_finding(facts: PeopleFacts, expected: tuple[str, str, str]):
    assert wrong(facts) == [expected]


def test_every_rule_has_a_failing_case():
    assert {expected[0] for _, expected in ONE_CHANGE.values() if expected[1] == "fail"} == {r.id for r in people.RULES}


def test_five_minutes_between_two_teachers_are_enough():
    assert wrong(safe_people(observer_gaps=(("S-NEAR", 5), ("S-FAR", 40)))) == []


def test_the_terms_may_ask_for_more_between_two_lessons():
    terms = replace(TERMS, observer_gap_minutes=10)
    near = safe_people(observer_gaps=(("S-NEAR", 9),))
    said = [f for f in evaluate("schedule", Facts(people=near), terms).blocking if f.rule == "VC-OBSERVER"]
    assert [f.reason for f in said] == ["Less than 10 minutes lie between this and S-NEAR."]


def test_a_gap_is_a_warning_and_stops_nothing():
    said = evaluate("schedule", Facts(people=safe_people(observer_gaps=(("S-NEAR", 3),))), TERMS)
    assert [f.rule for f in said.warnings] == ["OBSERVER-GAP"]
    assert said.blocking == ()


def test_what_depends_on_zoom_can_be_unknown_and_nothing_else_can():
    """Records are ours: what is not on record fails. Only Zoom can leave something untold."""
    unknown = {expected[0] for _, expected in ONE_CHANGE.values() if expected[1] == "unknown"}
    assert unknown == {"VC-OBSERVER", "ZOOM-LICENCE"}


def test_checks_hold_on_their_last_day():
    on_the_day = {"training_until_on": TODAY, "dbs_until_on": TODAY, "policy_ack_until_on": TODAY}
    assert wrong(safe_people(teacher=a_teacher(**on_the_day), observer=an_observer(**on_the_day))) == []


def test_the_day_of_a_session_is_londons_day():
    """23:30 UTC on 30 June is 1 July in London."""
    late = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    teacher = a_teacher(training_until_on=date(2026, 6, 30))
    assert wrong(safe_people(starts_at=late, teacher=teacher)) == [("TRAIN-ONLINE", "fail", TEACHER)]


def test_a_teacher_who_observes_is_asked_about_once():
    same = a_teacher(training_until_on=YESTERDAY)
    facts = safe_people(teacher=same, observer=same)
    assert wrong(facts) == [("VC-OBSERVER", "fail", TEACHER), ("TRAIN-ONLINE", "fail", TEACHER)]


def test_a_refused_address_of_one_and_the_same_person_gives_one_finding():
    same = a_teacher()
    facts = safe_people(teacher=same, observer=same, observer_organisational=False)
    assert wrong(facts) == [("ACC-NO-PERSONAL", "fail", TEACHER)]
    other_way = safe_people(teacher=same, observer=same, teacher_organisational=False)
    assert ("ACC-NO-PERSONAL", "fail", TEACHER) in wrong(other_way)


def test_two_people_without_a_staff_number_are_two():
    assert wrong(safe_people(teacher=a_teacher(reference=""), observer=an_observer(reference=""))) == []


def test_all_that_is_against_an_observer_stands_in_one_finding():
    facts = safe_people(observer=an_observer(active=False, busy_with=("S-ZZZZ", "S-AAAA")))
    (finding,) = [f for f in found(facts) if f.verdict is Outcome.FAIL]
    assert "no longer active" in finding.reason
    assert "S-AAAA, S-ZZZZ" in finding.reason


def test_a_known_failure_of_the_observer_is_not_hidden_by_what_zoom_leaves_untold():
    facts = safe_people(observer=an_observer(active=False), observer_posture=None)
    assert wrong(facts) == [("VC-OBSERVER", "fail", OBSERVER)]


def test_one_learner_under_18_makes_a_child_session_and_an_unknown_birth_counts_as_one():
    adult = a_child("A-1", born_on=ADULT)
    assert wrong(safe_people(children=(adult, a_child()))) == []
    assert wrong(safe_people(children=(adult, a_child(born_on=None)))) == []


def test_who_turns_18_on_the_day_is_no_child_and_the_day_before_is():
    birth = date(2008, 12, 1)
    assert wrong(safe_people(children=(a_child(born_on=birth),))) == [("SESSION_HAS_NO_CHILD", "fail", "")]
    eve = safe_people(children=(a_child(born_on=birth),), starts_at=datetime(2026, 11, 30, 23, 30, tzinfo=UTC))
    assert wrong(eve) == []


def test_findings_name_children_by_reference_alone():
    facts = safe_people(children=(a_child(active=False, busy_with=("S-BUSY",)),))
    told = " ".join(f"{f.subject} {f.reason} {f.remedy}" for f in found(facts))
    assert "C-0101" in told
    assert "id-of" not in told


def test_a_pass_carries_no_remedy_and_a_failure_does():
    facts = replace(safe_people(), teacher_posture=None)
    for finding in found(facts):
        assert bool(finding.remedy) == (finding.verdict is not Outcome.PASS)
