from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import (
    ADDRESSES,
    OBSERVER,
    STARTS_AT,
    TERMS,
    a_plan,
    safe_meeting,
)
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.domain.meeting_plan import GOVERNED, NOT_RETURNED, WAITING_ROOM_OPTIONS
from zoomguard.rules import meeting
from zoomguard.rules.facts import MeetingFacts

COMPARED = {path: rule for path, (rule, _) in GOVERNED.items()}
WHO_WAITS = WAITING_ROOM_OPTIONS[1]


def found(facts: MeetingFacts) -> list[Finding]:
    return [f for rule in meeting.RULES for f in rule.ask(facts, TERMS)]


def wrong(facts: MeetingFacts) -> list[tuple[str, str, str]]:
    bad = (Outcome.FAIL, Outcome.UNKNOWN)
    return [(f.rule, f.verdict.value, f.subject) for f in found(facts) if f.verdict in bad]


def other_than(wanted: object) -> object:
    """A value of the same kind that nobody asked for."""
    return (not wanted) if isinstance(wanted, bool) else 8 if isinstance(wanted, int) else "something else"


FOREIGN = frozenset({*ADDRESSES, "stranger@private.example"})
ONE_CHANGE: dict[str, tuple[MeetingFacts, tuple[str, str, str]]] = {
    "another passcode": (
        safe_meeting(meeting={"passcode": "zY9-wV8*uT"}),
        ("VC-PASSCODE", "fail", "password"),
    ),
    "passcode not reported": (safe_meeting(meeting={"passcode": ""}), ("VC-PASSCODE", "unknown", "password")),
    "short passcode": (safe_meeting(plan=a_plan(passcode="aB3@xK9_m")), ("VC-PASSCODE", "fail", "password")),
    "no passcode asked for": (safe_meeting(plan=a_plan(passcode="")), ("VC-PASSCODE", "unknown", "password")),
    "waiting room off, options left out": (
        safe_meeting(
            values={"settings.waiting_room": False, **dict.fromkeys(WAITING_ROOM_OPTIONS)},
            everyone_waits=False,
        ),
        ("VC-WAITING", "fail", "settings.waiting_room"),
    ),
    "nobody says who waits": (
        safe_meeting(values=dict.fromkeys(WAITING_ROOM_OPTIONS), everyone_waits=None),
        ("VC-WAITING", "unknown", WHO_WAITS),
    ),
    "the host lets some walk past": (
        safe_meeting(values=dict.fromkeys(WAITING_ROOM_OPTIONS), everyone_waits=False),
        ("VC-WAITING", "fail", WHO_WAITS),
    ),
    "one option left out": (
        safe_meeting(values={WAITING_ROOM_OPTIONS[0]: None}, everyone_waits=None),
        ("VC-WAITING", "unknown", WAITING_ROOM_OPTIONS[0]),
    ),
    "observer not in the meeting": (
        safe_meeting(meeting={"alternative_hosts": frozenset({"x@northmoor.example"})}),
        ("OBSERVER-AT-ZOOM", "fail", "settings.alternative_hosts"),
    ),
    "somebody else as alternative host too": (
        safe_meeting(meeting={"alternative_hosts": frozenset({OBSERVER, "x@northmoor.example"})}),
        ("OBSERVER-AT-ZOOM", "fail", "settings.alternative_hosts"),
    ),
    "no alternative host reported": (
        safe_meeting(meeting={"alternative_hosts": frozenset()}),
        ("OBSERVER-AT-ZOOM", "unknown", "settings.alternative_hosts"),
    ),
    "moved in Zoom": (
        safe_meeting(meeting={"starts_at": STARTS_AT + timedelta(hours=1)}),
        ("SESSION-APPROVED", "fail", "start_time"),
    ),
    "start not reported": (
        safe_meeting(meeting={"starts_at": None}),
        ("SESSION-APPROVED", "unknown", "start_time"),
    ),
    "longer": (safe_meeting(meeting={"minutes": 90}), ("SESSION-APPROVED", "fail", "duration")),
    "length not reported": (
        safe_meeting(meeting={"minutes": None}),
        ("SESSION-APPROVED", "unknown", "duration"),
    ),
    "not our mark": (safe_meeting(meeting={"agenda": "Sums"}), ("VC-IDENTITY", "fail", "agenda")),
    "a child not registered": (
        safe_meeting(registered=frozenset(sorted(ADDRESSES)[:1])),
        ("VC-IDENTITY", "fail", "registrants"),
    ),
    "a stranger registered": (safe_meeting(registered=FOREIGN), ("VC-IDENTITY", "fail", "registrants")),
    "registrants not told": (safe_meeting(registered=None), ("VC-IDENTITY", "unknown", "registrants")),
    "another topic": (safe_meeting(meeting={"topic": "Sums"}), ("ID-NOPUBLISH", "fail", "topic")),
}
for _path, (_rule, _wanted) in GOVERNED.items():
    ONE_CHANGE[f"{_path} is other"] = (
        safe_meeting(values={_path: other_than(_wanted)}),
        (_rule, "fail", _path),
    )
    if _path not in NOT_RETURNED:
        ONE_CHANGE[f"{_path} is left out"] = (
            safe_meeting(values={_path: None}, everyone_waits=None),
            (_rule, "unknown", _path),
        )


def test_a_meeting_as_asked_gives_no_finding_and_every_rule_passes():
    assert wrong(safe_meeting()) == []
    assert {f.rule for f in found(safe_meeting()) if f.verdict is Outcome.PASS} == {r.id for r in meeting.RULES}


@pytest.mark.parametrize(("facts", "expected"), ONE_CHANGE.values(), ids=ONE_CHANGE)
def test_one_change_gives_exactly_one_finding(facts: MeetingFacts, expected: tuple[str, str, str]):
    assert wrong(facts) == [expected]


def test_every_rule_has_a_failing_and_an_unknown_case():
    """Topic and agenda are texts that we always have: ID-NOPUBLISH knows no unknown."""
    ids = {r.id for r in meeting.RULES}
    assert {e[0] for _, e in ONE_CHANGE.values() if e[1] == "fail"} == ids
    assert {e[0] for _, e in ONE_CHANGE.values() if e[1] == "unknown"} == ids - {"ID-NOPUBLISH"}


def test_each_difference_of_the_domain_belongs_to_a_rule_of_this_file():
    assert set(COMPARED.values()) <= {r.id for r in meeting.RULES}


def test_nothing_passes_for_what_was_merely_sent():
    facts = safe_meeting(differences=())
    before = replace(facts, meeting=None, registered=None)
    assert {f.rule for f in found(before) if f.verdict is Outcome.PASS} == {"ID-NOPUBLISH"}
    assert {f.verdict for f in found(before)} == {Outcome.PASS, Outcome.NOT_APPLICABLE}


def test_the_hosts_settings_decide_where_the_meeting_leaves_the_options_out():
    assert wrong(safe_meeting(values=dict.fromkeys(WAITING_ROOM_OPTIONS), everyone_waits=True)) == []


def test_options_that_zoom_reports_wrong_are_told_beside_a_waiting_room_that_is_off():
    facts = safe_meeting(values={"settings.waiting_room": False, WHO_WAITS: "guests_only"})
    assert [w[2] for w in wrong(facts)] == ["settings.waiting_room", WHO_WAITS]


def test_a_difference_shows_what_was_wanted_and_what_came():
    facts = safe_meeting(values={"settings.join_before_host": True})
    (finding,) = [f for f in found(facts) if f.verdict is Outcome.FAIL]
    assert (finding.wanted, finding.got) == (False, True)
    assert finding.remedy


def test_no_finding_shows_a_passcode():
    facts = safe_meeting(meeting={"passcode": "zY9-wV8*uT"})
    told = str([f.as_json() for f in found(facts)])
    assert "zY9-wV8*uT" not in told
    assert facts.plan.passcode not in told


def test_registrants_are_counted_and_no_address_is_shown():
    facts = safe_meeting(registered=frozenset({"stranger@private.example"}))
    (finding,) = [f for f in found(facts) if f.verdict is Outcome.FAIL]
    assert finding.reason == "2 of the roster not registered, 1 registered who are not on it."
    assert "@" not in str(finding.as_json())


TELLING: dict[str, tuple[str, str]] = {
    "first name": ("Maths with Lena", "a name of the roster"),
    "capitals": ("LENA: maths", "a name of the roster"),
    "underscore": ("maths_novak", "a name of the roster"),
    "two letters": ("Ng maths", "a name of the roster"),
    "wide letters": ("Ｌｅｎａ", "a name of the roster"),
    "composed otherwise": ("Zoe\u0308's lesson", "a name of the roster"),
    "postcode": ("Maths at OX1 2JD", "a postcode"),
    "postcode without a space": ("maths ox12jd", "a postcode"),
    "mobile number": ("Call 07700 900123", "a telephone number"),
    "landline": ("Call (01865) 496-000", "a telephone number"),
    "international number": ("Call +84 24 3936 1234", "a telephone number"),
    "address": ("Ask lena.n@private.example", "an e-mail address"),
}
HARMLESS = (
    "MATHS-7B S-7K2M",
    "IGCSE 0478 S-0123",
    "History 1914-1918 S-AB12",
    "Term 2026-2027 S-7K2M",
    "Calendar 2026-12-01 S-7K2M",
    "Angles and Novakian S-NGNG",
    "A @ B",
)


@pytest.mark.parametrize(("topic", "what"), TELLING.values(), ids=TELLING)
def test_a_telling_topic_is_refused_before_anything_is_sent(topic: str, what: str):
    facts = safe_meeting(plan=a_plan(topic=topic))
    expected = [("ID-NOPUBLISH", "fail", "topic")]
    assert wrong(facts) == expected
    assert wrong(replace(facts, meeting=None, differences=())) == expected
    (finding,) = [f for f in found(facts) if f.verdict is Outcome.FAIL]
    assert what in finding.reason
    assert topic not in finding.reason


@pytest.mark.parametrize("topic", HARMLESS)
def test_a_topic_of_course_and_short_id_tells_nothing(topic: str):
    assert wrong(safe_meeting(plan=a_plan(topic=topic))) == []


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("Zoë", "ZOE-1"),
        ("José", "JOSE-A"),
        ("Nguyễn", "NGUYEN-MATHS"),
        ("Łukasz", "LUKASZ"),
        ("Van Dyke", "VAN-DYKE"),
        ("O'Brien", "OBRIEN-2"),
        ("Anne-Marie", "ANNEMARIE"),
    ],
)
def test_a_name_typed_with_plain_letters_is_still_a_name(name: str, topic: str):
    facts = safe_meeting(plan=a_plan(topic=f"{topic} S-7K2M"), roster_names=frozenset({name}))
    assert wrong(facts) == [("ID-NOPUBLISH", "fail", "topic")]


def test_several_telling_things_in_one_text_are_one_finding():
    facts = safe_meeting(plan=a_plan(topic="Lena OX1 2JD"))
    (finding,) = [f for f in found(facts) if f.verdict is Outcome.FAIL]
    assert finding.reason == "The topic holds a name of the roster and a postcode."


def test_an_agenda_that_somebody_changed_in_zoom_is_read_too():
    plan = a_plan()
    agenda = f"{plan.mark}\nLena, call 07700 900123"
    assert wrong(safe_meeting(plan=plan, meeting={"agenda": agenda})) == [("ID-NOPUBLISH", "fail", "agenda")]


@pytest.mark.parametrize("name", ["Staff", "sandbox", "College", "X", ""])
def test_a_name_that_stands_in_our_own_words_or_mark_is_nobodys(name: str):
    assert wrong(safe_meeting(roster_names=frozenset({name}))) == []


@pytest.mark.parametrize("rule_id", ["VC-RECORD", "VC-CONTENT"])
def test_two_settings_of_one_rule_are_two_findings(rule_id: str):
    paths = [p for p, r in COMPARED.items() if r == rule_id][:2]
    values: dict[str, Any] = {p: other_than(GOVERNED[p][1]) for p in paths}
    assert [w[2] for w in wrong(safe_meeting(values=values))] == paths
