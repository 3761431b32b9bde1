from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomguard.domain.people import (
    OPERATOR,
    Role,
    Who,
    address,
    age_on,
    in_domains,
    is_child,
    staff_address,
)


def test_who_acts_holds_any_of_the_roles_asked_for():
    who = Who("P-1", frozenset({Role.TEACHER, Role.DSL}))
    assert who.has(Role.DSL, Role.LEADER)
    assert not who.has(Role.LEADER)
    assert not who.has()
    assert OPERATOR.has(Role.OPERATOR)


def test_an_address_is_written_in_one_way():
    assert address("  T.Wren@Northmoor.Example ") == "t.wren@northmoor.example"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "wren",
        "@northmoor.example",
        "t@northmoor",
        "t..wren@northmoor.example",
        "t@north..example",
        "t wren@northmoor.example",
        "t@northmoor.example\nBcc: x@private.example",
        "t@nоrthmoor.example",
        "ｔ@northmoor.example",
        "T <t@northmoor.example>",
        f"{'t' * 65}@northmoor.example",
    ],
)
def test_what_is_no_plain_address_is_refused(text: str):
    with pytest.raises(ValueError, match="not an address"):
        address(text)


def test_an_alias_is_the_same_person():
    assert staff_address("T.Wren+obs+2@northmoor.example") == staff_address("t.wren@northmoor.example")


def test_an_alias_of_nobody_is_no_address():
    with pytest.raises(ValueError, match="not an address"):
        staff_address("+obs@northmoor.example")


def test_only_the_very_domain_is_ours():
    ours = ("northmoor.example",)
    assert in_domains("t@northmoor.example", ours)
    for other in ("t@sub.northmoor.example", "t@northmoor.example.private.example", "t@xnorthmoor.example"):
        assert not in_domains(other, ours)


def test_somebody_born_on_29_february_turns_18_on_1_march_in_common_years():
    born = date(2008, 2, 29)
    assert [age_on(born, date(2026, 2, 28)), age_on(born, date(2026, 3, 1))] == [17, 18]
    assert [age_on(born, date(2028, 2, 28)), age_on(born, date(2028, 2, 29))] == [19, 20]


@given(st.dates(date(1950, 1, 1), date(2026, 1, 1)), st.integers(0, 40))
def test_ages_grow_on_birthdays_alone(born_on: date, years: int):
    birthday = date(born_on.year + years, born_on.month, 28 if born_on.day == 29 else born_on.day)
    if born_on.day != 29:
        assert age_on(born_on, birthday) == years
        assert age_on(born_on, date.fromordinal(birthday.toordinal() - 1)) == years - 1


def test_the_day_of_the_session_in_london_decides_who_is_a_child():
    born = date(2008, 7, 1)
    assert is_child(born, datetime(2026, 6, 30, 22, 59, tzinfo=UTC))
    assert not is_child(born, datetime(2026, 6, 30, 23, 0, tzinfo=UTC))


def test_an_unknown_birth_counts_as_a_child():
    assert is_child(None, datetime(2026, 12, 1, tzinfo=UTC))
