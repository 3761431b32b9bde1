from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests.application.northmoor import NOW, Northmoor, refused
from zoomguard.application.consents import decisions
from zoomguard.domain.audit import Event
from zoomguard.domain.consents import ConsentState, ConsentType, Scope
from zoomguard.domain.errors import Fault, NotAllowed
from zoomguard.domain.people import ChildOnRecord, Kind, Role, Who
from zoomguard.tables.consents import ConsentEventRow
from zoomguard.tables.people import Person

HEADER = (
    "child,guardian,scope,answer,effective_on,valid_until_on,method,form_version,evidence_ref,verified_by,verified_on\n"
)
LEFT = Event("people.left", "person", "somebody", "operator")
# Noor (C-0130) is of age on this day.
STARTS_AT = datetime(2026, 12, 1, 16, tzinfo=UTC)
MISSING, PENDING, ACTIVE = ConsentState.MISSING, ConsentState.PENDING, ConsentState.ACTIVE
GUARDIANS = "reference,email,known_as,family_name,language,child,relation,parental_responsibility,may_contact\n"
STAFF = "reference,email,known_as,family_name,roles,training_until,dbs_until,policy_ack_on,relatives\n"


@pytest.fixture
def people_only(college: Northmoor) -> Northmoor:
    """The college with everybody on record and no answer yet."""
    for name in ("children", "staff", "guardians"):
        assert college.take(name).written
    return college


def a_row(child: str = "C-0101", guardian: str = "G-01", **change: str) -> str:
    cells = {
        "child": child, "guardian": guardian, "scope": "video_live", "answer": "given",
        "effective_on": "2026-11-16", "valid_until_on": "2027-11-16", "method": "paper", "form_version": "1",
        "evidence_ref": "F-1", "verified_by": "c.pugh@northmoor.example", "verified_on": "2026-11-20",
    }  # fmt: skip
    return ",".join((cells | change).values()) + "\n"


def take(college: Northmoor, *rows: str, **how: bool) -> tuple[int, int, int]:
    answer = college.consents.import_file((HEADER + "".join(rows)).encode(), **how)
    assert answer.written, answer.refused
    return answer.new, answer.same, answer.pending


def on_record(college: Northmoor, *references: str) -> tuple[ChildOnRecord, ...]:
    rows = [college.person(Kind.CHILD, r) for r in references]
    return tuple(ChildOnRecord(r.id, r.reference or "", date.fromisoformat(college.opened(r, "born_on"))) for r in rows)


def state(
    college: Northmoor, child: str = "C-0101", scope: Scope = Scope.VIDEO_LIVE, starts_at: datetime = STARTS_AT,
    known_at: datetime | None = None, teacher_id: str | None = None,
) -> ConsentState:  # fmt: skip
    with college.database.reading() as tx:
        known_at = known_at or college.clock.now()
        return decisions(tx, on_record(college, child), starts_at, known_at, teacher_id)[child, scope].state


def test_the_colleges_own_file_makes_every_answer_active(college: Northmoor) -> None:
    college.take_all()
    answer = college.take("consents")
    assert (answer.new, answer.same, answer.pending) == (0, 24, 0)
    references = ("C-0101", "C-0102", "C-0110", "C-0120", "C-0140", "C-0150")
    with college.database.reading() as tx:
        decided = decisions(tx, on_record(college, *references), STARTS_AT, NOW, None)
    assert {r for r in references if decided[r, Scope.VIDEO_RECORD].state is ACTIVE} == set(references) - {"C-0140"}
    assert {d.state for (_, scope), d in decided.items() if scope is Scope.PUBLICATION} == {MISSING}
    assert len(decided[("C-0101", Scope.VIDEO_LIVE)].event_ids) == 2


def test_all_children_are_decided_in_one_query(college: Northmoor) -> None:
    college.take_all()
    children = on_record(college, "C-0101", "C-0102", "C-0110", "C-0120", "C-0150")
    seen: list[str] = []
    with college.database.reading() as tx:
        sa.event.listen(college.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
        decisions(tx, children, STARTS_AT, NOW, None)
    assert len([q for q in seen if "SELECT" in q]) == 1


def test_the_same_answer_is_kept_once(people_only: Northmoor) -> None:
    assert take(people_only, a_row(), a_row()) == (1, 1, 0)
    people_only.clock.advance(days=1)
    assert take(people_only, a_row(), a_row(scope="email")) == (1, 1, 0)
    assert people_only.audited()[-2:] == ["consents.imported"] * 2


def test_the_same_answer_verified_by_somebody_else_is_another(people_only: Northmoor) -> None:
    take(people_only, a_row(verified_by="T1"))
    people_only.clock.advance(days=1)
    assert take(people_only, a_row(verified_by="LD")) == (1, 0, 0)
    assert state(people_only, teacher_id=people_only.person(Kind.STAFF, "T1").id) is ACTIVE


def test_a_withdrawal_is_not_undone_by_the_file_of_yesterday(people_only: Northmoor) -> None:
    take(people_only, a_row())
    people_only.clock.advance(days=1)
    take(people_only, a_row(answer="withdrawn", effective_on="2026-11-24", valid_until_on=""))
    people_only.clock.advance(days=1)
    assert take(people_only, a_row()) == (0, 1, 0)
    assert state(people_only) is ConsentState.WITHDRAWN


def test_a_withdrawal_beside_a_yes_in_one_file_stands(people_only: Northmoor) -> None:
    take(people_only, a_row(answer="withdrawn", valid_until_on=""), a_row())
    assert state(people_only) is ConsentState.WITHDRAWN


def test_a_refusal_of_one_guardian_beats_the_yes_of_the_other(people_only: Northmoor) -> None:
    take(people_only, a_row(), a_row(guardian="G-02", answer="refused", valid_until_on="", verified_by=""))
    assert state(people_only) is ConsentState.REFUSED


@pytest.mark.parametrize(
    "change",
    [
        {"verified_by": ""},
        {"verified_on": ""},
        {"evidence_ref": ""},
        {"verified_by": "nobody@northmoor.example"},
        {"verified_by": "G-02"},
    ],
)
def test_without_evidence_that_staff_verified_a_yes_is_pending(people_only: Northmoor, change: dict[str, str]) -> None:
    assert take(people_only, a_row(**change)) == (1, 0, 1)
    assert state(people_only) is PENDING
    with people_only.database.reading() as tx:
        (row,) = tx.all(select(ConsentEventRow))
    assert (row.verified_by, row.verified_on) == (None, None)


def test_a_pending_yes_becomes_active_once_it_is_verified(people_only: Northmoor) -> None:
    take(people_only, a_row(verified_by="", verified_on=""))
    people_only.clock.advance(days=1)
    assert take(people_only, a_row()) == (1, 0, 0)
    assert state(people_only) is ACTIVE
    assert state(people_only, known_at=NOW) is PENDING


@pytest.mark.parametrize("verifier", ["LD", "c.pugh@northmoor.example", "C.Pugh+forms@northmoor.example"])
def test_who_verified_is_found_by_reference_or_address(people_only: Northmoor, verifier: str) -> None:
    take(people_only, a_row(verified_by=verifier))
    assert state(people_only) is ACTIVE


def test_who_has_left_verifies_nothing(people_only: Northmoor) -> None:
    with people_only.database.deciding() as tx:
        row = tx.get(Person, people_only.person(Kind.STAFF, "LD").id)
        assert row is not None
        row.active = False
        tx.commit(audit=LEFT)
    take(people_only, a_row())
    assert state(people_only) is PENDING


def test_nobody_verifies_an_answer_of_their_own(people_only: Northmoor) -> None:
    row = "G-9,c.pugh+home@northmoor.example,Carys,Pugh,en,C-0101,mother,yes,yes\n"
    assert people_only.people.import_guardians((GUARDIANS + row).encode()).written
    take(people_only, a_row(guardian="G-9"))
    assert state(people_only) is PENDING


def test_what_the_sessions_teacher_verified_does_not_count_in_that_session(people_only: Northmoor) -> None:
    take(people_only, a_row(verified_by="T1"))
    teacher = people_only.person(Kind.STAFF, "T1").id
    assert state(people_only, teacher_id=teacher) is PENDING
    assert state(people_only, teacher_id=people_only.person(Kind.STAFF, "T2").id) is ACTIVE


def test_a_yes_without_parental_responsibility_is_pending_but_a_no_counts(people_only: Northmoor) -> None:
    take(people_only, a_row("C-0120", "G-21"))
    assert state(people_only, "C-0120") is PENDING
    take(people_only, a_row("C-0120", "G-20"), a_row("C-0120", "G-21", answer="refused", valid_until_on=""))
    assert state(people_only, "C-0120") is ConsentState.REFUSED


@pytest.mark.parametrize(
    ("child", "guardian", "code"),
    [
        ("C-9999", "G-01", "UNKNOWN_REF"),
        ("C-0101", "G-99", "UNKNOWN_REF"),
        ("C-0101", "G-30", "NOT_A_GUARDIAN"),
        ("C-0101", "C-0102", "UNKNOWN_REF"),
        ("C-0101", "T1", "UNKNOWN_REF"),
    ],
)
def test_only_a_guardian_of_the_child_answers(people_only: Northmoor, child: str, guardian: str, code: str) -> None:
    content = (HEADER + a_row() + a_row(child, guardian)).encode()
    answer = people_only.consents.import_file(content)
    assert refused(answer) == [(3, code)] and not answer.written
    assert state(people_only) is MISSING
    assert people_only.consents.import_file(content, skip_bad=True).new == 1


def test_a_guardian_who_shares_a_learners_reference_does_not_answer_in_the_learners_name(
    people_only: Northmoor,
) -> None:
    same = GUARDIANS + "C-0130,other.parent@families.example,Karim,Aziz,en,C-0130,father,yes,yes\n"
    assert people_only.people.import_guardians(same.encode()).written
    answer = people_only.consents.import_file((HEADER + a_row("C-0130", "C-0130")).encode())
    assert refused(answer) == [(2, "WHOSE_ANSWER")]
    assert state(people_only, "C-0130") is MISSING


def test_a_dry_run_writes_nothing(people_only: Northmoor) -> None:
    answer = people_only.consents.import_file((HEADER + a_row()).encode(), dry_run=True)
    assert (answer.new, answer.written) == (1, False)
    assert state(people_only) is MISSING
    assert "consents.imported" not in people_only.audited()


def test_a_learner_of_age_answers_alone(people_only: Northmoor) -> None:
    take(people_only, a_row("C-0130", "G-30"))
    before = STARTS_AT - timedelta(days=1)
    assert (state(people_only, "C-0130", starts_at=before), state(people_only, "C-0130")) == (ACTIVE, MISSING)
    take(people_only, a_row("C-0130", "C-0130"))
    assert state(people_only, "C-0130") is ACTIVE
    take(people_only, a_row("C-0130", "G-30", answer="withdrawn", valid_until_on=""))
    assert state(people_only, "C-0130") is ACTIVE
    assert state(people_only, "C-0130", starts_at=before) is ConsentState.WITHDRAWN


def test_a_childs_own_yes_is_not_enough_and_its_no_is(people_only: Northmoor) -> None:
    take(people_only, a_row("C-0130", "C-0130"))
    before = STARTS_AT - timedelta(days=1)
    assert state(people_only, "C-0130", starts_at=before) is PENDING
    take(people_only, a_row("C-0130", "G-30"))
    take(people_only, a_row("C-0130", "C-0130", answer="refused", effective_on="2026-11-20", valid_until_on=""))
    assert state(people_only, "C-0130", starts_at=before) is ConsentState.REFUSED


def test_birthdays_and_last_days_are_counted_in_london(people_only: Northmoor) -> None:
    take(people_only, a_row("C-0101", valid_until_on="2027-06-30"))
    last_evening = datetime(2027, 6, 30, 22, 59, tzinfo=UTC)
    assert state(people_only, starts_at=last_evening) is ACTIVE
    assert state(people_only, starts_at=last_evening + timedelta(minutes=1)) is ConsentState.EXPIRED


def test_an_answer_counts_from_when_it_was_known_and_effective(people_only: Northmoor) -> None:
    take(people_only, a_row(effective_on="2026-12-02"))
    assert state(people_only) is MISSING
    assert state(people_only, starts_at=STARTS_AT + timedelta(days=1)) is ACTIVE
    assert state(people_only, starts_at=STARTS_AT + timedelta(days=1), known_at=NOW - timedelta(seconds=1)) is MISSING


def test_nobody_on_the_roster_gives_no_decision(people_only: Northmoor) -> None:
    with people_only.database.reading() as tx:
        assert decisions(tx, (), STARTS_AT, NOW, None) == {}


def test_a_child_whose_birth_is_unknown_is_a_child(people_only: Northmoor) -> None:
    take(people_only, a_row("C-0130", "G-30"))
    (noor,) = on_record(people_only, "C-0130")
    with people_only.database.reading() as tx:
        decided = decisions(tx, (replace(noor, born_on=None),), STARTS_AT, NOW, None)
    assert decided["C-0130", Scope.VIDEO_LIVE].state is ACTIVE


def test_teachers_do_not_import_consents(people_only: Northmoor) -> None:
    with pytest.raises(NotAllowed):
        people_only.consents.import_file((HEADER + a_row()).encode(), by=Who("x", frozenset({Role.TEACHER})))


def test_an_answer_on_record_is_never_changed(people_only: Northmoor) -> None:
    take(people_only, a_row())
    with people_only.database.deciding() as tx:
        (row,) = tx.all(select(ConsentEventRow))
        row.type = ConsentType.REFUSED
        with pytest.raises(Fault):
            tx.commit(audit=LEFT)
