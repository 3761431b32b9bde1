from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from zoomguard.domain.consents import (
    OBJECTIONS,
    ConsentDecision,
    ConsentEvent,
    ConsentState,
    ConsentType,
    Scope,
    decide,
)

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ON = date(2026, 12, 1)
LATER = date(2027, 7, 31)
GIVEN, REFUSED, WITHDRAWN = ConsentType.GIVEN, ConsentType.REFUSED, ConsentType.WITHDRAWN


def an_event(id: str = "e1", type: ConsentType = GIVEN, giver: str = "G-01", **change: Any) -> ConsentEvent:
    event = ConsentEvent(
        id=id,
        child_id="C-0101",
        giver_id=giver,
        scope=Scope.VIDEO_LIVE,
        type=type,
        effective_on=date(2026, 9, 1),
        valid_until_on=LATER if type is GIVEN else None,
        recorded_at=datetime(2026, 9, 1, 8, tzinfo=UTC),
        verified=True,
        authority=True,
    )
    return replace(event, **change)


def state(*events: ConsentEvent, on: date = ON, known_at: datetime = NOW) -> ConsentState:
    return decide(events, Scope.VIDEO_LIVE, on, known_at).state


EVENTS = st.lists(
    st.builds(
        an_event,
        id=st.integers(0, 9999).map("e{}".format),
        type=st.sampled_from(ConsentType),
        giver=st.sampled_from(["G-01", "G-02", "G-03"]),
        scope=st.sampled_from([Scope.VIDEO_LIVE, Scope.VIDEO_RECORD]),
        effective_on=st.dates(date(2026, 11, 25), date(2026, 12, 5)),
        valid_until_on=st.none() | st.dates(date(2026, 11, 20), date(2026, 12, 9)),
        recorded_at=st.integers(-5, 2).map(lambda days: NOW + timedelta(days=days)),
        verified=st.booleans(),
        authority=st.booleans(),
    ),
    max_size=7,
    unique_by=lambda e: e.id,
)


def test_without_any_event_permission_is_missing():
    assert decide([], Scope.VIDEO_LIVE, ON, NOW) == ConsentDecision(ConsentState.MISSING)


def test_a_verified_yes_of_a_guardian_is_active_and_names_what_it_rests_on():
    events = [an_event("e2", giver="G-02"), an_event("e1")]
    assert decide(events, Scope.VIDEO_LIVE, ON, NOW) == ConsentDecision(ConsentState.ACTIVE, ("e1", "e2"))


def test_a_yes_that_nobody_verified_or_from_somebody_without_authority_is_pending():
    assert state(an_event(verified=False)) is ConsentState.PENDING
    assert state(an_event(authority=False)) is ConsentState.PENDING


def test_a_yes_holds_on_its_last_day_and_not_after():
    assert state(an_event(valid_until_on=ON)) is ConsentState.ACTIVE
    assert state(an_event(valid_until_on=ON - timedelta(days=1))) is ConsentState.EXPIRED
    assert state(an_event(valid_until_on=None)) is ConsentState.EXPIRED


def test_a_yes_does_not_count_before_it_takes_effect_or_was_known():
    assert state(an_event(effective_on=ON + timedelta(days=1))) is ConsentState.MISSING
    assert state(an_event(recorded_at=NOW + timedelta(seconds=1))) is ConsentState.MISSING


def test_permission_for_one_scope_is_none_for_another():
    assert decide([an_event()], Scope.VIDEO_RECORD, ON, NOW).state is ConsentState.MISSING


def test_any_objection_of_any_guardian_beats_every_yes():
    for type, expected in OBJECTIONS.items():
        no = an_event("e9", type, "G-02", verified=False, authority=False)
        assert decide([an_event(), no], Scope.VIDEO_LIVE, ON, NOW) == ConsentDecision(expected, ("e9",))


def test_of_two_objections_the_newest_gives_the_state_and_both_are_named():
    refused = an_event("e1", REFUSED)
    disputed = an_event("e2", ConsentType.DISPUTED, "G-02", effective_on=date(2026, 10, 1))
    expected = ConsentDecision(ConsentState.DISPUTED, ("e1", "e2"))
    assert decide([disputed, refused], Scope.VIDEO_LIVE, ON, NOW) == expected


def test_a_new_yes_of_the_same_guardian_ends_an_objection():
    again = an_event("e2", effective_on=date(2026, 10, 1), recorded_at=datetime(2026, 10, 1, tzinfo=UTC))
    assert state(an_event("e1", REFUSED), again) is ConsentState.ACTIVE


def test_a_yes_on_an_old_form_that_is_recorded_late_ends_no_later_objection():
    no = an_event("e1", REFUSED, effective_on=date(2026, 10, 1), recorded_at=datetime(2026, 10, 1, tzinfo=UTC))
    assert state(no, an_event("e2", recorded_at=NOW)) is ConsentState.REFUSED


def test_a_yes_recorded_before_the_withdrawal_never_revives_by_taking_effect_later():
    yes = an_event("e1", effective_on=ON, recorded_at=NOW - timedelta(days=2))
    no = an_event("e2", WITHDRAWN, effective_on=NOW.date(), recorded_at=NOW - timedelta(days=1))
    assert state(yes, no) is ConsentState.WITHDRAWN


def test_a_withdrawal_dated_before_the_yes_it_takes_back_counts():
    no = an_event("e2", WITHDRAWN, effective_on=date(2026, 8, 1), recorded_at=NOW)
    assert state(an_event("e1"), no) is ConsentState.WITHDRAWN


def test_a_yes_and_a_no_recorded_at_the_same_moment_are_a_no():
    for first, second in (("e1", "e2"), ("e2", "e1")):
        assert state(an_event(first), an_event(second, WITHDRAWN)) is ConsentState.WITHDRAWN


@given(EVENTS, st.randoms(use_true_random=False))
def test_the_order_in_which_events_are_read_does_not_matter(events: list[ConsentEvent], random: Any):
    shuffled = list(events)
    random.shuffle(shuffled)
    assert decide(shuffled, Scope.VIDEO_LIVE, ON, NOW) == decide(events, Scope.VIDEO_LIVE, ON, NOW)


@given(EVENTS)
def test_an_active_decision_rests_on_verified_yeses_with_authority_alone(events: list[ConsentEvent]):
    decision = decide(events, Scope.VIDEO_LIVE, ON, NOW)
    if decision.state is ConsentState.ACTIVE:
        used = [e for e in events if e.id in decision.event_ids]
        assert used
        for e in used:
            assert e.type is GIVEN
            assert e.verified
            assert e.authority
            assert e.valid_until_on
            assert e.effective_on <= ON <= e.valid_until_on


@given(EVENTS, st.sampled_from(sorted(OBJECTIONS)), st.sampled_from(["G-01", "G-09"]))
def test_a_withdrawn_consent_is_never_a_pass(events: list[ConsentEvent], type: ConsentType, giver: str):
    """Whatever was said before: an objection recorded last, in force on the day, is never active."""
    last = an_event("last", type, giver, effective_on=ON, recorded_at=NOW)
    before = [replace(e, recorded_at=min(e.recorded_at, NOW)) for e in events]
    assert state(*before, last) in OBJECTIONS.values()
