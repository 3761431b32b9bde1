"""Observers: who is free, who was asked, and what falls due while nobody has said yes. Decisions only.

The assigned observer is asked when the session is scheduled. Counted from the start of the lesson:

* 24 hours before: the assigned is reminded, where asked at least an hour before that;
* 4 hours before: reserves and free colleagues are called too;
* 1 hour before: the safeguarding lead is told that nobody has agreed;
* 15 minutes before: the organisation's terms decide (cancelled, or left to the safeguarding lead).

Who is asked late has 15 minutes, or a third of the time that is left where this is less, before others are called.
Who is asked less than 30 minutes before the start has until the start itself. A no is followed up at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

REMIND_BEFORE, CALL_BEFORE, TELL_BEFORE = timedelta(hours=24), timedelta(hours=4), timedelta(hours=1)
DECIDE_BEFORE = timedelta(minutes=15)
# So long somebody who is asked late has before others are called, and so long before the reminder comes.
ANSWER_WITHIN, REMIND_AFTER = timedelta(minutes=15), timedelta(hours=1)
BACK_TO_BACK_MINUTES = 5
# No pair of teacher and observer makes up more than this share of the teacher's lessons while others are free.
MOST_WITH_ONE, PAIR_DAYS = 0.8, 60


@dataclass(frozen=True)
class Candidate:
    """A free observer. `lessons_that_week` counts lessons taught or observed in the ISO week of the slot,
    `with_this_teacher` those observed with this teacher in the 60 days before and on to the end of that week."""

    person_id: str
    email: str
    name: str
    lessons_that_week: int
    with_this_teacher: int
    back_to_back: bool

    def as_json(self) -> dict[str, object]:
        """One entry of `observers free`."""
        return {
            "email": self.email,
            "name": self.name,
            "lessons_that_week": self.lessons_that_week,
            "back_to_back": self.back_to_back,
        }


def best_first(candidates: tuple[Candidate, ...], lessons_of_teacher: int) -> tuple[Candidate, ...]:
    """Candidates in the order in which to pick them.

    First whoever keeps the pair under its share, then who has a pause between lessons, then the least loaded that
    week, then who was least often with this teacher; those alike stay in one order.
    """

    def rank(one: Candidate) -> tuple[bool, bool, int, int, str]:
        too_often = one.with_this_teacher + 1 > MOST_WITH_ONE * (lessons_of_teacher + 1)
        return too_often, one.back_to_back, one.lessons_that_week, one.with_this_teacher, one.person_id

    return tuple(sorted(candidates, key=rank))


class CallState(StrEnum):
    """How a question to observe stands, for whoever opens its link."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    COVERED = "covered"
    ENDED = "ended"
    OVER = "over"


@dataclass(frozen=True)
class ObserverCall:
    """What the page of a question to observe says: no child's name, no link of Zoom's.

    `session` is the short id, `children` how many are on the roster, `kind` as what the person was asked
    ("assigned", "reserve" or "pool"), `person` who was asked.
    """

    session: str
    course: str
    starts_at: datetime
    minutes: int
    zone: str
    teacher: str
    children: int
    kind: str
    state: CallState
    person: str


class Step(StrEnum):
    """What there is to do while nobody has said yes."""

    ASK = "ask"  # the assigned, who was never asked about the lesson as it is now
    REMIND = "remind"
    FOLLOW = "follow"  # somebody said no, and nobody else is thinking about it
    CALL = "call"
    TELL = "tell"
    DECIDE = "decide"


@dataclass(frozen=True)
class Standing:
    """How the search for a yes stands; moments are None where that did not happen.

    `asked_at` is when the assigned was first asked about the lesson as it is now, `declined_at` that person's no.
    `called_at` is when the last of the others was asked, `refused_at` the last no of one of them, and `waiting`
    says that one of them has not answered. `told_at` is when the safeguarding lead was last told that
    nobody has agreed, `decided_at` when the lesson was last left to the lead.
    """

    starts_at: datetime
    asked_at: datetime | None = None
    declined_at: datetime | None = None
    reminded: bool = False
    called_at: datetime | None = None
    refused_at: datetime | None = None
    waiting: bool = False
    told_at: datetime | None = None
    decided_at: datetime | None = None

    @property
    def follow_at(self) -> datetime | None:
        """The no that has not been followed up."""
        said = [at for at in (self.declined_at, self.refused_at) if at is not None]
        return max(said) if said and not self.waiting else None

    @property
    def remind_at(self) -> datetime | None:
        """When to remind the assigned; None where that is not worth while."""
        remind_at = self.starts_at - REMIND_BEFORE
        if self.reminded or self.asked_at is None or self.declined_at is not None:
            return None
        return remind_at if self.asked_at + REMIND_AFTER <= remind_at else None

    @property
    def call_at(self) -> datetime:
        """When to call others though the assigned may still answer."""
        begins = self.asked_at or self.declined_at or self.starts_at
        patience = min(ANSWER_WITHIN, (self.starts_at - begins) / 3)
        return max(self.starts_at - CALL_BEFORE, begins + patience)

    @property
    def tell_at(self) -> datetime:
        """When to tell the safeguarding lead that nobody has agreed; not before others were called."""
        return max(self.starts_at - TELL_BEFORE, self.call_at)

    @property
    def decide_at(self) -> datetime:
        """When it is decided without a yes: at the start where somebody was asked, or took back a yes, too late."""
        late = [at for at in (self.asked_at, self._no_after_calm) if at is not None]
        begins = max(late, default=self.starts_at - REMIND_BEFORE)
        decide_at = self.starts_at - DECIDE_BEFORE
        return decide_at if begins + ANSWER_WITHIN <= decide_at else self.starts_at

    @property
    def _no_after_calm(self) -> datetime | None:
        """The assigned's no, where nobody else had been called before it: the others have had no time yet."""
        called_before = (
            self.called_at is not None and self.declined_at is not None and self.called_at < self.declined_at
        )
        return None if called_before else self.declined_at

    def _is_due(self, at: datetime, done_at: datetime | None, now: datetime) -> bool:
        return at <= now and (done_at is None or done_at < at)

    def due(self, now: datetime) -> tuple[Step, ...]:
        """What to do now, in this order. The decision replaces everything else."""
        if self.asked_at is None and self.declined_at is None:
            return (Step.ASK,)
        if now >= self.decide_at:
            return (Step.DECIDE,) if self._is_due(self.decide_at, self.decided_at, now) else ()
        steps = []
        if self._is_due(self.call_at, self.called_at, now):
            steps.append(Step.CALL)
        elif self.follow_at is not None:
            steps.append(Step.FOLLOW)
        if Step.CALL not in steps and self.remind_at is not None and self.remind_at <= now < self.call_at:
            steps.append(Step.REMIND)
        if self._is_due(self.tell_at, self.told_at, now):
            steps.append(Step.TELL)
        return tuple(steps)

    def next_at(self, now: datetime) -> datetime | None:
        """The next moment at which something falls due; None where nothing does any more."""
        moments = (self.remind_at, self.call_at, self.tell_at, self.decide_at)
        return min((at for at in moments if at is not None and at > now), default=None)
