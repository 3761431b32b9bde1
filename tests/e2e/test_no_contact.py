"""Nobody who is not to be contacted gets a mail, and no family's name strays, through all that happens to a lesson.

Access folders and letters of the term belong to later issues; a withdrawal is answered by no receipt yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import strays
from tests.e2e.stage import DSL, EC, GUARDIANS, O1, O2, T1, Stage, a_stage

ADA, FATHER = "C-0120", "emeka.okafor"
# The words by which each kind of mail of this run begins, to families and to staff.
KINDS = (
    "Online lesson",
    "Your online lesson",
    "Changed",
    "No longer in lesson",
    "Cancelled",
    "You teach",
    "Can you observe",
    "Please answer",
)
FLAG = ("may_contact", "no contact", "not to be contacted", "G-21")


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory, stage_home: Path) -> Iterator[Stage]:
    """A stage on which a lesson has gone through everything; Ada's father is not to be contacted."""
    with a_stage(tmp_path_factory.mktemp("family"), stage_home) as stage:
        live_through(stage)
        yield stage


def live_through(stage: Stage) -> None:
    """Two lessons: one is moved, loses Ada and is cancelled, the other is looked at by all and cancelled."""
    first, second = stage.make(start="2026-12-01 16:00"), stage.make(start="2026-12-02 10:00", observer=O2)
    stage.all_sent(first, second)
    assert stage.do(first, "reschedule", start="2026-12-02 16:00", note="The hall is taken.")[0] == 200
    stage.all_sent(first)
    withdrawn = [row.replace(",given,", ",withdrawn,") for row in stage.rows("consents", ADA, "G-20")[:1]]
    columns = {"effective_on": "2026-11-23", "valid_until_on": "", "evidence_ref": "CALL-1"}
    assert stage.take_in("consents", *_changed(stage, withdrawn, **columns)).code == 0
    stage.until("2026-12-01T16:00:30")  # the observer is reminded, and who may come is looked at again
    wanted = ["C-0101", "C-0102", "C-0110", "C-0150"]
    stage.comes(first, children=wanted)
    stage.comes(second, children=wanted)
    look_around(stage, first)
    for session in (first, second):
        assert stage.do(session, "cancel", by=DSL, note="The boiler is broken.")[0] == 200
    stage.all_sent(first, second)


def _changed(stage: Stage, rows: list[str], **change: str) -> list[str]:
    header = (stage.school / "consents.csv").read_text().splitlines()[0].split(",")
    return [",".join(change.get(c, cell) for c, cell in zip(header, row.split(","), strict=True)) for row in rows]


def look_around(stage: Stage, session: dict[str, Any]) -> None:
    """Everything that teacher, observer and office can see of a lesson."""
    for by in (T1, O1, EC, DSL):
        for words in (("list",), ("show", session["short_id"])):
            assert stage.zg("sessions", *words, by=by).code == 0
        for path in ("/", f"/s/{session['short_id']}"):
            assert stage.page(path, by).status == 200
    for words in (("messages", "list"), ("sessions", "sheet", "--on", "2026-12-02")):
        assert stage.zg(*words, by=EC).code == 0


def test_scenario_30_every_kind_of_mail_went_out_and_none_to_the_father(family: Stage) -> None:
    mails = family.mails()
    assert [kind for kind in KINDS if not any(m.subject.startswith(kind) for m in mails)] == []
    assert any(m.calendar for m in mails) and {m.name for m in mails} >= GUARDIANS
    assert FATHER not in {m.name for m in mails}
    left_out = [m.name for m in mails if m.subject.startswith("No longer in lesson")]
    assert set(left_out) == {"ngozi.okafor"}
    assert family.town.http("GET", "/g/zgg_an_old_one", Accept="text/html").status == 404


def test_scenario_30_teacher_and_observer_read_nothing_of_a_flag(family: Stage) -> None:
    told = [(by, what, text) for by, what, text in family.answers if by in (T1, O1)]
    assert len(told) > 8
    assert [(by, what, word) for by, what, text in told for word in FLAG if word.lower() in text.lower()] == []


def test_scenario_30_an_import_does_not_clear_the_flag(family: Stage) -> None:
    header = (family.school / "guardians.csv").read_text().splitlines()[0]
    (row,) = (row for row in family.rows("guardians", "G-21") if ADA in row)
    assert header.endswith(",may_contact") and row.endswith(",no")
    without = f"{header.removesuffix(',may_contact')}\n{row.removesuffix(',no')}"
    emptied, lifted = (f"{header}\n{row.removesuffix('no')}{end}" for end in ("", "yes"))
    assert import_guardians(family, without) == (2, "CSV_HEADER")
    assert import_guardians(family, emptied) == (1, "YES_NO")
    assert import_guardians(family, lifted) == (1, "CONTACT_CHANGE")
    assert import_guardians(family, lifted, "--accept-changes") == (1, "CONTACT_CHANGE")
    assert import_guardians(family, f"{header}\n{row}") == (0, "1 same")


def test_scenario_30_clearing_the_flag_needs_a_lead(tmp_path: Path, stage_home: Path) -> None:
    allow = ("people", "contact", "allow", "G-21", ADA, "--evidence", "ORDER-14")
    with a_stage(tmp_path, stage_home, may_reach=strays.NO_CONTACT) as stage:
        assert [stage.zg(*allow, by=by).code for by in (T1, O1, EC)] == [3, 3, 3]
        first = stage.make(start="2026-12-01 16:00")
        stage.all_sent(first)
        assert FATHER not in {m.name for m in stage.mails()}
        assert stage.zg(*allow, by=DSL).said["outcome"] == "changed"
        second = stage.make(start="2026-12-02 16:00")
        stage.mailed(0, [FATHER])
        stage.all_sent(first, second)
        assert {m.subject for m in stage.mails() if m.name == FATHER} == {
            m.subject for m in stage.mails() if m.name == "ngozi.okafor" and second["id"] in m.calendar
        }


def import_guardians(stage: Stage, text: str, *more: str) -> tuple[int, str]:
    """Exit code, and the error's code or how many lines say what is on record."""
    ran = stage.zg("people", "import", "guardians", "-", *more, by="", stdin=text.encode())
    if "error" in ran.said:
        return ran.outcome
    refused = ran.said["refused"]
    return ran.code, refused[0]["code"] if refused else f"{ran.said['same']} same"


# The check itself can fail ------------------------------------------------------------------------------------------

STRAYED = {
    "a mail to the father": {"to": strays.NO_CONTACT},
    "the father's name in a mail": {"text": f"Dear Mr {strays.HIDDEN}Okafor"},
    "a child in a subject": {"subject": f"Lesson of {strays.CHILD}Ada"},
    "a child in a calendar": {"calendar": f"DESCRIPTION:with {strays.CHILD[:3]}\r\n {strays.CHILD[3:]}Ada"},
    "a guardian's name in a link": {"text": f"https://lessons.example/j/{strays.GUARDIAN.lower()}-ngozi"},
    "a child in a header": {"headers": {"X-About": f"{strays.CHILD}Ada"}},
    "a child in a mail to staff": {"to": O1, "text": f"{strays.CHILD}Ada is in it"},
}


@pytest.mark.parametrize("what", STRAYED)
def test_the_check_sees_a_name_or_a_mail_that_strays(family: Stage, what: str) -> None:
    left = family.left()
    assert len(left.mails) > 20 and len(left.answers) > 20 and len(left.log) > 1000 and strays.of(left) == []
    mail = next(m for m in left.mails if m["to"].startswith("ngozi"))
    assert len(strays.of(replace(left, mails=[*left.mails, mail | STRAYED[what]]))) == 1


def test_the_check_sees_a_name_in_log_calls_and_answers(family: Stage) -> None:
    left = family.left()
    name = f"{strays.CHILD}Ada".lower()
    call, answer = {"body": {"topic": name}}, (T1, "sessions list", name)
    for changed in ({"log": left.log + name}, {"calls": [*left.calls, call]}, {"answers": [*left.answers, answer]}):
        assert len(strays.of(replace(left, **changed))) == 1
