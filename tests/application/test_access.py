"""Tokens of staff: issued, checked, ended; and the one place where permissions are asked."""

from __future__ import annotations

import hashlib

import pytest
from sqlmodel import select

from tests.application.northmoor import Northmoor
from zoomguard.application.access import PERMISSIONS, Access, find_staff, may, require
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import BadInput, NotAllowed, NotSignedIn, UnknownReference
from zoomguard.domain.people import OPERATOR, Kind, Role, Who
from zoomguard.tables.access import SignIn
from zoomguard.tables.people import Person, RoleHeld

WREN = "t.wren@northmoor.example"


@pytest.fixture
def staffed(college: Northmoor) -> Northmoor:
    college.take("children")
    college.take("staff")
    return college


@pytest.fixture
def access(staffed: Northmoor) -> Access:
    return Access(staffed.database, staffed.clock, staffed.seals)


def change(college: Northmoor, email: str, **columns: object) -> None:
    with college.database.deciding() as tx:
        row = tx.lock(Person, find_staff(tx, college.seals, email).id)
        assert row is not None
        for name, value in columns.items():
            setattr(row, name, value)
        tx.commit(audit=Event("people.changed", "person", row.id, "operator"))


def test_a_token_says_who_acts_with_which_roles(access: Access) -> None:
    issued = access.issue(WREN)
    who = access.who(issued.token)
    assert who.roles == {Role.TEACHER}
    assert access.about(who)["email"] == WREN
    assert (issued.until_at - access.clock.now()).total_seconds() == 12 * 3600


def test_only_the_digest_of_a_token_is_kept_and_the_audit_has_neither(access: Access, staffed: Northmoor) -> None:
    token = access.issue(WREN).token
    with staffed.database.reading() as tx:
        assert tx.first(select(SignIn.token_sha256)) == hashlib.sha256(token.encode()).hexdigest()
    said = "".join(staffed.audited())
    assert "access.token_issued" in said
    with staffed.database.streaming() as connection:
        kept = str(connection.exec_driver_sql("SELECT body FROM audit").all())
        kept += str(connection.exec_driver_sql("SELECT body FROM audit_payload").all())
    assert token not in kept and WREN not in kept


@pytest.mark.parametrize("token", ["", "zgt_", "zgt_made-up", "é", "\0", "x" * 100_000])
def test_an_unknown_token_is_nobody(access: Access, token: str) -> None:
    with pytest.raises(NotSignedIn):
        access.who(token)


def test_a_token_ends_at_its_moment(access: Access, staffed: Northmoor) -> None:
    token = access.issue(WREN, hours=1).token
    staffed.clock.advance(seconds=3599)
    access.who(token)
    staffed.clock.advance(seconds=1)
    with pytest.raises(NotSignedIn):
        access.who(token)


def test_a_revoked_token_is_nobody_and_is_audited_once(access: Access, staffed: Northmoor) -> None:
    token, other = access.issue(WREN).token, access.issue(WREN).token
    for ended in (token, token, "zgt_made-up"):
        access.revoke(ended)
    with pytest.raises(NotSignedIn):
        access.who(token)
    assert access.who(other).roles
    assert staffed.audited().count("access.token_ended") == 1


def test_somebody_who_left_has_no_token_any_more_and_gets_none(access: Access, staffed: Northmoor) -> None:
    token = access.issue(WREN).token
    change(staffed, WREN, active=False)
    with pytest.raises(NotSignedIn):
        access.who(token)
    with pytest.raises(UnknownReference):
        access.issue(WREN)


def test_a_role_that_ended_is_gone_from_the_next_call(access: Access, staffed: Northmoor) -> None:
    token = access.issue(WREN).token
    with staffed.database.deciding() as tx:
        person = find_staff(tx, staffed.seals, WREN)
        for row in tx.all(select(RoleHeld).where(RoleHeld.person_id == person.id)):
            row.until_on = staffed.clock.now().date()
        tx.commit(audit=Event("people.role_ended", "person", person.id, "operator"))
    assert access.who(token).roles == frozenset()


def test_the_operators_role_comes_with_no_token(access: Access, staffed: Northmoor) -> None:
    """The operator acts in process, on the server; nobody can be one over HTTP."""
    with staffed.database.deciding() as tx:
        person = find_staff(tx, staffed.seals, WREN)
        tx.add(RoleHeld(id="R1", person_id=person.id, role=Role.OPERATOR, from_on=staffed.clock.now().date()))
        tx.commit(audit=Event("people.role_given", "person", person.id, "operator"))
    assert access.who(access.issue(WREN).token).roles == {Role.TEACHER}


@pytest.mark.parametrize("hours", [0, -1, 25])
def test_a_token_lasts_one_to_twenty_four_hours(access: Access, hours: int) -> None:
    with pytest.raises(BadInput):
        access.issue(WREN, hours=hours)


@pytest.mark.parametrize("email", ["", "wren", "@", "a@b@c", "t.wren@northmoor.example\nBcc: x@y.example"])
def test_what_is_no_address_is_refused(access: Access, email: str) -> None:
    with pytest.raises(BadInput):
        access.issue(email)


@pytest.mark.parametrize("email", ["T.WREN@Northmoor.Example", "t.wren+lessons@northmoor.example", f" {WREN} "])
def test_the_same_person_is_found_however_the_address_is_written(access: Access, email: str) -> None:
    assert access.who(access.issue(email).token).reference == access.who(access.issue(WREN).token).reference


def test_a_guardian_with_that_address_is_not_of_the_staff(access: Access, staffed: Northmoor) -> None:
    staffed.take("guardians")
    with staffed.database.reading() as tx:
        guardian = tx.first(select(Person).where(Person.kind == Kind.GUARDIAN, Person.email != ""))
        address = staffed.opened(guardian, "email")
    with pytest.raises(UnknownReference):
        access.issue(address)


@pytest.mark.parametrize("act", PERMISSIONS)
def test_an_act_needs_one_of_its_roles_and_no_other_will_do(act: str) -> None:
    for role in Role:
        who = Who("P1", frozenset({role}), "S-1")
        assert may(who, act) == (role in PERMISSIONS[act])
    require(Who("P1", PERMISSIONS[act], "S-1"), act)
    nobody = Who("P1", frozenset(Role) - PERMISSIONS[act], "S-1")
    with pytest.raises(NotAllowed, match="may not"):
        require(nobody, act)


def test_children_are_seen_by_no_operator() -> None:
    for act in ("consents.see", "recordings.see", "people.see", "sessions.see_own", "sessions.see_all"):
        assert not may(OPERATOR, act), act
