"""Safe facts, of which a test changes the one thing that it is about."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from zoomguard.domain.consents import ConsentDecision, ConsentState, Scope
from zoomguard.domain.meeting_plan import (
    GOVERNED,
    HostPosture,
    Meeting,
    MeetingPlan,
    PasscodeRule,
    differences,
    mark,
)
from zoomguard.domain.people import ChildOnRecord, Role, StaffOnRecord
from zoomguard.rules.facts import ConsentFacts, MeetingFacts, PeopleFacts
from zoomguard.rules.terms import Terms

# 16:00 in London, which is on UTC in winter.
STARTS_AT = datetime(2026, 12, 1, 16, tzinfo=UTC)
TERMS = Terms("0123456789ab")
TEACHER, OBSERVER = "t.wren@northmoor.example", "o.finch@northmoor.example"
CHILDREN = ("C-0101", "C-0102")
ADDRESSES = frozenset({"k3p9@entry.northmoor.example", "x7d2@entry.northmoor.example"})
SESSION_ID = "01KBDZ5S00ZG0000000000SAFE"
LATE = date(2027, 6, 30)


def a_teacher(**change: Any) -> StaffOnRecord:
    """A teacher with everything in order."""
    safe = StaffOnRecord("P-1", "T1", TEACHER, True, frozenset({Role.TEACHER}), LATE, LATE, LATE)
    return replace(safe, **change)


def an_observer(**change: Any) -> StaffOnRecord:
    """An observer with everything in order."""
    safe = StaffOnRecord("P-2", "O1", OBSERVER, True, frozenset({Role.OBSERVER}), LATE, LATE, LATE)
    return replace(safe, **change)


def a_child(reference: str = CHILDREN[0], **change: Any) -> ChildOnRecord:
    """A learner of 14."""
    return replace(ChildOnRecord(f"id-of-{reference}", reference, date(2012, 5, 17)), **change)


def a_posture(email: str = TEACHER, **change: Any) -> HostPosture:
    """A Zoom user who may host."""
    return replace(HostPosture(f"z-{email}", email, True, True, PasscodeRule(), True), **change)


def the_children() -> tuple[ChildOnRecord, ...]:
    """The roster of the safe session."""
    return tuple(a_child(reference) for reference in CHILDREN)


def safe_people(**change: Any) -> PeopleFacts:
    """Teacher, observer and children against whom no rule says anything."""
    safe = PeopleFacts(
        starts_at=STARTS_AT,
        minutes=60,
        teacher=a_teacher(),
        observer=an_observer(),
        teacher_organisational=True,
        observer_organisational=True,
        teacher_posture=a_posture(TEACHER),
        observer_posture=a_posture(OBSERVER),
        children=the_children(),
    )
    return replace(safe, **change)


def safe_consents(decided: dict[tuple[str, Scope], ConsentState | None] | None = None, **change: Any) -> ConsentFacts:
    """Permission for everything; `decided` puts another state, or None: nothing was looked up."""
    states: dict[tuple[str, Scope], ConsentState | None] = {
        (reference, scope): ConsentState.ACTIVE
        for reference in CHILDREN
        for scope in (Scope.VIDEO_LIVE, Scope.VIDEO_RECORD)
    }
    states |= decided or {}
    decisions = {key: ConsentDecision(state) for key, state in states.items() if state is not None}
    return replace(ConsentFacts(STARTS_AT, the_children(), decisions), **change)


def a_plan(**change: Any) -> MeetingPlan:
    """What is asked of Zoom."""
    safe = MeetingPlan(
        host_email=TEACHER,
        observers=(OBSERVER,),
        topic="MATHS-7B S-7K2M",
        mark=mark("sandbox-1a2b", SESSION_ID, 1),
        starts_at=STARTS_AT,
        minutes=60,
        zone="Europe/London",
        passcode="aB3@xK9_mQ",
    )
    return replace(safe, **change)


def meeting_as_planned(plan: MeetingPlan, **change: Any) -> Meeting:
    """The meeting that Zoom made exactly as asked."""
    agreed = Meeting(
        number=81234567890,
        uuid="u1==",
        host_email=plan.host_email,
        status="waiting",
        topic=plan.topic,
        agenda=str(plan.request()["agenda"]),
        starts_at=plan.starts_at,
        minutes=plan.minutes,
        passcode=plan.passcode,
        join_url="https://zoom.example/j/81234567890",
        alternative_hosts=frozenset(plan.observers),
        values={path: wanted for path, (_, wanted) in GOVERNED.items()},
    )
    return replace(agreed, **change)


def safe_meeting(
    *,
    plan: MeetingPlan | None = None,
    values: dict[str, Any] | None = None,
    everyone_waits: bool | None = True,
    meeting: dict[str, Any] | None = None,
    **change: Any,
) -> MeetingFacts:
    """A meeting as asked, compared by the product itself.

    `values` changes governed settings (None: Zoom left it out), `meeting` other fields of the read-back.
    """
    plan = plan or a_plan()
    got = meeting_as_planned(plan, **(meeting or {}))
    told = {path: value for path, value in {**got.values, **(values or {})}.items() if value is not None}
    got = replace(got, values=told)
    safe = MeetingFacts(
        plan=plan,
        meeting=got,
        everyone_waits=everyone_waits,
        differences=differences(plan, got, everyone_waits),
        roster=ADDRESSES,
        registered=ADDRESSES,
        roster_names=frozenset({"Lena", "Novak", "Zoë", "Ng"}),
    )
    return replace(safe, **change)
