"""What can be done to a session, each with what stands before it and with the people it keeps taken meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from tests.application.crash_child import act
from tests.application.crashing import carry_on, killed
from tests.application.finding import found
from tests.application.lessons import only_session
from tests.application.observing import more_observers
from tests.application.zones import HANOI
from tests.house import CLASS_7B, COORDINATOR, DSL, OBSERVER, SAFE_ASK, TEACHER, Home
from zoomguard.domain.errors import Refused
from zoomguard.domain.people import Role
from zoomguard.domain.sessions import POOL, SessionState
from zoomguard.domain.timetable_files import TIMETABLE_COLUMNS

S = SessionState
KEY = "key-of-the-killed-ask"
OTHER_TEACHER, OTHER_OBSERVER, FREE_OBSERVER = (
    "h.lindqvist@northmoor.example",
    "o.mbeki@northmoor.example",
    "e.lis@northmoor.example",
)
SLOT, OTHER_SLOT, SOON = "2026-12-01 16:00", "2026-12-02 11:00", "2026-11-23 09:25"
FAR, FARTHER = "2027-02-01 16:00", "2027-02-02 16:00"
HANOI_SLOT = "2026-12-01 23:00"
ABOUT_A_SESSION = ("cancel", "reschedule", "replace-observer", "accept", "decline", "roster", "reassign")
UNSETTLED = frozenset({S.REQUESTED, S.CREATED, S.MOVING, S.REMOVING})
ROWS = "\n".join(
    (
        ",".join(TIMETABLE_COLUMNS),
        f",{OBSERVER},,C-0101|C-0102,MATHS-A,2026-12-01 09:00,,50,",
        f",{OTHER_OBSERVER},,C-0120,MATHS-B,2026-12-03 16:00,,50,",
        f",{OBSERVER},,C-0150,MATHS-C,2027-02-01 16:00,,50,",
        f",{OBSERVER},,C-0150,MATHS-D,2026-12-01 09:30,,50,",
    )
)


def nothing(home: Home) -> None:
    """Nothing stands."""


def stands(home: Home) -> None:
    """A lesson stands, everybody was told."""
    home.schedule(key=KEY)
    carry_on(home, timedelta(minutes=1))


@dataclass(frozen=True, eq=False)
class Operation:
    """`before` brings about what stands; `said` are the words of the ask, to which the session is added where there
    is one. `taken` are people with slots that nobody else gets while the session is not settled, but for who is
    `let_go` once the old meeting is gone."""

    name: str
    what: str
    said: dict[str, Any] = field(default_factory=dict)
    by: str = TEACHER
    before: Callable[[Home], None] = stands
    taken: tuple[tuple[str, str], ...] = ((TEACHER, SLOT), (OBSERVER, SLOT))
    let_go: str = ""
    within: timedelta = timedelta(hours=1)
    again: bool = False
    clock_rules: bool = False

    def begin(self, home: Home) -> dict[str, Any]:
        """Brings about what stands; gives the words of the ask."""
        self.before(home)
        return {**self.said, "session": only_session(home).id} if self.what in ABOUT_A_SESSION else self.said

    def run(self, home: Home, said: dict[str, Any]) -> None:
        """Does it in this process."""
        act(home.house, self.what, self.by, said)

    def killed_at(self, point: str, home: Home, said: dict[str, Any]) -> bool:
        """Has another process do it until it comes to the point; whether it came there."""
        return killed(home, point, self.what, self.by, said)

    def end(self, home: Home, said: dict[str, Any]) -> None:
        """The others carry on; whoever asked with a key asks again. Faults end then."""
        carry_on(home, self.within)
        if self.again:
            self.run(home, said)
            carry_on(home, self.within)
        home.sandbox.faults.clear()


def still_taken(operation: Operation, state: SessionState) -> list[tuple[str, str]]:
    """Who is kept from other lessons, and when, while the session is in that state."""
    gone = state in (S.REQUESTED, S.CREATED)
    return [(who, slot) for who, slot in operation.taken if not (gone and who == operation.let_go)]


def busy(home: Home, email: str, start: str) -> bool:
    """Whether the rules keep somebody from another lesson then."""
    teaches = email in (TEACHER, OTHER_TEACHER)
    teacher = email if teaches else OTHER_TEACHER
    observer = FREE_OBSERVER if teaches else email
    ask = {"teacher": teacher, "observer": observer, "children": ("C-0130",), "start": start, "dry_run": True}
    try:
        home.schedule(COORDINATOR, **ask)
    except Refused as refused:
        return any(f.rule in ("OVERLAP", "VC-OBSERVER") and f.subject == email for f in refused.findings)
    return False


# What stands before ---------------------------------------------------------------------------------------------


def with_a_lock(home: Home) -> None:
    """An account's lock that one repair puts right leads a scheduling past every point."""
    home.sandbox.faults.switch("locked_setting_overrides", times=1, on="POST */meetings")


def with_a_lock_for_good(home: Home) -> None:
    """A lock that no repair puts right: the meeting is removed again."""
    home.sandbox.faults.switch("locked_setting_overrides")


def zoom_does_not_obey(home: Home) -> None:
    """Zoom answers to a change, and changes nothing."""
    stands(home)
    home.sandbox.faults.switch("update_ignored")


def nobody_was_told(home: Home) -> None:
    """A lesson stands, and its mails have not left yet."""
    home.schedule(key=KEY)


def is_planned(home: Home) -> None:
    """A lesson so far ahead that its meeting is made later."""
    home.schedule(key=KEY, start=FAR)
    carry_on(home, timedelta(minutes=1))


def its_observer_may_no_longer(home: Home) -> None:
    """The day has come to make the meeting of a planned lesson; the observer who was picked, and said yes, may not
    observe any more."""
    home.app.people.end_role(OTHER_OBSERVER, Role.OBSERVER)
    home.schedule(key=KEY, start=FAR, observer=POOL)
    home.app.observers.accept(home.who(OBSERVER), only_session(home).id)
    home.app.people.give_role(OTHER_OBSERVER, Role.OBSERVER)
    home.app.people.end_role(OBSERVER, Role.OBSERVER)
    home.clock.move_to(only_session(home).starts_at - timedelta(days=14))


def somebody_said_no_and_zoom_does_not_obey(home: Home) -> None:
    """Others were asked, but Zoom will not have another observer."""
    somebody_said_no(home)
    home.sandbox.faults.switch("update_ignored")


def runs_soon(home: Home) -> None:
    """A lesson whose host has begun it already."""
    home.schedule(key=KEY, start=SOON)
    carry_on(home, timedelta(minutes=1))
    home.control("POST", "host", {"session": only_session(home).id, "act": "start"})


def four_of_five(home: Home) -> None:
    """Ivy is not on the roster."""
    home.schedule(key=KEY, children=CLASS_7B[:4])
    carry_on(home, timedelta(minutes=1))


def stands_with_more_observers(home: Home) -> None:
    """A lesson stands, and the college has five who may observe."""
    more_observers(home)
    stands(home)


def somebody_said_no(home: Home) -> None:
    """The assigned observer said no, and the others were asked."""
    stands_with_more_observers(home)
    home.app.observers.decline(home.who(OBSERVER), only_session(home).id)
    carry_on(home, timedelta(minutes=1))


def a_day_before(home: Home) -> None:
    """The lesson is tomorrow, its observer said yes."""
    stands(home)
    home.app.observers.accept(home.who(OBSERVER), only_session(home).id)
    home.clock.move_to(only_session(home).starts_at - timedelta(hours=24))


def changed_in_zoom(home: Home) -> None:
    """The host changed a setting, let a stranger in and put a child out."""
    a_day_before(home)
    session = only_session(home).id
    change = {"session": session, "act": "change", "settings": {"settings.auto_recording": "none"}}
    home.control("POST", "host", change)
    stranger = {"session": session, "email": "stranger@elsewhere.example"}
    home.control("POST", "host", {**stranger, "act": "register"})
    home.control("POST", "host", {**stranger, "act": "approve"})
    (first, *_) = home.sandbox._zoom.state.meetings[only_session(home).meeting_number].registrants
    home.control("POST", "host", {"session": session, "act": "cancel", "email": first.email})


def deleted_in_zoom(home: Home) -> None:
    """The host deleted the meeting."""
    a_day_before(home)
    home.control("POST", "host", {"session": only_session(home).id, "act": "delete"})


def unreadable(home: Home) -> None:
    """Zoom cannot be read any more, and the lesson begins in half an hour."""
    a_day_before(home)
    carry_on(home, timedelta(minutes=1))
    home.clock.move_to(only_session(home).starts_at - timedelta(minutes=30))
    home.sandbox.faults.switch("cut_connection", on="GET /v2/meetings/*")


def in_hanoi(home: Home) -> None:
    """A lesson by the clock of a zone whose rules are about to change."""
    home.schedule(key=KEY, start=HANOI_SLOT, zone=HANOI)
    carry_on(home, timedelta(minutes=1))
    home.app.observers.accept(home.who(OBSERVER), only_session(home).id)
    home.clock.move_to(only_session(home).starts_at - timedelta(hours=24))


def two_versions_are_missing(home: Home) -> None:
    """Two grave incidents of one kind, of which nobody was told."""
    stands(home)
    for subject in ("01KBDZ5S00ZG0000000000FND1", "01KBDZ5S00ZG0000000000FND2"):
        assert found(home, subject=subject)


def direct_links_were_given(home: Home) -> None:
    """The lesson is over, and its links had been told by telephone."""
    home.schedule(key=KEY, start=SOON)
    carry_on(home, timedelta(minutes=1))
    home.app.direct_links.give(home.who(DSL), only_session(home).id, "the doors are down since nine")
    home.clock.move_to(only_session(home).starts_at + timedelta(minutes=51))


# What is done ---------------------------------------------------------------------------------------------------

ASK = {**asdict(SAFE_ASK), "key": KEY}
LOOK = {"kinds": ["recheck"]}
OPERATIONS = (
    Operation("schedule", "schedule", ASK, before=nothing, again=True),
    Operation("schedule with one repair", "schedule", ASK, before=with_a_lock, again=True),
    Operation("schedule against a lock", "schedule", ASK, before=with_a_lock_for_good),
    Operation("cancel", "cancel"),
    Operation("cancel while it runs", "cancel", before=runs_soon, taken=()),
    Operation(
        "reschedule",
        "reschedule",
        {"start": OTHER_SLOT},
        taken=tuple((who, slot) for who in (TEACHER, OBSERVER) for slot in (SLOT, OTHER_SLOT)),
    ),
    Operation("reschedule, not obeyed", "reschedule", {"start": OTHER_SLOT}, before=zoom_does_not_obey),
    Operation(
        "replace the observer",
        "replace-observer",
        {"observer": OTHER_OBSERVER},
        taken=((TEACHER, SLOT), (OBSERVER, SLOT), (OTHER_OBSERVER, SLOT)),
    ),
    Operation(
        "replace the observer, not obeyed", "replace-observer", {"observer": OTHER_OBSERVER}, before=zoom_does_not_obey
    ),
    Operation("another observer says yes", "accept", by=OTHER_OBSERVER, before=somebody_said_no),
    Operation(
        "another observer says yes, not obeyed",
        "accept",
        by=OTHER_OBSERVER,
        before=somebody_said_no_and_zoom_does_not_obey,
    ),
    Operation("the observer says no", "decline", by=OBSERVER, before=stands_with_more_observers),
    Operation("call the pool", "replace-observer", {"observer": POOL}, before=stands_with_more_observers),
    Operation(
        "make a planned lesson with another observer",
        "work",
        {"kinds": ["create_planned"]},
        before=its_observer_may_no_longer,
        taken=(),
    ),
    Operation("reschedule a planned lesson", "reschedule", {"start": FARTHER}, before=is_planned, taken=()),
    Operation("reassign a planned lesson", "reassign", {"teacher": OTHER_TEACHER}, COORDINATOR, is_planned, ()),
    Operation("cancel a planned lesson", "cancel", before=is_planned, taken=()),
    Operation("add a child", "roster", {"add": ["C-0150"], "remove": []}, before=four_of_five),
    Operation("remove a child", "roster", {"add": [], "remove": ["C-0120"]}),
    Operation("change the roster", "roster", {"add": ["C-0150"], "remove": ["C-0120"]}, before=four_of_five),
    Operation(
        "reassign",
        "reassign",
        {"teacher": OTHER_TEACHER},
        by=COORDINATOR,
        taken=((TEACHER, SLOT), (OTHER_TEACHER, SLOT), (OBSERVER, SLOT)),
        let_go=TEACHER,
    ),
    Operation("batch", "batch", {"text": ROWS, "key": KEY, "rounds": 6}, before=nothing, taken=()),
    Operation("send the mails", "work", {"kinds": ["send_message"]}, before=nobody_was_told),
    Operation("look a day before", "work", LOOK, before=a_day_before),
    Operation("look at what was changed in Zoom", "work", LOOK, before=changed_in_zoom),
    Operation("look for a meeting that is gone", "work", LOOK, before=deleted_in_zoom),
    Operation("look while Zoom is away", "work", LOOK, before=unreadable, within=timedelta(minutes=2)),
    Operation("look under other clock rules", "work", LOOK, before=in_hanoi, taken=(), clock_rules=True),
    Operation("tell of incidents", "work", {"kinds": ["tell_incident"]}, before=two_versions_are_missing),
    Operation("void direct links", "work", {"kinds": ["void_direct_links"]}, before=direct_links_were_given),
    Operation("deactivate the observer", "deactivate", {"email": OBSERVER}, by=DSL),
)
