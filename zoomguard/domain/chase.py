"""The office's chase list: permissions that a lesson was asked for, and that are not there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from zoomguard.domain.consents import ConsentState, Scope
from zoomguard.domain.times import iso

# What the office must ask for, lessons first: without them nobody needs to ask about the recording.
CHASED = (Scope.VIDEO_LIVE, Scope.VIDEO_RECORD)
WHAT = {Scope.VIDEO_LIVE: "lessons by video", Scope.VIDEO_RECORD: "recording"}
HOW_IT_STANDS = {
    ConsentState.MISSING: "no answer yet",
    ConsentState.PENDING: "answered, and not verified by somebody else than the teacher",
    ConsentState.EXPIRED: "ends before the lesson",
    ConsentState.WITHDRAWN: "withdrawn",
    ConsentState.REFUSED: "refused",
    ConsentState.DISPUTED: "disputed",
}


@dataclass(frozen=True)
class WantedLesson:
    """A lesson that a learner was left out of, or that was refused, for want of a permission."""

    course: str
    teacher: str
    starts_at: datetime
    zone: str

    def as_json(self) -> dict[str, object]:
        """The lesson as JSON gives it."""
        return {"course": self.course, "teacher": self.teacher, "starts_at": iso(self.starts_at), "zone": self.zone}


@dataclass(frozen=True)
class Wanted:
    """One learner of the chase list. `missing` says how what is missing stands for the first of the `lessons` (soonest
    first); `ask` are the references of whoever can allow it and may be contacted, the learner's own from 18 on."""

    child: str
    missing: tuple[tuple[Scope, ConsentState], ...]
    ask: tuple[str, ...]
    lessons: tuple[WantedLesson, ...]
    since: datetime

    @property
    def words(self) -> str:
        """What is missing, in words: "lessons by video: no answer yet"."""
        return "; ".join(f"{WHAT[scope]}: {HOW_IT_STANDS[state]}" for scope, state in self.missing)

    def as_json(self) -> dict[str, object]:
        """The item as JSON gives it."""
        return {
            "child": self.child,
            "missing": {scope.value: state.value for scope, state in self.missing},
            "words": self.words,
            "ask": list(self.ask),
            "lessons": [lesson.as_json() for lesson in self.lessons],
            "since": iso(self.since),
        }
