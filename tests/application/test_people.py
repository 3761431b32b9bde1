from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests.application.northmoor import TODAY, Northmoor, counts, refused, roles_of
from zoomguard.domain.audit import Event, genesis, verify
from zoomguard.domain.errors import UnknownReference
from zoomguard.domain.people import Check, Kind, Role, Who
from zoomguard.tables import audit as audit_table
from zoomguard.tables import people as table
from zoomguard.tables.all import metadata
from zoomguard.tables.people import GroupMember, Person, Relation

STAFF = "reference,email,known_as,family_name,roles,training_until,dbs_until,policy_ack_on,relatives\n"
CHILDREN = "reference,known_as,family_name,born_on,country,timezone,email\n"
GUARDIANS = "reference,email,known_as,family_name,language,child,relation,parental_responsibility,may_contact\n"
WREN = "t.wren@northmoor.example"
LEFT = Event("people.left", "person", "somebody", "operator")
COORDINATOR = Who("someone", frozenset({Role.COORDINATOR}))


def relations(college: Northmoor, person: Person) -> list[Relation]:
    with college.database.reading() as tx:
        return table.relations_of(tx, frozenset({person.id}))


def everything_stored(college: Northmoor) -> str:
    with college.database.streaming() as connection:
        rows = [connection.execute(sa.select(t)).all() for t in metadata().sorted_tables]
    return repr(rows)


def test_the_college_is_taken_in_once_and_then_stays_the_same(college: Northmoor) -> None:
    names = ("children", "staff", "guardians", "groups")
    first = [counts(college, name) for name in names]
    again = [counts(college, name) for name in names]
    assert first == [(7, 0, 0, True), (15, 0, 0, True), (10, 0, 0, True), (5, 0, 0, True)]
    assert again == [(0, 0, 7, True), (0, 0, 15, True), (0, 0, 10, True), (0, 0, 5, True)]
    assert college.audited() == ["install.begun", *["people.imported"] * 4]


def test_the_chain_still_verifies_and_tells_no_name(college: Northmoor) -> None:
    college.take_all()
    with college.database.streaming() as connection:
        entries = list(audit_table.entries(connection))
    assert verify(entries, genesis("sandbox-test")).broken is None
    told = b"".join(entry.body + (entry.payload or b"") for entry in entries)
    assert b"Kral" not in told and b"@" not in told and b"sha256" in told


def test_names_births_and_addresses_are_stored_sealed(college: Northmoor) -> None:
    college.take_all()
    stored = everything_stored(college)
    assert not [word for word in ("Lena", "Kral", "2014-09-18", "@families", "@northmoor") if word in stored]
    lena = college.person(Kind.CHILD, "C-0101")
    assert [college.opened(lena, c) for c in ("known_as", "family_name", "born_on", "email")] == [
        "Lena", "Kral", "2014-09-18", "",
    ]  # fmt: skip
    assert lena.email_hash is None
    wren = college.person(Kind.STAFF, "T1")
    assert wren.email_hash == college.seals.index(WREN)


def test_a_dry_run_writes_nothing(college: Northmoor) -> None:
    before = everything_stored(college)
    assert counts(college, "children", dry_run=True) == (7, 0, 0, False)
    assert everything_stored(college) == before


def test_a_dry_run_of_a_change_writes_nothing(college: Northmoor) -> None:
    college.take_all()
    before = everything_stored(college)
    assert counts(college, "children", college.files["children"].replace("Lena", "Helen"), dry_run=True)[1] == 1
    assert everything_stored(college) == before


def test_one_bad_line_keeps_the_whole_file_out(college: Northmoor) -> None:
    before = everything_stored(college)
    answer = college.people.import_children((college.files["children"] + "C-9,Max,K,soon,GB,Europe/London,\n").encode())
    assert refused(answer) == [(9, "BAD_DATE")] and not answer.written
    assert everything_stored(college) == before
    assert answer.as_json()["refused"] == [answer.refused[0].as_json()]


def test_bad_lines_may_be_skipped(college: Northmoor) -> None:
    content = college.files["children"] + "C-9,Max,K,soon,GB,Europe/London,\n"
    assert counts(college, "children", content, skip_bad=True) == (7, 0, 0, True)


def test_a_file_of_bad_lines_only_is_no_import(college: Northmoor) -> None:
    assert counts(college, "children", CHILDREN + "C-9,Max,K,soon,GB,,\n", skip_bad=True) == (0, 0, 0, True)
    assert college.audited() == ["install.begun"]


def test_who_is_not_in_the_file_stays(college: Northmoor) -> None:
    college.take("children")
    assert counts(college, "children", "\n".join(college.files["children"].splitlines()[:3])) == (0, 0, 2, True)
    assert college.person(Kind.CHILD, "C-0150").active


def test_a_change_of_name_is_taken_and_nothing_else_changes(college: Northmoor) -> None:
    college.take("children")
    assert counts(college, "children", college.files["children"].replace("Lena", "Helen")) == (0, 1, 6, True)
    lena = college.person(Kind.CHILD, "C-0101")
    assert (college.opened(lena, "known_as"), college.opened(lena, "born_on")) == ("Helen", "2014-09-18")
    assert (lena.version, college.person(Kind.CHILD, "C-0102").version) == (2, 1)


@pytest.mark.parametrize(
    ("name", "old", "new", "code"),
    [
        ("staff", "t.wren@", "t.wren2@", "EMAIL_CHANGE"),
        ("guardians", "samira.aziz@", "evil@", "EMAIL_CHANGE"),
        ("children", "minh.tran@families.example", "", "EMAIL_CHANGE"),
        ("children", "2008-12-01", "2008-11-01", "BORN_ON_CHANGE"),
    ],
)
def test_a_change_that_hands_access_over_needs_a_second_look(
    college: Northmoor, name: str, old: str, new: str, code: str
) -> None:
    college.take_all()
    content = college.files[name].replace(old, new)
    answer = college.importer(name)(content.encode())
    assert [bad.code for bad in answer.refused] == [code] and not answer.written
    assert counts(college, name, content, accept_changes=True)[1] == 1
    assert counts(college, name, content)[1] == 0


@pytest.mark.parametrize("accept_changes", [False, True])
def test_no_file_lets_a_guardian_be_contacted_again(college: Northmoor, accept_changes: bool) -> None:
    college.take_all()
    content = college.files["guardians"].replace(",no,no", ",no,yes")
    answer = college.people.import_guardians(content.encode(), accept_changes=accept_changes)
    assert [bad.code for bad in answer.refused] == ["CONTACT_CHANGE"] and not answer.written
    assert "zoomguard people contact allow" in answer.refused[0].remedy


def test_an_accepted_address_is_found_from_then_on(college: Northmoor) -> None:
    college.take_all()
    content = college.files["staff"].replace(WREN, "t.lark@northmoor.example")
    college.people.import_staff(content.encode(), accept_changes=True)
    college.people.give_role("t.lark@northmoor.example", Role.REVIEWER)
    with pytest.raises(UnknownReference):
        college.people.give_role(WREN, Role.MONITOR)


def test_contact_is_stopped_without_a_second_look(college: Northmoor) -> None:
    college.take_all()
    content = college.files["guardians"].replace("C-0140,father,yes,yes", "C-0140,father,yes,no")
    assert counts(college, "guardians", content) == (0, 1, 9, True)


def test_an_address_of_somebody_else_on_record_is_refused_even_when_changes_are_accepted(college: Northmoor) -> None:
    college.take_all()
    row = f"T9,{WREN},Eve,Wren,teacher,,,,\n"
    answer = college.people.import_staff((STAFF + row).encode(), accept_changes=True)
    assert refused(answer) == [(2, "DUPLICATE_EMAIL")]
    swapped = f"T2,{WREN},Hilde,Lindqvist,,,,,\n"
    answer = college.people.import_staff((STAFF + swapped).encode(), accept_changes=True)
    assert refused(answer) == [(2, "DUPLICATE_EMAIL")]


def test_a_file_gives_no_role_to_somebody_on_record(college: Northmoor) -> None:
    college.take_all()
    content = college.files["staff"].replace("Wren,teacher,", "Wren,teacher|dsl,")
    answer = college.people.import_staff(content.encode(), accept_changes=True)
    assert refused(answer) == [(2, "ROLE_CHANGE")] and not answer.written
    assert roles_of(college, "T1") == {Role.TEACHER}


def test_empty_roles_and_an_alias_are_no_change(college: Northmoor) -> None:
    college.take_all()
    content = college.files["staff"].replace("Wren,teacher,", "Wren,,").replace(WREN, "T.Wren+zoom@northmoor.example")
    assert counts(college, "staff", content) == (0, 0, 15, True)


def test_roles_of_somebody_new_begin_today(college: Northmoor) -> None:
    college.take("children")
    college.take("staff")
    assert roles_of(college, "T1") == {Role.TEACHER}
    assert roles_of(college, "T1", TODAY - timedelta(days=1)) == frozenset()


def test_a_later_import_adds_no_second_row_of_a_role(college: Northmoor) -> None:
    college.take_all()
    assert counts(college, "staff", college.files["staff"].replace("Tomasz", "Tom"))[1] == 1
    with college.database.reading() as tx:
        assert len(table.roles_ending_after(tx, frozenset({college.person(Kind.STAFF, "T1").id}), TODAY)) == 1


def test_training_vetting_and_acknowledgement_are_one_record_each_and_follow_the_file(college: Northmoor) -> None:
    college.take_all()
    changed = college.files["staff"].replace(
        "Wren,teacher,2027-11-23,2027-11-23,2026-09-24", "Wren,,2026-12-31,,2026-11-01"
    )
    assert counts(college, "staff", changed) == (0, 1, 14, True)
    with college.database.reading() as tx:
        rows = table.checks_of(tx, frozenset({college.person(Kind.STAFF, "T1").id}))
    assert {row.kind: (row.done_on, row.valid_until_on) for row in rows} == {
        Check.TRAINING: (None, date(2026, 12, 31)),
        Check.DBS: (None, None),
        Check.POLICY_ACK: (date(2026, 11, 1), date(2026, 11, 1) + timedelta(days=400)),
    }
    assert len(rows) == 3


def test_relatives_of_staff_are_related_without_rights(college: Northmoor) -> None:
    college.take("children")
    row = "T1,t.wren@northmoor.example,Tomasz,Wren,teacher,,,,C-0101|C-0102\n"
    assert counts(college, "staff", STAFF + row) == (1, 0, 0, True)
    found = relations(college, college.person(Kind.STAFF, "T1"))
    assert {r.child_id for r in found} == {college.person(Kind.CHILD, c).id for c in ("C-0101", "C-0102")}
    assert not [r for r in found if r.may_contact or r.parental_responsibility]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("staff", STAFF + "T1,t.wren@northmoor.example,Tomasz,Wren,teacher,,,,C-9999\n"),
        ("guardians", GUARDIANS + "G-1,g@families.example,Eva,Kral,en,C-9999,mother,yes,yes\n"),
        ("groups", "group,child\n7B,C-9999\n"),
    ],
)
def test_a_child_that_is_not_on_record_is_named_by_line(college: Northmoor, name: str, content: str) -> None:
    college.take("children")
    assert refused(college.importer(name)(content.encode())) == [(2, "UNKNOWN_REF")]
    assert counts(college, name, content, skip_bad=True)[0] == 0


def test_a_line_that_is_skipped_leaves_nothing_behind(college: Northmoor) -> None:
    college.take("children")
    rows = "G-1,g@families.example,Eva,Kral,en,{},mother,yes,yes\n"
    assert counts(college, "guardians", GUARDIANS + rows.format("C-9999"), skip_bad=True) == (0, 0, 0, True)
    with pytest.raises(KeyError):
        college.person(Kind.GUARDIAN, "G-1")
    both = GUARDIANS + rows.format("C-9999") + rows.format("C-0101")
    assert counts(college, "guardians", both, skip_bad=True) == (1, 0, 0, True)


@pytest.mark.parametrize("order", [("staff", "guardians"), ("guardians", "staff")])
def test_a_guardian_of_the_staff_is_related_in_both_lists(college: Northmoor, order: tuple[str, str]) -> None:
    college.take("children")
    files = {
        "staff": STAFF + "T1,t.wren@northmoor.example,Tomasz,Wren,teacher,,,,\n",
        "guardians": GUARDIANS + "G-1,t.wren@northmoor.example,Tomasz,Wren,en,C-0101,father,yes,yes\n",
    }
    for name in order:
        assert counts(college, name, files[name])[0] == 1
    (of_staff,) = relations(college, college.person(Kind.STAFF, "T1"))
    (of_guardian,) = relations(college, college.person(Kind.GUARDIAN, "G-1"))
    assert of_staff.child_id == of_guardian.child_id == college.person(Kind.CHILD, "C-0101").id
    assert (of_staff.may_contact, of_guardian.may_contact) == (False, True)
    assert (of_staff.parental_responsibility, of_guardian.parental_responsibility) == (False, True)
    assert [counts(college, name, files[name])[2] for name in order] == [1, 1]


def test_a_guardian_on_two_lines_is_one_person_and_one_change(college: Northmoor) -> None:
    college.take_all()
    assert len(relations(college, college.person(Kind.GUARDIAN, "G-01"))) == 2
    content = college.files["guardians"].replace("Eva,Kral", "Evka,Kral")
    assert counts(college, "guardians", content) == (0, 1, 9, True)
    assert college.opened(college.person(Kind.GUARDIAN, "G-01"), "known_as") == "Evka"


def test_a_group_has_its_children(college: Northmoor) -> None:
    college.take("children")
    assert counts(college, "groups") == (5, 0, 0, True)
    assert counts(college, "groups", "group,child\nMATHS-7B,C-0130\nMATHS-7B,C-0101\n") == (1, 0, 1, True)
    with college.database.reading() as tx:
        assert len(tx.all(select(GroupMember))) == 6


def test_an_import_does_not_bring_back_who_has_left(college: Northmoor) -> None:
    college.take_all()
    with college.database.deciding() as tx:
        tx.get(Person, college.person(Kind.STAFF, "T1").id).active = False  # type: ignore[union-attr]
        tx.commit(audit=LEFT)
    assert counts(college, "staff") == (0, 0, 15, True)
    assert not college.person(Kind.STAFF, "T1").active


def test_five_thousand_children_take_a_number_of_queries_that_does_not_grow(college: Northmoor) -> None:
    def queries(content: str) -> int:
        seen: list[str] = []
        engine = college.database.engine
        listener = lambda *args: seen.append(args[2])  # noqa: E731
        sa.event.listen(engine, "before_cursor_execute", listener)
        college.people.import_children(content.encode())
        sa.event.remove(engine, "before_cursor_execute", listener)
        return len(seen)

    rows = [f"C-{n},Name{n},Family,2014-09-18,GB,Europe/London,c{n}@families.example\n" for n in range(5000)]
    few = queries(CHILDREN + "".join(rows[:100]))
    assert queries(CHILDREN + "".join(rows)) <= few + 10
    assert counts(college, "children", CHILDREN + "".join(rows)) == (0, 0, 5000, True)
