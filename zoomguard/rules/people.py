"""Rules about who teaches, who observes and who learns.

One thing wrong gives one finding: what one rule refuses, the others do not refuse again. So nothing is asked
about an observer whose address is refused, and nothing twice about somebody named as teacher and observer.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from zoomguard.domain.findings import Verdict, failed, not_applicable, passed, unknown
from zoomguard.domain.meeting_plan import HostPosture
from zoomguard.domain.people import COLLEGE_ZONE, Role, StaffOnRecord, is_child
from zoomguard.domain.times import day_in
from zoomguard.rules.facts import PeopleFacts
from zoomguard.rules.rule import Level, Origin, Override, Rule, rule
from zoomguard.rules.terms import Terms

OFFICE = "the enrolment office"
LEAD = "the safeguarding lead"
ZOOM_ADMIN = "the college's Zoom administrator"
TIGHT_MINUTES = 5


@rule(
    "VC-OBSERVER",
    title="A second member of staff observes, who is free and can open the meeting",
    origin=Origin.BRIEF,
    level=Level.ENFORCE,
    override=Override.DSL,
    remedy="Choose another observer.",
    who=LEAD,
)
def a_second_member_of_staff_observes(people: PeopleFacts, terms: Terms) -> Verdict:
    if not people.observer_organisational:
        return not_applicable("The observer's address is refused already.", "observer")
    if people.observer is None:
        return failed("The observer is on no staff record.", "observer")
    email = people.observer.email
    if _same_person(people.teacher, people.observer):
        return failed("The observer is the teacher.", email)
    if _same_account(people.teacher_posture, people.observer_posture):
        return failed("Teacher and observer are one account at Zoom.", email)
    if reasons := tuple(_against_observing(people, people.observer, terms)):
        return failed(" ".join(reasons), email)
    if people.observer_posture is None:
        return unknown("Zoom knows nobody by the observer's address.", email, _AT_ZOOM)
    return passed(subject=email)


_AT_ZOOM = "Ask the college's Zoom administrator for a licensed, active Zoom account in this name."


def _same_person(teacher: StaffOnRecord, observer: StaffOnRecord) -> bool:
    """A second record with the same staff number is the same person; two without a number need not be."""
    return teacher.id == observer.id or (bool(teacher.reference) and teacher.reference == observer.reference)


def _same_account(teacher: HostPosture | None, observer: HostPosture | None) -> bool:
    """Two addresses of one Zoom user: nobody else would be in the room."""
    return teacher is not None and observer is not None and teacher.zoom_user_id == observer.zoom_user_id


def _against_observing(people: PeopleFacts, observer: StaffOnRecord, terms: Terms) -> Iterator[str]:
    if not observer.active:
        yield "The observer is no longer active."
    if Role.OBSERVER not in observer.roles:
        yield "This person may not act as observer."
    if observer.busy_with:
        yield f"The observer is in {_listed(observer.busy_with)} at that time."
    if any(observer.related_children.intersection((c.id, c.reference)) for c in people.children):
        yield "The observer is related to a learner of this session."
    if close := [s for s, minutes in people.observer_gaps if minutes < terms.observer_gap_minutes]:
        yield f"Less than {terms.observer_gap_minutes} minutes lie between this and {_listed(tuple(close))}."
    yield from _at_zoom(people.observer_posture)


def _at_zoom(posture: HostPosture | None) -> Iterator[str]:
    if posture is not None and not posture.active:
        yield "The Zoom account is not active."
    if posture is not None and not posture.licensed:
        yield "The Zoom account has no licence."


def _listed(sessions: tuple[str, ...]) -> str:
    return ", ".join(sorted(sessions))


@rule(
    "OBSERVER-GAP",
    title="The observer has a moment to come from another teacher's lesson",
    origin=Origin.BRIEF,
    level=Level.WARN,
    override=Override.NONE,
    remedy="Ask the observer whether this can be done, or choose another.",
    who=LEAD,
)
def the_observer_has_a_moment_between(people: PeopleFacts, terms: Terms) -> Verdict:
    if people.observer is None:
        return not_applicable("There is no observer to ask about.", "observer")
    tight = [f"{minutes} min to {session}" for session, minutes in people.observer_gaps if minutes < TIGHT_MINUTES]
    if tight:
        return failed(f"Another teacher's lesson is close: {', '.join(tight)}.", people.observer.email)
    return passed(subject=people.observer.email)


@rule(
    "VC-OBSERVER-ACCEPTED",
    title="The observer said yes",
    origin=Origin.BRIEF,
    level=Level.ENFORCE,
    override=Override.DSL,
    remedy="Have the observer answer the question, or name another.",
    who=LEAD,
)
def the_observer_said_yes(people: PeopleFacts, terms: Terms) -> Verdict:
    """Assigned is not accepted."""
    if people.observer is None or people.observer_accepted is None:
        return not_applicable("Nobody was asked yet.", "observer")
    email = people.observer.email
    return passed(subject=email) if people.observer_accepted else failed("The observer has not said yes.", email)


@rule(
    "ACC-NO-PERSONAL",
    title="Teacher and observer use accounts of the organisation",
    origin=Origin.SEED,
    level=Level.ENFORCE,
    override=Override.NONE,
    remedy="Name the person by the address the organisation gave.",
    who=OFFICE,
)
def staff_use_accounts_of_the_organisation(people: PeopleFacts, terms: Terms) -> tuple[Verdict, ...]:
    observer = people.observer.email if people.observer else "observer"
    asked = {people.teacher.email: people.teacher_organisational}
    asked[observer] = asked.get(observer, True) and people.observer_organisational
    return tuple(
        passed(subject=who) if ours else failed("The address is not one of the organisation's.", who)
        for who, ours in asked.items()
    )


def _staff(people: PeopleFacts) -> tuple[StaffOnRecord, ...]:
    """Whose own record is judged: the teacher, and the observer where that is another accepted person."""
    observer = people.observer
    if observer is None or not people.observer_organisational or _same_person(people.teacher, observer):
        return (people.teacher,)
    return people.teacher, observer


def _until(until_on: date | None, people: PeopleFacts, what: str, subject: str) -> Verdict:
    """Valid on the day of the session as London counts days, the last day included."""
    if until_on is None:
        return failed(f"{what}: nothing is on record.", subject)
    if until_on < day_in(people.starts_at, COLLEGE_ZONE):
        return failed(f"{what}: valid until {until_on.isoformat()} only.", subject)
    return passed(subject=subject)


@rule(
    "TRAIN-ONLINE",
    title="Online-safety training is valid on the day",
    origin=Origin.SEED,
    level=Level.ENFORCE,
    override=Override.DSL,
    remedy="Have the training done and recorded, or choose another person.",
    who=OFFICE,
)
def training_is_valid_on_the_day(people: PeopleFacts, terms: Terms) -> tuple[Verdict, ...]:
    return tuple(_until(s.training_until_on, people, "Online-safety training", s.email) for s in _staff(people))


@rule(
    "STAFF-SUITABLE",
    title="Staff are vetted and active, and the teacher may teach",
    origin=Origin.GUIDANCE,
    level=Level.ENFORCE,
    override=Override.TWO,
    remedy="Have the check renewed and recorded, or choose another person.",
    who=OFFICE,
)
def staff_are_suitable(people: PeopleFacts, terms: Terms) -> tuple[Verdict, ...]:
    return tuple(_suitable(people, s) for s in _staff(people))


def _suitable(people: PeopleFacts, staff: StaffOnRecord) -> Verdict:
    """Whether the observer is active is asked by VC-OBSERVER."""
    teaches = staff is people.teacher
    if teaches and not staff.active:
        return failed("The teacher is no longer active.", staff.email)
    if teaches and Role.TEACHER not in staff.roles:
        return failed(
            "This person may not act as teacher.", staff.email, "Have the role of teacher given, or choose another."
        )
    return _until(staff.dbs_until_on, people, "Suitability check (DBS)", staff.email)


@rule(
    "POL-ACK",
    title="Staff have acknowledged the online-safety policy",
    origin=Origin.SEED,
    level=Level.ENFORCE,
    override=Override.DSL,
    remedy="Have the policy read and the acknowledgement recorded.",
    who=OFFICE,
)
def policy_is_acknowledged(people: PeopleFacts, terms: Terms) -> tuple[Verdict, ...]:
    return tuple(
        _until(s.policy_ack_until_on, people, "Acknowledgement of the policy", s.email) for s in _staff(people)
    )


@rule(
    "OVERLAP",
    title="Teacher and learners are in no other session at that time",
    origin=Origin.BRIEF,
    level=Level.ENFORCE,
    override=Override.NONE,
    remedy="Choose another time.",
)
def nobody_is_in_two_sessions(people: PeopleFacts, terms: Terms) -> tuple[Verdict, ...]:
    """The observer's other sessions are VC-OBSERVER's business."""
    busy = [(people.teacher.email, people.teacher.busy_with)]
    busy += [(c.reference, c.busy_with) for c in people.children]
    return tuple(
        failed(f"Already in {_listed(sessions)} at that time.", who) if sessions else passed(subject=who)
        for who, sessions in busy
    )


@rule(
    "ROSTER-ACTIVE",
    title="Every learner on the roster is still at the college",
    origin=Origin.BRIEF,
    level=Level.ENFORCE,
    override=Override.NONE,
    remedy="Leave this learner out.",
    who=OFFICE,
)
def every_learner_is_active(people: PeopleFacts, terms: Terms) -> tuple[Verdict, ...]:
    return tuple(
        passed(subject=c.reference) if c.active else failed("No longer on the school's list.", c.reference)
        for c in people.children
    )


@rule(
    "ZOOM-LICENCE",
    title="The teacher's Zoom account is active and licensed",
    origin=Origin.BRIEF,
    level=Level.ENFORCE,
    override=Override.NONE,
    remedy=_AT_ZOOM,
    who=ZOOM_ADMIN,
)
def the_host_can_host(people: PeopleFacts, terms: Terms) -> Verdict:
    email = people.teacher.email
    if not people.teacher_organisational:
        return not_applicable("The teacher's address is refused already.", email)
    if people.teacher_posture is None:
        return unknown("Zoom knows nobody by the teacher's address.", email)
    reasons = " ".join(_at_zoom(people.teacher_posture))
    return failed(reasons, email) if reasons else passed(subject=email)


@rule(
    "SESSION_HAS_NO_CHILD",
    title="Somebody on the roster is under 18",
    origin=Origin.BRIEF,
    level=Level.ENFORCE,
    override=Override.NONE,
    remedy="Use an ordinary Zoom meeting: zoomguard records sessions with children only.",
)
def the_session_has_a_child(people: PeopleFacts, terms: Terms) -> Verdict:
    if any(is_child(c.born_on, people.starts_at) for c in people.children):
        return passed()
    return failed("Nobody on the roster is under 18 at the start.")


RULES: tuple[Rule[PeopleFacts], ...] = (
    a_second_member_of_staff_observes,
    the_observer_has_a_moment_between,
    the_observer_said_yes,
    staff_use_accounts_of_the_organisation,
    training_is_valid_on_the_day,
    staff_are_suitable,
    policy_is_acknowledged,
    nobody_is_in_two_sessions,
    every_learner_is_active,
    the_host_can_host,
    the_session_has_a_child,
)
