import pytest

from zoomguard.domain.errors import UnknownReference
from zoomguard.rules.catalogue import explain, markdown, rows
from zoomguard.rules.clauses import CLAUSES, Clause, Held
from zoomguard.rules.occasions import RULES

# The clauses of the policy and of what stands beside it, in its order.
THE_37 = """
VC-PASSCODE VC-WAITING VC-IDENTITY VC-CONTENT VC-PRIVCHAT VC-RECORD VC-REC-PURPOSE VC-OBSERVER
VC-PARENT-INVITE CON-CHANNEL CON-RECORD CON-PUBLISH ID-NOPUBLISH ACC-PASSWORD ACC-TWO-STAFF
ACC-TWO-MONITORS ACC-NO-PERSONAL ACC-ORG-PARENTS MSG-VIA-DESIGNATED MSG-HOURS MSG-TONE COMMS-NODELETE
MOD-REMOVE CHILD-INFORMED DSL-ADVICE TRAIN-ONLINE POL-ACK POL-REVIEW POL-COMPANION REPORT-ROUTE
REPORT-DSL REPORT-NSPCC CONDUCT-IMAGES BOUND-FRIEND PUBLIC-ACCURATE STAFF-SUITABLE SESSION-APPROVED
""".split()
BY_ID = {r.id: r for r in RULES}


def test_all_37_clauses_stand_in_the_catalogue_in_their_order():
    assert len(THE_37) == 37
    assert [c.id for c in CLAUSES] == THE_37
    assert [r.id for r in rows()][:37] == THE_37


def test_the_products_own_rules_follow_and_every_rule_is_listed_once():
    listed = [r.id for r in rows()]
    assert len(set(listed)) == len(listed)
    assert set(listed) == {*THE_37, *BY_ID}


@pytest.mark.parametrize("clause", CLAUSES, ids=THE_37)
def test_a_clause_has_a_rule_or_says_why_not(clause: Clause):
    assert (clause.held is Held.RULE) == (clause.id in BY_ID)
    assert clause.how or clause.held is Held.RULE
    assert clause.asks


@pytest.mark.parametrize("clause", [c for c in CLAUSES if c.id in BY_ID], ids=lambda c: c.id)
def test_a_clause_and_its_rule_agree(clause: Clause):
    rule = BY_ID[clause.id]
    assert (clause.origin, clause.level) == (rule.origin, rule.level)


def test_a_rule_is_explained_whole_in_any_case_of_letters():
    told = explain(" vc-passcode ")
    assert told.id == "VC-PASSCODE"
    assert (told.origin, told.level, told.override) == ("seed", "enforce", "none")
    assert told.asked_at == ("schedule", "recheck")
    assert told.remedy == BY_ID["VC-PASSCODE"].remedy
    assert told.held_by == "rule"


def test_a_rule_outside_the_policy_is_explained_too():
    told = explain("SESSION_HAS_NO_CHILD")
    assert told.title == BY_ID["SESSION_HAS_NO_CHILD"].title
    assert told.origin == "brief"
    assert "ordinary Zoom meeting" in told.remedy


def test_a_clause_without_a_rule_is_explained_without_a_remedy():
    told = explain("BOUND-FRIEND")
    assert (told.held_by, told.level) == ("outside software", "none")
    assert (told.override, told.remedy, told.asked_at) == ("", "", ())
    assert told.words


def test_an_unknown_id_is_refused_without_repeating_it():
    with pytest.raises(UnknownReference) as refusal:
        explain("VC-\x1b[31m")
    assert "\x1b" not in refusal.value.message


def test_the_table_has_a_line_for_each_row_and_as_many_cells_as_its_head():
    lines = markdown().splitlines()
    assert len(lines) == len(rows()) + 2
    assert {line.count("|") for line in lines} == {7}
    assert markdown().endswith("|\n")
