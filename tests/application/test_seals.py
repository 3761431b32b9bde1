"""Sealed values open in their own place, under their own key or the one before."""

from __future__ import annotations

import json
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from tests.application.northmoor import Northmoor, counts
from zoomguard.application.access import Access, find_staff
from zoomguard.application.consents import Consents
from zoomguard.application.installation import Installation
from zoomguard.application.people import People
from zoomguard.application.seals import Seals
from zoomguard.application.zoom_tokens import ZoomTokens
from zoomguard.domain.errors import IntegrityFailed, SettingsWrong
from zoomguard.domain.people import Role
from zoomguard.rules.terms import Terms
from zoomguard.tables.people import Person

OLD, NEW = secrets.token_hex(32), secrets.token_hex(32)
PLACE = ("person", "email", "P1")
WREN = "t.wren@northmoor.example"
DOMAINS = ("northmoor.example",)


def test_a_sealed_text_opens_where_it_was_sealed_and_shows_nothing() -> None:
    sealed = Seals(OLD).seal(*PLACE, "zoë@example.org")
    assert "example" not in sealed and sealed.startswith("v1.")
    assert Seals(OLD).open(*PLACE, sealed) == "zoë@example.org"
    assert Seals(OLD).seal(*PLACE, "zoë@example.org") != sealed


@given(st.text(max_size=40))
def test_any_text_comes_back(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    assert Seals(OLD).open(*PLACE, Seals(OLD).seal(*PLACE, text)) == text


MOVED = [("person", "email", "P2"), ("person", "known_as", "P1"), ("message", "email", "P1")]


@pytest.mark.parametrize("place", MOVED)
def test_a_value_moved_to_another_place_does_not_open(place: tuple[str, str, str]) -> None:
    with pytest.raises(IntegrityFailed) as caught:
        Seals(OLD).open(*place, Seals(OLD).seal(*PLACE, "a.b@example.org"))
    assert caught.value.code == "SEAL_BROKEN"


def test_another_key_does_not_open_it_and_the_error_says_which_to_set() -> None:
    sealed = Seals(OLD).seal(*PLACE, "a.b@example.org")
    with pytest.raises(IntegrityFailed, match=r"person\.email does not open") as caught:
        Seals(NEW).open(*PLACE, sealed)
    said = f"{caught.value} {caught.value.remedy} {caught.value.__cause__}"
    assert "SECRET_KEY_PREVIOUS" in said
    assert not any(part in said for part in (OLD, NEW, "example.org", sealed.split(".")[3]))


@pytest.mark.parametrize("change", ["", "v2.", "v1.", "no dots", "v1.a.b", "v1.aaaaaaaa.b.c.d", "v1.aaaaaaaa.ä.ö"])
def test_what_is_no_sealed_value_is_said_to_be_broken(change: str) -> None:
    sealed = Seals(OLD).seal(*PLACE, "x")
    broken = change or sealed[:-2]
    with pytest.raises(IntegrityFailed):
        Seals(OLD).open(*PLACE, broken)


def test_the_key_before_opens_old_values_and_seals_no_new_ones() -> None:
    both = Seals(NEW, OLD)
    assert both.open(*PLACE, Seals(OLD).seal(*PLACE, "x")) == "x"
    assert Seals(NEW).open(*PLACE, both.seal(*PLACE, "x")) == "x"
    assert both.indexes("x") == (Seals(NEW).index("x"), Seals(OLD).index("x"))
    assert both.index("x") == Seals(NEW).index("x") != Seals(OLD).index("x")


def rotated(college: Northmoor, new: str = NEW) -> Northmoor:
    """The same college after SECRET_KEY was changed and the old one kept as SECRET_KEY_PREVIOUS."""
    seals = Seals(new, OLD)
    people = People(college.database, college.clock, seals, DOMAINS, Terms("0123456789ab"))
    consents = Consents(college.database, college.clock, seals, Terms("0123456789ab"))
    return Northmoor(college.database, college.clock, seals, people, consents, college.files)


@pytest.fixture
def seals() -> Seals:
    return Seals(OLD)


def everybody(college: Northmoor) -> list[str]:
    with college.database.reading() as tx:
        return tx.all(select(Person.id).order_by(col(Person.id)))


def test_people_are_found_by_address_after_a_rotation(college: Northmoor) -> None:
    college.take_all()
    after = rotated(college)
    access = Access(after.database, after.clock, after.seals)
    assert access.about(access.who(access.issue(WREN).token))["email"] == WREN
    with after.database.reading() as tx:
        assert find_staff(tx, after.seals, "T.Wren+lessons@northmoor.example").reference


def test_an_import_after_a_rotation_makes_nobody_twice(college: Northmoor) -> None:
    college.take_all()
    before, after = everybody(college), rotated(college)
    for name in ("children", "staff", "guardians"):
        new, changed, _, written = counts(after, name)
        assert (new, changed, written) == (0, 0, True), name
    assert after.take("consents").new == 0
    assert everybody(after) == before


def test_first_holders_are_not_made_again_after_a_rotation(college: Northmoor) -> None:
    college.people.hold_first({Role.DSL: ("i.hale@northmoor.example",)})
    before = everybody(college)
    rotated(college).people.hold_first({Role.DSL: ("i.hale@northmoor.example",)})
    assert everybody(college) == before
    assert rotated(college).take("staff").written


def test_a_guardian_of_the_staff_verifies_no_answer_of_their_own_after_a_rotation(college: Northmoor) -> None:
    """The two lists may be stored under two keys; the person is one."""
    college.take("children")
    college.take("staff")
    after = rotated(college)
    head = "reference,email,known_as,family_name,language,child,relation,parental_responsibility,may_contact"
    guardians = f"{head}\nG-9,{WREN},Tess,Wren,en,C-0101,parent,yes,yes\n"
    assert after.people.import_guardians(guardians.encode()).written
    head = "child,guardian,scope,answer,effective_on,valid_until_on,method,form_version"
    head += ",evidence_ref,verified_by,verified_on"
    row = f"C-0101,G-9,video_live,given,2026-09-01,2027-07-31,form,1,box 1,{WREN},2026-09-02"
    answer = after.consents.import_file(f"{head}\n{row}\n".encode())
    assert (answer.new, answer.pending) == (1, 1), json.dumps(answer.as_json())


def test_fault_74_another_secret_key_stops_the_start_with_one_clear_line(college: Northmoor) -> None:
    for seals, opens in ((Seals(OLD), True), (Seals(NEW, OLD), True), (Seals(NEW), False)):
        installation = Installation(college.database, college.clock, seals, "sandbox", Terms("0123456789ab"), "body")
        if opens:
            assert installation.check() == "sandbox-test"
        else:
            with pytest.raises(SettingsWrong, match="ZOOMGUARD_SECRET_KEY: another one") as caught:
                installation.check()
            assert len(caught.value.lines) == 1 and NEW not in str(caught.value)


def test_the_shared_token_is_sealed_and_opens_after_a_rotation(college: Northmoor) -> None:
    tokens = ZoomTokens(college.database, Seals(OLD))
    assert tokens.load() is None
    tokens.save("bearer-of-zoom", college.clock.now())
    tokens.save("bearer-of-zoom-2", college.clock.now())
    assert ZoomTokens(college.database, Seals(NEW, OLD)).load() == ("bearer-of-zoom-2", college.clock.now())
    with college.database.streaming() as connection:
        assert "bearer" not in str(connection.exec_driver_sql("SELECT token FROM zoom_token").all())
