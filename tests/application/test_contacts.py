"""Contact with a guardian about a child: stopped at once, allowed again by the leads alone, and never by a file."""

from __future__ import annotations

import pytest

from tests.application.lessons import audited, change_file, mail, only_session
from tests.house import COORDINATOR, DSL, TEACHER, Home
from zoomguard.domain.errors import BadInput, NotAllowed, UnknownReference
from zoomguard.domain.people import Kind
from zoomguard.tables import people as people_table
from zoomguard.tables.people import Relation

ADA, FATHER, MOTHER = "C-0120", "G-21", "G-20"
HIS, HERS = "emeka.okafor@families.example", "ngozi.okafor@families.example"
DEPUTY, REVIEWER = "b.noor@northmoor.example", "c.baptiste@northmoor.example"


def relation(home: Home, guardian: str) -> Relation:
    with home.house.database.reading() as tx:
        ids = [
            people_table.by_references(tx, kind, (ref,))[ref].id
            for kind, ref in ((Kind.GUARDIAN, guardian), (Kind.CHILD, ADA))
        ]
        found = people_table.relation_between(tx, *ids)
    assert found is not None
    return found


def change(home: Home, email: str, guardian: str, evidence: str = "ORDER-12", *, may_contact: bool) -> str:
    answer = home.app.contacts.change(home.who(email), guardian, ADA, evidence, may_contact=may_contact)
    return str(answer.outcome)


def invited(home: Home) -> list[str]:
    home.schedule(children=(ADA,))
    home.do_due("send_message")
    return mail(home)


@pytest.mark.parametrize("email", [DSL, DEPUTY])
def test_a_lead_allows_contact_again_and_on_what_it_rests_is_on_record(home: Home, email: str) -> None:
    assert change(home, email, FATHER, may_contact=True) == "changed"
    row = relation(home, FATHER)
    assert (row.may_contact, row.evidence_ref, row.version) == (True, "ORDER-12", 2)
    assert audited(home, "people.contact_allowed") == 1
    assert invited(home) == [HIS, HERS]


@pytest.mark.parametrize("email", [COORDINATOR, TEACHER, REVIEWER])
def test_nobody_else_allows_it(home: Home, email: str) -> None:
    with pytest.raises(NotAllowed):
        change(home, email, FATHER, may_contact=True)
    assert not relation(home, FATHER).may_contact
    assert invited(home) == [HERS]


@pytest.mark.parametrize("email", [COORDINATOR, DSL, DEPUTY])
def test_office_and_leads_stop_contact_and_what_waits_stays_here(home: Home, email: str) -> None:
    home.schedule(children=(ADA, "C-0101"))
    assert change(home, email, MOTHER, may_contact=False) == "changed"
    home.do_due("send_message")
    assert HERS not in mail(home) and "eva.kral@families.example" in mail(home)
    assert audited(home, "people.contact_stopped") == 1


@pytest.mark.parametrize("guardian", [FATHER, "G-99"])
def test_a_teacher_learns_nothing_by_trying(home: Home, guardian: str) -> None:
    with pytest.raises(NotAllowed) as told:
        change(home, TEACHER, guardian, may_contact=False)
    assert guardian not in f"{told.value.message}{told.value.remedy}"


def test_what_is_so_already_changes_nothing(home: Home) -> None:
    assert change(home, DSL, FATHER, may_contact=False) == "unchanged"
    assert change(home, DSL, MOTHER, may_contact=True) == "unchanged"
    assert relation(home, FATHER).evidence_ref == "" and relation(home, FATHER).version == 1
    assert audited(home, "people.contact_stopped") == audited(home, "people.contact_allowed") == 0


@pytest.mark.parametrize(
    "evidence", ["", "  ", "1" * 41, "A1\nb", "A1\x07", "Mother Eva Kral rang", "Kral", "ORDER 12"]
)
def test_without_a_usable_reference_nothing_is_changed(home: Home, evidence: str) -> None:
    with pytest.raises(BadInput) as told:
        change(home, DSL, FATHER, evidence, may_contact=True)
    assert told.value.code == "NO_EVIDENCE"
    assert not relation(home, FATHER).may_contact


@pytest.mark.parametrize(("guardian", "child"), [("G-99", ADA), (FATHER, "C-9999"), (FATHER, "C-0101"), (ADA, FATHER)])
def test_who_is_not_related_on_record_cannot_be_named(home: Home, guardian: str, child: str) -> None:
    with pytest.raises(UnknownReference):
        home.app.contacts.change(home.who(DSL), guardian, child, "ORDER-12", may_contact=True)


def test_after_a_lead_allowed_it_the_file_may_say_so_and_before_it_may_not(home: Home) -> None:
    def says_yes(row: dict[str, str]) -> bool:
        row["may_contact"] = "yes"
        return row["reference"] == FATHER

    with pytest.raises(AssertionError):
        change_file(home, "guardians", says_yes, accept_changes=True)
    assert not relation(home, FATHER).may_contact
    change(home, DSL, FATHER, may_contact=True)
    change_file(home, "guardians", says_yes)
    assert relation(home, FATHER).may_contact


def test_a_file_that_says_no_stops_contact_whatever_was_allowed(home: Home) -> None:
    change(home, DSL, FATHER, may_contact=True)
    change_file(home, "guardians", lambda row: row["reference"] == FATHER)
    assert not relation(home, FATHER).may_contact


def test_a_stop_outlives_a_file_that_still_says_yes(home: Home) -> None:
    change(home, COORDINATOR, MOTHER, may_contact=False)
    with pytest.raises(AssertionError):
        change_file(home, "guardians", lambda row: row["reference"] == MOTHER, accept_changes=True)
    home.schedule(children=(ADA,))
    home.do_due("send_message")
    assert mail(home) == [] and only_session(home)
