"""The shape of an ask: what can be said of it without looking anybody up."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime

from zoomguard.domain import times
from zoomguard.domain.errors import BadInput
from zoomguard.domain.sessions import ScheduleAsk
from zoomguard.domain.spoken_starts import wall_start
from zoomguard.domain.times import printable
from zoomguard.rules.terms import Terms

COURSE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,23}")
REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
KEY = re.compile(r"[A-Za-z0-9._:-]{8,128}")
MOST_CHILDREN = 100


@dataclass(frozen=True)
class CheckedAsk:
    """An ask whose shape is right, with its moment in UTC and what tells it from another ask."""

    ask: ScheduleAsk
    starts_at: datetime
    minutes: int
    local_start: str
    body_hash: str


def check(ask: ScheduleAsk, terms: Terms, now: datetime, said: ScheduleAsk | None = None) -> CheckedAsk:
    """BadInput with a stable code for whatever is malformed. `said` is the ask before it was completed: a repeat is
    told by that, since a class may have changed meanwhile."""
    _check_children(ask.children)
    if COURSE.fullmatch(ask.course) is None:
        raise BadInput(
            f'"{printable(ask.course)[:30]}" is not a course code.',
            "Use up to 24 letters, digits and hyphens, such as MATHS-7B; no names.",
            code="BAD_COURSE",
        )
    if ask.key and KEY.fullmatch(ask.key) is None:
        raise BadInput("The Idempotency-Key is not well formed.", "Use 8 to 128 letters and digits.", code="BAD_KEY")
    wall = wall_start(ask.start, ask.zone, now)
    starts_at = times.to_utc(wall, ask.zone, ask.fold)
    minutes = ask.minutes or 0
    times.check_slot(starts_at, minutes, now)
    if minutes > terms.max_minutes:
        raise BadInput(
            f"Sessions last at most {terms.max_minutes} minutes here.", "Give fewer minutes.", code="BAD_LENGTH"
        )
    return CheckedAsk(ask, starts_at, minutes, wall.isoformat(timespec="minutes"), digest(said or ask))


def digest(ask: ScheduleAsk) -> str:
    """What tells an ask from another one, without its key."""
    said = {**asdict(ask), "children": sorted(ask.children), "key": "", "dry_run": False}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _check_children(references: tuple[str, ...]) -> None:
    if not references:
        raise BadInput("No child is named.", "Add --group CLASS, or --child REF once for each child.", code="NO_CHILD")
    if len(references) > MOST_CHILDREN:
        raise BadInput(f"More than {MOST_CHILDREN} children are named.", "Split the class.", code="TOO_MANY_CHILDREN")
    for reference in references:
        if REFERENCE.fullmatch(reference) is None:
            raise BadInput(
                f'"{printable(reference)[:40]}" is not a reference.', "Use the school's own.", code="BAD_REF"
            )
    repeated = sorted({r for r in references if references.count(r) > 1})
    if repeated:
        raise BadInput(f"{', '.join(repeated)} is named twice.", "Name each child once.", code="REPEATED_REF")
