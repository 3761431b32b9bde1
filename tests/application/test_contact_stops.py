"""A stop is about a person: no other address, reference, child's own mail, race or earlier link goes round it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.application.lessons import audited, change_file, import_rows, mail, only_session, until_quiet
from tests.application.mails import mails
from tests.application.rechecking import at_zoom
from tests.house import COORDINATOR, DSL, TEACHER, Home
from zoomguard.application.session_changes import NewTime
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import NotAllowed, NotThere
from zoomguard.domain.people import Kind
from zoomguard.tables import people as people_table

ADA, FATHER, MOTHER, LENA = "C-0120", "G-21", "G-20", "C-0101"
HIS, HERS = "emeka.okafor@families.example", "ngozi.okafor@families.example"
ALIAS = "emeka.okafor+school@families.example"
DOOR = re.compile(r"/j/([\w-]+)")


def row(reference: str, email: str, may_contact: str = "yes", **more: str) -> dict[str, str]:
    """A line of a guardians file."""
    return {
        "reference": reference, "email": email, "known_as": "Emeka", "family_name": "Okafor", "language": "en",
        "child": ADA, "relation": "father", "parental_responsibility": "no", "may_contact": may_contact, **more,
    }  # fmt: skip


def refused(home: Home, *rows: dict[str, str]) -> list[str]:
    """Codes with which a file is refused, whatever changes are accepted; nothing of it is written."""
    with pytest.raises(AssertionError) as told:
        import_rows(home, "guardians", list(rows), accept_changes=True)
    return re.findall(r"code='(\w+)'", str(told.value))


def stop(home: Home, guardian: str = MOTHER, child: str = ADA) -> None:
    home.app.contacts.change(home.who(DSL), guardian, child, "ORDER-12", may_contact=False)


def invited(home: Home, *children: str) -> list[str]:
    home.schedule(children=children or (ADA,))
    until_quiet(home)
    return mail(home)


def links(home: Home, to: str, number: int = -1) -> list[str]:
    """The doors in one of the mails to somebody, the newest where none is named."""
    return DOOR.findall(mails(home, to)[number]["text"])


# Files --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        (row("G-99", ALIAS),),
        (row("G-99", HIS.upper()),),
        (row(FATHER, "old.one@families.example", "no"),),
        (row(FATHER, "", "no"), row("G-99", HIS)),
        (row(FATHER, HIS, "yes", child=LENA),),
        (row("G-99", ALIAS, child=LENA),),
    ],
    ids=["with an alias", "in capitals", "another address", "an address that is freed", "another child", "both"],
)
def test_no_line_of_a_file_reaches_him(home: Home, lines: tuple[dict[str, str], ...]) -> None:
    assert set(refused(home, *lines)) <= {"CONTACT_CHANGE", "DUPLICATE_EMAIL"}
    assert HIS not in invited(home, ADA, LENA) and ALIAS not in mail(home)


def test_his_address_is_not_taken_as_the_mothers(home: Home) -> None:
    assert refused(home, {**row(MOTHER, ALIAS), "known_as": "Ngozi"}) == ["CONTACT_CHANGE"]


def test_his_address_is_not_taken_as_the_childs_own(home: Home) -> None:
    def own(line: dict[str, str]) -> bool:
        line["email"] = ALIAS
        return line["reference"] == ADA

    with pytest.raises(AssertionError, match="CONTACT_CHANGE"):
        change_file(home, "children", own, accept_changes=True)


def test_a_child_under_a_new_reference_is_taken_in_with_a_stop(home: Home) -> None:
    change_file(home, "children", lambda line: line["reference"] == ADA and not line.update(reference="C-9120"))
    assert refused(home, row(FATHER, HIS, child="C-9120")) == ["CONTACT_CHANGE"]
    import_rows(home, "guardians", [row(FATHER, HIS, "no", child="C-9120")])
    home.app.contacts.change(home.who(DSL), FATHER, "C-9120", "ORDER-14", may_contact=True)


def test_other_details_of_his_may_change(home: Home) -> None:
    import_rows(home, "guardians", [row(FATHER, HIS, "no", known_as="Emmanuel")])


def own_address(home: Home, email: str) -> None:
    """Puts it on record as Ada's own behind the back of every check, as before there were any."""
    with home.house.database.deciding() as tx:
        ada = people_table.by_references(tx, Kind.CHILD, (ADA,))[ADA]
        ada.email = home.app.consents.seals.seal("person", "email", ada.id, email)
        ada.email_hash = home.app.consents.seals.index(email)
        tx.commit(audit=Event("people.changed", "person", ada.id, "operator"))


@pytest.mark.parametrize("email", [HIS, ALIAS])
def test_mail_to_an_address_of_his_on_record_as_anybody_elses_stays_here(home: Home, email: str) -> None:
    own_address(home, email)

    def mail_allowed(line: dict[str, str]) -> bool:
        chosen = (line["child"], line["scope"], line["guardian"]) == (ADA, "video_live", MOTHER)
        line.update(scope="email", evidence_ref="CALL-9")
        return chosen

    change_file(home, "consents", mail_allowed)
    assert invited(home) == [HERS]
    until_quiet(home, timedelta(days=7))
    assert email not in [m["to"] for m in home.sandbox.mail()]


def test_what_a_lead_said_does_not_stand_beside_what_a_file_says(home: Home) -> None:
    home.app.contacts.change(home.who(DSL), FATHER, ADA, "ORDER-14", may_contact=True)
    import_rows(home, "guardians", [row(FATHER, HIS, "no")])
    with home.house.database.reading() as tx:
        found = people_table.by_references(tx, Kind.GUARDIAN, (FATHER,))[FATHER]
        (relation,) = people_table.relations_of(tx, frozenset({found.id}))
    assert (relation.may_contact, relation.evidence_ref) == (False, "")


def test_nobody_allows_contact_in_the_own_family(home: Home) -> None:
    deputy = "b.noor@northmoor.example"
    import_rows(home, "guardians", [row("G-77", deputy, "no", known_as="Bashir", family_name="Noor")])
    with pytest.raises(NotAllowed):
        home.app.contacts.change(home.who(deputy), "G-77", ADA, "ORDER-12", may_contact=True)
    home.app.contacts.change(home.who(DSL), "G-77", ADA, "ORDER-12", may_contact=True)


# Mail under way -----------------------------------------------------------------------------------------------------


def test_a_stop_between_the_look_and_the_first_byte_holds(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.schedule(children=(ADA,))
    begin_try: Callable[..., bool] = home.app.messages._begin_try

    def stopped_first(*asked: str) -> bool:
        stop(home)
        return begin_try(*asked)

    monkeypatch.setattr(home.app.messages, "_begin_try", stopped_first)
    home.do_due("send_message")
    assert HERS not in mail(home)


def test_who_would_be_told_leaves_out_who_may_not_be_contacted(home: Home) -> None:
    invited(home, ADA, LENA)
    change = home.app.sessions.changes
    later = NewTime("2026-12-02 16:00")
    short = only_session(home).short_id
    assert change.reschedule(home.who(TEACHER), short, later, dry_run=True).told.guardians == 3
    stop(home)
    assert change.reschedule(home.who(TEACHER), short, later, dry_run=True).told.guardians == 2
    until_quiet(home)
    before = len(mail(home, "Changed"))
    assert change.reschedule(home.who(TEACHER), short, later).told.guardians == 2
    until_quiet(home)
    assert len(mail(home, "Changed")) == before + 2


# Links that were mailed before --------------------------------------------------------------------------------------


def test_a_link_that_was_mailed_before_a_stop_opens_nothing_and_the_rest_of_the_family_has_a_new_one(
    home: Home,
) -> None:
    invited(home, LENA, ADA)
    (before,) = links(home, "eva.kral@families.example")
    (adas,) = links(home, HERS)
    stop(home, "G-02", LENA)
    until_quiet(home)
    (after,) = links(home, "eva.kral@families.example")
    with pytest.raises(NotThere):
        home.app.doors.look(before)
    assert before != after and home.app.doors.look(after).known_as == "Lena"
    assert home.app.doors.look(adas).known_as == "Ada" and links(home, HERS) == [adas]
    assert len(mails(home, "jan.kral@families.example")) == 1
    assert mail(home, "Changed") == ["eva.kral@families.example"]
    assert audited(home, "session.door_renewed") == 1


def test_the_new_link_lets_the_child_in(home: Home) -> None:
    invited(home, LENA)
    home.app.observers.accept(home.who("p.nandakumar@northmoor.example"), only_session(home).id)
    stop(home, "G-02", LENA)
    until_quiet(home)
    (token,) = links(home, "eva.kral@families.example")
    home.clock.move_to(only_session(home).starts_at)
    assert home.app.doors.open(token) in {r.join_url for r in at_zoom(home).registrants}


def test_an_invitation_that_has_not_left_yet_has_the_new_link(home: Home) -> None:
    home.schedule(children=(LENA,))
    stop(home, "G-02", LENA)
    home.do_due("renew_doors")
    until_quiet(home)
    assert mail(home) == ["eva.kral@families.example"] and mail(home, "Changed") == []
    assert home.app.doors.look(links(home, "eva.kral@families.example")[0]).known_as == "Lena"


def test_a_file_that_sets_a_stop_makes_the_doors_anew_too(home: Home) -> None:
    invited(home)
    (before,) = links(home, HERS)
    import_rows(home, "guardians", [row(MOTHER, HERS, "no", known_as="Ngozi", relation="mother")])
    home.do_due("renew_doors")
    with pytest.raises(NotThere):
        home.app.doors.look(before)


def test_lessons_that_are_over_called_off_or_planned_stay_as_they_are(home: Home) -> None:
    invited(home, LENA)
    home.app.sessions.cancel(home.who(COORDINATOR), only_session(home).short_id)
    home.schedule(children=(LENA,), start="2027-01-20 16:00")
    until_quiet(home)
    stop(home, "G-02", LENA)
    home.do_due("renew_doors")
    assert audited(home, "session.door_renewed") == 0


def test_a_repeat_renews_nothing_again(home: Home) -> None:
    invited(home, LENA)
    stop(home, "G-02", LENA)
    home.do_due("renew_doors")
    home.do_due("renew_doors")
    stop(home, "G-02", LENA)
    home.do_due("renew_doors")
    assert audited(home, "session.door_renewed") == 1


def test_a_family_without_anybody_left_to_write_to_has_no_working_link(home: Home) -> None:
    invited(home, LENA, ADA)
    (before,) = links(home, HERS)
    stop(home)
    until_quiet(home)
    with pytest.raises(NotThere):
        home.app.doors.look(before)
    assert len(mails(home, HERS)) == 1
