from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.builders import TERMS
from zoomguard.domain.calendars import OfficeHours
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.rules import messages
from zoomguard.rules.facts import MessageFacts
from zoomguard.rules.terms import Contacts

NOW = datetime(2026, 12, 1, 10, tzinfo=UTC)
NIGHT = datetime(2026, 12, 1, 22, tzinfo=UTC)


def a_message(**change: Any) -> MessageFacts:
    """To a child, in the organisation's words, in office hours."""
    safe = MessageFacts(
        audience="child",
        template="reminder",
        free_text="",
        now=NOW,
        office=OfficeHours(),
        college_zone="Europe/London",
        home_zone="Europe/London",
        organisational_sender=True,
        recipient_may_be_contacted=True,
        designated=False,
    )
    return replace(safe, **change)


def found(facts: MessageFacts) -> dict[str, Finding]:
    return {f.rule: f for rule in messages.RULES for f in rule.ask(facts, TERMS)}


def wrong(facts: MessageFacts) -> list[tuple[str, str]]:
    return [(f.rule, f.verdict.value) for f in found(facts).values() if f.verdict in (Outcome.FAIL, Outcome.UNKNOWN)]


def test_our_own_words_to_a_child_in_office_hours_pass():
    verdicts = {rule: f.verdict for rule, f in found(a_message()).items()}
    assert verdicts.pop("MSG-TONE") is Outcome.NOT_APPLICABLE
    assert set(verdicts.values()) == {Outcome.PASS}


@pytest.mark.parametrize("audience", ["guardian", "child"])
def test_a_sender_who_is_not_the_organisation_stops_the_mail(audience: str):
    assert wrong(a_message(audience=audience, organisational_sender=False)) == [("ACC-ORG-PARENTS", "fail")]
    assert wrong(a_message(audience=audience, organisational_sender=None)) == [("ACC-ORG-PARENTS", "unknown")]


def test_staff_may_be_written_to_at_night_and_in_any_words():
    facts = a_message(audience="staff", free_text="lol x", now=NIGHT, organisational_sender=False)
    verdicts = {rule: f.verdict for rule, f in found(facts).items()}
    assert verdicts.pop("MSG-RECIPIENT") is Outcome.PASS
    assert set(verdicts.values()) == {Outcome.NOT_APPLICABLE}


def test_what_a_person_typed_to_a_child_waits_for_a_designated_person():
    typed = a_message(free_text="Please bring a ruler.")
    assert wrong(typed) == [("MSG-VIA-DESIGNATED", "fail")]
    assert wrong(replace(typed, template="")) == [("MSG-VIA-DESIGNATED", "fail")]
    assert wrong(replace(typed, designated=True)) == []


def test_what_a_person_typed_to_a_guardian_waits_for_nobody():
    facts = a_message(audience="guardian", free_text="Please bring a ruler.")
    assert found(facts)["MSG-VIA-DESIGNATED"].verdict is Outcome.NOT_APPLICABLE
    assert wrong(facts) == []


@pytest.mark.parametrize("free_text", ["", " \n"])
def test_a_message_of_which_nothing_is_known_is_unknown(free_text: str):
    facts = a_message(template="", free_text=free_text, designated=True)
    assert wrong(facts) == [("MSG-VIA-DESIGNATED", "unknown")]


def test_a_child_is_not_written_to_at_night_and_hears_until_when_it_waits():
    facts = a_message(now=NIGHT)
    assert wrong(facts) == [("MSG-HOURS", "fail")]
    assert found(facts)["MSG-HOURS"].remedy == "It waits until Wed 2 Dec 2026 09:00 Europe/London."


def test_a_guardian_is_written_to_at_any_hour():
    facts = a_message(audience="guardian", now=NIGHT)
    assert found(facts)["MSG-HOURS"].verdict is Outcome.NOT_APPLICABLE
    assert wrong(facts) == []


def test_office_hours_at_night_where_the_child_lives_are_none():
    afternoon = datetime(2026, 12, 1, 15, tzinfo=UTC)
    assert wrong(a_message(now=afternoon, home_zone="Asia/Ho_Chi_Minh")) == [("MSG-HOURS", "fail")]
    assert wrong(a_message(now=NOW, home_zone="Asia/Ho_Chi_Minh")) == []


def test_a_holiday_has_no_office_hours():
    assert wrong(a_message(office=OfficeHours(holidays=frozenset({date(2026, 12, 1)})))) == [("MSG-HOURS", "fail")]


def test_where_office_hours_are_never_by_day_the_nearest_pass_with_a_reason():
    facts = a_message(now=datetime(2026, 12, 1, 16, 40, tzinfo=UTC), home_zone="Pacific/Auckland")
    assert wrong(facts) == []
    assert "never by day" in found(facts)["MSG-HOURS"].reason
    assert found(a_message())["MSG-HOURS"].reason == ""
    assert wrong(replace(facts, now=NOW)) == [("MSG-HOURS", "fail")]


@pytest.mark.parametrize("zone", ["", "Mars/Base"])
def test_a_child_whose_time_zone_is_not_on_record_is_unknown(zone: str):
    facts = a_message(home_zone=zone)
    assert wrong(facts) == [("MSG-HOURS", "unknown")]
    assert found(facts)["MSG-HOURS"].remedy == "Put the child's time zone on record."


@pytest.mark.parametrize("audience", ["guardian", "child"])
def test_what_is_out_of_place_is_told_by_its_kind_and_never_by_its_words(audience: str):
    facts = a_message(audience=audience, free_text="lol Lena, on WhatsApp. See you! x", designated=True)
    assert wrong(facts) == [("MSG-TONE", "fail")]
    reason = found(facts)["MSG-TONE"].reason
    assert reason == "The text has kisses, slang and another way to get in touch."


def test_one_thing_out_of_place_is_named_alone():
    facts = a_message(free_text="Thanks x", designated=True)
    assert found(facts)["MSG-TONE"].reason == "The text has kisses."


def test_a_professional_text_passes_and_so_do_the_colleges_numbers():
    terms = replace(TERMS, contacts=Contacts("Ms Hale", "01865 000001", "01865 000002"))
    text = "Find x. Ring 01865 000001, 01865 000002 or 0808 800 5000."
    (finding,) = messages.the_tone_is_professional.ask(a_message(free_text=text), terms)
    assert finding.verdict is Outcome.PASS


def test_a_text_in_other_letters_is_unknown_and_what_is_noticed_in_it_still_fails():
    assert wrong(a_message(free_text="Привет всем", designated=True)) == [("MSG-TONE", "unknown")]
    assert wrong(a_message(free_text="Привет всем, WhatsApp", designated=True)) == [("MSG-TONE", "fail")]


@pytest.mark.parametrize("audience", ["guardian", "child", "staff"])
def test_nobody_is_written_to_who_may_not_be(audience: str):
    assert wrong(a_message(audience=audience, recipient_may_be_contacted=False)) == [("MSG-RECIPIENT", "fail")]
    assert wrong(a_message(audience=audience, recipient_may_be_contacted=None)) == [("MSG-RECIPIENT", "unknown")]
