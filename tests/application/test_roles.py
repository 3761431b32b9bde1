from datetime import date, timedelta

import pytest

from tests.application.northmoor import TODAY, Northmoor, counts, refused, roles_of
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import BadInput, Conflict, NotAllowed
from zoomguard.domain.people import Kind, Role, Who
from zoomguard.tables.people import Person

STAFF = "reference,email,known_as,family_name,roles,training_until,dbs_until,policy_ack_on,relatives\n"
WREN = "t.wren@northmoor.example"
LEFT = Event("people.left", "person", "somebody", "operator")
COORDINATOR = Who("someone", frozenset({Role.COORDINATOR}))


def test_the_first_holders_are_made_once_and_then_adopted_by_their_address(college: Northmoor) -> None:
    holders = {Role.DSL: ("i.hale+first@northmoor.example",), Role.COORDINATOR: ("r.adeyemi@northmoor.example",)}
    college.people.hold_first(holders)
    college.people.hold_first(holders)
    assert college.audited() == ["install.begun", "people.role_given", "people.role_given"]
    college.take("children")
    assert counts(college, "staff") == (13, 2, 0, True)
    assert roles_of(college, "DSL") == {Role.DSL}
    assert college.opened(college.person(Kind.STAFF, "EC"), "known_as") == "Ruth"
    assert counts(college, "staff") == (0, 0, 15, True)


def test_a_first_holder_with_other_roles_than_the_file_says_is_not_adopted(college: Northmoor) -> None:
    college.people.hold_first({Role.DSL: ("i.hale@northmoor.example",)})
    row = "DSL,i.hale@northmoor.example,Imogen,Hale,dsl|leader,,,,\n"
    assert refused(college.people.import_staff((STAFF + row).encode())) == [(2, "ROLE_CHANGE")]


def test_a_role_that_was_ended_does_not_come_back_with_the_next_start(college: Northmoor) -> None:
    holders = {Role.DSL: ("i.hale@northmoor.example",), Role.DEPUTY: ("b.noor@northmoor.example",)}
    college.people.hold_first(holders)
    college.people.end_role("i.hale@northmoor.example", Role.DSL)
    college.people.hold_first(holders)
    college.take("children")
    assert counts(college, "staff", STAFF + "DSL,i.hale@northmoor.example,Imogen,Hale,,,,,\n")[1] == 1
    assert roles_of(college, "DSL") == frozenset()


def test_a_first_holder_outside_the_organisation_is_refused(college: Northmoor) -> None:
    with pytest.raises(BadInput) as caught:
        college.people.hold_first({Role.DSL: ("i.hale@gmail.example",)})
    assert caught.value.code == "ACC-NO-PERSONAL"


def test_a_role_is_given_and_ended_by_day(college: Northmoor) -> None:
    college.take_all()
    before = len(college.audited())
    college.people.give_role("T.Wren+x@northmoor.example", Role.OBSERVER, TODAY, TODAY + timedelta(days=7))
    college.people.end_role(WREN, Role.OBSERVER, until_on=TODAY + timedelta(days=3))
    days = [Role.OBSERVER in roles_of(college, "T1", TODAY + timedelta(days=n)) for n in (-1, 0, 2, 3)]
    assert days == [False, True, True, False]
    assert college.audited()[before:] == ["people.role_given", "people.role_ended"]


@pytest.mark.parametrize(
    ("from_on", "until_on", "held"),
    [
        (None, None, True),
        (date(2026, 12, 1), None, True),
        (date(2026, 11, 1), date(2026, 11, 23), False),
        (date(2026, 11, 1), date(2026, 11, 24), True),
    ],
)
def test_a_role_is_not_held_twice_on_a_day(
    college: Northmoor, from_on: date | None, until_on: date | None, held: bool
) -> None:
    college.take_all()
    if not held:
        return college.people.give_role(WREN, Role.TEACHER, from_on, until_on)
    with pytest.raises(Conflict) as caught:
        college.people.give_role(WREN, Role.TEACHER, from_on, until_on)
    assert caught.value.code == "ROLE_HELD"


def test_a_role_that_is_not_held_cannot_be_ended(college: Northmoor) -> None:
    college.take_all()
    with pytest.raises(Conflict) as caught:
        college.people.end_role(WREN, Role.DSL)
    assert caught.value.code == "ROLE_NOT_HELD"


def test_of_a_role_held_twice_one_may_be_ended(college: Northmoor) -> None:
    college.take_all()
    later = TODAY + timedelta(days=30)
    college.people.give_role(WREN, Role.OBSERVER, TODAY, TODAY + timedelta(days=7))
    college.people.give_role(WREN, Role.OBSERVER, later)
    college.people.end_role(WREN, Role.OBSERVER, from_on=later)
    assert [Role.OBSERVER in roles_of(college, "T1", day) for day in (TODAY, later)] == [True, False]
    college.people.end_role(WREN, Role.OBSERVER)
    assert Role.OBSERVER not in roles_of(college, "T1")


def test_a_role_cannot_end_before_it_begins(college: Northmoor) -> None:
    college.take_all()
    with pytest.raises(BadInput) as caught:
        college.people.give_role(WREN, Role.DSL, TODAY, TODAY)
    assert caught.value.code == "ROLE_DATES"


def test_the_last_safeguarding_lead_cannot_be_ended(college: Northmoor) -> None:
    college.take_all()
    dsl, deputy = "i.hale@northmoor.example", "b.noor@northmoor.example"
    college.people.end_role(deputy, Role.DEPUTY)
    with pytest.raises(Conflict) as caught:
        college.people.end_role(dsl, Role.DSL)
    assert caught.value.code == "LAST_SAFEGUARDING_LEAD"
    college.people.give_role(WREN, Role.DEPUTY, until_on=TODAY + timedelta(days=7))
    with pytest.raises(Conflict):
        college.people.end_role(dsl, Role.DSL)
    college.people.give_role(deputy, Role.DEPUTY)
    college.people.end_role(dsl, Role.DSL)
    assert roles_of(college, "DSL") == frozenset()


def test_a_lead_who_is_no_longer_active_does_not_count(college: Northmoor) -> None:
    college.take_all()
    with college.database.deciding() as tx:
        tx.get(Person, college.person(Kind.STAFF, "DEP").id).active = False  # type: ignore[union-attr]
        tx.commit(audit=LEFT)
    with pytest.raises(Conflict) as caught:
        college.people.end_role("i.hale@northmoor.example", Role.DSL)
    assert caught.value.code == "LAST_SAFEGUARDING_LEAD"


def test_the_list_holds_staff_only_and_is_for_the_office(college: Northmoor) -> None:
    college.take_all()
    views = college.people.list(COORDINATOR)
    assert len(views) == 15 and {v.kind for v in views} == {"staff"}
    (wren,) = (v for v in views if v.reference == "T1")
    assert (wren.email, wren.roles, wren.active) == (WREN, ("teacher",), True)
    for role in (Role.TEACHER, Role.OPERATOR, Role.OBSERVER):
        with pytest.raises(NotAllowed):
            college.people.list(Who("someone", frozenset({role})))


def test_only_the_operator_and_the_office_import_and_only_the_operator_gives_roles(college: Northmoor) -> None:
    teacher = Who("someone", frozenset({Role.TEACHER}))
    with pytest.raises(NotAllowed):
        college.people.import_children(college.files["children"].encode(), by=teacher)
    assert college.people.import_children(college.files["children"].encode(), by=COORDINATOR).written
    for who in (teacher, COORDINATOR):
        with pytest.raises(NotAllowed):
            college.people.give_role(WREN, Role.DSL, by=who)
