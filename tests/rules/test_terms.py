from datetime import date, time

import pytest

from zoomguard.domain.calendars import Closure, OfficeHours
from zoomguard.domain.errors import SettingsWrong
from zoomguard.rules.terms import DEFAULT, Terms, read, version_of


def lines(body: str) -> tuple[str, ...]:
    with pytest.raises(SettingsWrong) as refusal:
        read(body.encode())
    return refusal.value.lines


def test_the_packaged_terms_are_the_defaults():
    body = DEFAULT.encode()
    assert read(body) == Terms(version_of(body))
    assert read(b"") == Terms(version_of(b""))


def test_a_version_is_twelve_hex_digits_and_changes_with_any_byte():
    assert version_of(b"") == "e3b0c44298fc"
    assert version_of(b" ") != version_of(b"")


def test_what_stands_in_the_file_holds():
    terms = read(
        b"""
        [organisation]
        name = "Northmoor"
        zone = "Europe/Dublin"
        [contacts]
        safeguarding_lead = "Ms Hale"
        safeguarding_phone = "01865 000000"
        [session]
        max_minutes = 90
        door_opens_minutes_before = 0
        policy_ack_valid_days = 365
        shown_name = "known_as"
        [consent]
        max_months = 12
        [retention.routine]
        days = 30
        [retention.no_child]
        days = 1
        """
    )
    assert (terms.organisation, terms.zone, terms.max_minutes) == ("Northmoor", "Europe/Dublin", 90)
    assert (terms.contacts.safeguarding_lead, terms.contacts.safeguarding_phone) == (
        "Ms Hale",
        "01865 000000",
    )
    assert (terms.door_opens_minutes_before, terms.policy_ack_valid_days) == (0, 365)
    assert (terms.shown_name, terms.consent_max_months) == ("known_as", 12)
    assert dict(terms.retention_days) == {"routine": 30, "no_child": 1, "unassigned": 90}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("[session]\nmax_minutes = 181", "[session] max_minutes"),
        ("[session]\nmax_minutes = 0", "[session] max_minutes"),
        ("[session]\nmax_minutes = true", "[session] max_minutes"),
        ('[session]\nmax_minutes = "60"', "[session] max_minutes"),
        ("[session]\npasscode_length = 9", "[session] passcode_length"),
        ('[session]\nobserver = "advisory"', "[session] observer"),
        ("[session]\nshown_name = 1", "[session] shown_name"),
        ("[session]\nmax_minute = 60", "[session] max_minute is not known"),
        ("[retention.routine]\ndays = 29", "[retention.routine] days"),
        ("[retention.routine]\nday = 90", "[retention.routine] day is not known"),
        ("[retention.forever]\ndays = 90", "[retention.forever] is not known"),
        ("retention = 90", "[retention] must be a section"),
        ("session = 5", "[session] must be a section"),
        ("[organisation]\nname = 5", "[organisation] name"),
        ('[organisation]\nname = "a\\nb"', "[organisation] name"),
        ('[organisation]\nzone = "Mars/Base"', "[organisation] zone"),
        ("[consents]\n", "[consents] is not known"),
        ("[archive]\nat_once = 0", "[archive] at_once must be a whole number from 1 to 8"),
        ("[archive]\nat_once = 9", "[archive] at_once"),
        ("[archive]\nat_once = 2.0", "[archive] at_once"),
        (
            "[archive]\nmegabits_per_second = -1",
            "[archive] megabits_per_second must be a whole number from 0 to 100000",
        ),
        ('[archive]\nmegabits_per_second = "200"', "[archive] megabits_per_second"),
        ('[archive]\nfull_speed_from = "8pm"', '[archive] full_speed_from must be a time such as "09:00"'),
        ('[archive]\nfull_speed_until = "24:00"', "[archive] full_speed_until"),
        ("[archive]\nfull_speed_until = 7", "[archive] full_speed_until"),
        ("[archive]\nfull_speed = 7", "[archive] full_speed is not known"),
        ("archive = 5", "[archive] must be a section"),
        ("[session]\ncreate_ahead_days = 0", "[session] create_ahead_days must be a whole number from 1 to 366"),
        ("[session]\ncreate_ahead_days = 367", "[session] create_ahead_days"),
        ("[session]\nobserver_gap_minutes = -1", "[session] observer_gap_minutes must be a whole number from 0 to 60"),
        ("[session]\nobserver_gap_minutes = 61", "[session] observer_gap_minutes"),
        ('[session]\nwithout_observer = "go on"', '[session] without_observer must be "cancel" or "dsl"'),
        ("office = 5", "[office] must be a section"),
        ("[office]\nzone = 5", "[office] zone is not known"),
        ("[office]\ndays = []", "[office] days must be days out of mon, tue"),
        ('[office]\ndays = ["Monday"]', "[office] days"),
        ("[office]\ndays = [1]", "[office] days"),
        ('[office]\ndays = "mon"', "[office] days"),
        ('[office]\nfrom = "9:00"', '[office] from must be a time such as "09:00"'),
        ("[office]\nfrom = 08:00:00", "[office] from"),
        ('[office]\nuntil = "24:00"', "[office] until"),
        ('[office]\nfrom = "12:00"\nuntil = "12:00"', "[office] until must be later than from"),
        ('[office]\nuntil = "08:00"', "[office] until must be later than from"),
        ('[office]\nholidays = ["2026-12-25"]', "[office] holidays must be dates"),
        ("[office]\nholidays = [2026-12-25T00:00:00]", "[office] holidays"),
        ("[office]\nholidays = 2026-12-25", "[office] holidays"),
        ("closures = 5", "closures must be sections [[closures]]"),
        ("[closures]\n", "closures must be sections [[closures]]"),
        ("closures = [5]\n", "closures must be sections [[closures]]"),
        ('[[closures]]\nname = "A"\nfrom = 2027-02-19\nuntil = 2027-02-15', "[closures 1] until must not be earlier"),
        ('[[closures]]\nname = "A"\nfrom = 2027-02-19\nuntil = 0001-01-01', "[closures 1] until must not be earlier"),
        ('[[closures]]\nname = "A"\nfrom = "2027-02-15"\nuntil = 2027-02-15', "[closures 1] from must be a date"),
        ('[[closures]]\nname = "A"\nfrom = 2027-02-15', "[closures 1] until must be a date"),
        ('[[closures]]\nname = "A"\nfrom = 2027-02-15\nuntil = 2027-02-15T10:00:00', "[closures 1] until"),
        ("[[closures]]\nfrom = 2027-02-15\nuntil = 2027-02-15", "[closures 1] name must be a line of text"),
        ('[[closures]]\nname = " "\nfrom = 2027-02-15\nuntil = 2027-02-15', "[closures 1] name"),
        ("[[closures]]\nname = 5\nfrom = 2027-02-15\nuntil = 2027-02-15", "[closures 1] name"),
        ('[[closures]]\nname = "A"\nfrom = 2027-02-15\nuntil = 2027-02-15\nzone = 1', "[closures 1] zone is not known"),
        ('[[term_dates]]\nname = "A"\nfrom = 2027-02-19\nuntil = 2027-02-15', "[term_dates 1] until"),
    ],
)
def test_each_wrong_line_is_named(body: str, named: str):
    (line,) = lines(body)
    assert named in line


def test_the_calendar_in_the_file_holds():
    terms = read(
        b"""
        [session]
        create_ahead_days = 366
        observer_gap_minutes = 60
        without_observer = "dsl"
        [office]
        days = ["sun", "mon"]
        from = "08:30"
        until = "23:59"
        holidays = [2026-12-25, 2026-12-28]
        [[closures]]
        name = "Half-term"
        from = 2027-02-15
        until = 2027-02-19
        [[closures]]
        name = "Open day"
        from = 2027-03-02
        until = 2027-03-02
        [[term_dates]]
        name = "Spring term"
        from = 2027-01-04
        until = 2027-03-25
        """
    )
    assert (terms.create_ahead_days, terms.observer_gap_minutes, terms.without_observer) == (366, 60, "dsl")
    holidays = frozenset({date(2026, 12, 25), date(2026, 12, 28)})
    assert terms.office == OfficeHours(frozenset({6, 0}), time(8, 30), time(23, 59), holidays)
    assert terms.closures == (
        Closure("Half-term", date(2027, 2, 15), date(2027, 2, 19)),
        Closure("Open day", date(2027, 3, 2), date(2027, 3, 2)),
    )
    assert terms.term_dates == (Closure("Spring term", date(2027, 1, 4), date(2027, 3, 25)),)


def test_the_examples_in_the_packaged_terms_can_be_used_as_they_stand():
    examples = DEFAULT[DEFAULT.index("# [[closures]]") :].replace("# ", "").replace("#\n", "\n")
    shown = "\n".join(line for line in examples.splitlines() if "left out" not in line)
    terms = read(shown.encode())
    assert [c.name for c in (*terms.closures, *terms.term_dates)] == ["Half-term", "Spring term"]


def test_each_of_several_closures_is_named_by_its_place():
    body = '[[closures]]\nname = "A"\nfrom = 2027-02-15\nuntil = 2027-02-15\n[[closures]]\n'
    assert [line.partition("]")[0] for line in lines(body)] == ["TERMS_FILE: [closures 2"] * 3


def test_all_that_is_wrong_is_told_at_once():
    assert len(lines("[session]\nmax_minutes = 0\nshown_name = 1\n[unheard]\n")) == 3


@pytest.mark.parametrize("body", [b"[session", b"\xff"])
def test_what_is_no_toml_is_refused(body: bytes):
    with pytest.raises(SettingsWrong, match="not TOML"):
        read(body)
