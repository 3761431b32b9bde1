import pytest

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
    ],
)
def test_each_wrong_line_is_named(body: str, named: str):
    (line,) = lines(body)
    assert named in line


def test_all_that_is_wrong_is_told_at_once():
    assert len(lines("[session]\nmax_minutes = 0\nshown_name = 1\n[unheard]\n")) == 3


@pytest.mark.parametrize("body", [b"[session", b"\xff"])
def test_what_is_no_toml_is_refused(body: bytes):
    with pytest.raises(SettingsWrong, match="not TOML"):
        read(body)
