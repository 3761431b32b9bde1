import csv
from datetime import date, timedelta
from pathlib import Path

import pytest

from zoomguard.sandbox.school import write_csvs, zoom_users

TODAY = date(2026, 11, 23)
DAYS = [TODAY, date(2027, 1, 10), date(2028, 2, 29), date(2031, 8, 31)]
Table = list[dict[str, str]]
School = dict[str, Table]


def read(directory: Path, today: date) -> School:
    paths = write_csvs(directory, today)
    return {path.stem: list(csv.DictReader(path.read_text("utf-8").splitlines())) for path in paths}


@pytest.fixture(params=DAYS, ids=str)
def day(request: pytest.FixtureRequest) -> date:
    found: date = request.param
    return found


@pytest.fixture
def school(tmp_path: Path, day: date) -> School:
    return read(tmp_path, day)


def references(school: School, table: str) -> set[str]:
    return {row["reference"] for row in school[table]}


def age(born_on: date, on: date) -> int:
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


def test_every_file_has_the_columns_and_the_form_that_an_import_reads(tmp_path: Path) -> None:
    written = {path.name: path.read_bytes() for path in write_csvs(tmp_path, TODAY)}
    headers = {name: body.decode("utf-8").split("\n")[0] for name, body in written.items()}
    assert headers == {
        "staff.csv": "reference,email,known_as,family_name,roles,training_until,dbs_until,policy_ack_on,relatives",
        "children.csv": "reference,known_as,family_name,born_on,country,timezone,email",
        "guardians.csv": "reference,email,known_as,family_name,language,child,relation,"
        "parental_responsibility,may_contact",
        "consents.csv": "child,guardian,scope,answer,effective_on,valid_until_on,method,form_version,"
        "evidence_ref,verified_by,verified_on",
        "groups.csv": "group,child",
    }
    assert not [name for name, body in written.items() if b"\r" in body or not body.endswith(b"\n")]


def test_no_row_has_a_cell_too_many_or_too_few(school: School) -> None:
    for table, rows in school.items():
        assert rows, table
        assert not [row for row in rows if None in row or None in row.values()], table


def test_every_reference_leads_to_somebody(school: School) -> None:
    children, guardians = references(school, "children"), references(school, "guardians")
    assert {row["child"] for table in ("guardians", "groups", "consents") for row in school[table]} <= children
    assert {row["guardian"] for row in school["consents"]} <= guardians
    assert {row["child"] for row in school["guardians"]} == children
    assert {row["verified_by"] for row in school["consents"]} <= {row["email"] for row in school["staff"]}


def test_no_reference_and_no_address_is_used_twice(school: School) -> None:
    people = [row for table in ("staff", "children") for row in school[table]]
    people += {row["reference"]: row for row in school["guardians"]}.values()
    addresses = [row["email"] for row in people if row["email"]]
    assert len({row["reference"] for row in people}) == len(people)
    assert len({address.casefold() for address in addresses}) == len(addresses)


def test_the_group_is_the_one_of_the_stage(school: School) -> None:
    members = [(row["group"], row["child"]) for row in school["groups"]]
    assert members == [("MATHS-7B", f"C-0{number}") for number in ("101", "102", "110", "120", "150")]


def test_every_guardian_who_may_be_contacted_has_given_all_three_and_no_other(school: School) -> None:
    expected = {
        (row["child"], row["reference"], scope)
        for row in school["guardians"]
        if row["may_contact"] == "yes" and row["child"] != "C-0140"
        for scope in ("video_live", "video_record", "email")
    }
    given = [(row["child"], row["guardian"], row["scope"]) for row in school["consents"]]
    assert set(given) == expected and len(given) == len(expected)
    assert "G-21" not in {row["guardian"] for row in school["consents"]}


def test_the_one_father_without_contact_is_marked_so(school: School) -> None:
    assert [row["reference"] for row in school["guardians"] if row["may_contact"] == "no"] == ["G-21"]


def test_permissions_hold_on_the_day_and_were_verified_before_it(school: School, day: date) -> None:
    for row in school["consents"]:
        given_on, until_on = (
            date.fromisoformat(row["effective_on"]),
            date.fromisoformat(row["valid_until_on"]),
        )
        assert given_on <= date.fromisoformat(row["verified_on"]) < day < until_on
        assert timedelta(days=364) <= until_on - given_on <= timedelta(days=366)
        assert (row["answer"], row["method"], row["form_version"]) == ("given", "paper_signed", "2026-1")


def test_an_evidence_reference_names_the_child_and_the_guardian(school: School) -> None:
    evidence = {row["evidence_ref"] for row in school["consents"]}
    assert "FORM-0101-G01" in evidence
    assert len(evidence) * 3 == len(school["consents"])


def test_permissions_are_verified_by_somebody_who_does_not_teach(school: School) -> None:
    verifiers = {row["verified_by"] for row in school["consents"]}
    teachers = {row["email"] for row in school["staff"] if "teacher" in row["roles"].split("|")}
    assert verifiers and not verifiers & teachers


def test_all_staff_are_trained_checked_and_have_read_the_policy(school: School, day: date) -> None:
    for row in school["staff"]:
        assert timedelta(days=364) < date.fromisoformat(row["training_until"]) - day < timedelta(days=367)
        assert date.fromisoformat(row["dbs_until"]) > day > date.fromisoformat(row["policy_ack_on"])
        assert row["roles"] and row["email"].endswith("@northmoor.example")


def test_the_class_is_about_twelve_whatever_the_year(school: School, day: date) -> None:
    born = {row["reference"]: date.fromisoformat(row["born_on"]) for row in school["children"]}
    assert {age(born[row["child"]], day) for row in school["groups"]} <= {11, 12}
    assert {one for one, on in born.items() if age(on, day) >= 18} <= {"C-0130"}


def test_noor_is_a_child_today_and_none_in_nine_days(tmp_path: Path) -> None:
    (noor,) = [row for row in read(tmp_path, TODAY)["children"] if row["reference"] == "C-0130"]
    born_on = date.fromisoformat(noor["born_on"])
    assert (noor["born_on"], age(born_on, TODAY), age(born_on, date(2026, 12, 1))) == ("2008-12-01", 17, 18)


def test_minh_alone_has_an_address_and_lives_in_another_zone(school: School) -> None:
    assert [row["reference"] for row in school["children"] if row["email"]] == ["C-0110"]
    abroad = [(row["reference"], row["timezone"]) for row in school["children"] if row["country"] != "GB"]
    assert abroad == [("C-0110", "Asia/Ho_Chi_Minh")]


def test_all_who_teach_or_observe_are_licensed_in_zoom_but_one(school: School) -> None:
    users = {user.email: user for user in zoom_users()}
    working = [row for row in school["staff"] if {"teacher", "observer"} & set(row["roles"].split("|"))]
    assert {row["reference"] for row in working if users[row["email"]].type == 2} == {"T1", "T2", "O1", "O2"}
    assert users["s.rao@northmoor.example"].type == 1
    assert set(users) == {row["email"] for row in school["staff"]}


def test_zoom_user_ids_look_like_zooms_and_stay_the_same() -> None:
    ids = [user.id for user in zoom_users()]
    assert len(set(ids)) == len(ids)
    assert all(len(one) == 22 and one.isalnum() for one in ids)
    assert ids == [user.id for user in zoom_users()]
